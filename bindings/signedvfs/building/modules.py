"""The native code of what goes into an executable: what it needs is added, or told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from signedvfs import _tools
from signedvfs._tools import _shared_object
from signedvfs.building.errors import BuildError
from signedvfs.building.libraries import Libraries, closed
from signedvfs.building.linker import Found, is_of_glibc
from signedvfs.packaging.members import Item, LeftOut, Members
from signedvfs.packaging.native import Native, NativeReport, is_object_name


def close_library(items: Sequence[Item], libraries: Libraries) -> tuple[list[Item], list[LeftOut]]:
    """close_library adds to `libraries` what the extension modules among the standard library's
    `items` need. It returns the items to pack, those modules without their search paths, and the
    modules for which a library is missing: no program of this interpreter can import them either.
    """
    kept, left_out = [], []
    for item in items:
        if not is_object_name(item.name):
            kept.append(item)
            continue
        content = item.read()
        try:
            facts = _shared_object(content)
        except ImportError as error:
            left_out.append(LeftOut(item.origin, vars(error)["reason"]))
            continue
        missing = libraries.add_needed(Found(Path(item.origin), content, facts))
        if missing:
            left_out.append(LeftOut(item.origin, f"it needs {missing[0]}, which is not here"))
        else:
            kept.append(replace(item, read=partial(closed, content, facts)))
    return kept, left_out


def close_application(members: Members, libraries: Libraries) -> list[str]:
    """close_application adds to `libraries` what the shared objects among the application's
    `members` need and have not brought along, and takes the search paths out that lead out of the
    archive. It returns the names that are nowhere here: the system has to have them."""
    names = {name for name, item in members.items.items() if not item.data}
    native = Native(names, lambda name: members.items[name].read())
    missing: dict[str, None] = {}
    for name in native.order:
        facts = native.examined[name].facts
        if facts is None:
            continue  # examined once more, and told, when all is there
        item = members.items[name]
        wanted = [needed for needed, member in native.wanted[name].items() if member is None]
        wanted = [needed for needed in wanted if not is_of_glibc(needed)]
        if wanted:
            content = item.read()
            # Where it stands here tells nothing: what it brings along is in the archive.
            absolute = tuple(path for path in facts["search_paths"] if path.startswith("/"))
            found = Found(Path(item.origin), content, {**facts, "search_paths": absolute})
            missing.update(dict.fromkeys(libraries.add_needed(found, wanted)))
        if facts["foreign"]:
            changed = partial(_without, item)
            members.items[name] = replace(item, read=changed, changed=True)
    return list(missing)


def check_found(native: NativeReport | None, libraries: Libraries) -> None:
    """check_found raises BuildError where the importer would not find a library that is carried: it
    looks into every NAME.libs at the top, and takes none where two have the name."""
    for one in native.objects if native is not None else ():
        for name in (*one.system, *one.missing):
            if name in libraries.found and not is_of_glibc(name):
                raise BuildError(
                    f"{one.member} needs {name}, and a distribution has one of that name, too",
                    "Leave that one out (--exclude DIST), or use a wheel of it that auditwheel has "
                    "repaired: then its libraries have names of their own.",
                )


def _without(item: Item) -> bytes:
    return _tools._without_search_path(item.read())
