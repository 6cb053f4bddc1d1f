"""Fixtures for the tests of building: a launcher, a key, and one executable that all look at."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from signedvfs import PrivateKey
from signedvfs.building import BuildError, BuildReport, build
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import python_library
from tests.support.launchers import compile_launcher, skip_with_another_c_library

SCRIPT = "import json\n\nprint(json.dumps('hello'))\n"


class Built(NamedTuple):
    """Built is an executable, and what it was built with."""

    path: Path
    report: BuildReport
    script: Path
    launcher: Path
    key: PrivateKey


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """launcher is one that nothing was put into."""
    return compile_launcher(tmp_path_factory.mktemp("launcher") / "launcher")


@pytest.fixture(scope="session")
def real_launcher() -> Path:
    """real_launcher is the installed one, which runs what is behind it."""
    try:
        python_library(Linker())
        path = launcher_path()
    except BuildError as error:  # with sanitizers, without static libraries or libpython
        pytest.skip(str(error))
    skip_with_another_c_library()
    return path


@pytest.fixture(scope="session")
def key() -> PrivateKey:
    """key signs what is built."""
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, launcher: Path, key: PrivateKey) -> Built:
    """built is a script with the whole standard library."""
    directory = tmp_path_factory.mktemp("built")
    script = directory / "hello.py"
    script.write_text(SCRIPT, encoding="utf-8")
    path = directory / "hello"
    report = build(
        script, path, key=key, launcher=launcher, name="hello", serial=3, min_serial=2, level=1
    )
    return Built(path, report, script, launcher, key)
