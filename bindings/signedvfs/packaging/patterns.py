"""Patterns of paths: `*`, `?` and `[...]` within a name, `**` for any directories."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


class Pattern:
    """Pattern is a relative path whose components may be patterns."""

    def __init__(self, components: Sequence[str]) -> None:
        self._components = tuple(components)

    def fits(self, path: str) -> bool:
        """fits tells whether the file `path`, relative and with slashes, is one of those meant."""
        return _fits(path.split("/"), self._components)

    def leads_on(self, path: str) -> bool:
        """leads_on tells whether such a file may be below the directory `path`."""
        return _leads_on(path.split("/"), self._components)


def _fits(names: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        return _fits(names, pattern[1:]) or (bool(names) and _fits(names[1:], pattern))
    return bool(names) and fnmatchcase(names[0], pattern[0]) and _fits(names[1:], pattern[1:])


def _leads_on(names: Sequence[str], pattern: Sequence[str]) -> bool:
    if not names or not pattern:
        return bool(pattern)
    if pattern[0] == "**":
        return True
    return fnmatchcase(names[0], pattern[0]) and _leads_on(names[1:], pattern[1:])
