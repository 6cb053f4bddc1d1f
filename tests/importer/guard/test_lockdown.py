"""A process that is locked down: which ways to unsigned code are closed, and which stay open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Literal

import pytest

from signedvfs import SignedImportManager, _tools
from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Workshop, pyc
from tests.support.native import PRELOADS

FILES: dict[str, bytes | str] = {
    "m.py": "v = 1\n",
    "p/__init__.py": "v = 2\n",
    "c.pyc": pyc("v = 3\n"),
    "run.py": "print('run', __name__)\n",
}
BEFORE = """
import ctypes, importlib.machinery, importlib.util, io, marshal, os, runpy, site
import types, zipimport, _imp
Spec = importlib.machinery.ModuleSpec
evil, app = {evil!r}, {app!r}
manager(lockdown=True).install()
def refused(use, *given):
    try:
        use(*given)
    except signedvfs.IntegrityCheckError as error:
        print(type(error).__name__)
    else:
        raise AssertionError(use)
def load(loader, path):
    name = getattr(loader, "name", "evil")
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
# Loading by a loader of the standard library, and hooks that lead to one.
LOADER = "load(importlib.machinery.{}({!r}, evil + {!r}), evil + {!r})"
PATH_HOOK = """
(sys.path_hooks.clear(), sys.path_hooks.append(importlib.machinery.FileFinder.path_hook(
    (importlib.machinery.SourceFileLoader, [".py"]))),
 sys.path_hooks[0](evil).find_spec("evil").loader.exec_module(types.ModuleType("evil")))
"""
REFUSED = {
    "source": LOADER.format("SourceFileLoader", "evil", "/evil.py", "/evil.py"),
    "cached": LOADER.format("SourceFileLoader", "old", "/old.py", "/old.py"),
    "bytecode": LOADER.format("SourcelessFileLoader", "b", "/b.pyc", "/b.pyc"),
    "by location": "load(None, evil + '/evil.py')",
    "native": LOADER.format("ExtensionFileLoader", "evil", "/evil.so", "/evil.so"),
    "create_dynamic": "_imp.create_dynamic(Spec('e', None, origin=evil + '/evil.so'))",
    "zipimport": "exec(zipimport.zipimporter(evil + '/evil.zip').get_code('evil'))",
    "run_path": "runpy.run_path(evil + '/evil.py')",
    "run_path of bytecode": "runpy.run_path(evil + '/b.pyc')",
    "run_path of a directory": "runpy.run_path(evil)",
    "run_path of a zip": "runpy.run_path(evil + '/evil.zip')",
    "exec": "exec(compile(open(evil + '/evil.py').read(), evil + '/evil.py', 'exec'))",
    "exec of a relative path": "exec(compile('0', 'evil.py', 'exec'))",
    "eval": "eval(compile('0', evil + '/evil.py', 'eval'))",
    "open_code": "io.open_code(evil + '/evil.py')",
    "open_code beside a manifest": "io.open_code(app + '/added.py')",
    ".pth": "site.addsitedir(evil)",
    "path hooks": PATH_HOOK,
    "PathFinder": "load(None, importlib.machinery.PathFinder.find_spec('evil', [evil]).origin)",
    "another sys.meta_path": "setattr(sys, 'meta_path', sys.meta_path[:]) or __import__('cmd')",
    "no sys.meta_path": "setattr(sys, 'meta_path', []) or __import__('cmd')",
    "ctypes": "ctypes.CDLL(evil + '/evil.so')",
    "ctypes by name": "ctypes.CDLL('libevil.so.1')",
    "ctypes in the current directory": "ctypes.CDLL('./evil/evil.so')",
    "extensions of SQLite": "sys.audit('sqlite3.enable_load_extension', None, True)",
    "an extension of SQLite": "sys.audit('sqlite3.load_extension', None, evil + '/evil.so')",
    "another interpreter": "sys.audit('cpython.PyInterpreterState_New')",
    "sys.remote_exec": "sys.audit('sys.remote_exec', 1, evil + '/evil.py')",
    "a script of a debugger": "sys.audit('cpython.remote_debugger_script', evil + '/evil.py')",
    "PYTHONSTARTUP": "sys.audit('cpython.run_startup', evil + '/evil.py')",
}


