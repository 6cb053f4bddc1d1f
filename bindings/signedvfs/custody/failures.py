"""What goes wrong with keys and signatures from elsewhere, as the native half reports it."""

from __future__ import annotations

from signedvfs import KeyFileError

MOST_BYTES = 16384  # of whatever a signer answers
SECONDS = 300.0  # until it has: it may have to ask a person


def signer_failed(reason: str, advice: str) -> KeyFileError:
    """signer_failed is for whoever was asked for a signature, and gave none."""
    return _failure("SignerFailed", reason, advice)


def bad_signature(
    reason: str, advice: str = "Have the statement signed anew: signedvfs sign-statement"
) -> KeyFileError:
    """bad_signature is for a signature of a kind that is not handled."""
    return _failure("SignerFailed", reason, advice)


def bad_key(reason: str, advice: str) -> KeyFileError:
    """bad_key is for a key of a kind that is not handled."""
    return _failure("BadKey", reason, advice)


def require_seconds(timeout: float) -> float:
    """require_seconds returns a time-out that ends."""
    seconds = float(timeout)
    if not 0 < seconds < 1e9:
        raise ValueError(f"timeout {timeout!r}: give a number of seconds above 0")
    return seconds


def _failure(code: str, reason: str, advice: str) -> KeyFileError:
    error = KeyFileError(f"{reason}. {advice}")
    error.code, error.reason, error.advice = code, reason, advice
    return error
