"""Archives whose own bootstrap unpacks them, and runs what then lies on the disk.

A signature covers the archive. What a bootstrap has written to a cache is read again at the next
start, and nobody verifies it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Who makes such archives, and members that together give them away. A name that ends in a slash is
# a directory. Modules may be compiled.
_MARKS = {
    "shiv": ("_bootstrap/__init__.py", "environment.json"),
    "pex": ("PEX-INFO", "__main__.py"),
    "Bazel": ("runfiles/", "__main__.py"),
}
# Bazel's library for these files is a package of the same name.
_NO_MARKS = {"Bazel": ("runfiles/__init__.py",)}


def self_unpacking(names: Iterable[str]) -> str | None:
    """self_unpacking returns which tool's bootstrap an archive with these members has, or None."""
    known = set(names)

    def has(name: str) -> bool:
        if name.endswith("/"):
            return any(one.startswith(name) for one in known)
        return name in known

    return _tool(has)


def unpacks_itself(is_file: Callable[[str], bool], is_dir: Callable[[str], bool]) -> str | None:
    """unpacks_itself returns the same of an archive that can be asked, without listing it."""
    return _tool(lambda name: is_dir(name[:-1]) if name.endswith("/") else is_file(name))


def _tool(has: Callable[[str], bool]) -> str | None:
    def has_module(name: str) -> bool:
        return has(name) or (name.endswith(".py") and has(f"{name}c"))

    for tool, marks in _MARKS.items():
        if all(map(has_module, marks)) and not any(map(has_module, _NO_MARKS.get(tool, ()))):
            return tool
    return None
