"""The files of a collection that is a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from signedvfs.building.errors import BuildError
from signedvfs.building.frozen.names import checked_path
from signedvfs.packaging.members import Members
from signedvfs.packaging.native import is_object_name


class File(NamedTuple):
    """File is one, by its path in the directory."""

    name: str
    path: Path


def files_of(top: Path, members: Members, without: str = "") -> Iterator[File]:
    """files_of gives out the files below `top`, in order, but for its directory `without`.

    A link becomes what it leads to, in here; one by which a library is found under the same name in
    another directory is left out: libraries are found by their names. Raises BuildError where a
    link leads out.
    """
    inside = top.resolve()
    for directory, below, names in os.walk(top, onerror=_fail):
        here = Path(directory)
        if here == top and without in below:
            below.remove(without)
        for name in below:
            if (here / name).is_symlink():
                raise BuildError(
                    f"{here / name} is a link to a directory", "Put the directory there instead."
                )
        below.sort()
        for name in sorted(names):
            path = here / name
            relative = path.relative_to(top).as_posix()
            if path.is_symlink():
                target = path.resolve()
                if not target.is_file() or inside not in target.parents:
                    raise BuildError(
                        f"{path} is a link to {target}, which is no file of the collection",
                        "Put the file there instead.",
                    )
                if is_object_name(name) and target.name == name:
                    members.leave_out(str(path), f"a link to {target.relative_to(inside)}")
                    continue
            elif not path.is_file():
                raise BuildError(f"{path} is no file", "Remove it.")
            yield File(checked_path(relative, str(top)), path)


def _fail(error: OSError) -> None:
    raise error
