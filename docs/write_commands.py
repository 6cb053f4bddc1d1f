"""Writes docs/commands.md out of the command line's own parsers, so that it says what --help says.

write_commands.py [FILE], run by an interpreter that has signedvfs.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from signedvfs.cli import _parser
from signedvfs.cli.commands import Parser

PAGE = Path(__file__).with_name("commands.md")

_BEGINNING = """\
# Commands

This page says what `signedvfs COMMAND --help` says. `docs/write_commands.py` writes it; a test
holds the two together. [Tools](tools.md) explains what commands have in common.
"""

# What argparse calls its own groups depends on its version.
_TITLES = {
    "positional arguments": "Arguments",
    "optional arguments": "Options",
    "options": "Options",
    "signed attributes": "Signed attributes",
    "trust": "Trust",
    "keys that are elsewhere": "Keys that are elsewhere",
    "extension modules": "Extension modules",
}


def page() -> str:
    """page returns the whole text."""
    parser = _parser()
    parts = [_BEGINNING, *(_command(*item) for item in sorted(_commands(parser).items()))]
    return "\n".join(parts)


def _commands(parser: Parser) -> dict[str, Parser]:
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(commands.choices)


def _command(name: str, parser: Parser) -> str:
    text, _, examples = (parser.epilog or "").partition("examples:\n")
    lines = [f"## {name}\n", f"{parser.description}\n", "```text", _usage(name, parser), "```\n"]
    lines += [f"{_escaped(paragraph)}\n" for paragraph in text.strip().split("\n\n") if paragraph]
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if action.dest != "help"]
        if shown:
            lines += [f"{_TITLES[group.title or '']}:\n", *map(_argument, shown), ""]
    lines += ["```sh usage", *(line.strip() for line in examples.splitlines()), "```\n"]
    return "\n".join(lines)


def _usage(name: str, parser: Parser) -> str:
    words = ["signedvfs", name, "[options]"]
    words += [
        _option(action) for action in parser._actions if action.required and _is_option(action)
    ]
    words += [_positional(action) for action in parser._actions if not _is_option(action)]
    return " ".join(words)


def _is_option(action: argparse.Action) -> bool:
    return bool(action.option_strings)


def _metavar(action: argparse.Action) -> str:
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _option(action: argparse.Action) -> str:
    return f"{action.option_strings[0]} {_metavar(action)}"


def _positional(action: argparse.Action) -> str:
    word = _metavar(action)
    if action.nargs in ("*", argparse.REMAINDER):
        return f"[{word} ...]"
    return f"{word} [{word} ...]" if action.nargs == "+" else word


def _argument(action: argparse.Action) -> str:
    help_text = (action.help or "") % vars(action)
    return f"* {', '.join(_spellings(action))}: {_escaped(help_text)}"


def _spellings(action: argparse.Action) -> Iterator[str]:
    if not _is_option(action):
        yield f"`{_metavar(action)}`"
    for word in action.option_strings:
        yield f"`{word}`" if action.nargs == 0 else f"`{word} {_metavar(action)}`"


def _escaped(text: str) -> str:
    # Names such as __main__ are no emphasis, and options are code.
    pieces = re.split(r"(`[^`]*`|(?<![\w-])--?[a-zA-Z][\w-]*)", text)
    return "".join(
        re.sub(r"([_*<>])", r"\\\1", piece) if index % 2 == 0 else f"`{piece.strip('`')}`"
        for index, piece in enumerate(pieces)
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page(), encoding="utf-8")
