"""TOML, and what PyPA's `packaging` knows, wherever this Python has them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from signedvfs.packaging.errors import PackError


def load_toml(path: Path) -> dict[str, Any]:
    """load_toml reads a TOML file, or raises PackError where it is none, OSError."""
    # In the standard library from 3.11 on; pip, which packing runs anyway, brings its own before.
    toml = _first_of("tomllib", "tomli", "pip._vendor.tomli", why="to read TOML")
    try:
        found: dict[str, Any] = toml.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise PackError(f"{path} is not TOML: {error}", "Correct the file.") from None
    return found


def packaging_module(name: str) -> Any:
    """packaging_module returns the module `packaging.name`: the installed one, or pip's own."""
    return _first_of(f"packaging.{name}", f"pip._vendor.packaging.{name}", why="to read locks")


def _first_of(*names: str, why: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise PackError(
        f"this Python has none of {', '.join(names)}, which it takes {why}",
        "Install pip in this environment: python -m ensurepip",
    )
