"""Programs are started, timed and shown: bench/launching.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import freezers
import launch_tables
import starting
from signedvfs.building import BuildError
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import python_library

BENCH = Path(freezers.__file__).parent

ANSWERS_ONCE = """
import socket, sys
server = socket.socket(fileno=int(sys.argv[1]))
client, _ = server.accept()
client.recv(100)
{}
client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\ntea")
client.close()
"""


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return starting.make_starter(tmp_path_factory.mktemp("starter"))


def application(*words: str, serves: bool = False) -> starting.Application:
    return starting.Application("a program", "program", words, "", (), serves)


def start(starter: Path, code: str, program: starting.Application) -> dict[str, Any]:
    return starting.start(starter, [sys.executable, "-I", "-S", "-c", code], program, os.environ)


def test_a_program_is_timed(starter: Path) -> None:
    code = "import sys, time; time.sleep(0.2); block = b'x' * (64 << 20); print(sys.argv[1:])"
    found = start(starter, code, application("a", "b c"))
    assert found["said"] == "['a', 'b c']\n"
    assert found["wall_ms"] >= 200
    assert found["cpu_ms"] > 0
    assert found["peak_kb"] >= 64 << 10


def test_the_memory_of_whoever_starts_it_does_not_count(starter: Path) -> None:
    block = b"x" * (128 << 20)
    found = start(starter, "pass", application())
    assert found["peak_kb"] < len(block) >> 10


def test_a_service_is_timed_until_its_answer(starter: Path) -> None:
    late = ANSWERS_ONCE.format("") + "\nimport time; time.sleep(1); print('end')"
    found = start(starter, late, application(serves=True))
    assert found["said"] == "teaend\n"
    early = ANSWERS_ONCE.format("import time; time.sleep(0.3)")
    assert start(starter, early, application(serves=True))["wall_ms"] >= 300


@pytest.mark.parametrize("serves", [False, True])
def test_what_fails_says_why(starter: Path, serves: bool) -> None:
    with pytest.raises(starting.StartError, match=r"exit status 1:\n(.*\n)*.*no such luck"):
        start(starter, "raise SystemExit('no such luck')", application(serves=serves))
    with pytest.raises(starting.StartError, match="exit status 127"):
        starting.start(starter, ["/nowhere"], application(serves=serves), os.environ)


def test_a_service_has_to_answer(starter: Path) -> None:
    with pytest.raises(starting.StartError, match="has not answered"):
        start(starter, "print('hello')", application(serves=True))


def test_the_table() -> None:
    def rounds(*times: float) -> list[dict[str, float]]:
        return [{"wall_ms": one, "cpu_ms": one / 2, "peak_kb": 20480} for one in times]

    facts = {"size": 2_500_000, "needs_python": False, "modules": 30}
    results = {
        "machine": {"python": "3.11.7", "cpu": "a chip", "cores": 2, "load": 0.5,
                    "when": "2026-11-29T20:00:00+00:00"},
        "rounds": 3,
        "applications": {"hello": {
            "title": "hello world",
            "rounds": {freezers.BASE: rounds(10, 20, 30), freezers.OURS: rounds(20, 60, 45)},
            "cold": {freezers.OURS: rounds(500)},
            "facts": {freezers.BASE: {**facts, "needs_python": True}, freezers.OURS: facts},
            "failed": {freezers.SHIV: "first\nlast"},
        }},
    }  # fmt: skip
    lines = launch_tables.compose(results).splitlines()
    assert "| `python3 -I -S` | 1.00 | 20 | 10 | 10 | 2.5 and Python | 20 | 30 |  |" in lines
    # Ratios are those of rounds: 2, 3 and 1.5.
    assert "| signedvfs | 2.00 | 45 | 20 | 22 | 2.5 | 20 | 30 | 500 |" in lines
    assert lines[-1] == f"{freezers.SHIV} is out: last"


def test_all_say_the_same(tmp_path: Path) -> None:
    try:
        launcher_path()
        python_library(Linker())
    except BuildError as error:  # without static libraries or libpython
        pytest.skip(str(error))
    numbers = tmp_path / "numbers.json"
    done = subprocess.run(
        [sys.executable, BENCH / "launching.py", "--smoke", "--work", tmp_path / "work",
         "--json", numbers],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(numbers.read_text(encoding="utf-8"))["applications"]["hello"]
    assert found["failed"] == {}
    assert {name: len(answers) for name, answers in found["rounds"].items()} == dict.fromkeys(
        freezers.QUICK, 2
    )
    assert all(name in done.stdout for name in freezers.QUICK)
