"""Where the dynamic linker of this machine has the libraries that an object needs (ld.so(8))."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signedvfs._tools import _shared_object

# What glibc itself brings: these have to fit each other and the kernel, and are the only ones that
# are left to the system where a program runs.
_GLIBC = (
    "ld-linux*.so.*",
    "ld64.so.*",
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc.so.6",
    "libc_malloc_debug.so.0",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libnss_*.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libthread_db.so.1",
    "libutil.so.1",
)
_DEFAULT = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
_CACHE_LINE = re.compile(r"\t(\S+) \(([^)]*)\) => (/.*)")


def is_of_glibc(name: str) -> bool:
    """is_of_glibc tells whether a library is one of the C library's own."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _GLIBC)


@dataclass(frozen=True)
class Found:
    """Found is a shared object of this machine."""

    path: Path
    content: bytes
    facts: dict[str, Any]  # as `_shared_object` gives them
    inherited: tuple[str, ...] = ()  # directories that what it needs is looked for in, too

    def searched(self) -> tuple[str, ...]:
        """searched returns the directories that its own search path names."""
        origin = str(self.path.parent)
        paths = [one.replace("${ORIGIN}", origin) for one in self.facts["search_paths"]]
        paths = [one.replace("$ORIGIN", origin) for one in paths]
        return tuple(one for one in paths if one.startswith("/") and "$" not in one)


class Linker:
    """Linker finds libraries as ld.so of the running process would.

    Before the system's cache it looks where this process has its own libraries from: an interpreter
    may have been put somewhere together with those that it was built with.
    """

    def __init__(self) -> None:
        found = dict.fromkeys(path.parent for path in loaded_objects())
        # What was put there with the interpreter fits it; extension modules may have had others
        # loaded from elsewhere.
        self._loaded = sorted(found, key=lambda one: Path(sys.base_prefix) not in one.parents)
        self._cache: dict[str, list[Path]] | None = None

    def needed_by(self, found: Found, name: str) -> Found | None:
        """needed_by returns the library `name` that `found` needs; None where there is none."""
        own = found.searched()
        # DT_RPATH goes before the environment and on to what is needed, DT_RUNPATH does neither.
        if found.facts["is_runpath"]:
            return self._find(name, found.inherited, own, found.inherited)
        inherited = (*own, *found.inherited)
        return self._find(name, inherited, (), inherited)

    def find(self, name: str) -> Found | None:
        """find returns the library `name` that a program would get that says nothing of it."""
        return self._find(name, (), (), ())

    def _find(
        self, name: str, first: Sequence[str], last: Sequence[str], inherited: tuple[str, ...]
    ) -> Found | None:
        if "/" in name or "$" in name:
            return None
        for path in self._candidates(name, first, last):
            try:
                content = path.read_bytes()
                return Found(path, content, _shared_object(content), inherited)
            except (OSError, ImportError):
                continue  # it goes on past what is for another machine
        return None

    def _candidates(self, name: str, first: Sequence[str], last: Sequence[str]) -> Iterator[Path]:
        given = os.environ.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
        for directory in (*first, *filter(None, given), *last, *map(str, self._loaded)):
            yield Path(directory, name)
        if self._cache is None:
            self._cache = _read_cache()
        yield from self._cache.get(name, ())
        for directory in _DEFAULT:
            yield Path(directory, name)


def loaded_objects() -> list[Path]:
    """loaded_objects returns the files that this process has mapped as shared objects."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    paths = [line.split(maxsplit=5)[5] for line in lines if line.count(" ") >= 5 and "/" in line]
    named = [Path(path) for path in paths if re.search(r"\.so(\.[\d.]+)?$", path)]
    return [path for path in dict.fromkeys(named) if path.is_file()]


def _read_cache() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for name, flags, path in _cache_lines():
        # What is for newer processors would not run on all that the executable may come to.
        if "hwcap" not in flags:
            found.setdefault(name, []).append(Path(path))
    return found


def _cache_lines() -> Iterable[tuple[str, str, str]]:
    for program in ("/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"):
        try:
            done = subprocess.run(
                [program, "-p"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="surrogateescape",
                env={"LC_ALL": "C"},
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            matches = map(_CACHE_LINE.fullmatch, done.stdout.splitlines())
            return [(match[1], match[2], match[3]) for match in matches if match]
    return []
