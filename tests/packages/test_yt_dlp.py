"""yt-dlp looks for plug-ins in archives by itself, and loads them by their finder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REQUIREMENT = "yt-dlp==2025.9.26"  # the last one for Python 3.9
PACKING_TAKES_AT_MOST = 300  # seconds, pip's download included

FILES = {
    "main.py": "import sys, yt_dlp\nyt_dlp.main(sys.argv[1:])\n",
    "yt_dlp_plugins/extractor/mine.py": """
from yt_dlp.extractor.common import InfoExtractor
class MineIE(InfoExtractor):
    _VALID_URL = r"mine:(?P<id>\\w+)"
    def _real_extract(self, url):
        return {"id": "x", "title": "a title", "url": "http://127.0.0.1:9/x.mp4", "ext": "mp4"}
""",
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("yt-dlp")
    for name, text in FILES.items():
        path = directory / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (directory / "requirements.txt").write_text(f"{REQUIREMENT}\n")
    signedvfs = [sys.executable, "-m", "signedvfs"]
    for command in (
        [*signedvfs, "keygen", "app.key", "--no-password"],
        [*signedvfs, "pack", "src", "-r", "requirements.txt", "-m", "main",
         "--level", "1", "--key", "app.key", "-o", "app.zip"],
    ):  # fmt: skip
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PACKING_TAKES_AT_MOST,
            check=False,
            cwd=directory,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return directory


def run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "signedvfs", "run", "--trust", "app.pub", "app.zip"]
    return subprocess.run(
        [*command, "--ignore-config", "--no-update", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=directory,
    )


def test_a_plug_in_of_the_archive(packed: Path) -> None:
    done = run(packed, "--verbose", "--simulate", "--print", "title", "mine:abc")
    assert done.returncode == 0, done.stderr
    assert "Extractor Plugins: MineIE" in done.stderr
    assert done.stdout == "a title\n"


def test_a_plug_in_of_a_tampered_archive(packed: Path) -> None:
    tampered = packed / "app.zip"
    original = tampered.read_bytes()
    tampered.write_bytes(original.replace(b"yt_dlp_plugins", b"yt_dlp_pluginz"))
    try:
        done = run(packed, "--simulate", "--print", "title", "mine:abc")
    finally:
        tampered.write_bytes(original)
    assert done.returncode != 0
    assert "a title" not in done.stdout
    assert "IntegrityCheck" in done.stderr or "refused" in done.stderr
