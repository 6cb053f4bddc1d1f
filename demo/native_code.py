"""The second part of the demonstration: an application with native code, and attacks on that."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attacks
from serving import serving
from telling import GREEN, PLAIN, say, show, signedvfs_command, verdict

import signedvfs._core

HERE = Path(__file__).resolve().parent
# They begin at 07:00:00, and take three minutes.
GOOD = {"of": "tea", "minutes": "3", "begun": "2026-02-03T07:00:00Z"}
BAD = {"of": "tea", "minutes": -3, "begun": "2026-02-03T07:00:00Z"}


class NativeCode:
    """The files of one run; `key` signs, and `public_key` verifies."""

    def __init__(self, directory: Path, key: Path, public_key: Path) -> None:
        self.directory = directory
        self.key = key
        self.public_key = public_key
        self.archive = directory / "brews.zip"

    def pack(self) -> None:
        say("6. An application with native code: FastAPI, and pydantic's core, which is Rust")
        signedvfs_command(
            *("pack", str(HERE / "brews"), "-r", str(HERE / "requirements-brews.txt")),
            *("-m", "brews.__main__:main", "--name", "brews", "--compression", "stored"),
            *("--key", str(self.key), "-o", str(self.archive)),
        )

    def command(self, archive: Path) -> list[str]:
        words = ["-I", "-B", "-m", "signedvfs", "run", "--trust", str(self.public_key)]
        return [sys.executable, *words, str(archive)]

    def serve(self) -> None:
        say("7. It answers requests; the extension module is loaded from memory, not from a file")
        with serving(self.command(self.archive), self.directory) as server:
            status, answer = post(server.url + "brews", GOOD)
            wrong, complaint = post(server.url + "brews", BAD)
            maps = Path(f"/proc/{server.process}/maps").read_text("utf-8", "replace")
        print(f"  POST {server.url}brews -> {GREEN}{status}{PLAIN}")
        show(json.dumps(answer))
        print(f"  POST {server.url}brews -> {wrong}")
        show(json.dumps(complaint["detail"][0]["msg"]))
        core = core_of(self.archive)
        (mapped,) = {line.split(maxsplit=5)[5] for line in maps.splitlines() if core in line}
        print(f"  /proc/{server.process}/maps has it as")
        show(mapped)
        if (status, answer.get("at"), wrong) != (200, "2026-02-03T07:03:00Z", 422):
            sys.exit("demo: these are not the answers")
        if not mapped.startswith("/memfd:"):
            sys.exit("demo: the extension module came from a file")

    def tamper(self) -> int:
        """Change the extension module; return how many of the attacks were not refused."""
        say("8. Tampering with the extension module")
        core = core_of(self.archive)
        flipped, replaced = self.directory / "flipped.zip", self.directory / "replaced.zip"
        attacks.flip_one_byte(self.archive, flipped, core)
        # It is smaller, and as an extension module as good as the other.
        another = Path(signedvfs._core.__file__ or "").read_bytes()
        attacks.replace_bytes(self.archive, replaced, core, another)
        failures = 0
        for what, archive in (
            ("one bit of it flipped", flipped),
            ("another extension module in its place", replaced),
        ):
            done = subprocess.run(
                self.command(archive), cwd=self.directory, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            said = [line for line in done.stderr.splitlines() if str(archive) in line]
            last = said[-1] if said else done.stderr
            refused = done.returncode != 0 and "signedvfs.IntegrityCheck" in last and core in last
            failures += not refused
            verdict(what, refused, last)
        return failures


def core_of(archive: Path) -> str:
    """Return the member that is pydantic's extension module."""
    with zipfile.ZipFile(archive) as opened:
        (found,) = (
            name
            for name in opened.namelist()
            if name.startswith("pydantic_core/") and name.endswith(".so")
        )
    return found


def post(url: str, content: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
    """Send JSON; return the status and what JSON came back."""
    request = urllib.request.Request(
        url, json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)