def place_evil(workshop: Workshop) -> str:
    files: dict[str, str | bytes] = {
        "evil.py": EVIL,
        "old.py": EVIL,
        "__main__.py": EVIL,
        "b.pyc": pyc(EVIL, filename="<string>"),
        "evil.pth": "import sys; print('EVIL')\n",
        "evil.so": extension("evil", "bad", more=writes(workshop.directory / "marker")),
    }
    place = workshop.tree("evil", files, sign=False)
    workshop.plain_zip("evil/evil.zip", {"evil.py": EVIL, "__main__.py": EVIL})
    cached = place / "__pycache__" / f"old.{sys.implementation.cache_tag}.pyc"
    cached.parent.mkdir()
    # unchecked: no time and no hash of the source has to fit
    cached.write_bytes(pyc(EVIL, filename="<string>", flags=1))
    return str(place)


@pytest.mark.parametrize("way", REFUSED)
def test_closed_ways(workshop: Workshop, managed: Managed, way: str) -> None:
    app = workshop.tree("app", FILES)
    (app / "added.py").write_text(EVIL)
    evil = place_evil(workshop)
    script = BEFORE.format(evil=evil, app=str(app)) + f"refused(lambda: ({REFUSED[way].strip()}))\n"
    lines = managed.run(script, app)
    assert lines == ["IntegrityCheckMissing"]
    assert not (workshop.directory / "marker").exists()


def test_ways_without_a_lockdown(workshop: Workshop, managed: Managed) -> None:
    # what the test above refuses does run where nobody forbids it
    app = workshop.tree("app", FILES)
    script = BEFORE.format(evil=place_evil(workshop), app=str(app))
    script = script.replace("lockdown=True", "lockdown=False")
    for way in ("source", "cached", "bytecode", "native", "zipimport", "run_path", "exec", ".pth"):
        done = managed.start(script + f"{REFUSED[way]}\n", app)
        if way == "native":
            assert (workshop.directory / "marker").exists()
        else:
            assert "EVIL" in done.stdout, way


# From 3.13 on no event says that one is made.
INTERPRETERS = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
def elsewhere(text, number=None):
    "Run text in another interpreter, a new one by default; what it raises is no matter."
    try:
        interpreters.run_string(interpreters.create() if number is None else number, text)
    except (Exception, signedvfs.IntegrityCheckError) as error:
        pass
def loading(path, name):
    return f"import sys; sys.path.insert(0, {path!r})\\nimport {name}"
unmarshal = "import importlib.machinery as m\\n"
unmarshal += "exec(m.SourcelessFileLoader('b', {!r}).get_code('b'))"
native = "import importlib.machinery as m, _imp\\n"
native += "_imp.create_dynamic(m.ModuleSpec('evil', None, origin={!r}))"
texts = [loading(evil, "evil"), loading(evil, "b"), loading(evil + "/evil.zip", "evil"),
         f"import runpy; runpy.run_path({evil + '/evil.py'!r})",
         unmarshal.format(evil + "/b.pyc"), native.format(evil + "/evil.so")]
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_other_interpreters(workshop: Workshop, managed: Managed, when: str) -> None:
    evil = place_evil(workshop)
    script = BEFORE.format(evil=evil, app="") + INTERPRETERS
    setting, _, locking = script.partition("manager(lockdown=True).install()\n")
    made = "numbers = [interpreters.create() for _ in texts]\n"
    use = "for i, text in enumerate(texts): elsewhere(text, numbers[i])\nprint('end')\n"
    if when == "after":
        made, use = "", "for text in texts: elsewhere(text)\nprint('end')\n"
    lock = "manager(lockdown=True).install()\n"
    locked = managed.start(setting + locking + made + lock + use, flags=("-I", "-u"))
    # CPython 3.12 crashes where an interpreter cannot be made. Nothing has run by then.
    crashes = sys.version_info[:2] == (3, 12) and locked.returncode == -signal.SIGSEGV
    if not crashes:
        assert (locked.returncode, locked.stdout) == (0, "end\n"), locked.stderr
    assert "EVIL" not in locked.stdout
    assert not (workshop.directory / "marker").exists()
    free = managed.start(setting + locking + made + use, flags=("-I", "-u"))
    # two of the six load evil.so, which a finder takes before evil.py
    assert free.stdout == "EVIL\n" * 4 + "end\n", free.stderr
    assert (workshop.directory / "marker").exists()


