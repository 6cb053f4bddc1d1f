"""hashlib, for all modules here: importing it has OpenSSL load what OPENSSL_CONF names."""

from __future__ import annotations

from signedvfs import _core

_core._settle_openssl()

import hashlib  # noqa: E402  # it initialises OpenSSL when it is imported

__all__ = ["hashlib"]
