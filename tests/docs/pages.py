"""What the pages hold: code blocks, what they begin with, and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
OTHER_PAGES = [ROOT / "importer/README.md", ROOT / "bench/README.md"]

# A comment on a page that has its examples begin with an archive and its keys.
_BEGINS = re.compile(r"<!-- examples begin with (?P<files>[^>]+?) -->")


@dataclass(frozen=True)
class Block:
    """Block is a code block: its language, the word behind it, its text, and where it stands."""

    language: str
    word: str
    text: str
    position: str


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks_of(page: Path) -> list[Block]:
    """blocks_of returns a page's code blocks in their order; indented ones have no language."""
    found = []
    for token in _tokens(page):
        if token.type in ("fence", "code_block"):
            language, word = [*token.info.split(maxsplit=1), "", ""][:2]
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(language, word.strip(), token.content, f"{page.name}:{line}"))
    return found


def begins_with(page: Path) -> list[str]:
    """begins_with returns the files that a page's examples take for granted."""
    found = _BEGINS.findall(page.read_text(encoding="utf-8"))
    return [file for files in found for file in files.split()]


def links_of(page: Path) -> Iterator[str]:
    """links_of returns what a page's links and pictures point to."""
    for token in _tokens(page):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if isinstance(target, str):
                yield unquote(target)
