"""What a loaded module says of itself is held to the file that it names, and runs nothing."""

from __future__ import annotations

import pytest

from tests.importer.guard.test_loaded_modules import Bare, bare, ended, went_on
from tests.importer.native.foundry import SUFFIX, extension

__all__ = ["bare"]  # a fixture

BY_PATH = "trust_stdlib_paths=True"
# Modules of every kind that the library has: decorators, generated classes, enumerations, native
# halves, and what is made of text.
LIBRARY = [
    "argparse", "asyncio", "bisect", "calendar", "cmd", "collections.abc", "concurrent.futures",
    "contextlib", "csv", "dataclasses", "datetime", "decimal", "difflib", "email.message", "enum",
    "fractions", "functools", "hashlib", "heapq", "html.parser", "http.client", "importlib.util",
    "importlib.metadata", "inspect", "ipaddress", "json", "logging.config", "multiprocessing",
    "numbers", "operator", "pathlib", "pickle", "platform", "pprint", "queue", "random", "re",
    "sched", "selectors", "shelve", "signal", "socket", "statistics", "string", "struct",
    "subprocess", "tempfile", "textwrap", "threading", "tokenize", "traceback", "types",
    "unittest.mock", "urllib.request", "uuid", "warnings", "weakref", "xml.etree.ElementTree",
    "zipfile", "zoneinfo",
]  # fmt: skip


def test_the_library_is_what_its_files_have(bare: Bare) -> None:
    before = "\n".join(f"import {name}" for name in LIBRARY)
    # These have no file: they are parts of others.
    apart = ["pyexpat.errors", "pyexpat.model", "__mp_main__"]
    apart.append("math.integer")  # from 3.15 on
    given = f"{BY_PATH}, check_modules={apart}"
    went_on(bare.start(before, given))


@pytest.mark.parametrize(
    "patch",
    [
        "json.loads.__code__ = (lambda s: 0).__code__",
        "json.loads = lambda s: 0; json.loads.__module__ = 'json'",
        "exec('def loads(s): pass', vars(json)); json.loads.__module__ = 'x'",
        "json.JSONDecoder.decode.__code__ = (lambda self, s: 0).__code__",
    ],
)
def test_a_changed_function_of_the_library(bare: Bare, patch: str) -> None:
    ended(bare.start(f"import json\n{patch}", BY_PATH), "is not the one of its file", "'json")


def test_a_changed_function_of_what_each_interpreter_loads(bare: Bare) -> None:
    patch = "import os\nos.path.join.__code__ = (lambda a, *p: 0).__code__"
    ended(bare.start(patch), "'join' of the loaded module", "is not the one of its file")


CLASS = """
import json
class C:
    def f(self): pass
    f.__code__ = f.__code__.replace(co_filename="/other.py")
    __module__ = f.__module__ = {module!r}
{place}
sys.modules["json.c"] = C
"""


def test_a_class_that_stands_for_a_module(bare: Bare) -> None:
    """As "typing.io" up to 3.12: it is looked at where the module above holds it."""
    went_on(bare.start("import typing", BY_PATH))
    apart = CLASS.format(module="json", place="")
    ended(bare.start(apart, BY_PATH), "'json.c' from", "it is no plain module")
    of_others = CLASS.format(module="m", place="json.c = C")
    ended(bare.start(of_others, BY_PATH), "'json.c' from", "it is no plain module")
    inside = CLASS.format(module="json", place="json.c = C")
    ended(bare.start(inside, BY_PATH), "'C.f' of the loaded module 'json'")
    went_on(bare.start(f"{inside}del C.f", BY_PATH))


RING = """
ring = [type(f"C{i}", (), {"__module__": __name__}) for i in range(30)]
for one in ring:
    for other in ring:
        setattr(one, other.__name__, other)
class Outer:
    class Inner:
        def f(self): return 1
Outer.above = Outer.Inner.above = Outer
"""


def test_classes_that_hold_each_other(bare: Bare) -> None:
    """There are more ways through them than anybody can go."""
    place = bare.workshop.tree("app", {"m.py": f"{RING}C = ring[0]\nAlias = Outer\n"})
    went_on(bare.start("import m", BY_PATH, place))
    made = "import m\nexec('def f(self): pass')\nf.__module__ = 'm'\nm.Outer.Inner.f = f"
    ended(bare.start(made, BY_PATH, place), "'f' of the loaded module 'm'")


def test_a_changed_function_deep_in_classes(bare: Bare) -> None:
    text = "class C0:\n    def f(self): return 0\nlast = C0\n"
    text += "for i in range(1, 20):\n    last = type(f'C{i}', (), {'c': last, '__module__': 'm'})\n"
    place = bare.workshop.tree("app", {"m.py": text + "first = C0\ndel C0\n"})
    went_on(bare.start("import m", BY_PATH, place))
    code = "(lambda self: 1).__code__.replace(co_filename='/other.py')"
    change = f"import m\nm.first.f.__code__ = {code}\ndel m.first"
    ended(bare.start(change, BY_PATH, place), "of the loaded module 'm'")


