"""split: an executable taken apart into what it was made of."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from signedvfs import Limits, TrustPolicy, unsign
from signedvfs.building.errors import BuildError
from signedvfs.building.executable import Executable, blank_launcher, open_executable, padded
from signedvfs.building.layout import MODE

AnyPath = Union[str, "os.PathLike[str]"]

LAUNCHER = "launcher"
ARCHIVE = "archive.zip"

# PKWARE's APPNOTE.TXT, 4.3.12 to 4.3.16.
_ENTRY_SIZE = 46
_END_SIZE = 22
_END64_SIZE = 56
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20


@dataclass(frozen=True)
class SplitReport:
    """SplitReport says what an executable was split into."""

    launcher: str  # as it was before rules were put into it
    archive: str  # as it was before it was signed


def split(
    executable: AnyPath,
    directory: AnyPath,
    *,
    policy: TrustPolicy | None = None,
    limits: Limits | None = None,
) -> SplitReport:
    """split writes the launcher and the archive of an executable to the new files `launcher` and
    `archive.zip` of `directory`, which it makes where it is missing: byte for byte what went in,
    so without rules and without signatures.

    The executable is opened first, under `policy` or by what its launcher says. Raises BuildError
    where it is none that `build` has made, IntegrityCheckError, OSError.
    """
    into = Path(directory)
    opened = open_executable(Path(executable), policy, limits)
    launcher = blank_launcher(opened.launcher)
    into.mkdir(parents=True, exist_ok=True)
    for name in (LAUNCHER, ARCHIVE):
        if os.path.lexists(into / name):
            raise BuildError(f"{into / name} is there already", "Name an empty directory.")
    with tempfile.TemporaryDirectory(prefix=".signedvfs-", dir=into) as unfinished:
        front, rest = Path(unfinished, LAUNCHER), Path(unfinished, ARCHIVE)
        front.write_bytes(launcher)
        front.chmod(MODE)
        rest.write_bytes(_archive_of(opened, Path(unfinished), limits))
        front.replace(into / LAUNCHER)
        rest.replace(into / ARCHIVE)
    return SplitReport(str(into / LAUNCHER), str(into / ARCHIVE))


def _archive_of(opened: Executable, work: Path, limits: Limits | None) -> bytes:
    unsigned = work / "unsigned"
    unsign(opened.path, unsigned, limits)
    content = unsigned.read_bytes()
    unsigned.unlink()
    front = len(padded(opened.launcher))
    return moved(content[front:], front)


def moved(archive: bytes, by: int) -> bytes:
    """moved returns a zip archive, written by us, whose offsets count from `by` bytes in front of
    it, with such that count from its beginning. Raises BuildError where it has parts behind 4 GiB.
    """
    content = bytearray(archive)

    def number(at: int, size: int) -> int:
        return int.from_bytes(content[at : at + size], "little")

    def shift(at: int, size: int) -> None:
        if number(at, size) == (1 << 8 * size) - 1:
            raise BuildError("an archive of more than 4 GiB is not split", "Keep what it is of.")
        content[at : at + size] = (number(at, size) - by).to_bytes(size, "little")

    end = len(content) - _END_SIZE
    locator = end - _LOCATOR_SIZE
    directory, size = number(end + 16, 4), number(end + 12, 4)
    if content[locator : locator + 4] == _LOCATOR:
        record = locator - _END64_SIZE
        directory, size = number(record + 48, 8), number(record + 40, 8)
        shift(record + 48, 8)
        shift(locator + 8, 8)
    if number(end + 16, 4) != (1 << 32) - 1:
        shift(end + 16, 4)
    at = directory - by
    while at < directory - by + size:
        shift(at + 42, 4)
        at += _ENTRY_SIZE + number(at + 28, 2) + number(at + 30, 2) + number(at + 32, 2)
    return bytes(content)
