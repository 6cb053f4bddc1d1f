"""Libraries are found where the linker of this machine would find them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from signedvfs._tools import _shared_object
from signedvfs.building.linker import Found, Linker, is_of_glibc
from signedvfs.building.stdlib import library_items
from tests.support.native import compile_object


def object_at(path: Path) -> Found:
    content = path.read_bytes()
    return Found(path, content, _shared_object(content))


def loaded_by(path: Path, environment: dict[str, str] | None = None) -> set[Path]:
    """loaded_by returns what a process has mapped that has loaded the object at `path`."""
    code = (
        "import ctypes, sys; ctypes.CDLL(sys.argv[1])\n"
        "for line in open('/proc/self/maps'):\n"
        "    if '/' in line: print(line.split(maxsplit=5)[5].strip())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    return {Path(line) for line in done.stdout.splitlines()}


def test_finds_what_is_loaded_for_the_library_of_this_interpreter() -> None:
    linker = Linker()
    compared = 0
    for path in [Path(item.origin) for item in library_items() if item.name.endswith(".so")]:
        found = object_at(path)
        wanted = [name for name in found.facts["needed"] if not is_of_glibc(name)]
        if not wanted or "tkinter" in path.name:
            continue
        libraries = [linker.needed_by(found, name) for name in wanted]
        if None in libraries:
            continue
        loaded = loaded_by(path)
        for library in libraries:
            assert library is not None
            assert library.path.resolve() in loaded, (path.name, library.path)
            compared += 1
    assert compared > 3


@pytest.mark.parametrize("tags", ["--disable-new-dtags", "--enable-new-dtags"])
@pytest.mark.parametrize("with_environment", [False, True])
def test_search_paths_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: str, with_environment: bool
) -> None:
    # DT_RPATH comes before LD_LIBRARY_PATH, and DT_RUNPATH behind it.
    beside = compile_object(tmp_path / "beside/libit.so.1", "int a;", soname="libit.so.1")
    other = compile_object(tmp_path / "other/libit.so.1", "int a; int b;", soname="libit.so.1")
    flags = [f"-Wl,{tags}", "-Wl,-rpath,$ORIGIN/../beside"]
    user = compile_object(tmp_path / "user/libuser.so", needs=[beside], flags=flags)
    environment = {"LD_LIBRARY_PATH": str(other.parent) if with_environment else ""}
    monkeypatch.setenv("LD_LIBRARY_PATH", environment["LD_LIBRARY_PATH"])
    found = Linker().needed_by(object_at(user), "libit.so.1")
    assert found is not None
    assert {found.path.resolve()} == {
        path for path in loaded_by(user, environment) if path.name == "libit.so.1"
    }


@pytest.mark.parametrize("tags", ["--disable-new-dtags", "--enable-new-dtags"])
def test_only_an_rpath_goes_on_to_what_is_needed(tmp_path: Path, tags: str) -> None:
    inner = compile_object(tmp_path / "inner/libinner.so", "int a;", soname="libinner.so")
    middle = compile_object(tmp_path / "middle/libmiddle.so", needs=[inner], soname="libmiddle.so")
    flags = [f"-Wl,{tags}", "-Wl,-rpath,$ORIGIN/../middle:$ORIGIN/../inner"]
    outer = compile_object(tmp_path / "outer/libouter.so", needs=[middle], flags=flags)
    linker = Linker()
    found = linker.needed_by(object_at(outer), "libmiddle.so")
    assert found is not None
    below = linker.needed_by(found, "libinner.so")
    if tags == "--enable-new-dtags":
        assert below is None
        with pytest.raises(subprocess.CalledProcessError):
            loaded_by(outer)
    else:
        assert below is not None
        assert below.path.resolve() == inner


def test_goes_on_past_what_is_for_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = compile_object(tmp_path / "right/libit.so", "int a;")
    content = bytearray(right.read_bytes())
    content[18] ^= 0x40  # e_machine
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong/libit.so").write_bytes(content)
    (tmp_path / "text").mkdir()
    (tmp_path / "text/libit.so").write_text("INPUT(libother.so)\n", encoding="utf-8")
    paths = ":".join(str(tmp_path / name) for name in ("text", "wrong", "right"))
    monkeypatch.setenv("LD_LIBRARY_PATH", paths)
    found = Linker().find("libit.so")
    assert found is not None
    assert found.path == right


@pytest.mark.parametrize("name", ["../libit.so", "/lib/libit.so", "$ORIGIN/libit.so", "libno.so.7"])
def test_what_is_not_found(name: str) -> None:
    assert Linker().find(name) is None


@pytest.mark.parametrize(
    ("names", "is_glibc"),
    [
        (["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"], True),
        (["libpthread.so.0", "librt.so.1", "libdl.so.2", "libnsl.so.1", "libresolv.so.2"], True),
        (["libgcc_s.so.1", "libz.so.1", "libcrypt.so.1", "libstdc++.so.6", "libnsl.so.2"], False),
    ],
)
def test_which_are_left_to_the_system(names: Sequence[str], is_glibc: bool) -> None:
    assert [is_of_glibc(name) for name in names] == [is_glibc] * len(names)
