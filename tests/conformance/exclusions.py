"""The tests that cannot apply to an importer other than zipimport, each with the reason.

That a test fails is no reason. Each entry must match a test on every version that it names. The run
against zipimport itself runs them all.
"""

from __future__ import annotations

from typing import NamedTuple

from .suites import Version


class Exclusion(NamedTuple):
    """A test that is not run on versions from `since` on."""

    test: str
    reason: str
    since: Version = (3, 9)


def exclusions(version: Version) -> dict[str, str]:
    """Return the reasons of the tests that do not apply on this version, by test."""
    return {entry.test: entry.reason for entry in _EXCLUSIONS if version >= entry.since}


_UNCOMPRESSED = "test.test_zipimport.UncompressedZipImportTestCase"
_COMPRESSED = "test.test_zipimport.CompressedZipImportTestCase"

_PRIVATE_DIRECTORY = (
    "it compares zipimporter's private directory of the archive (_files, later _get_files()) and"
    " looks into zipimport._zip_directory_cache"
)

_EXCLUSIONS = (
    Exclusion(
        f"{_COMPRESSED}.testAFakeZlib",
        "it expects that a deflated member cannot be read without the zlib module, which signedvfs"
        " does not use",
    ),
    Exclusion(f"{_UNCOMPRESSED}.testInvalidateCaches", _PRIVATE_DIRECTORY, since=(3, 10)),
    Exclusion(f"{_COMPRESSED}.testInvalidateCaches", _PRIVATE_DIRECTORY, since=(3, 10)),
    Exclusion(
        f"{_UNCOMPRESSED}.testInvalidateCachesWithMultipleZipimports",
        _PRIVATE_DIRECTORY,
        since=(3, 13),
    ),
    Exclusion(
        f"{_COMPRESSED}.testInvalidateCachesWithMultipleZipimports",
        _PRIVATE_DIRECTORY,
        since=(3, 13),
    ),
)
