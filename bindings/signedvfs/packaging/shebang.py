"""The line in front of an archive that makes it a program of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from signedvfs.packaging.errors import PackError

# BINPRM_BUF_SIZE of Linux, which has to hold the line and what ends it.
_KERNEL_READS = 256


def line_of(text: str) -> bytes:
    """line_of returns the first line for `text`, which may begin with "#!" or leave it out.

    Raises PackError for what the kernel would not run, or would run otherwise than it reads:
    execve(2) knows one interpreter by its absolute path, and passes all behind it as one word.
    """
    command = text[2:] if text.startswith("#!") else text
    command = command.strip(" \t")
    line = b"#!" + os.fsencode(command) + b"\n"
    words = command.split()
    advice = "Write it as: --shebang '/usr/bin/env -S signedvfs run --trust /etc/app.pub'"
    if not words or not words[0].startswith("/"):
        raise PackError(f"{text!r} does not begin with the absolute path of an interpreter", advice)
    if any(ord(character) < ord(" ") and character != "\t" for character in command):
        raise PackError(f"{text!r} has control characters in it", advice)
    if len(line) > _KERNEL_READS:
        raise PackError(
            f"the line has {len(line)} bytes, and Linux reads {_KERNEL_READS}",
            "Shorten it, for example by a shorter path of the key.",
        )
    if len(words) > 2 and not (
        Path(words[0]).name == "env" and words[1].startswith(("-S", "-vS", "--split-string"))
    ):
        behind = " ".join(words[1:])
        raise PackError(
            f"{words[0]} would get {behind!r} as one word: the kernel does not split it",
            f"env does, given -S: --shebang '/usr/bin/env -S {words[0]} {behind}'",
        )
    return line


def put_in_front(line: bytes, archive: Path, output: Path) -> None:
    """put_in_front writes `line` and then `archive` to the new file `output`, and lets those
    execute it who can read it."""
    with archive.open("rb") as rest, output.open("xb") as file:
        file.write(line)
        shutil.copyfileobj(rest, file, 1 << 20)
        mode = os.fstat(file.fileno()).st_mode
        os.fchmod(file.fileno(), (mode | (mode & 0o444) >> 2) & 0o777)
