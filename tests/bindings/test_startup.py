"""Importing signedvfs costs next to nothing, and so does opening a zip archive."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import signedvfs

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

# `-I -S` starts an interpreter that has imported as little as an interpreter can.
_REPORT = """
import sys
before = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import signedvfs
{then}
modules = sorted(set(sys.modules) - before)
maps = open("/proc/self/maps").read()
import json
print(json.dumps([modules, "libarchive" in maps, "_core" in maps]))
"""


# `atexit` is a part of the interpreter, so no file is read; importer/python/return_gate registers a
# function there.
OURS = [*(["atexit"] if sys.version_info < (3, 14) else []), "signedvfs", "signedvfs._core"]


def _after(then: str, *arguments: str) -> tuple[list[str], bool]:
    """Return the modules imported by `import signedvfs` and `then`, and if libarchive is mapped."""
    package_root = str(Path(signedvfs.__file__).parents[1])
    command = [sys.executable, "-I", "-S", "-c", _REPORT.format(then=then), package_root]
    answer = subprocess.run([*command, *arguments], check=True, capture_output=True, text=True)
    modules, has_libarchive, has_core = json.loads(answer.stdout)
    assert has_core, "the module itself has to be seen, or the look at the maps proves nothing"
    return modules, has_libarchive


def test_importing_signedvfs_imports_nothing_else() -> None:
    modules, has_libarchive = _after("")
    assert modules == OURS
    assert not has_libarchive


def test_reading_a_zip_archive_imports_nothing_and_leaves_libarchive_alone(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive({"a.py": b"A = 1\n"})
    then = """
key = signedvfs.PublicKey(sys.argv[2])
vfs = signedvfs.open(sys.argv[3], signedvfs.TrustPolicy([key]))
vfs.verify_all()
assert vfs.read("a.py") == b"A = 1\\n"
"""
    text = repr(key.public_key).split("'")[1]
    modules, has_libarchive = _after(then, text, str(archive))
    assert modules == OURS
    assert not has_libarchive
