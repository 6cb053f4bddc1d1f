"""Applications run from one signed archive, and refuse data that was changed in it.

docs/write_applications.py does the same with many more of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packages.applications import trying
from tests.packages.applications.catalogue import Application, applications, pins
from tests.packages.bare import make_bare

ALL = {one.name: one for one in applications()}
# One for each kind of data that is opened beside a module: settings, a catalogue, JSON, a style
# sheet, a template, certificates.
TRIED = ["ansible-core", "babel", "boto3", "flask", "jinja2", "requests"]


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
