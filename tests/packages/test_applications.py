"""Applications run from one signed archive, and refuse data that was changed in it.

Each runs as one file, too. docs/write_applications.py does the same with many more of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from signedvfs.building import BuildError
from signedvfs.building.executable import python_in
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import carried_python
from tests.packages.applications import as_one_file, trying
from tests.packages.applications.catalogue import Application, applications, pins
from tests.packages.bare import make_bare

ALL = {one.name: one for one in applications()}
# One for each kind of data that is opened beside a module: settings, a catalogue, JSON, a style
# sheet, a template, certificates.
TRIED = ["ansible-core", "babel", "boto3", "flask", "jinja2", "requests"]
# A server with native code, one that starts itself as a child, libraries of a wheel's own.
ONE_FILE = ["fastapi", "requests", "pillow"]
# In the night also what reads most kinds of data, and what brings most native code.
ONE_FILE_NIGHTLY = ["black", "boto3", "cryptography", "django", "flask", "numpy", "sphinx"]
if "SIGNEDVFS_NIGHTLY" in os.environ:
    ONE_FILE += ONE_FILE_NIGHTLY


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds nothing but signedvfs."""
    return make_bare(tmp_path_factory.mktemp("bare"))


@pytest.mark.parametrize("application", [ALL[name] for name in TRIED], ids=TRIED)
def test_it_runs_and_refuses_changed_data(
    application: Application, python: Path, tmp_path: Path
) -> None:
    if application.name == "ansible-core" and sys.version_info >= (3, 15):
        pytest.skip("this release asks for what dataclasses has had up to 3.14")
    outcome = trying.try_one(application, python, tmp_path)
    assert outcome.outcome == trying.RUNS, outcome
    assert outcome.damaged, outcome
    assert not outcome.damaged.endswith((".py", ".pyc")), outcome
    assert outcome.refused, outcome
    assert outcome.stopped, outcome


@pytest.fixture(scope="session")
def can_build() -> None:
    """Whether there is a launcher, and Python's library in it or for it to load."""
    try:
        carried_python(Linker(), python_in(launcher_path().read_bytes()))
    except BuildError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("can_build")
@pytest.mark.parametrize("application", [ALL[name] for name in ONE_FILE], ids=ONE_FILE)
def test_it_runs_as_one_file(application: Application, tmp_path: Path) -> None:
    built = as_one_file.try_one(application, tmp_path)
    assert built.outcome == trying.RUNS, built
    assert built.version == pins()[application.name][application.needs[0]]


@pytest.mark.usefixtures("can_build")
def test_a_file_that_fails_is_seen(tmp_path: Path) -> None:
    deed = tmp_path / "failing.py"
    deed.write_text('"""ends early"""\n# needs: click\nraise SystemExit(0)\n')
    work = tmp_path / "work"
    work.mkdir()
    failing = Application("click", deed, "ends early", ["click"], [])
    built = as_one_file.try_one(failing, work)
    assert (built.outcome, built.detail) == (trying.FAILS, "nothing was printed")


def test_the_page_has_what_was_built() -> None:
    rows = {
        f"| {one.name} | {one.version} | {one.size / 1e6:.1f} MB | {one.does} |"
        for one in max(as_one_file.outcomes().values(), key=len)
        if one.outcome == trying.RUNS
    }
    page = Path(__file__).parents[2] / "docs" / "applications.md"
    assert rows <= set(page.read_text(encoding="utf-8").splitlines())
    assert len(rows) >= 10


def test_a_deed_that_fails_is_seen(python: Path, tmp_path: Path) -> None:
    deed = tmp_path / "failing.py"
    for number, text in enumerate(("raise SystemExit(3)", "raise SystemExit(0)", "1 / 0")):
        deed.write_text(f'"""ends early"""\n# needs: click\n{text}\n')
        work = tmp_path / str(number)
        work.mkdir()
        failing = Application("click", deed, "ends early", ["click"], [])
        assert trying.try_one(failing, python, work).outcome == trying.FAILS


def test_every_pin_is_of_an_application() -> None:
    assert set(pins()) <= set(ALL)
    assert set(TRIED) <= set(pins())
