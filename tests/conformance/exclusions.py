"""The tests that cannot apply to an importer other than zipimport, each with the reason.

That a test fails is no reason. Each entry must match a test on every version that it names, but for
one that came with a bug-fix release. The run against zipimport itself runs them all.
"""

from __future__ import annotations

from typing import NamedTuple

from .suites import Version


class Exclusion(NamedTuple):
    """A test that is not run on versions from `since` on, and before `until` where that is said."""

    test: str
    reason: str
    since: Version = (3, 9)
    until: Version | None = None
    # A bug-fix release of the first version brought the test: those before it have none.
    is_backport: bool = False

    def applies(self, version: Version) -> bool:
        return self.since <= version and (self.until is None or version < self.until)


def exclusions(version: Version) -> dict[str, Exclusion]:
    """Return the tests that do not apply on this version, by their ids."""
    return {entry.test: entry for entry in _EXCLUSIONS if entry.applies(version)}


_UNCOMPRESSED = "test.test_zipimport.UncompressedZipImportTestCase"
# From 3.15 on there are two kinds of compression, and a class for each.
_COMPRESSED = "test.test_zipimport.CompressedZipImportTestCase"
_DEFLATED = "test.test_zipimport.DeflateCompressedZipImportTestCase"
_ZSTD = "test.test_zipimport.ZStdCompressedZipImportTestCase"

_FAKE_DECODER = (
    "it expects that a compressed member cannot be read without the module zlib, or _zstd, which"
    " signedvfs does not use"
)
_PRIVATE_DIRECTORY = (
    "it compares zipimporter's private directory of the archive (_files, later _get_files()) and"
    " looks into zipimport._zip_directory_cache"
)
_TWO_MEANINGS = (
    "its archive has a module m.py and a package m/__init__.py, of which signing takes one only"
)
_NO_FALLTHROUGH = "test_syntax_error_in_package_init_no_fallthrough"
_INVALIDATION = "testInvalidateCaches"
_TWO_INVALIDATIONS = "testInvalidateCachesWithMultipleZipimports"

_EXCLUSIONS = (
    Exclusion(f"{_COMPRESSED}.testAFakeZlib", _FAKE_DECODER, until=(3, 15)),
    Exclusion(f"{_DEFLATED}.testAFakeZlib", _FAKE_DECODER, since=(3, 15)),
    Exclusion(f"{_ZSTD}.testAFakeZlib", _FAKE_DECODER, since=(3, 15)),
    Exclusion(f"{_UNCOMPRESSED}.{_INVALIDATION}", _PRIVATE_DIRECTORY, since=(3, 10)),
    Exclusion(f"{_COMPRESSED}.{_INVALIDATION}", _PRIVATE_DIRECTORY, since=(3, 10), until=(3, 15)),
    Exclusion(f"{_DEFLATED}.{_INVALIDATION}", _PRIVATE_DIRECTORY, since=(3, 15)),
    Exclusion(f"{_ZSTD}.{_INVALIDATION}", _PRIVATE_DIRECTORY, since=(3, 15)),
    Exclusion(f"{_UNCOMPRESSED}.{_TWO_INVALIDATIONS}", _PRIVATE_DIRECTORY, since=(3, 13)),
    Exclusion(
        f"{_COMPRESSED}.{_TWO_INVALIDATIONS}", _PRIVATE_DIRECTORY, since=(3, 13), until=(3, 15)
    ),
    Exclusion(f"{_DEFLATED}.{_TWO_INVALIDATIONS}", _PRIVATE_DIRECTORY, since=(3, 15)),
    Exclusion(f"{_ZSTD}.{_TWO_INVALIDATIONS}", _PRIVATE_DIRECTORY, since=(3, 15)),
    *(
        Exclusion(f"{case}.{_NO_FALLTHROUGH}", _TWO_MEANINGS, since=(3, 15), is_backport=True)
        for case in (_UNCOMPRESSED, _DEFLATED, _ZSTD)
    ),
    Exclusion(
        "test.test_zipimport.BadFileZipImportTestCase.testInvalidUTF8FileName",
        "it expects a ZipImportError for an archive with a name that is no UTF-8; signedvfs refuses"
        " one with an IntegrityCheckError, so that no other importer takes it",
        since=(3, 14),
        is_backport=True,
    ),
)
