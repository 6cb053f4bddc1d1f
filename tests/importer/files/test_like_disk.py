"""Whatever is asked about paths in an archive gets the answer that a directory would give.

Each question is put to the signed archive and to the same files on the disk.
"""

from __future__ import annotations

import configparser
import filecmp
import fileinput
import glob
import io
import json
import linecache
import mmap
import os
import shutil
import stat
import sys
import tempfile
import tokenize
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

DATA = "pkg/data"
Question = Callable[[str], object]


def _read(path: str, mode: str = "r", **options: object) -> object:
    with open(path, mode, **options) as file:  # type: ignore[call-overload]  # modes are text here
        return type(file).__name__, file.read()


def _all_of(file: IO[bytes] | IO[str] | io.FileIO) -> object:
    with file:
        return os.path.basename(str(file.name)), file.read()


def _mapped(path: str) -> bytes:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        return memory[10:20]


def _by_descriptor(path: str) -> object:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return (
            os.read(descriptor, 7),
            os.lseek(descriptor, 0, os.SEEK_END),
            os.pread(descriptor, 3, 1),
        )
    finally:
        os.close(descriptor)


def _two_positions(path: str) -> object:
    with open(path, "rb") as one, open(path, "rb") as other:
        return one.read(5), other.read(3), one.read(1)


def _entries(path: str | bytes) -> object:
    with os.scandir(path) as found:
        return sorted(
            (
                entry.name,
                os.fspath(entry),
                entry.is_dir(),
                entry.is_file(),
                entry.is_symlink(),
                entry.stat().st_size if entry.is_file() else None,
                isinstance(entry, os.DirEntry),
                entry.inode() == os.stat(entry.path).st_ino,
            )
            for entry in found
        )


def _below(path: str) -> object:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return (
            sorted(os.listdir(directory)),
            stat.S_ISDIR(os.fstat(directory).st_mode),
            os.stat("text.txt", dir_fd=directory).st_size,
            os.access("sub", os.R_OK, dir_fd=directory),
            [entry.path for entry in sorted(os.scandir(directory), key=lambda one: one.name)],
            _read(
                "sub/deep.json", opener=lambda name, flags: os.open(name, flags, dir_fd=directory)
            ),
        )
    finally:
        os.close(directory)


def _stat(path: str | bytes | int) -> object:
    found = os.stat(path)
    return (
        stat.S_IFMT(found.st_mode),
        found.st_size if stat.S_ISREG(found.st_mode) else None,
        found.st_mtime_ns // 10**9 == int(found.st_mtime) == found[stat.ST_MTIME],
        len(found),
    )


def _walked(path: str) -> object:
    return [(top, sorted(below), sorted(files)) for top, below, files in sorted(os.walk(path))]


def _fwalked(path: str) -> object:
    return sorted((top, sorted(below), sorted(files)) for top, below, files, _ in os.fwalk(path))


def _copied(path: str) -> object:
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(path, f"{directory}/copy")
        shutil.copy2(f"{path}/text.txt", f"{directory}/one")
        return sorted(str(one.relative_to(directory)) for one in Path(directory).rglob("*"))


def _zipped(path: str) -> object:
    with tempfile.TemporaryDirectory() as directory:
        made = shutil.make_archive(f"{directory}/x", "zip", path)
        with zipfile.ZipFile(made) as archive:
            return sorted(archive.namelist())


