"""signedimp's functions that sign, over `signedvfs.sign`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Callable, Literal

import signedvfs
from signedvfs import _tools
from signedvfs.compat.signedimp.names import HASHFILE_NAME
from signedvfs.compat.signedimp.rsa import RSAKey
from signedvfs.digests import hashlib

_Hash = Literal["sha256", "sha384", "sha512"]


def sign_directory(
    path: str | os.PathLike[str],
    key: RSAKey | signedvfs.PrivateKey,
    hash: _Hash = "sha256",  # noqa: A002  # signedimp's name
    outfile: str = HASHFILE_NAME,
    *,
    keep_signatures: bool = False,
) -> signedvfs.SignReport:
    """Sign all files below a directory.

    `keep_signatures=True` signs exactly what others have signed, attributes included, and keeps
    their signatures: where it has changed, that is a ValueError. signedimp did so unasked; but what
    is there may be anybody's, and it is shown to nobody here. Otherwise they are dropped.

    Raises IntegrityCheckError where the content cannot be signed, ValueError, OSError.
    """
    if not Path(path).is_dir():
        raise NotADirectoryError(f"{os.fspath(path)} is no directory")
    return _sign(path, key, hash, outfile, keep_signatures)


def sign_zipfile(
    file: str | os.PathLike[str],
    key: RSAKey | signedvfs.PrivateKey,
    hash: _Hash = "sha256",  # noqa: A002  # signedimp's name
    outfile: str = HASHFILE_NAME,
    *,
    keep_signatures: bool = False,
) -> signedvfs.SignReport:
    """Sign all members of a zip archive, which is written anew.

    The same as `sign_directory`. What is no archive is an error; signedimp left it alone.
    """
    if Path(file).is_dir():
        raise IsADirectoryError(f"{os.fspath(file)} is a directory: use sign_directory")
    return _sign(file, key, hash, outfile, keep_signatures)


def hash_files(
    path: str | os.PathLike[str],
    files: Iterable[str | os.PathLike[str]] | None = None,
    hash: _Hash = "sha256",  # noqa: A002  # signedimp's name
    read: Callable[[str], bytes] | None = None,
) -> bytes:
    """Return the manifest of files below a directory, without signatures: what would be signed.

    `files` are paths that begin with `path`; None: all that there are, but for a manifest. `read`
    returns a file's content. Raises ValueError for names that no manifest may have, and for links.
    """
    root = os.fspath(path)
    if hash not in ("sha256", "sha384", "sha512"):
        _tools._unsigned_manifest({}, hash)  # says what is wrong
    chosen = _files_below(root) if files is None else [os.fspath(one) for one in files]
    digests = {}
    for one in chosen:
        name = os.path.relpath(one, root) if root else one
        content = _content(one) if read is None else read(one)
        digests[name] = hashlib.new(hash, content).hexdigest()
    return _tools._unsigned_manifest(digests, hash)


def get_bootstrap_code(
    indent: str = "",
    *,
    keys: Iterable[RSAKey | signedvfs.PublicKey | signedvfs.Trusted],
    **options: Any,
) -> str:
    """Return code for the top of a start-up script, as `signedvfs.get_bootstrap_code` does.

    signedimp's defined its classes, and left the rest to the script. This one has the keys in it,
    verifies signedvfs itself, and installs the manager: `options` are those of
    `signedvfs.get_bootstrap_code`. Raises what that raises.
    """
    public = [one.get_public_key().public_key if isinstance(one, RSAKey) else one for one in keys]
    return signedvfs.get_bootstrap_code(public, indent=indent, **options)


def _files_below(root: str) -> list[str]:
    found = []
    for directory, names, leaves in os.walk(root, onerror=_raise):
        for name in (*names, *leaves):
            if Path(directory, name).is_symlink():
                raise ValueError(f"{Path(directory, name)} is a symbolic link, and is not signed")
        found += [str(Path(directory, leaf)) for leaf in leaves]
    return [one for one in found if os.path.relpath(one, root) != HASHFILE_NAME]


def _content(path: str) -> bytes:
    return Path(path).read_bytes()


def _raise(error: OSError) -> None:
    raise error


def _sign(
    path: str | os.PathLike[str],
    key: RSAKey | signedvfs.PrivateKey,
    hash: _Hash,  # noqa: A002  # signedimp's name
    outfile: str,
    keep_signatures: bool,
) -> signedvfs.SignReport:
    if outfile != HASHFILE_NAME:
        raise ValueError(f"outfile: what is signed here has its manifest in {HASHFILE_NAME!r}")
    private = key.private_key if isinstance(key, RSAKey) else key
    return signedvfs.sign(path, private, hash=hash, keep_signatures=keep_signatures)
