"""Tk, which is packed for those who use it: it is large, and brings scripts that stay outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from signedvfs.packaging.members import Item, LeftOut

_NAMES = (b"tkinter", b"turtle", b"idlelib")  # the latter two of the library are made with it
_MODULE = "_tkinter."

WARNING = (
    "tkinter is packed, and the scripts of Tcl and Tk are not: the system has to have them where "
    "this runs, and nobody verifies them"
)


def names_tk(application: Iterable[Item]) -> bool:
    """names_tk tells whether code of the application mentions tkinter at all, or what uses it."""
    code = (one.read() for one in application if one.name.endswith((".py", ".pyc", ".pyw", ".so")))
    return any(name in content for content in code for name in _NAMES)


def packs_tk(names: Iterable[str]) -> bool:
    """packs_tk tells whether the module that needs Tk is among the members `names`."""
    return any(name.rpartition("/")[2].startswith(_MODULE) for name in names)


def without_tk(library: Sequence[Item]) -> tuple[list[Item], list[LeftOut]]:
    """without_tk returns the standard library's items without the module that needs Tk, so that
    nothing of what it needs is collected: to import tkinter is an ImportError then."""
    left_out = [one for one in library if packs_tk([one.name])]
    kept = [one for one in library if one not in left_out]
    reason = "the application does not name tkinter"
    return kept, [LeftOut(one.origin, reason) for one in left_out]
