"""The parser, and how commands register with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Callable, NoReturn, Union

from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output

# What a command leaves: its exit code, or what is still to be run when the CLI has stepped aside.
Outcome = Union[int, Callable[[], int]]
Command = Callable[[argparse.Namespace, Output], Outcome]


class Parser(argparse.ArgumentParser):
    """Parser reports errors as CliError, so that --json and exit codes hold for them too.

    `commands_in` are options whose value is a command line: it may begin with a dash, which
    argparse takes for the next option. `program_behind` is the option behind which there are none:
    what follows it is `program` in the result, word by word.
    """

    def __init__(self, **options: Any) -> None:
        self.commands_in: set[str] = set()
        self.program_behind = ""
        super().__init__(
            allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options
        )

    def parse_known_args(  # type: ignore[override]  # the base class has overloads for namespaces
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """parse_known_args is what everything else is parsed with."""
        words: list[str] = []
        waiting = ""
        given = list(sys.argv[1:] if args is None else args)
        program: list[str] = []
        if self.program_behind and self.program_behind in given:
            at = given.index(self.program_behind) + 1
            given, program = given[:at], given[at:]
        for word in given:
            if waiting:
                words.append(f"{waiting}={word}")
                waiting = ""
            elif word in self.commands_in and "--" not in words:
                waiting = word
            else:
                words.append(word)
        if waiting:
            words.append(waiting)
        found, unknown = super().parse_known_args(words, namespace)
        if self.program_behind:
            found.program = program
        return found, unknown

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
