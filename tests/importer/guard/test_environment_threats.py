"""An attacker who owns the environment of a process that is locked down.

What runs before any program is out of its reach: then nothing of the program runs. Each attack is
shown to be one without a manager.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import signedvfs
from tests.importer.guard.conftest import EVIL, Managed, change
from tests.importer.native.foundry import SUFFIX, extension
from tests.importer.workshop import Files, Workshop, pyc
from tests.support.native import PRELOADS

SITE = Path(signedvfs.__file__).parents[1]
LIBRARY = Path(os.__file__).parent
# Not the one of a virtual environment, which has no site-packages of the user.
BASE: str = getattr(sys, "_base_executable", sys.executable)
if sys.executable == BASE:  # before Python 3.11 it is that of the environment
    BASE = str(Path(sys.executable).resolve())
# Seen wherever it runs, before there is a standard output.
CRY = "import posix; posix.write(1, b'EVIL\\n')\n"
START = """
import sys
sys.path.append({site!r})
sys.modules.pop("linecache", None)  # what `-c` itself loads in 3.13 and 3.14
import signedvfs
key = signedvfs.PublicKey.load({public!r})
def install(**given):
    policy = signedvfs.TrustPolicy([key], preloads={preloads!r})
    signedvfs.SignedImportManager(policy=policy, **given).install()
{script}
print("went on")
"""
# By these the library is trusted, and what setuptools has every interpreter load.
BY_PATH = "lockdown=True, trust_stdlib_paths=True, check_modules=['_distutils_hack']"
BY_NAME = "lockdown=True"  # what each interpreter loads, and nothing else


class Base:
    """Starts the interpreter that the tests' own one is made from."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def start(
        self,
        script: str,
        *flags: str,
        environment: Mapping[str, str] | None = None,
        words: tuple[str, ...] = (BASE,),
    ) -> subprocess.CompletedProcess[str]:
        """Run a script, whatever becomes of it."""
        text = START.format(
            site=str(SITE),
            public=str(self.workshop.public_path),
            preloads=PRELOADS,
            script=script,
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [words[0], *flags, "-c", text],
            executable=words[-1],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.workshop.directory,
            env={**kept, **(environment or {})},
        )


@pytest.fixture
def base(workshop: Workshop) -> Base:
    """Start the base interpreter."""
    return Base(workshop)


def cried(done: subprocess.CompletedProcess[str]) -> bool:
    """Tell whether the attacker's code has run."""
    return "EVIL" in done.stdout


def went_on(done: subprocess.CompletedProcess[str]) -> bool:
    """Tell whether the program has."""
    return "went on" in done.stdout


def ended(done: subprocess.CompletedProcess[str], *modules: str) -> None:
    """Hold that the process has ended before the program, for these modules."""
    assert (done.returncode, went_on(done)) == (126, False), done.stdout + done.stderr
    for module in modules:
        assert f"'{module}' from" in done.stderr


def test_a_path_of_the_environment(workshop: Workshop, managed: Managed) -> None:
    # J1: it stands before the library
    place = workshop.tree("app", {"m.py": "v = 1\n"})
    names = ("colorsys", "evil", "m")
    evil = workshop.tree("evil", {f"{name}.py": EVIL for name in names}, sign=False)
    script = f"""
        lock()
        print(outcome("evil"), outcome("colorsys"))
        sys.path.remove({str(place)!r}); sys.path.append({str(place)!r})
        print(outcome("m"))
        """
    given = {"PYTHONPATH": str(evil)}
    free = managed.free(script, place, flags=(), environment=given)
    assert free == ["EVIL", "EVIL", "EVIL EVIL", "EVIL", "EVIL"]
    locked = managed.locked(script, place, flags=(), environment=given)
    assert locked == ["IntegrityCheckMissing AttributeError", "1"]  # the library's has no `v`


