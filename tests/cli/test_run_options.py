"""run: its options are read without a parser, to the same effect as with it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pytest

from signedvfs.cli import _parser
from signedvfs.cli.running import options

FRONTS = [
    [],
    ["--trust", "a.pub"],
    ["--trust=a.pub", "--trust", "b=.pub"],
    ["--trust-dir", "d", "--trust-dir", "e"],
    ["--threshold", "2", "--name", "x", "--name", "y", "--min-serial=0"],
    ["--revoked", "k.pub", "--legacy", "--limit", "members=5", "--limit=ratio=0"],
    ["--scope", "k.pub name=x", "--scope=k.pub max-serial=4"],
    ["-m", "pkg.mod"],
    ["-c", "print(1)"],
    ["-I"],
    ["--isolated", "--no-isolated"],
    ["--no-isolated", "-I"],
    ["--threshold", "1", "--threshold", "3"],
    ["--name", "a b", "--name", "\u00e4"],
]
BEHIND = [[], ["--"], ["--trust", "x"], ["-m", "x", "--", "-c", "y"], ["--help"], ["", "-"]]
# What the parser has to look at: it is wrong, or rare.
ODD = [
    ["--threshold", "x", "app.zip"],
    ["--threshold", "-1", "app.zip"],
    ["--min-serial", "\u0661", "app.zip"],
    ["--limit", "members", "app.zip"],
    ["--limit", "=5", "app.zip"],
    ["--limit", "MEMBERS=5", "app.zip"],
    ["--trust"],
    ["--trust", "--name", "app.zip"],
    ["--tru", "a.pub", "app.zip"],
    ["--legacy=yes", "app.zip"],
    ["--at", "+90d", "app.zip"],
    ["-mpkg", "app.zip"],
    ["-x", "app.zip"],
    ["--help"],
    ["--", "app.zip"],
    [""],
    [],
]


def parsed(words: list[str]) -> dict[str, Any]:
    """What the parser makes of the words behind `run`."""
    return vars(_parser(["run"]).parse_args(["run", *words]))


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("front", FRONTS)
def test_reads_what_the_parser_reads(front: list[str], behind: list[str]) -> None:
    read = options.read([*front, "app.zip", *behind])
    assert read is not None
    theirs = parsed([*front, "app.zip", *behind])
    ours = vars(read)
    for words in (ours, theirs):
        # The parser drops a "--", which `run` puts back.
        words["program_arguments"] = [w for w in words["program_arguments"] if w != "--"]
    assert ours == {name: theirs[name] for name in ours}
    assert set(theirs) - set(ours) == {"command", "json", "quiet", "name_of_command"}


@pytest.mark.parametrize("words", ODD)
def test_leaves_the_rest_to_the_parser(words: list[str]) -> None:
    assert options.read(words) is None


def test_knows_every_option() -> None:
    (commands,) = (
        action
        for action in _parser(["run"])._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    run = commands.choices["run"]
    known = {word: action.dest for action in run._actions for word in action.option_strings}
    del known["-h"], known["--help"]
    assert known == {word: option.to for word, option in options.OPTIONS.items()}


@pytest.mark.parametrize("front", [*FRONTS, ["--at", "2027-06-30T12:00:00Z"], ["--at", "+1d"]])
def test_what_is_restated_means_the_same_elsewhere(
    front: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "k.pub").write_text("a key\n")
    monkeypatch.chdir(tmp_path)
    given = argparse.Namespace(**parsed([*front, "app.zip"]))
    words = options.restated(given, ["one.pub", "/keys/two.pub"])
    monkeypatch.chdir("/")
    again = parsed([*words, "app.zip"])
    assert again.pop("trust") == [str(tmp_path / "one.pub"), "/keys/two.pub"]
    assert again.pop("trust_dir") == []
    expected = vars(given)
    expected["revoked"] = [str(tmp_path / "k.pub") for _ in expected["revoked"]]
    expected["scope"] = [f"{tmp_path}/{scope}" for scope in expected["scope"]]
    for name in ("trust", "trust_dir", "module", "code"):
        expected.pop(name)
        again.pop(name, None)
    assert again == expected
    assert not any(os.path.lexists(word) and not os.path.isabs(word) for word in words)  # noqa: PTH117  # words, not paths


def test_a_ring_is_no_option_any_more() -> None:
    given = argparse.Namespace(**parsed(["--trust-dir", "d", "app.zip"]))
    assert options.restated(given, ["/d/a.pub"]) == ["--trust", "/d/a.pub"]
