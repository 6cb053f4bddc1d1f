"""A program that opens the archive it lies in, as self-unpacking ones do, and runs a part."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, write_tree

GENUINE, CHANGED = b"print('genuine')\n", b"print('changed')\n"
# Each way ends with a directory in which the payload is a plain file.
WAYS = {
    "zipfile": "zipfile.ZipFile(archive).extractall(there)",
    "zipfile of an open file": "zipfile.ZipFile(open(archive, 'rb')).extractall(there)",
    "zipfile.Path": (
        "pathlib.Path(there, 'payload.py').write_bytes("
        "(zipfile.Path(archive) / 'payload.py').read_bytes())"
    ),
    "shutil": "shutil.unpack_archive(archive, there, 'zip')",
    "bytes": (
        "zipfile.ZipFile(io.BytesIO(pathlib.Path(archive).read_bytes()))"
        ".extract('payload.py', there)"
    ),
}
MAIN = """
import io, os, pathlib, runpy, shutil, sys, tempfile, zipfile
archive = os.path.dirname(os.path.abspath(__file__))
with tempfile.TemporaryDirectory() as there:
    {way}
    runpy.run_path(os.path.join(there, "payload.py"))
"""


def _change(archive: Path) -> None:
    # Stored, and with a CRC that is right: zipfile would never notice.
    content = archive.read_bytes()
    before, after = (struct.pack("<I", zlib.crc32(text)) for text in (GENUINE, CHANGED))
    assert content.count(before) == 2
    archive.write_bytes(content.replace(GENUINE, CHANGED).replace(before, after))
    with zipfile.ZipFile(archive) as opened:
        assert opened.read("payload.py") == CHANGED


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_it_unpacks_is_what_was_signed(cli: Cli, way: str) -> None:
    files: dict[str, str | bytes] = {"__main__.py": MAIN.format(way=way), "payload.py": GENUINE}
    write_tree(cli.directory / "source", files)
    archive = cli.directory / "app.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name in files:
            made.write(cli.directory / "source" / name, name)
    cli.ok("sign", archive, "--key", "app.key")
    run = ("run", "--trust", "app.pub", archive)
    assert cli.ok(*run).out == "genuine\n"

    _change(archive)
    plain = subprocess.run([sys.executable, archive], capture_output=True, text=True, check=True)
    assert plain.stdout == "changed\n"
    done = cli(*run)
    assert done.code == 1
    assert "changed" not in done.out
    assert "payload.py" in done.err
