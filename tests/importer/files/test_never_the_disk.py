"""What was signed is all that a path below an archive in use can give."""

from __future__ import annotations

import io
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import signedvfs
from tests.importer.files.conftest import FILES, closed_doors, damaged, write_tree
from tests.importer.workshop import Importing, Workshop

READERS: dict[str, Callable[[str], object]] = {
    "open": lambda path: Path(path).read_bytes(),
    "FileIO": lambda path: io.FileIO(path).readall(),
    "open_code": lambda path: io.open_code(path).read(),
    "os.open": lambda path: os.read(os.open(path, os.O_RDONLY), 100),
    "copy": lambda path: shutil.copy(path, "copy"),
}


def evil_tree(root: Path) -> None:
    write_tree(root, {**dict.fromkeys(FILES, "EVIL"), "pkg/data/more.txt": "EVIL"})


def by_a_directory(archive: Path) -> None:
    archive.unlink()
    evil_tree(archive)


def by_a_link(archive: Path) -> None:
    archive.unlink()
    evil_tree(archive.parent / "evil")
    archive.symlink_to("evil")


def by_nothing(archive: Path) -> None:
    archive.unlink()


def by_a_turned_link_above(archive: Path) -> None:
    # The archive was reached by way of "above", which leads elsewhere now.
    above = archive.parent / "above"
    above.unlink()
    evil_tree(archive.parent / "other" / archive.name)
    above.symlink_to("other")


@pytest.mark.parametrize("replace", [by_a_directory, by_a_link, by_nothing])
def test_what_takes_the_archives_place_is_never_read(
    archive: Path, replace: Callable[[Path], None]
) -> None:
    with closed_doors():
        replace(archive)
    assert Path(archive, "top.py").read_text() == FILES["top.py"]
    assert sorted(os.listdir(archive / "pkg/data")) == [
        "empty.txt",
        "numbers.bin",
        "sub",
        "sub-2",
        "text.txt",
        "ünï.txt",
    ]
    assert not os.path.exists(f"{archive}/pkg/data/more.txt")
    with pytest.raises(FileNotFoundError):
        Path(archive, "pkg/data/more.txt").read_text()
    assert os.stat(archive / "pkg/data/numbers.bin").st_size == 256 * 64


def test_a_link_on_the_way_that_was_turned(workshop: Workshop, importing: Importing) -> None:
    archive = workshop.zip("app.zip", FILES, index=True)
    above = archive.parent / "above"
    above.symlink_to(".")
    importing.put(above / "app.zip")
    __import__("pkg")
    signedvfs.open_doors()
    try:
        with closed_doors():
            by_a_turned_link_above(archive)
        assert Path(above, "app.zip", "top.py").read_text() == FILES["top.py"]
        assert not os.path.exists(f"{above}/app.zip/pkg/data/more.txt")
    finally:
        signedvfs.close_doors()


def test_what_is_beside_signed_files_in_a_tree_is_not_there(root: Path) -> None:
    with closed_doors():
        if root.suffix == ".zip":
            root.unlink()
        evil_tree(root)
    assert not os.path.exists(f"{root}/pkg/data/more.txt")
    assert "more.txt" not in os.listdir(f"{root}/pkg/data")


