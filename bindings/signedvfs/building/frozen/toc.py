"""A table of contents as `marshal` writes it (Python/marshal.c, version 4).

marshal itself reads code and whatever else, and trusts what it is given. A table has lists, tuples,
texts and numbers only, and nothing else is read here.
"""

from __future__ import annotations

from typing import Union

Value = Union[int, str, "list[Value]", "tuple[Value, ...]"]

_REFERRED = 0x80  # the flag of what may be referred to later
_DEEPEST = 4  # a list of pairs of a text and a tuple of numbers has 3
_SHORT_TEXTS = b"zZ"  # ASCII, by a length of one byte
_LONG_TEXTS = b"aAut"  # the first two ASCII; by a length of four bytes


class TocError(Exception):
    """TocError says what was found in the place of a table."""


def read_toc(content: bytes) -> Value:
    """read_toc returns the value that `content` begins with. Raises TocError."""
    return _Reader(content).value(0)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._referred: list[Value] = []

    def value(self, depth: int) -> Value:
        kind = self._number(1)
        mark, kind = kind & _REFERRED, kind & ~_REFERRED
        if kind in b"[()":
            return self._sequence(kind, depth, is_referred=bool(mark))
        if kind == ord("r"):
            index = self._number(4)
            if index >= len(self._referred):
                raise TocError(f"a reference to value {index} of {len(self._referred)}")
            return self._referred[index]
        found: Value
        if kind == ord("i"):
            found = self._number(4, is_signed=True)
        elif kind in _SHORT_TEXTS:
            found = self._text(self._number(1))
        elif kind in _LONG_TEXTS:
            found = self._text(self._number(4))
        else:
            raise TocError(f"a value of the kind {chr(kind)!a}")
        if mark:
            self._referred.append(found)
        return found

    def _sequence(self, kind: int, depth: int, *, is_referred: bool) -> Value:
        if depth == _DEEPEST:
            raise TocError("a table in a table in a table")
        count = self._number(1 if kind == ord(")") else 4)
        if count > len(self._content) - self._at:
            raise TocError(f"a sequence of {count} values in fewer bytes")
        place = len(self._referred)
        if is_referred:
            # Its number is taken before those of its values. Nothing refers to it from inside.
            self._referred.append(0)
        values = [self.value(depth + 1) for _ in range(count)]
        found: Value = values if kind == ord("[") else tuple(values)
        if is_referred:
            self._referred[place] = found
        return found

    def _text(self, size: int) -> str:
        try:
            return self._take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise TocError("a text that is not UTF-8") from None

    def _number(self, size: int, *, is_signed: bool = False) -> int:
        return int.from_bytes(self._take(size), "little", signed=is_signed)

    def _take(self, size: int) -> bytes:
        found = self._content[self._at : self._at + size]
        if len(found) < size:
            raise TocError("an end in the middle of it")
        self._at += size
        return found
