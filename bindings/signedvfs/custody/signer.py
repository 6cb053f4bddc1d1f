"""What can sign, for type checkers: a private key, or whoever keeps one elsewhere."""

from __future__ import annotations

from typing import Protocol, Union

from signedvfs import PrivateKey, PublicKey


class Asked(Protocol):
    """Asked is an object that is asked for signatures, such as a CommandSigner."""

    @property
    def public_key(self) -> PublicKey:
        """The key that signatures have to fit."""

    def sign(self, message: bytes, header: str, /) -> bytes | bytearray | memoryview:
        """Return a signature over `message`, which was computed from the text `header`."""


Signer = Union[PrivateKey, Asked]
