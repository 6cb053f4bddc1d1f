"""Imports that are answered before importlib has gone through sys.meta_path and sys.path."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Files, Importing, Python, Workshop, finder_at, found, pyc

USUAL_FINDERS: list[Any] = [BuiltinImporter, FrozenImporter, PathFinder]


class Recorder:
    """A finder for sys.meta_path that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        del path, target
        self.asked.append(name)


@pytest.fixture
def early(importing: Importing) -> Importing:
    """An import system with the usual finders and ours before them."""
    sys.meta_path[:] = [sys.meta_path[0], *USUAL_FINDERS]
    return importing


@pytest.fixture
def recorded(early: Importing, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names for which importlib has gone through sys.path."""
    del early
    asked: list[str] = []
    original = PathFinder._path_importer_cache  # type: ignore[attr-defined]  # private

    def path_importer_cache(cls: type, path: str) -> object:
        del cls
        asked.append(path)
        return original(path)

    monkeypatch.setattr(PathFinder, "_path_importer_cache", classmethod(path_importer_cache))
    return asked


def test_importlib_is_not_asked(workshop: Workshop, early: Importing, recorded: list[str]) -> None:
    path = workshop.zip("app.zip", {"p/__init__.py": "", "p/a.py": "", "p/b.py": "v = 1\n"})
    early.put(path)
    early.module("p.a")  # the first look at an archive goes through sys.path_hooks
    recorded.clear()
    assert early.module("p.b").v == 1
    assert recorded == []


def test_module_has_what_init_module_attrs_sets(workshop: Workshop, early: Importing) -> None:
    files: Files = {"p/__init__.pyc": pyc(""), "p/m.pyc": pyc(""), "p/s.py": ""}
    early.put(workshop.zip("app.zip", files))
    for name in ("p", "p.m", "p.s"):
        ours = early.module(name)
        spec = found(ours.__spec__)
        theirs = ModuleType(name)
        init = importlib._bootstrap._init_module_attrs
        init(spec, theirs)
        assert list(vars(ours))[: len(vars(theirs))] == list(vars(theirs))
        expected = ModuleSpec(name, spec.loader, origin=spec.origin)
        expected.submodule_search_locations = spec.submodule_search_locations
        expected.has_location = True
        assert spec == expected
        assert list(vars(spec))[: len(vars(expected))] == list(vars(expected))
        for key, value in vars(theirs).items():
            assert vars(ours)[key] == value


def test_specs_share_no_lists(workshop: Workshop, early: Importing) -> None:
    early.put(workshop.zip("app.zip", {"p/__init__.py": "", "q/__init__.py": ""}))
    lists = [
        value
        for name in "pq"
        for value in vars(found(early.module(name).__spec__)).values()
        if isinstance(value, list)
    ]
    assert lists
    assert len({id(value) for value in lists}) == len(lists)


def test_spec_made_by_somebody_else(workshop: Workshop, early: Importing) -> None:
    path = workshop.zip("app.zip", {"m.py": ""})
    loader: Any = signedvfs.zipimporter(str(path))
    assert loader.create_module(ModuleSpec("m", loader)) is None

    class Special(ModuleSpec):
        pass

    assert loader.create_module(Special("m", loader, origin="x")) is None
    del early


@pytest.mark.parametrize("change", ["renamed", "no dictionary"])
def test_specs_that_keep_their_attributes_otherwise(
    workshop: Workshop, python: Python, change: str
) -> None:
    # As in a version to come: the constructor is called, and importlib sets a module's attributes.
    files: Files = {
        "p/__init__.py": "",
        "p/m.pyc": pyc("v = 1"),
        "p/n.py": "v = 2\n",
        "ns/x.py": "",
    }
    path = workshop.zip("app.zip", files)
    script = f"""
import sys
import _frozen_importlib
from importlib.machinery import ModuleSpec

class Other(ModuleSpec):
    def __init__(self, *words, **named):
        super().__init__(*words, **named)
        if {change == "renamed"}:
            self.kept = vars(self).pop("_cached")

    @property
    def cached(self):
        return vars(self).get("kept", vars(self).get("_cached"))

    @cached.setter
    def cached(self, value):
        self.kept = value

    def __getattribute__(self, name):
        if name == "__dict__" and {change != "renamed"} and self.name is None:
            raise AttributeError(name)
        return super().__getattribute__(name)

_frozen_importlib.ModuleSpec = Other
import signedvfs
_frozen_importlib.ModuleSpec = ModuleSpec  # but for who has it already
signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
signedvfs.hook.install()
sys.path.insert(0, {str(path)!r})
import p.m, p.n, ns.x
for module in (p, p.m, p.n, ns.x):
    assert type(module.__spec__) is Other, module.__spec__
    assert module.__spec__.has_location and module.__spec__.origin == module.__file__
assert (p.m.v, p.n.v) == (1, 2)
assert p.m.__spec__.cached == p.m.__file__ == {str(path)!r} + "/p/m.pyc"
assert p.__path__ == p.__spec__.submodule_search_locations == [{str(path)!r} + "/p"]
assert list(ns.__path__) == [{str(path)!r} + "/ns"]
assert p.__package__ == p.m.__package__ == "p"
print("imported")
"""
    assert python(script, hook=False).stdout == "imported\n"


def test_other_finders_keep_their_place(workshop: Workshop, early: Importing) -> None:
    early.put(workshop.zip("app.zip", {"p/__init__.py": "", "p/a.py": "", "p/b.py": ""}))
    early.module("p")
    recorder = Recorder()
    sys.meta_path.insert(1, recorder)
    early.module("p.a")
    assert recorder.asked == ["p.a"]
    sys.meta_path.remove(recorder)
    sys.meta_path.append(recorder)  # behind PathFinder nobody asks it for what is there
    early.module("p.b")
    assert recorder.asked == ["p.a"]


@pytest.mark.parametrize("finder", USUAL_FINDERS)
def test_replaced_find_spec_is_called(
    workshop: Workshop, early: Importing, monkeypatch: pytest.MonkeyPatch, finder: type
) -> None:
    early.put(workshop.zip("app.zip", {"p/__init__.py": "", "p/a.py": "", "p/b.py": ""}))
    early.module("p.a")
    recorder = Recorder()
    monkeypatch.setattr(finder, "find_spec", recorder.find_spec)
    if finder is PathFinder:
        with pytest.raises(ModuleNotFoundError):
            early.module("p.b")
    else:
        early.module("p.b")
    assert recorder.asked == ["p.b"]


def test_replaced_method_of_our_own_is_called(
    workshop: Workshop, early: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    early.put(workshop.zip("app.zip", {"p/__init__.py": "", "p/a.py": "", "p/b.py": ""}))
    early.module("p.a")
    monkeypatch.setattr(signedvfs.zipimporter, "find_spec", lambda *_: None)
    with pytest.raises(ModuleNotFoundError):
        early.module("p.b")


def test_builtin_and_frozen_modules_come_first(workshop: Workshop, early: Importing) -> None:
    early.put(workshop.zip("app.zip", {"m.py": "", "faulthandler.py": "", "__hello__.py": ""}))
    early.module("m")
    early.forget("faulthandler")
    early.forget("__hello__")
    assert found(early.module("faulthandler").__spec__).origin == "built-in"
    loader: Any = found(early.module("__hello__").__spec__).loader
    # Debug builds do not use what is frozen for the sake of speed only.
    is_frozen = FrozenImporter.find_spec("__hello__") is not None
    assert (loader is FrozenImporter) == is_frozen
    assert is_frozen or hasattr(sys, "gettotalrefcount")


def test_path_order_is_kept(workshop: Workshop, early: Importing, tmp_path: Path) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 'archive'\n", "n.py": ""})
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "m.py").write_text("v = 'directory'\n")
    early.put(path)
    early.module("n")
    early.put(tmp_path / "before")
    assert early.module("m").v == "directory"


def test_finder_that_somebody_has_put_there(
    workshop: Workshop, early: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workshop.zip("app.zip", {"m.py": "", "n.py": ""})
    early.put(path)
    early.module("n")

    class Mine(signedvfs.zipimporter):
        def find_spec(self, fullname: str, target: object = None) -> None:
            del self, fullname, target

    assert isinstance(finder_at(path), signedvfs.zipimporter)
    monkeypatch.setitem(sys.path_importer_cache, str(path), Mine(str(path)))
    with pytest.raises(ModuleNotFoundError):
        early.module("m")


def test_refused_archive_is_refused_early(workshop: Workshop, early: Importing) -> None:
    path = workshop.zip("app.zip", {"p/__init__.py": "", "p/a.py": "", "p/b.py": "v = 1\n" * 99})
    early.put(path)
    early.module("p.a")
    data = bytearray(path.read_bytes())
    at = data.index(b"p/b.py") + 8
    data[at] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(signedvfs.IntegrityCheckError, match=r"b\.py"):
        early.module("p.b")
    assert "p.b" not in sys.modules
