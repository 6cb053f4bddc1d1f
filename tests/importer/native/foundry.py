"""Extension modules and libraries, made by the system's C compiler."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

SUFFIX: str = sysconfig.get_config_var("EXT_SUFFIX")

COMPILED = ["-fPIC", "-O0", "-w"]
INCLUDES = [f"-I{sysconfig.get_path(name)}" for name in ("include", "platinclude")]
FOR_LINKER = ("-Wl,", "-L", "-l")

# What a module of the tests does: it says which one it is, and passes on what its libraries say.
MODULE = """
#include <Python.h>
@DECLARATIONS@
static PyObject* value(PyObject* self, PyObject* unused) {
  return PyUnicode_FromString(@VALUE@);
}
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
"""

MULTI_PHASE = """
static int run(PyObject* module) { @RUN@ return 0; }
static PyModuleDef_Slot slots[] = {
  {Py_mod_exec, run},
#if PY_VERSION_HEX >= 0x030c0000 && !defined(Py_LIMITED_API)
  {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030d0000 && !defined(Py_LIMITED_API)
  {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
  {0, NULL}};
static struct PyModuleDef def = {
    PyModuleDef_HEAD_INIT, "@INSIDE@", NULL, 0, methods, slots, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_@NAME@(void) { @INIT@ return PyModuleDef_Init(&def); }
"""

SINGLE_PHASE = """
static struct PyModuleDef def = {
    PyModuleDef_HEAD_INIT, "@INSIDE@", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_@NAME@(void) {
  PyObject* module;
  @INIT@
  module = PyModule_Create(&def);
#ifdef Py_GIL_DISABLED
  PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
"""


def text(value: str) -> str:
    """Return a C string literal."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def writes(marker: Path) -> str:
    """Return C code whose constructor makes the file `marker`: so one sees that it ran."""
    return f"""
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void leave_a_mark(void) {{
  close(open({text(str(marker))}, O_CREAT | O_WRONLY, 0600));
}}
"""


@cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="signedvfs-foundry-")


def _cc(*arguments: str, source: str = "") -> None:
    # What is loaded ahead of the tests (tests/support/native.py) is not for the compiler.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run(
        ["cc", *arguments], input=source, text=True, capture_output=True, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@cache
def _headers() -> str:
    """Return the directory of a precompiled Python.h: to read it is most of a compilation.

    GCC passes over one that other options were used for, and Clang over each.
    """
    directory = Path(_directory().name) / "headers"
    directory.mkdir()
    header = Path(sysconfig.get_path("include"), "Python.h")
    _cc(*COMPILED, *INCLUDES, "-x", "c-header", str(header), "-o", str(directory / "Python.h.gch"))
    return str(directory)


def _made(suffix: str, *words: str) -> Path:
    """Return where what is made of these words is kept."""
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return Path(_directory().name, key + suffix)


def build(source: str, *arguments: str) -> bytes:
    """Return the shared object that `cc` makes of a C source, once for all tests that want it.

    It is compiled once, too, where several differ in nothing but what the linker is told.
    """
    compiled = [*COMPILED, *(one for one in arguments if not one.startswith(FOR_LINKER))]
    object_file = _made(".o", source, *compiled)
    made = _made(".so", source, *compiled, *arguments)
    if not object_file.exists():
        before = [f"-I{_headers()}", *INCLUDES] if "<Python.h>" in source else []
        _cc(*before, *compiled, "-c", "-x", "c", "-", "-o", str(object_file), source=source)
    if not made.exists():
        _cc("-shared", str(object_file), *arguments, "-o", str(made))
    return made.read_bytes()


def _needing(libraries: Mapping[str, bytes]) -> list[str]:
    """Return arguments by which `ld` notes the libraries as needed: by SONAME, or by file name."""
    if not libraries:
        return []
    content = hashlib.sha256()
    for name, data in libraries.items():
        content.update(name.encode() + b"\0" + data)
    directory = Path(_directory().name) / content.hexdigest()
    for name, data in libraries.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [
        *("-Wl,--no-as-needed", f"-L{directory}", "-Wl,--unresolved-symbols=ignore-all"),
        *(f"-l:{name}" for name in libraries),
    ]


def _searching(rpath: str | None, runpath: str | None) -> list[str]:
    arguments = []
    if rpath is not None:
        arguments += ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{rpath}"]
    if runpath is not None:
        arguments += ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{runpath}"]
    return arguments


def library(
    function: str,
    value: str,
    *,
    soname: str | None = None,
    calls: str | None = None,
    needs: Mapping[str, bytes] | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    more: str = "",
    flags: Iterable[str] = (),
) -> bytes:
    """Make a library with one function, which returns a text.

    Where it `calls` another one, of a library that it needs, that one's text comes behind.
    """
    source = f"""
#include <stdio.h>
{more}
{f"const char* {calls}(void);" if calls else ""}
const char* {function}(void) {{
  static char out[256];
  snprintf(out, sizeof out, "%s%s", {text(value)}, {f"{calls}()" if calls else text("")});
  return out;
}}
"""
    named = [] if soname is None else [f"-Wl,-soname,{soname}"]
    return build(source, *named, *_searching(rpath, runpath), *_needing(needs or {}), *flags)


def extension(
    name: str,
    value: str = "genuine",
    *,
    single_phase: bool = False,
    calls: str | None = None,
    needs: Mapping[str, bytes] | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    soname: str | None = None,
    inside: str | None = None,
    more: str = "",
    init: str = "",
    run: str = "",
    flags: Iterable[str] = (),
) -> bytes:
    """Make an extension module `name`, whose `value()` is the text, or what a library returns.

    `init` is C code in its init function, `run` in its second phase, `more` at the top. `inside` is
    what it calls itself, if not by its name.
    """
    source = MODULE + (SINGLE_PHASE if single_phase else MULTI_PHASE)
    for word, meaning in {
        "DECLARATIONS": more + (f"\nconst char* {calls}(void);" if calls else ""),
        "VALUE": f"{calls}()" if calls else text(value),
        "NAME": name,
        "INSIDE": inside or name,
        "INIT": init,
        "RUN": run,
    }.items():
        source = source.replace(f"@{word}@", meaning)
    named = [] if soname is None else [f"-Wl,-soname,{soname}"]
    return build(source, *named, *_searching(rpath, runpath), *_needing(needs or {}), *flags)


def alike(count: int, single_phase: bool = False) -> list[bytes]:
    """Make modules `_m` that differ in nothing but the number that they return, in three digits."""
    content = extension("_m", "number 000", single_phase=single_phase)
    assert content.count(b"number 000") == 1
    return [content.replace(b"number 000", b"number %03d" % number) for number in range(count)]


def with_search() -> str:
    """Return C code that names dlopen, as objects do that search while they run."""
    return """
#include <dlfcn.h>
void* find(const char* name) { return dlopen(name, RTLD_NOW); }
"""


HAS_GIL = not bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
VERSION = sys.version_info[:2]


class Planted:
    """Libraries of an attacker's, in a directory of his, and the mark that they leave."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "planted"
        self.directory.mkdir()
        self.marker = directory / "marker"

    def put(self, *names: str, below: str = "") -> Path:
        place = self.directory / below
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            content = library("say", "evil", soname=name, more=writes(self.marker))
            (place / name).write_bytes(content)
        return place

    @property
    def ran(self) -> bool:
        return self.marker.exists()
