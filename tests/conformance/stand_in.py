"""signedvfs in zipimport's place, which signs each archive before it looks at it.

The product's own hook, finders and classes are at work. What is added to them stands in front: a
hook of the harness's would be a stranger to the parts of signedvfs that ask for theirs.
"""

from __future__ import annotations

import sys
import zipimport
from typing import TYPE_CHECKING

import signedvfs

from .signer import Signer

if TYPE_CHECKING:
    from collections.abc import Callable
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
    signedvfs.trust(key.public_key)
    signer = Signer(key)
    _sign_first(type(signedvfs.hook), "__call__", lambda _, path: signer.sign(path))
    _sign_first(signedvfs.zipimporter, "invalidate_caches", lambda self: signer.sign(self.archive))
    sys.path_hooks[sys.path_hooks.index(zipimport.zipimporter)] = signedvfs.hook
    vars(zipimport).update(zipimporter=_make_type(signer), _zip_directory_cache=_DirectoryCache())


def _sign_first(owner: type, name: str, sign: Callable[..., None]) -> None:
    """Have a method of the product call `sign` with its arguments before it does its work."""
    method = getattr(owner, name)

    def signing(*args: Any, **kwargs: Any) -> Any:
        sign(*args, **kwargs)
        return method(*args, **kwargs)

    setattr(owner, name, signing)


def _make_type(signer: Signer) -> type:
    """Make what the tests find as `zipimport.zipimporter`: it signs, and makes a finder of ours.

    It is no base class of that finder. pkgutil registers a function for `zipimport.zipimporter`
    that reads zipimport's private cache; it must not be chosen for our finders.
    """

    class Signing(type):
        def __call__(cls, *args: Any, **kwargs: Any) -> signedvfs.zipimporter:
            for path in (*args, *kwargs.values()):
                signer.sign(path)
            return signedvfs.zipimporter(*args, **kwargs)

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, signedvfs.zipimporter)

        def __repr__(cls) -> str:
            return repr(signedvfs.zipimporter)

    return Signing("zipimporter", (), {})
