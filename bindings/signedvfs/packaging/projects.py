"""Projects as sources: directories that say by a pyproject.toml how they are built (PEP 517)."""

from __future__ import annotations

from pathlib import Path

from signedvfs.packaging.errors import PackError
from signedvfs.packaging.requirements import run_pip
from signedvfs.packaging.toml import load_toml


def is_project(directory: Path) -> bool:
    """is_project tells whether `directory` has a pyproject.toml that says what it builds.

    One that only configures tools (PEP 518 has them in `tool`) does not make it a project.
    """
    file = directory / "pyproject.toml"
    if not file.is_file():
        return False
    tables = load_toml(file)
    return "project" in tables or "build-system" in tables


def build_project(directory: Path, into: Path) -> Path:
    """build_project has pip build the wheel of a project, and of nothing that it requires, in the
    directory `into`, which it makes."""
    wheels = run_pip(
        # Not a name that pip would look for in an index, nor an option.
        ["--no-deps", str(directory.resolve())],
        into,
        f"pip could not build {directory}, which has a pyproject.toml",
        "Its own words are above. To pack the files as they are, name the directory below it that "
        "holds them, such as src.",
    )
    if len(wheels) != 1:
        raise PackError(
            f"{directory} became {len(wheels)} wheels", "Build one, and name it as a source."
        )
    return wheels[0]
