"""The hook in an import system that is put back afterwards, here or in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Files, Importing, Place, Python, Workshop
from tests.support.native import PRELOADS

PREAMBLE = """
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({public!r}))
sys.path_hooks.insert(0, signedvfs.hook)
"""


def is_foreign(finder: object) -> bool:
    return type(finder).__module__.startswith(("_pytest.", "_distutils_hack"))


@pytest.fixture
def workshop(tmp_path: Path, key: signedvfs.PrivateKey) -> Workshop:
    """A directory of signed things, and the key that signs them."""
    return Workshop(tmp_path, key)


@pytest.fixture(params=["archive", "indexed", "appended", "directory"])
def place(workshop: Workshop, request: pytest.FixtureRequest) -> Place:
    """Make the one place that a program is in, of each of the kinds there are."""
    if request.param == "archive":
        return lambda files: workshop.zip("app.zip", files, index=False)
    if request.param == "indexed":
        return lambda files: workshop.zip("app.zip", files, index=True)
    if request.param == "appended":
        return lambda files: workshop.appended("app", files)

    def protected(files: Files) -> Path:
        root = workshop.tree("app", files)
        signedvfs.hook.protect(root)  # so that root/lib is ours before root has been imported from
        return root

    return protected


@pytest.fixture
def importing(
    workshop: Workshop,
    clean_import_state: None,  # noqa: ARG001  # for what it does
) -> Iterator[Importing]:
    """Install the hook and trust the workshop's key.

    The finders of pytest and setuptools go for the time of the test: where others stand before the
    usual ones, imports are not answered in C++ (test_path_finder.py has both).
    """
    directory = Path.cwd()
    policy = signedvfs.TrustPolicy(workshop.public_key, preloads=PRELOADS)
    signedvfs.set_policy(policy)
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not is_foreign(finder)]
    signedvfs._core._close_side_doors()  # an earlier test's end has taken ours out of the list
    yield Importing()
    os.chdir(directory)


@pytest.fixture
def program(place: Place, importing: Importing, request: pytest.FixtureRequest) -> Path:
    """A place on sys.path with the FILES of the test's module in it."""
    path = place(request.module.FILES)
    importing.put(path)
    return path


@pytest.fixture
def python(workshop: Workshop) -> Python:
    """Run a script in a fresh interpreter, by default one that has the hook."""

    def run(
        script: str, *flags: str, hook: bool = True, check: bool = True, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        text = PREAMBLE.format(public=str(workshop.public_path)) if hook else ""
        done = subprocess.run(
            [
                sys.executable,
                "-X",
                "dev",
                "-W",
                "error",
                *flags,
                "-c",
                text + textwrap.dedent(script),
            ],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=workshop.directory,
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run