def test_what_goes_on(workshop: Workshop, managed: Managed) -> None:
    good = extension("good", "fine")
    app = workshop.tree("app", {**FILES, f"good{SUFFIX}": good, "lib/libx.so": library("x", "x")})
    archive = workshop.zip("lib.zip", {"z.py": "v = 'z'\n", "zc.pyc": pyc("v = 'zc'\n")})
    script = (
        BEFORE.format(evil=place_evil(workshop), app=str(app))
        + """
print(outcome("m"), outcome("p"), outcome("c"), outcome("z"), outcome("zc"))
import good, ctypes, sqlite3, json, dataclasses, collections, colorsys
print(good.value())
ctypes.CDLL("libc.so.6"); ctypes.CDLL(None); ctypes.CDLL(app + "/lib/libx.so")
print(dataclasses.make_dataclass("A", ["x"])(1).x, collections.namedtuple("B", "y")(2).y)
exec("print('text')"); exec(compile("print('made')", "<made>", "exec"))
print(io.open_code(app + "/m.py").read(), io.open_code(colorsys.__file__).read()[:3])
runpy.run_path(app + "/run.py")
runpy.run_module("run")
print(marshal.loads(marshal.dumps(7)), importlib.reload(sys.modules["m"]).v)
load(None, app + "/m.py")
class Pyc(importlib.machinery.SourceFileLoader): pass  # which asks io.open_code for the file
loader = Pyc("c", app + "/c.pyc")
loader.get_code = None
print(importlib._bootstrap_external._compile_bytecode(loader.get_data(app + "/c.pyc")[16:]).co_name)
with open("plain.txt", "w") as file: file.write("text")
print(open("plain.txt").read())
try: io.open_code(evil + "/nothing")
except FileNotFoundError: print("nothing")
"""
    )
    lines = managed.run(script, app, archive)
    assert lines == [
        "1 2 3 z zc", "fine", "1 2", "text", "made",
        "b'v = 1\\n' b'\"\"\"'", "run <run_path>", "run run", "7 1", "<module>", "text", "nothing",
    ]  # fmt: skip


def test_open_code_gives_verified_bytes(workshop: Workshop, managed: Managed) -> None:
    app = workshop.tree("app", FILES)
    script = (
        BEFORE.format(evil="", app=str(app))
        + """
import subprocess
subprocess.run(["cp", app + "/run.py", app + "/m.py"], check=True)
refused(lambda: io.open_code(app + "/m.py"))
refused(lambda: runpy.run_path(app + "/m.py"))
"""
    )
    assert managed.run(script, app) == ["IntegrityCheckFailed", "IntegrityCheckFailed"]


def test_it_cannot_be_taken_back(workshop: Workshop, managed: Managed) -> None:
    lines = managed.run(
        """
        one = manager(lockdown=True)
        one.install()
        print(one.locked, one.report()["lockdown"])
        for use in (one.uninstall, lambda: one.add_valid_key(key), manager().install):
            try:
                use()
            except RuntimeError as error:
                print("RuntimeError")
        for kind, name in ((type(one), "find_spec"), (type(sys.meta_path), "__iter__")):
            try:
                setattr(kind, name, lambda *a: iter(()))
            except TypeError:
                print("TypeError")
            else:
                assert sys.version_info < (3, 10)
                print("TypeError")
        """,
        workshop.tree("app", FILES),
    )
    assert lines == ["True True", *["RuntimeError"] * 3, *["TypeError"] * 2]


def test_other_modes_refuse_nothing() -> None:
    modes: list[Literal["warn", "audit"]] = ["warn", "audit"]
    for mode in modes:
        with pytest.raises(ValueError, match="lockdown"):
            SignedImportManager(mode=mode, lockdown=True)


