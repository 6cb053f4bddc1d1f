"""Times how programs start that are made of the same application by signedvfs, by freezers and by
others: hello world, a small tool, and a service until its first answer.

All are started in turn, and shown first to say the same. Everything is installed and made below
--work, once; what signedvfs makes is made each time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

import freezers
import launch_tables
import machine
import starting
from starting import Application, StartError

APPLICATIONS = {
    "hello": Application("hello world", "launch_hello", (), "", ()),
    "tool": Application(
        "click and requests", "launch_tool", ("--of", "sencha"), "--of sencha",
        ("click==8.5.1", "requests==2.34.2"),
    ),
    "service": Application(
        "Flask, until its first answer", "launch_service", (), "itself", ("flask==3.1.3",),
        serves=True,
    ),
}  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--applications", nargs="+", default=list(APPLICATIONS), choices=APPLICATIONS,
        metavar="NAME", help=f"what to start: {' '.join(APPLICATIONS)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--contenders", nargs="+", choices=freezers.MAKERS, metavar="NAME",
        help=f"only these, of: {', '.join(freezers.MAKERS)}",
    )  # fmt: skip
    parser.add_argument("--nuitka", action="store_true", help="Nuitka, too: it takes minutes")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--cold", type=int, nargs="?", const=5, default=0, metavar="ROUNDS",
        help="also start each from a cold page cache, so often (default: 5); it drops that of the "
        "whole machine, and only root may",
    )  # fmt: skip
    parser.add_argument("--work", type=Path, default=Path("build/bench/launching"))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there")
    parser.add_argument(
        "--smoke", action="store_true",
        help="two rounds of hello world with few contenders, which need no package index",
    )  # fmt: skip
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.applications, arguments.rounds = ["hello"], 2
        arguments.contenders = arguments.contenders or freezers.QUICK
    if arguments.contenders is None:
        slow = () if arguments.nuitka else freezers.SLOW
        arguments.contenders = [one for one in freezers.MAKERS if one not in slow]
    if freezers.BASE not in arguments.contenders:
        arguments.contenders = [freezers.BASE, *arguments.contenders]
    if arguments.cold and not os.access(starting.DROP_CACHES, os.W_OK):
        parser.error(f"--cold: {starting.DROP_CACHES} cannot be written")
    return arguments


def size_of(path: Path) -> int:
    """Returns the bytes of a file, or of all files of a directory."""
    if path.is_file():
        return path.stat().st_size
    files = (one for one in path.rglob("*") if one.is_file() and not one.is_symlink())
    return sum(one.stat().st_size for one in files)


class Contest:
    """One application, made and started by all contenders."""

    def __init__(self, application: Application, work: Path, starter: Path) -> None:
        self.application = application
        self.shop = freezers.Workshop(work, application)
        self.starter = starter
        self.made: dict[str, freezers.Made] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, str] = {}
        self.environment = {
            name: text for name, text in os.environ.items() if not name.startswith("PYTHON")
        }
        self.environment["SHIV_ROOT"] = str(work / "shiv-cache")

    def start(self, name: str, *more: str) -> dict[str, Any]:
        return starting.start(
            self.starter, self.made[name].command, self.application, self.environment, *more
        )

    def prepare(self, contenders: list[str]) -> None:
        """Makes them all, and has each show that it says what the first one says."""
        self.shop.prepare()
        expected = ""
        for name in tqdm(contenders, desc=f"{self.application.name}: making", file=sys.stderr):
            try:
                made = freezers.MAKERS[name](self.shop)
                self.made[name] = made
                said = self.start(name)["said"]
                modules = int(self.start(name, "--modules")["said"].split()[-1])
            except (freezers.MakeError, StartError, OSError, ValueError) as error:
                self.drop(name, str(error))
                continue
            expected = expected or said
            if said != expected:
                self.drop(name, f"it says {said!r}, and not {expected!r}")
                continue
            self.facts[name] = {
                "size": size_of(made.shipped), "needs_python": made.needs_python,
                "modules": modules,
            }  # fmt: skip

    def drop(self, name: str, reason: str) -> None:
        self.made.pop(name, None)
        self.facts.pop(name, None)
        self.failed[name] = reason
        print(f"{self.application.name}: {name} is out:\n{reason}", file=sys.stderr)

    def race(self, rounds: int, *, cold: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Starts all in turn, so often; what whoever failed has shown so far does not count."""
        found: dict[str, list[dict[str, Any]]] = {}
        title = f"{self.application.name}{', cold' if cold else ''}"
        for number in tqdm(range(rounds), desc=title, unit="round", file=sys.stderr):
            # Each comes after each other one equally often.
            running = list(self.made)
            begin = number % len(running)
            for name in running[begin:] + running[:begin]:
                if cold:
                    starting.drop_caches()
                try:
                    answer = self.start(name)
                except StartError as error:
                    self.drop(name, str(error))
                    continue
                answer.pop("said")
                found.setdefault(name, []).append(answer)
        return {name: answers for name, answers in found.items() if name in self.made}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    work = arguments.work.resolve() / platform.python_version()
    work.mkdir(parents=True, exist_ok=True)
    starter = starting.make_starter(work)
    results: dict[str, Any] = {
        "machine": machine.describe(), "rounds": arguments.rounds, "applications": {},
    }  # fmt: skip
    for name in arguments.applications:
        contest = Contest(APPLICATIONS[name], work, starter)
        contest.prepare(arguments.contenders)
        rounds = contest.race(arguments.rounds)
        cold = contest.race(arguments.cold, cold=True) if arguments.cold else {}
        results["applications"][name] = {
            "title": APPLICATIONS[name].name, "rounds": rounds, "cold": cold,
            "facts": contest.facts, "failed": contest.failed,
        }  # fmt: skip
    return results


def main() -> None:
    arguments = parse_arguments()
    results = measure(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(launch_tables.compose(results))
    broken = [
        f"{found['title']}: {name}"
        for found in results["applications"].values()
        for name in found["failed"]
        if name in freezers.OURS_ALL
    ]
    if broken:
        raise SystemExit(f"not everything could be started: {', '.join(broken)}")


if __name__ == "__main__":
    main()
