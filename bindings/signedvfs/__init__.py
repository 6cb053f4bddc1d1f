"""Import Python code from signed archives: the bytes that were verified are the bytes that run."""

from signedvfs import _core
from signedvfs._core import (
    IntegrityCheckError,
    IntegrityCheckFailed,
    IntegrityCheckMissing,
    KeyFileError,
    Limits,
    PathHook,
    PublicKey,
    SignedImportManager,
    SignedVfs,
    Stat,
    Trusted,
    TrustPolicy,
    __version__,
    close_doors,
    defer_collection,
    doors_are_open,
    get_limits,
    get_policy,
    open,
    open_doors,
    open_roots,
    set_policy,
    trust,
    zipimporter,
)

# Type checkers take this for true; the typing module would cost more than all of signedvfs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from signedvfs._core import hook
    from signedvfs._tools import (
        PrivateKey,
        SignReport,
        Statement,
        append,
        sign,
        sign_statement,
        statement,
        unsign,
    )
    from signedvfs.bootstrapping import get_bootstrap_code
    from signedvfs.custody import CommandSigner, SshSigner, attach
    from signedvfs.library import library_roots, open_stdlib, sign_stdlib
    from signedvfs.native import preload
    from signedvfs.packaging import pack
    from signedvfs.single_files import VerifiedFile, verify_file

__all__ = [
    "CommandSigner",
    "IntegrityCheckError",
    "IntegrityCheckFailed",
    "IntegrityCheckMissing",
    "KeyFileError",
    "Limits",
    "PathHook",
    "PrivateKey",
    "PublicKey",
    "SignReport",
    "SignedImportManager",
    "SignedVfs",
    "SshSigner",
    "Stat",
    "Statement",
    "TrustPolicy",
    "Trusted",
    "VerifiedFile",
    "__version__",
    "append",
    "attach",
    "close_doors",
    "defer_collection",
    "doors_are_open",
    "get_bootstrap_code",
    "get_limits",
    "get_policy",
    "hook",
    "library_roots",
    "open",
    "open_doors",
    "open_roots",
    "open_stdlib",
    "pack",
    "preload",
    "set_policy",
    "sign",
    "sign_statement",
    "sign_stdlib",
    "statement",
    "trust",
    "unsign",
    "verify_file",
    "zipimporter",
]

# What no import needs.
_TOOLS = (
    "PrivateKey",
    "SignReport",
    "Statement",
    "append",
    "sign",
    "sign_statement",
    "statement",
    "unsign",
)


def __getattr__(name: str) -> object:
    """Fetch what has its price when it is asked for (PEP 562)."""
    if name == "hook":
        # Whoever asks for the hook is about to install it. From then on the standard library must
        # not read archives of ours by itself, also before the first import.
        _core._close_side_doors()
        _core.hook._purge()
        found: object = _core.hook
    elif name == "pack":  # needs much of the standard library
        from signedvfs.packaging import pack as found
    elif name == "get_bootstrap_code":
        from signedvfs.bootstrapping import get_bootstrap_code as found
    elif name == "preload":
        from signedvfs.native import preload as found
    elif name in ("CommandSigner", "SshSigner", "attach"):
        from signedvfs import custody

        found = getattr(custody, name)
    elif name in ("VerifiedFile", "verify_file"):
        from signedvfs import single_files

        found = getattr(single_files, name)
    elif name in ("library_roots", "open_stdlib", "sign_stdlib"):
        from signedvfs import library

        found = getattr(library, name)
    elif name in _TOOLS:
        from signedvfs import _tools

        found = getattr(_tools, name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name also what has not been fetched."""
    return sorted({*globals(), *__all__})
