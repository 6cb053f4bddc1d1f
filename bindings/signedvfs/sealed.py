"""Verified content under a path, for consumers that cannot do without one."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from signedvfs._core import _sealed_memory

_OWNER_READS = 0o400


@contextlib.contextmanager
def private_directory() -> Iterator[Path]:
    """Make a directory that is gone when the context ends, or this very process.

    Children that were forked meanwhile and end as programs do (sys.exit) leave it alone.
    """
    directory = tempfile.mkdtemp(prefix="signedvfs-")
    owner = os.getpid()

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(directory, ignore_errors=True)

    atexit.register(remove)
    try:
        yield Path(directory)
    finally:
        atexit.unregister(remove)
        remove()


@contextlib.contextmanager
def sealed_file(name: str, content: bytes) -> Iterator[Path]:
    """Give `content` a path that ends in `name`, as long as the context lasts.

    The path is a symbolic link in a private directory. It leads to memory of this process that
    is sealed: nobody can change a byte of it any more, this process included (memfd_create(2),
    F_ADD_SEALS in fcntl(2)). Other processes of the same user can read it while this one lives.
    Where the system has no such memory, or forbids it, the path is a private file that can only be
    read. Raises OSError.
    """
    with private_directory() as directory:
        path = directory / name
        descriptor = _sealed_memory(content)
        try:
            if descriptor is not None:
                path.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
            if descriptor is None or not path.exists():  # no memfd, or no /proc
                path.unlink(missing_ok=True)
                write_private(path, content)
            yield path
        finally:
            if descriptor is not None:
                os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_READS)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
