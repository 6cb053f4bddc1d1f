"""Checks that all contenders agree, on small things: the bench's part in the test suite."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import corpora
import distributions
import imports
import opening
import signedvfs
import startup
from race import Race


def require(race: Race, contenders: int) -> None:
    """Ends the program unless so many contenders came through."""
    if race.failed or len(race.rounds) != contenders:
        raise SystemExit(f"contenders failed: {race.failed or 'none took part'}")


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
        _, imported = imports.run(corpus, directory, work, key, 1, with_peers=False)
        require(imported, 11)
        for place, race, contenders in (
            ("open", opening.run, 2),
            ("points", distributions.run, 3),
        ):
            (directory / place).mkdir()
            require(race(directory / place, key, 100, 1), contenders)
        require(startup.run(directory, key, 1), 2)
    print("all ways agree")
