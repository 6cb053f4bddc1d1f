"""Checks that all contenders agree, on small things, that the check can fail, and that the report
shows what was measured: the bench's part in the test suite."""

from __future__ import annotations

import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

import corpora
import describe
import directories
import distributions
import hello
import imports
import machine
import native
import opening
import report
import signedvfs
import startup
import targets
import virtual_files
from race import Race


def require(race: Race, contenders: int) -> None:
    """Ends the program unless so many contenders came through."""
    if race.failed or len(race.rounds) != contenders:
        raise SystemExit(f"contenders failed: {race.failed or 'none took part'}")


def require_differences() -> None:
    """Ends the program unless other code is described otherwise, wherever it is from."""

    def digest(source: str, file: str = "a.py") -> str:
        return describe.digest(compile(source, file, "exec"))

    source = "def f(x): return x + 1"
    others = ("def f(x): return x + 2", "def f(x): return x - 1", "def f(x): return y + 1")
    if digest(source) != digest(source, "b.py"):
        raise SystemExit("the same code from elsewhere is described otherwise")
    if digest(source) in map(digest, others):
        raise SystemExit("other code is described as the same")


def require_report(directory: Path, facts: dict[str, Any], imported: Race) -> None:
    """Ends the program unless the report has everybody, and takes one corpus for no mean."""
    imports = {"email": {**facts, "rounds": imported.rounds, "failed": {"nobody": "out"}}}
    results = {
        platform.python_version(): {"machine": machine.describe(), "rounds": 1, "imports": imports}
    }
    text = report.compose(directory, results)
    missing = [name for name in (*imported.rounds, "nobody") if name not in text]
    if missing:
        raise SystemExit(f"the report lacks {', '.join(missing)}")
    if {verdict.text for verdict in targets.verdicts(results)} != {"not measured"}:
        raise SystemExit("the report meets targets that nobody has measured")


def run(work: Path, key: signedvfs.PrivateKey) -> None:
    """One round of everything that needs no package index."""
    with tempfile.TemporaryDirectory(dir=work) as name:
        directory = Path(name)
        corpus = corpora.Corpus("email", directory / "corpus", ["email.mime.text"])
        shutil.copytree(
            Path(shutil.__file__).with_name("email"),
            corpus.source / "email",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        require_differences()
        facts, imported = imports.run(corpus, directory, work, key, 1, with_peers=False)
        require(imported, 11)
        require_report(directory, facts, imported)
        for place, race, contenders in (
            ("open", opening.run, 2),
            ("points", distributions.run, 3),
        ):
            (directory / place).mkdir()
            require(race(directory / place, key, 100, 1), contenders)
        require(startup.run(directory, key, 1), 2)
        require(hello.run(directory, key, 1), 2)
        (directory / "directories").mkdir()
        require(directories.run(directory / "directories", key, 40, 1), 4)
        (directory / "files").mkdir()
        virtual_files.run(directory / "files", key, rounds=1, repeats=1)
        (directory / "native").mkdir()
        native.compare_sizes(directory / "native", key, rounds=1, copies={"20 KB": 3, "2 MB": 1})
    print("all ways agree")