def user_site(base: Base) -> Path:
    """Return the user's own site-packages, below a directory of the test."""
    home = str(base.workshop.directory / "home")
    code = "import site; print(site.getusersitepackages())"
    done = subprocess.run(
        [BASE, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONUSERBASE": home},
    )  # fmt: skip
    path = Path(done.stdout.strip())
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize("way", ["sitecustomize", "usercustomize", ".pth", "PYTHONWARNINGS"])
def test_modules_that_come_by_themselves(base: Base, way: str) -> None:
    # I12, J3
    name = way if way.endswith("customize") else "evil"
    if way in ("usercustomize", ".pth"):
        where = user_site(base)
        given = {"PYTHONUSERBASE": str(base.workshop.directory / "home")}
        (where / "evil.pth").write_text("import evil\n" if way == ".pth" else "\n")
    else:
        where = base.workshop.directory
        given = {"PYTHONPATH": str(where), "PYTHONWARNINGS": "ignore::evil.Warning"}
    (where / f"{name}.py").write_text(CRY)
    free = base.start("", environment=given)
    assert (cried(free), went_on(free)) == (True, True), free.stderr
    for how in (BY_PATH, BY_NAME):
        ended(base.start(f"install({how})", environment=given), name)
    how = "lockdown=True, trust_stdlib_paths=True, check_modules=False"  # whatever else is here
    isolated = base.start(f"install({how})", "-I", environment=given)
    assert (cried(isolated), went_on(isolated)) == (False, True), isolated.stderr


def copy_of_the_library(directory: Path) -> Path:
    """Make a directory that has the library as an installation has it."""
    library = directory / sys.platlibdir / LIBRARY.name
    left_out = ("site-packages", "dist-packages", "test", "tests", "config-*", "idlelib",
                "ensurepip", "lib2to3", "turtledemo", "tkinter")  # fmt: skip
    shutil.copytree(LIBRARY, library, ignore=shutil.ignore_patterns(*left_out), symlinks=True)
    (directory / "bin").mkdir()
    return library


def poison(library: Path) -> None:
    """Have every interpreter run the attacker's code that takes its library from here."""
    with (library / "encodings/__init__.py").open("a") as file:
        file.write("\n" + CRY)


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPLATLIBDIR"])
def test_a_library_that_the_environment_names(base: Base, name: str) -> None:
    # J1
    home = base.workshop.directory / "home"
    library = copy_of_the_library(home)
    poison(library)
    given = {name: str(home if name == "PYTHONHOME" else library.parent)}
    free = base.start("", "-S", environment=given)
    assert (cried(free), went_on(free)) == (True, True), free.stderr
    by_path = base.start(f"install({BY_PATH})", "-S", environment=given)
    assert (by_path.returncode, went_on(by_path)) == (1, False)
    assert f"{name} says where: start Python with -I" in by_path.stderr
    ended(base.start(f"install({BY_NAME})", "-S", environment=given), "encodings")
    for how in (BY_PATH, BY_NAME):
        isolated = base.start(f"install({how})", "-I", "-S", environment=given)
        assert (cried(isolated), went_on(isolated)) == (False, True), isolated.stderr


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="the library is looked for by other rules before 3.11"
)
@pytest.mark.parametrize("how", ["argv[0]", "pyvenv.cfg"])
def test_a_library_that_stands_elsewhere(base: Base, library: Path, how: str) -> None:
    # J4, J5: -I does not help, and who is trusted by his place says that it is his own. A manifest
    # of the library tells it by its content.
    home = base.workshop.directory / "home"
    copied = copy_of_the_library(home)
    words: tuple[str, ...] = (str(home / "bin/python"), BASE)
    if how == "pyvenv.cfg":
        if sys.version_info >= (3, 14):
            pytest.skip("the library is the one of the executable that the link leads to")
        start = base.workshop.directory / "venv/bin/python"
        start.parent.mkdir(parents=True)
        start.symlink_to(BASE)
        (start.parent.parent / "pyvenv.cfg").write_text(f"home = {home / 'bin'}\n")
        words = (str(start),)
    given = f"lockdown=True, stdlib={str(library)!r}, check_modules=['_distutils_hack']"
    script = f"assert __import__('os').__file__.startswith({str(home)!r})\ninstall({given})"
    flags = ("-I", "-S", "-B")  # no bytecode is written
    done = base.start(script, *flags, words=words)
    assert went_on(done), done.stderr
    poison(copied)  # and genuine bytecode stays beside it
    free = base.start(script.replace("install", "dict"), *flags, words=words)
    assert (cried(free), went_on(free)) == (True, True), free.stderr
    ended(base.start(script, *flags, words=words), "encodings")


def poisoned_prefix(base: Base) -> Path:
    """Make a directory of bytecode that each interpreter loads from there at its start."""
    prefix = base.workshop.directory / "prefix"
    source = LIBRARY / "encodings/__init__.py"
    target = prefix / str(source.parent)[1:] / f"__init__.{sys.implementation.cache_tag}.pyc"
    target.parent.mkdir(parents=True)
    # its functions are the genuine ones: nothing of the module tells
    target.write_bytes(pyc(source.read_text() + "\n" + CRY, filename=str(source), flags=1))
    return prefix


