"""Bytecode in `__pycache__` of signed directories: what is listed, and nothing else."""

from __future__ import annotations

import importlib.util
import inspect
import os
import py_compile
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, found, loader_of

SOURCE = "v = 'source'\ndef f():\n    return undefined\n"
TAG = sys.implementation.cache_tag


def _cached(source: Path, optimize: int = -1) -> Path:
    # By hand: cache_from_source goes by PYTHONPYCACHEPREFIX.
    level = {-1: "", 1: ".opt-1", 2: ".opt-2"}[optimize]
    return source.parent / "__pycache__" / f"{source.stem}.{TAG}{level}.pyc"


def _compile(source: Path, text: str = SOURCE, *, optimize: int = -1) -> Path:
    """Give `source` the bytecode of `text`, with a header that fits what is there."""
    other = source.with_name("other.tmp")
    other.write_text(text)
    cached = _cached(source, optimize)
    py_compile.compile(str(other), str(cached), doraise=True, optimize=optimize)
    header = source.stat()
    code = cached.read_bytes()[16:]
    fields = [int(header.st_mtime), header.st_size]
    cached.write_bytes(
        importlib.util.MAGIC_NUMBER
        + bytes(4)
        + b"".join((field & 0xFFFFFFFF).to_bytes(4, "little") for field in fields)
        + code
    )
    other.unlink()
    return cached


@pytest.fixture
def tree(workshop: Workshop) -> Path:
    """tree has two modules; the bytecode of `m` says what runs."""
    root = workshop.tree("tree", {"m.py": SOURCE, "p/__init__.py": SOURCE}, sign=False)
    _compile(root / "m.py", SOURCE.replace("source", "bytecode"))
    _compile(root / "p/__init__.py", SOURCE.replace("source", "bytecode"))
    return root


def _sign(workshop: Workshop, root: Path, **options: Any) -> signedvfs.SignReport:
    return signedvfs.sign(root, workshop.key, **options)


def test_listed_bytecode_runs(workshop: Workshop, importing: Importing, tree: Path) -> None:
    assert _sign(workshop, tree, pycache=True).members == 4
    importing.put(tree)
    for name in ("m", "p"):
        assert importing.module(name).v == "bytecode"


def test_programs_are_told_of_the_source(
    workshop: Workshop, importing: Importing, tree: Path
) -> None:
    _sign(workshop, tree, pycache=True)
    importing.put(tree)
    module = importing.module("m")
    source = str(tree / "m.py")
    spec = found(module.__spec__)
    assert module.__file__ == spec.origin == source
    assert spec.cached == importlib.util.cache_from_source(source)
    assert module.f.__code__.co_filename == source
    loader = loader_of(module)
    assert loader.get_filename("m") == source
    assert loader.get_source("m") == SOURCE
    assert inspect.getsource(module.f) == "def f():\n    return undefined\n"
    with pytest.raises(NameError) as caught:
        module.f()
    assert traceback.extract_tb(caught.tb)[-1].line == "return undefined"


def test_unlisted_bytecode_is_never_read(
    workshop: Workshop, importing: Importing, tree: Path
) -> None:
    # K1, J2: it is there before signing, and more of it afterwards
    assert _sign(workshop, tree).members == 2
    shutil.copy(_cached(tree / "m.py"), tree / "m.pyc")
    importing.put(tree)
    assert importing.module("m").v == "source"
    assert importing.module("p").v == "source"
    with pytest.raises(OSError, match=r"\[Errno 0\]"):
        loader_of(importing.module("m")).get_data(str(_cached(tree / "m.py")))


