"""Archives that are replaced, removed or re-signed while the program runs; reload; caches."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, loader_of


def test_deleted_archive(workshop: Workshop, importing: Importing) -> None:
    # F2: modules live on; after invalidation nobody else supplies what was in the archive
    path = workshop.zip("app.zip", {"m.py": "def f(): return 1\n", "n.py": ""})
    importing.put(path)
    module = importing.module("m")
    path.unlink()
    importlib.invalidate_caches()
    assert module.f() == 1
    with pytest.raises(signedvfs.IntegrityCheckError, match="is missing, where a signed archive"):
        importing.module("n")
    with pytest.raises(OSError):
        loader_of(module).get_data("n.py")


def test_replaced_archive_is_not_mixed_in(workshop: Workshop, importing: Importing) -> None:
    # F3, E8, I17: the process keeps importing what it opened ...
    path = workshop.zip("app.zip", {"a.py": "v = 'old'\n", "b.py": "v = 'old'\n"}, serial=1)
    importing.put(path)
    assert importing.module("a").v == "old"
    files = {"a.py": "v = 'new'\n", "b.py": "v = 'new'\n", "c.py": "v = 'new'\n"}
    workshop.zip("next.zip", files, serial=2).rename(path)
    assert importing.module("b").v == "old"
    assert importlib.util.find_spec("c") is None
    assert signedvfs.hook(str(path)).find_spec("c") is None
    # ... F1: until it asks for the new one.
    importlib.invalidate_caches()
    assert importing.module("c").v == "new"
    # F4, I17: reload looks again, in the same module, through the verified read
    module = importing.module("a")
    assert importlib.reload(module) is module
    assert module.v == "new"


def test_replacement_is_verified_like_the_first(workshop: Workshop, importing: Importing) -> None:
    # I17, C17: an unsigned one, and an older one, are refused and stay refused
    replacements: dict[str, Callable[[], Path]] = {
        "unsigned": lambda: workshop.plain_zip("next.zip", {"b.py": "v = 'attacker'\n"}),
        "older": lambda: workshop.zip("next.zip", {"b.py": "v = 'old bug'\n"}, serial=4),
        "garbage": lambda: workshop.plain_zip("next.zip", {}).with_name("garbage"),
    }
    for name, make in replacements.items():
        path = workshop.zip(f"{name}.zip", {"a.py": "", "b.py": "v = 1\n"}, serial=5)
        importing.put(path)
        importing.module("a")
        (workshop.directory / "garbage").write_text("no archive at all")
        make().rename(path)
        importlib.invalidate_caches()
        for _ in range(2):
            with pytest.raises(signedvfs.IntegrityCheckError):
                importing.module("b")
        importing.forget("a")
        sys.path.remove(str(path))


def test_invalidation_does_not_open_the_same_archive_again(
    workshop: Workshop, importing: Importing
) -> None:
    # F1: pip and pytest invalidate often; an untouched archive costs one stat
    path = workshop.zip("app.zip", {"a.py": "v = 1\n"})
    clock_asked = []

    def clock() -> int:
        clock_asked.append(1)
        return 0

    signedvfs.set_policy(signedvfs.TrustPolicy(workshop.public_key, now=clock))
    importing.put(path)
    assert importing.module("a").v == 1
    stat = path.stat()
    data = path.read_bytes()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for _ in range(3):
        importlib.invalidate_caches()
        assert importlib.util.find_spec("none") is None
    assert path.read_bytes() == data


def test_clock_that_fails_refuses_for_now(workshop: Workshop, importing: Importing) -> None:
    # D12: a policy that cannot be asked says nothing; no importer takes that for "not here"
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})

    def broken() -> int:
        raise OSError("no clock")

    signedvfs.set_policy(signedvfs.TrustPolicy(workshop.public_key, now=broken))
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("m")
    signedvfs.set_policy(signedvfs.TrustPolicy(workshop.public_key))
    assert importing.module("m").v == 1


def test_finders_and_modules_leave_nothing_behind(workshop: Workshop, importing: Importing) -> None:
    # T4: no leak of references in the import path
    path = workshop.zip("app.zip", {"m.py": "v = 1\n", "p/__init__.py": "", "b.txt": b"x" * 1000})
    importing.put(path)
    finder = signedvfs.hook(str(path))

    def work() -> None:
        for name in ("m", "p"):
            importing.forget(name)
            importing.module(name)
        finder.find_spec("none")
        finder.get_data("b.txt")
        with pytest.raises(OSError):
            finder.get_data("none")
        with pytest.raises(ImportError):
            finder.get_code("none")
        with pytest.raises(ImportError):
            signedvfs.hook("/")

    def count() -> int:
        gc.collect()
        return len(gc.get_objects())

    for _ in range(3):
        work()
    before = count()
    references = sys.getrefcount(finder), sys.getrefcount(None)
    for _ in range(50):
        work()
    # CPython 3.13 without the GIL keeps the spec of every import once a thread has been started.
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert count() - before < 20
    assert sys.getrefcount(finder) == references[0]
    assert abs(sys.getrefcount(None) - references[1]) < 40


def test_imports_at_exit(workshop: Workshop, python: Python) -> None:
    # T4: atexit still imports; the interpreter ends without a crash
    path = workshop.zip("app.zip", {"m.py": "print('at exit')\n", "n.py": ""})
    script = f"""
        import atexit
        sys.path.insert(0, {str(path)!r})
        import n
        atexit.register(lambda: __import__("m"))
    """
    assert python(script).stdout == "at exit\n"
