"""Collections as PyInstaller and cx_Freeze lay them out, made by hand."""

from __future__ import annotations

import importlib.util
import marshal
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

MAGIC = b"MEI\014\013\012\013\016"
BOOTLOADER = b"\x7fELF and what else there is of it"
VERSION = sys.version_info[0] * 100 + sys.version_info[1]


class Entry(NamedTuple):
    """Entry is one of PyInstaller's archive, with what its table may say wrongly."""

    kind: str
    name: str
    content: bytes = b""
    is_compressed: bool = True
    size: int | None = None  # what the table says


def code(source: str, name: str = "made.py") -> bytes:
    """code returns marshalled code."""
    return marshal.dumps(compile(source, name, "exec", dont_inherit=True))


def pyc(source: str, magic: bytes = importlib.util.MAGIC_NUMBER) -> bytes:
    """pyc returns a compiled module with a time in its header."""
    return magic + bytes(4) + b"time" + b"size" + code(source)


def make_pyz(
    modules: Mapping[str, tuple[int, bytes]], magic: bytes = importlib.util.MAGIC_NUMBER
) -> bytes:
    """make_pyz makes an archive of modules: a kind and marshalled code by each name."""
    body, rows = bytearray(b"PYZ\0" + magic + bytes(4) + b"\0"), []
    for name, (kind, content) in modules.items():
        stored = zlib.compress(content)
        rows.append((name, (kind, len(body), len(stored))))
        body += stored
    struct.pack_into("!i", body, 8, len(body))
    return bytes(body) + marshal.dumps(rows)


def make_pkg(entries: Iterable[Entry], options: Iterable[str] = (), python: int = VERSION) -> bytes:
    """make_pkg makes the archive that an executable has at its end."""
    body, table = bytearray(), bytearray()
    for kind, name, content, is_compressed, size in [
        *entries,
        *(Entry("o", option, b"", False) for option in options),
    ]:
        stored = zlib.compress(content) if is_compressed else content
        padded = name.encode() + b"\0"
        padded += bytes(-(18 + len(padded)) % 16)
        table += struct.pack(
            "!IIIIBc",
            18 + len(padded),
            len(body),
            len(stored),
            len(content) if size is None else size,
            is_compressed,
            kind.encode(),
        )
        table += padded
        body += stored
    size = len(body) + len(table) + 88
    cookie = struct.pack("!8sIIII64s", MAGIC, size, len(body), len(table), python, b"libpython.so")
    return bytes(body + table) + cookie


def write_executable(path: Path, *arguments: Any, **named: Any) -> Path:
    """write_executable writes one of PyInstaller, with what `make_pkg` makes of the arguments."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(BOOTLOADER + make_pkg(*arguments, **named) + b"section headers")
    path.chmod(0o755)
    return path


def write_cxfreeze(top: Path, modules: Mapping[str, bytes], name: str = "app") -> Path:
    """write_cxfreeze writes a directory of cx_Freeze with these members of library.zip, beside what
    begins the program `name`."""
    library = top / "lib"
    library.mkdir(parents=True)
    (library / "library.dat").write_text("library.zip", encoding="utf-8")
    begin = {
        f"__init__{name}.pyc": pyc("def run(name):\n    __import__(name)\n"),
        f"__main__{name}.pyc": pyc("print('hello')\n"),
    }
    with zipfile.ZipFile(library / "library.zip", "w") as archive:
        for member, content in {**begin, **modules}.items():
            archive.writestr(member, content)
    (top / name).write_bytes(BOOTLOADER)
    (top / name).chmod(0o755)
    return top
