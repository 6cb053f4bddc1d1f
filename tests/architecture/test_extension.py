"""What the native module shows to others, and what it pulls in."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import signedvfs._core

CORE = Path(signedvfs._core.__file__ or "")
PACKAGE = CORE.parent


def needed(library: Path) -> set[str]:
    """Returns the shared libraries that the loader loads along with `library`."""
    dynamic = subprocess.check_output(["readelf", "--dynamic", "--wide", library], text=True)
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))


def exported(library: Path) -> set[str]:
    """Returns the functions and data that `library` defines for others."""
    lines = subprocess.check_output(
        ["nm", "--dynamic", "--defined-only", "--extern-only", library], text=True
    )
    return {line.split()[-1] for line in lines.splitlines()}


def test_the_module_exports_nothing_but_its_entry_points() -> None:
    assert exported(CORE) == {"PyInit__core", "PyInit__tools"}


def test_the_module_does_not_load_libarchive() -> None:
    libraries = needed(CORE)
    assert any(library.startswith("libcrypto.so") for library in libraries)
    assert not any(library.startswith("libarchive.so") for library in libraries)


def test_the_shared_object_for_other_formats_does() -> None:
    others = [path for path in PACKAGE.glob("*.so") if path != CORE]
    assert len(others) == 1, others
    assert any(library.startswith("libarchive.so") for library in needed(others[0]))


def test_importing_the_package_loads_no_libarchive_and_nothing_heavy() -> None:
    script = """if True:
        import sys
        before = set(sys.modules)
        import signedvfs
        heavy = {"re", "json", "zipfile", "inspect", "typing", "dataclasses", "pathlib", "argparse"}
        print(*sorted((set(sys.modules) - before) & heavy))
        with open("/proc/self/maps") as maps:
            print("libarchive" in maps.read())
    """
    # -S: what site-packages' own .pth files import is not ours.
    result = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.append({str(PACKAGE.parent)!r})\n{script}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines() == ["", "False"]
