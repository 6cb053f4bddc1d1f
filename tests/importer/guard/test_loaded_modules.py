"""What was imported before the manager: it passes by its content, or by its name, or all ends."""

from __future__ import annotations

import py_compile
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import signedvfs
from signedvfs import SignedImportManager
from tests.importer.guard.conftest import Managed
from tests.importer.native.foundry import SUFFIX, extension
from tests.importer.workshop import Workshop
from tests.support.frozen import FROZEN

# What Python loads from files before anything else: up to 3.10 little of it is frozen.
START = ["encodings", "codecs", "abc", "io"]
SITE = Path(signedvfs.__file__).parents[1]
SOURCE = """
import functools
def f(): return 1
def decorated(f):
    @functools.wraps(f)
    def g(*a): return f(*a)
    return g
class C:
    def m(self): return lambda: 2
    @staticmethod
    def s(): return 3
    @property
    def p(self): return 4
    class D:
        @classmethod
        def c(cls): return 5
@decorated
def h(): return 6
v = 1
"""
FILES = {"m.py": SOURCE, "p/__init__.py": SOURCE, "p/sub.py": SOURCE}


@pytest.fixture
def bare(workshop: Workshop) -> Bare:
    return Bare(workshop)


class Bare:
    """Starts interpreters that have imported nothing but what each interpreter does."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def start(
        self, before: str, given: str = "", *paths: Path, after: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run `before`, with `paths` on sys.path, and install a manager with what is `given`."""
        script = f"""
import sys
sys.modules.pop("linecache", None)  # what `-c` itself loads in 3.13 and 3.14
sys.path[:0] = {[*map(str, paths), str(SITE)]!r}
import signedvfs
{textwrap.dedent(before)}
one = signedvfs.SignedImportManager(
    [signedvfs.PublicKey.load({str(self.workshop.public_path)!r})], {given})
one.install()
print("installed")
{textwrap.dedent(after)}
"""
        return subprocess.run(
            [sys.executable, "-I", "-S", *FROZEN, "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def ended(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Hold that the process has ended before anything else ran, and said why."""
    assert (done.returncode, done.stdout) == (126, ""), done.stdout + done.stderr
    for word in words:
        assert word in done.stderr


def went_on(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout) == (0, "installed\n"), done.stdout + done.stderr


@pytest.mark.parametrize("given", ["", "trust_stdlib_paths=True"])
def test_what_each_interpreter_loads(bare: Bare, given: str) -> None:
    went_on(bare.start("", given))
    went_on(bare.start("import os, io, abc, codecs, stat, encodings.latin_1", given))
    given += ", check_modules=['importlib', 'encodings', 'warnings', 'contextlib', 'collections']"
    done = bare.start("import importlib", given.strip(", "))
    assert "_frozen_importlib" not in done.stderr


def test_the_library_by_its_path(bare: Bare) -> None:
    went_on(bare.start("import json, re, _struct", "trust_stdlib_paths=True"))
    ended(bare.start("import json, re"), "'json' from '", "/json/__init__.py'", "'re' from")


def test_a_module_of_nobody(bare: Bare) -> None:
    place = bare.workshop.tree("plain", {"plain.py": "v = 1\n"}, sign=False)
    before = "import atexit, plain\natexit.register(print, 'EVIL')"
    ended(bare.start(before, "", place), f"'plain' from '{place}/plain.py'", "check_modules")
    for given in ("check_modules=['plain']", "check_modules=('x', 'plain')"):
        ended(bare.start("import plain", given, place), "'encodings'")  # strict in all else
        given += ", trust_stdlib_paths=True"
        went_on(bare.start("import plain", given, place))
    went_on(bare.start("import plain, json", "check_modules=False", place))


def test_a_list_is_strict(bare: Bare) -> None:
    ended(bare.start("", "check_modules=[]"), "'encodings' from")
    went_on(bare.start("", f"check_modules={START}"))
    went_on(bare.start("", "check_modules=[], trust_stdlib_paths=True"))


def test_names_that_the_list_does_not_mean(bare: Bare) -> None:
    # a name of the default list counts for the library's own file only
    files = {"stat2.py": "", "_bootlocale.py": "", "sitecustomize.py": ""}
    place = bare.workshop.tree("plain", files, sign=False)
    ended(bare.start("import stat2", "", place), "'stat2'")
    ended(bare.start("import sitecustomize", "", place), "'sitecustomize'")
    ended(bare.start("import _bootlocale", "", place), f"'_bootlocale' from '{place}/")
    ended(bare.start("import stat2 as x", "check_modules=['stat'], trust_stdlib_paths=True", place))


@pytest.mark.parametrize("made", ["sys.modules['made'] = type(sys)('made')",
                                  "sys.modules['made'] = 7"])  # fmt: skip
def test_modules_without_a_file(bare: Bare, made: str) -> None:
    ended(bare.start(made), "'made' from nowhere")
    went_on(bare.start(made, f"check_modules={['made', *START]}"))
    went_on(bare.start("sys.modules['none'] = None; sys.modules[3] = 7"))


@pytest.mark.parametrize(
    "made",
    [
        "sys.modules['xxsubtype'] = type(sys)('xxsubtype')",
        "sys.modules['xxsubtype'] = 7",
        "made = type(sys)('xxsubtype'); made.__spec__ = sys.__spec__; made.__loader__ = "
        "sys.__loader__\nsys.modules['xxsubtype'] = made",
    ],
)
def test_the_name_of_a_built_in_module(bare: Bare, made: str) -> None:
    went_on(bare.start("import xxsubtype", "trust_stdlib_paths=True"))
    ended(bare.start(made, "trust_stdlib_paths=True"), "'xxsubtype' from")


def test_a_function_in_a_built_in_module(bare: Bare) -> None:
    before = "import time\ndef sleep(n): pass\nsleep.__module__ = 'time'\ntime.sleep = sleep"
    ended(bare.start(before, "trust_stdlib_paths=True"), "'sleep' of the loaded module 'time'")


@pytest.mark.parametrize("kind", ["tree", "zip"])
def test_a_signed_module(bare: Bare, kind: str) -> None:
    shop = bare.workshop
    place = shop.tree("app", FILES) if kind == "tree" else shop.zip("app.zip", FILES)
    given = "trust_stdlib_paths=True"
    went_on(bare.start("import m, p.sub", given, place))
    went_on(bare.start("import m, p.sub\nm.f.x = 1\nm.v = 2", given, place))


@pytest.mark.parametrize(
    "patch",
    [
        "m.f = lambda: 0; m.f.__module__ = 'm'",
        "m.f.__code__ = (lambda: 0).__code__",
        "m.C.m = lambda self: 0; m.C.m.__module__ = 'm'",
        "m.C.s.__code__ = (lambda: 0).__code__",
        "m.C.p.fget.__code__ = (lambda self: 0).__code__",
        "m.C.D.c.__func__.__code__ = (lambda cls: 0).__code__",
        "exec('def f(): return 0', vars(m))",
        "exec(compile('def f(): return 0', m.__file__, 'exec'), vars(m))",
        "p.sub.f.__code__ = (lambda: 0).__code__",
        "import os; os.path.join.__code__ = (lambda a, *p: 0).__code__",
    ],
)
def test_a_changed_function(bare: Bare, patch: str) -> None:
    place = bare.workshop.tree("app", FILES)
    done = bare.start(f"import m, p.sub\n{patch}", "trust_stdlib_paths=True", place)
    ended(done, "is not the one of its file")


def test_a_changed_file(bare: Bare) -> None:
    place = bare.workshop.tree("app", FILES)
    done = bare.start(
        f"import m\nopen({str(place / 'm.py')!r}, 'a').write('#')", "trust_stdlib_paths=True", place
    )
    ended(done, "'m' from", "m.py")


def test_a_changed_source_beside_its_bytecode(bare: Bare) -> None:
    # the bytecode is what was signed, and what has run is the source
    place = bare.workshop.tree("app", {"m.py": SOURCE}, sign=False)
    py_compile.compile(str(place / "m.py"))
    signedvfs.sign(place, bare.workshop.key, pycache=True)
    given, before = "trust_stdlib_paths=True", "sys.dont_write_bytecode = True\nimport m"
    went_on(bare.start(before, given, place))
    with (place / "m.py").open("a") as file:
        file.write("hidden = lambda: 0\nhidden.__module__ = None\n")
    ended(bare.start(before, given, place), "'m' from", "'m.py' has the sha256")


def test_the_file_that_was_imported_is_the_one_that_is_listed(bare: Bare) -> None:
    # other content was there while it was imported
    place = bare.workshop.tree("app", FILES)
    before = f"""
    path = {str(place / "m.py")!r}
    genuine = open(path).read()
    open(path, "w").write(genuine.replace("return 1", "return 0"))
    import m
    open(path, "w").write(genuine)
    """
    ended(bare.start(before, "trust_stdlib_paths=True", place), "'f' of the loaded module 'm'")


def test_a_list_does_not_stand_above_a_manifest(bare: Bare) -> None:
    place = bare.workshop.tree("app", FILES)
    before = f"import m\nopen({str(place / 'm.py')!r}, 'a').write('#')"
    given = "trust_stdlib_paths=True, check_modules=['m']"
    ended(bare.start(before, given, place), "'m' from")


def test_an_unlisted_file_of_a_signed_directory(bare: Bare) -> None:
    place = bare.workshop.tree("app", FILES)
    (place / "added.py").write_text("v = 1\n")
    ended(bare.start("import added", "trust_stdlib_paths=True", place), "does not list")


def test_a_signed_extension_module(bare: Bare) -> None:
    place = bare.workshop.tree("app", {f"good{SUFFIX}": extension("good", "fine")})
    went_on(bare.start("import good", "trust_stdlib_paths=True", place))
    change = f"import good, os\nos.unlink({str(place / f'good{SUFFIX}')!r})"
    ended(bare.start(change, "trust_stdlib_paths=True", place), "'good'")


def test_other_modes_report(bare: Bare, managed: Managed) -> None:
    place = bare.workshop.tree("plain", {"plain.py": "v = 1\n"}, sign=False)
    after = "print([e['module'] for e in one.report()['refused']])"
    given = "trust_stdlib_paths=True, mode='audit'"
    done = bare.start("import plain", given, place, after=after)
    assert done.stdout.splitlines() == ["installed", "['plain']"], done.stderr
    lines = managed.run("import plain\nmanager(mode='warn', check_modules=None).install()",
                        place, flags=("-I", "-W", "ignore"))  # fmt: skip
    assert lines == []


def test_functions_that_classes_are_given(bare: Bare) -> None:
    # dataclasses and named tuples make them of text
    text = """
import collections, dataclasses
@dataclasses.dataclass(order=True, frozen=True)
class A:
    x: int
    def m(self): return 1
class B(collections.namedtuple("B", "x y")):
    pass
T = collections.namedtuple("T", "x y")
"""
    place = bare.workshop.tree("app", {"made.py": text})
    given = "trust_stdlib_paths=True"
    went_on(bare.start("import made", given, place))
    change = "import made\nexec('def m(self): return 0')\nm.__module__ = 'made'\nmade.A.m = m"
    ended(bare.start(change, given, place), "'m' of the loaded module 'made'")


def test_it_is_looked_at_once(bare: Bare) -> None:
    after = "sys.modules['made'] = 7\none.install()\none.reinstall()\nprint('again')"
    assert bare.start("", "", after=after).stdout.splitlines() == ["installed", "again"]


@pytest.mark.parametrize(
    ("given", "error"), [(True, ValueError), ("os", TypeError), ([1], TypeError), (1, TypeError)]
)
def test_what_makes_no_sense(given: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        SignedImportManager(check_modules=given)  # type: ignore[arg-type]  # that is the test
