"""Widely used packages import from one signed archive, with their data, metadata and plugins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packages.conftest import HERE, Packed, Python

SCRIPTS = sorted((HERE / "smoke").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=[script.stem for script in SCRIPTS])
def test_package(bare_python: Python, packed: Packed, script: Path) -> None:
    done = bare_python(HERE / "run_smoke.py", packed.archive, packed.public_key, script)
    assert done.returncode == 0, done.stdout + done.stderr


def test_none_of_them_is_installed(bare_python: Python) -> None:
    names = [script.stem for script in SCRIPTS]
    done = bare_python(
        "-c", f"from importlib.util import find_spec; print([*filter(find_spec, {names})])"
    )
    assert done.stdout.strip() == "[]", done.stderr
