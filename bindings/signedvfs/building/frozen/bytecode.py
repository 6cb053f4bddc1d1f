"""Compiled modules of a collection: of this Python, and with the header that it wants."""

from __future__ import annotations

import importlib.util
import platform
import sys

from signedvfs.building.errors import BuildError

HEADER = 16  # bytes, since Python 3.7
# PEP 552: an unchecked hash. What vouches for the code is the archive's signature.
_UNCHECKED = (1).to_bytes(4, "little") + bytes(8)
_CODE = (ord("c"), ord("c") | 0x80)  # what marshal begins a code object with
# Since 3.11 the numbers of a version begin at 3450, 3500, ... (Lib/importlib/_bootstrap_external).
_FIRST, _STEP = 3450, 50


def check_magic(magic: bytes, origin: str) -> None:
    """check_magic raises BuildError where bytecode that begins with `magic` is another Python's."""
    if magic == importlib.util.MAGIC_NUMBER:
        return
    number = int.from_bytes(magic[:2], "little")
    minor = 11 + (number - _FIRST) // _STEP
    is_known = magic[2:] == b"\r\n" and number >= _FIRST and 11 <= minor <= 30
    refuse_version(f"3.{minor}" if is_known and minor != sys.version_info[1] else None, origin)


def refuse_version(version: str | None, origin: str) -> None:
    """refuse_version raises BuildError: the collection is of that `version`, None: nobody knows."""
    if version is None:
        raise BuildError(
            f"{origin} is of another Python than this one, {platform.python_version()}",
            "Build with the Python that made the collection; signedvfs has to be installed for it.",
        )
    raise BuildError(
        f"{origin} is of Python {version}, and this is {platform.python_version()}",
        f"Build with the Python that made the collection: python{version} -m signedvfs build ...",
    )


def with_header(code: bytes, origin: str) -> bytes:
    """with_header returns the .pyc file of marshalled code. Raises BuildError where it is none."""
    if not code or code[0] not in _CODE:
        raise BuildError(f"{origin} is no compiled code", "Make the collection again.")
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + code


def renewed(content: bytes, origin: str) -> bytes:
    """renewed returns a .pyc file with that header in the place of its own. Raises BuildError where
    it is another Python's."""
    check_magic(content[:4], origin)
    return with_header(content[HEADER:], origin)
