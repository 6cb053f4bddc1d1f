"""signedimp's RSAKey: the same numbers and names, with every operation left to OpenSSL.

`encrypt` and `decrypt`, textbook RSA, are not here: a signature is what one of them makes of bytes
that somebody else chose.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Callable, NoReturn, Union

import signedvfs
from signedvfs import _tools

_MADE = "pss-sha256"
_READ = (_MADE, "pss-sha1")

# What signedimp signed for a manifest begins with these lines: it told apart nothing.
_MANIFESTS = (b"sha1\n", b"md5\n", b"sha1\r\n", b"md5\r\n")


_Data = Union[bytes, bytearray, memoryview]


def _bytes_of(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _number_of(data: bytes) -> int:
    return int.from_bytes(data, "big")


class RSAKey:
    """An RSA key by its numbers, of 2048 bits at least.

    `modulus`, `pub_exponent` and `priv_exponent` (None: a public key) are ints, `size` is in bits.
    Signatures are bytes: the name of a scheme, a colon, and RSA-PSS. "pss-sha256" is made and
    verified, "pss-sha1", which signedimp made, is verified only, and "raw" is refused. No signature
    that is made here fits a manifest, and none on a manifest is taken for that of a message.

    Raises KeyFileError for a weak key, ValueError for schemes that there are not.
    """

    def __init__(
        self,
        modulus: int,
        pub_exponent: int,
        priv_exponent: int | None = None,
        *,
        randbytes: Callable[[int], bytes] | None = None,
        default_padding_scheme: str | None = None,
        allowed_padding_schemes: Iterable[str] | None = None,
    ) -> None:
        if randbytes not in (None, os.urandom):
            raise ValueError("randbytes: OpenSSL's own random numbers are used, and no others")
        _check_scheme(default_padding_scheme)
        if isinstance(allowed_padding_schemes, (str, bytes)):
            raise TypeError("allowed_padding_schemes must be an iterable of str, or None")
        self.default_padding_scheme = default_padding_scheme
        self.allowed_padding_schemes = (
            None if allowed_padding_schemes is None else list(allowed_padding_schemes)
        )
        self._public = signedvfs.PublicKey.from_numbers(modulus, pub_exponent)
        self._private: signedvfs.PrivateKey | None = None
        if priv_exponent is not None:
            if priv_exponent <= 0:
                raise ValueError("priv_exponent must be positive")
            self._private = _tools._rsa_private_key(
                _bytes_of(modulus), _bytes_of(pub_exponent), _bytes_of(priv_exponent)
            )

    @classmethod
    def generate(cls, size: int = 2048, randbytes: Callable[[int], bytes] | None = None) -> RSAKey:
        """Make a key pair of `size` bits, from 2048 to 16384."""
        if randbytes not in (None, os.urandom):
            raise ValueError("randbytes: OpenSSL's own random numbers are used, and no others")
        return cls.from_key(signedvfs.PrivateKey.generate("rsa-pss", size))

    @classmethod
    def from_key(cls, key: signedvfs.PublicKey | signedvfs.PrivateKey) -> RSAKey:
        """Return the RSAKey that an RSA key of signedvfs is. Raises ValueError for other keys."""
        private = key if isinstance(key, signedvfs.PrivateKey) else None
        public = key.public_key if isinstance(key, signedvfs.PrivateKey) else key
        made = cls(*map(_number_of, _tools._rsa_numbers(public)))
        made._private = private
        return made

    @classmethod
    def load_from_file(cls, path: str | os.PathLike[str], password: str | bytes) -> RSAKey:
        """Read a key file that signedimp saved, without unpickling what is in it.

        Raises KeyFileError, OSError. New keys are saved by `private_key.save(path, password)`.
        """
        return cls.from_key(_tools._load_legacy_key(path, password))

    @classmethod
    def from_pickle(cls, data: _Data) -> RSAKey:
        """Return the public key that a program of signedimp pickled, with Python 2's protocol 0.

        Nothing is unpickled: the numbers are read from the text. Raises KeyFileError.
        """
        return cls.from_key(_tools._legacy_public_key(data))

    @property
    def modulus(self) -> int:
        """The modulus."""
        return _number_of(_tools._rsa_numbers(self._public)[0])

    @property
    def pub_exponent(self) -> int:
        """The public exponent."""
        return _number_of(_tools._rsa_numbers(self._public)[1])

    @property
    def priv_exponent(self) -> int | None:
        """The private exponent, a secret; None for a public key."""
        if self._private is None:
            return None
        return _number_of(_tools._rsa_private_exponent(self._private))

    @property
    def size(self) -> int:
        """The size of signatures, in bits."""
        return (self._public.bits + 7) // 8 * 8

    @property
    def public_key(self) -> signedvfs.PublicKey:
        """The key as signedvfs takes it: in a TrustPolicy, or for `trust`."""
        return self._public

    @property
    def private_key(self) -> signedvfs.PrivateKey:
        """The key as signedvfs takes it to sign with. Raises ValueError for a public key."""
        if self._private is None:
            raise ValueError("this is a public key: it has no private exponent")
        return self._private

    def get_public_key(self) -> RSAKey:
        """Return the public half."""
        return RSAKey(self.modulus, self.pub_exponent)

    def fingerprint(self) -> str:
        """Return signedimp's name of the key: a SHA-1 of its numbers, which proves nothing."""
        found = _tools._legacy_fingerprint(self._public)
        assert found is not None  # it is RSA
        return found

    def sign(self, message: _Data, padding_scheme: str | None = None) -> bytes:
        """Return a signature over a message. It never fits a manifest.

        Raises ValueError for a public key, and for schemes other than "pss-sha256".
        """
        scheme = padding_scheme or self.default_padding_scheme or _MADE
        _check_scheme(scheme)
        if scheme != _MADE:
            raise ValueError(f"signatures of the kind {scheme!r} are verified only: use {_MADE!r}")
        if not self._allows(scheme):
            raise ValueError(f"allowed_padding_schemes does not have {scheme!r}")
        return _MADE.encode() + b":" + _tools._sign_message(self.private_key, message)

    def verify(self, message: _Data, signature: _Data) -> bool:
        """Tell whether this key made the signature over that message."""
        scheme, _, value = bytes(signature).partition(b":")
        kind = scheme.decode("latin-1")
        if kind not in _READ or not self._allows(kind):
            return False
        if kind == _MADE:
            return _tools._message_fits(self._public, message, value)
        text = bytes(message)
        if text.startswith(_MANIFESTS):
            return False
        return _tools._legacy_message_fits(self._public, text, value)

    def _allows(self, scheme: str) -> bool:
        return self.allowed_padding_schemes is None or scheme in self.allowed_padding_schemes

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RSAKey):
            return NotImplemented
        # The public half fixes the private one.
        return self._public == other._public and self._is_private() == other._is_private()

    def __hash__(self) -> int:
        return hash((self._public, self._is_private()))

    def _is_private(self) -> bool:
        return self._private is not None

    def __repr__(self) -> str:
        if self._private is not None:
            return f"<signedvfs.compat.signedimp.RSAKey {self.fingerprint()}, a private key>"
        text = f"RSAKey({self.modulus}, {self.pub_exponent}"
        for name in ("default_padding_scheme", "allowed_padding_schemes"):
            value = getattr(self, name)
            text += "" if value is None else f", {name}={value!r}"
        return text + ")"

    def __reduce__(self) -> tuple[object, ...]:
        if self._private is not None:
            _refuse_pickling()
        schemes = self.default_padding_scheme, self.allowed_padding_schemes
        return _made_again, (self.modulus, self.pub_exponent, *schemes)


def _refuse_pickling() -> NoReturn:
    raise TypeError("a private RSAKey is not pickled or copied: save its private_key, encrypted")


def _made_again(
    modulus: int, pub_exponent: int, default: str | None, allowed: list[str] | None
) -> RSAKey:
    return RSAKey(
        modulus, pub_exponent, default_padding_scheme=default, allowed_padding_schemes=allowed
    )


def _check_scheme(scheme: str | None) -> None:
    if scheme == "raw":
        raise ValueError(
            "the padding scheme 'raw' is textbook RSA: whoever sees signatures can make new ones"
        )
    if scheme is not None and scheme not in _READ:
        raise ValueError(f"unknown padding scheme {scheme!r}: expected one of {', '.join(_READ)}")
