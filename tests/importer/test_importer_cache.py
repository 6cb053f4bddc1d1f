"""What was in the import system before the hook, and what the hook does to it."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
from typing import Any, cast

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, found


def test_cached_finders_of_zipimport_are_dropped(workshop: Workshop, python: Python) -> None:
    # I2, S3, V8: the archive was imported from before the hook was there
    path = workshop.plain_zip("app.zip", {"first.py": "", "m.py": "v = 'attacker'\n"})
    text = workshop.directory / "text"
    text.write_text("no archive")
    script = f"""
        import sys
        sys.path[:0] = [{str(path)!r}, {str(text)!r}]
        import first
        import this_is_nowhere
    """
    script = script.replace(
        "import this_is_nowhere",
        "import importlib.util\n        assert importlib.util.find_spec('nowhere') is None",
    )
    script += f"""
        import zipimport, signedvfs
        assert type(sys.path_importer_cache[{str(path)!r}]) is zipimport.zipimporter
        assert sys.path_importer_cache[{str(text)!r}] is None
        signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
        assert {str(path)!r} not in sys.path_importer_cache
        assert {str(text)!r} not in sys.path_importer_cache
        sys.path_hooks.insert(0, signedvfs.hook)
        try:
            import m
        except signedvfs.IntegrityCheckMissing:
            print("refused")
    """
    assert python(script, hook=False).stdout == "refused\n"


def test_first_use_of_the_hook_drops_them_too(workshop: Workshop, python: Python) -> None:
    # I2: a lookup between trust() and sys.path_hooks.insert()
    path = workshop.plain_zip("app.zip", {"first.py": "", "m.py": "v = 'attacker'\n"})
    script = f"""
        import sys, signedvfs
        signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
        sys.path.insert(0, {str(path)!r})
        import first
        sys.path_hooks.insert(0, signedvfs.hook)
        sys.path.insert(0, {str(workshop.zip("other.zip", {"other.py": ""}))!r})
        import importlib.util
        assert importlib.util.find_spec("nothing") is None
    """
    done = python(script, hook=False, check=False)
    assert "IntegrityCheckMissing" in done.stderr, done.stderr


def test_importing_the_package_changes_nothing(python: Python) -> None:
    # S3: neither hooks nor caches nor the meta path
    script = """
        import sys
        before = (sys.path_hooks[:], sys.meta_path[:], dict(sys.path_importer_cache), sys.path[:])
        sys.path_importer_cache["/x.zip"] = None
        import signedvfs
        assert sys.path_importer_cache.pop("/x.zip") is None
        keys = set(before[2])
        assert sys.path_hooks == before[0] and sys.meta_path == before[1] and sys.path == before[3]
        assert keys <= set(sys.path_importer_cache)
    """
    python(script, hook=False)


def test_the_hook_imports_nothing(workshop: Workshop, python: Python) -> None:
    # B10: an import inside the hook would call the hook again, without end
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    script = f"""
        before = set(sys.modules)
        finder = signedvfs.hook({str(path)!r})
        spec = finder.find_spec("m")
        try:
            signedvfs.hook("/")
        except ImportError:
            pass
        assert set(sys.modules) == before, set(sys.modules) - before
        sys.path.insert(0, {str(path)!r})
        import m
        assert set(sys.modules) == before | {{"m"}}
    """
    python(script)


def test_path_finder_directly_and_util_find_spec(workshop: Workshop, importing: Importing) -> None:
    # S5, S6
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    spec = found(importlib.machinery.PathFinder.find_spec("m", [str(path)]))
    assert type(cast(Any, spec.loader)) is signedvfs.zipimporter
    importing.put(path)
    assert importlib.util.find_spec("absent") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.util.find_spec("absent.child")
