"""signedvfs-launch.txt: what the launcher reads first."""

from __future__ import annotations

import platform
import sys

import pytest

from signedvfs.building import BuildError
from signedvfs.building.launch_file import launch_facts, launch_text


def test_every_line() -> None:
    text = launch_text(["libgcc_s.so.1", "libpython3.11.so.1.0"], "lib/python3.11", has_native=True)
    assert text.decode().splitlines() == [
        f"python {platform.python_version()}",
        f"hexversion {sys.hexversion:#010x}",
        "library python.libs/libgcc_s.so.1",
        "library python.libs/libpython3.11.so.1.0",
        "stdlib lib/python3.11",
        "path .",
        "path lib/python3.11",
        "path lib/python3.11/lib-dynload",
    ]
    assert text.endswith(b"\n")


def test_a_library_without_extension_modules() -> None:
    facts = launch_facts(launch_text([], "lib/python3.13t", has_native=False))
    assert facts["path"] == [".", "lib/python3.13t"]
    assert "library" not in facts


def test_no_launch_file() -> None:
    with pytest.raises(BuildError, match="'nonsense'"):
        launch_facts(b"python 3.11\nnonsense\n")
