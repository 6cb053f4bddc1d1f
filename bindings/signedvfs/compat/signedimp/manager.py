"""signedimp's import manager, which takes an RSAKey as well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Union

import signedvfs
from signedvfs.compat.signedimp.rsa import RSAKey

_Key = Union[RSAKey, signedvfs.PublicKey, signedvfs.Trusted]


def _trusted(key: _Key) -> signedvfs.PublicKey | signedvfs.Trusted:
    return key.public_key if isinstance(key, RSAKey) else key


class SignedImportManager(signedvfs.SignedImportManager):
    """signedvfs.SignedImportManager, whose keys may be RSAKeys.

    `options` are those of signedvfs. Manifests that signedimp made itself count with
    `policy=signedvfs.TrustPolicy(legacy=True)` only.
    """

    def __init__(self, valid_keys: Iterable[_Key] = (), **options: Any) -> None:
        super().__init__([_trusted(key) for key in valid_keys], **options)

    def add_valid_key(self, key: _Key) -> None:
        """Trust one more key, as signedvfs.SignedImportManager does."""
        super().add_valid_key(_trusted(key))
