"""What people do with `python -m` and with restarts, on an archive."""

from __future__ import annotations

from tests.jobs.conftest import Program

RESTARTING = """
import os, sys
print("life", os.environ.get("LIFE", "1"), type(__loader__).__module__, flush=True)
if "LIFE" not in os.environ:
    os.environ["LIFE"] = "2"
    os.execv(sys.executable, [sys.executable] + sys.argv)
"""

# A worker of the same program, found by its module.
WORKERS = """
import json, subprocess, sys

def ask(number):
    words = [sys.executable, "-m", "worker", str(number)]
    return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)

print([ask(number) for number in range(3)])
"""
WORKER = """
import json, sys
print(json.dumps([int(sys.argv[1]) ** 2, type(__loader__).__module__]))
"""


def test_a_program_that_restarts_itself(program: Program) -> None:
    done = program({"program.py": RESTARTING})
    assert done.out == "life 1 signedvfs\nlife 2 signedvfs\n"


def test_a_program_that_starts_its_own_modules(program: Program) -> None:
    files = {"program.py": WORKERS, "worker.py": WORKER}
    assert program(files).out == "[[0, 'signedvfs'], [1, 'signedvfs'], [4, 'signedvfs']]\n"
