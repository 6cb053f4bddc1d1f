"""What numpy's own tests say of its core does not depend on the archive."""

from __future__ import annotations

from pathlib import Path

from tests.packages.native import numpys_own_tests as own

# A part of them, for about two minutes: arrays and their files, types, and loops over both. The
# module's main runs all.
WORDS = ["-k", "test_dtype or test_memmap or test_nditer or test_numeric or test_records"]


def test_they_end_as_they_do_when_installed(tmp_path: Path) -> None:
    packed = own.from_archive(tmp_path, WORDS)
    installed = own.from_site_packages(tmp_path, WORDS)
    assert len([end for end in installed.values() if end == "passed"]) > 2000
    assert own.unexpected(installed, packed) == []
