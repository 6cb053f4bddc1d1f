"""Which applications are tried, what each needs, and what it has to do: one file each in deeds/.

A deed is a program that fails unless the application does what it is for. Its docstring says in
one line what that is. Comments below say what pip has to fetch (`# needs: flask`), which options
pip gets (`# pip: --no-binary=black`), and what the application is called, unless it is what pip
fetches first (`# called: pkg_resources`). versions.json pins all that pip fetches.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
# VERSIONS pins, for each application, every distribution that is packed.
VERSIONS = HERE / "versions.json"


class Application(NamedTuple):
    """What is tried: its deed, what that does, and what pip is asked for."""

    name: str
    deed: Path
    does: str
    needs: list[str]
    pip_options: list[str]

    @property
    def files(self) -> Path | None:
        """The directory that is packed beside the deed, where there is one."""
        directory = HERE / "files" / self.deed.stem
        return directory if directory.is_dir() else None


def _comments(text: str, word: str) -> list[str]:
    return [one for line in re.findall(rf"^# {word}: (.+)$", text, re.M) for one in line.split()]


def applications() -> Iterator[Application]:
    """Yield all applications in order of their deeds; ValueError for one that says too little."""
    for deed in sorted((HERE / "deeds").glob("*.py")):
        text = deed.read_text(encoding="utf-8")
        does = ast.get_docstring(ast.parse(text))
        needs = _comments(text, "needs")
        if not does or "\n" in does or not needs:
            raise ValueError(f"{deed.name} needs a docstring of one line and '# needs: NAME'")
        called = " ".join(_comments(text, "called")) or needs[0]
        yield Application(called, deed, does, needs, _comments(text, "pip"))


def pins() -> dict[str, dict[str, str]]:
    """Return the pinned versions: distributions by application."""
    found: dict[str, dict[str, str]] = json.loads(VERSIONS.read_text(encoding="utf-8"))
    return found
