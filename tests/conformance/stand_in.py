"""signedvfs in zipimport's place, behind a hook that signs each archive before it is imported.

The path hook imports nothing, or it would be called for that import.
"""

from __future__ import annotations

import sys
import zipimport
from typing import TYPE_CHECKING

import signedvfs

from .signer import Signer

if TYPE_CHECKING:
    from typing import Any


class _DirectoryCache(dict[str, object]):
    """zipimport's cache of archive directories. The tests clear it before they reuse a path."""

    def clear(self) -> None:
        super().clear()
        # To replace the policy is the public way to have every archive looked at anew.
        signedvfs.set_policy(signedvfs.get_policy())


def install(key_file: str) -> None:
    """Have the import system, and those who use zipimport by name, get signedvfs instead."""
    if zipimport.zipimporter not in sys.path_hooks:
        return  # site reads the .pth files of a virtual environment twice
    key = signedvfs.PrivateKey.load(key_file)
    signer = Signer(key)
    finder_type = signedvfs.zipimporter
    look_again = finder_type.invalidate_caches

    class Signing(type):
        """The type of `zipimport.zipimporter`: signs, and then makes an object of the product."""

        def __call__(cls, *args: Any, **kwargs: Any) -> signedvfs.zipimporter:
            for path in (*args, *kwargs.values()):
                signer.sign(path)
            return finder_type(*args, **kwargs)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, finder_type)

        def __repr__(cls) -> str:
            return repr(finder_type)

    # It is no base of what it makes: pkgutil registers a function for it that reads zipimport's
    # private cache, which must not be chosen for the product's finders.
    class Zipimporter(metaclass=Signing):
        """What the tests find as zipimport.zipimporter."""

    def hook(path: str) -> signedvfs.zipimporter:
        signer.sign(path)
        return signedvfs.hook(path)

    def invalidate_caches(self: signedvfs.zipimporter) -> None:
        signer.sign(self.archive)
        look_again(self)

    signedvfs.trust(key.public_key)
    sys.path_hooks[sys.path_hooks.index(zipimport.zipimporter)] = hook
    vars(zipimport).update(zipimporter=Zipimporter, _zip_directory_cache=_DirectoryCache())
    finder_type.invalidate_caches = invalidate_caches  # type: ignore[method-assign]
