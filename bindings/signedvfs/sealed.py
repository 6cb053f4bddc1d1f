"""Verified content under a path, for consumers that cannot do without one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_OWNER_READS = 0o400


@contextlib.contextmanager
def sealed_file(name: str, content: bytes) -> Iterator[Path]:
    """Give `content` a path that ends in `name`, as long as the context lasts.

    The path is a symbolic link in a private directory. It leads to memory of this process that
    is sealed: nobody can change a byte of it any more, this process included (memfd_create(2),
    F_ADD_SEALS in fcntl(2)). Other processes of the same user can read it while this one lives.
    Where the system has no such memory, it is a private file that can only be read.
    """
    with tempfile.TemporaryDirectory(prefix="signedvfs-") as directory:
        path = Path(directory, name)
        try:
            descriptor = _sealed_memory(content)
        except OSError:
            descriptor = None
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


def _sealed_memory(content: bytes) -> int:
    descriptor = os.memfd_create("signedvfs", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fchmod(descriptor, _OWNER_READS)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
