"""A directory has taken the archive's place, and every way to say where it is leads to the archive.

Or to an error, where nobody can tell where it leads.
"""

from __future__ import annotations

import importlib
import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Union

import pytest

import signedvfs
from tests.importer.files.conftest import FILES, closed_doors, write_tree
from tests.importer.workshop import Importing, Workshop

AT_FDCWD = -100


class Number:
    """What Python takes for an int, and is none."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Turning:
    """A path that is another one each time it is asked."""

    def __init__(self, *paths: str) -> None:
        self.paths = list(paths)

    def __fspath__(self) -> str:
        return self.paths.pop(0) if len(self.paths) > 1 else self.paths[0]


class Text(str):
    """A str whose methods lie."""

    __slots__ = ()

    def __fspath__(self) -> str:
        return "/etc/passwd"

    def __str__(self) -> str:
        return "/etc/passwd"


@pytest.fixture
def evil(archive: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with closed_doors():
        archive.unlink()
        write_tree(archive, dict.fromkeys(FILES, "EVIL"))
    monkeypatch.chdir(archive.parent)
    yield archive
    os.chdir("/")


@contextmanager
def opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def _read(path: Any, **options: Any) -> bytes:
    descriptor = os.open(path, os.O_RDONLY, **options)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def _by_directory(at: Path, number: Callable[[int], object]) -> bytes:
    with opened(at.parent) as descriptor:
        return _read(f"{at.name}/top.py", dir_fd=number(descriptor))


def _by_our_directory(at: Path, number: Callable[[int], object]) -> bytes:
    with opened(at / "pkg") as descriptor:
        return _read("../top.py", dir_fd=number(descriptor))


def _from_a_directory_that_is_gone(at: Path) -> bytes:
    (at.parent / "gone").mkdir()
    os.chdir(at.parent / "gone")
    os.rmdir(at.parent / "gone")
    return _read(f"../{at.name}/top.py")


def _along(at: Path, steps: int) -> bytes:
    (at.parent / "d").mkdir()
    return _read("d/../" * steps + f"{at.name}/top.py")


def _by_links(at: Path) -> bytes:
    for i in range(39):
        (at.parent / f"l{i}").symlink_to(".")
    return _read("/".join(f"l{i}" for i in range(39)) + f"/{at.name}/top.py")


def _by_a_new_class(at: Path) -> bytes:
    before = sys.modules.pop("_io")
    try:
        fresh = importlib.import_module("_io")
    finally:
        sys.modules["_io"] = before
    with fresh.FileIO(f"{at}/top.py") as file:
        return bytes(file.readall())


class Between(io.FileIO):
    """It has a constructor of its own."""

    def __init__(self, path: str) -> None:
        super().__init__(path)


class Below(Between):
    """It takes the one of C back."""

    __init__ = io.FileIO.__init__


def _by_class(at: Path) -> bytes:
    with Below(f"{at}/top.py") as file:
        return bytes(file.readall())


SPELLINGS: dict[str, Callable[[Path], object]] = {
    "dir_fd": lambda at: _by_directory(at, int),
    "dir_fd, some number": lambda at: _by_directory(at, Number),
    "our dir_fd": lambda at: _by_our_directory(at, int),
    "our dir_fd, some number": lambda at: _by_our_directory(at, Number),
    "dir_fd that is the current directory": lambda at: _read(f"{at.name}/top.py", dir_fd=AT_FDCWD),
    "dir_fd and a whole path": lambda at: _read(f"{at}/top.py", dir_fd=0),
    "current directory that is gone": _from_a_directory_that_is_gone,
    "some dots": lambda at: _along(at, 10),
    "many dots": lambda at: _along(at, 300),
    "too many dots": lambda at: _along(at, 2000),
    "links": _by_links,
    "/proc": lambda at: _read(f"/proc/self/cwd/{at.name}/top.py"),
    "/proc of the thread": lambda at: _read(f"/proc/thread-self/cwd/{at.name}/top.py"),
    "/proc's root": lambda at: _read(f"/proc/self/root/{at}/top.py"),
    "bytes": lambda at: _read(os.fsencode(f"{at}/top.py")),
    "other bytes": lambda at: _read(bytearray(os.fsencode(f"{at}/top.py"))),
    "memory": lambda at: _read(memoryview(os.fsencode(f"{at}/top.py"))),
    "turning path": lambda at: _read(Turning(f"{at}/top.py", "/dev/null")),
    "turning FileIO": lambda at: io.FileIO(Turning("/dev/null", f"{at}/top.py")).read(),
    "turning FileIO by name": lambda at: io.FileIO(
        file=Turning("/dev/null", f"{at}/top.py")
    ).read(),
    "lying text": lambda at: _read(Text(f"{at}/top.py")),
    "a new class": _by_a_new_class,
    "a class below": _by_class,
}
Answer = Union[bytes, None]


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_archive_answers(evil: Path, spell: Callable[[Path], Answer]) -> None:
    try:
        found = spell(evil)
    except (OSError, TypeError) as error:
        assert not isinstance(error, PermissionError)
        found = b""
    assert found in (str(FILES["top.py"]).encode(), b"")


# What is there has to be found all the same, where Python takes such a path.
@pytest.mark.parametrize(
    "name",
    [
        *("dir_fd, some number", "our dir_fd, some number", "/proc", "links"),
        *("dir_fd that is the current directory", "many dots", "a class below"),
    ],
)
def test_it_is_found(evil: Path, name: str) -> None:
    assert SPELLINGS[name](evil) == str(FILES["top.py"]).encode()


DIRECTORIES: dict[str, Callable[[str], object]] = {
    "chdir": os.chdir,
    "chroot": os.chroot,
    "open": lambda at: os.open(at, os.O_RDONLY | os.O_DIRECTORY),
    "subprocess": lambda at: subprocess.run(["/bin/cat", "top.py"], cwd=at, check=True),
}


@pytest.mark.parametrize("enter", DIRECTORIES.values(), ids=DIRECTORIES)
@pytest.mark.parametrize("below", ["", "/", "/pkg", "/pkg/."])
def test_nobody_goes_to_the_directory(
    evil: Path, below: str, enter: Callable[[str], object], request: pytest.FixtureRequest
) -> None:
    """From there its paths would look like any others."""
    if below and "open" in request.node.callspec.id:
        pytest.skip("that is a directory of ours")
    with pytest.raises(NotADirectoryError):
        enter(f"{evil}{below}")


def test_children_open_and_run_nothing_from_there(evil: Path) -> None:
    program = evil / "pkg/__init__.py"
    with closed_doors():
        program.write_text("#!/bin/sh\necho EVIL\n")
        program.chmod(0o755)
    with pytest.raises(PermissionError):
        subprocess.run([f"./{evil.name}/pkg/__init__.py"], cwd=evil.parent, check=True)
    os.chdir("/")
    with pytest.raises(PermissionError):
        subprocess.run([f"./{evil.name}/pkg/__init__.py"], cwd=evil.parent, check=True)
    for spawn in (os.posix_spawn, os.posix_spawnp):
        action = (os.POSIX_SPAWN_OPEN, 0, f"{evil}/top.py", os.O_RDONLY, 0)
        with pytest.raises(PermissionError):
            spawn("/bin/true", ["true"], {}, file_actions=[action])
    done = os.posix_spawn(
        "/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", 0, 0)]
    )
    assert os.waitpid(done, 0)[1] == 0


def test_sockets_in_it_are_not_met(evil: Path) -> None:
    name = f"{evil.name}/pkg/s"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        with closed_doors():
            server.bind(name)
            server.listen()
        with pytest.raises(FileNotFoundError):
            client.connect(name)
        assert client.connect_ex(name) != 0
        with socket.socket(socket.AF_UNIX) as other, pytest.raises(OSError, match="Read-only"):
            other.bind(f"{evil.name}/pkg/t")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        sends: list[Callable[[], object]] = [
            lambda: client.sendto(b"x", name),
            lambda: client.sendto(b"x", 0, name),
            lambda: client.sendmsg([b"x"], [], 0, name),
        ]
        for send in sends:
            with pytest.raises(FileNotFoundError):
                send()


def test_other_sockets_work(evil: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("s")
        server.listen()
        client.connect(str(evil.parent / "s"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.sendto(b"x", one.getsockname())
        one.sendmsg([b"x"], [], 0, one.getsockname())


@pytest.mark.parametrize("way", ["/proc/self/cwd", "//proc/./self/cwd", "."])
def test_a_tree_by_way_of_the_current_directory(
    workshop: Workshop, importing: Importing, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    root = workshop.tree("app", FILES)
    signedvfs.hook.protect(root)
    importing.put(root)
    __import__("pkg")
    sys.modules.pop("pkg")
    (root / "pkg/data/more.txt").write_text("EVIL")
    monkeypatch.chdir(root)
    signedvfs.open_doors()
    try:
        assert Path(way, "top.py").read_text() == FILES["top.py"]
        assert not os.path.exists(f"{way}/pkg/data/more.txt")
    finally:
        signedvfs.close_doors()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_without_memory_the_disk_is_not_asked(archive: Path) -> None:
    """Each allocation fails once; what cannot be told is no reason to go on to the disk."""
    testing = pytest.importorskip("_testcapi")
    fail, stop = testing.set_nomemory, testing.remove_mem_hooks
    deeds: list[tuple[Callable[[str], object], str]] = [
        (os.listdir, f"{archive}/pkg"),
        (os.scandir, f"{archive}/pkg"),
        (io.FileIO, f"{archive}/top.py"),
        (os.stat, f"{archive}/top.py"),
    ]
    for deed, given in deeds:
        for at in range(1, 80):
            try:
                fail(at, at + 1)
                deed(given)
            except MemoryError:
                pass
            finally:
                stop()