QUESTIONS: dict[str, Question] = {
    "read text": lambda at: _read(f"{at}/{DATA}/text.txt", encoding="utf-8"),
    "read bytes": lambda at: _read(f"{at}/{DATA}/text.txt", "rb"),
    "read raw": lambda at: _read(f"{at}/{DATA}/numbers.bin", "rb", buffering=0),
    "read lines": lambda at: _read(f"{at}/{DATA}/text.txt", encoding="latin-1", newline="\n"),
    "read by bytes": lambda at: _read(os.fsencode(f"{at}/{DATA}/text.txt"), "rb"),  # type: ignore[arg-type]  # open takes them
    "read empty": lambda at: _read(f"{at}/{DATA}/empty.txt"),
    "read other letters": lambda at: _read(f"{at}/{DATA}/ünï.txt"),
    "read by Path": lambda at: Path(at, DATA, "text.txt").read_text(encoding="utf-8"),
    "read code": lambda at: _all_of(io.open_code(f"{at}/top.py")),
    "FileIO": lambda at: _all_of(io.FileIO(f"{at}/top.py")),
    "FileIO by name": lambda at: _all_of(io.FileIO(file=f"{at}/top.py", mode="r")),
    "mmap": lambda at: _mapped(f"{at}/{DATA}/numbers.bin"),
    "descriptor": lambda at: _by_descriptor(f"{at}/{DATA}/numbers.bin"),
    "two positions": lambda at: _two_positions(f"{at}/{DATA}/numbers.bin"),
    "update mode": lambda at: _read(f"{at}/{DATA}", "r"),
    "bad mode": lambda at: _read(f"{at}/top.py", "rz"),
    "two modes": lambda at: _read(f"{at}/top.py", "rw"),
    "no closefd": lambda at: _read(f"{at}/top.py", closefd=False),
    "missing": lambda at: _read(f"{at}/{DATA}/nope"),
    "missing directory": lambda at: _read(f"{at}/nope/x"),
    "below a file": lambda at: _read(f"{at}/top.py/x"),
    "slash after a file": lambda at: _read(f"{at}/top.py/"),
    "a directory": lambda at: _read(f"{at}/{DATA}"),
    "NUL": lambda at: _read(f"{at}/a\0b"),
    "long name": lambda at: _read(f"{at}/{'x' * 300}"),
    "surrogates": lambda at: os.path.exists(f"{at}/\udcff"),
    "stat file": lambda at: _stat(f"{at}/{DATA}/text.txt"),
    "stat bytes": lambda at: _stat(os.fsencode(f"{at}/{DATA}/text.txt")),
    "stat directory": lambda at: _stat(f"{at}/{DATA}"),
    "stat with slash": lambda at: _stat(f"{at}/{DATA}/"),
    "stat with dots": lambda at: _stat(f"{at}/{DATA}/./sub/../text.txt"),
    "stat with slashes": lambda at: _stat(f"{at}//{DATA}///text.txt"),
    "dots below a file": lambda at: _stat(f"{at}/top.py/../{DATA}"),
    "dots below nothing": lambda at: _stat(f"{at}/nope/../{DATA}"),
    "dots out and in": lambda at: _stat(f"{at}/../{os.path.basename(at)}/{DATA}"),
    "lstat": lambda at: stat.S_ISREG(os.lstat(f"{at}/top.py").st_mode),
    "stat keywords": lambda at: os.stat(path=f"{at}/top.py", follow_symlinks=False).st_size,
    "stat missing": lambda at: _stat(f"{at}/nope"),
    "same file": lambda at: os.path.samefile(f"{at}/top.py", f"{at}/pkg/../top.py"),
    "other file": lambda at: os.path.samefile(f"{at}/top.py", f"{at}/pkg/__init__.py"),
    "exists": lambda at: [os.path.exists(f"{at}/{one}") for one in ("top.py", "pkg", "nope")],
    "isfile": lambda at: [os.path.isfile(f"{at}/{one}") for one in ("top.py", "pkg", "nope")],
    "isdir": lambda at: [os.path.isdir(f"{at}/{one}") for one in ("top.py", "pkg", "nope")],
    "islink": lambda at: [os.path.islink(f"{at}/{one}") for one in ("top.py", "pkg", "nope")],
    "ismount": lambda at: [os.path.ismount(f"{at}/{one}") for one in ("pkg", DATA)],
    "getsize": lambda at: os.path.getsize(f"{at}/{DATA}/numbers.bin"),
    "realpath": lambda at: os.path.relpath(os.path.realpath(f"{at}/{DATA}/../x"), at),
    "access": lambda at: [
        os.access(f"{at}/{one}", mode)
        for one in ("top.py", "pkg", "nope")
        for mode in (os.F_OK, os.R_OK)
    ],
    "executable": lambda at: [os.access(f"{at}/{one}", os.X_OK) for one in ("top.py", "pkg")],
    "statvfs by name": lambda at: os.statvfs(path=f"{at}/pkg").f_namemax,
    "pathconf": lambda at: os.pathconf(path=f"{at}/top.py", name="PC_NAME_MAX"),
    "FileIO with two modes": lambda at: io.FileIO(f"{at}/top.py", "rw"),
    "FileIO without a mode": lambda at: io.FileIO(f"{at}/top.py", "b"),
    "FileIO with two updates": lambda at: io.FileIO(f"{at}/top.py", "r++"),
    "readlink": lambda at: os.readlink(f"{at}/top.py"),
    "readlink missing": lambda at: os.readlink(f"{at}/nope"),
    "listdir": lambda at: sorted(os.listdir(f"{at}/{DATA}")),
    "listdir bytes": lambda at: sorted(os.listdir(os.fsencode(f"{at}/{DATA}"))),
    "listdir Path": lambda at: sorted(os.listdir(Path(at, DATA))),
    "listdir of a file": lambda at: os.listdir(f"{at}/top.py"),
    "listdir missing": lambda at: os.listdir(f"{at}/nope"),
    "scandir": lambda at: _entries(f"{at}/{DATA}"),
    "scandir with slash": lambda at: _entries(f"{at}/{DATA}/"),
    "scandir bytes": lambda at: _entries(os.fsencode(f"{at}/{DATA}")),
    "scandir of a file": lambda at: _entries(f"{at}/top.py"),
    "scandir text": lambda at: sorted(map(repr, os.scandir(f"{at}/{DATA}"))),
    "directory descriptor": lambda at: _below(f"{at}/{DATA}"),
    "O_DIRECTORY of a file": lambda at: os.open(f"{at}/top.py", os.O_DIRECTORY),
    "walk": lambda at: _walked(f"{at}/pkg"),
    "fwalk": lambda at: _fwalked(f"{at}/pkg"),
    "glob": lambda at: sorted(glob.glob(f"{at}/**/*.txt", recursive=True)),
    "iglob of directories": lambda at: sorted(glob.glob(f"{at}/pkg/*/")),
    "pathlib glob": lambda at: sorted(map(str, Path(at, "pkg").rglob("*.txt"))),
    "pathlib iterdir": lambda at: sorted(map(str, Path(at, DATA).iterdir())),
    "pathlib resolve": lambda at: str(Path(at, DATA, "..", "data").resolve(strict=True)),
    "strict, missing": lambda at: str(Path(at, DATA, "nope").resolve(strict=True)),
    "strict, below a file": lambda at: str(Path(at, "top.py", "nope").resolve(strict=True)),
    "strict, missing directory": lambda at: str(Path(at, "no", "x").resolve(strict=True)),
    "pathlib is": lambda at: [Path(at, one).is_file() for one in ("top.py", "pkg", "nope")],
    "copy": lambda at: _copied(f"{at}/{DATA}"),
    "filecmp": lambda at: filecmp.cmp(f"{at}/top.py", f"{at}/top.py", shallow=False),
    "dircmp": lambda at: filecmp.dircmp(f"{at}/pkg", f"{at}/pkg").common,
    "linecache": lambda at: linecache.getline(f"{at}/{DATA}/text.txt", 2),
    "fileinput": lambda at: list(fileinput.input([f"{at}/top.py"])),
    "tokenize": lambda at: _all_of(tokenize.open(f"{at}/top.py")),
    "json": lambda at: json.loads(Path(at, DATA, "sub", "deep.json").read_text()),
    "configparser": lambda at: configparser.ConfigParser().read([f"{at}/nope.ini"]),
    "listxattr": lambda at: os.listxattr(f"{at}/nope"),
    "statvfs": lambda at: os.statvfs(f"{at}/top.py").f_namemax > 0,
    "statvfs missing": lambda at: os.statvfs(f"{at}/nope").f_namemax,
    "chdir missing": lambda at: os.chdir(f"{at}/nope"),
    "no such argument": lambda at: os.stat(at, bogus=1),  # type: ignore[call-arg]  # the error is the point
}

