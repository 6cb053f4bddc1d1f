"""Data files that lie beside the sources, and go into the archive as they are."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from signedvfs.packaging.directories import Identity, add_directory
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Members, unwanted
from signedvfs.packaging.patterns import Pattern


class ExtraData(NamedTuple):
    """ExtraData is a file, a directory or a pattern of files, and the directory of the archive to
    put that below; None: the files keep their place, as seen from the current directory."""

    path: str
    target: str | None = None


def extra_data_of(text: str) -> ExtraData:
    """extra_data_of reads PATH[=TARGET]; the last "=" counts."""
    path, equals, target = text.rpartition("=")
    if not equals or os.path.lexists(text):
        return ExtraData(text)
    return ExtraData(path, target)


def add_extra_data(
    members: Members, data: ExtraData, exclude: Collection[Identity], *, follow_links: bool
) -> None:
    """add_extra_data adds the files that `data` names, none of them compiled.

    A file goes into the target by its name, a directory's content goes below it, and files that fit
    a pattern by their path behind its fixed part. Links are treated as in sources. Raises PackError
    where there is no such file.
    """
    fixed, pattern = _cut(data.path)
    prefix = _prefix(data, fixed)
    found = Members()
    add_directory(found, fixed, exclude, follow_links=follow_links, only=Pattern(pattern))
    for item in found.items.values():
        name = prefix + item.name
        if unwanted(name):
            members.leave_out(item.origin, unwanted(name))
        else:
            members.add(replace(item, name=name, data=True))
    members.left_out += found.left_out
    if not found.items:
        raise PackError(
            f"there is no file to include for {data.path!r}",
            "Name a file, a directory, or a pattern in quotes: --include-data 'assets/**/*.json'",
        )


def _cut(path: str) -> tuple[Path, Sequence[str]]:
    # A directory, and which files below it are meant.
    if not glob.has_magic(path) or os.path.lexists(path):
        if Path(path).is_dir():
            return Path(path), ("**",)
        Path(path).stat()  # or an error that names it
        return Path(path).parent, (glob.escape(Path(path).name),)
    parts = Path(path).parts
    fixed = next(count for count, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:fixed]), parts[fixed:]


def _prefix(data: ExtraData, fixed: Path) -> str:
    target = PurePosixPath(fixed if data.target is None else data.target)
    if target.is_absolute() or ".." in target.parts:
        if data.target is None:
            raise PackError(
                f"{data.path!r} is not below the current directory, so it has no place by itself",
                f"Say where it shall be in the archive: --include-data {data.path}=TARGET",
            )
        raise PackError(
            f"{data.target!r} is no directory of an archive",
            "Write it without a slash in front and without '..': --include-data PATH=app/data",
        )
    return "" if not target.parts else f"{target}/"
