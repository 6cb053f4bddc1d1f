"""No class of the native modules lets Python code crash the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("every_class.py")


def run(name: str, directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", str(PROGRAM), name],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def listed(directory: Path) -> list[str]:
    done = run("list", directory)
    assert done.returncode == 0, done.stderr
    lacking, names = done.stdout.splitlines()
    assert lacking == "without an object:"
    return names.split()


def test_every_class_has_objects_to_try(tmp_path: Path) -> None:
    known = {"PublicKey", "SignedVfs", "zipimporter", "PathHook", "PrivateKey", "ArchiveWriter"}
    assert known <= set(listed(tmp_path))


def test_nothing_that_python_code_does_to_an_object_is_a_crash(tmp_path: Path) -> None:
    for name in listed(tmp_path):
        directory = tmp_path / name
        directory.mkdir()
        done = run(name, directory)
        lines = done.stdout.splitlines()
        last = "\n".join(lines[-3:])
        assert (done.returncode, lines[-1:]) == (0, ["survived"]), f"{last}\n{done.stderr}"


@pytest.mark.parametrize("name", ["PrivateKey", "SignReport", "SignedVfs", "Stat"])
def test_what_only_we_make_cannot_be_made(name: str) -> None:
    import signedvfs

    kind = getattr(signedvfs, name)
    for make in (kind, lambda: kind.__new__(kind), lambda: object.__new__(kind)):
        with pytest.raises(TypeError):
            make()
    for base in kind.__mro__[1:]:
        with pytest.raises(TypeError):
            base.__new__(kind)
