"""sign, unsign and append: putting signatures on and taking them off."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import signedvfs
from signedvfs.cli import arguments as shared
from signedvfs.cli import signed, signers
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, plural, printable
from signedvfs.cli.progress import Progress
from signedvfs.cli.values import time_text

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from typing import Any

    from signedvfs.custody.signer import Signer

_SIGN = """\
Signs every member of an archive, or every file below a directory. An archive
is rebuilt in canonical form, read back and verified before it replaces PATH
(or becomes OUT) in one step; a directory gets the file
signedimp-manifest.txt. Bytes in front of an archive are kept, and signed.
What an archive has beside its members (comments, data descriptors, empty
directories ...) vanishes, and is shown; what could be read in two ways is refused.

What is signed now is shown. Attributes that are not given are carried over
from a manifest that one of the keys has signed, and from no other. It has to
be this archive's: at least half of the paths that it lists are here, and at
least half of those here are listed (__main__.py counts for no archive). A
.pyc runs instead of the source beside it, so one that no such manifest lists
is warned of. Signatures by other keys are dropped: --keep-signatures signs exactly what they cover,
attributes included, and is an error where that has become something else.

--detached leaves a directory alone and writes its manifest to FILE, outside of
it: for read-only trees, and for package managers. The directory is signed in a
role (--root, default: tree), and whoever opens it by FILE has to name the same.
Links to files inside of it are signed as files; links that lead out and special
files are left out, and shown. Where the directory has a manifest of its own,
both must list the same.

--stdlib and --site write a detached manifest, to -o FILE, of the library of the
interpreter that runs this command. --pycache also signs that interpreter's
bytecode in __pycache__ (of the library it does so anyway, but for
--no-pycache): imports are faster with it, and whatever writes it anew makes it
another file than the signed one.

--record runs COMMAND, the words that would follow `python`, from the directory,
once it is signed, and signs it again with the order in which its members were
read, in signedvfs-order.txt: programs that start in that order start faster.
(Of an archive, `pack --record` does it.)

examples:
  signedvfs sign app.zip --key app.key --name myapp --serial 42
  signedvfs sign app.zip --key first.key --key second.key --expires +90d -o signed.zip
  signedvfs sign app.zip --key second.key --keep-signatures
  signedvfs sign ./site-packages --key app.key
  signedvfs sign ./app --pycache --key app.key --record "-m myapp --version"
  signedvfs sign /opt/app --key app.key --detached /var/lib/app.manifest
  signedvfs sign --stdlib --site --key app.key -o python.manifest
"""

_UNSIGN = """\
Removes the manifest, with it all signatures, and the index.

examples:
  signedvfs unsign app.zip
  signedvfs unsign app.zip -o unsigned.zip
"""

_APPEND = """\
Puts a signed archive behind an executable file. Offsets count from the start
of the result, and the executable's bytes are signed too: verify checks both
halves. The keys must be ones that have signed the archive, and what they have
signed, shown again, is what they sign. Anything that stands behind the
executable already is refused.

--replace updates an executable that `signedvfs build` has made. ARCHIVE is
another release of it, built with the same signedvfs, keys and options, or what
stands behind the launcher in one. It takes the place of what stands behind the
launcher of EXECUTABLE if that launcher accepts its signature, and if it is the
same product and not older. Nobody signs anything. All of it is verified, and
EXECUTABLE replaced in one step, with its mode and owner: what runs goes on, and
the next start has the new release. If anything is refused, nothing has changed.

examples:
  signedvfs append app.zip /usr/bin/python3 -o myapp --key app.key
  signedvfs verify myapp --trust app.pub
  signedvfs append --replace myapp-2 /opt/myapp/bin/myapp
