"""Times files in an archive beside files on the disk, and what open doors cost everybody else.

Closed and open doors, archive and disk, take turns in one process. Each way is asked first what it
answers, which must be the same.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import signedvfs
from archives import write_signed

SIZE = 4096
MEMBERS = 10_000
REPEATS = 2000
UNRELATED = ["os.stat", "os.path.exists", "open", "os.scandir", "os.listdir"]
MEMBER = ["open and read 4 KiB", "os.stat of 10,000 files"]

Call = Callable[[], object]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _names(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.name for entry in entries)


def _sizes(paths: list[str]) -> int:
    return sum(os.stat(path).st_size for path in paths)


def unrelated_calls(directory: Path) -> dict[str, Call]:
    """Returns the calls of UNRELATED, about a directory outside of every archive."""
    file = str(directory / "file.bin")
    return {
        "os.stat": lambda: os.stat(file).st_size,
        "os.path.exists": lambda: os.path.exists(file),
        "open": lambda: _read(file),
        "os.scandir": lambda: _names(str(directory)),
        "os.listdir": lambda: sorted(os.listdir(directory)),
    }


def seconds(call: Call, repeats: int) -> float:
    """Returns what one call takes, of so many in a row."""
    begin = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begin) / repeats


def require_equal(one: Call, other: Call) -> None:
    if one() != other():
        sys.exit("virtual files: the ways disagree")


def compare_doors(calls: dict[str, Call], rounds: int, repeats: int) -> dict[str, Any]:
    """Times each call with closed and open doors in turn: microseconds, and medians of ratios."""
    found: dict[str, dict[str, list[float]]] = {name: {"closed": [], "open": []} for name in calls}
    for name, call in calls.items():
        signedvfs.close_doors()
        before = call()
        signedvfs.open_doors()
        require_equal(call, lambda kept=before: kept)  # type: ignore[misc]  # bound now
        for _ in range(rounds):
            for state, switch in (
                ("closed", signedvfs.close_doors),
                ("open", signedvfs.open_doors),
            ):
                switch()
                found[name][state].append(seconds(call, repeats) * 1e6)
    return {name: summary(times["closed"], times["open"]) for name, times in found.items()}


def compare_ways(disk: Call, archive: Call, rounds: int, repeats: int) -> dict[str, Any]:
    require_equal(disk, archive)
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for way, call in enumerate((disk, archive)):
            times[way].append(seconds(call, repeats) * 1e6)
    return summary(*times)


def summary(base: list[float], other: list[float]) -> dict[str, Any]:
    ratios = [there / here for here, there in zip(base, other)]
    return {
        "base_us": statistics.median(base),
        "other_us": statistics.median(other),
        "ratio": statistics.median(ratios),
    }


def run(
    work: Path, key: signedvfs.PrivateKey, rounds: int, repeats: int = REPEATS
) -> dict[str, Any]:
    """Measures everything, on an archive and a directory that are made below `work`."""
    content = os.urandom(SIZE)
    files = {f"data/{number:05}.bin": content for number in range(MEMBERS)}
    archive = work / "application.zip"
    write_signed(archive, {"bench_module.py": b"", **files}, "stored", key)
    disk = work / "disk"
    for name, data in files.items():
        (disk / name).parent.mkdir(parents=True, exist_ok=True)
        (disk / name).write_bytes(data)
    plain = work / "plain"
    plain.mkdir()
    (plain / "file.bin").write_bytes(content)
    signedvfs.trust(key.public_key)
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, str(archive))
    try:
        __import__("bench_module")
        return {
            "unrelated": compare_doors(unrelated_calls(plain), rounds, repeats),
            "members": compare_members(disk, archive, rounds, repeats),
        }
    finally:
        signedvfs.close_doors()
        sys.path.remove(str(archive))
        sys.path_hooks.remove(signedvfs.hook)


def compare_members(disk: Path, archive: Path, rounds: int, repeats: int) -> dict[str, Any]:
    signedvfs.open_doors()
    one, other = (f"{root}/data/00042.bin" for root in (disk, archive))
    all_names = [[f"{root}/data/{n:05}.bin" for n in range(MEMBERS)] for root in (disk, archive)]
    return {
        MEMBER[0]: compare_ways(lambda: _read(one), lambda: _read(other), rounds, repeats),
        MEMBER[1]: compare_ways(
            lambda: _sizes(all_names[0]), lambda: _sizes(all_names[1]), rounds, 1
        ),
    }
