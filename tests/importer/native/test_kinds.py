"""Extension modules of every kind, from every kind of place."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import signedvfs
from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import HAS_GIL, SUFFIX, build, extension, writes
from tests.importer.workshop import Files, Workshop
from tests.support.foreign import make_foreign, signed_members
from tests.support.native import PRELOADS

PLACES = ["listed", "indexed", "stored", "appended", "directory", "app.tar.gz", "app.7z"]


def place(workshop: Workshop, kind: str, files: Files) -> Path:
    if kind == "directory":
        return workshop.tree("app", files)
    if kind == "appended":
        return workshop.appended("app", files)
    if kind in ("app.tar.gz", "app.7z"):
        signed = workshop.zip("signed.zip", files)
        return make_foreign(workshop.directory / kind, signed_members(signed))
    return workshop.zip(
        "app.zip", files, index=kind == "indexed", compression=0 if kind == "stored" else 8
    )


def protecting(root: Path) -> str:
    """Return the statement by which everything below a directory is ours."""
    return f"signedvfs.hook.protect({str(root)!r})"


@pytest.mark.parametrize("kind", PLACES)
def test_from_every_place(workshop: Workshop, child: Child, kind: str) -> None:
    files: Files = {
        "pkg/__init__.py": "from pkg._speedups import value",
        f"pkg/_speedups{SUFFIX}": extension("_speedups"),
        f"pkg/_single{SUFFIX}": extension("_single", "once", single_phase=True),
        f"pkg/inner/__init__{SUFFIX}": extension("inner", "package"),
        "pkg/inner/plain.py": "value = 'python'",
    }
    path = place(workshop, kind, files)
    script = f"""
        {protecting(path) if kind == "directory" else ""}
        import pkg, pkg._single, pkg.inner, pkg.inner.plain
        assert pkg.value() == "genuine" and pkg._single.value() == "once"
        assert pkg.inner.value() == "package" and pkg.inner.plain.value == "python"
        assert pkg.inner.__path__ == [{str(path)!r} + "/pkg/inner"], pkg.inner.__path__
        assert pkg.inner.__file__ == {str(path)!r} + "/pkg/inner/__init__{SUFFIX}"
        assert pkg.inner.__package__ == "pkg.inner"
        assert pkg.inner.__loader__.is_package("pkg.inner")
    """
    child.run(script, path)


def test_by_a_path_hook_with_roots(workshop: Workshop, child: Child) -> None:
    root = workshop.tree("app", {f"pkg/_mod{SUFFIX}": extension("_mod"), "pkg/__init__.py": ""})
    script = f"""
        sys.path_hooks.remove(signedvfs.hook)
        policy = signedvfs.get_policy()
        signedvfs.set_policy(signedvfs.TrustPolicy())
        hook = signedvfs.PathHook([{str(root)!r}], policy)
        sys.path_hooks.insert(0, hook)
        import pkg._mod
        assert pkg._mod.value() == "genuine"
        assert type(pkg._mod.__loader__) is signedvfs.zipimporter
    """
    child.run(script, root)


def test_by_the_command(workshop: Workshop, app: App) -> None:
    path = app(
        {
            "__main__.py": "import pkg._mod, sys\nprint(pkg._mod.value(), *sys.argv[1:])",
            "pkg/__init__.py": "",
            f"pkg/_mod{SUFFIX}": extension("_mod"),
        }
    )
    run = [sys.executable, "-I", "-m", "signedvfs", "run", "--trust", str(workshop.public_path)]
    for name in PRELOADS:
        run += ["--preload", name]
    done = subprocess.run([*run, str(path), "Ada"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "genuine Ada\n"), done.stderr


def test_the_suffixes_have_the_order_of_the_interpreter(workshop: Workshop, child: Child) -> None:
    known = EXTENSION_SUFFIXES
    assert known[0] == SUFFIX and known[-1] == ".so"
    for first in range(len(known)):
        files: Files = {f"_mod{one}": extension("_mod", one) for one in known[first:]}
        path = workshop.zip(f"app{first}.zip", files)
        assert child.value("_mod", path) == known[first]


def test_the_stable_abi(child: Child, app: App) -> None:
    # Headers without a GIL do not compile for it, and from Python 3.15 on they look for none.
    content = extension("_mod", flags=["-DPy_LIMITED_API=0x03090000"] if HAS_GIL else [])
    path = app({"_mod.abi3.so": content})
    if ".abi3.so" in EXTENSION_SUFFIXES:
        assert child.value("_mod", path) == "genuine"
    else:
        assert not HAS_GIL
        assert child.failure("_mod", path) == "ModuleNotFoundError: No module named '_mod'"


# A module that says what it is by slots alone (PEP 793), in the stable ABI of interpreters with a
# GIL and without (PEP 803).
EXPORTED = """
#include <Python.h>
static PyObject* value(PyObject* self, PyObject* unused) {
  return PyUnicode_FromString("genuine");
}
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
PyABIInfo_VAR(abi);
static PySlot slots[] = {
  PySlot_STATIC_DATA(Py_mod_name, "_mod"),
  PySlot_STATIC_DATA(Py_mod_methods, methods),
  PySlot_STATIC_DATA(Py_mod_abi, &abi),
  PySlot_STATIC_DATA(Py_mod_gil, Py_MOD_GIL_NOT_USED), PySlot_END};
