"""Fresh interpreters with an import manager, which nothing of the tests themselves survives."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Workshop
from tests.support.archives import tamper
from tests.support.native import PRELOADS

PREAMBLE = """
import importlib, sys, signedvfs
from signedvfs import SignedImportManager, TrustPolicy, PublicKey
key = PublicKey.load({public!r})
policy = TrustPolicy([key], preloads={preloads!r})
def manager(**given):
    given.setdefault("policy", policy)
    given.setdefault("trust_stdlib_paths", True)
    given.setdefault("check_modules", False)  # the tests' own environment loads some at start-up
    return SignedImportManager(**given)
def outcome(name):
    "Import a module; return its `v`, or what the import raises."
    try:
        return importlib.import_module(name).v
    except BaseException as error:
        return type(error).__name__
sys.path[:0] = {paths!r}
"""

# What an attacker's module does: it cannot be missed.
EVIL = "print('EVIL')\nv = 'EVIL'\n"


def change(place: Path, name: str, content: bytes | str | None = EVIL) -> None:
    """Put other content into a file, or take it out: so does whoever can write there."""
    data = content.encode() if isinstance(content, str) else content
    if place.is_dir():
        (place / name).unlink()
        if data is not None:
            (place / name).write_bytes(data)
        return
    tamper(place, {name: data})


class Managed:
    """Runs scripts, with what is given first on sys.path."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def preamble(self, *paths: Path | str) -> str:
        """Return the beginning of a script, which makes managers by `manager()`."""
        return PREAMBLE.format(
            public=str(self.workshop.public_path),
            preloads=PRELOADS,
            paths=[str(path) for path in paths],
        )

    def start(
        self,
        script: str,
        *paths: Path | str,
        flags: tuple[str, ...] = ("-I",),
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a script, whatever becomes of it. Nothing of an attacker may have run in it."""
        return subprocess.run(
            [sys.executable, *flags, "-c", self.preamble(*paths) + textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.workshop.directory,
            env={**os.environ, **(environment or {})},
        )

    def run(self, script: str, *paths: Path | str, **options: object) -> list[str]:
        """Run a script that has to succeed, and return the lines that it prints."""
        done = self.start(script, *paths, **options)  # type: ignore[arg-type]  # passed on
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def locked(self, script: str, *paths: Path | str, **options: object) -> list[str]:
        """Run a script whose `lock()` locks the process down, with what it is given."""
        lock = "def lock(**given): manager(lockdown=True, **given).install()\n"
        return self.run(lock + textwrap.dedent(script), *paths, **options)

    def free(self, script: str, *paths: Path | str, **options: object) -> list[str]:
        """Run the same script where `lock()` does nothing: it shows what the attack is worth."""
        lock = "def lock(**given): pass\n"
        return self.run(lock + textwrap.dedent(script), *paths, **options)


@pytest.fixture
def managed(workshop: Workshop) -> Managed:
    """Start interpreters whose managers trust the workshop's key."""
    return Managed(workshop)


@pytest.fixture(scope="session")
def library_manifest(key: signedvfs.PrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sign the library of this interpreter, once for all tests."""
    manifest = tmp_path_factory.mktemp("library") / "stdlib.manifest"
    signedvfs.sign_stdlib(manifest, key)
    return manifest


@pytest.fixture
def library(library_manifest: Path, workshop: Workshop) -> Path:
    """Have the manifest stand where the scripts of the test start."""
    path = workshop.directory / "stdlib.manifest"
    path.symlink_to(library_manifest)
    return path
