"""verify, list and cat: looking into signed archives."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import signedvfs
from signedvfs.cli import arguments as shared
from signedvfs.cli import key_ring, native
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, few, plural, printable, size_text
from signedvfs.cli.progress import Progress

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator

    from signedvfs.packaging import NativeReport

_VERIFY = """\
Reads and verifies every member, and whatever stands in front of an archive:
bytes there that nobody has signed are refused, because they may be a program.
--native also says what extension modules need, and warns of what would not be
imported here.
--manifest names the detached manifest of a directory (see sign --detached), or
with --stdlib and --site that of this interpreter's library.
Exit codes: 0 verified, 1 refused, 2 nothing could be said.

examples:
  signedvfs verify app.zip --trust app.pub
  signedvfs verify app.zip --trust a.pub --trust b.pub --threshold 2 --name myapp --min-serial 42
  signedvfs verify app.zip --trust app.pub --at 2027-01-01 --json
  signedvfs verify app.zip --trust app.pub --native
  signedvfs verify /opt/app --manifest /var/lib/app.manifest --trust app.pub
  signedvfs verify --stdlib --manifest stdlib.manifest --trust app.pub --native
"""

_LIST = """\
Lists the members that the signed manifest names. Digests and names are what
was signed; sizes are what the archive declares, and content is not read: that
is what verify does. Behind the members it says how many bytes stand in front
of the archive, where there are any, and whether they are signed. --native
reads the extension modules and libraries, and says what each of them needs.
--stdlib and --site list this interpreter's library, each name below its root.

examples:
  signedvfs list app.zip --trust app.pub
  signedvfs list app.zip --trust app.pub --json
  signedvfs list app.zip --trust app.pub --native
  signedvfs list --stdlib --manifest stdlib.manifest --trust app.pub
"""

_CAT = """\
Writes the bytes of members to standard output, each after it was verified.

examples:
  signedvfs cat app.zip myapp/__init__.py --trust app.pub
