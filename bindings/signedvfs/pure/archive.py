"""Signed archives and directories, read strictly; members are compared as they are read."""

import posix

from .records import Member, members_of, packed, records_below
from .verifier import DIGEST_BYTES, INDEX, MANIFEST, Key, Manifest, RefusedError, digest_of, require

_MOST_FILE, _MOST_MEMBER = 1 << 28, 1 << 26  # bytes


def opened(path: str, directory: "int | None" = None, more: int = 0) -> int:
    """Return a descriptor of what `path` names, without waiting for it."""
    flags = posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK | posix.O_NOCTTY | more
    try:
        return posix.open(path, flags, dir_fd=directory)
    except (OSError, ValueError) as error:
        raise RefusedError(f"{path!r} cannot be opened: {error}") from error


def content_of(descriptor: int, path: str, most: int) -> bytes:
    """Read a file and close it."""
    try:
        out, status = b"", posix.fstat(descriptor)
        require(status.st_mode & 0o170000 == 0o100000, f"{path!r} is no plain file")
        require(status.st_size <= most, f"{path!r} is too large")
        while piece := posix.read(descriptor, status.st_size - len(out)):
            out += piece
    except OSError as error:
        raise RefusedError(f"{path!r} cannot be read: {error}") from error
    finally:
        posix.close(descriptor)
    return out


def load_key(path: str) -> Key:
    """Read a public key file of at most 64 KiB. Raises RefusedError."""
    return Key(content_of(opened(path), path, 1 << 16))


class Archive:
    """A signed archive or directory: `names` of its members, `attributes` ("@name" and others)."""

    def __init__(
        self,
        path: str,
        keys: list[Key],
        threshold: int = 1,
        name: "str | None" = None,
        min_serial: int = 0,
        now: "float | None" = None,
    ) -> None:
        """Open `path`, which `threshold` of `keys` have signed: as `name` where one is given, with
        `min_serial` at least, valid at `now` (seconds since 1970; None: now). Raises RefusedError.
        """
        self._root, self._members, self._index = -1, dict[str, Member](), dict[str, bytes]()
        descriptor = opened(path)
        if posix.fstat(descriptor).st_mode & 0o170000 == 0o040000:
            self._root = descriptor
            self._manifest = Manifest(self._beneath(MANIFEST), keys, threshold)
        else:
            self._file = content_of(descriptor, path, _MOST_FILE)
            self._open_zip(members_of(self._file), keys, threshold)
        self._manifest.check_policy(name, min_serial, now)
        self.attributes, self.names = self._manifest.attributes, sorted(self._manifest.listed)

    def __del__(self) -> None:
        if self._root >= 0:
            posix.close(self._root)

    def read(self, name: str) -> bytes:
        """Return a member's content, once it is what was signed. Raises RefusedError."""
        signed = self._manifest
        require(name in signed.listed, f"{name!r} was not signed")
        if self._root >= 0:
            content = self._beneath(name)
        else:
            member = self._members[name]
            stored, record = self._file[member.data : member.end], self._index.get(name, b"")
            fits = not record or digest_of(signed.hash, stored) == record[26:]
            require(fits, f"{name!r} is stored in another way")
            content = member.content(self._file)
        found = digest_of(signed.hash, content).hex()
        require(found == signed.listed[name], f"{name!r} is not what was signed")
        return content

    def _beneath(self, name: str) -> bytes:
        """Read a file below a directory. No symbolic link is followed on the way."""
        *above, leaf = name.split("/")
        directory = posix.dup(self._root)
        try:
            for part in above:
                below = opened(part, directory, posix.O_DIRECTORY | posix.O_NOFOLLOW)
                posix.close(directory)
                directory = below
            return content_of(opened(leaf, directory, posix.O_NOFOLLOW), name, _MOST_MEMBER)
        finally:
            posix.close(directory)

    def _open_zip(self, members: list[Member], keys: list[Key], threshold: int) -> None:
        self._members = {one.name: one for one in members if one.name[-1:] != "/"}
        directories = [one for one in members if one.name[-1:] == "/"]
        indexed = members[-1].name == INDEX
        last = members[-2 if indexed and len(members) > 1 else -1]
        require(last.name == MANIFEST and last.size <= _MOST_MEMBER, "no manifest at the end")
        text = last.content(self._file)
        self._manifest = signed = Manifest(text, keys, threshold)
        wanted = {*signed.listed, *([MANIFEST, INDEX] if indexed else [MANIFEST])}
        same = self._members.keys() == wanted and len(wanted) + len(directories) == len(members)
        require(same, "other members than were signed")
        held = {one.name[:-1] for one in directories}
        alike = len({name.lower() for name in held}) < len(directories)
        empty = all(one.size == one.method == 0 for one in directories)
        require(held <= signed.directories and empty and not alike, "other directories")
        begin, prefix = members[0].begin, signed.attributes.get("@prefix")
        found = f"{digest_of('sha256', self._file[:begin]).hex()} {begin}" if begin else None
        require(found == prefix, "other bytes in front of the archive than were signed")
        same = indexed == ("@index" in signed.attributes)
        require(same, "an index that was not signed, or none where one was")
        if indexed:
            self._open_index(last, members[-1], text)

    def _open_index(self, manifest: Member, index: Member, text: bytes) -> None:
        """Hold the records to what the signed index says of them."""
        signed, data = self._manifest, index.content(self._file)
        digest, _, size = signed.attributes["@index"].partition(" ")
        trailer = packed(8, len(data), 8, index.end - manifest.data, 8, len(text))
        trailer += packed(4, signed.signed_part) + b"svfsidx1"
        plain = manifest.method == index.method == 0 and data[-36:] == trailer
        require(plain and int(size) <= len(data) - 36, "a malformed index")
        width, begin = 26 + DIGEST_BYTES[signed.hash], len(data) - 36 - int(size)
        self._index = dict(records_below(data[:-36], begin, int(size), digest, width))
        require(self._index.keys() == signed.listed.keys(), "an index of other members")
        for name, record in self._index.items():
            one = self._members[name]
            place = packed(8, one.data, 8, one.end - one.data, 8, one.size, 2, one.method)
            require(record[:26] == place, f"{name!r} is not where the signed index has it")
