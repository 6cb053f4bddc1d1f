"""Signed archives for whoever reads files by fsspec: `signedvfs://` (the extra `fsspec`)."""

from __future__ import annotations

import errno
import io
import os
from typing import Any, NoReturn

from fsspec import AbstractFileSystem

import signedvfs

__all__ = ["SignedFileSystem"]

_LOCAL = (None, "file", "local")


class SignedFileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """SignedFileSystem reads a signed archive or directory, and writes nothing.

    It is `signedvfs.open(fo, policy, limits)` behind fsspec's interface, and made by
    `fsspec.filesystem("signedvfs", fo="app.zip")` or by a URL, "signedvfs://data/a.json::app.zip".
    `policy` None is the one that `trust` and `set_policy` made; a copy in another process goes by
    that process's. Opening raises IntegrityCheckError.

    What is read has been verified in the memory that it is returned in, before the first byte of it
    is. So is what tells whether there is a file: tampering is never "there is none", but an
    IntegrityCheckError. Writing is an OSError, EROFS. Any thread may use it.
    """

    protocol = "signedvfs"
    root_marker = ""
    # Whom to believe may change between two calls; what was opened before shall not answer then.
    cachable = False

    def __init__(
        self,
        fo: str | os.PathLike[str],
        policy: signedvfs.TrustPolicy | None = None,
        limits: signedvfs.Limits | None = None,
        target_protocol: str | None = None,
        target_options: dict[str, Any] | None = None,
        **storage_options: Any,
    ) -> None:
        if target_protocol not in _LOCAL or "://" in os.fspath(fo):
            raise ValueError(
                f"{os.fspath(fo)!r} ({target_protocol}) is no local file, and only those can be "
                "opened. Fetch it first: fsspec.open_local('simplecache::' + url)"
            )
        super().__init__(
            fo,
            policy=policy,
            limits=limits,
            target_protocol=target_protocol,
            target_options=target_options,
            **storage_options,
        )
        self.vfs = signedvfs.open(fo, policy, limits)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        # Members have no slash in front, however a URL is put together.
        return stripped if isinstance(stripped, list) else stripped.lstrip("/")

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """info returns name, size and type, and of files the signed digest."""
        name = self._strip_protocol(path)
        if self.vfs.is_file(name):
            return self._file(name)
        if self._is_directory(name):
            return _directory(name)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """ls returns what is directly in a directory, or the one file."""
        name = self._strip_protocol(path)
        if self.vfs.is_file(name):
            found = [name]
        elif self._is_directory(name):
            prefix = f"{name}/" if name else ""
            found = [prefix + one for one in self.vfs.listdir(name)]
        else:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return [self.info(one) for one in found] if detail else found

    def exists(self, path: str, **_: Any) -> bool:
        """exists tells whether there is a file or directory; it does not swallow errors."""
        return self.isfile(path) or self.isdir(path)

    def isfile(self, path: str) -> bool:
        """isfile tells whether the manifest lists a file of that name."""
        return self.vfs.is_file(self._strip_protocol(path))

    def isdir(self, path: str) -> bool:
        """isdir tells whether listed files lie below that name."""
        return self._is_directory(self._strip_protocol(path))

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **_: Any
    ) -> bytes:
        """cat_file returns a file's verified content, or a part of it: all of it is verified."""
        return self._read(path)[start:end]

    def ukey(self, path: str) -> str:
        """ukey returns the signed digest of a file."""
        return str(self.info(path)["digest"])

    def _open(self, path: str, mode: str = "rb", *_: Any, **__: Any) -> io.BytesIO:
        if mode != "rb":
            _refuse(path)
        return io.BytesIO(self._read(path))

    def _read(self, path: str) -> bytes:
        name = self._strip_protocol(path)
        if not self.vfs.is_file(name):
            number = errno.EISDIR if self._is_directory(name) else errno.ENOENT
            raise OSError(number, os.strerror(number), path)
        return self.vfs.read(name)

    def _is_directory(self, name: str) -> bool:
        return not name or self.vfs.is_dir(name)

    def _file(self, name: str) -> dict[str, Any]:
        stat = self.vfs.stat(name)
        return {"name": name, "size": stat.size, "type": "file", "digest": stat.digest}

    # fsspec's own versions of these do nothing, or get half of it done first.

    def mkdir(self, path: str, *_: Any, **__: Any) -> None:
        """mkdir raises OSError, as do all the following."""
        _refuse(path)

    def makedirs(self, path: str, *_: Any, **__: Any) -> None:
        """See mkdir."""
        _refuse(path)

    def rmdir(self, path: str) -> None:
        """See mkdir."""
        _refuse(path)

    def rm(self, path: Any, *_: Any, **__: Any) -> None:
        """See mkdir."""
        _refuse(path)

    def rm_file(self, path: str) -> None:
        """See mkdir."""
        _refuse(path)

    def cp_file(self, _: str, path2: str, **__: Any) -> None:
        """See mkdir."""
        _refuse(path2)

    def mv(self, path1: str, *_: Any, **__: Any) -> None:
        """See mkdir."""
        _refuse(path1)

    def pipe_file(self, path: str, *_: Any, **__: Any) -> None:
        """See mkdir."""
        _refuse(path)

    def put_file(self, _: str, rpath: str, *__: Any, **___: Any) -> None:
        """See mkdir."""
        _refuse(rpath)

    def touch(self, path: str, *_: Any, **__: Any) -> None:
        """See mkdir."""
        _refuse(path)


def _directory(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}


def _refuse(path: Any) -> NoReturn:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
