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


# What glibc is made of, and the unwinder, by which Python ends daemon threads.
SYSTEM = re.compile(r"lib(c|m|dl|pthread|rt|gcc_s)\.so\.\d|ld-linux.*\.so\.\d")


def foreign() -> Path:
    """Returns the shared object for formats other than zip."""
    (other,) = (path for path in PACKAGE.glob("*.so") if path != CORE)
    return other


def beyond_the_system(library: Path) -> set[str]:
    """Returns what `library` needs beside the system's own; nothing in a wheel, which is static."""
    return {one.split(".so")[0] for one in needed(library) if not SYSTEM.fullmatch(one)}


def test_the_module_exports_nothing_but_its_entry_points() -> None:
    assert exported(CORE) == {"PyInit__core", "PyInit__tools"}


def test_the_shared_object_for_other_formats_exports_its_function_alone() -> None:
    assert exported(foreign()) == {"signedvfs_foreign_decode_3"}


def test_the_module_loads_openssl_and_small_libraries_or_nothing() -> None:
    libraries = beyond_the_system(CORE)
    linked = {"libcrypto", "libdeflate", "libzstd", "libxxhash", "libutf8proc"}
    # xxHash may be all in its header.
    assert libraries in (set(), linked, linked - {"libxxhash"})


def test_only_the_shared_object_for_other_formats_loads_libarchive() -> None:
    # It is there in a build that links the system's libraries, and in no other: in all or in none.
    expected = {"libarchive"} if beyond_the_system(CORE) else set()
    assert beyond_the_system(foreign()) == expected


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
