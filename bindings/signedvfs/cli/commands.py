"""The parser, and how commands register with it."""

from __future__ import annotations

import argparse
from typing import Any, Callable, NoReturn, Union

from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output

# What a command leaves: its exit code, or what is still to be run when the CLI has stepped aside.
Outcome = Union[int, Callable[[], int]]
Command = Callable[[argparse.Namespace, Output], Outcome]


class Parser(argparse.ArgumentParser):
    """Parser reports errors as CliError, so that --json and exit codes hold for them too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options
        )

    def error(self, message: str) -> NoReturn:
        """error raises CliError."""
        raise CliError(message, f"See: {self.prog} --help")


class Commands:
    """Commands collects the subcommands."""

    def __init__(self, parser: Parser) -> None:
        self._parsers = parser.add_subparsers(
            title="commands", metavar="COMMAND", dest="name_of_command", required=True
        )

    def add(self, name: str, command: Command, purpose: str, epilog: str) -> Parser:
        """add adds a command; `epilog` says more, and has examples."""
        parser: Parser = self._parsers.add_parser(
            name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".", epilog=epilog
        )
        parser.set_defaults(command=command, json=False, quiet=False)
        return parser
