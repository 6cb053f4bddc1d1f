"""Times a web application with native code from its start to its first answer, under a manager.

It is the application of tests/packages/web: FastAPI, SQLAlchemy and a driver of a database. Beside
it stands the plain interpreter, which imports it from files with warm bytecode.
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from pathlib import Path

import names
import signedvfs
from race import HERE, Entry, Race, race

RECORD = ["--record", "-c 'import orders, uvicorn'"]

WEB = HERE.parent / "tests" / "packages" / "web"


def install(directory: Path) -> None:
    """Installs the application, and what it needs, as an installer leaves it."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--no-deps", "--no-compile", "--target", str(directory)]
    subprocess.run([*command, "-r", str(WEB / "requirements.txt")], check=True)
    shutil.rmtree(directory / "bin", ignore_errors=True)
    shutil.copytree(WEB / "application", directory, dirs_exist_ok=True)
    compileall.compile_dir(directory, quiet=2, workers=0)


def pack(directory: Path, archive: Path, key: Path, *options: str) -> Path:
    """Packs and signs the application."""
    command = [sys.executable, "-m", "signedvfs", "pack", str(directory), "-o", str(archive)]
    subprocess.run([*command, "--key", str(key), "--quiet", *options], check=True)
    return archive


def run(work: Path, key: signedvfs.PrivateKey, rounds: int) -> Race:
    """Starts it in every way, from places that are made below `work`."""
    files, signed, manifest, private = (
        work / name for name in ("files", "signed", "library.manifest", "app.key")
    )
    key.save(str(private))
    public = private.with_suffix(".pub")
    public.write_text(key.public_key.pem, encoding="ascii")
    install(files)
    shutil.copytree(files, signed)  # the times of files are kept, and so their bytecode is good
    recorded = work / "recorded"
    shutil.copytree(files, recorded)
    signedvfs.sign(signed, key, pycache=True)
    command = [sys.executable, "-m", "signedvfs", "sign", str(recorded), "--key", str(private)]
    subprocess.run([*command, "--quiet", "--pycache", *RECORD], check=True)
    signedvfs.sign_stdlib(manifest, key)
    plain = pack(files, work / "plain.zip", private)
    deflated = pack(files, work / "deflated.zip", private, *RECORD)
    stored = pack(files, work / "stored.zip", private, *RECORD, "--compression", "stored")
    child = HERE / "managed_child.py"
    more = [public, manifest, Path(signedvfs.__file__).parents[1]]
    words: dict[str, list[str | Path]] = {
        names.MANAGED_FILES: ["files", files],
        names.MANAGED_DIRECTORY: ["managed", signed, *more],
        names.MANAGED_DIRECTORY_RECORDED: ["managed", recorded, *more],
        names.MANAGED_ARCHIVE: ["managed", plain, *more],
        names.MANAGED_DEFLATED: ["managed", deflated, *more],
        names.MANAGED_STORED: ["managed", stored, *more],
        names.MANAGED_DEFERRED: ["deferred", stored, *more],
    }
    entries = [
        Entry(name, {"measure": "hello", "words": "\n".join(map(str, ["-I", "-S", child, *line]))})
        for name, line in words.items()
    ]
    return race("web application", "small_child.py", entries, rounds, "said")
