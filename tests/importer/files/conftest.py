"""An application with data files in a signed archive or tree, with the doors open."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop

FILES: dict[str, bytes | str] = {
    "top.py": "value = 'top'\n",
    "pkg/__init__.py": "value = 'pkg'\n",
    "pkg/data/text.txt": "Grüße\nline two\n",
    "pkg/data/numbers.bin": bytes(range(256)) * 64,
    "pkg/data/empty.txt": "",
    "pkg/data/sub/deep.json": '{"a": 1}\n',
    "pkg/data/sub-2/x.txt": "x",
    "pkg/data/ünï.txt": "name\n",
}


@contextmanager
def closed_doors() -> Iterator[None]:
    """For the attacker, who is another process: paths mean what they mean on the disk."""
    signedvfs.close_doors()
    try:
        yield
    finally:
        signedvfs.open_doors()


def damaged(data: bytes, name: str) -> bytes:
    """Return an archive with another last byte of a member's stored content."""
    header = data.find(b"PK\x03\x04")
    while True:
        size = int.from_bytes(data[header + 18 : header + 22], "little")
        named, extra = data[header + 26], data[header + 28]
        body = header + 30 + named + extra
        if data[header + 30 : header + 30 + named].decode() == name:
            last = body + size - 1
            return data[:last] + bytes([data[last] ^ 1]) + data[last + 1 :]
        header = data.find(b"PK\x03\x04", body + size)
        assert header >= 0


def write_tree(root: Path, files: dict[str, bytes | str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture(params=["archive", "indexed", "directory"])
def root(
    workshop: Workshop,
    importing: Importing,
    request: pytest.FixtureRequest,
) -> Iterator[Path]:
    """Where FILES are, signed and in use, with the doors open."""
    if request.param == "directory":
        path = workshop.tree("app", FILES)
        signedvfs.hook.protect(path)
    else:
        path = workshop.zip("app.zip", FILES, index=request.param == "indexed")
    importing.put(path)
    __import__("pkg")
    sys.modules.pop("pkg")
    signedvfs.open_doors()
    yield path
    signedvfs.close_doors()


@pytest.fixture
def archive(workshop: Workshop, importing: Importing) -> Iterator[Path]:
    """The same, of one kind."""
    path = workshop.zip("app.zip", FILES, index=True)
    importing.put(path)
    __import__("pkg")
    signedvfs.open_doors()
    yield path
    signedvfs.close_doors()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """The same files as files, which nobody has signed."""
    path = tmp_path / "disk" / "app.zip"
    write_tree(path, FILES)
    return path
