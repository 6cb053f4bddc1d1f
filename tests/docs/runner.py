"""Runs the code blocks of a page in their order, in one scratch directory, as a reader would.

| language | what happens |
|---|---|
| `python` | a program of its own: a fresh, isolated interpreter runs it, warnings are errors |
| `sh` | bash runs all of it |
| `console` | bash runs what stands behind each `$ `, and it writes what stands below |
| `output` | what the block before it has written |
| `json` | parses |
| `cmake` | its lines are those of the project that the install test builds |
| `text` | not for any machine |
| `sh checkout` | for a checkout of the project: too long to run; what it names is there |
| `sh usage` | examples of `--help`: the command line's own parser takes them |

Whatever is run has to succeed: an example of a failure ends in `|| echo ...`. In what is shown,
`...` and words in angle brackets, `<two of them>` or more, stand for anything in their line; `...`
alone in its line stands for any lines. Any other language is an error.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from tests.cli.helpers import make_project, make_wheel, write_tree
from tests.docs.pages import ROOT, Block

# What every scratch directory has: an application, and what it needs from a package index.
APPLICATION = {
    "myapp/__init__.py": "",
    "myapp/cli.py": (
        "import sys\n\nimport greeting\n\n\ndef main():\n    print(greeting.hello(*sys.argv[1:]))\n"
    ),
    "myapp/templates/hello.html": "<p>Hello, {{ name }}!</p>\n",
    "requirements.txt": "greeting==1.0\n",
}
LIBRARY = {"greeting.py": "def hello(name='world'):\n    return f'hello, {name}'\n"}

# What makes the files that a page may begin with.
SETUP = {
    "app.key": "signedvfs keygen app.key --no-password",
    "app.pub": "test -f app.pub",
    "app.zip": (
        "signedvfs pack ./myapp -r requirements.txt -m myapp.cli:main --name myapp --serial 42 "
        "--key app.key -o app.zip"
    ),
}


class ExampleError(AssertionError):
    """ExampleError says which example does not hold, and why."""


class Scratch:
    """Scratch is the directory in which a page's examples run."""

    def __init__(self, directory: Path, begins_with: list[str]) -> None:
        self.directory = directory
        self.written: str | None = None  # by the block before
        write_tree(directory, APPLICATION)
        packaged = {f"src/{name}": text for name, text in APPLICATION.items() if "/" in name}
        make_project(directory / "project", "myapp", packaged, script="myapp.cli:main")
        wheels = directory.with_name(f"{directory.name}-wheels")
        wheels.mkdir()
        make_wheel(wheels, "greeting", LIBRARY)
        self.environment = {
            **{name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NO_COLOR": "1",
        }
        for name in begins_with:
            self._bash(SETUP[name], f"what {name} is made by")

    def run(self, block: Block) -> None:
        """run runs one block, or raises ExampleError."""
        kind = f"{block.language} {block.word}".strip()
        run = _RUNNERS.get(kind)
        if run is None:
            raise ExampleError(f"{block.position}: nothing runs {kind or 'no language'!r}")
        run(self, block)

    def python(self, block: Block) -> None:
        """python runs a whole program."""
        words = [sys.executable, "-I", "-X", "dev", "-W", "error", "-c", block.text]
        self.written = self._execute(words, block.position)

    def shell(self, block: Block) -> None:
        """shell runs a whole script."""
        self.written = self._bash(block.text, block.position)

    def console(self, block: Block) -> None:
        """console runs commands one by one, and compares what each writes."""
        for command, shown in commands_in(block):
            _compare(shown, self._bash(command, f"{block.position}: {command}"), block.position)
        self.written = None

    def output(self, block: Block) -> None:
        """output compares what the block before has written."""
        if self.written is None:
            raise ExampleError(f"{block.position}: nothing in front of it has been run")
        _compare(block.text, self.written, block.position)
        self.written = None

    def _bash(self, script: str, position: str) -> str:
        return self._execute(["bash", "-euo", "pipefail", "-c", script], position)

    def _execute(self, words: list[str], position: str) -> str:
        done = subprocess.run(
            words,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise ExampleError(f"{position} ends with {done.returncode}:\n{done.stdout}")
        return done.stdout


def commands_in(block: Block) -> list[tuple[str, str]]:
    """commands_in splits a console block into commands and what is shown below each."""
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif not found:
            raise ExampleError(f"{block.position}: a console begins with '$ '")
        elif line.startswith("> ") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", "")
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found


def _compare(shown: str, written: str, position: str) -> None:
    lines = [
        r"(?:.*\n)*" if line == "..." else f"{_pattern(line)}\\n" for line in shown.splitlines()
    ]
    text = "".join(f"{line.rstrip()}\n" for line in written.splitlines())
    if not re.fullmatch("".join(lines), text):
        raise ExampleError(f"{position} shows\n{shown}but what was written is\n{written}")


def _pattern(line: str) -> str:
    pieces = re.split(r"(\.\.\.|<\w+(?: \w+)+>)", line)
    return "".join(".*" if odd else re.escape(piece) for piece, odd in zip(pieces, cycle([0, 1])))


def _parse_json(_: Scratch, block: Block) -> None:
    try:
        json.loads(block.text)
    except ValueError as error:
        raise ExampleError(f"{block.position}: {error}") from error


def _find_in_consumer(_: Scratch, block: Block) -> None:
    consumer = (ROOT / "tests/install/consumer/CMakeLists.txt").read_text(encoding="utf-8")
    for line in block.text.splitlines():
        if line not in consumer.splitlines():
            raise ExampleError(f"{block.position}: {line!r} is in no project that is tested")


def _look_up(_: Scratch, block: Block) -> None:
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        checks = {"make": _look_up_target, "pip": _look_up_extras}
        check = checks.get(words[0], _look_up_script)
        check(words, f"{block.position}: {line!r}")


def _look_up_target(words: list[str], position: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ExampleError(f"{position}: {done.stderr}")


def _look_up_extras(words: list[str], position: str) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.fullmatch(r"pip install (?:\.|signedvfs)(?:\[(?P<extra>\w+)\])?", " ".join(words))
    if found is None:
        raise ExampleError(f"{position} is no installation of this project")
    if found["extra"] and not re.search(rf"^{found['extra']} = \[", project, re.MULTILINE):
        raise ExampleError(f"{position}: pyproject.toml has no such extra")


def _look_up_script(words: list[str], position: str) -> None:
    if not os.access(ROOT / words[0], os.X_OK) or "/" not in words[0]:
        raise ExampleError(f"{position}: there is no such script")


def _parse_usage(_: Scratch, block: Block) -> None:
    from signedvfs.cli import _parser
    from signedvfs.cli.failures import CliError

    for line in block.text.splitlines():
        program, *words = shlex.split(line)
        try:
            assert program == "signedvfs", line
            _parser().parse_args(words)
        except CliError as error:
            raise ExampleError(f"{block.position}: {line}: {error}") from error


_RUNNERS: dict[str, Callable[[Scratch, Block], None]] = {
    "python": Scratch.python,
    "sh": Scratch.shell,
    "console": Scratch.console,
    "output": Scratch.output,
    "json": _parse_json,
    "cmake": _find_in_consumer,
    "sh checkout": _look_up,
    "sh usage": _parse_usage,
    "text": lambda _, __: None,
    # Sphinx runs these: `make docs`.
    "{eval-rst}": lambda _, __: None,
    "{include} ../README.md": lambda _, __: None,
    "{toctree}": lambda _, __: None,
}
