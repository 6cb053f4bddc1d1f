"""Which entries of a search path are ours."""

from __future__ import annotations

import sys

from signedvfs._core import hook, zipimporter


def finder_of(path: object) -> zipimporter | None:
    """Return the verifying finder that imports from `path` go to, or None where they do not.

    Imports nothing, and does not open the archive: the finder does, when it is asked.
    """
    if not isinstance(path, str):
        return None
    finder = sys.path_importer_cache.get(path)
    if isinstance(finder, zipimporter):
        return finder
    if hook not in sys.path_hooks:
        return None
    try:
        return hook(path)
    except ImportError:
        return None
