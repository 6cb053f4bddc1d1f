"""Executables in which something was changed: refused, each in one line, before or when it is used.

Nothing of the application runs behind a refusal, and nothing crashes.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from signedvfs.building.elf import sections
from signedvfs.building.executable import read_launcher
from signedvfs.building.runtime import python_name
from tests.importer.launcher.starting import REFUSED, Ended, assert_refused, run, says
from tests.support.archives import INDEX, MANIFEST

UP = "print('up')"


class Place(NamedTuple):
    """Place is where bytes are in the executable."""

    begin: int
    size: int

    @property
    def middle(self) -> int:
        """middle is a byte of it."""
        return self.begin + self.size // 2


class Tampered:
    """Tampered is a copy of an application in which one thing at a time is changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = path.read_bytes()
        with zipfile.ZipFile(path) as container:
            self.members = {one.filename: self._place(one) for one in container.infolist()}
            self.directory = Place(container.start_dir, len(self.content) - container.start_dir)
        self.begin = min(place.begin for place in self.members.values())
        (rules,) = [one for one in sections(self.content) if one.name == b".svfs_key"]
        self.rules = Place(rules.offset, rules.size)

    def _place(self, info: zipfile.ZipInfo) -> Place:
        at = info.header_offset
        names = int.from_bytes(self.content[at + 26 : at + 28], "little")
        extra = int.from_bytes(self.content[at + 28 : at + 30], "little")
        return Place(at + 30 + names + extra, info.compress_size)

    def member(self, name: str) -> Place:
        """member returns where the content of the one member is whose name ends so."""
        (place,) = [place for one, place in self.members.items() if one.endswith(name)]
        return place

    def put(self, at: int, content: bytes) -> None:
        """put writes into the file, which nobody runs by then."""
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(content)

    def run_with(self, at: int, content: bytes, code: str = UP) -> Ended:
        """run_with runs it with other bytes there, which it puts back afterwards."""
        assert self.content[at : at + len(content)] != content
        self.put(at, content)
        try:
            return run(self.path, code)
        finally:
            self.put(at, self.content[at : at + len(content)])

    def flipped(self, at: int, code: str = UP, mask: int = 0x01) -> Ended:
        """flipped runs it with one byte changed."""
        return self.run_with(at, bytes([self.content[at] ^ mask]), code)


@pytest.fixture(scope="module")
def tampered(app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tampered]:
    """The copy; each test leaves it as it was."""
    made = Tampered(Path(shutil.copy2(app, tmp_path_factory.mktemp("tampered") / "app")))
    yield made
    assert made.path.read_bytes() == made.content
    assert says(made.path, UP) == "up"


# E1, E2, J5: the tail, from which everything else is found.


@pytest.mark.parametrize("back", range(1, 23))
def test_the_end_record(tampered: Tampered, back: int) -> None:
    assert_refused(tampered.flipped(len(tampered.content) - back))


@pytest.mark.parametrize("name", [MANIFEST, INDEX])
@pytest.mark.parametrize("part", range(5))
def test_what_is_signed(tampered: Tampered, name: str, part: int) -> None:
    place = tampered.members[name]
    at = place.begin + (place.size - 1) * part // 4
    done = tampered.flipped(at)
    # Pages of the index that nobody asks for, and manifest lines, which the index stands for, are
    # read when they are needed.
    if done.code != REFUSED:
        assert (done.code, done.out, done.err) == (0, "up\n", "")
    else:
        assert_refused(done)


