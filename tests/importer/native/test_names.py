"""What people see of an extension module is its place in the archive, and nothing else."""

from __future__ import annotations

from typing import Callable

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension

RAISES = 'PyErr_SetString(PyExc_ValueError, "as it likes"); return NULL;'
EXEC_RAISES = 'PyErr_SetString(PyExc_ValueError, "as it likes"); return -1;'

# Where the linker was told that the file lies, in all the forms that it has.
ALIAS = "/proc/"


@pytest.mark.parametrize("single_phase", [False, True])
def test_a_module_names_its_place(child: Child, app: App, single_phase: bool) -> None:
    content = extension("_mod", single_phase=single_phase)
    path = app({"pkg/__init__.py": "", f"pkg/_mod{SUFFIX}": content})
    script = f"""
        import importlib, pkg._mod as mod
        here = {str(path)!r} + "/pkg/_mod{SUFFIX}"
        for _ in range(3):
            assert mod.__file__ == here, mod.__file__
            assert mod.__spec__.origin == here, mod.__spec__.origin
            assert mod.__spec__.has_location
            assert mod.__spec__.cached is None and getattr(mod, "__cached__", None) is None
            assert type(mod.__loader__) is type(mod.__spec__.loader) is signedvfs.zipimporter
            assert mod.__package__ == "pkg" and mod.__name__ == "pkg._mod"
            assert repr(mod) == f"<module 'pkg._mod' from {{here!r}}>"
            assert mod.__loader__.get_filename("pkg._mod") == here
            assert mod.__loader__.get_code("pkg._mod") is None
            assert mod.__loader__.get_source("pkg._mod") is None
            assert not mod.__loader__.is_package("pkg._mod")
            assert {ALIAS!r} not in repr(vars(mod)), vars(mod)
            assert mod.value() == "genuine"
            mod = importlib.reload(mod)
            del sys.modules["pkg._mod"]
            mod = importlib.import_module("pkg._mod")
    """
    child.run(script, path)


@pytest.mark.parametrize("single_phase", [False, True])
@pytest.mark.parametrize("inside", ["mod", "other.name", "sys"])
def test_a_module_that_calls_itself_otherwise(
    child: Child, app: App, single_phase: bool, inside: str
) -> None:
    # as the library's own do: _decimal is "decimal" inside, in one phase until 3.12
    content = extension("_mod", single_phase=single_phase, inside=inside)
    path = app({f"_mod{SUFFIX}": content, f"pkg/_mod{SUFFIX}": content, "pkg/__init__.py": ""})
    script = f"""
        import _mod, pkg._mod
        for mod, name in ((_mod, "_mod"), (pkg._mod, "pkg._mod")):
            assert mod.value() == "genuine"
            assert mod.__spec__.name == name
            assert sys.modules[name] is mod
            assert mod.__name__ == ({inside!r} if {single_phase} else name), mod.__name__
    """
    child.run(script, path)


def test_memory_is_named_by_archive_and_member(child: Child, app: App) -> None:
    path = app({f"pkg/_mod{SUFFIX}": extension("_mod"), "pkg/__init__.py": ""})
    script = f"""
        import pkg._mod
        lines = [line.split(maxsplit=5)[5] for line in open("/proc/self/maps") if "_mod" in line]
        assert set(lines) == {{"/memfd:app.zip/pkg/_mod{SUFFIX} (deleted)\\n"}}, lines
    """
    child.run(script, path)


