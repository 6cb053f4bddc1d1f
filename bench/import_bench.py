"""Measures signedvfs beside zipimport, files, a floor and peers, on one Python.

Times imports of several corpora, opening large archives, start-up, `run`, entry_points() and
signing; checks first that all contenders end with the same modules, code and answers. Writes one
JSON file, which report.py and plots.py read.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import corpora
import directories
import distributions
import hello
import imports
import machine
import managed
import names
import native
import opening
import parts
import sampling
import signedvfs
import smoke
import startup
import virtual_files
from race import Race

MIN_ROUNDS = 11
MEMBERS = [1_000, 10_000, 100_000]
DIRECTORY = 2_000  # modules
MEASURES = [
    *("imports", "opening", "startup", "hello", "entry_points", "sampled", "parts"),
    *("signing", "virtual_files", "native", "directories", "managed"),
]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--corpora", nargs="+", default=names.CORPORA, choices=names.CORPORA, metavar="NAME",
        help=f"what to import: {' '.join(names.CORPORA)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--contenders", nargs="+", default=[], metavar="NAME", help="only these (default: all)"
    )
    parser.add_argument(
        "--measures", nargs="+", default=MEASURES, choices=MEASURES, metavar="MEASURE",
        help=f"what to measure: {' '.join(MEASURES)} (default: all)",
    )  # fmt: skip
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="where files go")
    parser.add_argument("--rounds", type=int, default=15, help=f"at least {MIN_ROUNDS}")
    parser.add_argument(
        "--members", type=int, nargs="+", default=MEMBERS, help="sizes of the archives to open"
    )
    parser.add_argument(
        "--stdlib-from-files", action="store_true",
        help="leave what packages use of the standard library out of their corpora",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there")
    parser.add_argument(
        "--smoke", action="store_true", help="only check that all ways agree, on small things"
    )
    arguments = parser.parse_args()
    if arguments.rounds < MIN_ROUNDS:
        parser.error(f"--rounds {arguments.rounds}: fewer than {MIN_ROUNDS} rounds say nothing")
    return arguments


def as_json(result: Race) -> dict[str, Any]:
    return {"rounds": result.rounds, "failed": result.failed}


def measure(arguments: argparse.Namespace, key: signedvfs.PrivateKey) -> tuple[Any, list[str]]:
    """Returns all results, and the contenders that failed and should not have."""
    results: dict[str, Any] = {"machine": machine.describe(), "rounds": arguments.rounds}
    broken: list[str] = []

    def note(title: str, result: Race) -> dict[str, Any]:
        broken.extend(f"{title}: {name}" for name in result.broken)
        return as_json(result)

    work: Path = arguments.work
    if "imports" in arguments.measures:
        results["imports"] = {}
        for name in arguments.corpora:
            corpus = corpora.make(name, work, closed=not arguments.stdlib_from_files)
            with tempfile.TemporaryDirectory(dir=work) as directory:
                facts, result = imports.run(
                    corpus, Path(directory), work, key, arguments.rounds, arguments.contenders
                )
            results["imports"][name] = {**facts, **note(f"import {name}", result)}
    if "opening" in arguments.measures:
        results["opening"] = {}
        for members in arguments.members:
            with tempfile.TemporaryDirectory(dir=work) as directory:
                result = opening.run(Path(directory), key, members, arguments.rounds)
            results["opening"][str(members)] = note(f"open {members}", result)
    if "startup" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            result = startup.run(Path(directory), key, arguments.rounds)
        results["startup"] = note("start-up", result)
    if "hello" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            result = hello.run(Path(directory), key, 2 * arguments.rounds)
        results["hello"] = note("hello world", result)
    if "entry_points" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            result = distributions.run(Path(directory), key, 50, arguments.rounds)
        results["entry_points"] = note("entry_points()", result)
    if "directories" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            result = directories.run(Path(directory), key, DIRECTORY, arguments.rounds)
        results["directories"] = note("signed directories", result)
    if "virtual_files" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            results["virtual_files"] = virtual_files.run(Path(directory), key, arguments.rounds)
    if "native" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            results["native"] = native.run(Path(directory), key, arguments.rounds)
    if "managed" in arguments.measures:
        with tempfile.TemporaryDirectory(dir=work) as directory:
            result = managed.run(Path(directory).resolve(), key, arguments.rounds)
        results["managed"] = note("web application", result)
    if "sampled" in arguments.measures:
        corpus = corpora.make("sympy", work, closed=not arguments.stdlib_from_files)
        with tempfile.TemporaryDirectory(dir=work) as directory:
            results["sampled"] = sampling.run(corpus, Path(directory), work, key)
    if "parts" in arguments.measures:
        corpus = corpora.make("sympy", work, closed=not arguments.stdlib_from_files)
        with tempfile.TemporaryDirectory(dir=work) as directory:
            results["parts"] = parts.run(
                corpus, Path(directory), work, key, arguments.rounds,
                results.get("sampled", {}).get("kinds", {}),
            )  # fmt: skip
    if "signing" in arguments.measures:
        results["signing"] = signing(work, arguments.rounds)
    return results, broken


def signing(work: Path, rounds: int) -> dict[str, Any]:
    """Compares signing with sha256sum, where that benchmark is there."""
    try:
        import signing_bench
    except ModuleNotFoundError:
        return {}
    with tempfile.TemporaryDirectory(dir=work) as directory:
        found: dict[str, Any] = signing_bench.measure(Path(directory), rounds)
    return found


def main() -> None:
    arguments = parse_arguments()
    # Python's own finder makes paths absolute; the others keep them as they are given.
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    key = signedvfs.PrivateKey.generate()
    if arguments.smoke:
        smoke.run(arguments.work, key)
        return
    results, broken = measure(arguments, key)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if broken:
        sys.exit("failed: " + "; ".join(broken))


if __name__ == "__main__":
    main()
