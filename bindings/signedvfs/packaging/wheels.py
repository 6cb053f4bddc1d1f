"""Wheels as sources: the binary distribution format of PEP 427 and PEP 491."""

from __future__ import annotations

import base64
import csv
import errno
import io
import os
import stat
import weakref
import zipfile
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import BinaryIO

from signedvfs.digests import hashlib
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.members import Item, Members, unwanted

_AGAIN = "Fetch or build the wheel again."


def add_wheel(
    members: Members, path: Path, shown: str, secrets: Collection[bytes] = frozenset()
) -> None:
    """add_wheel adds what an installer would put on the import path to the archive's root; `shown`
    is the wheel's name for messages. Files that are one of `secrets` are left out: those who build
    wheels take what lies around."""
    sizes = {len(secret) for secret in secrets}
    wheel = _Wheel(path, shown)
    for name in wheel.names:
        origin = f"{path.name}/{name}"
        member, reason = wheel.place(name)
        if member is None:
            members.leave_out(origin, reason)
        elif wheel.size(name) in sizes and wheel.read(name) in secrets:
            members.leave_out(origin, "a key")
        elif name == wheel.record_name:
            members.add(Item(member, origin, partial(wheel.record, members)))
        else:
            members.add(Item(member, origin, partial(wheel.read, name)))


def _open_regular(path: Path, shown: str) -> BinaryIO:
    # zipfile would wait for somebody to write to a FIFO, also to one that was a file a moment ago.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ENXIO:  # of sockets
            raise
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
    raise PackError(f"{shown} is not a wheel: it is no regular file", _AGAIN)


def _hash_of(content: bytes, algorithm: str) -> str:
    digest = hashlib.new(algorithm, content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class _Wheel:
    def __init__(self, path: Path, shown: str) -> None:
        self._shown = shown
        file = _open_regular(path, shown)
        weakref.finalize(self, file.close)
        try:
            self._zip = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise PackError(f"{shown} is not a wheel: {error}", _AGAIN) from None
        self.names = sorted(name for name in self._zip.namelist() if not name.endswith("/"))
        self._refuse_links()
        infos = [name for name in self.names if name.endswith(".dist-info/WHEEL")]
        infos = [name for name in infos if name.count("/") == 1]
        if len(infos) != 1 or len(set(self.names)) != len(self.names):
            raise PackError(f"{shown} is not a wheel: there must be one .dist-info/WHEEL", _AGAIN)
        info = infos[0].rpartition("/")[0]
        self.record_name = info + "/RECORD"
        self._data = info[: -len(".dist-info")] + ".data/"
        self._check_version(infos[0])
        self._hashes = self._read_record()

    def read(self, name: str) -> bytes:
        """read returns a file's bytes after comparing them with RECORD, as installers must."""
        content = self._content(name)
        if name in (self.record_name + ".jws", self.record_name + ".p7s"):
            return content
        algorithm, _, expected = self._hashes.get(name, "").partition("=")
        if not expected:
            raise PackError(f"{self._shown}: RECORD has no hash for {name!r}", _AGAIN)
        if _hash_of(content, algorithm) != expected:
            raise PackError(f"{self._shown}: {name!r} is not what RECORD lists", _AGAIN)
        return content

    def size(self, name: str) -> int:
        """size returns how large a file says it is."""
        return self._zip.getinfo(name).file_size

    def place(self, name: str) -> tuple[str | None, str]:
        """place returns the member that a file becomes, or None and why it does not become one."""
        member: str | None = name
        if name.startswith(self._data):
            kind, _, member = name[len(self._data) :].partition("/")
            if kind not in ("purelib", "platlib"):
                return None, f"{kind} are not for importing"
        reason = unwanted(member or "")
        return (None, reason) if reason else (member, "")

    def record(self, members: Members) -> bytes:
        """record returns RECORD as an installer writes it: of the files that are `members`."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        for name in self.names:
            member, _ = self.place(name)
            if member in members.items:
                known = self._hashes.get(name, "")
                size = self.size(name) if known else ""
                if members.items[member].changed:
                    content = members.items[member].read()
                    known, size = f"sha256={_hash_of(content, 'sha256')}", len(content)
                rows.writerow([member, known, size])
        return text.getvalue().encode()

    def _refuse_links(self) -> None:
        # The content of a link is a path: whoever unpacks it gets something else than what is here.
        for info in self._zip.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG):
                raise PackError(f"{self._shown}: {info.filename!r} is a link or no file", _AGAIN)

    def _content(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, KeyError) as error:
            raise PackError(f"{self._shown}: {name!r} cannot be read: {error}", _AGAIN) from None

    def _check_version(self, name: str) -> None:
        lines = self._content(name).decode("utf-8", "replace").splitlines()
        versions = [line.partition(":")[2] for line in lines if line.startswith("Wheel-Version:")]
        if [version.strip().partition(".")[0] for version in versions] != ["1"]:
            raise PackError(f"{self._shown}: only version 1 of the wheel format is known", _AGAIN)

    def _read_record(self) -> dict[str, str]:
        try:
            lines = self._content(self.record_name).decode().splitlines()
        except UnicodeDecodeError:
            raise PackError(f"{self._shown}: RECORD is not UTF-8", _AGAIN) from None
        hashes = {row[0]: row[1] for row in csv.reader(lines) if len(row) > 1}
        for known in hashes.values():
            if known.partition("=")[0] not in ("", "sha256", "sha384", "sha512"):
                raise PackError(f"{self._shown}: RECORD uses the hash {known!r}", _AGAIN)
        return hashes
