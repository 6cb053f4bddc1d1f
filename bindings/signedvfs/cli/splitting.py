"""split: an executable taken apart."""

from __future__ import annotations

import argparse

from signedvfs.cli import arguments as shared
from signedvfs.cli.commands import Commands
from signedvfs.cli.inspecting import OWN_KEYS, asked_policy
from signedvfs.cli.output import Output

_SPLIT = """\
Writes what an executable of `signedvfs build` was made of to the new files
`launcher` and `archive.zip` of the directory DIR: the launcher as it was before
keys were put into it, the archive as it was before it was signed, both byte for
byte. It is opened first, by trust options, or by the keys in its own launcher.

examples:
  signedvfs split app -o parts
  signedvfs split app -o parts --trust app.pub
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("split", split, "take a built executable apart", _SPLIT)
    parser.add_argument("path", metavar="EXECUTABLE", help="executable to take apart")
    parser.add_argument(
        "-o", "--output", metavar="DIR", required=True, help="directory for the parts"
    )
    shared.add_trust(parser, otherwise=OWN_KEYS)
    shared.add_reporting(parser)


def split(arguments: argparse.Namespace, output: Output) -> int:
    """split takes an executable apart."""
    path = shared.existing(arguments.path)

    from signedvfs import building

    parts = building.split(
        path,
        arguments.output,
        policy=asked_policy(arguments),
        limits=shared.limits_of(arguments),
    )
    facts = {"launcher": parts.launcher, "archive": parts.archive}
    output.report(
        facts, [f"{output.paint('split', 'green')} {path}", *output.fields(facts.items())]
    )
    return 0