@pytest.mark.parametrize("name", ["pkg/data/text.txt", "pkg/data/sub/deep.json"])
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_changed_content_is_refused(
    root: Path,
    read: Callable[[str], object],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is no OSError either, which programs take for a file that is missing."""
    monkeypatch.chdir(tmp_path)
    with closed_doors():
        if root.is_dir():
            (root / name).write_text("EVIL")
        else:
            root.write_bytes(damaged(root.read_bytes(), name))
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        read(f"{root}/{name}")
    assert caught.value.member == name
    assert not isinstance(caught.value, OSError)


def test_content_that_was_read_before_is_what_it_was(archive: Path) -> None:
    assert (
        Path(archive, "pkg/data/text.txt").read_text(encoding="utf-8") == FILES["pkg/data/text.txt"]
    )
    with closed_doors():
        archive.write_bytes(damaged(archive.read_bytes(), "pkg/data/text.txt"))
    assert (
        Path(archive, "pkg/data/text.txt").read_text(encoding="utf-8") == FILES["pkg/data/text.txt"]
    )


def test_nobody_can_write_to_an_open_file(archive: Path) -> None:
    with open(archive / "pkg/data/text.txt", "rb") as file:
        for flags in (os.O_RDWR, os.O_WRONLY, os.O_RDWR | os.O_TRUNC):
            with pytest.raises(OSError):
                again = os.open(f"/proc/self/fd/{file.fileno()}", flags)
                os.write(again, b"EVIL")
        with pytest.raises(OSError):
            os.truncate(file.fileno(), 0)
        assert file.read().decode() == FILES["pkg/data/text.txt"]


def test_the_archives_own_file_is_a_verified_copy(archive: Path) -> None:
    with zipfile.ZipFile(archive) as own:
        assert own.read("top.py").decode() == FILES["top.py"]
    with open(archive, "rb") as file:
        copy = file.read()
    signedvfs.close_doors()
    assert copy == archive.read_bytes()


@pytest.mark.parametrize("what", ["content", "in front", "behind", "other archive", "unsigned"])
def test_the_archives_own_file_is_refused_where_it_is_not_what_was_signed(
    archive: Path, workshop: Workshop, what: str
) -> None:
    """Whoever unpacks the archive by himself gets no byte that nobody has signed."""
    data = archive.read_bytes()
    if what == "content":
        archive.write_bytes(damaged(data, "pkg/data/text.txt"))
    elif what == "in front":
        archive.write_bytes(b"#!/bin/sh\necho EVIL\n" + data)
    elif what == "behind":
        archive.write_bytes(data + b"EVIL")
    elif what == "other archive":
        workshop.zip("other.zip", {"top.py": "EVIL"}, index=True).replace(archive)
    else:
        workshop.plain_zip("other.zip", {"top.py": "EVIL"}).replace(archive)
    for read in (
        lambda: zipfile.ZipFile(archive).read("top.py"),
        lambda: archive.read_bytes(),
        lambda: os.open(archive, os.O_RDONLY),
    ):
        with pytest.raises(signedvfs.IntegrityCheckError):
            read()


def test_the_archives_own_file_can_be_replaced(archive: Path, workshop: Workshop) -> None:
    """That is how a program updates itself; this process keeps what it has open."""
    newer = workshop.zip("newer.zip", {"top.py": "value = 'newer'\n"}, index=True)
    os.replace(newer, archive)
    assert Path(archive, "top.py").read_text() == FILES["top.py"]
    archive.write_bytes(b"")
    assert Path(archive, "pkg/data/sub-2/x.txt").read_text() == "x"


UPDATES: dict[str, Callable[[str], object]] = {
    "r+": lambda path: open(path, "r+b"),
    "a+": lambda path: open(path, "a+b"),
    "os.open": lambda path: os.open(path, os.O_RDWR),
    "zipfile": lambda path: zipfile.ZipFile(path, "a"),
}


@pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)
def test_who_may_write_the_archives_own_file_cannot_read_it(
    archive: Path, update: Callable[[str], object]
) -> None:
    data = archive.read_bytes()
    with pytest.raises(signedvfs.IntegrityCheckError, match="for reading alone"):
        update(str(archive))
    for mode in ("wb", "w+b", "ab"):
        with open(archive, mode) as file:
            file.write(data)


def test_modules_by_path_are_verified_source(archive: Path) -> None:
    """FileFinder and spec_from_file_location read files like everybody."""
    import importlib.util

    with closed_doors():
        by_a_directory(archive)
    spec = importlib.util.spec_from_file_location("by_path", f"{archive}/top.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.value == "top"
    sys.modules.pop("by_path", None)


def memories() -> dict[int, int]:
    """Return the inodes of sealed memory that descriptors of this process are open for."""
    out = {}
    with closed_doors():  # others' directories of ours are no links
        for fd in map(int, os.listdir("/proc/self/fd")):
            place = f"/proc/self/fd/{fd}"
            if os.path.lexists(place) and os.readlink(place).startswith("/memfd:signedvfs ("):
                out[fd] = os.fstat(fd).st_ino
    return out


def test_another_file_under_a_kept_number_is_neither_read_nor_closed(
    archive: Path, tmp_path: Path
) -> None:
    # What was opened is kept; a program that closes all descriptors gets its number for others.
    name = str(archive / "pkg/data/numbers.bin")
    earlier = set(memories().values())
    content = Path(name).read_bytes()
    kept = {fd: inode for fd, inode in memories().items() if inode not in earlier}
    assert len(kept) == 1
    evil = tmp_path / "evil"
    evil.write_bytes(b"EVIL" * 4096)
    with evil.open("rb") as other:
        for fd in kept:
            os.dup2(other.fileno(), fd)
    assert Path(name).read_bytes() == content == FILES["pkg/data/numbers.bin"]
    for fd in kept:
        assert os.read(fd, 4) == b"EVIL"
        os.close(fd)
    # Nobody else's memory gets its inode: it stays mapped, whatever was closed.
    lines = os.fsdecode(Path("/proc/self/maps").read_bytes()).splitlines()
    mapped = {int(line.split()[4]) for line in lines if "/memfd:" in line}
    assert mapped >= set(kept.values())
