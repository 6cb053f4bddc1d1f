"""click: a command line, its completion, and a version that it takes from metadata."""

from __future__ import annotations

from importlib import metadata, resources

import click
from click.testing import CliRunner

from tests.packages.installed import entry_point, read_info, run_script

# A real function: a command with a typed option.


@click.command()
@click.option("--count", type=click.IntRange(1, 3), default=1, show_default=True)
def repeat(count: int) -> None:
    """Say it COUNT times."""
    click.echo("again " * count)


result = CliRunner().invoke(repeat, ["--count", "2"])
assert (result.exit_code, result.output) == (0, "again again \n")
assert CliRunner().invoke(repeat, ["--count", "4"]).exit_code == 2
assert "[default: 1;" in CliRunner().invoke(repeat, ["--help"]).output

# Data and metadata.
assert resources.files("click").joinpath("py.typed").is_file()
assert metadata.version("click") == "8.1.8"
assert "Redistribution" in read_info("click", "LICENSE.txt")

# A console script made with it, which asks importlib.metadata for its version.
assert isinstance(entry_point("console_scripts", "greet").load(), click.Command)
assert run_script("greet", "you") == "Hello, you!\n"
assert run_script("greet", "--version") == "greet, version 1.0\n"
