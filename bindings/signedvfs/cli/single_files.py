"""verify-file: one file of a signed directory, and executing what was verified."""

from __future__ import annotations

import argparse

import signedvfs
from signedvfs.cli import arguments as shared
from signedvfs.cli.commands import Commands, Outcome
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, printable, size_text

_VERIFY_FILE = """\
Verifies one file by the manifest of a signed directory that it lies in. Every
directory above the file is asked: each manifest there has to satisfy the trust
options and to list the file with the same content. --manifest FILE names a
detached one instead, and --directory DIR the directory that it is of. A file
that is not listed, was changed, or is reached through a link is refused.

--exec FILE ARGS... verifies FILE and executes it in place of this process: the
very bytes that were verified, from memory that nobody can change. It comes
last, and what follows belongs to the program. A script needs a first line that
names its interpreter by an absolute path, and not by way of env, which PATH
leads anywhere; the interpreter and the libraries of a program are the
system's. Set-user-ID bits and file capabilities are not passed on.

Exit codes: 0 verified, 1 refused, 2 nothing could be said, or not executed.

examples:
  signedvfs verify-file /opt/app/bin/tool --trust app.pub
  signedvfs verify-file --trust app.pub --name app --exec /opt/app/bin/tool --fast
  signedvfs verify-file /opt/app/x.so --directory /opt/app --manifest app.manifest --trust app.pub
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add(
        "verify-file", verify_file, "verify one file of a signed directory", _VERIFY_FILE
    )
    parser.add_argument("path", metavar="FILE", nargs="?", help="file in a signed directory")
    parser.add_argument(
        "--directory", metavar="DIR", help="directory that the detached manifest is of"
    )
    parser.add_argument("--manifest", metavar="FILE", help="detached manifest of that directory")
    shared.add_root(parser)
    parser.add_argument(
        "--exec",
        action="store_true",
        help="verify the FILE that follows, and execute it with the arguments behind it",
    )
    parser.program_behind = "--exec"
    shared.add_trust(parser)
    shared.add_reporting(parser, quiet=True)


def verify_file(arguments: argparse.Namespace, output: Output) -> Outcome:
    """verify_file verifies one file, and executes it where that is asked for."""
    if (arguments.path is None) == (not arguments.program):
        raise CliError("name one file: FILE, or --exec FILE ARGS..., which comes last")
    path, *words = arguments.program or [arguments.path]
    if (arguments.manifest is None) != (arguments.directory is None):
        raise CliError("--manifest and --directory go together", "Give both, or neither.")
    if arguments.root is not None and arguments.manifest is None:
        raise CliError("--root goes with --manifest FILE", "Give both, or neither.")
    try:
        found = signedvfs.verify_file(
            shared.existing(path),
            shared.policy_of(arguments),
            shared.limits_of(arguments),
            manifest=arguments.manifest,
            directory=arguments.directory,
            root=arguments.root,
        )
    except ValueError as error:
        raise CliError(str(error)) from None
    if arguments.exec:
        return lambda: _execute(found, words, output)
    vfs = found.vfs
    facts = {
        "path": path,
        "verified": True,
        "directory": vfs.path,
        "member": found.member,
        "size": found.size,
        "hash": vfs.hash_type,
        "digest": found.digest,
        "name": vfs.name,
        "serial": vfs.serial,
        "signers": list(vfs.signers),
    }
    rows = [
        ("directory", printable(vfs.path)),
        ("member", f"{printable(found.member)}, {size_text(found.size)}"),
        (vfs.hash_type, found.digest),
        ("name", vfs.name),
        ("serial", vfs.serial),
        *(("signed by", one) for one in vfs.signers),
    ]
    output.report(facts, [f"{path}: {output.paint('verified', 'green')}", *output.fields(rows)])
    return 0


def _execute(found: signedvfs.VerifiedFile, words: list[str], output: Output) -> int:
    try:
        found.execute(words)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        problem = f"{found.path}: verified, but not executed: {reason}" if reason else str(error)
        output.fail({"code": "Exec", "reason": problem, "advice": "", "path": found.path,
                     "member": found.member, "limit": None}, "")  # fmt: skip
        return 2
