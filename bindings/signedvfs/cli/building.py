"""build: from sources to one executable that verifies itself."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from signedvfs.cli import arguments as shared
from signedvfs.cli import files, gathering, native, signed, signers
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, few, plural, printable, size_text
from signedvfs.cli.progress import Progress
from signedvfs.cli.values import count_of

if TYPE_CHECKING:
    from signedvfs import building
    from signedvfs.building.frozen import Freezer

_BUILD = """\
Makes one executable file: a launcher, this Python, its standard library, the
application, and all shared libraries that they need, but glibc's own. It holds
the keys that it goes by, verifies what it imports, and unpacks nothing.

SOURCE is one script, or directories, projects and wheels as `pack` takes them,
or requirements with a version, such as flask==3.0, which pip resolves. -r adds
requirement files and locks. What runs is the script, -m MODULE, which runs as
`python -m MODULE` would, -m MODULE:FUNCTION, which is called, -c SCRIPT, what
the console script of a distribution calls, or the __main__.py of a directory.

--from-pyinstaller and --from-cxfreeze take what these freezers have made, their
directory or their executable, in the place of SOURCE: modules, libraries, data
and run-time hooks, but neither their launcher nor their Python. The Python that
made the collection has to be the one that builds.

--key signs, and its public half is put into the launcher; of several keys
--threshold have to have signed. The launcher accepts only the product --name,
if it is given, and with --min-serial no older release. --ephemeral makes a key
for this executable alone, whose private half is never written anywhere: nobody
can sign another one.

The Python that builds is the one inside: in the launcher, where signedvfs was installed
with a static library of it, and else as its shared library, which it needs then.
Everything is compiled; --source keep puts sources beside it, so that
tracebacks show lines. --minimal follows imports and leaves modules of the
standard library out that nothing imports: what is imported by a name that is
put together while the program runs is not seen. --strip has binutils remove
debug sections of native code. Libraries are looked for as the linker of this
machine does; the oldest glibc that will do is reported.

--record runs the executable once, with COMMAND as its arguments ("" for none),
and lays the members out in the order in which it read them: a start reads ahead
in that order. The run has to succeed, and to end by itself.

--info lets whoever has the executable ask it for key, serial number and
contents (--signedvfs-info). --verify-all has it verify all of itself at every
start, and not only what it uses. --hardened has it begin before the dynamic
linker: LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH, GLIBC_TUNABLES and others are
taken out of the environment, and load nothing. Otherwise it refuses to run with
the first three, which is late: code that they name has run by then.

The result is opened as its launcher will, before it appears: whole and
executable, or not at all. The same sources, options, interpreter and libraries
give the same file, byte for byte, with an Ed25519 key.

examples:
  signedvfs build hello.py -o hello --ephemeral
  signedvfs build ./myapp -r requirements.txt -m myapp.cli:main -o app --key app.key
  signedvfs build 'httpie==3.2.4' -c http -o http --key app.key --strip
  signedvfs build . -c myapp -o app --key app.key --name myapp --serial 7 --min-serial 7
  signedvfs build --from-pyinstaller dist/myapp -o app --key app.key
  signedvfs build ./myapp -m myapp -o app --key app.key --record --version
