"""How large an ELF file is, and where its sections are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from signedvfs.building import BuildError
from signedvfs.building.elf import elf_size, sections
from signedvfs.building.executable import blank_launcher, padded, read_launcher
from tests.support.native import compile_object


def test_sections_are_what_readelf_says(launcher: Path) -> None:
    text = subprocess.run(
        ["readelf", "-SW", str(launcher)], check=True, capture_output=True, text=True
    ).stdout
    rows = re.findall(r"\] +(\.\S+) +\w+ +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+)", text)
    assert len(rows) > 10
    expected = [(name.encode(), int(offset, 16), int(size, 16)) for name, offset, size in rows]
    assert [tuple(one) for one in sections(launcher.read_bytes())][1:] == expected


def test_size_of_files_of_this_machine(launcher: Path, tmp_path: Path) -> None:
    for path in (launcher, compile_object(tmp_path / "it.so", "int a = 1;"), Path(sys.executable)):
        content = path.read_bytes()
        assert elf_size(content) == len(content)
        assert elf_size(content + bytes(100)) == len(content)
        assert elf_size(content[:-1]) is None


def test_what_is_no_elf_file() -> None:
    for content in (b"", b"#!/bin/sh\n" + bytes(100), b"\x7fELF", b"\x7fELF\x01\x01" + bytes(100)):
        assert elf_size(content) is None


def test_a_launcher_with_something_behind_it(launcher: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer"
    longer.write_bytes(launcher.read_bytes() + b"x")
    with pytest.raises(BuildError, match="something stands behind it"):
        read_launcher(longer)
    longer.write_text("#!/bin/sh\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"is no launcher$"):
        read_launcher(longer)
    assert len(padded(bytes(4096))) == 4096
    assert len(padded(bytes(4097))) == 8192


def test_a_program_without_a_place_for_rules() -> None:
    with pytest.raises(BuildError, match="no launcher of signedvfs"):
        blank_launcher(Path(sys.executable).read_bytes())
