"""Following imports through the standard library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from signedvfs.building.imports import Import, compiled, imports_of, texts_in, texts_of
from signedvfs.building.layout import library_directory, library_member
from signedvfs.building.minimal import Reached, reached
from signedvfs.building.own import own_items
from signedvfs.building.stdlib import library_items
from signedvfs.packaging.members import Item

LIBRARY = library_member(library_directory()[0])


def item(name: str, text: str) -> Item:
    return Item(name, name, text.encode)


def imports_in(text: str, *, is_library: bool = False) -> set[Import]:
    code = compiled(text.encode(), "it.py", is_library=is_library)
    assert code is not None
    return imports_of(code, is_library=is_library)


def test_every_kind_of_import() -> None:
    text = """
import a, b.c as d
from e import f, g as h
from . import i
from ..j.k import *
def function():
    class Inner:
        import deep
        def method(self): from deeper.still import it
lambda: __import__("text")
"""
    assert imports_in(text) == {
        Import(0, "a", ()),
        Import(0, "b.c", ()),
        Import(0, "e", ("f", "g")),
        Import(1, "", ("i",)),
        Import(2, "j.k", ("*",)),
        Import(0, "deep", ()),
        Import(0, "deeper.still", ("it",)),
    }


def test_what_only_developers_run() -> None:
    text = """
import a
def _test(): import doctest
if __name__ == "__main__":
    import pdb
"""
    assert imports_in(text, is_library=True) == {Import(0, "a", ())}
    assert len(imports_in(text)) == 3


def test_many_constants() -> None:
    # Beyond 256 of them instructions get prefixes.
    text = "".join(f"x{number} = {number}.5\n" for number in range(300)) + "from late import it\n"
    assert imports_in(text) == {Import(0, "late", ("it",))}


def test_texts() -> None:
    code = compiled(b"X = {'a', ('b.c', 1)}\ndef f(): return 'd'", "it.py")
    assert code is not None
    assert {"a", "b.c", "d"} <= texts_of(code)
    assert texts_in(b"\0\0json\0no such module json.decoder\0x\xff\0os.path\0") == {
        "json",
        "os.path",
    }
    assert compiled(b"def (", "it.py") is None


@pytest.fixture(scope="module")
def library() -> list[Item]:
    return library_items()


def reach(library: list[Item], *items: Item) -> Reached:
    return reached(library, LIBRARY, items, own_items())


def names_of(found: Reached) -> set[str]:
    return {one.name[len(LIBRARY) + 1 :] for one in found.items}


def test_a_script_that_imports_nothing(library: list[Item]) -> None:
    found = reach(library, item("__main__.py", "print(1)\n"))
    names = names_of(found)
    assert {"encodings/__init__.py", "encodings/cp1252.py", "os.py", "io.py", "runpy.py"} <= names
    assert "wsgiref/util.py" not in names
    assert {"xmlrpc.server", "unittest.mock", "wsgiref.util"} <= set(found.unreached)
    assert len(names) < len(library) * 0.7
    # Data files go with their packages.
    assert not any(name.startswith("venv/") for name in names)
    # Each module is either here or there.
    assert names.isdisjoint(f"{name.replace('.', '/')}.py" for name in found.unreached)
    modules = {one.name for one in library if one.name.endswith((".py", ".so"))}
    modules -= {one for one in modules if one.endswith("/__phello__.foo.py")}  # no import finds it
    kept = {one.name for one in found.items if one.name.endswith((".py", ".so"))}
    assert len(kept) + len(found.unreached) == len(modules)


def test_each_way_to_a_module(library: list[Item]) -> None:
    found = reach(
        library,
        item("app/__init__.py", "from .part import it\n"),
        item("app/part.py", "def f():\n    from xml.dom import minidom\n"),
        item("app/dynamic.py", "MODULE = 'wsgiref.simple_server'\n"),
        item("app/settings.py", "import dbm\nimport sysconfig\nimport venv\n"),
    )
    names = names_of(found)
    assert {"xml/dom/minidom.py", "xml/dom/__init__.py", "xml/__init__.py"} <= names
    assert "wsgiref/simple_server.py" in names
    assert "dbm/dumb.py" in names
    assert any(name.startswith("_sysconfigdata") for name in names)
    assert any(name.startswith("venv/scripts/") for name in names)
    assert "xmlrpc.server" in found.unreached


# Imports of many kinds, native ones and those that C code asks for.
_PROGRAM = """
import asyncio, concurrent.futures, csv, ctypes, datetime, decimal, email.message, hashlib
import http.client, json, logging.handlers, multiprocessing.pool, pickle, re, sqlite3, ssl
import subprocess, tempfile, time, unittest.mock, urllib.request, uuid, xml.etree.ElementTree
import xml.sax, zipfile, zoneinfo
asyncio.run(asyncio.sleep(0))
time.strptime("2026", "%Y")
datetime.datetime.strptime("2026", "%Y")
assert pickle.loads(pickle.dumps(decimal.Decimal(1))) == 1
xml.sax.make_parser()
xml.etree.ElementTree.fromstring("<a/>")
"ä".encode("cp1252")
try:
    sqlite3.connect(":memory:").execute("no sql")
except sqlite3.Error:
    pass
"""
_RUN = """
import sys
text = open(sys.argv[1]).read()
library = sys.argv[2]
for name in list(sys.modules):
    if name not in sys.builtin_module_names and name not in ("__main__", "sys"):
        spec = getattr(sys.modules[name], "__spec__", None)
        if spec is not None and spec.origin not in ("built-in", "frozen"):
            sys.modules.pop(name)
sys.path[:] = [library, library + "/lib-dynload"]
sys.path_importer_cache.clear()
exec(compile(text, "program", "exec"), {"__name__": "program"})
specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
bad = [spec.origin for spec in specs
       if spec is not None and spec.has_location and not spec.origin.startswith(library)]
assert not bad, bad
"""


def test_a_program_runs_with_what_was_reached(library: list[Item], tmp_path: Path) -> None:
    found = reach(library, item("__main__.py", _PROGRAM))
    for one in found.items:
        path = tmp_path / "library" / one.name[len(LIBRARY) + 1 :]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.read())
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", _RUN, str(program), str(tmp_path / "library")],
        check=True,
    )
    # The same with a module less does not: the test can fail.
    (tmp_path / "library/xml/sax/expatreader.py").unlink()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", _RUN, str(program), str(tmp_path / "library")],
        check=False,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 1
