"""extract: verified members as files."""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import signedvfs
from signedvfs import _tools
from signedvfs.cli import arguments as shared
from signedvfs.cli.commands import Commands
from signedvfs.cli.failures import CliError
from signedvfs.cli.output import Output, plural, shell_word, size_text
from signedvfs.cli.progress import Progress
from signedvfs.cli.reading import open_archive

_EXTRACT = """\
Writes members (all of them, or those named: a name, or a directory for all
that is in it) as files below DIR. Each is verified before its file appears,
whole or not at all. Existing files are left alone unless --force is given.
Nothing is ever written outside of DIR, and symbolic links inside of it are
not followed.

With all members comes the manifest, so that DIR is a directory that is signed
as the archive was: `run`, `verify` and the import hook take it under the same
keys. Other programs do not look at that: for them what is extracted is no
longer protected. --no-keep-manifest leaves the manifest out.

examples:
  signedvfs extract app.zip -C out --trust app.pub
  signedvfs run --trust app.pub out
  signedvfs extract app.zip myapp/static -C out --trust app.pub --force
"""

MANIFEST = "signedimp-manifest.txt"

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def add_to(commands: Commands) -> None:
    """add_to adds the command of this module."""
    parser = commands.add("extract", extract, "write verified members as files", _EXTRACT)
    parser.add_argument("path", metavar="PATH", help="signed archive or directory")
    parser.add_argument("members", metavar="MEMBER", nargs="*", help="name or directory")
    parser.add_argument("-C", "--directory", metavar="DIR", required=True, help="where files go")
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    keep = parser.add_mutually_exclusive_group()
    keep.add_argument(
        "--keep-manifest",
        action="store_true",
        default=None,
        help="write the manifest, too (default where all members are extracted)",
    )
    keep.add_argument(
        "--no-keep-manifest",
        action="store_false",
        dest="keep_manifest",
        help="write no manifest",
    )
    shared.add_trust(parser)
    shared.add_reporting(parser, quiet=True)


def extract(arguments: argparse.Namespace, output: Output) -> int:
    """extract writes members as files."""
    archive = open_archive(arguments)
    names = _chosen(archive.list(), arguments.members, arguments.path)
    manifest = _manifest(archive, arguments)
    Path(arguments.directory).mkdir(parents=True, exist_ok=True)
    # The one path that may be a link: the user named it.
    root = os.open(arguments.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    size = 0
    try:
        if not arguments.force:
            own = [] if manifest is None else [MANIFEST]
            _refuse_existing(root, names + own, arguments.directory)
        with Progress(output, "extracting") as progress:
            for done, name in enumerate(names, 1):
                content = archive.read(name)
                _write(root, name, content, arguments)
                size += len(content)
                progress(done, len(names))
        if manifest is not None:  # the last: without it a directory is not signed
            _write(root, MANIFEST, manifest, arguments)
    finally:
        os.close(root)
    facts = {
        "path": arguments.path,
        "directory": arguments.directory,
        "extracted": names,
        "size": size,
        "manifest": manifest is not None,
    }
    done_text = f"{plural(len(names), 'member')}, {size_text(size)}"
    into = f"{output.paint('extracted', 'green')} into {arguments.directory}"
    kept = ", and the manifest" if manifest is not None else ""
    output.report(facts, [f"{into}: {done_text}{kept}"])
    return 0


def _manifest(archive: signedvfs.SignedVfs, arguments: argparse.Namespace) -> bytes | None:
    if arguments.members:
        if arguments.keep_manifest:
            raise CliError(
                "the manifest lists all members, and some only are to be extracted: such a "
                "directory would lack the others",
                "Name no members, or leave --keep-manifest out.",
            )
        return None
    if arguments.keep_manifest is False:
        return None
    return _tools._manifest_text(archive)


def _chosen(names: list[str], wanted: list[str], path: str) -> list[str]:
    if not wanted:
        return names
    chosen = set()
    for want in wanted:
        below = want.rstrip("/") + "/"
        found = {name for name in names if name == want or name.startswith(below)}
        if not found:
            raise CliError(
                f"{path} has no member or directory {want!r}",
                f"See what it has: signedvfs list {shell_word(path)} --trust ...",
                "NotFound",
            )
        chosen |= found
    return [name for name in names if name in chosen]


def _refuse_existing(root: int, names: list[str], directory: str) -> None:
    for name in names:
        try:
            os.stat(name, dir_fd=root, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            continue
        raise _exists(name, directory)


def _exists(name: str, directory: str) -> CliError:
    return CliError(
        f"{Path(directory) / name} exists",
        "Extract into an empty directory, or replace files with --force.",
        "Exists",
    )


@contextmanager
def _parent_of(root: int, name: str) -> Iterator[tuple[int, str]]:
    *parents, last = name.split("/")
    if any(part in ("", ".", "..") for part in (*parents, last)):
        raise CliError(f"{name!r} is no path below a directory")
    here = os.dup(root)
    try:
        for part in parents:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
            below = os.open(part, _DIRECTORY, dir_fd=here)
            os.close(here)
            here = below
        yield here, last
    finally:
        os.close(here)


def _write(root: int, name: str, content: bytes, arguments: argparse.Namespace) -> None:
    try:
        with _parent_of(root, name) as (parent, last):
            _write_in(parent, last, content, arguments.force)
    except FileExistsError:
        raise _exists(name, arguments.directory) from None
    except (NotADirectoryError, IsADirectoryError) as error:
        raise CliError(
            f"{Path(arguments.directory) / name}: {error.filename!r} is in the way: links "
            "are not followed, and files and directories do not replace each other",
            "Extract into an empty directory.",
            "Exists",
        ) from None


def _write_in(parent: int, name: str, content: bytes, force: bool) -> None:
    temporary = f".signedvfs-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o666, dir_fd=parent), "wb") as file:
            file.write(content)
        if force:
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        else:
            # link(2), unlike rename(2), fails where the name has been taken in the meantime.
            os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=parent)
