"""From exceptions to exit codes and the two lines that a person reads."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

import signedvfs

REFUSED = 1
NOT_DONE = 2

# Where the shell has a better next step than the library's own message names.
_ADVICE = {
    "NoTrustedKey": "If you know the signer, give the key: --trust FILE.pub "
    "(compare fingerprints with: signedvfs key FILE.pub)",
    "NoManifest": "If you made it, sign it: signedvfs sign PATH --key FILE.key; "
    "otherwise do not use it.",
    "WeakHash": "Sign it anew: signedvfs unsign PATH, then signedvfs sign PATH --key FILE.key; "
    "--legacy accepts what signedimp itself signed",
    "WrongName": "Get the right archive, or accept this name: --name NAME",
    "WrongPassword": "Try again, or give the right file with --password-file.",
}


class CliError(Exception):
    """CliError is something that keeps a command from being carried out: exit code 2."""

    def __init__(self, message: str, advice: str = "", code: str = "Usage") -> None:
        super().__init__(message)
        self.advice = advice
        self.code = code


@dataclass(frozen=True)
class Failure:
    """Failure is an exception as it is reported."""

    exit_code: int
    error: dict[str, Any]  # code, message, advice, archive, member
    details: str = ""


def explain(error: Exception) -> Failure | None:
    """explain returns how `error` is reported, or None where it is a bug of ours."""
    if isinstance(error, signedvfs.IntegrityCheckError):
        return _native(error, REFUSED)
    if isinstance(error, signedvfs.KeyFileError):
        return _native(error, NOT_DONE)
    if isinstance(error, CliError):
        return _failure(error.code, str(error), error.advice)
    if isinstance(error, OSError):
        code = "NotFound" if isinstance(error, FileNotFoundError) else "Io"
        message = error.strerror or str(error)
        if error.filename is not None:
            message = f"{error.filename}: {message}"
        advice = "Check the path." if code == "NotFound" else "Check permissions and free space."
        return _failure(code, *_split(message, advice))
    return _packing(error)


def _native(error: Any, exit_code: int) -> Failure:
    message, advice = _split(str(error), "")
    limit = getattr(error, "limit", None)
    if limit is not None:
        # Whatever opens an archive has the option.
        advice = f"If you expect this, allow more: --limit {limit}=N"
    return Failure(
        exit_code,
        {
            "code": error.code,
            "message": message,
            "advice": _ADVICE.get(error.code, advice),
            "archive": error.archive,
            "member": error.member,
        },
    )


def _packing(error: Exception) -> Failure | None:
    if isinstance(error, (ValueError, OverflowError)) and _raised_by_core(error):
        return _failure("Usage", *_split(str(error), "See the command's --help."))
    # Only what has been imported can have been raised, and start-up is dear.
    errors = sys.modules.get("signedvfs.packaging.errors")
    if errors is not None and isinstance(error, errors.PackError):
        return _failure("Pack", str(error), error.advice, error.details)
    return None


def _raised_by_core(error: Exception) -> bool:
    # A ValueError from native code has no frame of its own: it comes out of our last frame. One
    # from Python code elsewhere is a bug, and keeps its traceback.
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith(
        "signedvfs."
    )


def _split(message: str, advice: str) -> tuple[str, str]:
    # The library ends its messages with one sentence that says what to do.
    found = re.fullmatch(r"(.*)(?:\.|(?<=\?)) ([^?]*\.)", message, re.DOTALL)
    return (found[1], found[2]) if found else (message, advice)


def _failure(code: str, message: str, advice: str, details: str = "") -> Failure:
    error = {"code": code, "message": message, "advice": advice, "archive": None, "member": None}
    return Failure(NOT_DONE, error, details)
