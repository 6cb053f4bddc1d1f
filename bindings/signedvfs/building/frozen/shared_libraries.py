"""The shared libraries of a collection: dropped, or carried where all native code finds them.

Freezers put libraries into one directory, and have the linker look there for whatever is needed.
In an archive that is `python.libs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from signedvfs._tools import _shared_object
from signedvfs.building.libraries import Libraries
from signedvfs.building.linker import Found
from signedvfs.packaging.members import Item, Members
from signedvfs.packaging.native import is_object_name

_FOR_LIBRARY = "only modules of the standard library need it, and the launcher has its own"
_OWN = "the interpreter's own is carried"


def settle_libraries(
    members: Members, place: str, dropped: Iterable[Item], carried: Libraries
) -> None:
    """settle_libraries goes through the libraries among `members`.

    Those that only `dropped` modules need are removed, and so are those directly in the directory
    `place` whose names are `carried` with the interpreter; what else is there and needed is carried
    from now on. A library that nothing needs stays: programs open such by ctypes.
    """
    objects = _Objects(members)
    for name in objects.needed_only_by(dropped):
        members.leave_out(members.items.pop(name).origin, _FOR_LIBRARY)
    for name in objects.directly_in(place):
        if name in members.items and name.rpartition("/")[2] in carried.found:
            members.leave_out(members.items.pop(name).origin, _OWN)
    needed = {one for name in members.items for one in objects.needed(name)}
    moved = []
    for name in objects.directly_in(place):
        base = name.rpartition("/")[2]
        facts = objects.facts[name]
        if name in members.items and base in needed and facts is not None:
            item = members.items.pop(name)
            carried.found[base] = Found(Path(item.origin), item.read(), facts)
            moved.append(base)
    # All of them are known by now, and need each other first.
    for base in moved:
        carried.add_needed(carried.found[base])


class _Objects:
    def __init__(self, members: Members) -> None:
        self.facts: dict[str, dict[str, Any] | None] = {}
        self._by_name: dict[str, list[str]] = {}
        for name, item in members.items.items():
            if not item.data and is_object_name(name):
                self.facts[name] = _facts(item)
                self._by_name.setdefault(name.rpartition("/")[2], []).append(name)

    def needed(self, member: str) -> tuple[str, ...]:
        facts = self.facts.get(member)
        return () if facts is None else tuple(facts["needed"])

    def directly_in(self, place: str) -> list[str]:
        return sorted(name for name in self.facts if name.rpartition("/")[0] == place)

    def needed_only_by(self, dropped: Iterable[Item]) -> list[str]:
        facts = [_facts(item) for item in dropped]
        candidates = self._reached(name for one in facts if one for name in one["needed"])
        kept = [member for member in self.facts if member not in candidates]
        return sorted(candidates - self._reached(one for name in kept for one in self.needed(name)))

    def _reached(self, begin: Iterable[str]) -> set[str]:
        # The members that have these names, and those that they need.
        found: set[str] = set()
        waiting = [member for name in begin for member in self._by_name.get(name, ())]
        while waiting:
            member = waiting.pop()
            if member not in found:
                found.add(member)
                for name in self.needed(member):
                    waiting += self._by_name.get(name, ())
        return found


def _facts(item: Item) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = _shared_object(item.read())
    except ImportError:
        return None  # examined once more, and told, when all is there
    return found