"""

_MOST_PACKAGES = 8
_FREEZERS: dict[Freezer, str] = {"pyinstaller": "PyInstaller", "cxfreeze": "cx_Freeze"}


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("build", build, "make one executable that verifies itself", _BUILD)
    parser.add_argument(
        "sources", metavar="SOURCE", nargs="*", help="script, directory, project, wheel, or "
        "requirement such as flask==3.0"
    )  # fmt: skip
    frozen = parser.add_mutually_exclusive_group()
    for freezer, name in _FREEZERS.items():
        frozen.add_argument(
            f"--from-{freezer}", metavar="PATH", help=f"build from what {name} has made"
        )
    shared.add_output(parser, "executable to write", required=True)
    gathering.add_distributions(parser)
    gathering.add_program(parser, "what the executable runs")
    shared.add_signing_keys(parser)
    parser.add_argument(
        "--ephemeral", action="store_true", help="sign with a key that is made for this and dropped"
    )
    parser.add_argument(
        "--threshold",
        type=count_of,
        default=1,
        metavar="N",
        help="how many of the keys have to have signed (default: %(default)s)",
    )
    parser.add_argument(
        "--min-serial",
        type=count_of,
        metavar="N",
        help="lowest release number that the launcher accepts",
    )
    parser.add_argument(
        "--minimal", action="store_true", help="leave modules out that nothing imports"
    )
    gathering.add_storing(parser, source="strip", compression="zstd")
    parser.add_argument(
        "--record",
        metavar="COMMAND",
        help="lay members out in the order in which the executable reads them, run with this",
    )
    parser.commands_in.add("--record")
    parser.add_argument("--strip", action="store_true", help="remove debug sections of native code")
    native.add_libraries(parser, allowed="which the launcher allows then")
    parser.add_argument(
        "--info", action="store_true", help="let the executable tell what it is: --signedvfs-info"
    )
    parser.add_argument(
        "--verify-all", action="store_true", help="have it verify all of itself at every start"
    )
    parser.add_argument(
        "--hardened",
        action="store_true",
        help="begin before the dynamic linker, which then loads nobody else's code",
    )
    parser.add_argument(
        "--launcher", metavar="FILE", help="launcher to use (default: the one that is installed)"
    )
    shared.add_attributes(parser)
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)


def build(arguments: argparse.Namespace, output: Output) -> int:
    """build makes an executable."""
    if signers.any_of(arguments) == arguments.ephemeral:
        raise CliError(
            "an executable is signed by keys that you have, or by one made for it alone",
            "Give either --key FILE.key, or another signer, or --ephemeral.",
        )
    freezer, sources = _sources_of(arguments)
    for path in arguments.requirement:
        files.require_regular(path)
    keys = None if arguments.ephemeral else shared.load_signers(arguments)

    from signedvfs import building

    with Progress(output, "packing") as progress:
        report = building.build(
            sources,
            arguments.output,
            key=keys,
            main=arguments.main,
            script=arguments.console_script,
            requirements=arguments.requirement,
            freezer=freezer,
            compression=arguments.compression,
            level=arguments.level,
            source_files=arguments.source,
            **shared.attributes_of(arguments),
            min_serial=arguments.min_serial,
            threshold=arguments.threshold,
            ephemeral=arguments.ephemeral,
            strip=arguments.strip,
            libraries=arguments.library,
            minimal=arguments.minimal,
            record=arguments.record,
            info=arguments.info,
            verify_all=arguments.verify_all,
            hardened=arguments.hardened,
            launcher=arguments.launcher,
            exclude=[*arguments.key, *arguments.password_file],
            without=arguments.exclude,
            limits=shared.limits_of(arguments),
            progress=progress.show,
        )
    _tell(report, output)
    return 0


def _sources_of(arguments: argparse.Namespace) -> tuple[Freezer | None, list[str]]:
    sources: list[str] = arguments.sources
    for freezer in _FREEZERS:
        path: str | None = getattr(arguments, f"from_{freezer}")
        if path is None:
            continue
        if sources:
            raise CliError(
                f"--from-{freezer} takes the place of SOURCE, and here is {sources[0]}",
                "Leave one of the two out.",
            )
        return freezer, [path]
    if not sources and not arguments.requirement:
        raise CliError("there is nothing to build", "Name a SOURCE, or -r FILE.")
    return None, sources


def _tell(report: building.BuildReport, output: Output) -> None:
    facts: dict[str, Any] = {
        "output": report.output,
        "size": report.size,
        "sha256": report.sha256,
        "launcher": report.launcher,
        "members": report.members,
        **signed.facts_of(report.signed),
        "ephemeral": report.ephemeral,
        "packages": facts_of_packages(report.packages),
        "glibc": report.glibc,
        "glibc_wanted_by": report.glibc_wanted_by,
        "libraries": report.libraries,
        "system": report.system,
        "missing": report.missing,
        "unreached": report.unreached,
        "left_out": [{"path": one.path, "reason": one.reason} for one in report.left_out],
        "uncompiled": [{"name": one.name, "reason": one.reason} for one in report.uncompiled],
        "native": native.facts_of(report.native),
        "stripped": report.stripped,
    }
    facts["warnings"] = [*report.warnings, *facts["warnings"]]
    rows: list[tuple[str, object]] = [("sha256", report.sha256), *signed.rows_of(report.signed)]
    if report.ephemeral:
        rows.append(("key", "made for this file, and gone"))
    if report.glibc is not None:
        wanted = few([one.rpartition("/")[2] for one in report.glibc_wanted_by])
        rows.append(("glibc", f"{report.glibc} or later (for {wanted})"))
    if report.stripped:
        rows.append(("stripped", size_text(report.stripped)))
    if report.unreached:
        rows.append(("unreached", f"{few(report.unreached)} (nothing imports them)"))
    rows += left_out_rows(report)
    built = output.paint("built", "green")
    size = f"{size_text(report.size)}, {plural(report.members, 'file')}"
    lines = [f"{built} {report.output}: {size}", *output.fields(rows)]
    lines += output.table(
        ("STORED", "FILES", "VERSION", "PACKAGE"), rows_of_packages(report.packages, _MOST_PACKAGES)
    )
    output.report(facts, lines)
    signed.warn_of(report.signed, output)
    for warning in report.warnings:
        output.warn(warning)
    if report.uncompiled:
        names = [f"{one.name} ({one.reason})" for one in report.uncompiled]
        output.warn(f"packed as source, because they do not compile: {few(names)}")
    if report.system:
        wanted = few([f"{name} (for {printable(of[0])})" for name, of in report.system.items()])
        output.warn(f"not carried, the system has to have them: {wanted}")
    native.warn_of(report.native, output)


def left_out_rows(report: building.BuildReport) -> Iterator[tuple[str, object]]:
    """left_out_rows gives out what was left out, by the reason."""
    reasons = defaultdict(list)
    for left_out in report.left_out:
        reasons[left_out.reason].append(left_out.path)
    for reason, paths in reasons.items():
        yield "left out", f"{few(paths)} ({reason})"


def facts_of_packages(packages: list[building.Package]) -> list[dict[str, Any]]:
    """facts_of_packages returns what --json says of packages."""
    return [
        {
            "name": one.name,
            "kind": one.kind,
            "version": one.version,
            "licence": one.licence,
            "files": len(one.files),
            "size": one.size,
            "stored": one.stored,
        }
        for one in packages
    ]


def rows_of_packages(
    packages: list[building.Package], most: int | None = None
) -> Iterator[tuple[str, str, str, str]]:
    """rows_of_packages gives out the same as a table, of `most` packages and the rest of them."""
    for one in packages[:most]:
        yield size_text(one.stored), plural(len(one.files), "file"), one.version or "", one.name
    rest = [] if most is None else packages[most:]
    if rest:
        files_of_rest = sum(len(one.files) for one in rest)
        stored = sum(one.stored for one in rest)
        yield size_text(stored), plural(files_of_rest, "file"), "", f"{len(rest):,} others"