PyMODEXPORT_FUNC PyModExport__mod(void) { return slots; }
"""


@pytest.mark.skipif(sys.version_info < (3, 15), reason="Python 3.15 has the first such interface")
def test_the_stable_abi_with_and_without_a_gil(child: Child, app: App) -> None:
    path = app({"_mod.abi3t.so": build(EXPORTED, "-DPy_TARGET_ABI3T=0x030f0000")})
    assert child.value("_mod", path) == "genuine"


def test_of_another_interpreter_is_none(child: Child, app: App) -> None:
    path = app({"_mod.cpython-36m-x86_64-linux-gnu.so": extension("_mod")})
    assert child.failure("_mod", path) == "ModuleNotFoundError: No module named '_mod'"


@pytest.mark.parametrize("kind", ["listed", "indexed", "directory"])
def test_comes_before_python_of_its_name(workshop: Workshop, child: Child, kind: str) -> None:
    files: Files = {
        "pkg/__init__.py": "",
        "pkg/_mod.py": "def value(): return 'python'",
        f"pkg/_mod{SUFFIX}": extension("_mod"),
        "pkg/both/__init__.py": "def value(): return 'a package'",
        f"pkg/both{SUFFIX}": extension("both"),
    }
    path = place(workshop, kind, files)
    assert child.value("pkg._mod", path) == "genuine"
    assert child.value("pkg.both", path) == "a package"


def test_an_initial_of_another_alphabet(child: Child, app: App) -> None:
    """PEP 489: the init function of a name that is not ASCII."""
    encoded = "büng".encode("punycode").decode().replace("-", "_")
    content = extension(
        "unused",
        more=f"PyObject* PyInitU_{encoded}(void);",
        flags=[f"-DPyInit_unused=PyInitU_{encoded}"],
    )
    path = app({f"büng{SUFFIX}": content})
    assert child.value("büng", path) == "genuine"


def test_an_unlisted_one_in_a_signed_directory_is_not_there(
    workshop: Workshop, child: Child, tmp_path: Path
) -> None:
    root = workshop.tree("app", {"pkg/__init__.py": "", "pkg/_mod.py": "def value(): return 'py'"})
    marker = tmp_path / "ran"
    for name in ("_mod", "_more"):
        (root / f"pkg/{name}{SUFFIX}").write_bytes(extension(name, "evil", more=writes(marker)))
    protect = protecting(root) + "\n"
    said = child.run(protect + "import pkg._mod\nprint(pkg._mod.value())", root)
    assert said == "py\n"
    said = child.run(protect + "print(failure('pkg._more'))", root)
    assert said == "ModuleNotFoundError: No module named 'pkg._more'\n"
    assert not marker.exists()


def test_a_policy_keeps_its_rules() -> None:
    policy = signedvfs.TrustPolicy(
        libraries=["liba.so.1"], preloads=["libb.so"], library_directory="/var/lib"
    )
    assert policy.libraries == {"liba.so.1"}
    assert policy.preloads == {"libb.so"}
    assert policy.library_directory == "/var/lib"
