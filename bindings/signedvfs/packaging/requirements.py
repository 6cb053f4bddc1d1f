"""Requirements as sources: pip resolves them to wheels."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from signedvfs.packaging.commands import run_quietly
from signedvfs.packaging.errors import PackError
from signedvfs.packaging.targets import Target


def fetch_wheels(
    requirements: Sequence[Path],
    projects: Sequence[Path],
    directory: Path,
    target: Target | None = None,
) -> list[Path]:
    """fetch_wheels has pip put the wheels for the requirement files, and those that the wheels
    `projects` require, into `directory`; for `target`, if that is another Python or platform.

    Wheels, rather than what `pip install --target` leaves behind, because nothing in them names
    this machine's paths. Returns their paths in order of their names, those of `projects` included.
    """
    if not requirements and not projects:
        return []
    words = [str(wheel) for wheel in projects]
    for file in requirements:
        words += ["--requirement", str(file)]
    return run_pip(
        words,
        directory,
        "pip could not resolve the requirements",
        "Its own words are above; correct the requirements, or the access to the index.",
        target=target,
    )


def run_pip(
    words: Sequence[str],
    directory: Path,
    failure: str,
    advice: str,
    shown: Mapping[Path, Path] = MappingProxyType({}),
    target: Target | None = None,
) -> list[Path]:
    """run_pip has `pip wheel` make wheels in `directory`, which it makes, and returns them in order
    of their names. For a `target` they are not made: `pip download` looks for those that fit.

    Where it fails that is a PackError of `failure` and `advice`, with what pip said; files of ours
    that are among `words` are called there what `shown` says.
    """
    directory.mkdir()
    action, into = ("wheel", "--wheel-dir") if target is None else ("download", "--dest")
    command = [
        *(sys.executable, "-I", "-m", "pip", action, "--no-input"),
        *("--disable-pip-version-check", "--progress-bar", "off"),
        *(into, str(directory)),
        *([] if target is None else target.pip_words()),
        *words,
    ]
    done = run_quietly(command)
    if done.returncode != 0:
        # Our own directory is gone when somebody reads this.
        said = done.stdout
        for ours, name in shown.items():
            said = said.replace(str(ours), str(name))
        said = said.replace(f"{directory}/", "").replace(f"{directory.parent}/", "")
        raise PackError(failure, advice, said.strip())
    return sorted(path for path in directory.iterdir() if path.suffix == ".whl")