def test_bytecode_of_what_each_interpreter_loads(base: Base) -> None:
    # J2: PYTHONPYCACHEPREFIX decides what runs before any program
    given = {"PYTHONPYCACHEPREFIX": str(poisoned_prefix(base))}
    free = base.start("", "-S", environment=given)
    assert (cried(free), went_on(free)) == (True, True), free.stderr
    for how in (BY_PATH, BY_NAME, "trust_stdlib_paths=True"):
        done = base.start(f"install({how})", "-S", environment=given)
        ended(done, "encodings", "signedvfs")
        assert "PYTHONPYCACHEPREFIX" in done.stderr
        isolated = base.start(f"install({how})", "-I", "-S", environment=given)
        assert (cried(isolated), went_on(isolated)) == (False, True), isolated.stderr
    # an attribute that the program has reset in the meantime hides nothing, nor does os.environ
    reset = "import os; sys.pycache_prefix = None; os.environ.clear()\n"
    ended(base.start(f"{reset}install({BY_PATH})", "-S", environment=given), "encodings")


def test_a_manifest_of_the_library_does_not_excuse_bytecode(base: Base, library: Path) -> None:
    # J2: the functions are those of the signed file, and what ran beside them nobody sees
    given = {"PYTHONPYCACHEPREFIX": str(poisoned_prefix(base))}
    script = f"install(lockdown=True, stdlib={str(library)!r}, check_modules=['_distutils_hack'])"
    assert went_on(base.start(script, "-I", "-S", environment=given))
    ended(base.start(script, "-S", environment=given), "encodings")


def test_a_prefix_that_somebody_answers_for(base: Base, workshop: Workshop) -> None:
    prefix = workshop.directory / "prefix"
    flags = ("-I", "-S", "-X", f"pycache_prefix={prefix}")
    ended(base.start(f"install({BY_PATH})", *flags), "encodings")
    # by their names, as everything else that was loaded before
    named = BY_PATH.replace("']", "', 'encodings', 'codecs', 'io', 'abc', 'signedvfs', 'os', "
                            "'stat', 'posixpath', 'genericpath', '_collections_abc']")  # fmt: skip
    done = base.start(f"install({named})", *flags)
    assert went_on(done), done.stderr
    assert went_on(base.start("install(trust_stdlib_paths=True, check_modules=False)", *flags))
    # what a hook has imported from signed content was not read from there
    place = workshop.tree("app", {"m.py": "v = 1\n"})
    script = f"""
signedvfs.trust(key)
sys.path_hooks.insert(0, signedvfs.PathHook(roots=[{str(place)!r}]))
sys.path.insert(0, {str(place)!r})
import m
install({named})
"""
    done = base.start(script, *flags)
    assert went_on(done), done.stderr
    # where nothing is refused it is reported
    script = """
one = signedvfs.SignedImportManager([key], trust_stdlib_paths=True, mode="audit")
one.install()
print([entry["module"] for entry in one.report()["refused"] if "PREFIX" in entry["reason"]])
"""
    assert "'encodings'" in base.start(script, *flags).stdout


def test_a_debugger_of_the_environment(workshop: Workshop, managed: Managed) -> None:
    # J3
    evil = workshop.tree("evil", {"evil.py": EVIL + "def hook(): pass\n"}, sign=False)
    script = """
        lock()
        try:
            breakpoint()
        except signedvfs.IntegrityCheckError as error:
            print(type(error).__name__)
        """
    given = {"PYTHONPATH": str(evil), "PYTHONBREAKPOINT": "evil.hook"}
    assert managed.free(script, flags=(), environment=given) == ["EVIL"]
    assert managed.locked(script, flags=(), environment=given) == ["IntegrityCheckMissing"]


