"""What others leave in the environment, beside the executable and in the current directory: nothing
of it runs, and nothing changes."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from signedvfs.building.linker import loaded_objects
from signedvfs.building.runtime import python_name
from tests.importer.launcher.starting import assert_refused, run, says
from tests.support.native import compile_object

# It tells what a hostile environment could have changed.
TELL = """
import asyncio, ctypes, os, ssl, sqlite3, tempfile, threading, warnings, zoneinfo, kit.greeting
print(sys.flags, sys.path, sys.path_hooks, sys.meta_path, sys.warnoptions, sys._xoptions)
print(sys.prefix, sys.exec_prefix, sys.base_prefix, sys.platlibdir, sys.pycache_prefix)
print(sys.breakpointhook is sys.__breakpointhook__, sys.stdout.encoding, sys.stdout.errors)
print(getattr(sys, "get_int_max_str_digits", int)(), sys.getrecursionlimit())
print(sorted(name for name in sys.modules if "signedvfs" not in name), "site" in sys.modules)
print(os.environ.get("UNRELATED"), "ä".encode("utf-8"), "\\u2603".encode("utf-16")[:2])
"""

MARK = "import pathlib; pathlib.Path({mark!r}).touch(); print('planted'); import os; os._exit(66)\n"
MODULES = ("sitecustomize", "usercustomize", "site", "encodings", "os", "io", "codecs", "abc",
           "planted", "kit", "__main__", "sqlite3", "_sqlite3", "signedvfs", "zipimport", "ssl",
           "_sysconfigdata__linux_x86_64-linux-gnu", "tzdata")  # fmt: skip

# Of "Command line and environment" in Python's documentation, and of the source.
ON = (
    "CASEOK", "DEBUG", "DEVMODE", "DONTWRITEBYTECODE", "DUMPREFS", "FAULTHANDLER", "INSPECT",
    "MALLOCSTATS", "NODEBUGRANGES", "NOUSERSITE", "OPTIMIZE", "PERFSUPPORT",
    "PROFILEIMPORTTIME", "SAFEPATH", "THREADDEBUG", "TRACEMALLOC", "UNBUFFERED", "VERBOSE",
    "WARNDEFAULTENCODING", "ASYNCIODEBUG", "COERCECLOCALE", "UTF8", "HASHSEED",
    "INTMAXSTRDIGITS", "_BASIC_REPL", "_COLORS", "_CONTEXT_AWARE_WARNINGS", "_CPU_COUNT",
    "_DISABLE_REMOTE_DEBUG", "_FROZEN_MODULES", "_GIL", "_JIT", "_LAZY_IMPORTS",
    "_PERF_JIT_SUPPORT", "_THREAD_INHERIT_CONTEXT", "_TLBC",
)  # fmt: skip
HOSTILE = {
    **{f"PYTHON{name}": "1" for name in ON},
    "PYTHONHASHSEED": "no number",
    "PYTHONINTMAXSTRDIGITS": "none",
    "PYTHONTRACEMALLOC": "-1",
    "PYTHONUTF8": "2",
    "PYTHONMALLOC": "planted",
    "PYTHONIOENCODING": "planted:planted",
    "PYTHONBREAKPOINT": "planted.go",
    "PYTHONWARNINGS": "error::planted.Category,error",
    "PYTHON_PRESITE": "planted",
    "PYTHON_GIL": "7",
    "PYTHON_CPU_COUNT": "none",
    "_PYTHON_SYSCONFIGDATA_NAME": "planted",
    "_PYTHON_PROJECT_BASE": "{here}",
    "_PYTHON_HOST_PLATFORM": "planted",
    **{f"PYTHON{name}": "{here}" for name in ("HOME", "PATH", "PLATLIBDIR", "USERBASE", "TZPATH",
                                             "PYCACHEPREFIX", "EXECUTABLE", "DUMPREFSFILE")},
    **{f"PYTHON{name}": "{here}/planted.py" for name in ("STARTUP", "_HISTORY")},
    "__PYVENV_LAUNCHER__": "{here}/planted",
    "GCONV_PATH": "{here}",
    "LOCPATH": "{here}",
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "MALLOC_CHECK_": "3",
    "MALLOC_PERTURB_": "7",
    "OPENSSL_CONF": "{here}/openssl.cnf",
    "OPENSSL_MODULES": "{here}",
    "OPENSSL_ENGINES": "{here}",
    "SIGNEDVFS_TRUST": "{here}",
    "VIRTUAL_ENV": "{here}",
    "_MEIPASS2": "{here}",
    "BASH_ENV": "{here}/planted.py",
    "UNRELATED": "kept",
}  # fmt: skip
CONFIGURATION = """
openssl_conf = planted
[planted]
engines = engines
[engines]
planted = engine
[engine]
engine_id = planted
dynamic_path = {here}/planted.so
init = 1
"""


def read_by_python() -> set[str]:
    """read_by_python returns the names that this interpreter's own code has of such variables."""
    objects = [path for path in loaded_objects() if path.name == python_name()]
    content = b"".join(path.read_bytes() for path in (Path(sys.executable), *objects))
    return {name.decode() for name in re.findall(rb"(PYTHON[A-Z_0-9]+)\0", content)}


