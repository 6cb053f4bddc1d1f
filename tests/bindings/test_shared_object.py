"""What shared objects say, and where an archive has what they need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from signedvfs import _tools
from tests.support.native import SEARCHING, compile_object


def readelf(path: Path, tag: str) -> list[str]:
    text = subprocess.run(["readelf", "-dW", str(path)], check=True, capture_output=True, text=True)
    return re.findall(rf"\({tag}\).*\[(.*)\]", text.stdout)


def libraries() -> list[Path]:
    """libraries are those that this process has loaded."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    found = {Path(line.split(maxsplit=5)[5]) for line in maps if ".so" in line}
    return sorted(path for path in found if path.is_file())


def test_says_what_readelf_says() -> None:
    found = libraries()
    assert len(found) > 3
    for path in found:
        facts = _tools._shared_object(path.read_bytes())
        assert list(facts["needed"]) == readelf(path, "NEEDED"), path
        assert [facts["soname"]] == (readelf(path, "SONAME") or [""]), path
        paths = readelf(path, "RUNPATH") or readelf(path, "RPATH")
        assert list(facts["search_paths"]) == [part for one in paths for part in one.split(":")]


def test_refuses_what_is_no_library_of_this_machine() -> None:
    for content in (b"", b"#!/bin/sh\n", b"\x7fELF", Path(sys.executable).read_bytes()[:64]):
        with pytest.raises(ImportError) as raised:
            _tools._shared_object(content)
        assert vars(raised.value)["code"] == "BadLibrary"
    with pytest.raises(ValueError, match="'i686' are not read"):
        _tools._shared_object(b"", "i686")
    with pytest.raises(TypeError):
        _tools._shared_object("text")  # type: ignore[arg-type]  # what is wrong


def test_names_the_other_machine(tmp_path: Path) -> None:
    content = compile_object(tmp_path / "it.so").read_bytes()
    here = _tools._shared_object(content)["machine"]
    other = "aarch64" if here == "x86_64" else "x86_64"
    with pytest.raises(ImportError, match=f"built for {here}, and not for {other}"):
        _tools._shared_object(content, other)


@pytest.mark.parametrize(
    ("path", "bundled", "foreign"),
    [
        ("$ORIGIN", ["pkg/sub/"], []),
        ("${ORIGIN}/../x.libs/", ["pkg/x.libs/"], []),
        ("$ORIGIN/../../x.libs:$ORIGIN/./a//b", ["x.libs/", "pkg/sub/a/b/"], []),
        ("$ORIGIN/../..", [""], []),
        ("$ORIGIN/../../..", [], ["$ORIGIN/../../.."]),
        ("$ORIGIN/../../../pkg", [], ["$ORIGIN/../../../pkg"]),
        ("$ORIGINAL", [], ["$ORIGINAL"]),
        ("$ORIGIN/$LIB", [], ["$ORIGIN/$LIB"]),
        ("$LIB", [], ["$LIB"]),
        ("lib", [], ["lib"]),
        ("$ORIGIN::/opt/x", ["pkg/sub/"], ["", "/opt/x"]),
        ("/usr/lib:/lib64:/usr/lib/x86_64-linux-gnu:/lib/", [], []),
        ("/usr/lib/../tmp", [], ["/usr/lib/../tmp"]),
        ("/usr/lib/mine", [], ["/usr/lib/mine"]),
        ("/usr/local/lib", [], ["/usr/local/lib"]),
        ("/tmp/x86_64-linux-gnu", [], ["/tmp/x86_64-linux-gnu"]),
    ],
)
def test_search_paths(
    tmp_path: Path, path: str, bundled: Sequence[str], foreign: Sequence[str]
) -> None:
    flags = [f"-Wl,-rpath,{path}"]
    content = compile_object(tmp_path / "it.so", SEARCHING, flags=flags).read_bytes()
    facts = _tools._shared_object(content, member="pkg/sub/it.so")
    assert list(facts["search_paths"]) == path.split(":")
    assert list(facts["bundled"]) == bundled
    assert list(facts["foreign"]) == foreign


def test_directories_of_the_program_that_runs(tmp_path: Path) -> None:
    program = Path("/proc/self/exe").resolve()
    said = [*readelf(program, "RUNPATH"), *readelf(program, "RPATH")]
    if not said:
        pytest.skip("this interpreter's program has no search path of its own")
    first = said[0].split(":")[0].replace("$ORIGIN", str(program.parent))
    own = os.path.normpath(first)
    flags = [f"-Wl,-rpath,{own}:{own}/:{own}/below:$ORIGIN/../.."]
    content = compile_object(tmp_path / "it.so", SEARCHING, flags=flags).read_bytes()

    def foreign(place: str | None, member: str = "it.so") -> list[str]:
        return list(_tools._shared_object(content, member=member, place=place)["foreign"])

    # Where it is going to run, nobody knows.
    assert foreign(None) == [own, f"{own}/", f"{own}/below", "$ORIGIN/../.."]
    assert foreign("/srv/app.zip") == [f"{own}/below", "$ORIGIN/../.."]
    assert foreign(f"{own}/python3/lib-dynload") == [f"{own}/below"]
    assert foreign(f"{own}/python3", "lib-dynload/it.so") == [f"{own}/below"]
    with pytest.raises(TypeError):
        foreign(1)  # type: ignore[arg-type]  # wrong on purpose


def test_finds_what_is_bundled() -> None:
    names = _tools._Names(
        [
            *("pkg/_it.so", "pkg/libbeside.so", "pkg/deep/libdeep.so"),
            *("a.libs/libone.so", "a.libs/libtwice.so", "b.libs/libtwice.so", "c.libs.txt"),
            *("pkg/own.libs/libown.so", "libtop.so"),
        ]
    )

    def find(name: str, *directories: str) -> str | None:
        return names.find("pkg/_it.so", directories, name)

    assert find("libbeside.so") == "pkg/libbeside.so"
    assert find("libdeep.so") is None
    assert find("libdeep.so", "nowhere/", "pkg/deep/") == "pkg/deep/libdeep.so"
    assert find("libone.so") == "a.libs/libone.so"
    assert find("libtwice.so") is None
    assert find("libtwice.so", "b.libs/", "a.libs/") == "b.libs/libtwice.so"
    assert find("libown.so") is None
    assert find("libtop.so") is None
    assert find("libtop.so", "") == "libtop.so"
    assert find("../pkg/libbeside.so") is None
    assert find("$LIB/libbeside.so", "pkg/") is None


def test_knows_the_libraries_of_every_system() -> None:
    known = _tools._system_libraries()
    assert list(known) == sorted(known)
    assert all(map(_tools._is_system_library, known))
    assert {"libc.so.6", "libstdc++.so.6", "ld-linux-x86-64.so.2"} <= set(known)
    assert _tools._is_system_library("libpython3.12.so.1.0")
    assert _tools._is_system_library("libpython3.13t.so.1.0")
    for name in (
        *("libssl.so.3", "libcrypt.so.1", "libc.so", "", "libpython3..so.1.0"),
        *(
            "libpython3.so.1.0",
            "libpython3.t.so.1.0",
            "libpython3.1x.so.1.0",
            "libpython2.7.so.1.0",
        ),
    ):
        assert not _tools._is_system_library(name), name
