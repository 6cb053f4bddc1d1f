"""Runs numpy's own tests of its core from a signed archive, and the same from site-packages.

numpys_own_tests.py DIRECTORY [PYTEST_WORD ...], by an interpreter that has signedvfs and pip. The
words go to pytest in both runs: `-k npymath`, say. It prints what both came to, and every test
that ended differently; it ends with 1 where one of these is not known to need an installed numpy.
"""

from __future__ import annotations

import collections
import subprocess
import sys
import venv
import xml.etree.ElementTree
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.packages.bare import make_bare

REQUIREMENTS = ["hypothesis==6.170.17", "pytest==9.2.0", "typing-extensions==4.16.0"]
NUMPY = "numpy==2.4.6" if sys.version_info < (3, 12) else "numpy==2.5.5"
TESTS = ["--pyargs", "numpy._core", "-q", "-p", "no:cacheprovider"]
A_RUN_TAKES_AT_MOST = 3600

# These start another interpreter by sys.executable, in the directory of the tests or with -c, or a
# compiler with numpy's headers. They have to find numpy, and what is in an archive is not
# installed.
STARTING_OTHERS = (
    "test_array_interface::",
    "test_mem_policy::",
    ".TestEnvPrivation::",
    "::test_buffered_cast_error_paths_unraisable",
    "::test_check_reference_module_scope",
)

Outcomes = dict[str, str]


def outcomes_in(report: Path) -> Outcomes:
    """Return how each test ended, by its name; a JUnit file says it."""
    found: Outcomes = {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        ends = [one.tag for one in case if one.tag in ("failure", "error", "skipped")]
        # Where the file of the test lies is different.
        module = (case.get("classname") or "").rpartition("tests.")[2]
        name = f"{module}::{case.get('name')}"
        # Tests of one name and parameters differ in nothing else that a report has.
        found[name] = max([found.get(name, ""), ends[0] if ends else "passed"])
    return found


def _run(command: Sequence[str | Path], directory: Path, name: str) -> Outcomes:
    report, work = directory / f"{name}.xml", directory / f"work-{name}"
    work.mkdir()
    with (directory / f"{name}.log").open("w") as log:
        subprocess.run(
            [*map(str, command), f"--junitxml={report}"],
            cwd=work, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            timeout=A_RUN_TAKES_AT_MOST, check=False,
        )  # fmt: skip
    if not report.exists():
        raise RuntimeError((directory / f"{name}.log").read_text(errors="replace")[-2000:])
    return outcomes_in(report)


def from_site_packages(directory: Path, words: Sequence[str]) -> Outcomes:
    """Install numpy and pytest into an environment, and run the tests there."""
    environment = directory / "environment"
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    install = ["-m", "pip", "install", "-q", "--only-binary", ":all:"]
    subprocess.run([str(python), *install, NUMPY, *REQUIREMENTS], check=True)
    return _run([python, "-I", "-B", "-m", "pytest", *TESTS, *words], directory, "site")


def from_archive(directory: Path, words: Sequence[str]) -> Outcomes:
    """Pack the same, and run the tests by the pytest of the archive."""
    listed, key, archive = (directory / name for name in ("list.txt", "app.key", "app.zip"))
    listed.write_text("\n".join([NUMPY, *REQUIREMENTS]) + "\n")
    (directory / "nothing").mkdir()
    signedvfs = [sys.executable, "-m", "signedvfs"]
    subprocess.run([*signedvfs, "keygen", key, "--no-password"], check=True)
    subprocess.run(
        [*signedvfs, "pack", directory / "nothing", "-r", listed, "--level", "1",
         "--key", key, "-o", archive],
        check=True,
    )  # fmt: skip
    python = make_bare(directory / "bare")
    words_of_run = ["-I", "-B", "-m", "signedvfs", "run", "--trust", str(key.with_suffix(".pub"))]
    return _run(
        [python, *words_of_run, "-m", "pytest", archive, *TESTS, *words], directory, "archive"
    )


def counted(outcomes: Outcomes) -> str:
    """Return how many tests ended how."""
    counts = collections.Counter(outcomes.values())
    return ", ".join(f"{counts[end]} {end}" for end in ("passed", "failure", "error", "skipped"))


def lost(installed: Outcomes, packed: Outcomes) -> list[str]:
    """Return the tests that do not end from the archive as they do when installed, and how."""
    return [
        f"{name}: {end} when installed, {packed.get(name, 'not there')} from the archive"
        for name, end in sorted(installed.items())
        if packed.get(name) != end
    ]


def unexpected(installed: Outcomes, packed: Outcomes) -> list[str]:
    """Return those of them for which there is no reason."""
    return [
        line
        for line in lost(installed, packed)
        if not any(known in line for known in STARTING_OTHERS)
    ]


def main(directory: str, *words: str) -> int:
    """Run both, and say what they came to."""
    packed = from_archive(Path(directory), words)
    installed = from_site_packages(Path(directory), words)
    print(f"installed:    {counted(installed)}")
    print(f"from archive: {counted(packed)}")
    print("\n".join(lost(installed, packed)))
    return int(bool(unexpected(installed, packed)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
