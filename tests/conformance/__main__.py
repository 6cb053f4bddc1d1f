"""Runs CPython's own tests with signedvfs, or with zipimport itself, and prints how they went.

python -m tests.conformance --importer zipimport   shows that the tests pass as they are run here.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .environment import Environment
from .junit import write_junit
from .outcomes import EXCLUDED, FAILED, PASSED, SKIPPED, Outcome, load


def run_suites(importer: str, pattern: str = "") -> list[Outcome]:
    test = importlib.util.find_spec("test.test_zipimport")
    assert test is not None and test.origin is not None
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        environment = Environment(Path(scratch))
        environment.create(importer, Path(test.origin).parent)
        command = [*environment.command(), pattern]
        if importer == "zipimport":
            command.append("--everything")
        subprocess.run(command, cwd=environment.working_directory, check=True)
        return load(environment.results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--importer", default="signedvfs")
    parser.add_argument("--report", type=Path)
    parser.add_argument("-k", default="")
    options = parser.parse_args()
    started = time.perf_counter()
    outcomes = run_suites(options.importer, options.k)
    counts = Counter(o.verdict for o in outcomes)
    for o in outcomes:
        if o.verdict == FAILED:
            print("FAILED", o.test, o.detail, sep="\n")
    for o in outcomes:
        if o.verdict == FAILED:
            print("FAILED", o.test, o.detail.strip().splitlines()[-1])
    print(counts, f"{time.perf_counter()-started:.1f}")
    return 0

main()
