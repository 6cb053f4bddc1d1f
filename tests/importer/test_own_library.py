"""Beside a refused archive Python's own library can be imported, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, found


@pytest.fixture
def refused(workshop: Workshop, importing: Importing) -> Path:
    """An unsigned archive in front, and modules of an attacker behind it."""
    path = workshop.plain_zip("app.zip", {"m.py": ""})
    later = workshop.tree(
        "later",
        {"sndhdr.py": "v = 'attacker'\n", "wave.py": "v = 'attacker'\n", "nt.py": ""},
        False,
    )
    importing.put(path, later)
    return path


def test_it_comes_from_the_library_and_from_no_entry_in_between(
    refused: Path, importing: Importing
) -> None:
    sys.modules.pop("wave", None)
    assert (
        Path(str(importing.module("wave").__file__)).parent
        == Path(str(importlib.__file__)).parent.parent
    )
    assert found(importlib.util.find_spec("wave")).origin != str(
        refused.parent / "later" / "wave.py"
    )
    for name in ("m", "setuptools_is_not_in_the_library", "pytest_mock"):
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            importing.module(name)


@pytest.mark.usefixtures("refused")
@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python has known its own names since 3.10")
def test_what_the_library_lacks_on_this_platform_is_not_supplied_by_others(
    importing: Importing,
) -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        importing.module("nt")
    assert caught.value.name == "nt"


def test_what_is_installed_is_not_the_library(workshop: Workshop, python: Python) -> None:
    path = workshop.plain_zip("app.zip", {"m.py": ""})
    script = f"""
    sys.path.insert(0, {str(path)!r})
    try:
        import pip
    except signedvfs.IntegrityCheckMissing:
        print("refused")
    """
    assert python(script).stdout == "refused\n"


def test_a_refusal_can_be_printed(workshop: Workshop, python: Python) -> None:
    # traceback, linecache and tokenize are imported for that
    path = workshop.plain_zip("app.zip", {"m.py": ""})
    script = f"""
    import importlib
    sys.path.insert(0, {str(path)!r})
    importlib.invalidate_caches()  # imports importlib.metadata
    try:
        import m
    except signedvfs.IntegrityCheckError:
        import logging
        logging.exception("it did not work")
    """
    done = python(script)
    assert "IntegrityCheckMissing" in done.stderr
    assert "During handling" not in done.stderr
