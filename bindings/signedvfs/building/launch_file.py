"""What the launcher reads first: which interpreter is in the archive, and how it is started."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence

from signedvfs.building.errors import BuildError
from signedvfs.building.layout import LIBRARIES, NATIVE


def launch_text(
    libraries: Sequence[str], library: str, *, has_native: bool, paths: Sequence[str] = ()
) -> bytes:
    """launch_text returns the content of signedvfs-launch.txt: a keyword, a space and a value in
    each line, UTF-8.

        python VERSION       "3.11.7", for people
        hexversion NUMBER    PY_VERSION_HEX, which decides
        library MEMBER       is loaded before Python imports anything, in this order; the last is
                             Python's, or what stands for it where the launcher has Python in it
        stdlib DIRECTORY     of the archive
        path DIRECTORY       of sys.path, in this order; "." is the archive itself

    `libraries` are names in python.libs, `library` is the standard library's member, and
    `paths` are directories of the archive that come before it in sys.path.
    """
    lines = [f"python {platform.python_version()}", f"hexversion 0x{sys.hexversion:08x}"]
    lines += [f"library {LIBRARIES}/{name}" for name in libraries]
    lines += [f"stdlib {library}", "path ."]
    lines += [f"path {path}" for path in (*paths, library)]
    lines += [f"path {library}/{NATIVE}"] * has_native
    return "".join(f"{line}\n" for line in lines).encode()


def launch_facts(content: bytes) -> dict[str, list[str]]:
    """launch_facts reads that file: the values by their keyword. Raises BuildError."""
    found: dict[str, list[str]] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        keyword, space, value = line.partition(" ")
        if not space:
            raise BuildError(f"{line!r} is no line of a launch file", "Build it again.")
        found.setdefault(keyword, []).append(value)
    return found
