"""Executables that are built once: one that most tests start, and few special ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from signedvfs import PrivateKey
from signedvfs.building import BuildError, build
from signedvfs.building.executable import python_in
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import carried_python
from tests.importer.launcher.starting import FILES
from tests.support.launchers import own_linker, skip_with_another_c_library

Build = Callable[..., Path]
NAME, SERIAL = "kit", 5


@pytest.fixture(scope="session")
def launcher() -> Path:
    """A launcher that is installed, for an interpreter that can be carried: the only place where
    these tests are skipped for want of one.

    It is the one that `build` takes, except on Python 3.9: there it is the one that loads Python
    out of the archive, whatever else is there, so that both are tested where some Pythons are.
    """
    try:
        path = launcher_path()
        if sys.version_info < (3, 10):
            path = path.with_name("_launcher")
        carried_python(Linker(), python_in(path.read_bytes()))
    except BuildError as error:  # with sanitizers, without static libraries or libpython
        pytest.skip(str(error))
    skip_with_another_c_library()
    return path


@pytest.fixture(scope="session")
def is_linked_in(launcher: Path) -> bool:
    """Whether that launcher has Python in it."""
    return python_in(launcher.read_bytes()) is not None


@pytest.fixture(scope="session")
def build_app(
    launcher: Path,
    key: PrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Build:
    """`build_app(files, **options)` builds an executable, once for the same words.

    It is stored, signed by `key`, and has what its modules import of the library.
    """
    made: dict[str, Path] = {}

    def make(files: Mapping[str, bytes | str] = FILES, **options: Any) -> Path:
        given = {
            "key": key,
            "launcher": launcher,
            "name": NAME,
            "serial": SERIAL,
            "min_serial": SERIAL,
            **options,
        }
        asked = repr((sorted(files.items()), sorted(options.items())))
        if asked not in made:
            directory = tmp_path_factory.mktemp("application")
            for name, content in files.items():
                path = directory / "source" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            made[asked] = directory / "app"
            build(directory / "source", made[asked], minimal=True, compression="stored", **given)
            shutil.rmtree(directory / "source")
        return made[asked]

    return make


@pytest.fixture(scope="session")
def app(build_app: Build) -> Path:
    """The application that does what its first word says. Nobody changes it."""
    return build_app()


@pytest.fixture(scope="session")
def system_linker() -> None:
    """Skips where this interpreter, and so its launcher, is started by a dynamic linker of its own,
    with a C library that lies beside it: as tests fetch Pythons of newer distributions."""
    if own_linker():
        pytest.skip("this interpreter has a dynamic linker of its own")


@pytest.fixture
def copy(app: Path, tmp_path: Path) -> Path:
    """A copy of it, for the test alone."""
    return Path(shutil.copy2(app, tmp_path / "app"))