if sys.version_info >= (3, 11):  # before, it changes the current directory
    QUESTIONS["make_archive"] = lambda at: _zipped(f"{at}/{DATA}")


def answer(question: Question, at: Path) -> tuple[str, str]:
    """Return what a question is answered, with the root's own name left out."""
    try:
        found = ("returns", repr(question(str(at))))
    except OSError as error:
        found = (
            "raises",
            f"{type(error).__name__} {error.errno} {error.strerror} {error.filename!r}",
        )
    except (TypeError, ValueError) as error:
        found = ("raises", type(error).__name__)
    return found[0], found[1].replace(str(at), "ROOT")


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_same_answer_as_the_disk(root: Path, disk: Path, question: Question) -> None:
    assert answer(question, root) == answer(question, disk)


@pytest.mark.parametrize("spelled", ["relative", "dots", "link", "file link"])
def test_every_spelling_leads_there(
    root: Path, tmp_path: Path, spelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a path to the archive is spelled, what lies below it is the archive's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "by").symlink_to(tmp_path)
    at = {
        "relative": root.name,
        "dots": f"elsewhere/../{root.name}",
        "link": f"{tmp_path}/by/{root.name}",
        "file link": f"by/by/{root.name}",
    }[spelled]
    assert Path(at, "top.py").read_text() == "value = 'top'\n"
    assert os.path.isdir(f"{at}/{DATA}")
    assert sorted(os.listdir(f"{at}/pkg")) == ["__init__.py", "data"]
    assert not os.path.exists(f"{at}/nope")


def test_paths_lead_out_again(root: Path, tmp_path: Path) -> None:
    (tmp_path / "beside.txt").write_text("beside")
    assert Path(f"{root}/pkg/../../beside.txt").read_text() == "beside"
    assert os.stat(f"{root}/../beside.txt").st_size == 6
    with pytest.raises(FileNotFoundError):
        os.stat(f"{root}/nope/../../beside.txt")


def test_the_top_is_listed(root: Path) -> None:
    assert sorted(os.listdir(root)) == ["pkg", "top.py"]
    assert [entry.path for entry in sorted(os.scandir(root), key=lambda one: one.name)] == [
        f"{root}/pkg",
        f"{root}/top.py",
    ]
    assert len(list(os.walk(root))) == 5
    assert os.path.isdir(f"{root}/.")


def test_an_archive_is_a_file_as_well(archive: Path) -> None:
    """An archive's own path stays what it is on the disk."""
    assert os.path.isfile(archive)
    assert not os.path.isdir(archive)
    assert zipfile.is_zipfile(archive)