def test_the_signature(tampered: Tampered) -> None:
    place = tampered.members[MANIFEST]
    text = tampered.content[place.begin : place.begin + place.size]
    header = text[: text.index(b"\n\n")]
    lines = header.split(b"\n")
    at = place.begin
    for line in lines:
        for offset in {0, len(line) // 2, len(line) - 3}:
            assert_refused(tampered.flipped(at + offset))
        at += len(line) + 1
    assert_refused(tampered.flipped(place.begin + len(header)))


# The launcher's own rules.

FIELDS = {"magic": 0, "format": 8, "flags": 10, "size": 12, "threshold": 16, "keys": 20,
          "key size": 22, "key": 40, "last of the key": 67, "scope": 68, "zeros": 2000,
          "digest": 4064, "end of the digest": 4095}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_the_rules(tampered: Tampered, field: str) -> None:
    assert_refused(tampered.flipped(tampered.rules.begin + FIELDS[field]), "the launcher")


@pytest.mark.parametrize("field", [one for one in FIELDS if "digest" not in one])
@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_rules_with_a_new_digest(tampered: Tampered, field: str, mask: int) -> None:
    """The signature behind it does not fit another key, and there is one way to write rules."""
    if (field, mask) == ("flags", 0x01):
        pytest.skip("that is whether --signedvfs-info answers: see test_verifying_all_at_start")
    place = tampered.rules
    rules = bytearray(tampered.content[place.begin : place.begin + place.size])
    rules[FIELDS[field]] ^= mask
    rules[4064:] = hashlib.sha256(rules[:4064]).digest()
    assert_refused(tampered.run_with(place.begin, bytes(rules)))


def test_a_launcher_that_was_never_patched(app: Path, launcher: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy2(launcher, tmp_path / "alone"))
    assert_refused(run(alone, UP))
    blank = read_launcher(launcher)
    content = app.read_bytes()
    path = tmp_path / "app"
    path.write_bytes(blank + content[len(blank) :])
    path.chmod(0o755)
    assert_refused(run(path, UP), "never given a key", "signedvfs build")


# What starts, and what is used later.


def at_start(tampered: Tampered) -> dict[str, Place]:
    return {
        "the launch file": tampered.member("signedvfs-launch.txt"),
        "Python": tampered.member(python_name()),
        "the unwinder": tampered.member("libgcc_s.so.1"),
        "encodings": tampered.member("/encodings/__init__.pyc"),
        "a codec": tampered.member("/encodings/utf_8.pyc"),
        "main": tampered.members["__main__.pyc"],
    }


STARTING = ("the launch file", "Python", "the unwinder", "encodings", "a codec", "main")


@pytest.mark.parametrize("what", STARTING)
@pytest.mark.parametrize("part", ["first", "middle", "last"])
def test_what_starts(tampered: Tampered, what: str, part: str) -> None:
    place = at_start(tampered)[what]
    at = {"first": place.begin, "middle": place.middle, "last": place.begin + place.size - 1}[part]
    assert_refused(tampered.flipped(at))


LATER = {
    "a module": ("kit/failing.pyc", "import kit.failing"),
    "a module of the library": ("/fractions.pyc", "import fractions"),
    "an extension module": ("/_sqlite3.", "import sqlite3"),
    "a data file": ("kit/data/text.txt", "open(sys.executable + '/kit/data/text.txt').read()"),
    "a larger one": (
        "kit/data/more.bin",
        "open(sys.executable + '/kit/data/more.bin', 'rb').read()",
    ),
    "a resource": (
        "kit/data/text.txt",
        "import importlib.resources, kit; "
        "importlib.resources.files(kit).joinpath('data/text.txt').read_text()",
    ),
    "a main that is made again": (
        "kit/greeting.pyc",
        "import subprocess; subprocess.run([sys.executable, '-m', 'kit.greeting'])",
    ),
}
CATCHING = """
print("up", flush=True)
import atexit
atexit.register(print, "at exit")
try:
    {use}
except BaseException as error:
    print("caught", error)
finally:
    print("finally")
print("went on")
"""


def place_of(tampered: Tampered, name: str) -> Place:
    if name.endswith("."):
        (place,) = [place for one, place in tampered.members.items() if name in one]
        return place
    return tampered.member(name)


@pytest.mark.parametrize("what", [one for one in LATER if "again" not in one])
def test_what_is_used_later(tampered: Tampered, what: str) -> None:
    """It runs until then, and nobody catches the refusal."""
    name, use = LATER[what]
    code = CATCHING.format(use=use)
    place = place_of(tampered, name)
    assert_refused(tampered.flipped(place.middle, code), out="up\n")
    # Nobody asks for it, nobody misses it (verify_all is for who does).
    assert tampered.flipped(place.middle).out == "up\n"


def test_what_a_child_uses(tampered: Tampered) -> None:
    code = """
import subprocess
sys.exit(subprocess.run([sys.executable, "-m", "kit.greeting"]).returncode)
"""
    assert_refused(tampered.flipped(tampered.member("kit/greeting.pyc").middle, code))


def test_a_refusal_in_a_pool(tampered: Tampered) -> None:
    """A worker that is refused ends; whoever waits for it learns so."""
    code = """
import concurrent.futures, multiprocessing
def use(_): import kit.failing
pool = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork"))
try:
    list(pool.map(use, [0]))
except concurrent.futures.process.BrokenProcessPool:
    print("broken")
"""
    done = tampered.flipped(tampered.member("kit/failing.pyc").middle, code)
    assert (done.code, done.out) == (0, "broken\n")
    assert done.err.count("\n") == 1
    assert ": refused: " in done.err


def test_a_refusal_in_a_thread(tampered: Tampered) -> None:
    code = """
import threading, time
print("up", flush=True)
def use(): import kit.failing
threading.Thread(target=use).start()
time.sleep(60)
"""
    done = tampered.flipped(tampered.member("kit/failing.pyc").middle, code)
    assert_refused(done, out="up\n")


def test_what_was_printed_and_not_flushed(tampered: Tampered) -> None:
    """It is lost, as by any sudden end: no code of Python runs any more."""
    done = tampered.flipped(
        tampered.member("kit/failing.pyc").middle, "print('x'); import kit.failing"
    )
    assert_refused(done)


# E6, E11: shorter, and longer.


@pytest.mark.parametrize("twentieth", range(20))
def test_cut_off(tampered: Tampered, tmp_path: Path, twentieth: int) -> None:
    """Anywhere from the archive's first byte to the last one that is missing."""
    path = tmp_path / "app"
    end = len(tampered.content)
    size = tampered.begin + (end - 1 - tampered.begin) * twentieth // 19
    path.write_bytes(tampered.content[:size])
    path.chmod(0o755)
    assert_refused(run(path, UP))


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 1 << 20])
def test_cut_off_in_the_launcher(tampered: Tampered, tmp_path: Path, size: int) -> None:
    """Then the kernel or the linker does not start it, or kills it: nothing runs."""
    path = tmp_path / "app"
    path.write_bytes(tampered.content[:size])
    path.chmod(0o755)
    try:
        done = run(path, UP)
    except OSError:
        return
    assert done.code != 0
    assert done.out == ""


