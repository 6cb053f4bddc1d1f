"""PyInstaller's archive "PYZ" of compiled modules.

    "PYZ\\0", the magic number of the bytecode, the offset of the table (32 bits, big-endian)
    the modules: each a zlib stream of marshalled code
    the table: a marshalled list of (name, (kind, offset, size))

Offsets count from its beginning. The kinds are 0, a module, 1, a package, 2, data (no longer
written), and 3, a package that has no code (PEP 420).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from signedvfs.building.errors import BuildError
from signedvfs.building.frozen.bytecode import check_magic
from signedvfs.building.frozen.carchive import inflated
from signedvfs.building.frozen.toc import TocError, Value, read_toc

_MAGIC = b"PYZ\0"
_HEADER = 12  # bytes
_MODULE_AT_MOST = 1 << 28  # bytes of code, unpacked
_AGAIN = "Make the collection again."
_MODULE, _PACKAGE, _DATA, _NAMESPACE = range(4)


class Module(NamedTuple):
    """Module is one of the table."""

    name: str
    is_package: bool
    offset: int
    size: int


@dataclass(frozen=True)
class Pyz:
    """Pyz is an archive of modules; messages name it `origin`."""

    origin: str
    content: bytes
    modules: list[Module]

    def read(self, module: Module) -> bytes:
        """read returns the marshalled code of a module. Raises BuildError."""
        stored = self.content[module.offset : module.offset + module.size]
        return inflated(stored, _MODULE_AT_MOST, f"{self.origin}: {module.name}")


def read_pyz(content: bytes, origin: str) -> Pyz:
    """read_pyz reads the table of an archive. Raises BuildError."""
    if len(content) < _HEADER or content[:4] != _MAGIC:
        raise BuildError(f"{origin} is no archive of modules", _AGAIN)
    check_magic(content[4:8], origin)
    table = int.from_bytes(content[8:_HEADER], "big")
    try:
        rows = read_toc(content[table:])
    except TocError as error:
        raise BuildError(f"the table of {origin} is broken: {error}", _AGAIN) from None
    if table < _HEADER or not isinstance(rows, list):
        raise BuildError(f"{origin} has no table", _AGAIN)
    found = [_module(row, table, origin) for row in rows]
    return Pyz(origin, content, [one for one in found if one is not None])


def _module(row: Value, table: int, origin: str) -> Module | None:
    name, place = row if isinstance(row, tuple) and len(row) == 2 else (None, None)
    numbers = [one for one in place if isinstance(one, int)] if isinstance(place, tuple) else []
    if isinstance(name, str) and isinstance(place, tuple) and len(numbers) == len(place) == 3:
        kind, offset, size = numbers
        if kind == _DATA:
            raise BuildError(
                f"{origin} has data in it, {name!a}, as old releases of PyInstaller put there",
                "Make the collection with PyInstaller 6 or later.",
            )
        if kind == _NAMESPACE:
            return None
        if kind in (_MODULE, _PACKAGE) and _HEADER <= offset <= offset + size <= table:
            return Module(name, kind == _PACKAGE, offset, size)
    raise BuildError(f"the table of {origin} has an entry that is none", _AGAIN)
