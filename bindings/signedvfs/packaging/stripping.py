"""Shared objects without what only debuggers read."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from signedvfs._tools import _shared_object
from signedvfs.packaging.commands import run_quietly
from signedvfs.packaging.errors import PackError


class Unstripped(NamedTuple):
    """Unstripped is a shared object that was packed as it is, because `strip` would break it."""

    name: str
    reason: str


class Stripper:
    """Stripper runs `strip` of binutils (or of a cross compiler) in the directory `work`."""

    def __init__(self, work: Path, machine: str | None) -> None:
        cross = None if machine is None else shutil.which(f"{machine}-linux-gnu-strip")
        program = cross or shutil.which("strip")
        if program is None:
            raise PackError(
                "there is no `strip` here, which --strip takes",
                "Install binutils, or leave --strip out.",
            )
        self._program = program
        self._machine = machine
        self._work = work
        self.saved = 0  # bytes
        self.unstripped: list[Unstripped] = []

    def strip(self, content: bytes, name: str, origin: str) -> bytes:
        """strip returns the object of the member `name` without debug sections; as it is where it
        has none, and where what is left would say something else to the linker: `strip` moves
        segments that patchelf has made. Raises PackError where it does not run.
        """
        try:
            before = _shared_object(content, self._machine)
        except ImportError:
            return content  # packing says what is wrong with it
        if before["loaded_size"] >= len(content):
            return content  # it has no sections behind that, which `strip` asks for
        file = self._work / "object"
        file.write_bytes(content)
        done = run_quietly([self._program, "--strip-debug", str(file)])
        if done.returncode != 0:
            raise PackError(
                f"`strip` could not strip {origin}",
                "Its own words are above; leave --strip out, or install the binutils of that "
                "machine.",
                done.stdout.strip().replace(str(file), origin),
            )
        stripped = file.read_bytes()
        try:
            after = _shared_object(stripped, self._machine)
        except ImportError as error:
            self.unstripped.append(Unstripped(name, vars(error)["reason"]))
            return content
        if _without_size(before) != _without_size(after):
            self.unstripped.append(Unstripped(name, "it would need something else"))
            return content
        if len(stripped) >= len(content):
            return content
        self.saved += len(content) - len(stripped)
        return stripped


def _without_size(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key != "loaded_size"}
