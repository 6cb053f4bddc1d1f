"""One signed archive of all packages with extension modules, and an interpreter without them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement

from tests.packages.bare import make_bare

HERE = Path(__file__).parent
NIGHTLY = "SIGNEDVFS_NIGHTLY" in os.environ
LISTS = [HERE / name for name in ("requirements.txt", "requirements-nightly.txt")[: 1 + NIGHTLY]]
PACKING_TAKES_AT_MOST = 900  # seconds; in the night pip downloads 150 MB

# What is packed is imported from the archive; what runs for minutes is for the night.
collect_ignore = ["application"]
if not NIGHTLY:
    collect_ignore.append("test_numpys_own_tests.py")


class Native(NamedTuple):
    """A signed archive, the public key to verify it with, and who runs it."""

    archive: Path
    public_key: Path
    python: Path

    def command(self, *words: str | Path) -> list[str]:
        """Return the command of `signedvfs run` with the words: its options, the archive, more."""
        run = [self.python, "-I", "-B", "-m", "signedvfs", "run", "--trust", self.public_key]
        return [*map(str, run), *map(str, words)]


def pack(directory: Path, *words: str | Path) -> tuple[Path, Path]:
    """Pack and sign what the words name; return the archive and the public key."""
    key, archive = directory / "test.key", directory / "native.zip"
    signedvfs = [sys.executable, "-m", "signedvfs"]
    for command in (
        [*signedvfs, "keygen", key, "--no-password"],
        [*signedvfs, "pack", *words, "--level", "1", "--key", key, "-o", archive],
    ):
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True,
            timeout=PACKING_TAKES_AT_MOST, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return archive, key.with_suffix(".pub")


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Native:
    """Pack the computations and all that they need."""
    directory = tmp_path_factory.mktemp("native")
    lists = [word for one in LISTS for word in ("-r", one)]
    archive, public_key = pack(directory, HERE / "application", *lists)
    return Native(archive, public_key, make_bare(directory / "bare"))


def _name(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", requirement).lower()


def required() -> dict[str, bool]:
    """Return the names of what is packed here; False: it has no wheel for this interpreter."""
    found: dict[str, bool] = {}
    for line in (line for one in LISTS for line in one.read_text(encoding="utf-8").splitlines()):
        if line and not line.startswith("#"):
            one = Requirement(line)
            is_here = one.marker is None or one.marker.evaluate()
            found[_name(one.name)] = found.get(_name(one.name), False) or is_here
    return found