@pytest.mark.skipif(sys.version_info < (3, 15), reason="lazy imports are new in Python 3.15")
@pytest.mark.parametrize("mode", ["all", "normal"])
def test_imports_that_are_made_lazy(workshop: Workshop, managed: Managed, mode: str) -> None:
    # the environment moves when a module is loaded: what is loaded stays what was signed
    place = workshop.tree("app", {"m.py": "v = 1\n", "n.py": "v = 2\n"})
    (workshop.directory / "evil").write_text(EVIL)
    script = f"""
        import subprocess
        lock()
        import m, n
        subprocess.run(["cp", "evil", {str(place / "m.py")!r}], check=True)
        try:
            print(m.v)
        except signedvfs.IntegrityCheckError as error:
            print(type(error).__name__)
        print(n.v)
        """
    given = {"PYTHON_LAZY_IMPORTS": mode}
    is_lazy = mode == "all"
    locked = managed.locked(script, place, flags=(), environment=given)
    assert locked == ["IntegrityCheckFailed" if is_lazy else "1", "2"]
    (place / "m.py").write_text("v = 1\n")
    free = managed.free(script, place, flags=(), environment=given)
    assert free == (["EVIL", "EVIL", "2"] if is_lazy else ["1", "2"])


VICTIM = """
import time
lock()
print("ready", flush=True)
for _ in range(100):
    try:
        time.sleep(0.02)
    except signedvfs.IntegrityCheckError as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="sys.remote_exec is new in Python 3.14")
@pytest.mark.parametrize("mode", ["locked", "free"])
def test_scripts_of_another_process(workshop: Workshop, managed: Managed, mode: str) -> None:
    # PEP 768, where PYTHON_DISABLE_REMOTE_DEBUG is not set
    evil = workshop.directory / "evil.py"
    evil.write_text(EVIL)
    lock = "manager(lockdown=True).install()" if mode == "locked" else "pass"
    text = managed.preamble() + f"def lock(): {lock}\n" + VICTIM
    with subprocess.Popen(
        [sys.executable, "-I", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        code = f"import sys; sys.remote_exec({victim.pid}, {str(evil)!r})"
        done = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False
        )
        out, _ = victim.communicate(timeout=120)
    if done.returncode != 0:
        pytest.skip("this system does not let one process look into another")
    assert ("EVIL" in out) == (mode == "free"), out
    assert victim.returncode == 0


def test_nothing_is_unpacked(workshop: Workshop, managed: Managed) -> None:
    # J6: not into a place that the environment names, whether it can be written to or not
    files: Files = {
        "m.py": "v = 1\n",
        "data.txt": "data",
        f"good{SUFFIX}": extension("good", "fine"),
    }
    place = workshop.zip("app.zip", files)
    names = ("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME")
    script = f"""
        lock()
        import m, good
        print(m.v, good.value(), open({str(place)!r} + "/data.txt").read())
        """
    watched = workshop.directory / "watched"
    watched.mkdir()
    for where in (str(watched), "/nonexistent"):
        given = dict.fromkeys(names, where)
        assert managed.locked(script, place, environment=given) == ["1 fine data"]
    assert list(watched.iterdir()) == []


@pytest.mark.parametrize("kind", ["zip", "tree"])
def test_data_that_turns_into_code(workshop: Workshop, managed: Managed, kind: str) -> None:
    # J7: what is listed is verified when it is read, and what is not does not exist
    evil = b"cbuiltins\nprint\n(S'EVIL'\ntR."
    files: dict[str, str | bytes] = {
        "app/__init__.py": "",
        "app/state.pickle": b"I7\n.",
        "app/page.tmpl": "{v}",
    }
    place = workshop.zip("a.zip", files) if kind == "zip" else workshop.tree("a", files)
    script = f"""
        import pickle
        lock()
        import app, importlib.resources
        at = {str(place)!r} + "/app"
        for read in (lambda: app.__loader__.get_data(at + "/state.pickle"),
                     lambda: importlib.resources.read_binary("app", "state.pickle"),
                     lambda: open(at + "/state.pickle", "rb").read()):
            try:
                print(pickle.loads(read()))
            except (signedvfs.IntegrityCheckError, OSError) as error:
                print(type(error).__name__)
        """
    assert managed.locked(script, place) == ["7"] * 3
    change(place, "app/state.pickle", evil)
    assert managed.free(script, place)[:4] == ["EVIL", "None"] * 2
    assert managed.locked(script, place) == ["IntegrityCheckFailed"] * 3
    if kind == "tree":
        (place / "app/other.pickle").write_bytes(evil)
        script = script.replace("state.pickle", "other.pickle")
        assert managed.free(script, place) == ["EVIL", "None"] * 3
        assert set(managed.locked(script, place)) <= {"FileNotFoundError", "OSError"}
