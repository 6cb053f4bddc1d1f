"""Other importers of packed code, where they can be installed and compared.

PyInstaller's PYZ is what its frozen programs import from; its reader and its importer also work in
an ordinary interpreter. TRIED says what became of the rest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import names
from contenders import Contender
from corpora import Corpus

# WRITE_PYZ writes a PYZ with PyInstaller's own writer: its code objects are the corpus's.
WRITE_PYZ = """
import marshal, pathlib, sys
sys.path.insert(0, sys.argv[1])
from PyInstaller.archive.writers import ZlibArchiveWriter
compiled = pathlib.Path(sys.argv[2])
entries, codes = [], {}
for path in sorted(compiled.rglob("*.pyc")):
    member = path.relative_to(compiled)
    parts = member.with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    entries.append((name, str(member.with_suffix(".py")), "PYMODULE"))
    codes[name] = marshal.loads(path.read_bytes()[16:])
ZlibArchiveWriter(sys.argv[3], entries, codes)
"""


def place(work: Path) -> Path:
    """Returns the directory that PyInstaller is installed in."""
    return work / "pyinstaller"


def install(target: Path) -> str:
    """Installs PyInstaller once; returns why it cannot be, or nothing."""
    complete = target / ".complete"
    if complete.exists():
        return ""
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--target", str(target), "pyinstaller"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return f"cannot be installed: {result.stderr.strip()[-500:]}"
    complete.touch()
    return ""


def pyinstaller(corpus: Corpus, work: Path, installed: Path) -> tuple[Contender | None, str]:
    """Writes the corpus as a PYZ; returns who imports it, or nobody and the reason."""
    reason = install(place(installed))
    if reason:
        return None, reason
    root = work / "pyz"
    root.mkdir()
    corpus.members()  # compiles
    command = [sys.executable, "-I", "-c", WRITE_PYZ, str(place(installed))]
    command += [str(corpus.root / "compiled"), str(root / "corpus.pyz")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return None, f"cannot write its archive: {result.stderr.strip()[-500:]}"
    return Contender(names.PYZ, "pyz", root, peer=True), ""
