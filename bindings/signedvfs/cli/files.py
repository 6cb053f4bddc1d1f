"""Files that options name: keys, passwords, requirements. None of them is waited for for ever."""

from __future__ import annotations

import os
import stat

from signedvfs.cli.failures import CliError

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator

# Non-blocking, because whoever opens a FIFO otherwise waits until somebody writes to it.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_PIECE = 1 << 16

_LINE_BYTES = 1 << 20  # as long as a password may be
_WRITER_SECONDS = 5.0  # until somebody has opened a pipe for writing
_LINE_SECONDS = 300.0  # until the line is there: what writes it may have to ask a person

_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}


def require_regular(path: str) -> str:
    """require_regular returns `path` where it is a regular file, or a link to one."""
    os.close(_open(path, stat.S_IFREG))
    return path


def beginning(path: str, size: int) -> bytes:
    """beginning returns the first `size` bytes of a regular file."""
    with os.fdopen(_open(path, stat.S_IFREG), "rb") as file:
        return file.read(size)


def first_line(path: str) -> bytes:
    """first_line returns the first line of a regular file or a pipe, without its end.

    Pipes are how programs hand over passwords: /dev/stdin, or <(command) in a shell. One that
    nobody writes to, or not in time, is a CliError, and so is a line without an end in sight.
    """
    descriptor = _open(path, stat.S_IFREG, stat.S_IFIFO)
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        text = b""
        for piece in _pieces_of_pipe(descriptor, path) if is_pipe else _pieces(descriptor):
            text += piece
            if b"\n" in piece:
                break
            if len(text) > _LINE_BYTES:
                raise CliError(f"{path}: the first line is longer than {_LINE_BYTES:,} bytes")
    finally:
        os.close(descriptor)
    return text.partition(b"\n")[0].rstrip(b"\r")


def _open(path: str, *kinds: int) -> int:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        import errno

        if error.errno != errno.ENXIO:
            raise
        raise _other_kind(path, "a socket or device", kinds) from None
    found = os.fstat(descriptor)
    kind = stat.S_IFMT(found.st_mode)
    is_made_up = _is_made_up(descriptor, found)
    if kind in kinds and not is_made_up:
        return descriptor
    os.close(descriptor)
    what = "made up by the system as it is read" if is_made_up else _KINDS.get(kind, "a device")
    raise _other_kind(path, what, kinds)


def _is_made_up(descriptor: int, found: os.stat_result) -> bool:
    # Files below /proc and the like say that they are empty, and are not: one may never end, or
    # hold up whoever reads on.
    if not stat.S_ISREG(found.st_mode) or found.st_size > 0:
        return False
    try:
        return os.pread(descriptor, 1, 0) != b""
    except OSError:
        return True


def _other_kind(path: str, found: str, kinds: tuple[int, ...]) -> CliError:
    or_pipe = " or a pipe" if stat.S_IFIFO in kinds else ""
    return CliError(
        f"{path} is {found}, where a regular file{or_pipe} is expected",
        "Name a file, or copy the content into one.",
        "NotRegular",
    )


def _pieces(descriptor: int) -> Iterator[bytes]:
    while piece := os.read(descriptor, _PIECE):
        yield piece


def _pieces_of_pipe(descriptor: int, path: str) -> Iterator[bytes]:
    import select
    import time

    pipe = select.poll()
    pipe.register(descriptor, select.POLLIN)
    begin = time.monotonic()
    opened = False  # by somebody who writes
    while True:
        events = pipe.poll(50)
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            opened = True  # and has not written yet
        else:
            if piece:
                opened = True
                yield piece
            elif opened or events:
                return  # and has closed it
        waited = time.monotonic() - begin
        if waited > _WRITER_SECONDS and not opened:
            raise CliError(
                f"{path} is a pipe, and nobody writes to it", "Start its writer first.", "Io"
            )
        if waited > _LINE_SECONDS:
            raise CliError(
                f"{path}: no line came out of the pipe within {_LINE_SECONDS:.0f} seconds",
                "Start its writer anew.",
                "Io",
            )
