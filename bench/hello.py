"""Times a whole run of hello world, interpreter included: what `signedvfs run` costs a person."""

from __future__ import annotations

import sys
from pathlib import Path

import names
import signedvfs
from archives import write_signed
from race import Entry, Race, race


def run(work: Path, key: signedvfs.PrivateKey, rounds: int) -> Race:
    """Runs an archive, made below `work`, both ways."""
    archive, public = work / "hello.zip", work / "hello.pub"
    write_signed(archive, {"__main__.py": b"print('hello')\n"}, "deflate", key)
    public.write_text(key.public_key.pem, encoding="ascii")
    command = Path(sys.executable).with_name("signedvfs")
    words: dict[str, list[str | Path]] = {
        names.HELLO_ZIP: [archive],
        names.HELLO_OURS: [command, "run", "--trust", public, archive],
    }
    entries = [
        Entry(name, {"measure": "hello", "words": "\n".join(map(str, line))})
        for name, line in words.items()
    ]
    return race("hello world", "small_child.py", entries, rounds, "said")
