"""pack: from sources to a signed archive."""

from __future__ import annotations

import argparse
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from signedvfs.cli import arguments as shared
from signedvfs.cli import files, gathering, native, signed, signers
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, few, plural, size_text
from signedvfs.cli.progress import Progress

if TYPE_CHECKING:
    from signedvfs import packaging

_PACK = """\
SOURCE is a directory, whose content goes to the archive's root - unless it is
a package itself, that is, holds __init__.py: then it goes in under its own
name - or a wheel, of which scripts, headers and data files are left out, or a
project: a directory with a pyproject.toml that says what it builds. pip builds
its wheel, which runs the project's build backend, and resolves what that
requires. -r has pip resolve a requirement file to wheels, dependencies
included. Equal files from several sources are fine; different ones of one name
are an error, except that of a module and a package of one name in one source the package is
packed: it is what Python imports.

-r also takes a lock: uv.lock, or pylock.toml (PEP 751). Each file it names has
to have a hash, and be a wheel; what a SOURCE project requires is then taken
from the lock and from nowhere else. --exclude leaves one of the resolved
distributions out.

--include-data packs files as they are: a file, a directory's content, or what
fits a pattern (*, ?, [...], and ** for any directories; in quotes). They go
below TARGET, a directory of the archive, "." for its root: a file by its name,
the others by their path below the directory or the pattern's fixed part.
Without TARGET they keep their place, as seen from the current directory.

-m MODULE runs as `python -m MODULE` would, -m MODULE:FUNCTION calls the
function, and -c SCRIPT what the console script of a packed distribution calls.
Sources are read, and not run, to see that the function is there.

--shebang puts a line in front, which is signed along, and makes the archive
executable: --shebang "/usr/bin/env -S signedvfs run --trust /etc/app.pub".
Relative paths in it would be looked for wherever somebody calls the file.

A symbolic link below a directory is an error, or with --follow-links stands
for what it leads to, which has to be in the same source.

Every module is compiled; a .py that does not compile, such as a template, is
packed as it is.

Wheels may hold extension modules and the libraries that they need. What each
needs is looked up by the rules of the importer: in the archive, or among the
libraries that every system has (manylinux); the oldest glibc that will do is
reported. What would not be imported is a warning: a library that is in neither
place, a search path that leads out of the archive, libraries that need each
other by names that are not their own. --strip has binutils remove debug
sections. Libraries that code asks for by name while it runs are noted in
signedvfs-native.txt, which is signed along.

--python and --platform pack for another Python or machine. pip then takes
wheels that fit by their tags, and builds nothing; markers of requirements are
still looked at with the Python that packs. What does not fit is an error. For
another version of Python nothing is compiled: sources are packed alone.

The same sources, options and versions of Python, signedvfs, libdeflate and
libzstd give the same archive, byte for byte, whatever the time, the machine's
paths and the order of its files. Ed25519 signatures are part of that; ECDSA
and RSA-PSS signatures are random, and the rest of the archive is the same.
Three things are up to you: pin versions in the requirements, give --expires
as a date, and compare on machines with the same two libraries, which belong
to the system where signedvfs is no wheel (--compression stored needs neither).

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
  signedvfs pack . -r uv.lock -c myapp -o app.zip --key app.key
  signedvfs pack . -c myapp --include-data 'conf/*.toml=myapp/conf' -o app.zip --key app.key
  signedvfs pack ./src -r requirements.txt -m myapp -o app.zip --key app.key --strip \
      --python 3.12 --platform manylinux_2_28_x86_64
  signedvfs pack ./src -o app.zip --unsigned --source strip --compression zstd --level 19
"""


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("pack", pack, "make one archive of sources and requirements", _PACK)
    parser.add_argument("sources", metavar="SOURCE", nargs="*", help="directory, project or wheel")
    shared.add_output(parser, "archive to write", required=True)
    gathering.add_distributions(parser)
    parser.add_argument(
        "--include-data",
        action="append",
        default=[],
        metavar="PATH[=TARGET]",
        help="files to pack as they are, and where; may be repeated",
    )
    gathering.add_program(parser, "what the archive runs: it gets a __main__.py")
    parser.add_argument(
        "--shebang",
        metavar="LINE",
        help="what executes the archive: '#!LINE' goes in front (default: nothing)",
    )
    shared.add_signing_keys(parser)
    parser.add_argument(
        "--python",
        metavar="VERSION",
        help="Python to pack for, such as 3.12, or 3.13t (default: this one)",
    )
    parser.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="TAG",
        help="platform to pack for, such as manylinux_2_28_x86_64; may be repeated (default: this "
        "one)",
    )
    parser.add_argument("--strip", action="store_true", help="remove debug sections of native code")
    native.add_libraries(parser)
    parser.add_argument("--unsigned", action="store_true", help="do not sign")
    parser.add_argument(
        "--follow-links",
        action="store_true",
        help="pack what symbolic links lead to inside of their source directory",
    )
    gathering.add_storing(parser, source="keep", compression="deflate")
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
    if signers.any_of(arguments) == arguments.unsigned:
        raise CliError(
            "an archive is signed or not, and that is yours to say",
            "Give either --key FILE.key, or another signer, or --unsigned.",
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
    keys = [] if arguments.unsigned else shared.load_signers(arguments)

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
            **shared.attributes_of(arguments),
            progress=progress.show,
            exclude=[*arguments.key, *arguments.password_file],
            index=arguments.index,
            record=arguments.record,
            follow_links=arguments.follow_links,
            limits=shared.limits_of(arguments),
            script=arguments.console_script,
            shebang=arguments.shebang,
            without=arguments.exclude,
            data=arguments.include_data,
            python=arguments.python,
            platform=arguments.platform,
            strip=arguments.strip,
            libraries=arguments.library,
        )
    _tell(report, output)
    return 0


