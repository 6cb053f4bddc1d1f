"""A launcher, padding and an archive: the three parts of an executable."""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import signedvfs
from signedvfs import Limits, SignedVfs, TrustPolicy, _tools
from signedvfs.building.elf import elf_size, sections
from signedvfs.building.errors import BuildError
from signedvfs.building.layout import MODE, PAGE

# Where one that has Python linked in says which: its sys.version, and a NUL.
_PYTHON = b".svfs_python"


def read_launcher(path: Path) -> bytes:
    """read_launcher returns a launcher that nothing has been appended to. Raises BuildError."""
    content = path.read_bytes()
    size = elf_size(content)
    if size != len(content):
        behind = "" if size is None else ": something stands behind it"
        raise BuildError(
            f"{path} is no launcher{behind}", "Take the one that signedvfs was installed with."
        )
    return content


def blank_launcher(launcher: bytes) -> bytes:
    """blank_launcher returns the launcher as it was built, without the rules that were put into it,
    and not hardened. Raises BuildError where it has no place for them, IntegrityCheckError."""
    try:
        return _tools._unpatch_launcher(launcher)
    except ValueError as error:
        raise BuildError("what stands in front is no launcher of signedvfs", "") from error


def python_in(launcher: bytes) -> str | None:
    """python_in returns sys.version of the interpreter that is linked into a launcher; None where
    it has none, and loads the one that the archive has."""
    for one in sections(launcher):
        if one.name == _PYTHON:
            content = launcher[one.offset : one.offset + one.size]
            return content.partition(b"\0")[0].decode("utf-8", "replace")
    return None


def padded(launcher: bytes) -> bytes:
    """padded returns the launcher with zeros behind it, up to where the archive begins."""
    return launcher + bytes(-len(launcher) % PAGE)


def put_together(launcher: bytes, archive: Path, output: Path) -> None:
    """put_together writes both to the new file `output`, and lets everybody execute it."""
    with archive.open("rb") as rest, output.open("xb") as file:
        file.write(padded(launcher))
        shutil.copyfileobj(rest, file, 1 << 20)
        os.fchmod(file.fileno(), MODE)


@dataclass(frozen=True)
class Executable:
    """Executable is one that was opened: its archive, and the launcher with what it goes by."""

    path: Path
    archive: SignedVfs
    launcher: bytes
    rules: TrustPolicy
    shows_info: bool
    verifies_all: bool
    hardened: bool


def launcher_of(path: Path) -> bytes:
    """launcher_of returns the launcher of the executable `path`, which nobody has verified yet.
    Raises BuildError where it is none that `build` has made, OSError."""
    front = bytes_in_front(path)
    size = elf_size(front)
    if size is None or padded(front[:size]) != front:
        raise BuildError(
            f"{path} is no executable that `signedvfs build` has made",
            "For an archive, see: signedvfs list, signedvfs verify.",
        )
    return front[:size]


def open_executable(
    path: Path, policy: TrustPolicy | None = None, limits: Limits | None = None
) -> Executable:
    """open_executable opens an executable under `policy`, or, where that is None, by what its own
    launcher says: then it tells what is inside, and not that it is to be trusted. All of it is
    verified, the launcher included.

    Raises BuildError where it is none, IntegrityCheckError where it is refused, OSError.
    """
    launcher = launcher_of(path)
    rules, *choices = _tools._launcher_rules(launcher)
    archive = signedvfs.open(path, rules if policy is None else policy, limits)
    if archive.prefix_length != len(padded(launcher)):
        raise BuildError(f"{path}: the signature does not cover the launcher", "Build it anew.")
    archive.verify_all()
    return Executable(path, archive, launcher, rules, *choices)


def bytes_in_front(path: Path) -> bytes:
    """bytes_in_front returns what stands in front of a zip archive, or b"" where `path` is none.
    Nobody has verified it yet: what is signed is compared with this, and whoever lies about it is
    found out then. Raises OSError."""
    try:
        with zipfile.ZipFile(path) as container:
            begin = min((one.header_offset for one in container.infolist()), default=0)
    except zipfile.BadZipFile:
        return b""
    with path.open("rb") as file:
        return file.read(begin)
