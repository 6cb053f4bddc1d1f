"""The beginning of hardened executables: taken away, damaged, and without a dynamic linker."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import IntegrityCheckError, PrivateKey, TrustPolicy, _tools
from signedvfs.building import BuildError, inspect, replace, split
from signedvfs.building.executable import launcher_of
from tests.importer.launcher.conftest import Build
from tests.importer.launcher.headers import (
    OWN,
    USUAL,
    change,
    header_of,
    linker_of,
    name_linker,
    put,
)
from tests.importer.launcher.starting import assert_refused, environment, run, says

UP = "print('up')"


@pytest.fixture(scope="module")
def hardened(build_app: Build) -> Path:
    """The application of the other tests, hardened. Nobody changes it."""
    return build_app(hardened=True)


@pytest.fixture
def taken(hardened: Path, tmp_path: Path) -> Path:
    """A copy of it, for the test alone."""
    return Path(shutil.copy2(hardened, tmp_path / "app"))


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose name is no longer than that of a system's linker."""
    with tempfile.TemporaryDirectory(prefix="", dir="/tmp") as made:
        yield Path(made)


# How it begins.


def test_no_linker_is_named(app: Path, hardened: Path, launcher: Path) -> None:
    usual = header_of(launcher)
    assert header_of(app) == usual
    own = header_of(hardened)
    assert own.kind == OWN
    assert own.entry != usual.entry
    assert own._replace(kind=usual.kind, entry=usual.entry) == usual
    assert inspect(hardened).hardened
    assert not inspect(app).hardened


def test_a_linker_that_is_told_to_start_it(hardened: Path) -> None:
    words = [linker_of(hardened), str(hardened), UP]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (126, "")
    assert "a dynamic linker was told to start it" in done.stderr


# It is taken away.


def assert_noticed(path: Path, key: PrivateKey) -> None:
    """assert_noticed holds a changed file to be found out by all that looks at it."""
    with pytest.raises(IntegrityCheckError):
        signedvfs.open(path, TrustPolicy(key.public_key)).verify_all()
    with pytest.raises(IntegrityCheckError, match="header is damaged"):
        inspect(path)
    with pytest.raises(IntegrityCheckError):
        replace(path, path)


def test_all_of_it(taken: Path, launcher: Path, key: PrivateKey) -> None:
    change(taken, entry=header_of(launcher).entry, kind=USUAL)
    assert_noticed(taken, key)
    assert_refused(run(taken, UP), "is hardened", "signedvfs verify")


def test_the_header_alone(taken: Path, key: PrivateKey) -> None:
    change(taken, kind=USUAL)
    assert_noticed(taken, key)
    assert_refused(run(taken, UP), "a dynamic linker was told to start it")


def test_the_entry_point_alone(taken: Path, launcher: Path, key: PrivateKey) -> None:
    change(taken, entry=header_of(launcher).entry)
    assert_noticed(taken, key)
    done = run(taken, UP)
    assert done.code < 0  # the C library's beginning, without a C library
    assert done.out == ""


def test_what_is_hardened_by_somebody_else(
    app: Path, hardened: Path, key: PrivateKey, tmp_path: Path
) -> None:
    path = Path(shutil.copy2(app, tmp_path / "app"))
    change(path, entry=header_of(hardened).entry, kind=OWN)
    assert_noticed(path, key)


# The linker.


def test_linkers_that_are_none(taken: Path, short: Path) -> None:
    made: dict[str, Callable[[Path], Any]] = {
        "cannot be opened": lambda _: None,
        "cannot be read": lambda path: path.mkdir(),
        "is no file with content": lambda path: path.write_bytes(b""),
        "is no ELF file": lambda path: path.write_text("no linker\n" * 10),
        "is cut short": lambda path: path.write_bytes(Path(linker).read_bytes()[:5000]),
        "is for another machine": lambda path: path.write_bytes(
            Path(linker).read_bytes()[:18] + b"\3\0" + Path(linker).read_bytes()[20:]
        ),
    }
    linker = linker_of(taken)
    for number, (fault, make) in enumerate(made.items()):
        path = short / str(number)
        make(path)
        name_linker(taken, bytes(path))
        assert_refused(run(taken, UP), f"the dynamic linker '{path}' {fault}", "Install")
    os.mkfifo(short / "pipe")
    name_linker(taken, bytes(short / "pipe"))
    assert_refused(run(taken, UP), "is no file with content")


def test_no_descriptor_is_left(hardened: Path) -> None:
    limit = (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    done = run(hardened, UP, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit))
    assert_refused(done, "the dynamic linker", "cannot be opened")


def test_a_linker_at_another_place(taken: Path, short: Path) -> None:
    shutil.copy(linker_of(taken), short / "ld")
    name_linker(taken, bytes(short / "ld"))
    said = says(taken, "print(open('/proc/self/maps').read())")
    assert f"{short}/ld\n" in said


@pytest.mark.parametrize("name", [b"", b"ld.so", b"./ld.so", b"\xff"])
def test_no_absolute_path(taken: Path, name: bytes) -> None:
    name_linker(taken, name)
    assert_refused(run(taken, UP), "by an absolute path", "Build it anew")


def test_a_path_without_an_end(taken: Path) -> None:
    header = header_of(taken)
    put(taken, header.linker_at + header.linker_size - 1, b"x")
    assert_refused(run(taken, UP), "by an absolute path")


def test_a_header_that_is_gone(taken: Path) -> None:
    change(taken, kind=0)
    assert_refused(run(taken, UP), "do not name its dynamic linker")


# What is made of it.


def test_taken_apart_and_put_together(
    hardened: Path, launcher: Path, key: PrivateKey, tmp_path: Path
) -> None:
    parts = split(hardened, tmp_path / "parts", policy=TrustPolicy(key.public_key))
    assert Path(parts.launcher).read_bytes() == launcher.read_bytes()
    again = _tools._patch_launcher(
        launcher.read_bytes(), inspect(hardened).rules,
        shows_info=False, verifies_all=False, hardened=True,
    )  # fmt: skip
    assert again == launcher_of(hardened)


def test_replaced(build_app: Build, app: Path, taken: Path) -> None:
    later = build_app(hardened=True, serial=6)
    assert replace(later, taken).serial == 6
    assert taken.read_bytes() == later.read_bytes()
    assert says(taken, UP, env={"LD_PRELOAD": "/nowhere.so"}) == "up"
    with pytest.raises(BuildError, match="is not that of"):
        replace(app, taken)


def test_with_libraries_to_be_preloaded(build_app: Build, key: PrivateKey) -> None:
    policy = TrustPolicy(key.public_key, preloads=["libjemalloc.so.2"])
    with pytest.raises(ValueError, match=r"'libjemalloc\.so\.2' to be preloaded"):
        build_app(hardened=True, policy=policy, min_serial=None)
