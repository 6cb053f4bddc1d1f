"""Distributions by their names, as the file names of wheels have them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from signedvfs.packaging.errors import PackError


def normalized(name: str) -> str:
    """normalized returns the one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(wheel: Path) -> str:
    """name_of returns the normalized name of the distribution in a wheel, from its file's name."""
    return normalized(wheel.name.partition("-")[0])


def split_off(
    wheels: Sequence[Path], unwanted: Iterable[str]
) -> tuple[list[Path], list[tuple[Path, str]]]:
    """split_off returns the wheels to pack, and those that `unwanted` names, each with that name.

    Raises PackError where a name is that of no wheel: whoever excludes something relies on it.
    """
    names = {normalized(name): name for name in unwanted}
    found = {name_of(wheel) for wheel in wheels}
    for name, given in names.items():
        if name not in found:
            there = ", ".join(sorted(found)) or "none"
            raise PackError(
                f"there is no distribution {given!r} to exclude",
                f"What was resolved: {there}. What is not resolved need not be excluded.",
            )
    kept = [wheel for wheel in wheels if name_of(wheel) not in names]
    return kept, [(wheel, names[name_of(wheel)]) for wheel in wheels if name_of(wheel) in names]
