"""A child process that imports from signed places, so that each test begins with a clean linker."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.importer.workshop import Files, Workshop
from tests.support.native import PRELOADS

PREAMBLE = """
import sys, signedvfs
rules = {rules!r}
signedvfs.set_policy(signedvfs.TrustPolicy([signedvfs.PublicKey.load({public!r})], **rules))
sys.path_hooks.insert(0, signedvfs.hook)
sys.path[:0] = {paths!r}
def failure(name):
    "Return what an import that has to fail says."
    import importlib
    try:
        importlib.import_module(name)
    except BaseException as error:
        return f"{{type(error).__name__}}: {{error}}"
    raise AssertionError(name + " was imported")
"""


class Child:
    """Starts Python processes with the hook, for which everything signed is on sys.path."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def preamble(self, *paths: Path, **rules: Any) -> str:
        preloads = [*PRELOADS, *rules.pop("preloads", [])]
        return PREAMBLE.format(
            public=str(self.workshop.public_path),
            paths=[str(path) for path in paths],
            rules={**rules, "preloads": preloads},
        )

    def command(self, script: str, *paths: Path, **rules: Any) -> list[str]:
        text = self.preamble(*paths, **rules) + textwrap.dedent(script)
        return [sys.executable, "-I", "-c", text]

    def run(
        self,
        script: str,
        *paths: Path,
        environment: Mapping[str, str] | None = None,
        under: list[str] | None = None,
        **rules: Any,
    ) -> str:
        """Return what a script prints that has to end well."""
        done = subprocess.run(
            [*(under or []), *self.command(script, *paths, **rules)],
            env={**os.environ, **(environment or {})},
            cwd=self.workshop.directory,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def value(self, module: str, *paths: Path, **more: Any) -> str:
        """Return the `value()` of a module that has to be importable."""
        return self.run(f"import {module}\nprint({module}.value(), end='')", *paths, **more)

    def failure(self, module: str, *paths: Path, **more: Any) -> str:
        """Return type and text of what importing a module raises."""
        return self.run(f"print(failure({module!r}), end='')", *paths, **more)


@pytest.fixture
def child(workshop: Workshop) -> Child:
    return Child(workshop)


App = Callable[[Files], Path]


@pytest.fixture
def app(workshop: Workshop) -> App:
    """Make the signed archive app.zip of some files."""
    return lambda files: workshop.zip("app.zip", files)
