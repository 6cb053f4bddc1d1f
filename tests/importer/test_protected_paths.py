"""Directories that are ours: signed roots, what lies below them, protected paths."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from typing import Any, cast

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop, refuses


def test_signed_directory_keeps_what_lies_below_it(
    workshop: Workshop, importing: Importing
) -> None:
    # I3, K4: a sub-directory of an opened root is never looked at on its own
    root = workshop.tree("root", {"p/__init__.py": "v = 1\n", "p/s.py": "v = 2\n", "lib/m.py": ""})
    (workshop.directory / "link").symlink_to(root)
    importing.put(root)
    assert importing.module("p.s").v == 2
    other = workshop.tree("other", {"m.py": "v = 'other manifest'\n"})
    for item in other.iterdir():
        item.rename(root / "lib" / item.name)
    for spelling in (f"{root}/lib", f"{workshop.directory}/link/lib", f"{root}//lib/."):
        finder = signedvfs.hook(spelling)
        with pytest.raises(signedvfs.IntegrityCheckFailed):
            finder.find_spec("m")


@pytest.mark.usefixtures("importing")
def test_root_prefix_is_compared_by_components(workshop: Workshop) -> None:
    # K5: /app and /app-evil
    root = workshop.tree("app", {"m.py": ""})
    evil = workshop.tree("app-evil", {"m.py": ""}, sign=False)
    signedvfs.hook(str(root))
    with pytest.raises(ImportError):
        signedvfs.hook(str(evil))


def test_protected_directory_without_manifest_is_refused(
    workshop: Workshop, importing: Importing
) -> None:
    # I1, C1: FileFinder does not get a directory whose manifest has been taken away
    root = workshop.tree("app", {"m.py": "v = 1\n", "p/m.py": ""}, sign=False)
    beside = workshop.tree("app2", {"n.py": "v = 2\n"}, sign=False)
    (workshop.directory / "link").symlink_to(root)
    assert importlib.machinery.PathFinder.find_spec("m", [str(root)]) is not None
    signedvfs.hook.protect(root)
    assert str(root) not in sys.path_importer_cache
    for spelling in (
        root,
        f"{root}/p",
        f"{root}/missing",
        workshop.directory / "link",
        f"{workshop.directory}/app2/../app",
    ):
        assert refuses(signedvfs.hook(str(spelling))), spelling
    importing.put(beside)
    assert importing.module("n").v == 2


@pytest.mark.usefixtures("importing")
def test_protected_missing_path_is_ours(workshop: Workshop) -> None:
    # I1: a path that does not exist yet
    path = workshop.directory / "later"
    signedvfs.hook.protect(str(path))
    finder = signedvfs.hook(str(path))
    assert refuses(finder)
    workshop.tree("later", {"m.py": "v = 'attacker'\n"}, sign=False)
    finder.invalidate_caches()
    assert refuses(finder)
    with pytest.raises(TypeError):
        signedvfs.hook.protect(cast(Any, 3))
