"""What the bench writes is what the importers read."""

from __future__ import annotations

import marshal
import struct
import sys
import zipimport
from pathlib import Path

import pytest

import archives
import contenders
import signedvfs


def test_bytecode_is_unchecked() -> None:
    pyc = archives.unchecked_pyc("m.py", b"x = 1\n")
    assert pyc is not None
    assert struct.unpack("<L", pyc[4:8]) == (1,)
    namespace: dict[str, object] = {}
    exec(marshal.loads(pyc[16:]), namespace)
    assert namespace["x"] == 1


def test_what_is_no_python_is_left_out() -> None:
    assert archives.unchecked_pyc("template.py", b"{{ name }} =\n") is None
    assert archives.unchecked_pyc("null.py", b"\0") is None


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="zipimport reads zip64 by itself")
def test_zipimport_reads_many_members_without_zip64(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = tmp_path / "many.zip"
    content = archives.many_members(66_000)
    archives.write_signed(archive, content, "stored", key)
    classic = archives.without_zip64(archive, tmp_path / "classic.zip")
    assert classic != archive
    importer = zipimport.zipimporter(str(classic))
    name = list(content)[-1]
    assert importer.get_data(f"{classic}/{name}") == content[name]


def test_an_archive_without_zip64_is_taken_as_it_is(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = tmp_path / "few.zip"
    archives.write_signed(archive, archives.many_members(3), "stored", key)
    assert archives.without_zip64(archive, tmp_path / "classic.zip") == archive


def test_the_floor_has_modules_and_packages(tmp_path: Path) -> None:
    path = tmp_path / "floor"
    archives.write_floor(path, {"p/__init__.pyc": b"1", "p/m.pyc": b"2", "p/data.txt": b"3"})
    assert marshal.loads(path.read_bytes()) == {
        "p": (b"1", True, f"{path}/p/__init__.py"),
        "p.m": (b"2", False, f"{path}/p/m.py"),
    }


def test_the_recorded_order_comes_first() -> None:
    members = ["z", "a", "m", "b"]
    assert contenders.in_order(members, ["m", "z", "gone"]) == ["m", "z", "a", "b"]


def test_the_record_names_what_is_there(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    path = tmp_path / "ordered.zip"
    contenders.write_ordered(path, {"a": b"", "m": b""}, ["m", "gone"], "stored", key)
    policy = signedvfs.TrustPolicy(key.public_key)
    assert signedvfs.open(path, policy).read(contenders.ORDER) == b"m\n"
