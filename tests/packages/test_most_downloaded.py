"""The most downloaded wheels are packed, signed and verified with all that they hold, and import.

It fetches all of them, so it is collected where SIGNEDVFS_NIGHTLY is set only, as by
`scripts/test.sh nightly`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packages import importing_most
from tests.packages.conftest import HERE, PACKING_TAKES_AT_MOST

PINNED = [
    line
    for line in (HERE / "most_downloaded.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key; its public half is beside it."""
    path = tmp_path_factory.mktemp("key") / "test.key"
    subprocess.run([*signedvfs(), "keygen", path, "--no-password"], check=True, capture_output=True)
    return path


def signedvfs() -> list[str]:
    return [sys.executable, "-m", "signedvfs"]


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command], capture_output=True, text=True, timeout=PACKING_TAKES_AT_MOST, check=False
    )


def fetch(pinned: str, directory: Path) -> Path:
    done = run(
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
        *("--no-input", "--disable-pip-version-check", "--dest", directory, pinned),
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        assert said, done.stderr
        # There is no wheel for this Python, or no index within reach: neither says anything of us.
        pytest.skip(f"pip cannot fetch {pinned}: {said[-1]}")
    (wheel,) = directory.iterdir()
    return wheel


def test_the_list_is_what_it_says() -> None:
    assert len(PINNED) == len({line.partition("==")[0] for line in PINNED}) == 100
    assert all(line.partition("==")[2] for line in PINNED)


@pytest.mark.parametrize("pinned", PINNED)
def test_it_is_packed(tmp_path: Path, key: Path, pinned: str) -> None:
    wheel = fetch(pinned, tmp_path / "wheel")
    archive = tmp_path / "app.zip"
    done = run(*signedvfs(), "pack", wheel, "--level", "1", "--key", key, "-o", archive, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    done = run(*signedvfs(), "verify", archive, "--trust", key.with_suffix(".pub"))
    assert done.returncode == 0, done.stdout + done.stderr
    # Every file of the wheel is a member, or it is said why not.
    left_out = {one["path"] for one in report["left_out"]}
    with zipfile.ZipFile(wheel) as opened, zipfile.ZipFile(archive) as packed:
        members = set(packed.namelist())
        for name in opened.namelist():
            if name.endswith("/") or f"{wheel.name}/{name}" in left_out:
                continue
            installed = name.partition(".data/")[2].partition("/")[2] or name
            assert installed in members, name
            if not name.endswith("/RECORD"):
                assert packed.read(installed) == opened.read(name), name


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the list is of wheels for Python 3.11")
def test_what_imports_when_installed_imports_from_one_archive(tmp_path: Path) -> None:
    try:
        wheels = importing_most.fetch(tmp_path / "wheels")
    except subprocess.CalledProcessError as failure:
        pytest.skip(f"pip cannot fetch them: {failure}")
    packed = importing_most.from_archive(wheels, tmp_path)
    plain = importing_most.installed(wheels, tmp_path)
    assert packed.keys() == plain.keys()
    assert len(packed) == len(PINNED)
    assert {name: why for name, why in packed.items() if why and not plain[name]} == {}
