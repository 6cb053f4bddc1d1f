"""PEP 420 portions from signed archives, signed directories and sub-paths."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zipimport

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop, found


def test_portions_merge_in_path_order(workshop: Workshop, importing: Importing) -> None:
    # N1, N2: archives, a sub-path and directories together; the first one wins
    one = workshop.zip("one.zip", {"ns/a.py": "v = 1\n", "ns/same.py": "v = 1\n"})
    two = workshop.zip("two.zip", {"lib/ns/b.py": "v = 2\n", "lib/ns/same.py": "v = 2\n"})
    three = workshop.tree("three", {"ns/c.py": "v = 3\n", "ns/same.py": "v = 3\n"})
    four = workshop.tree("four", {"ns/d.py": "v = 4\n"}, sign=False)
    importing.put(one, f"{two}/lib", three, four)
    package = importing.module("ns")
    assert list(package.__path__) == [f"{one}/ns", f"{two}/lib/ns", f"{three}/ns", f"{four}/ns"]
    assert package.__file__ is None
    assert [importing.module(f"ns.{name}").v for name in "abcd"] == [1, 2, 3, 4]
    assert importing.module("ns.same").v == 1


def test_spec_of_a_portion(workshop: Workshop, importing: Importing) -> None:
    # A6, N8: loader None, no origin; a directory of data is a portion as well
    path = workshop.zip("app.zip", {"static/css/main.css": "", "deep/er/est/m.py": "v = 1\n"})
    finder = signedvfs.zipimporter(str(path))
    spec = found(finder.find_spec("static"))
    assert spec.loader is None
    assert spec.origin is None
    assert not spec.has_location
    assert spec.submodule_search_locations == [f"{path}/static"]
    # N5: all ancestors are implied, without directory entries
    importing.put(path)
    assert importing.module("deep.er.est.m").v == 1
    # N7: a portion has no code, no source and is no package
    for method in (finder.get_code, finder.get_source, finder.is_package, finder.get_filename):
        with pytest.raises(zipimport.ZipImportError):
            method("static")


def test_path_is_live(workshop: Workshop, importing: Importing) -> None:
    # N3: a portion that joins sys.path later is found
    one = workshop.zip("one.zip", {"ns/a.py": "v = 1\n"})
    late = workshop.zip("late.zip", {"ns/b.py": "v = 2\n"})
    importing.put(one)
    importing.module("ns")
    with pytest.raises(ModuleNotFoundError):
        importing.module("ns.b")
    importing.put(late)
    assert importing.module("ns.b").v == 2


def test_regular_package_and_module_beat_portions(workshop: Workshop, importing: Importing) -> None:
    # N4: a later regular package beats portions; q.py beats q/ in one entry
    one = workshop.zip("one.zip", {"ns/a.py": "", "q.py": "v = 'module'\n", "q/a.py": ""})
    two = workshop.zip("two.zip", {"ns/__init__.py": "v = 'regular'\n"})
    importing.put(one, two)
    assert importing.module("ns").v == "regular"
    assert importing.module("q").v == "module"


def test_extend_path(workshop: Workshop, importing: Importing) -> None:
    # N6: pkgutil.extend_path asks finders for the last part of the name
    source = "import pkgutil\n__path__ = pkgutil.extend_path(__path__, __name__)\n"
    one = workshop.zip("one.zip", {"p/__init__.py": source, "p/a.py": "v = 1\n"})
    two = workshop.zip("two.zip", {"p/__init__.py": source, "p/b.py": "v = 2\n"})
    importing.put(one, two)
    assert importing.module("p").__path__ == [f"{one}/p", f"{two}/p"]
    assert importing.module("p.b").v == 2


def test_empty_unsigned_directory_is_no_portion(workshop: Workshop, importing: Importing) -> None:
    # N8: only what signed files imply; a directory that somebody makes in a signed tree is nothing
    root = workshop.tree("tree", {"m.py": ""})
    (root / "ns").mkdir()
    (root / "ns" / "evil.py").write_text("v = 'attacker'\n")
    importing.put(root)
    assert importlib.util.find_spec("ns") is None
    with pytest.raises(ModuleNotFoundError):
        importing.module("ns.evil")
    # ... and with the directory's own path on sys.path, FileFinder does not get it either.
    importing.put(root / "ns")
    assert importlib.util.find_spec("evil") is None
    assert type(sys.path_importer_cache[str(root / "ns")]) is signedvfs.zipimporter
