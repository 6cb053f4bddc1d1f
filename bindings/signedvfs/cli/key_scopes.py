"""--scope: what a trusted key is trusted for."""

from __future__ import annotations

import os

import signedvfs
from signedvfs.cli.failures import CliError
from signedvfs.cli.key_files import fingerprint_of
from signedvfs.cli.values import time_of, whole_number

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_FORM = (
    "Write the key, and what it is trusted for: "
    "--scope 'app.pub name=shop name=tools min-serial=3 max-serial=41 not-after=2027-06-30'"
)


def within(
    keys: Sequence[signedvfs.PublicKey], scopes: Sequence[str]
) -> list[signedvfs.PublicKey | signedvfs.Trusted]:
    """within returns the keys, each within the scope that is given for it.

    A scope of a key that is none of them is a CliError: it would be for nothing.
    """
    known = {key.fingerprint: key for key in keys}
    found: dict[str, signedvfs.PublicKey | signedvfs.Trusted] = dict(known)
    for scope in scopes:
        key, *bounds = _words_of(scope)
        fingerprint = fingerprint_of(key, "--scope")
        if fingerprint not in known:
            raise CliError(f"--scope {scope}: this key is not trusted", "Give it: --trust FILE.pub")
        if isinstance(found[fingerprint], signedvfs.Trusted):
            raise CliError(f"--scope {scope}: this key has a scope already", "Give it one.")
        try:
            found[fingerprint] = signedvfs.Trusted(known[fingerprint], **_bounds_of(scope, bounds))
        except ValueError as error:
            raise CliError(f"--scope {scope}: {error}", _FORM) from None
    return list(found.values())


def restated(scope: str) -> str:
    """restated returns a scope that means the same in any directory, and at any time."""
    import shlex

    key, *bounds = _words_of(scope)
    if os.path.exists(key):
        key = os.path.abspath(key)
    return shlex.join([key, *map(_restated_bound, bounds)])


def _restated_bound(word: str) -> str:
    what, _, text = word.partition("=")
    # A time from now on would begin anew with each restart.
    return f"{what}={time_of(text).isoformat()}" if what == "not-after" else word


def _words_of(scope: str) -> list[str]:
    import shlex

    try:
        words = shlex.split(scope)
    except ValueError as error:
        raise CliError(f"--scope {scope}: {error}", _FORM) from None
    if len(words) < 2:
        raise CliError(f"--scope {scope!r} bounds nothing", _FORM)
    return words


def _bounds_of(scope: str, words: Sequence[str]) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for word in words:
        what, _, text = word.partition("=")
        value = _value_of(what, text)
        name = what.replace("-", "_")
        if value is None or (name in bounds and what != "name"):
            raise CliError(f"--scope {scope}: {word!r} is wrong, or there twice", _FORM)
        if what == "name":
            bounds.setdefault("names", []).append(value)
        else:
            bounds[name] = value
    return bounds


def _value_of(what: str, text: str) -> Any:
    if what == "name":
        return text or None
    if what in ("min-serial", "max-serial"):
        return whole_number(text)
    if what == "not-after":
        import argparse

        try:
            return time_of(text)
        except argparse.ArgumentTypeError:
            return None
    return None
