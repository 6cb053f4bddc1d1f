"""What needs a library that the C library has taken in is loaded where no such file is, too."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, build, extension
from tests.importer.workshop import Files

# Whoever is linked against an old one needs its versions, too.
OLD_VERSION = "GLIBC_2.2.5 { global: clock_gettime; local: *; };"
USES = "#include <time.h>\n"
READS = """
struct timespec now = {0, 0};
if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec == 0) return -1;
"""


def hiding(*names: str) -> list[str]:
    """Return what starts a program for which files of the C library's directory are empty."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    (place,) = {
        Path(line.split(maxsplit=5)[5]).parent
        for line in maps.splitlines()
        if line.endswith("/libc.so.6")
    }
    hide = "; ".join(f"mount --bind /dev/null {place / name}" for name in names)
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", f'set -e; {hide}; exec "$@"', "sh"]


@pytest.fixture
def without_librt() -> list[str]:
    under = hiding("librt.so.1")
    if subprocess.run([*under, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine gives nobody a mount namespace, or has no such file to hide")
    return under


@pytest.fixture
def files(tmp_path: Path) -> Files:
    if platform.machine() != "x86_64":
        pytest.skip("the versions of old functions are named for this machine")
    script = tmp_path / "versions"
    script.write_text(OLD_VERSION, encoding="utf-8")
    old = build(
        "int clock_gettime(int id, void* now) { return 0; }",
        "-Wl,-soname,librt.so.1",
        f"-Wl,--version-script={script}",
    )
    module = extension("_m", "it runs", needs={"librt.so.1": old}, more=USES, run=READS)
    assert b"librt.so.1\0" in module
    return {f"_m{SUFFIX}": module}


def test_nothing_is_missing(child: Child, app: App, files: Files, without_librt: list[str]) -> None:
    archive = app(files)
    assert child.value("_m", archive, under=without_librt) == "it runs"


def test_nor_where_the_linker_is_told_to_look_elsewhere(
    child: Child, app: App, files: Files, without_librt: list[str], tmp_path: Path
) -> None:
    environment = {"LD_LIBRARY_PATH": str(tmp_path)}
    assert child.value("_m", app(files), under=without_librt, environment=environment) == "it runs"


def test_one_with_functions_of_its_own_is_missed(
    child: Child, app: App, without_librt: list[str]
) -> None:
    """It is no way to do without what is really wanted."""
    other = build("int other(void) { return 0; }", "-Wl,-soname,libBrokenLocale.so.1")
    module = extension("_m", needs={"libBrokenLocale.so.1": other})
    under = [*without_librt, *hiding("libBrokenLocale.so.1")]
    said = child.failure("_m", app({f"_m{SUFFIX}": module}), under=under)
    assert "'libBrokenLocale.so.1' of the system is wanted" in said
