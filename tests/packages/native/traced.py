"""What a program opens and creates on the disk, by strace(1)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

OPENING = ["open", "openat", "openat2", "creat"]
MAKING = ["mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat",
          "rename", "renameat", "renameat2"]  # fmt: skip
# -y adds a path to each descriptor: "= 3</lib/libm.so.6>".
_CALL = re.compile(r"(\w+)\((.*)\) += (\d+)(?:<(.*?)>(?:\(deleted\))?)?$")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Trace(NamedTuple):
    """How a program ended, and the paths that it, its threads and its children opened.

    `opened` are real paths of what was opened, `asked` all paths that somebody tried to open, and
    `made` the calls that made files, directories or links, or gave them other names.
    """

    done: subprocess.CompletedProcess[str]
    opened: set[str]
    asked: set[str]
    made: list[str]


def can_trace(directory: Path) -> bool:
    """Tell whether programs can be traced here: containers may forbid it."""
    try:
        words = ["strace", "-qq", "-y", "-o", str(directory / "try"), "true"]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _calls(logs: Path) -> Iterator[str]:
    # Each process and thread has a file of its own, so no call is cut in two by another.
    for file in logs.iterdir():
        yield from file.read_text("utf-8", "surrogateescape").splitlines()


def trace(
    command: Sequence[str | Path],
    logs: Path,
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: int = 300,
) -> Trace:
    """Run a command, and put what strace writes into the directory `logs`, which it makes."""
    logs.mkdir()
    # "?" is for calls that some architectures do not have.
    calls = ",".join(f"?{name}" for name in OPENING + MAKING)
    words = ["strace", "-ff", "-y", "-qq", "-e", f"trace={calls}", "-o", logs / "log"]
    done = subprocess.run(
        [*map(str, words), *map(str, command)],
        capture_output=True, text=True, check=False, timeout=timeout, cwd=cwd, env=env,
    )  # fmt: skip
    opened, asked, made = set(), set(), []
    for line in _calls(logs):
        name, _, rest = line.partition("(")
        if name in OPENING:
            asked.update(_PATH.findall(rest)[:1])
        call = _CALL.fullmatch(line)
        if call and name in OPENING:
            assert call[4], line
            opened.add(call[4])
        if call and (name in MAKING or name == "creat" or "O_CREAT" in call[2]):
            made.append(line)
    return Trace(done, opened, asked, made)
