"""The tests that cannot apply to an importer other than zipimport, each with the reason.

That a test fails is no reason. Each entry has to match a test on every version that it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .suites import Version


class Exclusion(NamedTuple):
    """A test that is not run on versions from `since` on."""

    test: str
    reason: str
    since: Version = (3, 9)

EXCLUSIONS: tuple[Exclusion, ...] = ()

def exclusions(version: Version) -> Iterator[Exclusion]:
    """Yield what does not apply on an interpreter of this version."""
    for exclusion in EXCLUSIONS:
        if version >= exclusion.since:
            yield exclusion
