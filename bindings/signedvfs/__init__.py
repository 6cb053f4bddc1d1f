"""Import Python code from signed archives: the bytes that were verified are the bytes that run."""

from signedvfs._core import (
    IntegrityCheckError,
    IntegrityCheckFailed,
    IntegrityCheckMissing,
    KeyFileError,
    Limits,
    PrivateKey,
    PublicKey,
    SignedVfs,
    SignReport,
    Stat,
    TrustPolicy,
    append,
    get_policy,
    hook,
    open,
    set_policy,
    sign,
    trust,
    unsign,
    zipimporter,
)

# Type checkers take this for true; the typing module would cost more than all of signedvfs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from signedvfs.packaging import pack

__all__ = [
    "IntegrityCheckError",
    "IntegrityCheckFailed",
    "IntegrityCheckMissing",
    "KeyFileError",
    "Limits",
    "PrivateKey",
    "PublicKey",
    "SignReport",
    "SignedVfs",
    "Stat",
    "TrustPolicy",
    "append",
    "get_policy",
    "hook",
    "open",
    "pack",
    "set_policy",
    "sign",
    "trust",
    "unsign",
    "zipimporter",
]


def __getattr__(name: str) -> object:
    """Import the packer when it is asked for: it needs much of the standard library."""
    if name == "pack":
        from signedvfs.packaging import pack

        return pack
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
