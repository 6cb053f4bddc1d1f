"""Taking a collection of another freezer into an executable."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from signedvfs.building.errors import BuildError
from signedvfs.building.frozen.cxfreeze import collect_cxfreeze
from signedvfs.building.frozen.frozen import Frozen
from signedvfs.building.frozen.pyinstaller import collect_pyinstaller
from signedvfs.building.frozen.standard import Standard
from signedvfs.packaging.directories import identity
from signedvfs.packaging.members import Members

Freezer = Literal["pyinstaller", "cxfreeze"]
_FREEZERS = {"pyinstaller": collect_pyinstaller, "cxfreeze": collect_cxfreeze}


def check_alone(
    sources: Sequence[str | os.PathLike[str]],
    main: str | None,
    script: str | None,
    requirements: Sequence[object],
    without: Sequence[str],
) -> None:
    """check_alone raises BuildError where more is given than one collection: what it consists of,
    and what it runs, the freezer was told."""
    if len(sources) != 1:
        raise BuildError(
            f"one collection is built at a time, and here are {len(sources)}",
            "Build each into an executable of its own.",
        )
    if main is not None or script is not None or requirements or without:
        raise BuildError(
            "a collection has its program and what that needs, and something else is named",
            "Leave -m, -c, -r and --exclude out, or tell the freezer.",
        )


def collect_frozen(members: Members, freezer: Freezer, path: Path, never: Sequence[Path]) -> Frozen:
    """collect_frozen adds to `members` what the `freezer` has made at `path`: a directory, or the
    executable in it or alone. The files `never` are left out. Raises BuildError, PackError,
    OSError."""
    if freezer not in _FREEZERS:
        raise ValueError(f"freezer must be 'pyinstaller' or 'cxfreeze', not {freezer!r}")
    path.stat()
    frozen = _FREEZERS[freezer](members, path.absolute(), Standard())
    unwanted = {identity(one.stat()) for one in never if one.exists()}
    for name, item in list(members.items.items()):
        origin = Path(item.origin)
        if unwanted and origin.is_file() and identity(origin.stat()) in unwanted:
            del members.items[name]
            members.leave_out(item.origin, "a key, or the executable itself")
    return frozen
