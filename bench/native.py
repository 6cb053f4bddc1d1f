"""Times extension modules of an archive beside the same as files.

First modules of certain sizes: beside the dynamic linker alone, and beside that and a SHA-256 of
the file. Then packages that people use: beside the same from a directory. Each import is the first
of its process, with warm files; the ways take turns, and have to answer the same.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, NamedTuple

import signedvfs
from archives import Method, write_signed

SIZES = {"20 KB": 20_000, "2 MB": 2_000_000, "40 MB": 40_000_000}
COPIES = {"20 KB": 40, "2 MB": 10, "40 MB": 2}
METHODS: tuple[Method, ...] = ("stored", "zstd")

# PACKAGES are installed from the package index: what is imported of them, and asked.
PACKAGES = {
    "numpy": "module.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0]).tolist()",
    "pandas": "module.Series([1, 2, 3]).sum()",
    "cryptography.hazmat.bindings._rust": "module.__name__",
}
DISTRIBUTIONS = ["numpy", "pandas", "cryptography"]

CODE = """
#include <Python.h>
#include "{blob}"
static PyObject *checksum(PyObject *self, PyObject *nothing) {{
  unsigned long sum = {number};
  for (size_t i = 0; i < sizeof blob; i += 4096) sum += blob[i];
  return PyLong_FromUnsignedLong(sum);
}}
static PyMethodDef functions[] = {{{{"checksum", checksum, METH_NOARGS, 0}}, {{0, 0, 0, 0}}}};
static PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "{name}", 0, 0, functions}};
PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModuleDef_Init(&definition); }}
"""
# The assembler takes a file as it is, however large.
BLOB = """
__asm__(".section .rodata\\n.balign 64\\nblob_{number}: .incbin \\"{file}\\"\\n.previous\\n");
extern const unsigned char blob_{number}[{size}] __attribute__((visibility("hidden")));
#define blob blob_{number}
"""


class Way(NamedTuple):
    """Way is one way to import the same modules."""

    name: str
    how: str
    where: Path


def build(directory: Path, name: str, size: int, number: int) -> Path:
    """Compiles an extension module that is about `size` bytes large, and no other's copy."""
    raw = directory / f"{name}.bin"
    raw.write_bytes(random.Random(number).randbytes(size))
    header = directory / f"{name}.h"
    header.write_text(BLOB.format(number=number, file=raw, size=size))
    source = directory / f"{name}.c"
    source.write_text(CODE.format(blob=header, name=name, number=number))
    target = directory / f"{name}{EXTENSION_SUFFIXES[0]}"
    include = sysconfig.get_path("include")
    flags = ["-shared", "-fPIC", "-O1", "-s", f"-I{include}"]
    subprocess.run(["cc", *flags, str(source), "-o", str(target)], check=True)
    for path in (raw, header, source):
        path.unlink()
    return target


def once(way: Way, key: Path, names: list[str], expression: str) -> dict[str, Any]:
    """Runs one child."""
    child = Path(__file__).with_name("native_child.py")
    words = [way.how, str(way.where), str(key), ",".join(names), expression]
    done = subprocess.run(
        [sys.executable, str(child), *words], check=True, capture_output=True, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def compare(
    ways: list[Way], key: Path, names: list[str], expression: str, rounds: int
) -> dict[str, Any]:
    """Has the ways take turns; returns for each the median of a module's milliseconds, and peak."""
    answers = {tuple(once(way, key, names, expression)["answers"]) for way in ways}  # warms, too
    if len(answers) != 1:
        sys.exit(f"native modules: the ways disagree: {answers}")
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    peaks: dict[str, list[int]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            done = once(way, key, names, expression)
            times[way.name].append(sum(done["seconds"]) / len(names) * 1e3)
            peaks[way.name].append(done["peak"])
    return {
        way.name: {
            "ms": statistics.median(times[way.name]),
            "least_ms": min(times[way.name]),
            "peak_mb": statistics.median(peaks[way.name]) / 1e6,
        }
        for way in ways
    }


def files_below(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def compare_sizes(
    work: Path, key: signedvfs.PrivateKey, rounds: int, copies: dict[str, int] = COPIES
) -> dict[str, Any]:
    """Compares so many modules of each size; files and key are made below `work`."""
    (work / "key.pub").write_text(key.public_key.pem, encoding="ascii")
    out = {}
    for number, (label, size) in enumerate(SIZES.items()):
        if label not in copies:
            continue
        directory = work / f"size-{number}"
        directory.mkdir()
        names = [f"blob_{number}_{copy}" for copy in range(copies[label])]
        for copy, name in enumerate(names):
            build(directory, name, size, number * 1000 + copy)
        ways = [Way("files", "files", directory), Way("hashed", "hashed", directory)]
        for method in METHODS:
            archive = work / f"size-{number}-{method}.zip"
            # Archives of applications have more members, and so an index.
            write_signed(archive, files_below(directory), method, key, index=True)
            ways.append(Way(method, "signed", archive))
        out[label] = compare(ways, work / "key.pub", names, "module.checksum()", rounds)
    return out


def compare_packages(work: Path, rounds: int) -> dict[str, Any]:
    directory = work / "packages"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check",
         "--target", str(directory), *DISTRIBUTIONS], check=True,
    )  # fmt: skip
    files = Way("files", "files", directory)
    out = {}
    for name, expression in PACKAGES.items():
        ways = [files]
        for compression in ("deflate", "stored"):
            archive = work / f"{name}-{compression}.zip"
            subprocess.run(
                [sys.executable, "-m", "signedvfs", "pack", str(directory), "-o", str(archive),
                 "--key", str(work / "key.key"), "--compression", compression, "--quiet",
                 "--record", f"-c 'import {name}'"], check=True,
            )  # fmt: skip
            ways.append(
                Way("signed" if compression == "deflate" else compression, "signed", archive)
            )
        out[name.partition(".")[0]] = compare(ways, work / "key.pub", [name], expression, rounds)
        for way in ways[1:]:
            way.where.unlink()
    return out


def run(work: Path, key: signedvfs.PrivateKey, rounds: int) -> dict[str, Any]:
    """Measures everything, with files that are made below `work`."""
    key.save(str(work / "key.key"))
    return {
        "sizes": compare_sizes(work, key, rounds),
        "packages": compare_packages(work, rounds),
    }