FAKE = """
import os
made = sys.modules["made"] = type(sys)("made")
made.__file__ = os.path.dirname(os.__file__) + "/{file}"
exec("def f(): pass", vars(made))
"""


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("json/__init__.py", "'f' of the loaded module 'made' is not the one of its file"),
        ("nowhere.py", "is not there"),
        ("json.py", "is not the one that an import takes"),
        (f"lib-dynload/_json{SUFFIX}", "is not what it was loaded from"),
        ("made.unknown", "is not there"),
    ],
)
def test_a_file_that_it_is_not_from(bare: Bare, file: str, words: str) -> None:
    ended(bare.start(FAKE.format(file=file), BY_PATH), "'made' from", words)
    # but a name that is expected may be anything
    went_on(bare.start(FAKE.format(file=file), f"{BY_PATH}, check_modules=['made']"))


def test_native_code_that_names_another_file(bare: Bare) -> None:
    files = {f"good{SUFFIX}": extension("good", "fine")}
    place = bare.workshop.tree("plain", files, sign=False)
    before = "import good, os\n"
    before += f"good.__file__ = os.path.dirname(os.__file__) + '/lib-dynload/good{SUFFIX}'"
    ended(bare.start(before, BY_PATH, place), "'good' from", "is not what it was loaded from")


def test_native_code_by_the_name_of_a_built_in_module(bare: Bare) -> None:
    files = {f"good{SUFFIX}": extension("good", "fine")}
    place = bare.workshop.tree("plain", files, sign=False)
    before = "import good\nsys.modules['xxsubtype'] = good\ndel sys.modules['good']"
    ended(bare.start(before, BY_PATH, place), "'xxsubtype' from")


def test_the_name_of_a_module_that_is_part_of_the_executable(bare: Bare) -> None:
    # Its function says that it is another module's, and uses what is its own.
    before = """
    import posixpath
    made = sys.modules["made"] = type(sys)("posixpath")
    made.__spec__ = posixpath.__spec__
    exec("def f(): pass", vars(made))
    made.f.__module__ = "made"
    """
    ended(bare.start(before, BY_PATH), "'made' from")


LAZY = """
import importlib.util
spec = importlib.util.find_spec("colorsys")
loader = spec.loader = importlib.util.LazyLoader(spec.loader)
lazy = sys.modules["colorsys"] = importlib.util.module_from_spec(spec)
loader.exec_module(lazy)
"""


def test_what_is_no_plain_module(bare: Bare) -> None:
    place = bare.workshop.tree("app", {"m.py": "v = 1\n"})
    instance = "import m\nclass M: __file__ = m.__file__\nsys.modules['m'] = M()"
    for before, name in ((LAZY, "colorsys"), (instance, "m")):
        ended(bare.start(before, BY_PATH, place), f"'{name}' from", "it is no plain module")
        went_on(bare.start(before, f"{BY_PATH}, check_modules=['{name}']", place))


RAISING = """
class Odd(BaseException):
    def __init__(self, *given):
        raise SystemExit(0)
    __str__ = __repr__ = None
def raises(*given):
    raise {error}
class Raises:
    __getattribute__ = __hash__ = raises
class Class(type):
    __getattribute__ = raises
class Module(type(sys)):
    __getattribute__ = raises
"""
PLACES = {
    "it": "sys.modules['made'] = Raises()",
    "a class": "sys.modules['made'] = Class('made', (), {})",
    "its class": "sys.modules['made'] = Module('made')",
    "its spec": "sys.modules['made'] = type(sys)('made'); sys.modules['made'].__spec__ = Raises()",
    "its code": "import made; made.f.__code__ = made.f.__code__.replace(co_consts=(Raises(),))",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit(0)", "Odd", "ValueError"])
def test_what_raises_when_it_is_looked_at(bare: Bare, place: str, error: str) -> None:
    signed = bare.workshop.tree("app", {"made.py": "def f(): return 1\n"})
    before = RAISING.format(error=error) + PLACES[place]
    ended(bare.start(before, BY_PATH, signed), "'made' from")
    if place in ("its spec", "its code"):
        ended(bare.start(before, BY_PATH, signed), "to look at it raises '")
    # who only reports goes on
    after = "print([each['module'] for each in one.report()['refused']])"
    done = bare.start(before, f"{BY_PATH}, mode='audit'", signed, after=after)
    assert done.stdout.splitlines() == ["installed", "['made']"], done.stdout + done.stderr


def test_nothing_of_a_module_runs(bare: Bare) -> None:
    before = """
    def __getattr__(name):
        print("EVIL")
        raise AttributeError(name)
    made = sys.modules["made"] = type(sys)("made")
    made.__getattr__ = __getattr__
    """
    ended(bare.start(before, BY_PATH), "'made' from nowhere")
    went_on(bare.start(before, f"{BY_PATH}, check_modules=['made']"))
