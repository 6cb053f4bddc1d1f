"""What CMake says to those who build from source: what is missing, all at once, and where not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A search that finds nothing of the system, as on a machine without development packages.
NOTHING = {
    "CMAKE_DISABLE_FIND_PACKAGE_OpenSSL": "ON",
    "CMAKE_DISABLE_FIND_PACKAGE_LibArchive": "ON",
    "CMAKE_DISABLE_FIND_PACKAGE_PkgConfig": "ON",
}


def configure(build: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Configures the project as somebody else does: without Python, tests and presets."""
    chosen = dict.fromkeys(("SIGNEDVFS_PYTHON", "SIGNEDVFS_TESTS", "SIGNEDVFS_BENCH"), "OFF")
    defines = [f"-D{name}={value}" for name, value in {**chosen, **settings}.items()]
    return subprocess.run(
        ["cmake", "-S", str(ROOT), "-B", str(build), *arguments, *defines],
        capture_output=True,
        text=True,
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The error, in one line whatever CMake has made of it."""
    assert done.returncode != 0, done.stdout
    return " ".join(done.stderr.split())


def flags(build: Path) -> list[str]:
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    assert commands
    return [word for command in commands for word in command["command"].split()]


def test_warnings_are_errors_for_developers_only(tmp_path: Path) -> None:
    outside, ours = tmp_path / "outside", tmp_path / "ours"
    assert configure(outside).returncode == 0
    assert "-Wall" in flags(outside)
    assert "-Werror" not in flags(outside)
    assert configure(ours, SIGNEDVFS_WERROR="ON").returncode == 0
    assert "-Werror" in flags(ours)
    presets = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))
    base = next(one for one in presets["configurePresets"] if one["name"] == "base")
    assert base["cacheVariables"]["SIGNEDVFS_WERROR"] == "ON"


def test_what_pip_builds_takes_no_warning_for_an_error() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "SIGNEDVFS_TESTS" in settings, "these are the settings that pip gives to CMake"
    assert "WERROR" not in settings


def test_everything_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    said = sentence(configure(tmp_path, **NOTHING))
    for name in ("OpenSSL 3", "libarchive", "pkg-config", "libdeflate", "libutf8proc"):
        assert name in said
    for command, package in (
        ("apt-get install", "libssl-dev"),
        ("dnf install", "xxhash-devel"),
        ("pacman -S", "libutf8proc"),
        ("brew install", "openssl@3"),
    ):
        assert re.search(rf"{command} [^()]*{re.escape(package)}[ )]", said), said


def test_a_missing_compiler_is_named_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pip builds with this one where nobody says anything: Python knows it from where it was built.
    monkeypatch.setenv("CC", "x86_64-nowhere-gcc -pthread")
    monkeypatch.setenv("CXX", "x86_64-nowhere-g++")
    said = sentence(configure(tmp_path, **NOTHING))
    for name in ("C++ compiler", "OpenSSL 3", "libarchive", "pkg-config", "libdeflate"):
        assert name in said
    assert re.search(r"apt-get install g\+\+ libssl-dev [^()]*libutf8proc-dev \(Debian", said), said
    assert "dnf install gcc-c++ openssl-devel" in said


def test_a_missing_compiler_is_all_that_is_named_where_all_else_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "x86_64-nowhere-g++")
    said = sentence(configure(tmp_path))
    assert "(C++ compiler): apt-get install g++ (Debian, Ubuntu)" in said


def test_the_source_distribution_has_what_builds_it_and_nothing_else(tmp_path: Path) -> None:
    code = "import sys; from scikit_build_core.build import build_sdist; build_sdist(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=ROOT, check=True, capture_output=True
    )
    (path,) = tmp_path.glob("signedvfs-*.tar.gz")
    with tarfile.open(path) as archive:
        names = [Path(*Path(one.name).parts[1:]) for one in archive.getmembers()]
        archive.extractall(tmp_path, filter="data")
    tops = {one.parts[0] for one in names if one.parts}
    assert tops == {
        *("CMakeLists.txt", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"),
        *("archive", "bindings", "cmake", "importer", "vfs"),
    }
    assert not any(one.suffix == ".md" and one.name != "README.md" for one in names)
    # Without presets and switches: nobody who unpacks it has to know that there are no tests in it.
    source = path.with_name(path.name.removesuffix(".tar.gz"))
    build = str(tmp_path / "build")
    command = ["cmake", "-S", str(source), "-B", build, "-DSIGNEDVFS_PYTHON=OFF"]
    subprocess.run(command, check=True, capture_output=True)


def test_what_is_there_is_not_named(tmp_path: Path) -> None:
    said = sentence(configure(tmp_path, CMAKE_DISABLE_FIND_PACKAGE_LibArchive="ON"))
    assert "apt-get install libarchive-dev (Debian, Ubuntu)" in said


def static_library(directory: Path, name: str, code: str) -> Path:
    """static_library makes an archive of one object."""
    source, made = directory / f"{name}.c", directory / f"lib{name}.a"
    source.write_text(code, encoding="utf-8")
    subprocess.run(["cc", "-c", source, "-o", source.with_suffix(".o")], check=True)
    subprocess.run(["ar", "rcs", made, source.with_suffix(".o")], check=True)
    return made


def test_a_static_library_that_needs_another_is_noticed(tmp_path: Path) -> None:
    # Debian's libcrypto.a has needed zlib and zstd since OpenSSL 3.5: a launcher has them, or
    # there is none.
    needing = static_library(
        tmp_path, "needing", "int other(void); int f(void) { return other(); }"
    )
    other = static_library(tmp_path, "other", "int other(void) { return 0; }")
    (tmp_path / "CMakeLists.txt").write_text(
        f"""cmake_minimum_required(VERSION 3.25)
project(whole LANGUAGES CXX)
include({ROOT}/cmake/SignedvfsLauncher.cmake)
signedvfs_are_whole(alone {needing})
signedvfs_are_whole(both {needing} {other})
message(STATUS "alone: ${{alone}}, both: ${{both}}")
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "build"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "alone: FALSE, both: TRUE" in done.stdout


def test_other_systems_are_told_so(tmp_path: Path) -> None:
    said = sentence(configure(tmp_path, CMAKE_SYSTEM_NAME="FreeBSD"))
    assert "runs on Linux only, and this is FreeBSD" in said


def test_setup_installs_what_cmake_asks_for() -> None:
    table = (ROOT / "cmake" / "SignedvfsPackages.cmake").read_text(encoding="utf-8")
    lines = re.findall(r"^signedvfs_packages\((.+)\)$", table, re.MULTILINE)
    debian = {name for line in lines for name in re.findall(r"\S+-dev\b", line.replace('"', " "))}
    assert {"libssl-dev", "libgmock-dev"} <= debian
    setup = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    assert [name for name in sorted(debian) if f"\n{name} " not in setup] == []
