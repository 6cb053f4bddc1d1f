"""What stands in the door of os.path.realpath: an archive on the way is a file and a directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from signedvfs._core import doors_are_open


def realpath(original: Callable[..., Any], filename: Any, **options: Any) -> Any:
    """Guard posixpath.realpath, which wants directories on the way since 2025 where it is strict.

    The archive's own path is a file for whoever asks for its status, so that check fails below it.
    What is there, for the strict, os.stat decides as well.
    """
    try:
        return original(filename, **options)
    except NotADirectoryError:
        if not doors_are_open():
            raise
    resolved = original(filename)
    try:
        os.stat(resolved)
    except FileNotFoundError as error:
        if options["strict"] is not getattr(os.path, "ALLOW_MISSING", None):
            missing = _first_missing(resolved)
            raise FileNotFoundError(error.errno, error.strerror, missing) from None
    return resolved


def _first_missing(path: Any) -> Any:
    while not os.path.lexists(above := os.path.dirname(path)):
        path = above
    return path
