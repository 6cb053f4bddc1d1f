"""Times importing many modules from signed directories, beside an archive and files."""

from __future__ import annotations

import compileall
from pathlib import Path

import names
import signedvfs
from archives import unchecked_pyc, write_signed
from keys import public_text
from race import Entry, Race, race

# A module that is worth compiling: forty lines, as the small ones of real packages have.
_BODY = "".join(
    f"def f{i}(a, b=1):\n    '''Says {i}.'''\n    found = [a * k for k in range(b)]\n"
    f"    return {{'found': found, 'i': {i}}}\n\n\n"
    f"class C{i}:\n    y = {i}\n\n    def m(self):\n        return self.y\n\n\n"
    for i in range(4)
)
_IN_A_PACKAGE = 20


def modules(count: int) -> dict[str, bytes]:
    """Returns so many modules in packages of twenty."""
    out: dict[str, bytes] = {}
    for i in range(count):
        package, number = divmod(i, _IN_A_PACKAGE)
        name = f"m{number}" if number else "__init__"
        out[f"package_{package}/{name}.py"] = _BODY.encode()
    return out


def _write(root: Path, members: dict[str, bytes], *, compiled: bool) -> Path:
    for name, content in members.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    if compiled:
        compileall.compile_dir(str(root), quiet=2)
    return root


def run(work: Path, key: signedvfs.PrivateKey, count: int, rounds: int) -> Race:
    """Imports `count` modules in fresh interpreters, from places that are made below `work`."""
    members = modules(count)
    archive = work / "app.zip"
    both = dict(members)
    for name, content in members.items():
        both[f"{name}c"] = unchecked_pyc(name, content) or b""
    write_signed(archive, dict(sorted(both.items())), "deflate", key)
    files = _write(work / "files", members, compiled=True)
    sources = _write(work / "sources", members, compiled=False)
    signedvfs.sign(sources, key)
    compiled = _write(work / "compiled", members, compiled=True)
    signedvfs.sign(compiled, key, pycache=True)
    task = {
        "measure": "many_modules",
        "key": public_text(key),
        "count": str(count),
        "package": str(_IN_A_PACKAGE),
        "signedvfs": str(Path(signedvfs.__file__).parents[1]),
    }
    ours = {**task, "loader": "signedvfs"}
    entries = [
        Entry(names.DIRECTORY_ARCHIVE, {**ours, "place": str(archive)}),
        Entry(names.DIRECTORY_COMPILED, {**ours, "place": str(compiled)}),
        Entry(names.DIRECTORY_SOURCES, {**ours, "place": str(sources)}),
        Entry(names.DIRECTORY_FILES, {**task, "loader": "files", "place": str(files)}),
    ]
    return race("signed directories", "small_child.py", entries, rounds, "loaded")
