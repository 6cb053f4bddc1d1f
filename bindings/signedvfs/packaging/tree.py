"""Reading below a directory without ever leaving it."""

from __future__ import annotations

import errno
import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signedvfs.packaging.errors import PackError

# A path below the directory, in components: none of them is "..", and none is followed as a link.
Parts = tuple[str, ...]

_ON_THE_WAY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not to be held up by a FIFO that somebody puts there.
_AT_THE_END = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Tree:
    """Tree is a directory, whatever is at its path later.

    Every read goes from its descriptor down one component after the other, and none of them may be
    a symbolic link: so what is read is below the directory, also where somebody changes it in the
    meantime. Links are resolved beforehand, to components that are none. `path` is the directory's
    name for messages, and may itself be a link.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._real = os.path.realpath(path)
        self._root = os.open(self._real, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._root)

    def list(self, parts: Parts) -> list[tuple[str, os.stat_result]]:
        """list returns what is in a directory, by name, links as links."""
        with self._opened(parts, os.O_DIRECTORY) as descriptor, os.scandir(descriptor) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        return sorted(found, key=lambda entry: os.fsencode(entry[0]))

    def look(self, parts: Parts) -> os.stat_result:
        """look returns what is there, a link as a link."""
        if not parts:
            return os.fstat(self._root)
        with self._parent(parts) as directory:
            return os.stat(parts[-1], dir_fd=directory, follow_symlinks=False)

    def read(self, parts: Parts) -> bytes:
        """read returns a regular file's content."""
        with self._opened(parts) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._changed(parts)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read()

    def resolve(self, parts: Parts, origin: Path) -> Parts:
        """resolve returns where the link at `parts` leads, or raises PackError where that is out of
        the directory or nowhere; `origin` is the link's name for messages."""
        real = Path(os.path.realpath(Path(self._real, *parts)))
        try:
            found: Parts = real.relative_to(self._real).parts
        except ValueError:
            raise PackError(
                f"{origin} is a symbolic link out of {self.path}, to {real}",
                "Put a copy of that in its place: --follow-links follows what stays inside.",
            ) from None
        try:
            is_link = stat.S_ISLNK(self.look(found).st_mode)
        except FileNotFoundError:
            raise PackError(f"{origin} is a link to nothing", "Repair or remove it.") from None
        if is_link:
            raise PackError(f"{origin} is a link that leads in a circle", "Repair or remove it.")
        return found

    @contextmanager
    def _parent(self, parts: Parts) -> Iterator[int]:
        directory = os.dup(self._root)
        try:
            for part in parts[:-1]:
                below = os.open(part, _ON_THE_WAY, dir_fd=directory)
                os.close(directory)
                directory = below
            yield directory
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise self._changed(parts) from None
            error.filename = str(self.path.joinpath(*parts))
            raise
        finally:
            os.close(directory)

    @contextmanager
    def _opened(self, parts: Parts, flags: int = 0) -> Iterator[int]:
        with self._parent(parts) as directory:
            name = parts[-1] if parts else os.curdir
            descriptor = os.open(name, _AT_THE_END | flags, dir_fd=directory)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def _changed(self, parts: Parts) -> PackError:
        return PackError(
            f"{self.path.joinpath(*parts)} became something else while it was packed",
            "Pack again when nobody changes the directory.",
        )
