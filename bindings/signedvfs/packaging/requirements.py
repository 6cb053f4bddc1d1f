"""Requirements as sources: pip resolves them to wheels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from signedvfs.packaging.commands import run_quietly
from signedvfs.packaging.errors import PackError


def fetch_wheels(requirements: Sequence[Path], directory: Path) -> list[Path]:
    """fetch_wheels has pip put the wheels for the requirement files into `directory`.

    Wheels, rather than what `pip install --target` leaves behind, because nothing in them names
    this machine's paths. Returns their paths in order of their names.
    """
    if not requirements:
        return []
    command = [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "wheel",
        "--no-input",
        "--wheel-dir",
        str(directory),
    ]
    command += ["--disable-pip-version-check", "--progress-bar", "off"]
    for file in requirements:
        command += ["--requirement", str(file)]
    done = run_quietly(command)
    if done.returncode != 0:
        raise PackError(
            "pip could not resolve the requirements",
            "Its own words are above; correct the requirements, or the access to the index.",
            done.stdout.strip(),
        )
    return sorted(path for path in directory.iterdir() if path.suffix == ".whl")
