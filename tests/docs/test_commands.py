"""The page of commands says what --help says."""

from __future__ import annotations

from docs.write_commands import PAGE, page


def test_the_page_is_what_the_parsers_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), f"run docs/write_commands.py to renew {PAGE}"
