"""A root directory that holds one program, the C library and the dynamic linker, and nothing else.

A program finds /proc there, and what it is given by its network; no file of the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

# What every program needs that the launcher is made for; "linux-vdso" is the kernel's own.
MAY_BE_NEEDED = re.compile(r"(libc\.so\.6|libm\.so\.6|ld-linux[-.\w]*\.so\.\d|ld64\.so\.\d)$")
# Run in a mount namespace of its own: the mount is gone when the program ends. Users that are not
# root may have chroot(8) outside their PATH.
ENTER = """
PATH=$PATH:/usr/sbin:/sbin
command -v chroot >/dev/null || exit 1
mount --rbind /proc "$0/proc" && exec chroot "$0" "$@"
"""


class SmallRoot:
    """The directory, which `made_for` fills."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._entering = _way_in(directory)

    @classmethod
    def made_for(cls, program: Path, directory: Path) -> SmallRoot:
        """Make one with what the dynamic linker says that `program` needs, and an empty /proc."""
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "proc").mkdir(parents=True)
        for library in _needed(program):
            place = directory / library.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, place)
        return cls(directory)

    @property
    def is_entered(self) -> bool:
        """Whether this machine lets us make it the root directory."""
        return self._entering is not None

    def put(self, program: Path) -> None:
        """Put a program there, as /app; whether its own file may be executed or not."""
        place = self.directory / "app"
        shutil.copyfile(program, place)
        place.chmod(0o755)

    def command(self) -> list[str]:
        """Return how the program is started: in there, or where nobody may, beside it."""
        if self._entering is None:
            return [str(self.directory / "app")]
        return [*self._entering, "sh", "-c", ENTER, str(self.directory), "/app"]

    def files(self) -> list[Path]:
        return sorted(path for path in self.directory.rglob("*") if path.is_file())


def _needed(program: Path) -> list[Path]:
    """Ask the linker that `program` names: it may be another than the system's."""
    done = subprocess.run(
        [program], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=True
    )
    paths = [Path(word) for word in done.stdout.split() if word.startswith("/")]
    # By two names where one is the program's and the other the linker's own.
    others = [path for path in paths if not MAY_BE_NEEDED.match(path.name)]
    if others or not paths:
        raise SystemExit(f"demo: {program} needs more than the C library:\n{done.stdout}")
    return paths


def _way_in(directory: Path) -> list[str] | None:
    """Return what makes a mount namespace, as root or as a user; None where nobody may."""
    as_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    entering = ["unshare", *as_user, "--mount"]
    try:
        done = subprocess.run(
            [*entering, "sh", "-c", ENTER, str(directory), "/none"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    # chroot(8) got as far as to look for the program.
    return entering if done.returncode == 127 else None
