"""Resources are taken for paths, which in a directory they are, while the doors are open."""

from __future__ import annotations

import gzip
import importlib
import os
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop

PACKED = gzip.compress(b"content", mtime=0)


@pytest.fixture
def shop(workshop: Workshop, importing: Importing) -> Iterator[Path]:
    """An archive with a package and a namespace package, in use, with the doors open."""
    files_of: dict[str, bytes | str] = {
        "shop/__init__.py": "",
        "shop/teas/a.gz": PACKED,
        "portion/teas/a.gz": PACKED,
    }
    path = workshop.zip("shop.zip", files_of)
    importing.put(path)
    signedvfs.open_doors()
    yield path
    signedvfs.close_doors()


def teas_of(package: str) -> Any:
    """Have it as Any: programs that do without the protocol are what this is about."""
    importlib.import_module(package)
    return files(package) / "teas"


@pytest.mark.parametrize("package", ["shop", "portion"])
def test_a_resource_is_taken_for_a_path(shop: Path, package: str) -> None:
    teas = teas_of(package)
    assert os.fspath(teas) == str(shop / package / "teas")
    assert os.listdir(teas) == ["a.gz"]
    assert Path(teas).is_dir()
    with gzip.open(teas / "a.gz") as packed:
        assert packed.read() == b"content"
    (child,) = teas.iterdir()
    assert Path(child).read_bytes() == PACKED
    with as_file(child) as path:
        assert path.read_bytes() == PACKED


@pytest.mark.parametrize("package", ["shop", "portion"])
def test_it_is_none_where_it_would_not_open(shop: Path, package: str) -> None:
    signedvfs.close_doors()
    teas = teas_of(package)
    assert str(teas) == str(shop / package / "teas")
    with pytest.raises(TypeError):
        os.fspath(teas)
