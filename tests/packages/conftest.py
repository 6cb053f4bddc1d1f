"""One signed archive of everything, and an environment that has none of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.packages.bare import make_bare

HERE = Path(__file__).parent
PACKING_TAKES_AT_MOST = 300  # seconds, pip's download included

# The tests among what is packed are run by the pytest that is packed.
collect_ignore = ["applications", "most", "web/application"]
# What fetches a hundred wheels is for the night.
if "SIGNEDVFS_NIGHTLY" not in os.environ:
    collect_ignore.append("test_most_downloaded.py")

Python = Callable[..., "subprocess.CompletedProcess[str]"]


class Packed(NamedTuple):
    """A signed archive and the public key to verify it with."""

    archive: Path
    public_key: Path


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """Pack the requirements and the application as their user would."""
    directory = tmp_path_factory.mktemp("packed")
    key, archive = directory / "test.key", directory / "packages.zip"
    signedvfs = [sys.executable, "-m", "signedvfs"]
    commands = [
        [*signedvfs, "keygen", str(key), "--no-password"],
        [*signedvfs, "pack", str(HERE / "application"), "-r", str(HERE / "requirements.txt"),
         "--level", "1", "--key", str(key), "-o", str(archive)],
    ]  # fmt: skip
    for command in commands:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PACKING_TAKES_AT_MOST, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return Packed(archive, key.with_suffix(".pub"))


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Python:
    """Run a fresh interpreter whose environment holds signedvfs, and nothing else."""
    python = make_bare(tmp_path_factory.mktemp("bare"))

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-I", "-B", *map(str, arguments)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=tmp_path_factory.mktemp("work"),
        )

    return run