"""


def add_to(commands: Commands) -> None:
    """add_to adds the commands of this module."""
    parser = commands.add("verify", verify, "verify an archive or a directory completely", _VERIFY)
    parser.add_argument("path", metavar="PATH", nargs="?", help="signed archive or directory")
    shared.add_library(parser)
    shared.add_manifest(parser)
    _add_native(parser)
    shared.add_trust(parser)
    shared.add_reporting(parser, quiet=True)

    parser = commands.add("list", list_members, "list the members of an archive", _LIST)
    parser.add_argument("path", metavar="PATH", nargs="?", help="signed archive or directory")
    shared.add_library(parser)
    shared.add_manifest(parser)
    _add_native(parser)
    shared.add_trust(parser)
    shared.add_reporting(parser)

    parser = commands.add("cat", cat, "write members to standard output", _CAT)
    parser.add_argument("path", metavar="PATH", help="signed archive or directory")
    shared.add_manifest(parser)
    parser.add_argument("members", metavar="MEMBER", nargs="+", help="name as list shows it")
    shared.add_trust(parser)


def _add_native(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--native", action="store_true", help="say what extension modules and libraries need"
    )
    native.add_libraries(parser)


def open_archive(arguments: argparse.Namespace) -> signedvfs.SignedVfs:
    """open_archive opens PATH under the policy of the options."""
    manifest = getattr(arguments, "manifest", None)
    root = getattr(arguments, "root", None)
    if root is not None and manifest is None:
        raise CliError("--root goes with --manifest FILE", "Give both, or neither.")
    policy = shared.policy_of(arguments)
    path = shared.existing(arguments.path)
    return signedvfs.open(path, policy, shared.limits_of(arguments), manifest, root)


def verify(arguments: argparse.Namespace, output: Output) -> int:
    """verify reads everything."""
    if shared.is_library(arguments, arguments.manifest, "--manifest FILE"):
        return _verify_library(arguments, output)
    archive = open_archive(arguments)
    with Progress(output, "verifying") as progress:
        archive.verify_all(progress)
    names = archive.list()
    unlisted = archive.unlisted()
    size = sum(archive.stat(name).size for name in names)
    known = {key.fingerprint: path for path, key in key_ring.trusted(arguments)}
    facts = {
        "path": arguments.path,
        "verified": True,
        "name": archive.name,
        "serial": archive.serial,
        "not_before": shared.time_text(archive.not_before),
        "expires": shared.time_text(archive.expires),
        "hash": archive.hash_type,
        "signers": list(archive.signers),
        "signatures": list(archive.signatures),
        "members": len(names),
        "size": size,
        **_in_front(archive),
        "unlisted": unlisted,
    }
    found, here = None, None
    if arguments.native:
        from signedvfs.packaging.native import glibc_here

        found, here = _examine(archive, arguments), glibc_here()
        facts["native"] = native.facts_of(found)
        facts["glibc_here"] = here
    others = [one for one in archive.signatures if one not in archive.signers]
    rows: list[tuple[str, object]] = [
        ("name", archive.name),
        ("serial", archive.serial),
        ("valid from", facts["not_before"]),
        ("valid until", facts["expires"]),
        *(("signed by", f"{one} ({known.get(one, 'trusted')})") for one in archive.signers),
        *(("also signed by", f"{one} (not trusted here)") for one in others),
        ("members", f"{len(names):,}, {size_text(size)}, {archive.hash_type}"),
    ]
    if archive.prefix_length is not None and archive.bytes_in_front:
        rows.append(("in front", f"{size_text(archive.prefix_length)}, verified"))
    if arguments.native:
        rows.append(("native", "nothing" if found is None else native.summary_of(found)))
    verdict = output.paint("verified", "green")
    lines = [f"{arguments.path}: {verdict}", *output.fields(rows)]
    if found is not None:
        lines += native.lines_of(found, output)
    output.report(facts, lines)
    _warn_of_unlisted(unlisted, output)
    native.warn_of(found, output, here, _kind_of(archive))
    return 0


def _verify_library(arguments: argparse.Namespace, output: Output) -> int:
    opened = _open_library(arguments)
    members = {role: len(root.list()) for role, root in opened.items()}
    before = 0
    with Progress(output, "verifying") as progress:
        for role, root in opened.items():

            def tell(done: int, _: int, before: int = before) -> None:
                progress(before + done, sum(members.values()))

            root.verify_all(tell)
            before += members[role]
    unlisted = {role: root.unlisted() for role, root in opened.items()}
    found, here = _examine_library(opened, arguments)
    first = next(iter(opened.values()))
    facts = {
        "manifest": arguments.manifest,
        "verified": True,
        "name": first.name,
        "serial": first.serial,
        "not_before": shared.time_text(first.not_before),
        "expires": shared.time_text(first.expires),
        "hash": first.hash_type,
        "signers": list(first.signers),
        "signatures": list(first.signatures),
        "roots": [
            {
                "root": role,
                "path": root.path,
                "members": members[role],
                "unlisted": unlisted[role],
                **({"native": native.facts_of(found[role])} if arguments.native else {}),
            }
            for role, root in opened.items()
        ],
        **({"glibc_here": here} if arguments.native else {}),
    }
    known = {key.fingerprint: path for path, key in key_ring.trusted(arguments)}
    rows: list[tuple[str, object]] = [
        ("name", first.name),
        ("serial", first.serial),
        ("valid from", facts["not_before"]),
        ("valid until", facts["expires"]),
        *(("signed by", f"{one} ({known.get(one, 'trusted')})") for one in first.signers),
        *(
            (role, f"{root.path}, {plural(members[role], 'member')}")
            for role, root in opened.items()
        ),
    ]
    verdict = output.paint("verified", "green")
    lines = [f"{arguments.manifest}: {verdict}", *output.fields(rows)]
    lines += _native_lines(found, output)
    output.report(facts, lines)
    for role, names in unlisted.items():
        _warn_of_unlisted([f"{role}/{name}" for name in names], output)
    for role, report in found.items():
        native.warn_of(report, output, here, _kind_of_root(role))
    return 0


def list_members(arguments: argparse.Namespace, output: Output) -> int:
    """list_members lists the members."""
    if shared.is_library(arguments, arguments.manifest, "--manifest FILE"):
        return _list_library(arguments, output)
    archive = open_archive(arguments)
    found = [archive.stat(name) for name in archive.list()]
    facts = {
        "path": arguments.path,
        "hash": archive.hash_type,
        **_in_front(archive),
        "members": [{"name": m.name, "size": m.size, "digest": m.digest} for m in found],
    }
    rows = ((member.digest, str(member.size), printable(member.name)) for member in found)
    lines = [*output.table((archive.hash_type, "size", "name"), rows)]
    if archive.bytes_in_front:
        is_signed = "signed" if archive.prefix_length is not None else "which nobody has signed"
        front = f"{size_text(archive.bytes_in_front)}, {is_signed}"
        lines += output.fields([("in front", front)])
    objects = None
    if arguments.native:
        objects = _examine(archive, arguments)
        facts["native"] = native.facts_of(objects)
        if objects is None:
            lines += output.fields([("native", "nothing")])
        else:
            lines += output.fields([("native", native.summary_of(objects))])
            lines += native.lines_of(objects, output)
    output.report(facts, lines)
    native.warn_of(objects, output, kind=_kind_of(archive))
    return 0


def _list_library(arguments: argparse.Namespace, output: Output) -> int:
    opened = _open_library(arguments)
    found = {role: [root.stat(name) for name in root.list()] for role, root in opened.items()}
    objects, _ = _examine_library(opened, arguments)
    hash_type = next(iter(opened.values())).hash_type
    facts = {
        "manifest": arguments.manifest,
        "hash": hash_type,
        "roots": [
            {
                "root": role,
                "path": root.path,
                "members": [
                    {"name": one.name, "size": one.size, "digest": one.digest}
                    for one in found[role]
                ],
                **({"native": native.facts_of(objects[role])} if arguments.native else {}),
            }
            for role, root in opened.items()
        ],
    }
    rows = (
        (one.digest, str(one.size), printable(f"{role}/{one.name}"))
        for role, members in found.items()
        for one in members
    )
    lines = [*output.table((hash_type, "size", "name"), rows), *_native_lines(objects, output)]
    output.report(facts, lines)
    for role, report in objects.items():
        native.warn_of(report, output, kind=_kind_of_root(role))
    return 0


def cat(arguments: argparse.Namespace, _: Output) -> int:
    """cat writes members to standard output."""
    archive = open_archive(arguments)
    # A file of its own: sys.stdout.buffer may be unbuffered, and then writes only what it likes to.
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as out:
        for member in arguments.members:
            out.write(archive.read(member))
    return 0


def _open_library(arguments: argparse.Namespace) -> dict[str, signedvfs.SignedVfs]:
    return signedvfs.open_stdlib(
        arguments.manifest,
        shared.policy_of(arguments),
        shared.limits_of(arguments),
        stdlib=arguments.stdlib,
        site=arguments.site,
    )


def _kind_of(archive: signedvfs.SignedVfs) -> str:
    return "directory" if Path(archive.path).is_dir() else "archive"


def _kind_of_root(role: str) -> str:
    # Installed packages are nobody's library but their own.
    return "directory" if role.startswith("site") else "library"


def _examine(archive: signedvfs.SignedVfs, arguments: argparse.Namespace) -> NativeReport | None:
    from signedvfs.packaging.native import Place, examine

    place = Place(str(Path(archive.path).absolute()), _kind_of(archive))
    return examine(archive.list(), archive.read, arguments.library, place)


def _examine_library(
    opened: dict[str, signedvfs.SignedVfs], arguments: argparse.Namespace
) -> tuple[dict[str, NativeReport | None], str | None]:
    # Nothing where --native was not asked for; with the glibc of this machine.
    if not arguments.native:
        return {}, None
    from signedvfs.packaging.native import Place, examine, glibc_here

    found = {
        role: examine(
            root.list(),
            root.read,
            arguments.library,
            Place(str(Path(root.path).absolute()), _kind_of_root(role)),
        )
        for role, root in opened.items()
    }
    return found, glibc_here()


def _native_lines(found: dict[str, NativeReport | None], output: Output) -> Iterator[str]:
    for role, report in found.items():
        said = "nothing" if report is None else native.summary_of(report)
        yield from output.fields([("native", f"{role}: {said}")])
        if report is not None:
            yield from native.lines_of(report, output)


def _in_front(archive: signedvfs.SignedVfs) -> dict[str, object]:
    length = archive.bytes_in_front or None
    is_signed = None if length is None else archive.prefix_length is not None
    return {"prefix_length": length, "prefix_signed": is_signed}


def _warn_of_unlisted(unlisted: list[str], output: Output) -> None:
    if not unlisted:
        return
    output.warn(
        f"{plural(len(unlisted), 'file')} not in the manifest, never to be imported through "
        f"signedvfs: {few(unlisted, 5)}"
    )
