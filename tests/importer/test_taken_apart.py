"""What the garbage collector leaves of the module when it has taken it apart, at Python's end.

Who holds a function or an object of ours may still call it: it raises, or does what needs no
module, and nothing else. The collector's work is done by hand here, at a moment of our choice.
"""

from __future__ import annotations

import sys

import pytest

from tests.importer.workshop import Python, Workshop

# type's slot for the collector: the 22nd pointer behind what every object of variable size has.
CLEAR = """
import ctypes
def take_apart(module):
    at = id(type(module)) + object.__basicsize__ + 8 + 21 * 8
    clear = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object)
    clear = clear(ctypes.c_void_p.from_address(at).value)
    assert clear(module) == 0
"""

AT_ONCE = "import os; os._exit(0)"


@pytest.fixture
def prepared(workshop: Workshop) -> str:
    """Hold one of everything in `functions` and `objects`, and take the module apart."""
    path = str(workshop.zip("app.zip", {"m.py": "v = 1\n", "pkg/__init__.py": "v = 2\n"}))
    public = str(workshop.public_path)
    return f"""{CLEAR}
import linecache, pickle, pkgutil, traceback, types, warnings, zipimport
import importlib.metadata, importlib.resources, multiprocessing.spawn
sys.path.insert(0, {path!r})
import m, pkg
core = signedvfs._core
finder = signedvfs.zipimporter({path!r})
key = signedvfs.PublicKey.load({public!r})
policy = signedvfs.TrustPolicy(key)
hook = signedvfs.PathHook([{path + "s"!r}], policy)
entry = next(one for one in sys.meta_path if type(one).__module__.startswith("signedvfs"))
vfs = finder.vfs
spec = finder.find_spec("pkg")
objects = [finder, m.__loader__, signedvfs.hook, hook, key, policy, vfs, vfs.stat("m.py"), entry]
objects.append(signedvfs.get_limits())
objects += [one.__new__(one) for one in (signedvfs.zipimporter, signedvfs.PathHook)]
functions = [one for one in vars(core).values() if isinstance(one, types.BuiltinFunctionType)]
functions += [one for one in vars(core).values() if isinstance(one, type)]
functions += [linecache.updatecache, linecache.checkcache, warnings.warn_explicit,
              multiprocessing.spawn.get_preparation_data,
              importlib.machinery.PathFinder.find_distributions]
assert len(functions) > 20
known = {{}}
"""


# Called with what they could be given.
CALL = """
given = [(), ("m",), ({path!r},), (b"x",), (m,), (spec,), (policy,), (key,), ({{}},), (finder, m),
         ((), "m"), (policy, None), ("m", None, None)]
def call(function):
    for arguments in given:
        try:
            function(*arguments)
        except Exception as error:
            known.setdefault(type(error).__name__, str(error))
take_apart(core)
for function in functions:
    call(function)
for one in objects:
    for ask in (repr, hash, str, dir, pickle.dumps, iter, type, len, lambda one: one == one,
                lambda one: isinstance(one, zipimport.zipimporter), lambda one: one.__class__):
        try:
            ask(one)
        except Exception as error:
            known.setdefault(type(error).__name__, str(error))
    for name in dir(type(one)):
        if name in ("__init_subclass__", "__subclasshook__"): continue
        try:
            held = getattr(one, name)
        except Exception as error:
            known.setdefault(type(error).__name__, str(error))
            continue
        if callable(held) and name != "__class__": call(held)
print(known.get("RuntimeError"))
"""


@pytest.mark.parametrize("end", ["", AT_ONCE], ids=["exit", "at once"])
def test_nothing_crashes(workshop: Workshop, python: Python, prepared: str, end: str) -> None:
    if not end and hasattr(sys, "gettotalrefcount"):
        pytest.skip(
            "an interpreter with assertions does not end after a module was cleared by hand"
        )
    path = str(workshop.directory / "app.zip")
    done = python(prepared + CALL.format(path=path) + "sys.stdout.flush()\n" + end, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "taken apart" in done.stdout or "is ending" in done.stdout


def test_functions_say_so(python: Python, prepared: str) -> None:
    script = """
calls = [(core.trust, (key,)), (core.set_policy, (policy,)), (core.get_policy, ()),
         (core.get_limits, ()), (core.open, (vfs.path,)), (core.defer_collection, ()),
         (core._finder_of, ("x",)), (core._finder_below, ((), "x")), (core._sealed_memory, (b"",)),
         (core._execute, (finder, m)), (core._close_doors_of, ("x",)),
         (core._close_side_doors, ()), (signedvfs.zipimporter, (vfs.path,)),
         (signedvfs.PathHook, ([vfs.path],)), (signedvfs.Limits, ()), (signedvfs.TrustPolicy, ())]
take_apart(core)
for function, given in calls:
    try:
        function(*given)
    except RuntimeError as error:
        assert "taken apart" in str(error), error
        continue
    raise AssertionError(function)
print("end", flush=True)
"""
    assert python(prepared + script + AT_ONCE).stdout == "end\n"


def test_errors_are_shown_at_the_very_end(python: Python, prepared: str) -> None:
    # By what stands in the places of linecache's functions, without any module to import.
    script = """
import logging
logging.raiseExceptions = True
take_apart(core)
sys.meta_path = None
linecache.clearcache()
try:
    raise KeyError("users")
except KeyError:
    traceback.print_exc()
warnings.simplefilter("always")
warnings.warn_explicit("users", UserWarning, "x.py", 1)
"""
    shown = python(prepared + script, "-W", "default", check=False).stderr
    assert "KeyError: 'users'" in shown
    assert "UserWarning: users" in shown


@pytest.mark.skipif(sys.version_info < (3, 13), reason="_interpreters: from 3.13 on")
def test_the_end_of_another_interpreter(workshop: Workshop, python: Python) -> None:
    # There the collector does it itself, while objects of the module are held by what goes later.
    path = str(workshop.zip("app.zip", {"m.py": "v = 1\n"}))
    inner = f"""
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
signedvfs.hook.install()
sys.path.insert(0, {path!r})
import m
class Late:
    def __del__(self, core=signedvfs._core, finder=m.__loader__, Exception=Exception):
        for call in (core.get_policy, core.get_limits, core.hook.install, finder._get_files):
            try: call()
            except Exception: pass
        isinstance(finder, int)
sys.late, m.late, sys.modules["late"] = Late(), Late(), Late()
"""
    script = f"""
import _interpreters
for _ in range(3):
    child = _interpreters.create()
    failure = _interpreters.exec(child, {inner!r})
    assert failure is None, failure
    _interpreters.destroy(child)
print("end")
"""
    assert python(script).stdout == "end\n"
