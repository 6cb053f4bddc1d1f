"""Records of zip archives (APPNOTE 4.3), and of the signed index.

Every header has to be, to the last byte, what signing writes.
"""

from .verifier import RefusedError, digest_of, require

_MOST_MEMBER, _MOST_TOTAL, _MOST_RATIO = 1 << 26, 1 << 30, 1100


def number_at(data: bytes, at: int, size: int) -> int:
    """Return a little-endian number of `size` bytes."""
    return int.from_bytes(data[at : at + size], "little")


def packed(*sizes_and_values: int) -> bytes:
    """Return little-endian numbers, given as a size in bytes and a value each."""
    pairs = zip(sizes_and_values[::2], sizes_and_values[1::2])
    return b"".join(value.to_bytes(size, "little") for size, value in pairs)


class Member:
    """A record: where its stored bytes are in the file, and what they decode to."""

    def __init__(self, file: bytes, at: int) -> None:
        self.method, self.crc = number_at(file, at + 10, 2), number_at(file, at + 16, 4)
        stored, self.size = number_at(file, at + 20, 4), number_at(file, at + 24, 4)
        name = file[at + 46 : at + 46 + number_at(file, at + 28, 2)]
        self.name, self.begin = name.decode("latin-1"), number_at(file, at + 42, 4)
        kind = 0o40755 << 16 | 16 if name[-1:] == b"/" else 0o100644 << 16
        shared = packed(2, 20, 2, 0, 2, self.method, 2, 0, 2, 33, 4, self.crc)
        shared += packed(4, stored, 4, self.size, 2, len(name), 2, 0)
        local = packed(4, 0x04034B50) + shared + name
        central = packed(4, 0x02014B50, 2, 3 << 8 | 63) + shared
        central += packed(2, 0, 2, 0, 2, 0, 4, kind, 4, self.begin) + name
        self.next, self.data = at + len(central), self.begin + len(local)
        self.end, written = self.data + stored, file[at : self.next] == central
        written = written and file[self.begin : self.data] == local
        require(written, f"{self.name!r}: headers that signing does not write")
        fits = self.size <= _MOST_MEMBER and self.size // _MOST_RATIO <= stored
        known = self.method == 8 or (self.method == 0 and self.size == stored)
        require(fits and known, f"{self.name!r}: too large, or of a method not handled here")

    def content(self, file: bytes) -> bytes:
        """Decode the stored bytes."""
        found, crc = file[self.data : self.end], 0xFFFFFFFF
        if self.method == 8:
            try:
                from .inflate import inflate  # no part of every copy
            except ImportError:
                raise RefusedError(f"{self.name!r} needs inflate.py beside records.py") from None
            found = inflate(found, self.size)
        for byte in found:
            crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
        require(crc ^ 0xFFFFFFFF == self.crc, f"{self.name!r}: another checksum")
        return found


_Records = list[tuple[str, bytes]]
_CRC = list(range(256))
for _ in range(8):
    _CRC = [one >> 1 ^ (0xEDB88320 if one & 1 else 0) for one in _CRC]


def members_of(file: bytes) -> list[Member]:
    """Return the records of an archive; from the first one on they account for every byte."""
    end = len(file) - 22
    count, size, begin = (number_at(file, end + at, n) for at, n in ((10, 2), (12, 4), (16, 4)))
    tail = packed(4, 0x06054B50, 4, 0, 2, count, 2, count, 4, size, 4, begin, 2, 0)
    written = end > 0 and file[end:] == tail and begin + size == end and 0 < count < 0xFFFF
    require(written, "not the end of a zip archive that signing writes")
    out, at, total = list[Member](), begin, 0
    for _ in range(count):
        out.append(Member(file, at))
        at, total = out[-1].next, total + out[-1].size
    follow = all(one.end == other.begin for one, other in zip(out, out[1:]))
    require(follow and out[-1].end == begin and at == end, "bytes between the records")
    require(total <= _MOST_TOTAL, "too large")
    return out


def records_below(index: bytes, begin: int, size: int, wanted: str, width: int) -> _Records:
    """Return the paths and records below a page of the signed index, of the digest `wanted`."""
    page = index[begin : begin + size]
    require(len(page) == size and digest_of("sha256", page).hex() == wanted, "a false index")
    leaf, count = number_at(page, 0, 4) == 1, number_at(page, 4, 4)
    own, last, out = width if leaf else 44, 0, _Records()
    records, paths = page[8 + 4 * count :], page[8 + count * (4 + own) :]
    for i in range(count):
        end, record = number_at(page, 8 + 4 * i, 4), records[i * own : i * own + own]
        path, last = paths[last:end].decode("latin-1"), end
        below = [(path, record)]
        if not leaf:
            place = number_at(record, 0, 8), number_at(record, 8, 4)
            below = records_below(index, *place, record[12:].hex(), width)
        require(below[0][0] == path and (not out or out[-1][0] < path), "a malformed index")
        out += below
    require(number_at(page, 0, 4) in (1, 2) and last == len(paths) and (leaf or out), "malformed")
    return out
