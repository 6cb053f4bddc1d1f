"""signedimp's loaders: the class of every module that comes out of what is signed.

There is no `load_module(name, verify=False)`, and `get_code` and `get_source` are verified, too.
"""

from __future__ import annotations

import posixpath

from signedvfs import zipimporter

SignedLoader = zipimporter
DefaultImporter = zipimporter


def get_datafilepath(loader: zipimporter, path: str) -> str:
    """Return the path of a data file, as `loader.get_data` takes it.

    `path` counts from where the loader's modules lie, as in signedimp. Raises ValueError where it
    leads out of there.
    """
    found = posixpath.normpath(posixpath.join(loader.archive, loader.prefix, path))
    if not found.startswith(f"{loader.archive}/"):
        raise ValueError(f"{path!r} leads out of {loader.archive}")
    return found
