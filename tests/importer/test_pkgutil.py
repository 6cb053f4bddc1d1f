"""pkgutil over finders of ours: what lies in a place, without importing it."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop, finder_at, pyc

FILES: dict[str, bytes | str] = {
    "m.py": "",
    "both.py": "",
    "both.pyc": pyc("", flags=1),
    "old.pyc": pyc(""),
    "p/__init__.py": "",
    "p/sub.py": "",
    "p/q/__init__.py": "",
    "p/q/deep.py": "",
    "bare/__init__.pyc": pyc(""),
    "ns/inner.py": "",
    "with.dot.py": "",
    "notes.txt": "",
    "dist-1.0.dist-info/METADATA": "",
}
TOP = [("bare", True), ("both", False), ("m", False), ("old", False), ("p", True)]


def listed(modules: Iterable[pkgutil.ModuleInfo]) -> list[tuple[str, bool]]:
    return [(one.name, one.ispkg) for one in modules]


def test_iter_modules(program: Path) -> None:
    # K1: sorted, once each; no __init__, no namespace packages, no names with dots
    assert listed(pkgutil.iter_modules([str(program)])) == TOP
    assert listed(pkgutil.iter_modules([f"{program}/p"], "p.")) == [("p.q", True), ("p.sub", False)]
    assert listed(pkgutil.iter_modules([f"{program}/ns"])) == [("inner", False)]
    assert listed(pkgutil.iter_modules([f"{program}/nowhere"])) == []
    (first, *_) = pkgutil.iter_modules([str(program)])
    assert first.module_finder is finder_at(program)


def test_walk_packages(program: Path) -> None:
    # K2: descends through the __path__ of imported packages
    names = [name for name, _ in listed(pkgutil.walk_packages([str(program)]))]
    assert names == ["bare", "both", "m", "old", "p", "p.q", "p.q.deep", "p.sub"]


def test_after_invalidation(program: Path) -> None:
    # K3
    importlib.invalidate_caches()
    assert listed(pkgutil.iter_modules([str(program)])) == TOP


def test_importers(program: Path, importing: Importing) -> None:
    # K5, K6
    finder = pkgutil.get_importer(str(program))
    assert finder is finder_at(program)
    assert isinstance(finder, signedvfs.zipimporter)
    assert finder in list(pkgutil.iter_importers())
    assert all(repr(one) for one in pkgutil.iter_importers())
    importing.module("p")
    assert finder_at(f"{program}/p") in list(pkgutil.iter_importers("p.sub"))
    assert pkgutil.get_importer(f"{program.parent}/nowhere") is None


def test_resolve_and_extend(program: Path, workshop: Workshop) -> None:
    # N6: extend_path asks for the last part of the name
    other = workshop.zip("other.zip", {"p/__init__.py": "", "p/more.py": ""})
    sys.path.append(str(other))
    assert pkgutil.extend_path([f"{program}/p"], "p") == [f"{program}/p", f"{other}/p"]
    found = pkgutil.resolve_name("p.q.deep")
    assert isinstance(found, ModuleType)
    assert found.__file__ == f"{program}/p/q/deep.py"


def test_refused_archives_are_not_listed(workshop: Workshop, importing: Importing) -> None:
    # V10
    path = workshop.plain_zip("unsigned.zip", {"m.py": ""})
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        list(pkgutil.iter_modules([str(path)]))
