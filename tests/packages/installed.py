"""What the smoke tests ask of packages that importlib.metadata finds."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from importlib import metadata
from typing import Any


def entry_point(group: str, name: str) -> metadata.EntryPoint:
    """Return the one entry point of that name, as programs with plugins look for it."""
    if sys.version_info >= (3, 10):
        (found,) = metadata.entry_points(group=group, name=name)
    else:
        (found,) = [one for one in metadata.entry_points()[group] if one.name == name]
    return found


def run_script(name: str, *arguments: str) -> str:
    """Run a console script as its launcher would; it must succeed. Return what it printed."""
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    argv = sys.argv
    sys.argv = [name, *arguments]
    try:
        with contextlib.redirect_stdout(printed):
            # Some modules look at sys.argv when they are imported.
            result: Any = entry_point("console_scripts", name).load()()
    except SystemExit as end:
        result = end.code
    finally:
        sys.argv = argv
    printed.seek(0)
    text = printed.read()
    assert result in (None, 0), (result, text)
    return text


def requires(distribution: str) -> set[str]:
    """Return the names of what a distribution requires, in lower case, those of extras too."""
    found = [re.match(r"[\w.-]+", one) for one in metadata.requires(distribution) or []]
    return {match.group().lower() for match in found if match}


def read_info(distribution: str, name: str) -> str:
    """Read a file that RECORD lists, by its path in the distribution's .dist-info."""
    files = [one for one in metadata.files(distribution) or [] if one.match("*.dist-info/" + name)]
    (found,) = [one for one in files if one.parts[0].endswith(".dist-info")]
    return found.read_text(encoding="utf-8")
