"""What shows errors does so with an archive on the path that is refused: each way, in each state.

Every part of the standard library that asks a loader, a finder or linecache while it shows
something has a row here. The states are those of the archive that the program comes from, and of
one that stands in front of it. All is done in a fresh interpreter, so that what a part of the
library imports for showing is imported past the refused archive, too.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

import signedvfs
from tests.importer.showing_ways import WAYS
from tests.importer.workshop import Workshop

MODULE = '''
"""A module.

>>> f()
"""
import warnings

class Late:
    def __del__(self):
        raise KeyError("users")

def f():
    raise KeyError("users")

def g():
    try:
        f()
    except KeyError:
        raise ValueError("outer")

def misspelled():
    import string
    return string.capword

def misspelled_import():
    from string import capword

def missing():
    import pkg.missing

def make():
    return bytearray(1000)

def w():
    warnings.warn("users")

async def work():
    f()
'''

FILES: dict[str, bytes | str] = {"m.py": MODULE, "pkg/__init__.py": ""}

# What is done to which archive once the program runs.
STATES = {
    "tampered since": "overwrite(PATH)",
    "tampered in front": "overwrite(FRONT); sys.path.insert(0, FRONT)",
    "unsigned in front": "sys.path.insert(0, UNSIGNED)",
    "no archive in front": "open(FRONT, 'w').write('PK'); sys.path.insert(0, FRONT)",
    "gone": "os.remove(PATH); importlib.invalidate_caches()",
}

# Runs one way after the other, and says what each has shown.
SCRIPT = """
import importlib, json, os, sys, signedvfs
PATH, FRONT, UNSIGNED, STATE, PUBLIC, WAYS = json.load(sys.stdin)
signedvfs.trust(signedvfs.PublicKey.load(PUBLIC))
signedvfs.hook.install()
sys.path.insert(0, PATH)
import m, pkg
names = vars(m).copy()

def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"x" * os.fstat(file.fileno()).st_size)

exec(STATE)
shown = {}
for name, text in WAYS.items():
    # By descriptor: also the interpreter itself writes there.
    file = os.open(PATH + ".shown", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    kept = os.dup(1), os.dup(2)
    os.dup2(file, 1), os.dup2(file, 2)
    failed = None
    try:
        exec(compile(text, "<way>", "exec"), {"m": m, "sys": sys, "PATH": PATH})
    except BaseException as error:
        failed = repr(error)
    sys.stdout.flush(), sys.stderr.flush()
    os.dup2(kept[0], 1), os.dup2(kept[1], 2)
    with open(PATH + ".shown") as read:
        shown[name] = [failed, read.read()]
    for one in (file, *kept): os.close(one)
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def show(
    tmp_path_factory: pytest.TempPathFactory, key: signedvfs.PrivateKey
) -> functools._lru_cache_wrapper[dict[str, tuple[str | None, str]]]:
    """Show everything in one state; once."""

    @functools.lru_cache(None)
    def run(state: str) -> dict[str, tuple[str | None, str]]:
        workshop = Workshop(tmp_path_factory.mktemp("shown"), key)
        paths = [
            workshop.zip("app.zip", FILES, compression=0),
            workshop.zip("front.zip", {"other.py": "x = 1\n" * 500}),
            workshop.plain_zip("unsigned.zip", {"other.py": ""}),
        ]
        given = [*map(str, paths), STATES[state], str(workshop.public_path)]
        ways = {name: text for name, (_, text) in WAYS.items()}
        done = subprocess.run(
            [sys.executable, "-I", "-c", SCRIPT],
            input=json.dumps([*given, ways]),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=Path(workshop.directory),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        shown: dict[str, tuple[str | None, str]] = json.loads(done.stdout)
        return shown

    return run


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("way", WAYS)
def test_it_is_shown(
    show: functools._lru_cache_wrapper[dict[str, tuple[str | None, str]]], state: str, way: str
) -> None:
    failed, text = show(state)[way]
    assert failed is None, text
    assert any(one in text for one in WAYS[way][0].split("|")), text
    if way not in ("module that is missing", "unittest that cannot load"):
        assert "IntegrityCheck" not in text
