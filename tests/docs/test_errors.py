"""The page of errors explains every code that there is."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT


def test_the_page_explains_every_code() -> None:
    (header,) = (ROOT / "archive").glob("**/status.h")
    enum = header.read_text(encoding="utf-8").split("enum class Errc")[1].split("};")[0]
    codes = set(re.findall(r"^ +k(\w+)(?: = 0)?,", enum, re.MULTILINE)) - {"Ok", "Python"}
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8").split("## Codes")[1]
    explained = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert codes <= set(explained)
    # The others are the Python half's own.
    python = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "bindings/signedvfs").rglob("*.py")
    )
    assert [code for code in explained if code not in codes and f'"{code}"' not in python] == []
    assert len(explained) == len(set(explained))
