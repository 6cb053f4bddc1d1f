"""What the tests of the command line share: running it as its user does, trees and wheels."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import select
import struct
import subprocess
import sys
import termios
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Done(NamedTuple):
    """Done is what a finished command left."""

    code: int
    out: str
    err: str
    raw: bytes

    @property
    def json(self) -> dict[str, Any]:
        """json is the one object that was written."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> dict[str, Any]:
        """error is the error that was reported with --json."""
        found = self.json["error"]
        assert isinstance(found, dict)
        assert set(found) == {"code", "reason", "advice", "path", "member", "limit"}
        return found


def command(*words: str | Path, interpreter: str = sys.executable) -> list[str]:
    """command is how a shell runs signedvfs."""
    return [interpreter, "-m", "signedvfs", *map(str, words)]


class Cli:
    """Cli runs commands in one directory, with nothing on standard input and no terminal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, *words: str | Path, env: Mapping[str, str] | None = None) -> Done:
        done = subprocess.run(
            command(*words),
            cwd=self.directory,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        text = done.stdout.decode("utf-8", "backslashreplace")
        err = done.stderr.decode()
        # Whatever happens, a person never sees a traceback of ours.
        assert "signedvfs/cli" not in err, err
        return Done(done.returncode, text, err, done.stdout)

    def ok(self, *words: str | Path) -> Done:
        """ok runs a command that has to succeed."""
        done = self(*words)
        assert done.code == 0, done.err
        return done

    def terminal(
        self, *words: str | Path, answers: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """terminal runs a command on a terminal, types one answer for each prompt that ends in
        ": ", and returns the exit code and everything that was shown."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        given = {key: text for key, text in os.environ.items() if key != "NO_COLOR"}
        process = subprocess.Popen(
            command(*words),
            cwd=self.directory,
            env={**given, "TERM": "xterm", **(env or {})},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        waiting = list(answers)
        shown = b""
        seen = 0
        told = select.poll()  # select(2) takes no descriptor above 1023: archives in use stay open
        told.register(ours, select.POLLIN)
        try:
            while told.poll(60_000):
                try:
                    piece = os.read(ours, 1 << 16)
                except OSError:  # Linux says EIO where the other side is closed
                    break
                shown += piece
                if waiting and shown[seen:].endswith(b": "):
                    seen = len(shown)
                    os.write(ours, waiting.pop(0).encode() + b"\n")
            code = process.wait(60)
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        assert not waiting, f"it did not ask for {waiting}: {shown!r}"
        return code, shown.decode()


def fingerprint(public: Path) -> str:
    """fingerprint is worked out here from a PEM file, without the product."""
    lines = public.read_text().splitlines()[1:-1]
    return hashlib.sha256(base64.b64decode("".join(lines))).hexdigest()


SOURCES = {
    "app/__init__.py": "NAME = 'app'\n",
    "app/__main__.py": "import app, sys\nprint(app.NAME, *sys.argv[1:])\n",
    "app/data/greeting.txt": "hello\n" * 100,
    "top.py": "VALUE = 42\n",
}


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """write_tree writes files below `root`."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def flip(path: Path, marker: bytes) -> None:
    """flip changes one bit of the first occurrence of `marker` in a file."""
    content = bytearray(path.read_bytes())
    content[content.index(marker)] ^= 1
    path.write_bytes(content)


def make_wheel(
    directory: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    requires: Sequence[str] = (),
    record: Mapping[str, str] | None = None,
    tag: str = "py3-none-any",
) -> Path:
    """make_wheel writes a wheel; `record` overrides lines of its RECORD."""
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {one}\n" for one in requires]
    content = {key: text.encode() if isinstance(text, str) else text for key, text in files.items()}
    content[f"{info}/METADATA"] = "".join(metadata).encode()
    content[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: %s\n" % tag.encode()
    )
    lines = []
    for key, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        line = f"{key},sha256={digest},{len(data)}"
        lines.append((record or {}).get(key, line))
    content[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    path = directory / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for key, data in content.items():
            wheel.writestr(key, data)
    return path


# A build backend (PEP 517) that requires nothing: it zips up what is below src.
_BACKEND = """\
import base64, hashlib, pathlib, zipfile

NAME = "{name}"

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    root = pathlib.Path(__file__).parent
    source = root / "src"
    found = sorted(path for path in source.rglob("*") if path.is_file())
    files = {{str(path.relative_to(source)): path.read_bytes() for path in found}}
    info = NAME + "-2.0.dist-info"
    metadata = f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: 2.0\\n"
    for line in (root / "requires").read_text().splitlines():
        metadata += f"Requires-Dist: {{line}}\\n"
    files[info + "/METADATA"] = metadata.encode()
    files[info + "/WHEEL"] = b"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[info + "/entry_points.txt"] = b"[console_scripts]\\n{script}\\n"
    record = ""
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{{name}},sha256={{digest}},{{len(data)}}\\n"
    files[info + "/RECORD"] = (record + info + "/RECORD,,\\n").encode()
    wheel_name = NAME + "-2.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / wheel_name, "w") as wheel:
        for member, data in files.items():
            wheel.writestr(member, data)
    return wheel_name
"""
_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "2.0"
"""


def make_project(
    root: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    requires: Sequence[str] = (),
    script: str | None = None,
) -> Path:
    """make_project writes a project whose wheel, version 2.0, is what `files` have below src; its
    console script is called as it is, and runs `script`, by default "name:main"."""
    return write_tree(root, {
        "pyproject.toml": _PYPROJECT.format(name=name),
        "backend.py": _BACKEND.format(name=name, script=f"{name} = {script or name + ':main'}"),
        "requires": "".join(f"{one}\n" for one in requires),
        **files,
    })  # fmt: skip


def members(path: Path) -> dict[str, bytes]:
    """Return what a zip archive holds, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
