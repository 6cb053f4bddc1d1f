"""bootstrap: code for the top of a start-up script."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import signedvfs
from signedvfs import bootstrapping
from signedvfs.cli import arguments as shared
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, printable
from signedvfs.cli.values import count_of

_BOOTSTRAP = """\
Prints Python code for the top of a program that is started by the interpreter
that runs this command, with -I or -I -S. Before anything is imported the code
compares the native half of signedvfs with a digest, loads it from sealed
memory, and installs an import manager with the keys and options given here.
What is wrong ends the program with status 126.

The Python half of signedvfs is then imported from what is signed, like
everything else: from the directories of --site or --manifest, or from the
application's own archive. All files have to be there when the code is made.

examples:
  signedvfs bootstrap --trust app.pub --stdlib python.manifest --site python.manifest
  signedvfs bootstrap --trust app.pub --stdlib std.manifest --lockdown --lock -o start.py
  signedvfs bootstrap --trust app.pub --manifest lib.manifest /opt/app/lib --indent 4
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add(
        "bootstrap", bootstrap, "print code that verifies signedvfs at a program's start",
        _BOOTSTRAP,
    )  # fmt: skip
    parser.add_argument(
        "--stdlib", metavar="FILE", help="detached manifest of this interpreter's standard library"
    )
    parser.add_argument(
        "--site", metavar="FILE", help="detached manifest of packages installed for it"
    )
    parser.add_argument(
        "--manifest",
        nargs=2,
        action="append",
        default=[],
        metavar=("FILE", "DIR"),
        help="detached manifest of a directory, and the directory; may be repeated",
    )
    parser.add_argument(
        "--check-module",
        action="append",
        metavar="NAME",
        help="module that may be loaded before, with what is below it; may be repeated (default: "
        "what an interpreter loads by itself)",
    )
    parser.add_argument(
        "--library",
        action="append",
        metavar="NAME",
        help="library of the system, such as libodbc.so.2, that extension modules may need beside "
        "those that every Linux has; may be repeated",
    )
    parser.add_argument("--lock", action="store_true", help="lock the manager")
    parser.add_argument("--lockdown", action="store_true", help="lock down the process, too")
    parser.add_argument(
        "--native", metavar="FILE", help="native module of signedvfs to load (default: this one)"
    )
    parser.add_argument(
        "--trust-stdlib-paths",
        action="store_true",
        help="weaker: import the standard library from where it stands, signed or not",
    )
    parser.add_argument(
        "--trust-dynload",
        action="store_true",
        help="weaker: where fcntl or SHA-256 are not built into the interpreter, load them "
        "unverified from its lib-dynload",
    )
    parser.add_argument(
        "--indent", type=count_of, default=0, metavar="N", help="begin each line with N spaces"
    )
    shared.add_output(parser, "write to this file instead of standard output")
    shared.add_trust(parser)
    shared.add_reporting(parser, quiet=True)


def bootstrap(arguments: argparse.Namespace, output: Output) -> int:
    """bootstrap prints the code."""
    policy = shared.policy_of(arguments)
    if repr(policy) == repr(signedvfs.TrustPolicy(policy.keys)):
        given: dict[str, Any] = {}  # the keys alone say it, in fewer words
        keys = policy.keys
    else:
        given, keys = {"policy": policy}, ()
    for name in ("lockdown", "trust_stdlib_paths"):
        if getattr(arguments, name):
            given[name] = True
    if arguments.check_module is not None:
        given["check_modules"] = arguments.check_module
    limits = shared.limits_of(arguments)
    if limits is not None:
        given["limits"] = limits
    try:
        code = signedvfs.get_bootstrap_code(
            keys,
            stdlib=arguments.stdlib,
            site=arguments.site,
            manifests=[(manifest, directory) for manifest, directory in arguments.manifest],
            native=arguments.native,
            indent=" " * arguments.indent,
            trust_dynload=arguments.trust_dynload,
            lock=arguments.lock,
            **given,
        )
    except ValueError as error:
        raise CliError(str(error)) from None
    apart = [] if arguments.trust_dynload else bootstrapping.modules_not_built_in()
    if apart:
        output.warn(
            f"this Python has {' and '.join(apart)} in files of their own, so the code will not "
            "run in it: use one that has them built in (Debian's), or --trust-dynload"
        )
    if arguments.output is not None:
        Path(arguments.output).write_text(code, encoding="utf-8")
        facts = {"output": arguments.output, "size": len(code)}
        output.report(facts, [f"wrote {printable(arguments.output)}: put it first in the program"])
    elif arguments.json:
        output.report({"code": code, "size": len(code)})
    else:
        for line in code.splitlines():  # ASCII: nothing in it has to be escaped
            output.line(line)
    return 0
