"""Imports the most downloaded wheels from one signed archive, and as pip installs them.

importing_most.py DIRECTORY, by an interpreter that has signedvfs and pip; it writes
most_downloaded.json, from which docs/write_applications.py makes a table. What imports when it is
installed and not from the archive is listed, and what imports in neither: it needs a distribution
that is not among them.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.packages.bare import make_bare

HERE = Path(__file__).parent
OUTCOMES = HERE / "most_downloaded.json"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]

Outcomes = dict[str, str]


def fetch(directory: Path) -> list[Path]:
    """Have pip fetch all wheels that there are, and return them."""
    words = ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(directory)]
    subprocess.run([*PIP, *words, "-r", HERE / "most_downloaded.txt"], check=True)
    return sorted(directory.glob("*.whl"))


def _run(command: list[str], work: Path) -> Outcomes:
    work.mkdir()
    done = subprocess.run(command, cwd=work, stdout=subprocess.PIPE, check=True)
    found: Outcomes = json.loads(done.stdout)
    return found


def from_archive(wheels: list[Path], directory: Path) -> Outcomes:
    """Pack all of them, and import from there."""
    key, archive = directory / "app.key", directory / "app.zip"
    signedvfs = [sys.executable, "-m", "signedvfs"]
    subprocess.run([*signedvfs, "keygen", key, "--no-password"], check=True)
    pack = [*signedvfs, "pack", HERE / "most", *wheels, "-m", "importing", "--level", "1"]
    subprocess.run([*map(str, pack), "--key", str(key), "-o", str(archive)], check=True)
    bare = make_bare(directory / "bare")
    run = [bare, "-I", "-B", "-m", "signedvfs", "run", "--trust", key.with_suffix(".pub"), archive]
    return _run([*map(str, run)], directory / "work-archive")


def installed(wheels: list[Path], directory: Path) -> Outcomes:
    """Install all of them into a directory, and import from there."""
    target = directory / "installed"
    subprocess.run([*PIP, "install", "--no-deps", "--target", target, *wheels], check=True)
    bare = directory / "bare" / "bin" / "python"
    command = [bare, "-I", "-B", HERE / "most" / "importing.py", target]
    return _run([*map(str, command)], directory / "work-installed")


def main(name: str) -> int:
    """Do both, and write down what came of it."""
    directory = Path(name)
    wheels = fetch(directory / "wheels")
    packed = from_archive(wheels, directory)
    plain = installed(wheels, directory)
    lost = {one: why for one, why in packed.items() if why and not plain[one]}
    neither = {one: why for one, why in packed.items() if why and plain[one]}
    imported = sorted(one for one, why in packed.items() if not why)
    found = {
        "python": platform.python_version(),
        "imported": imported,
        "installed_only": dict(sorted(lost.items())),
        "neither": dict(sorted(neither.items())),
    }
    OUTCOMES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{len(imported)} import; installed only: {lost}; in neither: {neither}")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
