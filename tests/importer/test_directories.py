"""Signed directories beside FileFinder: the same modules, from signed content only."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, finder_at, found, loader_of


def test_one_loader_with_what_loaders_have(workshop: Workshop, importing: Importing) -> None:
    # W4: get_data serves listed files only, get_filename answers for the module that is asked for
    root = workshop.tree("tree", {"m.py": "v = 1\n", "p/__init__.py": "", "p/d.txt": "d"})
    outside = workshop.directory / "outside.txt"
    outside.write_text("secret")
    importing.put(root)
    loader = loader_of(importing.module("m"))
    assert loader is finder_at(root)
    assert loader.get_filename("m") == f"{root}/m.py"
    assert loader.get_filename("p") == f"{root}/p/__init__.py"
    assert loader.get_source("m") == "v = 1\n"
    assert loader.get_data(f"{root}/p/d.txt") == b"d"
    for path in (outside, root / "signedimp-manifest.txt", root / ".." / "outside.txt"):
        with pytest.raises(OSError, match=r"\[Errno 0\]"):
            loader.get_data(str(path))
    with pytest.raises(ImportError):
        loader.get_filename("absent")


def test_changes_after_signing(workshop: Workshop, importing: Importing) -> None:
    # W5: added files do not exist, changed ones are refused, removed ones are refused too
    root = workshop.tree("tree", {"m.py": "v = 1\n", "n.py": "v = 1\n", "gone.py": "v = 1\n"})
    importing.put(root)
    assert importing.module("m").v == 1
    (root / "added.py").write_text("v = 'attacker'\n")
    (root / "n.py").write_text("v = 2\n")
    (root / "gone.py").unlink()
    importlib.invalidate_caches()
    with pytest.raises(ModuleNotFoundError):
        importing.module("added")
    for name in ("n", "gone"):
        with pytest.raises(signedvfs.IntegrityCheckError):
            importing.module(name)
    # ... until the tree is signed anew
    signedvfs.sign(root, workshop.key)
    importlib.invalidate_caches()
    assert importing.module("added").v == "attacker"
    assert importing.module("n").v == 2
    with pytest.raises(ModuleNotFoundError):
        importing.module("gone")


def test_unreadable_directory(workshop: Workshop, importing: Importing) -> None:
    # W5, FileFinder: a tree that is gone finds nothing; it is not handed to anybody else
    root = workshop.tree("tree", {"m.py": "v = 1\n", "later.py": "v = 1\n"})
    importing.put(root)
    importing.module("m")
    root.rename(workshop.directory / "moved")
    workshop.tree("tree", {"later.py": "v = 'attacker'\n"}, sign=False)
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("later")


def test_the_current_directory(workshop: Workshop, python: Python) -> None:
    # W8, S4: '' means the current directory at import time; with a manifest it is ours
    root = workshop.tree("tree", {"m.py": "v = 1\n"})
    python(f"""
        import os
        try:
            signedvfs.hook("")
            raise SystemExit("a plain current directory was claimed")
        except ImportError:
            pass
        os.chdir({str(root)!r})
        assert signedvfs.hook("").archive == {str(root)!r}
        sys.path.insert(0, ".")
        import m
        assert isinstance(m.__loader__, signedvfs.zipimporter)
        assert m.__file__ == "./m.py"
        """)


def test_files_beside_modules_are_what_they_are(workshop: Workshop, importing: Importing) -> None:
    # W10: who opens a path below __file__ reads the disk; through the loader it is verified
    root = workshop.tree("tree", {"m.py": "", "d.txt": "signed"})
    importing.put(root)
    module = importing.module("m")
    assert module.__file__ is not None
    beside = Path(module.__file__).with_name("d.txt")
    beside.write_text("changed")
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        loader_of(module).get_data(str(beside))


def test_no_bytecode_is_written_or_read(workshop: Workshop, importing: Importing) -> None:
    # W3, D8
    root = workshop.tree("tree", {"m.py": "v = 1\n"})
    importing.put(root)
    importing.module("m")
    assert sorted(child.name for child in root.iterdir()) == ["m.py", "signedimp-manifest.txt"]
    assert found(importing.module("m").__spec__).cached is not None


def test_a_path_below_the_root(workshop: Workshop, importing: Importing) -> None:
    # tree/lib on sys.path is ours once the root is known
    root = workshop.tree("tree", {"lib/m.py": "v = 1\n", "top.py": ""})
    importing.put(root)
    importing.module("top")
    importing.put(f"{root}/lib")
    module: Any = importing.module("m")
    assert loader_of(module).archive == str(root)
    assert sys.path_importer_cache[f"{root}/lib"] is module.__loader__
