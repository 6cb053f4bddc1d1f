"""Which libraries the code of an archive will ask the linker for by name, while it runs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from signedvfs.packaging.native import Native

# What only the import system looks for: "_it.cpython-312-x86_64-linux-gnu.so", "_it.abi3.so".
_MODULE = re.compile(r".*\.(cpython-\w+-[\w-]+|abi3t?)\.so")


def find_notes(native: Native, distribution_of: Mapping[str, str]) -> list[tuple[str, str]]:
    """find_notes returns pairs of an object and a library of the same distribution that has the
    name of a text in it, sorted; what the object needs anyway is no such library.

    dlopen("libx.so") leaves no other trace than that text. It is found where it is a C string of
    its own: not where a name is put together, or stands in Rust or Go.
    """
    notes = set()
    for distribution in _distributions(native, distribution_of):
        for name, libraries in _by_name(native, distribution).items():
            for member in distribution:
                if name in native.examined[member].names and len(libraries) == 1:
                    notes.add((member, libraries[0]))
    return sorted(
        ((member, library) for member, library in notes if not _is_needed(native, member, library)),
        key=lambda pair: (pair[0].encode(), pair[1].encode()),
    )


def text_of(notes: Iterable[tuple[str, str]]) -> bytes:
    """text_of returns the member of those notes."""
    return "".join(f"{member}\t{library}\n" for member, library in notes).encode()


def _distributions(native: Native, of: Mapping[str, str]) -> Iterable[list[str]]:
    found = defaultdict(list)
    for member in native.order:
        if native.examined[member].facts is not None:
            found[of.get(member, "")].append(member)
    return found.values()


def _by_name(native: Native, members: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for member in members:
        facts, base = native.examined[member].facts, member.rpartition("/")[2]
        if facts is None or _MODULE.fullmatch(base):
            continue
        for name in {base, facts["soname"]} - {""}:
            found[name].append(member)
    return found


def _is_needed(native: Native, member: str, library: str) -> bool:
    # Loaded before the object in any case, or not before it: the library needs the object.
    return (
        member == library
        or library in native.all_needed(member)
        or member in native.all_needed(library)
    )
