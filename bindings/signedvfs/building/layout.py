"""Where things lie in the archive behind a launcher; the launcher goes by the same names."""

from __future__ import annotations

from pathlib import Path

from signedvfs.library import library_roots

LAUNCH = "signedvfs-launch.txt"
ENTRY = "__main__.py"
LIBRARIES = "python.libs"
PACKAGE = "signedvfs"
NATIVE = "lib-dynload"
MODE = 0o755  # of the executable
PAGE = 4096  # bytes; the archive begins at a multiple of it


def library_directory() -> tuple[str, str | None]:
    """library_directory returns the paths of the running interpreter's standard library, and of
    its extension modules: None where it has all of them built in. Raises ValueError."""
    found = {role: path for role, path, _ in library_roots()}
    return found["stdlib"], found.get(NATIVE)


def library_member(library: str) -> str:
    """library_member returns the member that the standard library at the path `library` becomes:
    "lib/python3.11", and "lib/python3.13t" of a free-threaded interpreter."""
    return f"lib/{Path(library).name}"
