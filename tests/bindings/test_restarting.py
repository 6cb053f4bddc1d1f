"""What is started in the place of a process that would run an archive in use unverified."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import signedvfs
from signedvfs import restarting
from signedvfs.restarting import Entry, restarted

PYTHON = sys.executable
TRUST = ["--trust", "/keys/a.pub"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive's path: nothing of it is opened here."""
    path = tmp_path / "app.zip"
    path.write_bytes(b"PK")
    return path


@pytest.fixture
def entry(archive: Path) -> Iterator[Entry]:
    """This process runs the archive."""
    made = Entry(TRUST, str(archive), "app.zip", main=f"{archive}/__main__.pyc")
    restarting.entered(made)
    yield made
    restarting.entered(None)


def again(archive: Path, *kind: str) -> list[str]:
    """The words that enter `run` again."""
    return ["-I", *restarting.command(), "run", *TRUST, *kind, str(archive)]


@pytest.mark.usefixtures("entry")
def test_the_archive_by_every_name(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = archive.with_name("link")
    link.symlink_to(archive)
    hard = archive.with_name("hard")
    os.link(archive, hard)
    spellings = ["app.zip", str(archive), f"{archive.parent}/./app.zip", str(link), str(hard)]
    for spelling in [*spellings, f"{archive}/__main__.pyc", f"{link}/__main__.pyc"]:
        assert restarted([PYTHON, spelling, "a", "-b"]) == [PYTHON, *again(archive), "a", "-b"]
        assert restarted([PYTHON, "-Wd", "-I", spelling]) == [PYTHON, "-Wd", *again(archive)]
        # Another environment of this interpreter is for whoever starts it to choose.
        other = os.path.realpath(PYTHON)
        assert restarted([other, spelling]) == [other, *again(archive)]
    monkeypatch.chdir("/")
    assert restarted([PYTHON, "hard"], directory=str(archive.parent)) == [PYTHON, *again(archive)]
    assert restarted([PYTHON, "hard"]) is None
    assert restarted([str(link), "a"]) == [PYTHON, *again(archive), "a"]


def test_a_module_or_code_comes_back_as_one(archive: Path) -> None:
    for kind, entry in (
        (("-m", "pkg.mod"), Entry(TRUST, str(archive), "app.zip", module="pkg.mod")),
        (("-c", "1 + 1"), Entry(TRUST, str(archive), "app.zip", code="1 + 1")),
    ):
        restarting.entered(entry)
        try:
            assert restarted([PYTHON, *kind, "a"]) == [PYTHON, *again(archive, *kind), "a"]
            assert restarted([PYTHON, "app.zip"]) == [PYTHON, *again(archive, *kind)]
        finally:
            restarting.entered(None)


@pytest.mark.usefixtures("entry")
def test_what_is_nothing_of_ours(archive: Path) -> None:
    beside = archive.with_name("other.zip")
    beside.write_bytes(b"PK")
    for words in (
        [PYTHON],
        [PYTHON, "-"],
        [PYTHON, "-c", "app.zip"],
        [PYTHON, str(beside)],
        [PYTHON, "-m", "signedvfs", "run", str(archive)],
        [PYTHON, *again(archive)],
        ["/bin/echo", str(archive)],
        ["/nowhere/program", str(archive)],
    ):
        assert restarted(words, {}) is None, words
    assert restarted([]) is None


@pytest.mark.usefixtures("entry")
def test_what_can_not_come_back_is_refused(archive: Path) -> None:
    other = archive.with_name("python3.99")
    shutil.copy(os.path.realpath("/bin/sh"), other)
    for words, reason in (
        ([str(other), str(archive)], "another interpreter"),
        ([PYTHON, f"{archive}/m.txt"], "only its modules can be started"),
        ([PYTHON, f"{archive}/pkg/__init__.py"], "only its modules can be started"),
    ):
        with pytest.raises(signedvfs.IntegrityCheckError, match=reason) as caught:
            restarted(words, {})
        assert caught.value.code == "Unverified"
        assert caught.value.path == str(archive)
        assert caught.value.advice
        assert caught.value.advice in str(caught.value)


@pytest.mark.usefixtures("entry")
def test_an_archive_on_the_search_path_is_refused(archive: Path) -> None:
    for value in (str(archive), f"/elsewhere:{archive}", f"{archive}/pkg"):
        environment = {"PYTHONPATH": value}
        for words in ([PYTHON, "-c", "1"], [PYTHON, "x.py"], [PYTHON]):
            with pytest.raises(signedvfs.IntegrityCheckError, match="PYTHONPATH"):
                restarted(words, environment)
        assert restarted([PYTHON, "-E", "-c", "1"], environment) is None
        assert restarted([PYTHON, "-sI", "-c", "1"], environment) is None
        assert restarted(["/bin/echo"], environment) is None
    assert (
        restarted([PYTHON, "-c", "1"], {"PYTHONPATH": "/elsewhere", "OTHER": str(archive)}) is None
    )


def test_without_isolation_none_is_asked_for(archive: Path) -> None:
    restarting.entered(Entry([*TRUST, "--no-isolated"], str(archive), "app.zip", isolated=False))
    try:
        expected = [*restarting.command(), "run", *TRUST, "--no-isolated", str(archive)]
        assert restarted([PYTHON, "app.zip"]) == [PYTHON, *expected]
        assert restarted([PYTHON, "-I", "app.zip"]) == [PYTHON, "-I", *expected]
    finally:
        restarting.entered(None)


def test_outside_of_run_nothing_is_known(archive: Path) -> None:
    assert restarted([PYTHON, str(archive)]) is None
