"""The oldest glibc that will do."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from signedvfs.building.floor import LAUNCHER, floor_of, glibc_of
from signedvfs.packaging.native import NativeReport, examine
from tests.support.native import compile_object

# memcpy has been versioned anew in glibc 2.14, and fstat in 2.33.
_NEWER = "#include <sys/stat.h>\nint f(void) { struct stat s; return fstat(0, &s); }"


def report_of(*paths: Path) -> NativeReport:
    files = {path.name: path for path in paths}
    found = examine(sorted(files), lambda name: files[name].read_bytes())
    assert found is not None
    return found


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_a_program_wants_what_readelf_says(launcher: Path) -> None:
    for path in (launcher, Path(sys.executable)):
        text = subprocess.run(
            ["readelf", "-VW", str(path)], check=True, capture_output=True, text=True
        ).stdout
        wanted = re.findall(r"Name: GLIBC_([\d.]+)", text)
        found = glibc_of(path.read_bytes())
        assert found is not None
        assert version(found) == max(map(version, wanted))


def test_the_highest_decides(tmp_path: Path) -> None:
    native = report_of(compile_object(tmp_path / "libit.so", _NEWER))
    assert native.glibc is not None
    for own, wanted_by in (("2.2.5", ["libit.so"]), ("2.99", [LAUNCHER])):
        floor = floor_of(native, b"\0GLIBC_" + own.encode() + b"\0")
        assert floor.wanted_by == wanted_by
    assert floor_of(native, b"").glibc == native.glibc
    both = floor_of(native, b"\0GLIBC_" + native.glibc.encode() + b"\0")
    assert both == (native.glibc, ["libit.so", LAUNCHER])


@pytest.mark.parametrize("program", [b"", b"\0GLIBC_PRIVATE\0", b"xGLIBC_2.40\0", b"\0GLIBC_2.40x"])
def test_nothing_wants_any(program: bytes) -> None:
    assert floor_of(None, program) == (None, [])


def test_objects_that_want_none(tmp_path: Path) -> None:
    native = report_of(compile_object(tmp_path / "libit.so", flags=["-nostdlib"]))
    objects = tuple(replace(one, glibc=None) for one in native.objects)
    assert floor_of(replace(native, objects=objects), b"\0GLIBC_2.9\0") == ("2.9", [LAUNCHER])