APPENDED: dict[str, Callable[[bytes], bytes]] = {
    "a byte": lambda content: content + b"\0",
    "a page": lambda content: content + bytes(4096),
    "a line": lambda content: content + b"\n",
    "an end record": lambda content: content + b"PK\5\6" + bytes(18),
    "itself": lambda content: content + content,
}


@pytest.mark.parametrize("what", APPENDED)
def test_appended(tampered: Tampered, tmp_path: Path, what: str) -> None:
    path = tmp_path / "app"
    path.write_bytes(APPENDED[what](tampered.content))
    path.chmod(0o755)
    assert_refused(run(path, UP))


def test_stripped(tampered: Tampered, tmp_path: Path) -> None:
    """`strip` of binutils takes what is behind an ELF file away."""
    path = tmp_path / "app"
    path.write_bytes(tampered.content[: tampered.begin & ~4095])
    path.chmod(0o755)
    assert_refused(run(path, UP))


# Anything, anywhere. The positions are always the same ones.

SAMPLES = 150
USE = "import kit.failing, sqlite3, ssl; print(sorted(sys.modules) == sorted(sys.modules), 'end')"


def positions(tampered: Tampered) -> list[int]:
    chosen = random.Random(14)
    end, tail = len(tampered.content), tampered.directory
    places = [Place(tampered.begin, end - tampered.begin), tail, tampered.members[INDEX],
              tampered.members[MANIFEST], Place(tampered.begin - 30, 1 << 16)]  # fmt: skip
    weights = [5, 3, 3, 3, 1]
    return [
        place.begin + chosen.randrange(place.size)
        for place in chosen.choices(places, weights, k=SAMPLES)
    ]


def test_a_bit_anywhere(tampered: Tampered) -> None:
    """Either it is refused, or it is not in use, and all goes as it did."""
    expected = run(tampered.path, USE)
    assert expected.code == 0
    refused = 0
    for at in positions(tampered):
        done = tampered.flipped(at, USE, 1 << (at % 8))
        if done.code == REFUSED:
            assert_refused(done)
            refused += 1
        else:
            assert done == expected, at
    assert SAMPLES // 10 < refused < SAMPLES


def test_overwritten(tampered: Tampered) -> None:
    """Whole blocks, as a disk loses them."""
    for name in ("signedvfs-launch.txt", python_name(), INDEX):
        place = tampered.member(name)
        size = min(place.size, 512)
        at = place.begin + (place.size - size) // 2
        if name == INDEX:  # every start reads its root, which stands last; other pages wait
            at = place.begin + place.size - size
        for block in (bytes(size), b"\xff" * size, os.urandom(size)):
            assert_refused(tampered.run_with(at, block))