def plant(here: Path, mark: Path) -> None:
    """plant puts into a directory what Python, the linker, iconv and OpenSSL could find there."""
    text = MARK.format(mark=str(mark))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for place in (here, here / f"lib/python{version}{sys.abiflags}", here / "kit",
                  here / f"lib/python{version}/site-packages", here / "app.d"):  # fmt: skip
        place.mkdir(parents=True, exist_ok=True)
        for name in MODULES:
            (place / f"{name}.py").write_text(text)
        for name in ("encodings", "kit", "signedvfs", "tzdata"):
            (place / name).mkdir(exist_ok=True)
            (place / name / "__init__.py").write_text(text)
        (place / "planted.pth").write_text(text.replace("\n", ""))
    (here / "pyvenv.cfg").write_text(f"home = {here}\ninclude-system-site-packages = true\n")
    (here / "pybuilddir.txt").write_text("build\n")
    (here / "Modules").mkdir(exist_ok=True)
    (here / "Modules/Setup.local").write_text("")
    for name in ("app", "python", f"python{version.replace('.', '')}"):
        (here / f"{name}._pth").write_text(f"{here}\nimport site\nimport planted\n")
    shutil.make_archive(str(here / f"lib/python{version.replace('.', '')}"), "zip", here / "kit")
    shutil.copy(here / f"lib/python{version.replace('.', '')}.zip", here)
    (here / "openssl.cnf").write_text(CONFIGURATION.format(here=here))
    (here / "gconv-modules").write_text("module UTF-16// INTERNAL planted 1\n")
    code = f"""
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void planted(void) {{
  close(open("{mark}", O_CREAT | O_WRONLY, 0600));
}}
"""
    made = compile_object(here / "planted.so", code)
    for place in (here, here / "lib", here / "lib64", here / "python.libs", here / "kit",
                  here / "glibc-hwcaps/x86-64-v2"):  # fmt: skip
        place.mkdir(parents=True, exist_ok=True)
        for name in ("libpthread.so.0", "libm.so.6", "libc.so.6", "libdl.so.2", "libgcc_s.so.1",
                     "libz.so.1", "libssl.so.3", "libcrypto.so.3", "libsqlite3.so.0",
                     "libffi.so.8", "libstdc++.so.6", python_name(), "_sqlite3.so"):  # fmt: skip
            shutil.copy(made, place / name)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that appears when something planted has run."""
    return tmp_path / "mark"


@pytest.fixture
def planted(copy: Path, mark: Path) -> Path:
    """A copy of the application, in a directory full of what could be run in its place."""
    home = copy.parent / "home"
    home.mkdir()
    copy.rename(home / "app")
    plant(home, mark)
    return home / "app"


def test_what_is_planted_can_run(mark: Path, tmp_path: Path) -> None:
    """Shows that the other tests here are able to fail."""
    plant(tmp_path, mark)
    assert run(sys.executable, "-c", "import kit", cwd=tmp_path).code == 66
    assert mark.exists()
    mark.unlink()
    run(sys.executable, "-c", f"import ctypes; ctypes.CDLL('{tmp_path}/libm.so.6')")
    assert mark.exists()


def test_nothing_planted_runs(planted: Path, mark: Path) -> None:
    # J1-J4, H2: beside the executable, in the current directory, and above the variables.
    expected = says(planted, TELL, cwd="/", env={"HOME": "/"})
    assert not mark.exists()
    here = str(planted.parent)
    env = {name: value.replace("{here}", here) for name, value in HOSTILE.items()}
    others = read_by_python()
    assert {"PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS"} <= others
    env = {**dict.fromkeys(others, "1"), **env}
    again = says(planted, TELL, cwd=planted.parent, env={**env, "HOME": here})
    assert again.replace("\nkept ", "\nNone ") == expected
    assert again != expected
    assert not mark.exists()


def test_each_variable_alone(planted: Path, mark: Path) -> None:
    """One may hide what another does. They are tried in few processes, by their kinds."""
    here = str(planted.parent)
    code = "import ssl, sqlite3; print(sys.flags, sys.path, len(sys.modules), 'ä'.encode('utf-16'))"
    expected = says(planted, code, cwd="/", env={"HOME": "/"})
    names = sorted(HOSTILE)
    for first in range(6):
        env = {name: HOSTILE[name].replace("{here}", here) for name in names[first::6]}
        assert says(planted, code, cwd=here, env={**env, "HOME": here}) == expected, env
    assert not mark.exists()


def test_children_are_as_safe(planted: Path, mark: Path) -> None:
    """What a hostile program sets for its children is theirs alone; ours scrub it again."""
    code = """
