"""Sequences of calls against a model that says what may run (sequences.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("sequences.py")


def run(seed: int, directory: Path, *more: str) -> subprocess.CompletedProcess[str]:
    directory.mkdir()
    return subprocess.run(
        [sys.executable, "-I", str(PROGRAM), str(seed), str(directory), "100", *more],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("seed", range(16))
def test_nothing_runs_but_what_may(tmp_path: Path, seed: int) -> None:
    done = run(seed, tmp_path / "places")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("steps 100 ran ")


def test_the_model_notices_a_hole(tmp_path: Path) -> None:
    # Which sequences go through it is a matter of chance: the first that does is enough.
    ends = (run(seed, tmp_path / str(seed), "hole").stderr for seed in range(24))
    assert any("AssertionError" in end for end in ends)


def test_the_sequences_come_to_everything(tmp_path: Path) -> None:
    tally: Counter[str] = Counter()
    for seed in range(8):
        done = run(seed, tmp_path / str(seed))
        assert done.returncode == 0, done.stderr
        tally.update(json.loads(done.stdout.splitlines()[-2]))
    calls = "install uninstall lock believe trust_elsewhere protect bring forget fork chdir"
    changes = "replace link remove_manifest go_around"
    ends = ["reload runs", "reload IntegrityCheckMissing", "around runs", "around is refused"]
    ends += [f"import {end}" for end in ("runs", "IntegrityCheckMissing", "IntegrityCheckFailed")]
    assert [one for one in (*calls.split(), *changes.split(), *ends) if not tally[one]] == []
