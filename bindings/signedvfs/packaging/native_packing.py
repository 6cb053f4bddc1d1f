"""Native code among what is packed: stripped, examined, and noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, Members, source_of
from signedvfs.packaging.native import (
    NOTES,
    Native,
    NativeReport,
    Problem,
    is_object_name,
    is_older,
)
from signedvfs.packaging.native_notes import find_notes, text_of
from signedvfs.packaging.stripping import Stripper, Unstripped
from signedvfs.packaging.targets import Target, is_for_another


def strip_objects(
    members: Members, work: Path, target: Target | None
) -> tuple[int, list[Unstripped]]:
    """strip_objects replaces the shared objects among `members`, but for data, by stripped ones,
    which it keeps in `work`. Returns how many bytes that saves, and which stay as they are."""
    directory = work / "stripped"
    directory.mkdir()
    stripper = Stripper(directory, None if target is None else target.machine)
    for number, (name, item) in enumerate(sorted(members.items.items())):
        if item.data or not is_object_name(name):
            continue
        content = item.read()
        stripped = stripper.strip(content, name, item.origin)
        if stripped != content:
            file = directory / str(number)
            file.write_bytes(stripped)
            members.items[name] = replace(item, read=file.read_bytes, changed=True)
    return stripper.saved, stripper.unstripped


def examine_items(
    members: Members, items: Sequence[Item], target: Target | None, libraries: Sequence[str]
) -> tuple[NativeReport | None, list[Item]]:
    """examine_items reports on the native code among `items`, what `members` have settled on.

    `libraries` are as for `Native`. Returns the report, None where there is none, and the items to
    pack: with notes, if any.
    """
    if NOTES in members.items:
        origin = members.items[NOTES].origin
        raise PackError(f"{origin} has the name of the notes to be made", "Remove it.")
    if not any(is_object_name(item.name) for item in items):
        return None, list(items)
    found = {item.name: item for item in items}
    machine = None if target is None else target.machine
    native = Native(
        list(found), lambda name: found[name].read(), machine or _own_machine(), libraries
    )
    notes = find_notes(native, {name: source_of(item) for name, item in found.items()})
    for name in native.objects:
        if is_for_another(name.rpartition("/")[2], target):
            wanted = "this one" if target is None else str(target)
            native.problems.append(
                Problem(
                    name,
                    f"{name} is an extension module for another Python than {wanted}",
                    "Pack the build of it that fits.",
                )
            )
    promised = None if target is None else target.glibc
    for one in native.report(()).objects if promised else ():
        if one.glibc and promised and is_older(promised, one.glibc):
            native.problems.append(
                Problem(
                    one.member,
                    f"{one.member} needs glibc {one.glibc}, and {target} promises {promised}",
                    "Pack a build of it for that platform, or name a later one.",
                )
            )
    if not notes:
        return native.report(()), list(items)
    members.add(Item(NOTES, "the notes of libraries", lambda: text_of(notes)))
    ordered = sorted(members.items.values(), key=lambda item: item.name.encode())
    return native.report(notes), ordered


def _own_machine() -> str:
    import platform

    return platform.machine()
