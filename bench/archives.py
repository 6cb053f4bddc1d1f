"""Makes the archives that import_bench.py measures on, from real packages."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
from importlib.util import MAGIC_NUMBER, source_hash
from marshal import dumps
from pathlib import Path
from typing import Literal

import signedvfs


def fetch(package: str, work: Path) -> Path:
    """Installs the package, and what it needs, from the package index, once; returns where."""
    target = work / f"{package}-{sys.version_info[0]}.{sys.version_info[1]}"
    complete = target / ".complete"
    if not complete.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--only-binary=:all:", "--no-compile", "--target", str(target), package]
        subprocess.run(command, check=True)
        complete.touch()
    return target


def compile_tree(source: Path) -> dict[str, bytes]:
    """Returns the tree's files by their paths, each module as an unchecked .pyc (PEP 552).

    Sources that do not compile (they are templates) are left out, as pip leaves them uncompiled.
    """
    members: dict[str, bytes] = {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if not path.is_file() or "__pycache__" in name or name == ".complete":
            continue
        content = path.read_bytes()
        if path.suffix != ".py":
            members[name] = content
            continue
        try:
            code = compile(content, name, "exec", dont_inherit=True)
        except SyntaxError:
            continue
        unchecked = (0b01).to_bytes(4, "little")
        members[f"{name}c"] = MAGIC_NUMBER + unchecked + source_hash(content) + dumps(code)
    return members


def write_signed(
    path: Path,
    members: dict[str, bytes],
    method: Literal["stored", "deflate"],
    key: signedvfs.PrivateKey,
) -> None:
    """Writes the members to a signed archive, which zipimport reads as well."""
    with signedvfs._core.ArchiveWriter(str(path)) as writer:
        for name, content in sorted(members.items()):
            writer.add(name, content, method=method)
    signedvfs.sign(str(path), key)


def write_files(source: Path, directory: Path) -> None:
    """Copies the tree as an installer leaves it: sources, and their .pyc files up to date."""
    shutil.copytree(source, directory)
    compileall.compile_dir(directory, quiet=2)


def many_members(count: int) -> dict[str, bytes]:
    """Returns `count` small modules in packages of fifty."""
    code = b"value = %d\n"
    return {f"package_{i // 50}/module_{i}.py": code % i for i in range(count)}