def test_another_hook_for_open_code(managed: Managed) -> None:
    # nobody can say any more what it gives out
    lines = managed.run(
        """
        import ctypes
        Hook = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p)
        keep = Hook(lambda path, data: open(path, "rb"))
        ctypes.pythonapi.PyFile_SetOpenCodeHook(keep, None)
        one = manager(lockdown=True)
        try:
            one.install()
        except SystemError:
            print("SystemError", one.locked)
        """
    )
    assert lines == ["SystemError False"]


def test_a_library_path_in_the_environment(workshop: Workshop, managed: Managed) -> None:
    # H3: a library of the system comes from the system's directories
    name, marker = "libresolv.so.2", workshop.directory / "marker"
    evil = workshop.tree("evil", {name: library("evil", "x", more=writes(marker))}, sign=False)
    script = "import ctypes\n{}\nctypes.CDLL('libresolv.so.2')\nprint('ok')"
    environment = {"LD_LIBRARY_PATH": str(evil)}
    lock = "manager(lockdown=True).install()"
    assert managed.run(script.format(lock), environment=environment) == ["ok"]
    assert not marker.exists()
    assert managed.run(script.format(""), environment=environment) == ["ok"]
    if not marker.exists():
        pytest.skip(
            "this interpreter is started with a LD_LIBRARY_PATH of its own, or has it built in"
        )


def called_otherwise() -> tuple[str, str]:
    """called_otherwise returns the file name of a library of the system, and its own name."""
    places = [f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}", "/usr/lib64", "/usr/lib"]
    found = [path for place in places for path in Path(place).glob("lib*.so") if path.exists()]
    for path in sorted(found, key=lambda path: path.stat().st_size):
        content = path.read_bytes()
        own = _tools._shared_object(content)["soname"] if content[:4] == b"\x7fELF" else ""
        if own and own != path.name and not _tools._is_system_library(own):
            return path.name, own
    pytest.skip("this system has no library that is called otherwise than its file")


def test_a_library_that_calls_itself_otherwise(workshop: Workshop, managed: Managed) -> None:
    """The linker does not know it by the name of its file, and would look for that elsewhere."""
    name, own = called_otherwise()
    marker = workshop.directory / "marker"
    evil = workshop.tree("evil", {name: library("evil", "x", more=writes(marker))}, sign=False)
    script = f"""
import ctypes
policy = TrustPolicy([key], libraries=[{name!r}, {own!r}], preloads={PRELOADS!r})
{{}}
for name in {[name, own]!r}:
    try:
        ctypes.CDLL(name)
    except OSError as error:
        print(str(error))
    else:
        print("loaded")
"""
    environment = {"LD_LIBRARY_PATH": str(evil)}
    lock = "manager(lockdown=True, policy=policy).install()"
    other, right = managed.run(script.format(lock), environment=environment)
    # An interpreter that has a linker of its own knows other directories than those of the system.
    elsewhere = "it is in none of the system's directories"
    assert "does not call itself" in other or elsewhere in other
    assert right == "loaded" or elsewhere in right
    assert not marker.exists()
    assert managed.run(script.format(lock))[-1] == "loaded"
    assert not marker.exists()
    managed.run(script.format(""), environment=environment)
    if not marker.exists():
        pytest.skip(
            "this interpreter is started with a LD_LIBRARY_PATH of its own, or has it built in"
        )


@pytest.mark.parametrize("how", ["-i", "PYTHONINSPECT"])
def test_a_terminal_after_the_program(workshop: Workshop, managed: Managed, how: str) -> None:
    # J3: nothing that could be refused says that it comes
    script = managed.preamble() + "try: manager(lockdown=True)\nexcept ValueError: print('no')\n"
    flags = ["-I", "-i"] if how == "-i" else []
    done = subprocess.run(
        [sys.executable, *flags, "-c", script],
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=workshop.directory,
        env={**os.environ, "PYTHONINSPECT": "1"},
    )
    assert done.stdout == "no\n"