import os, subprocess, multiprocessing
env = {"PYTHONPATH": ".", "PYTHONHOME": ".", "PYTHONSTARTUP": "planted.py", "GCONV_PATH": "."}
print(subprocess.check_output([sys.executable, "-m", "kit.greeting"], env=env, text=True), end="")
os.environ.update(env)
print(multiprocessing.get_context("spawn").Pool(1).map(square, [3]))
"""
    assert says(planted, code, cwd=planted.parent).splitlines() == [
        "greeting __main__ []", "[9]",
    ]  # fmt: skip
    assert not mark.exists()


def test_planted_modules_are_not_found_by_name(planted: Path) -> None:
    code = """
import importlib
for name in ("planted", "sitecustomize", "app", "lib"):
    try:
        importlib.import_module(name)
    except ImportError:
        print(name, "is not there")
sys.path.insert(0, os.getcwd()); sys.path.insert(0, "")
importlib.invalidate_caches()
for name in ("planted", "sitecustomize"):
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, "is not there")
"""
    said = says(planted, "import os" + code, cwd=planted.parent)
    assert said.count("is not there") >= 5, said
    assert "planted\n" not in said


# H3, H5: what has the linker load others' code is refused. It has run by then, so that this is for
# those who did not mean it.


@pytest.mark.parametrize("variable", ["LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT"])
def test_what_the_linker_was_told(app: Path, tmp_path: Path, variable: str) -> None:
    harmless = compile_object(
        tmp_path / "libharmless.so", "unsigned la_version(unsigned v) { return v; }"
    )
    value = str(tmp_path) if variable == "LD_LIBRARY_PATH" else str(harmless)
    assert_refused(run(app, "print(1)", env={variable: value}), variable, str(tmp_path), "Start it")


def test_an_empty_value_tells_nothing(app: Path) -> None:
    env = {"LD_LIBRARY_PATH": "", "LD_PRELOAD": "", "LD_AUDIT": ""}
    assert says(app, "print(1)", env=env) == "1"


def test_variables_that_only_show(app: Path) -> None:
    """ld.so(8) has others, which choose no code."""
    assert says(app, "print(1)", env={"LD_BIND_NOW": "1", "LD_WARN": "1"}) == "1"


def test_a_child_may_be_told(app: Path, tmp_path: Path) -> None:
    """Other programs that the application starts may have all of them."""
    code = """
import os, subprocess
env = {**os.environ, "LD_LIBRARY_PATH": sys.argv[2], "PYTHONPATH": "x"}
print(subprocess.check_output(["env"], env=env, text=True))
"""
    said = says(app, code, str(tmp_path))
    assert f"LD_LIBRARY_PATH={tmp_path}" in said.splitlines()
    assert "PYTHONPATH=x" in said.splitlines()
