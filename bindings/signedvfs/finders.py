"""Which entries of a search path are ours."""

from __future__ import annotations

import sys

from signedvfs._core import hook, zipimporter


def finder_of(path: object) -> zipimporter | None:
    """Return the verifying finder that imports from `path` go to, or None where they do not.

    Like pkgutil.get_importer it enters a new finder into sys.path_importer_cache, where
    importlib.invalidate_caches() finds it. Opens no archive: the finder does, when it is asked.
    """
    if not isinstance(path, str):
        return None
    finder = sys.path_importer_cache.get(path)
    if finder is None and hook in sys.path_hooks:
        try:
            finder = sys.path_importer_cache[path] = hook(path)
        except ImportError:
            return None
    return finder if isinstance(finder, zipimporter) else None
