"""Imports all top-level modules of each distribution on the path, each in a child: [ROOT] > JSON.

It is packed, with the distributions, and run from the archive; or run with ROOT, a directory that
pip has installed them into. A module counts as top-level where no package is around it.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import traceback
from importlib import metadata
from pathlib import Path, PurePosixPath


def top_level_modules(files: list[PurePosixPath]) -> list[str]:
    """Return the names of modules and packages that are in no other package."""
    found: dict[tuple[str, ...], bool] = {}
    for file in files:
        if file.suffix not in (".py", ".so") or ".." in file.parts or file.is_absolute():
            continue
        name = file.name.partition(".")[0]
        parts = file.parts[:-1] if name == "__init__" else (*file.parts[:-1], name)
        if parts and all(re.fullmatch(r"[A-Za-z_]\w*", part) for part in parts):
            found[parts] = name == "__init__"
    packages = {parts for parts, is_package in found.items() if is_package}
    inside = {
        parts for parts in found if any(parts[:end] in packages for end in range(1, len(parts)))
    }
    return sorted(".".join(parts) for parts in found.keys() - inside)


def _import(modules: list[str]) -> str:
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            if os.environ.get("VERBOSE"):
                traceback.print_exc()
            said = str(error).strip().splitlines() or [""]
            return f"{name}: {type(error).__name__}: {said[0]}"
    return ""


def outcome(modules: list[str]) -> str:
    """Import them in a child; return what went wrong, or nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        # Some print when they are imported.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.write(writing, _import(modules).encode("utf-8", "replace")[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said or (f"ended with status {status}" if status else "")


def main(root: str = "") -> None:
    here = root or str(Path(__file__).parent)
    if root:
        sys.path.insert(0, root)
    found = {}
    for one in metadata.distributions(path=[here]):
        modules = top_level_modules([PurePosixPath(str(file)) for file in one.files or []])
        name = re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()
        found[name] = outcome(modules)
        print(f"{name}: {found[name] or len(modules)}", file=sys.stderr, flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
