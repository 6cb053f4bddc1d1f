"""Tk is packed for those who use it."""

from __future__ import annotations

import pytest

from signedvfs.building.tk import names_tk, packs_tk, without_tk
from signedvfs.packaging.members import Item
from tests.bindings.building.conftest import Built


def item(name: str, text: str = "") -> Item:
    return Item(name, f"/{name}", text.encode)


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("app.py", "import tkinter as tk", True),
        ("app.py", "importlib.import_module('tkinter.ttk')", True),
        ("app/drawing.pyc", "\0turtle\0", True),
        ("app.py", "import asyncio", False),
        ("notes.txt", "we do not use tkinter", False),
    ],
)
def test_who_uses_it(name: str, text: str, names: bool) -> None:
    assert names_tk([item("other.py"), item(name, text)]) == names


def test_its_module_is_left_out_alone() -> None:
    native = item("lib/python3.11/lib-dynload/_tkinter.cpython-311-x86_64-linux-gnu.so")
    others = [item("lib/python3.11/tkinter/__init__.py"), item("lib/python3.11/json/tool.py")]
    kept, left_out = without_tk([native, *others])
    assert kept == others
    assert [one.path for one in left_out] == [native.origin]
    assert packs_tk([native.name])
    assert not packs_tk(one.name for one in others)


def test_a_script_that_does_not(built: Built) -> None:
    assert not packs_tk(name for one in built.report.packages for name in one.files)
    assert not any("libtk" in name or "libX11" in name for name in built.report.libraries)
    assert built.report.warnings == ()
