"""The third part of the demonstration: the application with native code as one executable."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Callable

import attacks
from native_code import GOOD, core_of, post
from serving import serving
from small_root import SmallRoot
from telling import GREEN, PLAIN, say, show, signedvfs_command, verdict

from signedvfs.building.errors import BuildError
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import python_library

HERE = Path(__file__).resolve().parent
REFUSED = 126


class OneFile:
    """The files of one run; `key` signs."""

    def __init__(self, directory: Path, key: Path) -> None:
        self.directory = directory
        self.key = key
        self.executable = directory / "brews"

    def run(self) -> int:
        """Return how many of the attacks were not refused."""
        say("9. All of it in one file: Python, its library, the application, its native code")
        try:
            launcher_path()
            python_library(Linker())
        except BuildError as error:
            print(f"  Left out, since {error}")
            return 0
        self.build()
        root = SmallRoot.made_for(self.executable, self.directory / "root")
        self.serve(root)
        return self.tamper(root)

    def build(self) -> None:
        signedvfs_command(
            *("build", str(HERE / "brews"), "-r", str(HERE / "requirements-brews.txt")),
            *("-m", "brews.__main__:main", "--name", "brews", "--minimal", "--level", "3"),
            *("--key", str(self.key), "-o", str(self.executable)),
        )

    def serve(self, root: SmallRoot) -> None:
        nothing = " where there is nothing but the C library and the dynamic linker"
        say(f"10. It answers a request{nothing if root.is_entered else ''}")
        root.put(self.executable)
        for file in root.files():
            size = file.stat().st_size / 1e6
            show(f"{size:5.1f} MB  /{file.relative_to(root.directory)}")
        print(
            "  This is its root directory, and /proc: the launcher finds itself by that."
            if root.is_entered
            else "  This machine lets us change no root directory: it runs where it is."
        )
        with serving(root.command(), root.directory) as server:
            status, answer = post(server.url + "brews", GOOD)
            others = mapped_files(server.process) - {file.name for file in root.files()}
        print(f"  POST {server.url}brews -> {GREEN}{status}{PLAIN}")
        show(json.dumps(answer))
        if (status, answer.get("at")) != (200, "2026-02-03T07:03:00Z"):
            sys.exit("demo: this is not the answer")
        if root.is_entered and others:
            sys.exit(f"demo: it has taken other files: {', '.join(sorted(others))}")

    def tamper(self, root: SmallRoot) -> int:
        say("11. Tampering with the file")
        core = core_of(self.executable)
        failures = 0
        for what, attack, details in (
            ("one bit of a library that it uses", attacks.flip_one_byte, (core,)),
            ("one bit of the keys that it goes by", attacks.flip_in_section, (".svfs_key",)),
            ("one bit of the archive's end", attacks.flip_at_end, ()),
            ("the last byte taken away", attacks.cut_off, ()),
        ):
            failures += not self.is_refused(root, what, attack, *details)
        return failures

    def is_refused(
        self, root: SmallRoot, what: str, attack: Callable[..., None], *details: str
    ) -> bool:
        tampered = self.directory / "tampered"
        attack(self.executable, tampered, *details)
        root.put(tampered)
        done = subprocess.run(
            root.command(), cwd=root.directory, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stderr.splitlines()
        refused = done.returncode == REFUSED and not done.stdout
        refused = refused and len(said) == 1 and ": refused: " in said[0]
        verdict(what, refused, f"{done.stderr.rstrip()}\n(exit status {done.returncode})")
        return refused


def mapped_files(process: int) -> set[str]:
    """Return the names of the files that a process has in its memory."""
    maps = Path(f"/proc/{process}/maps").read_text("utf-8", "replace")
    paths = [line.split(maxsplit=5)[5] for line in maps.splitlines() if "/" in line]
    return {Path(path).name for path in paths if not path.startswith("/memfd:")}
