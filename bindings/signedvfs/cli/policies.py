"""What an archive is opened under, as the options say: trust, limits."""

from __future__ import annotations

import os

import signedvfs
from signedvfs.cli import key_ring
from signedvfs.cli.failures import CliError
from signedvfs.cli.key_files import fingerprint_of

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def policy_of(arguments: Any) -> signedvfs.TrustPolicy:
    """policy_of returns the policy that the options describe; no key makes it a CliError."""
    return policy_for(arguments, key_ring.trusted(arguments))


def policy_for(arguments: Any, trusted: key_ring.Trusted) -> signedvfs.TrustPolicy:
    """policy_for returns the same, of the keys that `key_ring.trusted` has found."""
    revoked = [fingerprint_of(text) for text in arguments.revoked]
    serial = arguments.min_serial
    try:
        return signedvfs.TrustPolicy(
            keys=_keys_of(arguments, [key for _, key in trusted]),
            threshold=arguments.threshold,
            names=arguments.name,
            min_serial=None if serial is None else {"": serial},
            revoked=revoked,
            now=arguments.at,
            legacy=arguments.legacy,
            **_native_rules(arguments),
        )
    except ValueError as error:
        raise CliError(f"these trust options do not fit together: {error}") from None


def _keys_of(
    arguments: Any, keys: list[signedvfs.PublicKey]
) -> Sequence[signedvfs.PublicKey | signedvfs.Trusted]:
    if not arguments.scope:
        return keys

    from signedvfs.cli import key_scopes

    return key_scopes.within(keys, arguments.scope)


def _native_rules(arguments: Any) -> dict[str, Any]:
    """_native_rules returns what `run` says of extension modules; other commands load none."""
    directory = getattr(arguments, "library_directory", None)
    return {
        "libraries": getattr(arguments, "library", None) or (),
        "preloads": getattr(arguments, "preload", None) or (),
        "library_directory": None if directory is None else os.path.abspath(directory),
    }


def limits_of(arguments: Any) -> signedvfs.Limits | None:
    """limits_of returns what --limit asks for."""
    given: dict[str, int] = dict(arguments.limit)
    if not given:
        return None
    try:
        return signedvfs.Limits(**given)
    except (TypeError, ValueError) as error:
        raise CliError(f"--limit: {error}", f"The limits are: {signedvfs.Limits()!r}") from None


def existing(path: str) -> str:
    """existing returns `path`, or raises FileNotFoundError: a wrong path is no refusal."""
    os.stat(path)
    return path