def _tell(report: packaging.PackReport, output: Output) -> None:
    facts: dict[str, Any] = {
        "output": report.output,
        "size": report.size,
        "sha256": report.sha256,
        "members": report.members,
        **signed.facts_of(report.signed),
        "left_out": [{"path": one.path, "reason": one.reason} for one in report.left_out],
        "uncompiled": [{"name": one.name, "reason": one.reason} for one in report.uncompiled],
        "extension_modules": report.extension_modules,
        "native": native.facts_of(report.native),
        "stripped": report.stripped,
        "unstripped": [{"name": one.name, "reason": one.reason} for one in report.unstripped],
        "target": report.target,
        "compiled": report.compiled,
        "recorded": report.recorded,
    }
    facts["warnings"] = [*report.warnings, *facts["warnings"]]
    size = f"{plural(report.members, 'member')}, {size_text(report.size)}"
    rows: list[tuple[str, object]] = [("sha256", report.sha256)]
    if report.signed is not None:
        rows += signed.rows_of(report.signed)
    elif report.recorded:
        rows.append(("in order", f"{plural(report.recorded, 'member')}, as the command read them"))
    rows.append(("for", report.target))
    if report.native is not None:
        rows.append(("native", native.summary_of(report.native)))
    if report.stripped:
        rows.append(("stripped", size_text(report.stripped)))
    reasons = defaultdict(list)
    for left_out in report.left_out:
        reasons[left_out.reason].append(left_out.path)
    rows += [("left out", f"{few(paths)} ({reason})") for reason, paths in reasons.items()]
    packed = output.paint("packed", "green")
    output.report(facts, [f"{packed} {report.output}: {size}", *output.fields(rows)])
    if report.signed is not None:
        signed.warn_of(report.signed, output)
    for warning in report.warnings:
        output.warn(warning)
    if report.uncompiled:
        names = [f"{one.name} ({one.reason})" for one in report.uncompiled]
        output.warn(f"packed as source, because they do not compile: {few(names)}")
    if not report.compiled:
        output.warn(
            f"modules are packed as sources alone: this Python compiles none for {report.target}"
        )
    if report.unstripped:
        names = [f"{one.name} ({one.reason})" for one in report.unstripped]
        output.warn(f"not stripped, because that would break them: {few(names)}")
    native.warn_of(report.native, output)
