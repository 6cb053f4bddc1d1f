"""The launcher that has Python linked in, beside the one that loads it out of the archive."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from signedvfs import PrivateKey, TrustPolicy, _tools
from signedvfs.building import BuildError, build
from signedvfs.building.executable import put_together, python_in, read_launcher
from signedvfs.building.layout import LAUNCH
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import python_library, python_name
from tests.importer.launcher.conftest import Build
from tests.importer.launcher.starting import FILES, assert_refused, run, says
from tests.importer.launcher.test_refused_archives import signed_anew
from tests.support.native import compile_object

UP = "print('up')"
HOLDS_PYTHON = """
names = {line.split(maxsplit=5)[5].strip() for line in open("/proc/self/maps") if "/" in line}
print(sorted(name for name in names if "libpython" in name))
"""

# An extension module that needs Python's library by its name, as some are linked.
NEEDING = """
#include <Python.h>
static PyObject *version(PyObject *self, PyObject *none) {
    return PyUnicode_FromString(PY_VERSION);
}
static PyMethodDef methods[] = {{"version", version, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needing", "", 0, methods};
PyMODINIT_FUNC PyInit_needing(void) {
    PyObject *made = PyModule_Create(&module);
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(made, Py_MOD_GIL_NOT_USED);
#endif
    return made;
}
"""


@pytest.fixture(scope="module")
def linked(launcher: Path) -> Path:
    """The launcher with this interpreter in it."""
    if python_in(launcher.read_bytes()) is None:
        pytest.skip("these tests have the other launcher here (see the fixture launcher)")
    return launcher


def test_is_of_the_very_interpreter_that_runs(linked: Path) -> None:
    assert linked == launcher_path()
    assert python_in(linked.read_bytes()) == sys.version
    assert python_in(linked.with_name("_launcher").read_bytes()) is None


def test_has_python_nowhere_else(linked: Path, app: Path) -> None:
    """Also for who asks by name, on a machine that has that library: what stands for it, which has
    no code, is in memory first."""
    assert python_in(linked.read_bytes()) is not None
    code = f"import ctypes; named = ctypes.CDLL({python_name()!r})\n"
    code += "print(hasattr(named, 'Py_GetVersion'), hasattr(ctypes.pythonapi, 'Py_GetVersion'))\n"
    told, held = says(app, code + HOLDS_PYTHON).splitlines()
    assert told == "False True"
    assert held.count("libpython") == 1
    assert f"memfd:app/python.libs/{python_name()}" in held


def test_the_other_launcher_does_the_same(
    linked: Path, build_app: Build, key: PrivateKey, app: Path
) -> None:
    try:
        python_library(Linker())
    except BuildError as error:  # an interpreter that is linked statically, and alone
        pytest.skip(str(error))
    other = build_app(launcher=linked.with_name("_launcher"), key=key)
    assert python_name() in says(other, HOLDS_PYTHON)
    code = "print(sorted(sys.modules), sys.version, len(sys.path), sys.flags, sys.platlibdir)"
    assert says(other, code) == says(app, code)


def test_extension_modules_that_need_the_library(
    linked: Path, tmp_path: Path, key: PrivateKey
) -> None:
    assert linked.is_file()
    stub = tmp_path / "stub" / python_name()
    compile_object(stub, soname=python_name())
    include = sysconfig.get_paths()["include"]
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for name, content in {**FILES, "needing_is_here.py": ""}.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    compile_object(
        tmp_path / f"source/needing{suffix}", NEEDING, needs=[stub], flags=[f"-I{include}"]
    )
    shutil.rmtree(stub.parent)
    built = tmp_path / "app"
    build(tmp_path / "source", built, key=key, minimal=True)
    code = "import needing\nprint(needing.version())\n" + HOLDS_PYTHON
    version, held = says(built, code).splitlines()
    assert version == sys.version.split()[0]
    assert held == says(built, HOLDS_PYTHON)


def test_another_interpreter_is_not_built_with(
    linked: Path, tmp_path: Path, key: PrivateKey
) -> None:
    content = linked.read_bytes()
    assert content.count(sys.version.encode()) == 1
    other = tmp_path / "other"
    other.write_bytes(content.replace(sys.version.encode(), b"3" + sys.version.encode()[:0:-1]))
    (tmp_path / "main.py").write_text(UP)
    with pytest.raises(BuildError, match=r"has Python 3.* in it, and this is"):
        build(tmp_path / "main.py", tmp_path / "app", key=key, launcher=other)
    assert not (tmp_path / "app").exists()


@pytest.mark.parametrize("wrong", ["release", "second"])
def test_what_does_not_belong_to_it_is_refused(
    linked: Path, key: PrivateKey, tmp_path: Path, wrong: str
) -> None:
    """Whoever puts an executable together by hand could pack another patch level, or a library that
    is a second interpreter."""
    archive, path = tmp_path / "archive.zip", tmp_path / "app"
    number = sys.hexversion ^ (0x100 if wrong == "release" else 0)
    text = f"python 3.x\nhexversion 0x{number:08x}\nlibrary python.libs/a.so\nstdlib lib\npath .\n"
    planted = compile_object(
        tmp_path / "a.so", 'const char *Py_GetVersion(void) { return "mine"; }', soname="a.so"
    )
    with _tools.ArchiveWriter(archive) as writer:
        writer.add("__main__.py", UP.encode(), "stored")
        writer.add(LAUNCH, text.encode(), "stored")
        writer.add("python.libs/a.so", planted.read_bytes(), "stored")
    rules = TrustPolicy([key.public_key])
    put_together(
        _tools._patch_launcher(read_launcher(linked), rules, shows_info=False, verifies_all=False),
        archive,
        path,
    )
    signed_anew(path, key)
    said = {"release": "this launcher is for", "second": "a second Python"}[wrong]
    assert_refused(run(path), said)


def test_without_another_thread(linked: Path, app: Path, tmp_path: Path) -> None:
    """Where the system allows none, the application is opened all the same, by the first."""
    assert linked.is_file()
    nobody = 65534
    if os.getuid() == 0:
        # Root may have any number of them.
        tmp_path = Path("/tmp") / f"signedvfs-{os.getpid()}"
        tmp_path.mkdir(mode=0o755)
    here = Path(shutil.copy2(app, tmp_path / "app"))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(nobody)
            os.setuid(nobody)

    code = """
import threading
try:
    threading.Thread(target=print).start()
except RuntimeError:
    print("no thread")
"""
    try:
        done = subprocess.run(
            [str(here), code], preexec_fn=limit, capture_output=True, text=True, check=False
        )
    finally:
        if os.getuid() == 0:
            shutil.rmtree(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no thread\n", "")
