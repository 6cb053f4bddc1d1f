"""Modules that are read on another core before they are imported."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

import signedvfs
from signedvfs.building.linker import loaded_objects
from tests.importer.workshop import Files, Python, Workshop, pyc
from tests.support.native import compile_object

COUNT = 30
NAMES = [f"m{i:02}" for i in range(COUNT)]
# Modules large enough to be worth a second core, and one that imports them all.
BODY = "import os\nv = {v}\nthreads = len(os.listdir('/proc/self/task'))\ntext = '{text}'\n"
FILES: dict[str, bytes | str] = {
    "app/__init__.pyc": pyc("from . import " + ", ".join(NAMES) + "\nfrom .sub.deep import x\n"),
    "app/sub/__init__.pyc": pyc(""),
    "app/sub/deep.pyc": pyc(
        "import app\nfrom .. import m00\n"
        "try:\n    from .... import nothing\nexcept ImportError:\n    x = 1\n"
    ),
    **{
        f"app/{name}.pyc": pyc(BODY.format(v=i, text=f"{name} " * 2000))
        for i, name in enumerate(NAMES)
    },
}
ORDER = "".join(f"app/{name}.pyc\n" for name in NAMES)
RECORDED: Files = {**FILES, "signedvfs-order.txt": ORDER}

# Each import is done by a program of its own: what a process has read, it does not read again.
PROGRAM = """
import os, sys
sys.path.insert(0, {path!r})
seen = []
sys.addaudithook(lambda event, args: seen.append(args[1]) if event == "signedvfs.verify" else None)
import app
assert [getattr(app, f"m{{i:02}}").v for i in range({count})] == list(range({count}))
"""

needs_two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="nothing is read ahead on one core"
)


def program(path: Path) -> str:
    return PROGRAM.format(path=str(path), count=COUNT)


@pytest.mark.parametrize("files", [FILES, RECORDED], ids=["foreseen", "recorded"])
def test_every_member_is_verified_once(workshop: Workshop, python: Python, files: Files) -> None:
    path = workshop.zip("app.zip", files)
    script = program(path) + (
        "members = [name for name in seen if name]\n"
        "assert len(members) == len(set(members)), members\n"
        "print(*members)\n"
    )
    read = python(script).stdout.split()
    assert [name for name in read if "/m" in name] == ORDER.split()
    assert set(read) == set(FILES)


@needs_two_cores
@pytest.mark.parametrize("files", [FILES, RECORDED], ids=["foreseen", "recorded"])
def test_another_thread_reads(workshop: Workshop, python: Python, files: Files) -> None:
    path = workshop.zip("app.zip", files)
    assert python(program(path) + "print(app.m05.threads)\n").stdout == "2\n"


@needs_two_cores
def test_statements_are_foreseen_behind_many_names(workshop: Workshop, python: Python) -> None:
    # Names, and constants, whose numbers take more than one byte.
    filler = "".join(f"name{i} = {i}.5\n" for i in range(700))
    package = filler + "from . import " + ", ".join(NAMES) + "\nfrom .sub.deep import x\n"
    path = workshop.zip("app.zip", {**FILES, "app/__init__.pyc": pyc(package)})
    assert python(program(path) + "print(app.m05.threads)\n").stdout == "2\n"


def test_looking_ahead_waits_for_no_import(workshop: Workshop, python: Python) -> None:
    """A module that is being imported is looked at as it is: waiting for it would run code of the
    import system's, and what is raised there, by Ctrl-C for instance, would be lost."""
    path = workshop.zip("app.zip", {"app.pyc": pyc("events.append('body')\nimport app\n")})
    script = f"""
import builtins, importlib._bootstrap as system, sys
sys.path.insert(0, {str(path)!r})
builtins.events = []
system._lock_unlock_module = lambda name: events.append("waits for " + name)
import app
print(*events, sep=", ")
"""
    # The statement itself does wait.
    assert python(script).stdout == "body, waits for app\n"


