"""Which of CPython's test modules are run, and where the versions keep them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

Version = tuple[int, int]


class Suite(NamedTuple):
    """A test module, or the tests of it whose names match `only`."""

    module: str
    only: str = ""

    def selects(self, test_id: str) -> bool:
        return re.search(self.only, test_id[len(self.module) + 1 :]) is not None


def suites(version: Version) -> Iterator[Suite]:
    """Yield what there is to run on an interpreter of this version.

    Modules that take a second or two run as a whole: they also show that the hook leaves
    directories and scripts alone.
    """
    for name in (
        "test_zipimport",
        "test_zipimport_support",
        "test_pkgutil",
        "test_runpy",
        "test_cmd_line_script",
        "test_zipapp",
        "test_importlib.test_namespace_pkgs",
    ):
        yield Suite(f"test.{name}")
    yield Suite("test.test_multiprocessing_main_handling", only="zipfile")

    resources = resources_package(version)
    for name in ("files", "open", "path", "read", "resource"):
        yield Suite(f"{resources}.test_{name}", only="Zip")
    if version >= (3, 11):
        yield Suite(f"{resources}.test_contents", only="Zip")

    metadata = metadata_package(version)
    yield Suite(f"{metadata}.test_zip")
    if version >= (3, 11):
        yield Suite(f"{metadata}.test_main", only="PackagesDistributionsPrebuiltTest")


def resources_package(version: Version) -> str:
    """Return the package with the tests of importlib.resources."""
    return "test.test_importlib.resources" if version >= (3, 12) else "test.test_importlib"


def metadata_package(version: Version) -> str:
    """Return the package with the tests of importlib.metadata."""
    return "test.test_importlib.metadata" if version >= (3, 13) else "test.test_importlib"
