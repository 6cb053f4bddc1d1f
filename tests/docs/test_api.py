"""The page of the API shows everything that the package has in public."""

from __future__ import annotations

import re

import signedvfs
from signedvfs import building, filesystem, packaging
from tests.docs.pages import ROOT


def test_the_page_shows_everything() -> None:
    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    # What is fetched when it is asked for is shown from the module that keeps it.
    for module in ("_tools", "bootstrapping", "custody", "library", "native", "single_files"):
        text = text.replace(f" signedvfs.{module}.", " signedvfs.")
    shown = set(re.findall(r"^\.\. [a-z:]+:: (signedvfs\.\S+)$", text, re.MULTILINE))
    expected = {f"signedvfs.{name}" for name in signedvfs.__all__ if name != "__version__"}
    expected |= {f"signedvfs.packaging.{name}" for name in packaging.__all__}
    expected |= {f"signedvfs.building.{name}" for name in building.__all__}
    expected |= {f"signedvfs.filesystem.{name}" for name in filesystem.__all__}
    assert shown == expected - {"signedvfs.pack"}
