"""Fixtures that the Python tests share. Only they import signedvfs: some tests do without."""

from __future__ import annotations

import importlib
import itertools
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    import signedvfs

SignedArchive = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Lets Ctrl-C reach what the tests start: a shell's background jobs begin with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def key() -> signedvfs.PrivateKey:
    """The key that signs what the tests trust."""
    import signedvfs

    return signedvfs.PrivateKey.generate("ed25519")


@pytest.fixture(scope="session")
def other_key() -> signedvfs.PrivateKey:
    """A key that no test trusts unless it says so."""
    import signedvfs

    return signedvfs.PrivateKey.generate("ed25519")


@pytest.fixture
def policy(key: signedvfs.PrivateKey) -> signedvfs.TrustPolicy:
    """A policy that trusts `key` and nobody else."""
    import signedvfs

    return signedvfs.TrustPolicy([key.public_key])


@pytest.fixture
def signed_archive(tmp_path: Path, key: signedvfs.PrivateKey) -> SignedArchive:
    """`signed_archive(files, **sign_kwargs)` makes a zip archive signed by `key`.

    `path` and `keys` replace the name below the test's own directory and the signer; everything
    else goes to `signedvfs.sign`.
    """
    import signedvfs
    from signedvfs import _tools

    numbers = itertools.count()

    def make(
        files: Mapping[str, bytes],
        *,
        path: Path | None = None,
        keys: signedvfs.PrivateKey | Sequence[signedvfs.PrivateKey] | None = None,
        method: Literal["stored", "deflate", "zstd"] = "deflate",
        **sign_kwargs: Any,
    ) -> Path:
        made = path or tmp_path / f"archive{next(numbers)}.zip"
        with _tools.ArchiveWriter(made) as writer:
            for name, content in files.items():
                writer.add(name, content, method)
        signedvfs.sign(made, keys or key, **sign_kwargs)
        return made

    return make


@pytest.fixture
def clean_import_state() -> Iterator[None]:
    """Puts everything that importing changes back afterwards, the trust policy included."""
    import signedvfs

    path, hooks, meta_path = sys.path[:], sys.path_hooks[:], sys.meta_path[:]
    importer_cache, modules = sys.path_importer_cache.copy(), sys.modules.copy()
    policy = signedvfs.get_policy()
    yield
    signedvfs.set_policy(policy)
    sys.path[:], sys.path_hooks[:], sys.meta_path[:] = path, hooks, meta_path
    sys.path_importer_cache.clear()
    sys.path_importer_cache.update(importer_cache)
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
    sys.modules.update(modules)
    importlib.invalidate_caches()
