"""The directories of the running interpreter's own library, signed and opened as roots.

Roles say which directory is meant, whatever its path: `stdlib`, `lib-dynload`, and for installed
packages `site`, `site-2` and so on, in the order in which they stand on the path.
"""

from __future__ import annotations

import os
import sys

from signedvfs import _core

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Union

    from typing_extensions import TypeAlias

    from signedvfs import Limits, SignedVfs, SignReport, TrustPolicy
    from signedvfs.custody.signer import Signer

    AnyPath: TypeAlias = Union[str, bytes, os.PathLike[str], os.PathLike[bytes]]
    Root: TypeAlias = tuple[str, str, tuple[str, ...]]

# Packages are installed here, below the standard library, and are no part of it.
_PACKAGES = ("site-packages", "dist-packages")
_NATIVE = "lib-dynload"


def library_roots(
    *, stdlib: bool = True, site: bool = False
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the roots of this interpreter's library, as `open_roots` takes them.

    `stdlib` are the standard library and its extension modules, `site` the directories of
    installed packages that exist. Raises ValueError where neither is asked for, or an
    interpreter keeps its library in no directory.
    """
    roots: list[Root] = []
    if stdlib:
        roots += _stdlib_roots()
    if site:
        roots += _site_roots()
    if not roots:
        raise ValueError("this interpreter has no such directory, or none was asked for")
    return roots


def open_stdlib(
    manifest: AnyPath,
    policy: TrustPolicy | None = None,
    limits: Limits | None = None,
    *,
    stdlib: bool = True,
    site: bool = False,
) -> dict[str, SignedVfs]:
    """Open this interpreter's library by a detached manifest that `sign_stdlib` has made.

    The result maps each role to its SignedVfs: `stdlib` and, where there is one, `lib-dynload`;
    with `site=True` also the directories of installed packages. Every one of them has to be in
    the manifest. Raises IntegrityCheckError, ValueError.
    """
    return _core.open_roots(manifest, library_roots(stdlib=stdlib, site=site), policy, limits)


def sign_stdlib(
    manifest: AnyPath,
    keys: Signer | Iterable[Signer],
    *,
    stdlib: bool = True,
    site: bool = False,
    pycache: bool = True,
    **options: Any,
) -> SignReport:
    """Write a detached manifest of this interpreter's library, which is left alone.

    `pycache` signs the bytecode of this interpreter too, as it lies there. `options` are those of
    `sign`: name, serial, expires, not_before, hash, limits, progress, keep_signatures, at. Raises
    IntegrityCheckError, ValueError, OSError.
    """
    from signedvfs import _tools

    return _tools._sign_roots(
        manifest,
        library_roots(stdlib=stdlib, site=site),
        keys,
        pycache=pycache,
        **options,
    )


def _stdlib_roots() -> list[Root]:
    # What sys.path begins with: the library, and its extension modules, which a distribution may
    # keep below another prefix.
    library = getattr(sys, "_stdlib_dir", None) or os.path.dirname(os.__file__)
    if not os.path.isdir(library):
        raise ValueError(f"this interpreter keeps its library in no directory: {library!r}")
    prefix = os.path.join(sys.base_exec_prefix, sys.platlibdir, os.path.basename(library))
    native = os.path.join(prefix, _NATIVE)
    roots: list[Root] = [("stdlib", library, (_NATIVE, *_PACKAGES))]
    if os.path.isdir(native):
        roots.append((_NATIVE, native, ()))
    return roots


def _site_roots() -> list[Root]:
    import site

    roots: list[Root] = []
    seen: set[str] = set()
    for directory in site.getsitepackages():
        real = os.path.realpath(directory)
        if real in seen or not os.path.isdir(real):
            continue
        seen.add(real)
        roots.append((f"site-{len(seen)}" if len(seen) > 1 else "site", directory, ()))
    return roots
