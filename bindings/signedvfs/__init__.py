"""Import Python code from signed archives: the bytes that were verified are the bytes that run."""

from signedvfs import _core
from signedvfs._core import (
    IntegrityCheckError,
    IntegrityCheckFailed,
    IntegrityCheckMissing,
    KeyFileError,
    Limits,
    PathHook,
    PrivateKey,
    PublicKey,
    SignedVfs,
    SignReport,
    Stat,
    TrustPolicy,
    append,
    defer_collection,
    get_limits,
    get_policy,
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
    from signedvfs._core import hook
    from signedvfs.packaging import pack

__all__ = [
    "IntegrityCheckError",
    "IntegrityCheckFailed",
    "IntegrityCheckMissing",
    "KeyFileError",
    "Limits",
    "PathHook",
    "PrivateKey",
    "PublicKey",
    "SignReport",
    "SignedVfs",
    "Stat",
    "TrustPolicy",
    "append",
    "defer_collection",
    "get_limits",
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
    """Fetch what has its price when it is asked for."""
    if name == "hook":
        # Whoever asks for the hook is about to install it. From then on the standard library must
        # not read archives of ours by itself, also before the first import.
        _core._close_side_doors()
        _core.hook._purge()
        globals()["hook"] = _core.hook
        return _core.hook
    if name == "pack":  # needs much of the standard library
        from signedvfs.packaging import pack

        return pack
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
