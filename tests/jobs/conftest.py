"""What users do, each as one program: packed, signed, and run by the commands they would type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, Done, write_tree

Program = Callable[[Mapping[str, "str | bytes"]], Done]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run commands in the test's own directory, which holds app.key and app.pub."""
    made = Cli(tmp_path)
    made.ok("keygen", "app.key", "--no-password")
    return made


@pytest.fixture
def program(cli: Cli) -> Program:
    """Pack files so that their module `program` is what runs, run it, and return what it left."""

    def run(files: Mapping[str, str | bytes]) -> Done:
        tree = write_tree(cli.directory / "source", files)
        cli.ok("pack", tree, "-m", "program", "-o", "app.zip", "--key", "app.key", "--quiet")
        return cli.ok("run", "--trust", "app.pub", "app.zip")

    return run
