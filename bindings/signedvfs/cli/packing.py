"""pack: from sources to a signed archive."""

from __future__ import annotations

import argparse
from collections import defaultdict
from typing import TYPE_CHECKING

from signedvfs.cli import arguments as shared
from signedvfs.cli import files, signed
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, few, plural, size_text
from signedvfs.cli.progress import Progress

if TYPE_CHECKING:
    from signedvfs import packaging

_PACK = """\
SOURCE is a directory, whose content goes to the archive's root - unless it is
a package itself, that is, holds __init__.py: then it goes in under its own
name - or a wheel, of which scripts, headers and data files are left out. -r
has pip resolve a requirement file to wheels, dependencies included. Equal
files from several sources are fine; different ones of one name are an error.

A symbolic link below a directory is an error, or with --follow-links stands
for what it leads to, which has to be in the same source.

Every module is compiled; a .py that does not compile, such as a template, is
packed as it is. Extension modules are packed, but this version does not
import them from archives.

The same sources, options and versions of Python and signedvfs give the same
archive, byte for byte, whatever the time, the machine's paths and the order
of its files. Ed25519 signatures are part of that; ECDSA and RSA-PSS
signatures are random, and the rest of the archive is the same. Two things are
up to you: pin versions in the requirements, and give --expires as a date.

--record runs COMMAND, the words that would follow `python`, once with the
packed archive: "-m MODULE ...", "-c CODE", a script, or OUT for the archive's
own program. It has to end by itself and succeed. Members are laid out in the
order in which its process (not its children) read them, and importing reads
ahead in that order; what is signed and what runs is the same. Output of the
command is shown only where it fails.

examples:
  signedvfs pack ./src -r requirements.txt -m myapp -o app.zip --key app.key
  signedvfs pack ./myapp dep-1.0-py3-none-any.whl -m myapp.cli:main -o app.zip --key app.key
  signedvfs pack ./src -m myapp -o app.zip --key app.key --record "-m myapp --version"
  signedvfs pack ./src -o app.zip --unsigned --source strip --compression zstd --level 19
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("pack", pack, "make one archive of sources and requirements", _PACK)
    parser.add_argument("sources", metavar="SOURCE", nargs="*", help="directory or wheel")
    shared.add_output(parser, "archive to write", required=True)
    parser.add_argument(
        "-r",
        "--requirement",
        action="append",
        default=[],
        metavar="FILE",
        help="requirement file for pip; may be repeated",
    )
    parser.add_argument(
        "-m",
        "--main",
        metavar="MODULE[:FUNCTION]",
        help="what the archive runs: it gets a __main__.py",
    )
    shared.add_signing_keys(parser, required=False)
    parser.add_argument("--unsigned", action="store_true", help="do not sign")
    parser.add_argument(
        "--follow-links",
        action="store_true",
        help="pack what symbolic links lead to inside of their source directory",
    )
    parser.add_argument(
        "--source",
        choices=("keep", "strip"),
        default="keep",
        help="whether .py files go in beside what they compile to (default: %(default)s)",
    )
    parser.add_argument(
        "--compression",
        choices=("stored", "deflate", "zstd"),
        default="deflate",
        help="how members are stored (default: %(default)s)",
    )
    parser.add_argument("--level", type=int, default=0, metavar="N", help="compression level")
    parser.add_argument(
        "--record",
        metavar="COMMAND",
        help="lay members out in the order in which this reads them",
    )
    parser.commands_in.add("--record")
    shared.add_attributes(parser)
    shared.add_index(parser)
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)


def pack(arguments: argparse.Namespace, output: Output) -> int:
    """pack makes an archive."""
    if bool(arguments.key) == arguments.unsigned:
        raise CliError(
            "an archive is signed or not, and that is yours to say",
            "Give either --key FILE.key or --unsigned.",
        )
    if not arguments.sources and not arguments.requirement:
        raise CliError("there is nothing to pack", "Name a SOURCE, or -r FILE.")
    given = [
        option
        for option in ("name", "serial", "expires", "not_before", "at", "index")
        if getattr(arguments, option) is not None
    ]
    if arguments.unsigned and given:
        raise CliError(
            f"--{given[0].replace('_', '-')} goes with a signature", "Give --key FILE.key."
        )
    for path in arguments.sources:
        shared.existing(path)
    for path in arguments.requirement:
        files.require_regular(path)
    keys = shared.load_private_keys(arguments)

    from signedvfs import packaging

    with Progress(output, "packing") as progress:
        report = packaging.pack(
            arguments.sources,
            arguments.output,
            key=keys or None,
            requirements=arguments.requirement,
            main=arguments.main,
            source=arguments.source,
            compression=arguments.compression,
            level=arguments.level,
            name=arguments.name,
            serial=arguments.serial,
            expires=arguments.expires,
            not_before=arguments.not_before,
            at=arguments.at,
            progress=progress.show,
            exclude=[*arguments.key, *arguments.password_file],
            index=arguments.index,
            record=arguments.record,
            follow_links=arguments.follow_links,
            limits=shared.limits_of(arguments),
        )
    _tell(report, output)
    return 0


def _tell(report: packaging.PackReport, output: Output) -> None:
    facts = {
        "output": report.output,
        "size": report.size,
        "sha256": report.sha256,
        "members": report.members,
        **signed.facts_of(report.signed),
        "left_out": [{"path": one.path, "reason": one.reason} for one in report.left_out],
        "uncompiled": [{"name": one.name, "reason": one.reason} for one in report.uncompiled],
        "extension_modules": report.extension_modules,
        "recorded": report.recorded,
    }
    size = f"{plural(report.members, 'member')}, {size_text(report.size)}"
    rows: list[tuple[str, object]] = [("sha256", report.sha256)]
    if report.signed is not None:
        rows += signed.rows_of(report.signed)
    elif report.recorded:
        rows.append(("in order", f"{plural(report.recorded, 'member')}, as the command read them"))
    reasons = defaultdict(list)
    for left_out in report.left_out:
        reasons[left_out.reason].append(left_out.path)
    rows += [("left out", f"{few(paths)} ({reason})") for reason, paths in reasons.items()]
    packed = output.paint("packed", "green")
    output.report(facts, [f"{packed} {report.output}: {size}", *output.fields(rows)])
    if report.signed is not None:
        signed.warn_of(report.signed, output)
    if report.uncompiled:
        names = [f"{one.name} ({one.reason})" for one in report.uncompiled]
        output.warn(f"packed as source, because they do not compile: {few(names)}")
    if report.extension_modules:
        output.warn(
            "extension modules are packed, but this version does not import them from archives: "
            + few(report.extension_modules)
        )