# It stands in front of Python's own function, as a version to come does.
COMPILING = """
#include <Python.h>
#include <dlfcn.h>
#include <string.h>
static int count = 0;
int tried(void) { return count; }
typedef PyObject *Compile(const char *, const char *, int, PyCompilerFlags *, int);
PyObject *Py_CompileStringExFlags(const char *text, const char *name, int start,
                                  PyCompilerFlags *flags, int optimize) {
    Compile *real = (Compile *)dlsym(RTLD_NEXT, "Py_CompileStringExFlags");
    if (strcmp(name, "<specimen of signedvfs>") != 0)
        return real(text, name, start, flags, optimize);
    ++count;
    return BECOMES;
}
"""
BECOMES = {
    "no imports": 'real("pass", name, start, flags, optimize)',
    "no code": "(Py_INCREF(Py_None), Py_None)",
    "nothing": '(PyErr_SetString(PyExc_SyntaxError, "of another version"), NULL)',
}


@pytest.mark.skipif(
    not any(path.name.startswith("libpython") for path in loaded_objects()),
    reason="what is linked into the interpreter itself comes before what is preloaded",
)
@pytest.mark.parametrize("what", BECOMES)
def test_bytecode_that_is_not_understood_is_left_alone(
    workshop: Workshop, python: Python, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # The importer tries itself on a small program before it trusts itself.
    path = workshop.zip("app.zip", FILES)
    compiling = compile_object(
        workshop.directory / "compiling.so",
        "#define _GNU_SOURCE\n" + COMPILING.replace("BECOMES", BECOMES[what]),
        flags=["-I" + sysconfig.get_paths()["include"], "-ldl"],
    )
    preloaded = [*os.environ.get("LD_PRELOAD", "").split(), str(compiling)]
    monkeypatch.setenv("LD_PRELOAD", ":".join(preloaded))
    script = "import ctypes\n" + program(path) + "print(app.m05.threads)\n"
    script += f"print(ctypes.CDLL({str(compiling)!r}).tried())\n"
    assert python(script).stdout == "1\n1\n"


def test_one_core_is_left_to_the_importer(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", RECORDED)
    one = "import os\nos.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    assert python(one + program(path) + "print(app.m05.threads)\n").stdout == "1\n"


@pytest.mark.parametrize("files", [FILES, RECORDED], ids=["foreseen", "recorded"])
def test_what_is_tampered_with_is_refused(workshop: Workshop, python: Python, files: Files) -> None:
    path = workshop.zip("app.zip", files)
    data = bytearray(path.read_bytes())
    data[data.index(b"app/m20.pyc") + 200] ^= 1
    path.write_bytes(bytes(data))
    script = f"""
import sys
sys.path.insert(0, {str(path)!r})
try:
    import app
except signedvfs.IntegrityCheckError as error:
    assert error.member == "app/m20.pyc", error
    assert sys.modules["app.m19"].v == 19
    assert "app.m20" not in sys.modules
    print("refused")
"""
    assert python(script).stdout == "refused\n"


def test_fork_meets_no_thread(workshop: Workshop, python: Python) -> None:
    # Python 3.12 and later warn, here an error, where a program with threads forks.
    path = workshop.zip("app.zip", RECORDED)
    script = program(path) + (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    import app.sub.deep\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print('forked')\n"
    )
    assert python(script).stdout == "forked\n"


def test_the_order_may_name_what_nobody_imports(workshop: Workshop, python: Python) -> None:
    files = {**RECORDED, "unused.py": "v = 1\n" * 5000}
    files["signedvfs-order.txt"] = "unused.py\n" + ORDER
    path = workshop.zip("app.zip", files)
    script = program(path) + "assert 'unused.py' not in seen\nprint('fine')\n"
    assert python(script).stdout == "fine\n"
    assert signedvfs.open(path, signedvfs.TrustPolicy(workshop.public_key)).read("unused.py")
