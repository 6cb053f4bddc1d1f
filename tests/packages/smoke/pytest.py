"""pytest: runs a test with rewritten assertions, and a plugin that it finds by its entry point."""

from __future__ import annotations

import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path

import pytest

from tests.packages.installed import entry_point, read_info, requires, run_script

TESTS = """\
import os

def test_mocked(mocker, tmp_path):
    mocker.patch("os.getcwd", return_value="elsewhere")
    assert os.getcwd() == "elsewhere"

def test_failing():
    left, right = [1, 2], [1, 3]
    assert left == right
"""


class Failures:
    """A plugin that keeps what failures looked like."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.texts.append(report.longreprtext)


# A real function: collecting and running tests.
with tempfile.TemporaryDirectory() as directory:
    Path(directory, "test_it.py").write_text(TESTS)
    Path(directory, "pytest.ini").write_text("[pytest]\n")
    failures = Failures()
    code = pytest.main([directory, "-p", "no:cacheprovider", "-q"], plugins=[failures])
del sys.modules["test_it"]
assert code == pytest.ExitCode.TESTS_FAILED
(text,) = failures.texts
assert "assert [1, 2] == [1, 3]" in text
assert "At index 1 diff: 2 != 3" in text

# Data and metadata.
assert resources.files("_pytest").joinpath("py.typed").is_file()
assert metadata.version("pytest") == pytest.__version__
assert {"pluggy", "iniconfig"} <= requires("pytest")
assert "Holger Krekel" in read_info("pytest", "licenses/AUTHORS")

# Its script, which says so on standard output, and a plugin of another distribution.
assert run_script("pytest", "--version", "--version").startswith("This is pytest version")
assert entry_point("pytest11", "pytest_mock").load().__name__ == "pytest_mock"
