"""Every code block of the README and of the documentation does what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, Block, begins_with, blocks_of
from tests.docs.runner import ExampleError, Scratch


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path) -> None:
    directory = tmp_path / "scratch"
    directory.mkdir()
    scratch = Scratch(directory, begins_with(page))
    for block in blocks_of(page):
        scratch.run(block)


def test_there_are_pages_with_examples() -> None:
    kinds = {block.language for page in PAGES for block in blocks_of(page)}
    assert kinds >= {"python", "sh", "console", "output"}


# What would make the test above worth nothing if it passed.
BROKEN = {
    "a program that fails": [Block("python", "", "import no_such_module", "")],
    "a warning": [Block("python", "", "import warnings; warnings.warn('old')", "")],
    "a failing line inside of a script": [Block("sh", "", "false\ntrue\n", "")],
    "a failing command": [Block("console", "", "$ false\n", "")],
    "other output of a command": [Block("console", "", "$ echo one\ntwo\n", "")],
    "output that is not shown": [Block("console", "", "$ echo one\n", "")],
    "a console without a command": [Block("console", "", "echo one\n", "")],
    "other output": [Block("sh", "", "echo one", ""), Block("output", "", "two\n", "")],
    "output of nothing": [Block("output", "", "one\n", "")],
    "output that has been compared": [
        Block("sh", "", "echo one", ""),
        Block("output", "", "one\n", ""),
        Block("output", "", "one\n", ""),
    ],
    "an unknown language": [Block("ruby", "", "", "")],
    "no language": [Block("", "", "echo one", "")],
    "an unknown word": [Block("sh", "unchecked", "echo one", "")],
    "no JSON": [Block("json", "", "{", "")],
    "an unknown make target": [Block("sh", "checkout", "make coffee", "")],
    "an unknown extra": [Block("sh", "checkout", "pip install '.[coffee]'", "")],
    "an unknown script": [Block("sh", "checkout", "scripts/coffee.sh", "")],
    "an unknown option": [Block("sh", "usage", "signedvfs key app.pub --coffee", "")],
    "CMake that nobody builds": [Block("cmake", "", "find_package(coffee)", "")],
}


@pytest.mark.parametrize("blocks", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_found(blocks: list[Block], tmp_path: Path) -> None:
    directory = tmp_path / "scratch"
    directory.mkdir()
    scratch = Scratch(directory, [])
    *before, last = blocks
    for block in before:
        scratch.run(block)
    with pytest.raises(ExampleError):
        scratch.run(last)


def test_what_stands_for_anything(tmp_path: Path) -> None:
    directory = tmp_path / "scratch"
    directory.mkdir()
    scratch = Scratch(directory, [])
    command = "$ printf '%s\\n' one two 'three four' five"
    scratch.run(Block("console", "", f"{command}\none\n...\nthr... f<any word>r\nfive\n", ""))
    with pytest.raises(ExampleError):
        scratch.run(Block("console", "", f"{command}\none\n...\nfour ...\nfive\n", ""))
    with pytest.raises(ExampleError):
        scratch.run(Block("console", "", f"{command}\none\n...\n<five>\n", ""))