def test_of_a_long_name_the_end_is_shown(child: Child, app: App) -> None:
    folder = "/".join(["äöü" * 20] * 5)
    dotted = folder.replace("/", ".")
    path = app({f"{folder}/_mod{SUFFIX}": extension("_mod")})
    script = f"""
        import importlib
        assert importlib.import_module({dotted + "._mod"!r}).value() == "genuine"
        shown = [line for line in open("/proc/self/maps", encoding="utf-8") if "_mod" in line]
        assert shown and all("/_mod{SUFFIX} (deleted)" in line for line in shown), shown
    """
    child.run(script, path)


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        (lambda: extension("_mod", init=RAISES), "ValueError", "as it likes"),
        (lambda: extension("_mod", init=RAISES, single_phase=True), "ValueError", "as it likes"),
        (lambda: extension("_mod", run=EXEC_RAISES), "ValueError", "as it likes"),
        (lambda: extension("_other"), "ImportError", "PyInit__mod"),
        (lambda: extension("_mod", init="return NULL;"), "SystemError", "_mod"),
        (
            lambda: extension("_mod", more="int missing(void);", init="missing();"),
            "ZipImportError",
            "undefined symbol: missing",
        ),
    ],
    ids=["init", "single", "exec", "other name", "null", "symbol"],
)
def test_failures_name_the_place(
    child: Child, app: App, content: Callable[[], bytes], kind: str, says: str
) -> None:
    path = app({"pkg/__init__.py": "", f"pkg/_mod{SUFFIX}": content()})
    script = f"""
        import traceback
        here = {str(path)!r} + "/pkg/_mod{SUFFIX}"
        for again in (1, 2):
            try:
                import pkg._mod
            except Exception as error:
                shown = "".join(traceback.format_exception(type(error), error, None))
                shown += traceback.format_exc() + repr(error) + repr(error.args)
                assert type(error).__name__ == {kind!r}, shown
                assert {says!r} in str(error), shown
                assert {ALIAS!r} not in shown, shown
                if isinstance(error, ImportError):
                    assert error.path == here, error.path
                    assert error.name == "pkg._mod", error.name
                    assert str(error) == error.msg == error.args[0]
            else:
                raise AssertionError("imported")
            assert "pkg._mod" not in sys.modules
    """
    child.run(script, path)


def test_a_module_sees_its_place_while_it_is_made(child: Child, app: App) -> None:
    """Its second phase runs when the spec tells the truth again."""
    shows = """
        PyObject* spec = PyObject_GetAttrString(module, "__spec__");
        PyObject* origin = PyObject_GetAttrString(spec, "origin");
        PyObject_SetAttrString(module, "seen", origin);
    """
    path = app({f"_mod{SUFFIX}": extension("_mod", run=shows)})
    script = f"""
        import _mod
        assert _mod.seen == {str(path)!r} + "/_mod{SUFFIX}", _mod.seen
    """
    child.run(script, path)


def test_a_module_that_names_itself_by_its_spec(child: Child, app: App) -> None:
    """Cython's modules copy the file's name out of the spec in their first phase."""
    makes = """
static PyObject* make(PyObject* spec, PyModuleDef* unused) {
  PyObject* name = PyObject_GetAttrString(spec, "name");
  PyObject* module = PyModule_NewObject(name);
  PyObject_SetAttrString(module, "__file__", PyObject_GetAttrString(spec, "origin"));
  return module;
}
static PyModuleDef_Slot slots[] = {
  {Py_mod_create, make},
#ifdef Py_GIL_DISABLED
  {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
  {0, NULL}};
static struct PyModuleDef made = {PyModuleDef_HEAD_INIT, "_mod", NULL, 0, NULL, slots};
PyMODINIT_FUNC PyInit__mod(void) { return PyModuleDef_Init(&made); }
"""
    path = app({f"_mod{SUFFIX}": extension("_unused", more=makes.replace("slots", "own_slots"))})
    script = f"""
        import _mod
        here = {str(path)!r} + "/_mod{SUFFIX}"
        assert _mod.__file__ == here, _mod.__file__
        assert {ALIAS!r} not in repr(vars(_mod))
    """
    child.run(script, path)


def test_the_older_protocol(child: Child, app: App) -> None:
    path = app({"pkg/__init__.py": "", f"pkg/_mod{SUFFIX}": extension("_mod")})
    script = """
        import importlib.util, warnings
        warnings.simplefilter("ignore")
        import pkg
        spec = importlib.util.find_spec("pkg._mod")
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        assert made.value() == "genuine" and "pkg._mod" not in sys.modules
        if hasattr(spec.loader, "load_module"):
            module = spec.loader.load_module("pkg._mod")
            assert module.value() == "genuine" and sys.modules["pkg._mod"] is module
            assert spec.loader.load_module("pkg._mod") is module
    """
    child.run(script, path)


def test_listings_have_it(child: Child, app: App) -> None:
    path = app({"pkg/__init__.py": "", f"pkg/_mod{SUFFIX}": extension("_mod")})
    script = """
        import pkgutil, inspect, pkg
        assert [one.name for one in pkgutil.iter_modules(pkg.__path__, "pkg.")] == ["pkg._mod"]
        import pkg._mod
        try:
            inspect.getsource(pkg._mod)
        except OSError:
            pass
        else:
            raise AssertionError("has source")
    """
    child.run(script, path)
