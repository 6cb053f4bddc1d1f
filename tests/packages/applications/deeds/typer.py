"""shows the help of a program, and runs it"""
# needs: typer

import typer
from doing import run

app = typer.Typer()


@app.command()
def brew(tea: str, minutes: int = 3) -> None:
    """Brew some tea."""
    typer.echo(f"{tea} {minutes}")


assert "Brew some tea." in run(app, "brew", "--help")
assert run(app, "brew", "green", "--minutes", "2") == "green 2\n"
