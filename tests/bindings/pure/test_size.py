"""How much of the verifier has to be there, and that this is enough to verify."""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.bindings.pure.helpers import DIRECTORY
from tests.conftest import SignedArchive

# What every copy needs: digests, Ed25519 and RSA-PSS, manifests, directories and archives.
CORE = ["__init__.py", "archive.py", "records.py", "verifier.py"]
PAGE = Path(__file__).parents[3] / "docs" / "pure.md"
_FILES = {"a.txt": b"one", "b/c.txt": bytes(1000)}
_NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENDMARKER, tokenize.ENCODING),
}


def lines_of_code(text: str) -> int:
    """Count the lines that are neither empty nor comments nor documentation."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            continue
        if ast.get_docstring(node) is not None:
            first = node.body[0]
            lines.difference_update(range(first.lineno, (first.end_lineno or 0) + 1))
    return len(lines)


def test_lines_are_counted() -> None:
    text = '''"""Says
what."""

# why
def f():
    """Does."""
    x = """
    two"""  # and why
    return (x,

        1)
'''
    assert lines_of_code(text) == 5


def test_it_stays_small_and_the_page_says_how_small() -> None:
    sizes = {path.name: lines_of_code(path.read_text()) for path in DIRECTORY.glob("*.py")}
    core = sum(sizes[name] for name in CORE)
    assert core < 400
    said = re.findall(r"(\d+) lines of code", PAGE.read_text())
    assert [int(number) for number in said] == [core, sum(sizes.values())]


READ = """
import sys
sys.path.insert(0, sys.argv[1])
import core
archive = core.Archive(sys.argv[3], [core.load_key(sys.argv[2])])
print(sum(len(archive.read(name)) for name in archive.names))
"""


def _read(copy: Path, key: signedvfs.PrivateKey, place: Path) -> subprocess.CompletedProcess[str]:
    public = copy.parent / "key.pub"
    public.write_text(key.public_key.pem)
    words = [sys.executable, "-I", "-S", "-c", READ, copy.parent, public, place]
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of what every copy needs."""
    out = tmp_path / "core"
    out.mkdir()
    for name in CORE:
        shutil.copyfile(DIRECTORY / name, out / name)
    return out


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa-pss"])
@pytest.mark.parametrize("kind", ["directory", "archive", "archive without an index"])
def test_that_is_enough(
    kind: str,
    algorithm: Any,
    copy: Path,
    tmp_path: Path,
    signed_archive: SignedArchive,
) -> None:
    key = signedvfs.PrivateKey.generate(algorithm)
    if kind == "directory":
        place = tmp_path / "tree"
        for name, content in _FILES.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        signedvfs.sign(place, key)
    else:
        place = signed_archive(_FILES, keys=key, method="stored", index=kind == "archive")
    done = _read(copy, key, place)
    assert (done.returncode, done.stdout) == (0, "1003\n"), done.stderr
    changed = place / "a.txt" if kind == "directory" else place
    changed.write_bytes(changed.read_bytes().replace(b"one", b"two"))
    done = _read(copy, key, place)
    assert (done.returncode, done.stdout) == (1, "")
    assert "RefusedError" in done.stderr


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ecdsa-p384"])
def test_other_keys_are_refused_and_say_what_they_need(
    algorithm: Any, copy: Path, signed_archive: SignedArchive
) -> None:
    key = signedvfs.PrivateKey.generate(algorithm)
    place = signed_archive(_FILES, keys=key, method="stored")
    done = _read(copy, key, place)
    assert (done.returncode, done.stdout) == (1, "")
    assert "RefusedError: an ECDSA key needs ecdsa.py" in done.stderr
    shutil.copyfile(DIRECTORY / "ecdsa.py", copy / "ecdsa.py")
    assert _read(copy, key, place).stdout == "1003\n"


def test_compressed_members_are_refused_and_say_what_they_need(
    copy: Path, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    place = signed_archive(_FILES, method="deflate")
    done = _read(copy, key, place)
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs inflate.py beside records.py" in done.stderr
    shutil.copyfile(DIRECTORY / "inflate.py", copy / "inflate.py")
    assert _read(copy, key, place).stdout == "1003\n"
