"""shows the help of a program, and runs it"""
# needs: click

import click
from doing import run


@click.command()
@click.argument("tea")
@click.option("--minutes", default=3, show_default=True)
def brew(tea: str, minutes: int) -> None:
    """Brew some tea."""
    click.echo(f"{tea} {minutes}")


assert "[default: 3]" in run(brew, "brew", "--help")
assert run(brew, "brew", "green", "--minutes", "2") == "green 2\n"