"""


def add_to(commands: Commands) -> None:
    """add_to adds the commands of this module."""
    parser = commands.add("sign", sign, "sign an archive or a directory", _SIGN)
    parser.add_argument("path", metavar="PATH", nargs="?", help="archive or directory")
    shared.add_library(parser)
    shared.add_signing_keys(parser)
    shared.add_output(parser, "write here instead of replacing PATH")
    shared.add_attributes(parser)
    shared.add_hash(parser)
    shared.add_index(parser)
    parser.add_argument(
        "--detached", metavar="FILE", help="write the manifest of a directory here; change nothing"
    )
    shared.add_root(parser)
    parser.add_argument(
        "--pycache",
        action=argparse.BooleanOptionalAction,
        help="sign this interpreter's bytecode in __pycache__ of a directory, or leave it out "
        "(default: with --stdlib and --site)",
    )
    parser.add_argument(
        "--keep-signatures",
        action="store_true",
        help="sign what others have signed already, and keep their signatures",
    )
    parser.add_argument(
        "--record",
        metavar="COMMAND",
        help="sign a directory with the order in which this reads its members",
    )
    parser.commands_in.add("--record")
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)

    parser = commands.add("unsign", unsign, "remove manifest and signatures", _UNSIGN)
    parser.add_argument("path", metavar="PATH", help="signed archive or directory")
    shared.add_output(parser, "write here instead of replacing PATH")
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)

    parser = commands.add("append", append, "put an archive behind an executable", _APPEND)
    parser.add_argument("archive", metavar="ARCHIVE", help="signed archive")
    parser.add_argument("executable", metavar="EXECUTABLE", help="program to put in front of it")
    shared.add_output(parser, "where the result goes")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="put it in the place of what stands behind the launcher of EXECUTABLE",
    )
    shared.add_signing_keys(parser)
    shared.add_moment(parser)
    shared.add_limits(parser)
    shared.add_reporting(parser, quiet=True)


def sign(arguments: argparse.Namespace, output: Output) -> int:
    """sign signs an archive or a directory."""
    manifest = arguments.output if arguments.detached is None else arguments.detached
    if shared.is_library(arguments, manifest, "-o FILE"):
        return _sign_library(arguments, manifest, output)
    path = shared.existing(arguments.path)
    if arguments.root is not None and arguments.detached is None:
        raise CliError("--root goes with --detached FILE", "Give both, or neither.")
    if arguments.record is not None:
        _check_recording(arguments, path)
    keys = shared.load_signers(arguments)
    with Progress(output, "signing") as progress:
        options = {
            **shared.attributes_of(arguments),
            "hash": arguments.hash,
            "limits": shared.limits_of(arguments),
            "progress": progress,
            "index": arguments.index,
            "keep_signatures": arguments.keep_signatures,
            "pycache": bool(arguments.pycache),
        }
        if arguments.record is None:
            report = signedvfs.sign(
                path,
                keys,
                output=arguments.output,
                detached=arguments.detached,
                root=arguments.root,
                **options,
            )
        else:
            report = _record(arguments.record, Path(path), keys, options)
    unpacks = (
        signed.bootstrap_warnings(report.output, keys, arguments)
        if arguments.detached is None
        else ()
    )
    tell(report, output, unpacks)
    return 0


def _check_recording(arguments: argparse.Namespace, path: str) -> None:
    if not Path(path).is_dir():
        raise CliError(
            "--record is for a directory here",
            "Of an archive, record when it is packed: `signedvfs pack --record COMMAND`.",
        )
    if arguments.detached is not None or arguments.output or arguments.keep_signatures:
        raise CliError(
            "--record writes the order into the directory, and signs that anew",
            "Leave --detached, -o and --keep-signatures out.",
        )


def _record(
    command: str, directory: Path, keys: list[Signer], options: dict[str, Any]
) -> signedvfs.SignReport:
    from signedvfs.packaging import recording

    words = recording.words_of(command, directory)
    return recording.record_directory(directory, words, keys, options)


def _sign_library(arguments: argparse.Namespace, manifest: str, output: Output) -> int:
    if arguments.index is not None or None not in (arguments.output, arguments.detached):
        raise CliError("--stdlib and --site write one detached manifest, without an index")
    if arguments.record is not None:
        raise CliError("--stdlib and --site write no order: leave --record out")
    keys = shared.load_signers(arguments)
    with Progress(output, "signing") as progress:
        report = signedvfs.sign_stdlib(
            manifest,
            keys,
            stdlib=arguments.stdlib,
            site=arguments.site,
            pycache=arguments.pycache is not False,
            **shared.attributes_of(arguments),
            hash=arguments.hash,
            limits=shared.limits_of(arguments),
            progress=progress,
            keep_signatures=arguments.keep_signatures,
        )
    tell(report, output)
    return 0


def unsign(arguments: argparse.Namespace, output: Output) -> int:
    """unsign removes the manifest."""
    path = shared.existing(arguments.path)
    vanished = signedvfs.unsign(path, output=arguments.output, limits=shared.limits_of(arguments))
    written = arguments.output or path
    rows = (("vanished", printable(one)) for one in vanished)
    lines = [f"{output.paint('unsigned', 'yellow')} {written}", *output.fields(rows)]
    output.report({"output": written, "vanished": vanished}, lines)
    return 0


def append(arguments: argparse.Namespace, output: Output) -> int:
    """append puts an archive behind an executable."""
    archive = shared.existing(arguments.archive)
    executable = shared.existing(arguments.executable)
    if arguments.replace:
        return _replace(archive, executable, arguments, output)
    if arguments.output is None:
        raise CliError("nothing says where the result goes", "Name it: -o OUT.")
    keys = shared.load_signers(arguments)
    report = signedvfs.append(
        archive,
        executable,
        arguments.output,
        keys,
        limits=shared.limits_of(arguments),
        at=arguments.at,
    )
    tell(report, output)
    return 0


def _replace(archive: str, executable: str, arguments: argparse.Namespace, output: Output) -> int:
    given = (arguments.output, arguments.at)
    if given != (None, None) or arguments.password_file or signers.any_of(arguments):
        raise CliError(
            "--replace signs nothing, and writes to EXECUTABLE",
            "Leave -o, keys and --at out.",
        )

    from signedvfs import building

    report = building.replace(archive, executable, limits=shared.limits_of(arguments))
    rows = [
        ("sha256", report.sha256),
        ("name", report.name),
        ("serial", report.serial),
        ("before", report.former_serial),
        ("valid until", time_text(report.expires)),
        *(("signed by", one) for one in report.signers),
    ]
    done = output.paint("replaced", "green")
    lines = [f"{done} {executable}: {plural(report.members, 'file')}", *output.fields(rows)]
    output.report({**vars(report), "expires": time_text(report.expires)}, lines)
    return 0


def tell(report: signedvfs.SignReport, output: Output, more: Sequence[str] = ()) -> None:
    """tell reports what was signed."""
    done = "added a signature to" if report.added else "signed"
    left_out = list(report.left_out)
    lines = [
        f"{output.paint(done, 'green')} {report.output}: {plural(report.members, 'member')}",
        *output.fields(
            [
                *signed.rows_of(report),
                *(("left out", printable(one)) for one in left_out),
                *(("vanished", printable(one)) for one in report.vanished),
            ]
        ),
    ]
    facts = {
        "output": report.output,
        "added": report.added,
        "members": report.members,
        **signed.facts_of(report),
        "left_out": left_out,
        "vanished": list(report.vanished),
    }
    facts["warnings"] += more
    output.report(facts, lines)
    signed.warn_of(report, output)
    for warning in more:
        output.warn(warning)
