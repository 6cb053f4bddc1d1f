"""build, from what cx_Freeze has made: by hand here, as it lays things out."""

from __future__ import annotations

import importlib.util
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import PrivateKey, TrustPolicy
from signedvfs.building import BuildError, BuildReport, build
from signedvfs.packaging import PackError
from tests.support.freezers import pyc, write_cxfreeze
from tests.support.native import SUFFIX, compile_object

HEADER = importlib.util.MAGIC_NUMBER + b"\1\0\0\0" + bytes(8)


class Built:
    """Built builds from collections, and opens what comes out."""

    def __init__(self, launcher: Path, key: PrivateKey, output: Path) -> None:
        self._launcher, self._key, self._output = launcher, key, output

    def __call__(self, path: Path, **options: Any) -> tuple[BuildReport, signedvfs.SignedVfs]:
        report = build(path, self._output, key=self._key, freezer="cxfreeze",
                       launcher=self._launcher, compression="stored", **options)  # fmt: skip
        return report, signedvfs.open(self._output, TrustPolicy(self._key.public_key))

    def refuses(self, path: Path, match: str) -> None:
        """refuses checks that nothing is built, and what is said."""
        with pytest.raises(PackError, match=match):
            self(path)
        assert not self._output.exists()


@pytest.fixture
def built(
    launcher: Path, key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Built:
    # The standard library goes by what is known of it; its modules are many to write.
    known = signedvfs.building.stdlib.library_items()
    monkeypatch.setattr("signedvfs.building.builder.library_items", list)
    monkeypatch.setattr("signedvfs.building.frozen.standard.library_items", lambda: known)
    return Built(launcher, key, tmp_path / "output")


def test_a_directory(built: Built, tmp_path: Path) -> None:
    top = write_cxfreeze(
        tmp_path / "made",
        {
            "BUILD_CONSTANTS.pyc": pyc(""),
            "decimal.pyc": pyc(""),
            "zipped/__init__.pyc": pyc("X = 1"),
            "zipped/data.txt": b"in the archive",
            "dist-1.dist-info/METADATA": b"Name: dist\nVersion: 1\n",
            "dist-1.dist-info/RECORD": b"zipped/__init__.py,,\nzipped/data.txt,,\n",
        },
    )
    library = top / "lib"
    (library / "loose").mkdir()
    (library / "loose/__init__.pyc").write_bytes(pyc("Y = 2"))
    (library / "loose/data.txt").write_bytes(b"beside the module")
    (top / "share").mkdir()
    (top / "share/included.txt").write_bytes(b"beside the executable")
    compile_object(library / f"zipped._native{SUFFIX}")
    compile_object(library / f"_bisect{SUFFIX}")
    for path in (top, top / "app"):
        report, archive = built(path)
        names = archive.list()
        assert archive.read("lib/zipped/__init__.pyc")[:16] == HEADER
        assert archive.read("lib/loose/__init__.pyc")[:16] == HEADER
        assert archive.read("lib/zipped/data.txt") == b"in the archive"
        assert archive.read("lib/loose/data.txt") == b"beside the module"
        assert archive.read("share/included.txt") == b"beside the executable"
        assert {"lib/dist-1.dist-info/METADATA", "lib/__main__app.pyc"} <= set(names)
        assert f"lib/zipped/_native{SUFFIX}" in names
        assert not {"app", "lib/library.zip", "lib/library.dat", "lib/decimal.pyc"} & set(names)
        assert not any("_bisect" in name for name in names)
        launch = archive.read("signedvfs-launch.txt").decode().splitlines()
        paths = [line for line in launch if line.startswith("path ")]
        assert paths[:2] == ["path .", "path lib"]
        assert report.warnings == ()
        assert report.native is not None
        assert report.native.problems == ()
        (distribution,) = (one for one in report.packages if one.kind == "distribution")
        assert (distribution.name, distribution.version) == ("dist", "1")
        assert distribution.files == (
            "lib/dist-1.dist-info/METADATA",
            "lib/zipped/__init__.pyc",
            "lib/zipped/data.txt",
        )


def test_the_program_among_several(built: Built, tmp_path: Path) -> None:
    more = {"__init__other_one.pyc": pyc(""), "__main__other_one.pyc": pyc("")}
    top = write_cxfreeze(tmp_path / "made", more)
    (top / "other-one").write_bytes(b"\x7fELF")
    (top / "other-one").chmod(0o755)
    built.refuses(top, "and has: app, other_one")
    _, archive = built(top / "other-one")
    assert b"other_one" in archive.read("__main__.pyc")
    assert not {"app", "other-one"} & set(archive.list())


def test_what_is_no_collection(built: Built, tmp_path: Path) -> None:
    built.refuses(tmp_path, "has no directory lib")
    (tmp_path / "lib").mkdir()
    built.refuses(tmp_path, "and has: none")
    with pytest.raises(FileNotFoundError):
        built(tmp_path / "nothing")


def test_another_archive_is_named(built: Built, tmp_path: Path) -> None:
    top = write_cxfreeze(tmp_path / "made", {})
    named = top / "lib/library.dat"
    for name in ("../elsewhere.zip", "/tmp/elsewhere.zip", "..", ""):
        named.write_text(name, encoding="utf-8")
        built.refuses(top, "names no file beside it")
    (top / "lib/library.zip").rename(top / "lib/other.zip")
    named.write_text("other.zip\n", encoding="utf-8")
    _, archive = built(top)
    assert "lib/__main__app.pyc" in archive.list()
    assert "lib/other.zip" not in archive.list()


def test_another_python(built: Built, tmp_path: Path) -> None:
    top = write_cxfreeze(tmp_path / "made", {"odd.pyc": pyc("", b"\x0a\x0d\r\n")})
    built.refuses(top, "odd.pyc is of another Python than this one")
    (top / "lib/library.zip").unlink()
    write_cxfreeze(tmp_path / "made2", {"odd.pyc": pyc("", (4095).to_bytes(2, "little") + b"\r\n")})
    built.refuses(tmp_path / "made2", r"odd.pyc is of Python 3.23, and this is")


@pytest.mark.parametrize("name", ["../up.pyc", "/abs.pyc", "a//b.pyc", "a\\b.pyc"])
def test_paths_that_lead_out(built: Built, tmp_path: Path, name: str) -> None:
    built.refuses(write_cxfreeze(tmp_path / "made", {name: pyc("")}), "no path inside it")


def test_a_broken_archive(built: Built, tmp_path: Path) -> None:
    top = write_cxfreeze(tmp_path / "made", {"part.pyc": pyc("X = 'some text of it'")})
    path = top / "lib/library.zip"
    content = path.read_bytes()
    path.write_bytes(content[:-30])
    built.refuses(top, "no zip archive that can be read")
    path.write_bytes(content.replace(b"some text of it", b"same text of it"))
    built.refuses(top, "no zip archive that can be read")
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("text.pyc", importlib.util.MAGIC_NUMBER + bytes(12) + b"text")
    built.refuses(top, "no compiled code")


def test_files_that_are_none(built: Built, tmp_path: Path) -> None:
    top = write_cxfreeze(tmp_path / "made", {})
    for directory in (top, top / "lib"):
        (directory / "link").symlink_to(tmp_path)
        built.refuses(top, "a link to a directory")
        (directory / "link").unlink()
        os.mkfifo(directory / "pipe")
        built.refuses(top, "is no file")
        (directory / "pipe").unlink()


def test_unknown_freezer(tmp_path: Path, key: PrivateKey, launcher: Path) -> None:
    odd: Any = "nuitka"
    with pytest.raises(ValueError, match="freezer must be"):
        build(tmp_path, tmp_path / "app", key=key, launcher=launcher, freezer=odd)
    with pytest.raises(BuildError, match="one collection"):
        build([tmp_path, tmp_path], tmp_path / "app", key=key, launcher=launcher,
              freezer="cxfreeze")  # fmt: skip
