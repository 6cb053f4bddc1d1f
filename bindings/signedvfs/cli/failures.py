"""From exceptions to exit codes and the two lines that a person reads."""

from __future__ import annotations

import sys

import signedvfs

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from typing import Any

REFUSED = 1
NOT_DONE = 2

# What to do next in the shell, by the error's code, where the library speaks of Python.
_ADVICE = {
    "NoTrustedKey": "If you know the signer, give the key: --trust FILE.pub "
    "(compare fingerprints with: signedvfs key FILE.pub)",
    "NoManifest": "If you made it, sign it: signedvfs sign PATH --key FILE.key; "
    "otherwise do not use it.",
    "NoCode": "Pack it for this Python, or keep its sources.",
    "TooLarge": "If you expect this, allow more: --limit {limit}=NUMBER",
    "WeakHash": "Sign it anew: signedvfs unsign PATH, then signedvfs sign PATH --key FILE.key; "
    "--legacy accepts what signedimp itself signed",
    "WrongName": "Get the right archive, or accept this name: --name NAME",
    "WrongPassword": "Try again, or give the right file with --password-file.",
}


_ATTRIBUTES = ("code", "reason", "advice", "path", "member", "limit")


class CliError(Exception):
    """CliError is something that keeps a command from being carried out: exit code 2."""

    def __init__(self, message: str, advice: str = "", code: str = "Usage") -> None:
        super().__init__(message)
        self.advice = advice
        self.code = code


class Failure:
    """Failure is an exception as it is reported: `error` has the keys of _ATTRIBUTES."""

    def __init__(self, exit_code: int, error: dict[str, Any], details: str = "") -> None:
        self.exit_code = exit_code
        self.error = error
        self.details = details


def explain(error: Exception) -> Failure | None:
    """explain returns how `error` is reported, or None where it is a bug of ours."""
    # Only what has been imported can have been raised, and start-up is dear.
    packing = sys.modules.get("signedvfs.packaging.errors")
    if packing is not None and isinstance(error, packing.PackError):
        return _failure("Pack", str(error), error.advice, details=error.details)
    if isinstance(error, CliError):
        return _failure(error.code, str(error), error.advice)
    if _is_native(error):
        return _native(error)
    if isinstance(error, OSError):
        return _system(error)
    return None


def _is_native(error: Exception) -> bool:
    # Every exception has them that the core raises of its own.
    return all(hasattr(error, name) for name in _ATTRIBUTES)


def _native(error: Any) -> Failure:
    facts = {name: getattr(error, name) for name in _ATTRIBUTES}
    # An advice that names an option is the shell's already.
    if error.code in _ADVICE and " --" not in error.advice:
        facts["advice"] = _ADVICE[error.code].format(limit=error.limit)
    refused = isinstance(error, signedvfs.IntegrityCheckError)
    return Failure(REFUSED if refused else NOT_DONE, facts)


def _system(error: OSError) -> Failure:
    reason = error.strerror or str(error)
    path = error.filename if isinstance(error.filename, str) else None
    if path is not None:
        reason = f"{path}: {reason}"
    if isinstance(error, FileNotFoundError):
        return _failure("NotFound", reason, "Check the path.", path)
    return _failure("Io", reason, "Check permissions and free space.", path)


def _failure(
    code: str, reason: str, advice: str, path: str | None = None, details: str = ""
) -> Failure:
    known = {"code": code, "reason": reason, "advice": advice, "path": path}
    return Failure(NOT_DONE, {**dict.fromkeys(_ATTRIBUTES), **known}, details)
