"""The arrows of houses and rooms, one owner per library, one room with system calls; no way back.

Each rule is a function from a source tree to its violations. It runs over this project, where it
must find nothing, and over a small tree that breaks it, where it must find that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parents[2]

# LAYERS says which directories the files of a directory may use; tests and bench may use anything,
# and nothing may use them.
LAYERS = {
    "archive": {"archive"},
    "vfs": {"vfs", "archive"},
    "importer": {"importer", "vfs", "archive"},
    "bindings": {"bindings", "importer", "vfs", "archive"},
}

# ROOMS says which rooms the files of a room may use beside their own. The name of a house stands
# for what lies at its root.
BASE, OS = "archive/base", "archive/os"
MEMBERS, WORKERS = "archive/members", "archive/workers"
ROOMS = {
    "archive/base": set(),
    "archive/os": {BASE},
    "archive/workers": {BASE, OS},
    "archive/members": {BASE, OS},
    "archive/elf": {BASE},
    "archive/zip": {BASE, MEMBERS},
    "archive/foreign": {BASE, OS, MEMBERS},
    "archive/lenient": {BASE, MEMBERS, "archive/zip", "archive/foreign"},
    "archive": {BASE, OS, WORKERS, MEMBERS, "archive/zip", "archive/foreign"},
    "vfs/crypto": {BASE, OS},
    "vfs/manifest": {BASE, MEMBERS, "vfs/crypto"},
    "vfs/index": {BASE, MEMBERS, "archive/zip", "vfs/crypto", "vfs/manifest"},
    "vfs": {
        *(BASE, OS, WORKERS, MEMBERS, "archive/zip", "archive/foreign", "archive"),
        *("vfs/crypto", "vfs/manifest", "vfs/index"),
    },
    # The signer alone reads leniently: nothing else may include archive/lenient.
    "vfs/signing": {
        *(BASE, OS, WORKERS, MEMBERS, "archive/elf", "archive/zip", "archive/lenient", "archive"),
        *("vfs/crypto", "vfs/manifest", "vfs/index", "vfs"),
    },
    "importer/python": {BASE, OS},
    "importer/paths": {BASE, OS, "importer/python"},
    "importer/values": {BASE, OS, "vfs/crypto", "vfs/manifest", "vfs", "importer/python"},
    "importer/modules": {BASE, "vfs/manifest", "vfs", "importer/python"},
    "importer/ahead": {
        *(BASE, OS, "vfs/manifest", "vfs"),
        *("importer/python", "importer/modules", "importer/native"),
    },
    "importer/native": {
        *(BASE, OS, "archive/elf", "vfs/manifest", "vfs", "importer/python"),
    },
    "importer/doors": {BASE, "importer/python"},
    "importer/files": {
        *(BASE, OS, "vfs/manifest", "vfs", "importer/python", "importer/paths"),
        "importer/native",
    },
    "importer/finders": {
        *(BASE, OS, MEMBERS, "archive", "vfs/manifest", "vfs"),
        *("importer/python", "importer/paths", "importer/values", "importer/modules"),
        *("importer/ahead", "importer/native", "importer/doors", "importer/files"),
    },
    "importer/guard": {
        *(BASE, OS, "vfs/crypto", "vfs/manifest", "vfs"),
        *("importer/python", "importer/paths", "importer/values", "importer/modules"),
        *("importer/native", "importer/doors", "importer/files", "importer/finders"),
    },
    "importer/launcher": {
        *(BASE, OS, "vfs/manifest", "vfs/crypto", "vfs", "importer"),
        *("importer/python", "importer/values", "importer/native", "importer/files"),
        *("importer/finders", "importer/launcher/first_stage"),
    },
    # It runs before there is a C library, so that it can use headers alone.
    "importer/launcher/first_stage": {OS, "archive/elf"},
    "importer": {
        *("importer/python", "importer/values", "importer/doors", "importer/files"),
        *("importer/finders", "importer/guard"),
    },
    "bindings": {
        *(BASE, OS, MEMBERS, "archive/elf", "archive"),
        *("vfs/crypto", "vfs/manifest", "vfs", "vfs/signing"),
        *("importer/python", "importer/values", "importer/native", "importer"),
    },
}
OUTSIDE = {"tests", "bench", "demo", "scripts", "cmake"}


class Library(NamedTuple):
    """A third-party library: how sources and CMake name it, and whose it is."""

    name: str
    header: str
    target: str
    owners: tuple[str, ...]  # path prefixes


LIBRARIES = [
    Library("libarchive", r"archive(_entry)?\.h", r"LibArchive::", ("archive/foreign/",)),
    Library("libdeflate", r"libdeflate\.h", r"PkgConfig::libdeflate", ("archive/",)),
    Library("zstd", r"(zstd|zdict)\w*\.h", r"PkgConfig::libzstd", ("archive/",)),
    Library("xxHash", r"xxh\w*\.h", r"PkgConfig::libxxhash", ("archive/",)),
    Library("utf8proc", r"utf8proc\.h", r"PkgConfig::libutf8proc", ("archive/",)),
    Library("OpenSSL", r"openssl/.*", r"OpenSSL::", ("vfs/",)),
    Library("pybind11", r"pybind11/.*", r"pybind11::", ("bindings/",)),
    Library(
        "Python",
        r"(Python|marshal|structmember|frameobject|patchlevel)\.h",
        r"Python3?::",
        ("importer/", "bindings/"),
    ),
    Library("GoogleTest", r"(gtest|gmock)/.*", r"GTest::", ()),
    Library("Google Benchmark", r"benchmark/.*", r"benchmark::", ()),
]

SOURCES = {".cc", ".h"}
TEXTS = SOURCES | {".py", ".pyi", ".sh", ".cmake", ".txt", ".json", ".toml"}
MAX_LINES = 500
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def files(root: Path, *suffixes: str, below: str = "") -> Iterator[tuple[str, str]]:
    """Yields (path relative to root, text) of our files of those kinds."""
    for top in sorted([below] if below else [*LAYERS, *OUTSIDE]):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in suffixes and path.is_file() and "_corpus" not in str(path.parent):
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


# SYSTEM is what calls the operating system, of which a port would write its own.
SYSTEM = re.compile(
    r"sys/(?!types\.h|cdefs\.h).*|linux/.*|(c?signal|dirent|dlfcn|elf|fcntl|link|poll|pthread|"
    r"sched|spawn|termios|unistd)(\.h)?"
)


def room_of(path: str) -> str:
    """Return the room that a file of the product lies in: the nearest that is drawn."""
    for parent in Path(path).parents:
        if parent.as_posix() in ROOMS:
            return parent.as_posix()
    return ""


def is_product(path: str) -> bool:
    return path.split("/", 1)[0] in LAYERS


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields the commands of a CMake file, each with its words."""
    text = re.sub(r"#.*", "", text)
    for match in re.finditer(r"(\w+)\s*\(", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield match[1].lower(), text[match.end() : end - 1].split()


def cmake_files(root: Path) -> Iterator[tuple[str, str]]:
    for path, text in files(root, ".txt", ".cmake"):
        if path.endswith(("CMakeLists.txt", ".cmake")):
            yield path, text


def check_includes(root: Path) -> Iterator[str]:
    """Quoted includes are ours, by their path from the root, and follow the arrows.

    Tests may name their own headers from tests/.
    """
    for path, text in files(root, *SOURCES):
        bases = [root] if is_product(path) else [root, root / "tests"]
        for bracket, header in INCLUDE.findall(text):
            used = header.split("/", 1)[0]
            if bracket == "<":
                if used in LAYERS or (used in OUTSIDE and (root / header).exists()):
                    yield f"{path}: includes <{header}>, ours, in angle brackets"
            elif ".." in header or not any((base / header).is_file() for base in bases):
                yield f'{path}: includes "{header}", which is no path from the root of the project'
            elif is_product(path) and room_of(header) not in {
                room_of(path),
                *ROOMS.get(room_of(path), ()),
            }:
                yield f'{path}: includes "{header}" against the arrows'


def check_rooms(root: Path) -> Iterator[str]:
    """Every directory with sources is a room that is drawn, and every room has some."""
    found = {Path(path).parent.as_posix() for path, _ in files(root, *SOURCES) if is_product(path)}
    for room in sorted(found - ROOMS.keys()):
        yield f"{room}: no such room is drawn"
    if root == PROJECT:
        for room in sorted(ROOMS.keys() - found):
            yield f"{room}: is drawn, and has no sources"


def check_system_calls(root: Path) -> Iterator[str]:
    """archive/os is the one room that calls the operating system."""
    for path, text in files(root, *SOURCES):
        for _, header in INCLUDE.findall(text):
            if is_product(path) and room_of(path) != OS and SYSTEM.fullmatch(header):
                yield f"{path}: includes <{header}>, which belongs to {OS}"


def check_libraries(root: Path) -> Iterator[str]:
    """Every third-party library has one owner; tests and benchmarks may use them all."""
    for path, text in files(root, *SOURCES):
        for _, header in INCLUDE.findall(text):
            for library in LIBRARIES:
                foreign = is_product(path) and not path.startswith(library.owners)
                if foreign and re.fullmatch(library.header, header):
                    yield f"{path}: includes <{header}>; {library.name} is not its library"


def target_owners(root: Path) -> dict[str, str]:
    """Maps every target, and every alias of one, to the directory that defines it."""
    owners = {}
    for path, text in cmake_files(root):
        for command, words in commands(text):
            if command in {"add_library", "add_executable", "pybind11_add_module"} and words:
                owners[words[0]] = path.split("/", 1)[0]
    return owners


def check_links(root: Path) -> Iterator[str]:
    """What targets link follows the same arrows as what their sources include."""
    owners = target_owners(root)
    for path, text in cmake_files(root):
        layer = path.split("/", 1)[0]
        if layer not in LAYERS:
            continue
        for command, words in commands(text):
            if command not in {"target_link_libraries", "target_sources", "link_libraries"}:
                continue
            for word in words[1:]:
                used = owners.get(word, layer)
                if used not in LAYERS[layer] and used != "cmake":
                    yield f"{path}: {words[0]} links {word} of {used} against the arrows"
                for library in LIBRARIES:
                    home = tuple(owner.split("/", 1)[0] for owner in library.owners)
                    if re.search(library.target, word) and layer not in home:
                        yield f"{path}: {words[0]} links {word}; {library.name} is not its library"


def check_cmake_lists(root: Path) -> Iterator[str]:
    """Source lists are explicit and complete."""
    listed: dict[str, str] = {}
    for path, text in cmake_files(root):
        listed[path] = text
        for command, words in commands(text):
            if command == "aux_source_directory" or (
                command == "file" and words[:1] in (["GLOB"], ["GLOB_RECURSE"])
            ):
                yield f"{path}: collects its files by a pattern"
    for path, _ in files(root, ".cc"):
        homes = [
            listed.get(f"{parent.as_posix()}/CMakeLists.txt", "") for parent in Path(path).parents
        ]
        if is_product(path) and not any(Path(path).name in home for home in homes):
            yield f"{path}: no CMakeLists.txt names it"


def check_words(root: Path) -> Iterator[str]:
    """archive/ claims nothing about its bytes: those words belong to vfs/ and above."""
    word = re.compile(r"(?<![A-Za-z])(?:[Vv]erified|[Ss]igned(?! char)|[Tt]rusted)(?![a-z])")
    for path, text in files(root, *SOURCES, ".txt", below="archive"):
        if Path(path).stem == "status":
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for found in word.findall(line):
                yield f"{path}:{number}: says '{found}'"


def check_lengths(root: Path) -> Iterator[str]:
    """One idea a file: none is over MAX_LINES lines. A stub is one file, as its module is."""
    for path, text in files(root, *(TEXTS - {".pyi"})):
        if (lines := text.count("\n")) > MAX_LINES:
            yield f"{path}: has {lines} lines, more than {MAX_LINES}"


class Breach(NamedTuple):
    """A file that breaks a rule, and what the rule has to say about it."""

    rule: Callable[[Path], Iterator[str]]
    path: str
    text: str
    complaint: str


BREACHES = [
    Breach(check_includes, "archive/os/a.cc", '#include "archive/zip/z.h"\n', "against the arrows"),
    Breach(check_includes, "vfs/v.cc", '#include "vfs/signing/s.h"\n', "against the arrows"),
    Breach(check_rooms, "vfs/attic/a.cc", "int x;\n", "no such room"),
    Breach(check_system_calls, "vfs/a.cc", "#include <unistd.h>\n", "belongs to archive/os"),
    Breach(check_system_calls, "importer/ahead/a.h", "#include <csignal>\n", "belongs to"),
    Breach(check_system_calls, "archive/zip/a.h", "#include <sys/stat.h>\n", "belongs to"),
    Breach(check_system_calls, "archive/a.h", "#include <linux/fs.h>\n", "belongs to"),
    Breach(check_includes, "archive/a.cc", '#include "vfs/v.h"\n', "against the arrows"),
    Breach(check_includes, "vfs/a.cc", '#include "importer/i.h"\n', "against the arrows"),
    Breach(check_includes, "importer/a.cc", '#include "bindings/b.h"\n', "against the arrows"),
    Breach(check_includes, "bindings/a.cc", '#include "tests/t.h"\n', "against the arrows"),
    Breach(check_includes, "vfs/a.cc", "#include <importer/i.h>\n", "in angle brackets"),
    Breach(check_includes, "vfs/a.cc", '#include "v.h"\n', "no path from the root"),
    Breach(check_includes, "vfs/a.cc", '#include "../importer/i.h"\n', "no path from the root"),
    Breach(check_libraries, "archive/a.cc", "#include <archive.h>\n", "libarchive is not"),
    Breach(check_libraries, "vfs/a.cc", "#include <libdeflate.h>\n", "libdeflate is not"),
    Breach(check_libraries, "vfs/a.cc", "# include <zstd.h>\n", "zstd is not"),
    Breach(check_libraries, "vfs/a.cc", "#include <xxhash.h>\n", "xxHash is not"),
    Breach(check_libraries, "vfs/a.cc", "#include <utf8proc.h>\n", "utf8proc is not"),
    Breach(check_libraries, "importer/a.h", "#include <openssl/evp.h>\n", "OpenSSL is not"),
    Breach(check_libraries, "importer/a.h", "#include <pybind11/embed.h>\n", "pybind11 is not"),
    Breach(check_libraries, "vfs/a.cc", "#include <Python.h>\n", "Python is not"),
    Breach(check_libraries, "vfs/a.cc", "#include <gtest/gtest.h>\n", "GoogleTest is not"),
    Breach(
        check_links,
        "vfs/CMakeLists.txt",
        "target_link_libraries(v PUBLIC i)  # i is the importer's\n",
        "links i of importer",
    ),
    Breach(
        check_links,
        "archive/CMakeLists.txt",
        "target_link_libraries(a\n  PRIVATE $<LINK_ONLY:OpenSSL::Crypto>)\n",
        "OpenSSL is not",
    ),
    Breach(
        check_links, "importer/CMakeLists.txt", "target_link_libraries(i t)\n", "links t of tests"
    ),
    Breach(check_cmake_lists, "vfs/more.cmake", "file(GLOB sources *.cc)\n", "by a pattern"),
    Breach(check_cmake_lists, "vfs/orphan.cc", "int x;\n", "no CMakeLists.txt names it"),
    Breach(check_words, "archive/a.h", "// Trusted input.\n", "says 'Trusted'"),
    Breach(check_words, "archive/a.h", "VerifiedBytes read();\n", "says 'Verified'"),
    Breach(check_words, "archive/a.cc", "bool is_signed;\n", "says 'signed'"),
    Breach(check_lengths, "bindings/signedvfs/long.py", "pass\n" * 501, "has 501 lines"),
]
RULES = sorted({breach.rule for breach in BREACHES}, key=lambda rule: rule.__name__)


def small_tree(root: Path) -> None:
    """Writes a tree that keeps every rule."""
    tree = {
        "archive/a.h": "",
        "archive/a.cc": '#include "archive/a.h"\n#include <xxhash.h>\n'
        "unsigned x;  // signedvfs\nsigned char y;\n",
        "archive/foreign/f.cc": "#include <archive.h>\n",
        "archive/os/o.h": "#include <unistd.h>\n#include <sys/stat.h>\n",
        "archive/zip/z.h": "#include <sys/types.h>\n",
        "vfs/signing/s.h": '#include "vfs/v.h"\n',
        "importer/python/p.h": "#include <Python.h>\n",
        "vfs/v.h": '#include "archive/a.h"\n#include <openssl/evp.h>\n',
        "importer/i.h": '#include "importer/python/p.h"\n#include <Python.h>\n',
        "bindings/b.h": '#include "importer/i.h"\n#include <pybind11/pybind11.h>\n',
        "tests/t.h": '#include "archive/a.h"\n#include <gtest/gtest.h>\n',
        "archive/CMakeLists.txt": "add_library(a a.cc foreign/f.cc)\n"
        "target_link_libraries(a PRIVATE PkgConfig::libxxhash)\n",
        "vfs/CMakeLists.txt": "target_link_libraries(v PUBLIC a PRIVATE OpenSSL::Crypto)\n",
        "importer/CMakeLists.txt": "add_library(i INTERFACE)\ntarget_link_libraries(i v)\n",
        "tests/CMakeLists.txt": "add_executable(t t.h)\ntarget_link_libraries(t i GTest::gtest)\n",
    }
    for path, text in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Callable[[Path], Iterator[str]]) -> None:
    assert list(rule(PROJECT)) == []


@pytest.mark.parametrize("breach", BREACHES, ids=lambda b: f"{b.rule.__name__}: {b.complaint}")
def test_a_breach_is_found(breach: Breach, tmp_path: Path) -> None:
    small_tree(tmp_path)
    for rule in RULES:
        assert list(rule(tmp_path)) == []
    path = tmp_path / breach.path
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + breach.text, encoding="utf-8")
    assert [found for found in breach.rule(tmp_path) if breach.complaint in found]


def test_the_rooms_have_an_order() -> None:
    done: set[str] = set()
    while len(done) < len(ROOMS):
        ready = {room for room, used in ROOMS.items() if room not in done and used <= done}
        assert ready, f"these use each other in a circle: {sorted(ROOMS.keys() - done)}"
        done |= ready


def test_every_layer_was_looked_at() -> None:
    for layer in LAYERS:
        assert any(True for _ in files(PROJECT, *SOURCES, below=layer)), f"no sources in {layer}/"
