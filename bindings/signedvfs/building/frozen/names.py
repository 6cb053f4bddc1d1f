"""Names that come out of a collection: paths of members, and modules."""

from __future__ import annotations

from signedvfs.building.errors import BuildError
from signedvfs.packaging.members import Item, Members, unwanted

_AGAIN = "Make the collection again."


def checked_path(name: str, origin: str) -> str:
    """checked_path returns the relative path `name`; BuildError where it leads somewhere else."""
    parts = name.split("/")
    if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise BuildError(f"{origin} has an entry {name!a}, which is no path inside it", _AGAIN)
    return name


def module_path(name: str, origin: str, *, is_package: bool) -> str:
    """module_path returns the path of the .pyc file of a dotted name. Raises BuildError."""
    if "/" in name:
        raise BuildError(f"{origin} has a module {name!a}, which is no name of one", _AGAIN)
    path = checked_path(name.replace(".", "/"), origin)
    return f"{path}/__init__.pyc" if is_package else f"{path}.pyc"


def module_of(path: str) -> str:
    """module_of returns the dotted name that a .py, .pyc or .so file is imported by; "" where it is
    none of these."""
    directory, _, base = path.rpartition("/")
    stem, _, rest = base.partition(".")
    if rest not in ("py", "pyc") and not rest.endswith("so"):
        return ""
    parts = directory.split("/") if directory else []
    if stem != "__init__":
        parts.append(stem)
    return ".".join(parts)


def put(members: Members, item: Item) -> None:
    """put adds an item, unless no archive should have it. Raises PackError."""
    reason = unwanted(item.name)
    if reason:
        members.leave_out(item.origin, reason)
    else:
        members.add(item)
