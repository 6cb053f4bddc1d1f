"""Fixtures for the tests of the command line: a directory, keys, an application, an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import SOURCES, Cli, write_tree


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """cli runs commands in the test's own directory."""
    return Cli(tmp_path)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """keys is a directory with a.key, a.pub, b.key and b.pub."""
    directory = tmp_path_factory.mktemp("keys")
    for name in ("a.key", "b.key"):
        Cli(directory).ok("keygen", name, "--no-password")
    return directory


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """tree is a directory with an application."""
    return write_tree(tmp_path / "tree", SOURCES)


@pytest.fixture
def archive(cli: Cli, tree: Path, keys: Path) -> Path:
    """archive is app.zip, signed by a.key as "myapp" with serial 5."""
    path = cli.directory / "app.zip"
    cli.ok("pack", tree, "-m", "app", "-o", path, "--key", keys / "a.key", "--name", "myapp",
           "--serial", "5", "--compression", "stored")  # fmt: skip
    return path
