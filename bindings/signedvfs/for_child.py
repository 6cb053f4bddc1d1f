"""Run by path, in a child: make this package, which is its parent's, importable there.

A child unpickles what its parent sends before it has the parent's `sys.path`. So it may not find
this package by name, or find another one. Nothing of the package can be imported here yet, and
`sys.path` stays as it is.
"""

from __future__ import annotations

import importlib.util
import os
import sys


def load_package(directory: str) -> None:
    """Load the package signedvfs from `directory` unless the child has one since it started."""
    if "signedvfs" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        "signedvfs",
        os.path.join(directory, "__init__.py"),  # noqa: PTH118  # pathlib has its price
        submodule_search_locations=[directory],
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{directory}: the parent's signedvfs cannot be loaded from there")
    package = importlib.util.module_from_spec(spec)
    sys.modules["signedvfs"] = package
    try:
        spec.loader.exec_module(package)
    except BaseException:
        del sys.modules["signedvfs"]
        raise


if __name__ == "<run_path>":  # what runpy.run_path calls it
    load_package(os.path.dirname(__file__))  # noqa: PTH120  # as above
