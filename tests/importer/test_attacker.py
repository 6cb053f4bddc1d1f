"""An attacker process rewrites the archive while modules are imported from it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.importer.workshop import Workshop

MODULES = 20
IMPORTS = 2500  # per way of writing: 10,000 altogether
LENGTH = 200
GOOD = 'v = "good"\n'
EVIL = 'import builtins\nbuiltins.evil = True\nv = "evil"\n'

# Puts the evil archive in place of the good one and back, as fast as it can.
ATTACKER = """
    import mmap, os, sys
    way, path, good_path, evil_path = sys.argv[1:]
    good, evil = open(good_path, "rb").read(), open(evil_path, "rb").read()
    assert len(good) == len(evil)
    fd = os.open(path, os.O_RDWR)
    shared = mmap.mmap(fd, len(good))

    def mapping(content):
        shared[:] = content

    def pwrite(content):
        os.pwrite(fd, content, 0)

    def rename(content):
        with open(path + ".next", "wb") as file:
            file.write(content)
        os.rename(path + ".next", path)

    def truncate(content):
        os.ftruncate(fd, 0)
        os.pwrite(fd, content, 0)

    write = locals()[way]
    print("ready", flush=True)
    while True:
        write(evil)
        write(good)
"""

# Imports the modules again and again; says what came of it.
VICTIM = """
    import builtins, importlib, sys, zipimport
    path, count, modules = {path!r}, {count}, {modules}
    sys.path.insert(0, path)
    importlib.import_module("m0")
    outcome = {{"good": 0, "evil": 0, "refused": 0}}
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(40 * count):
        if {enough}:
            break
        name = f"m{{turn % modules}}"
        sys.modules.pop(name, None)
        try:
            outcome[importlib.import_module(name).v] += 1
        except {refusal}:
            outcome["refused"] += 1
        if turn % 25 == 24:
            {now_and_then}
    # A piece of the evil text may have run in the middle of the good one, with one effect or two.
    outcome["evil"] += hasattr(builtins, "evil")
    print(outcome)
"""

# The attack has to reach what is read, and must not be all that is ever read.
OURS_ENOUGH = 'turn >= count and outcome["good"] and outcome["refused"]'
THEIRS_ENOUGH = 'outcome["evil"] or hasattr(builtins, "evil")'
# Opening is attacked as well. What the hook has refused once stays refused, so this asks others.
OURS_NOW_AND_THEN = "open_anew()"
OPEN_ANEW = """
    def open_anew():
        try:
            signedvfs.open(path).read("m1.py")
        except signedvfs.IntegrityCheckError:
            outcome["refused"] += 1
"""

WAYS = ["mapping", "pwrite", "rename", "truncate"]


def archives(workshop: Workshop, index: bool = False) -> tuple[Path, Path]:
    """Make a signed archive and an evil twin of the same layout."""
    good = {f"m{i}.py": GOOD.ljust(LENGTH, "#") for i in range(MODULES)}
    path = workshop.zip("good.zip", good, compression=zipfile.ZIP_STORED, index=index)
    genuine = path.read_bytes()
    evil = genuine.replace(GOOD.ljust(LENGTH, "#").encode(), EVIL.ljust(LENGTH, "#").encode())
    assert len(evil) == len(genuine)
    assert evil.count(b"builtins.evil") == MODULES
    twin = workshop.directory / "evil.zip"
    twin.write_bytes(evil)
    return path, twin


@contextmanager
def attacker(way: str, target: Path, good: Path, evil: Path) -> Iterator[None]:
    command = [sys.executable, "-c", textwrap.dedent(ATTACKER)]
    process = subprocess.Popen([*command, way, target, good, evil], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        assert process.poll() is None, "the attacker gave up"
    finally:
        process.kill()
        process.communicate()


def outcome_of(script: str, way: str, target: Path, good: Path, evil: Path) -> dict[str, int]:
    """Run a victim, start the attacker once it has imported its first module."""
    victim = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert victim.stdin is not None
    assert victim.stdout is not None
    first = victim.stdout.readline()
    with attacker(way, target, good, evil):
        output, errors = victim.communicate("go\n", timeout=300)
    assert (first, victim.returncode) == ("ready\n", 0), errors
    return {key: int(value) for key, value in eval(output).items()}


@pytest.mark.parametrize("index", [False, True], ids=["manifest", "index"])
@pytest.mark.parametrize("way", WAYS)
def test_attacker_never_runs_code_through_the_hook(
    workshop: Workshop, way: str, index: bool
) -> None:
    # E1-E8, E11: no execution of attacker code, no crash; refusals are allowed
    good, evil = archives(workshop, index)
    target = workshop.directory / "target.zip"
    target.write_bytes(good.read_bytes())
    script = (
        f"""
    import sys, signedvfs
    signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
    sys.path_hooks.insert(0, signedvfs.hook)
    """
        + OPEN_ANEW
        + VICTIM.format(
            path=str(target),
            count=IMPORTS,
            modules=MODULES,
            enough=OURS_ENOUGH,
            now_and_then=OURS_NOW_AND_THEN,
            refusal="(signedvfs.IntegrityCheckError, ModuleNotFoundError)",
        )
    )
    outcome = outcome_of(script, way, target, good, evil)
    assert outcome["evil"] == 0
    assert outcome["good"] + outcome["refused"] >= IMPORTS
    assert outcome["good"] > 0
    assert outcome["refused"] > 0


@pytest.mark.parametrize("way", WAYS)
def test_the_same_attacker_succeeds_against_zipimport(workshop: Workshop, way: str) -> None:
    # E1: shows that the test above is able to fail
    good, evil = archives(workshop)
    target = workshop.directory / "target.zip"
    target.write_bytes(good.read_bytes())
    script = VICTIM.format(
        path=str(target),
        count=IMPORTS,
        modules=MODULES,
        enough=THEIRS_ENOUGH,
        now_and_then="pass",
        refusal="Exception",
    )
    assert outcome_of(script, way, target, good, evil)["evil"] > 0