@pytest.mark.parametrize("change", ["changed", "removed", "directory", "link"])
def test_listed_bytecode_that_was_changed_is_refused(
    workshop: Workshop, importing: Importing, tree: Path, change: str
) -> None:
    # The source would still do: but nothing is tried in the place of what was signed.
    _sign(workshop, tree, pycache=True)
    cached = _cached(tree / "m.py")
    if change == "changed":
        _compile(tree / "m.py", "v = 'attacker'\n")
    else:
        cached.unlink()
    if change == "directory":
        cached.mkdir()
    if change == "link":
        cached.symlink_to(_cached(tree / "p/__init__.py"))
    importing.put(tree)
    with pytest.raises(signedvfs.IntegrityCheckError):
        importing.module("m")
    assert "m" not in sys.modules


def test_a_changed_source_is_refused_where_it_is_read(
    workshop: Workshop, importing: Importing, tree: Path
) -> None:
    _sign(workshop, tree, pycache=True)
    (tree / "m.py").write_text("v = 'attacker'\n")
    importing.put(tree)
    module = importing.module("m")
    assert module.v == "bytecode"
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        loader_of(module).get_source("m")


def test_bytecode_of_another_version_gives_way_to_its_source(
    workshop: Workshop, importing: Importing, tree: Path
) -> None:
    cached = _cached(tree / "m.py")
    cached.write_bytes(b"\x01\x02\r\n" + cached.read_bytes()[4:])
    assert _sign(workshop, tree, pycache=True).members == 4
    importing.put(tree)
    assert importing.module("m").v == "source"


def test_stale_bytecode_is_not_signed(workshop: Workshop, importing: Importing, tree: Path) -> None:
    os.utime(tree / "m.py", (1, 1))
    report = _sign(workshop, tree, pycache=True)
    assert [one for one in report.left_out if "stale" in one and "/m." in one]
    importing.put(tree)
    assert importing.module("m").v == "source"


def test_optimised_bytecode(workshop: Workshop, python: Python, tree: Path) -> None:
    _compile(tree / "m.py", "v = 'optimised'\n", optimize=1)
    assert _sign(workshop, tree, pycache=True).members == 5
    script = f"sys.path.insert(0, {str(tree)!r}); import m; print(m.v)"
    assert python(script).stdout == "bytecode\n"
    assert python(script, "-O").stdout == "optimised\n"
    assert python(script, "-OO").stdout == "source\n"


def test_a_prefix_for_bytecode_is_without_effect(
    workshop: Workshop, tree: Path, python: Python
) -> None:
    # J2: PYTHONPYCACHEPREFIX and -X pycache_prefix lead to files that somebody else has written
    elsewhere = workshop.directory / "prefix"
    planted = elsewhere / str(tree)[1:] / _cached(tree / "m.py").name
    planted.parent.mkdir(parents=True)
    _compile(tree / "m.py", "v = 'attacker'\n").rename(planted)
    _compile(tree / "m.py", "v = 'bytecode'\n")
    for pycache in (False, True):
        _sign(workshop, tree, pycache=pycache)
        script = f"""
            assert sys.pycache_prefix == {str(elsewhere)!r}
            sys.path.insert(0, {str(tree)!r})
            import m
            print(m.v)
            """
        done = python(script, "-X", f"pycache_prefix={elsewhere}")
        assert done.stdout == ("bytecode\n" if pycache else "source\n")
    assert sorted(path for path in elsewhere.rglob("*") if path.is_file()) == [planted]


def test_a_detached_manifest_lists_it_as_well(workshop: Workshop, tree: Path) -> None:
    manifest = workshop.directory / "m"
    report = _sign(workshop, tree, pycache=True, detached=manifest)
    assert report.members == 4
    policy = signedvfs.TrustPolicy(workshop.public_key)
    names = signedvfs.open(tree, policy, manifest=manifest).list()
    assert f"__pycache__/m.{TAG}.pyc" in names


def test_archives_have_no_cache(workshop: Workshop, importing: Importing, tree: Path) -> None:
    # As zipimport has it: a name means nothing there.
    files = {name: (tree / name).read_bytes() for name in ("m.py", f"__pycache__/m.{TAG}.pyc")}
    importing.put(workshop.zip("app.zip", files))
    assert importing.module("m").v == "source"
