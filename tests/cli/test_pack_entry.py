"""pack -m and -c: what an archive runs is there, which is told without running it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, make_wheel, write_tree


def entry_of(files: Mapping[str, str | bytes], main: str) -> list[str]:
    """entry_of returns the warnings that packing has for `main`, or raises PackError."""
    from signedvfs.packaging.entry import add_entry
    from signedvfs.packaging.members import Item, Members

    members = Members()
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        members.add(Item(name, name, partial(bytes, data)))
    return add_entry(members, main, main)


DEFINED = {
    "def": "def main(): pass\n",
    "class": "class main: pass\n",
    "assigned": "from functools import partial\nmain = partial(print, 'x')\n",
    "annotated": "import typing\nmain: typing.Any = print\n",
    "tuple": "first, (main, *rest) = print, (print, 1)\n",
    "walrus": "if (main := print): pass\n",
    "later": "main = None\ndef main(): pass\n",
    "if": "import os\nif os.name == 'nt':\n    main = print\nelse:\n    def main(): pass\n",
    "try": "try:\n    from absent import main\nexcept ImportError:\n    def main(): pass\n",
    "for": "for main in (print,): pass\n",
    "with": "import contextlib\nwith contextlib.nullcontext(print) as main: pass\n",
    "global": "def _set():\n    global main\n    main = print\n_set()\n",
    "import as": "import helper.deep as main_of\nfrom helper.deep import start as main\n",
    "standard library": "from pprint import pprint as main\n",
    "decorated async": "@print\nasync def main(): pass\n",
}
HELPER = {"helper/__init__.py": "", "helper/deep.py": "def start(): pass\n"}


@pytest.mark.parametrize("source", DEFINED.values(), ids=DEFINED.keys())
def test_a_function_that_is_there_is_found(source: str) -> None:
    if sys.version_info < (3, 10) and "pprint" in source:
        pytest.skip("before 3.10 Python does not say which modules are its own")
    assert entry_of({"app.py": source, **HELPER}, "app:main") == []


REEXPORTED = {
    "relative": ("from .cli import main\n", "pkg:main"),
    "renamed": ("from .cli import main as go\n", "pkg:go"),
    "absolute": ("from pkg.cli import main\n", "pkg:main"),
    "two steps": ("from .step import main\n", "pkg:main"),
    "module": ("from . import cli\n", "pkg:cli.main"),
    "submodule": ("", "pkg:cli.main"),
    "dotted import": ("import pkg.cli\n", "pkg:pkg.cli.main"),
    "import as": ("import pkg.cli as c\n", "pkg:c.main"),
    "class": ("from .cli import Tool\n", "pkg:Tool.run"),
    "namespace": ("", "space.inner.mod:main"),
    "into a namespace": ("from space.inner import mod\n", "pkg:mod.main"),
}
PACKAGE = {
    "pkg/cli.py": "def main(): pass\nclass Tool:\n    @staticmethod\n    def run(): pass\n",
    "pkg/step.py": "from pkg.cli import *\nfrom .cli import main\n",
    "space/inner/mod.py": "def main(): pass\n",
}


@pytest.mark.parametrize(("init", "main"), REEXPORTED.values(), ids=REEXPORTED.keys())
def test_reexports_are_followed(init: str, main: str) -> None:
    assert entry_of({**PACKAGE, "pkg/__init__.py": init}, main) == []


MISSING = {
    "nothing": ("def start(): pass\n", "app:main", "app.py has no 'main'"),
    "local": ("def start():\n    main = 1\n", "app:main", "app.py has no 'main'"),
    "annotation": ("main: object\n", "app:main", "app.py has no 'main'"),
    "method": ("class A:\n    def go(self): pass\n", "app:A.run", "class A in app.py has no 'run'"),
    "constant": ("main = 3\n", "app:main", "cannot be called"),
    "async": ("async def main(): pass\n", "app:main", "`async`"),
    "module": ("import helper.deep\n", "app:helper.deep", "is a module"),
    "from there": ("from helper.deep import main\n", "app:main", "helper/deep.py has no 'main'"),
    "no such module": ("from helper.none import main\n", "app:main", "no module helper.none"),
    "submodule": ("", "helper:deep", "helper.deep is a module"),
    "this submodule": ("", "helper:deep.main", "helper/deep.py has no 'main'"),
}


@pytest.mark.parametrize(("source", "main", "reason"), MISSING.values(), ids=MISSING.keys())
def test_a_function_that_is_missing_is_an_error(source: str, main: str, reason: str) -> None:
    from signedvfs.packaging import PackError

    with pytest.raises(PackError) as caught:
        entry_of({"app.py": source, **HELPER}, main)
    assert reason in str(caught.value)
    assert "MODULE:FUNCTION" in caught.value.advice


UNKNOWN = {
    "star": ("from helper.deep import *\n", "app:main", "import *"),
    "getattr": ("def __getattr__(name): return print\n", "app:main", "__getattr__"),
    "globals": ("globals().update(main=print)\n", "app:main", "globals"),
    "exec": ("exec('main = print')\n", "app:main", "exec"),
    "sys.modules": ("import sys\nsys.modules[__name__] = sys\n", "app:exit", "sys.modules"),
    "deleted": ("main = print\ndel main\n", "app:main", "del main"),
    "elsewhere": ("from elsewhere import main\n", "app:main", "elsewhere is not packed"),
    "circle": ("from app import main\n", "app:main", "circle"),
    "inherited": ("class A(dict): pass\n", "app:A.fromkeys", "A"),
    "attribute": ("main = print\n", "app:main.go", "go"),
    "extension": ("from helper.fast import main\n", "app:main", "extension module"),
    "no source": ("from helper.compiled import main\n", "app:main", "no source"),
    "broken": ("from helper.broken import main\n", "app:main", "does not compile"),
}


@pytest.mark.parametrize(("source", "main", "reason"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_cannot_be_told_is_a_warning(source: str, main: str, reason: str) -> None:
    files: dict[str, str | bytes] = {
        "app.py": source,
        "helper/fast.abi3.so": b"\x7fELF",
        "helper/compiled.pyc": importlib.util.MAGIC_NUMBER + bytes(12) + b"N",
        "helper/broken.py": "def main(:\n",
    }
    (warning,) = entry_of({**files, **HELPER}, main)
    assert reason in warning


def test_people_are_told(cli: Cli) -> None:
    tree = write_tree(cli.directory / "tree", {"app.py": "exec('main = print')\n"})
    words = ("pack", tree, "-m", "app:main", "-o", "app.zip", "--unsigned")
    assert "shows when it runs" in cli.ok(*words).err
    assert len(cli.ok(*words, "--json").json["warnings"]) == 1
    (tree / "app.py").write_text("")
    (cli.directory / "app.zip").unlink()
    done = cli(*words, "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert not (cli.directory / "app.zip").exists()


def test_a_package_runs_by_its_main() -> None:
    from signedvfs.packaging import PackError

    with pytest.raises(PackError, match="without a __main__") as caught:
        entry_of(HELPER, "helper")
    assert "helper/__main__.py" in caught.value.advice
    assert entry_of({**HELPER, "helper/__main__.py": ""}, "helper") == []


def make_tool(tmp_path: Path, name: str, points: str) -> Path:
    return make_wheel(tmp_path, name, {
        f"{name}.py": "import sys\ndef main(): print('ran', *sys.argv[1:]); return 3\n",
        f"{name}-1.0.dist-info/entry_points.txt": points,
    })  # fmt: skip


def test_a_console_script_is_run(cli: Cli, tmp_path: Path, keys: Path) -> None:
    wheel = make_tool(
        tmp_path, "tool", "[gui_scripts]\ng = tool:g\n[console_scripts]\nT = tool:main [fast]\n"
    )
    cli.ok("pack", wheel, "-c", "T", "-o", "app.zip", "--key", keys / "a.key")
    done = cli("run", "--trust", keys / "a.pub", "app.zip", "x")
    assert (done.out, done.code) == ("ran x\n", 3)


@pytest.mark.parametrize(
    ("points", "script", "said"),
    [
        ("[console_scripts]\nb = tool:main\na=tool:main\n", "c", "are: a, b"),
        ("[console_scripts]\nb = tool:main\n", "B", "are: b"),
        ("[gui_scripts]\nb = tool:main\n", "b", "are: none"),
        ("[console_scripts]\nb = tool\n", "b", "names no function"),
        ("[console_scripts]\nb = tool:none\n", "b", "no function 'none'"),
        ("[console_scripts]\nb = none:main\n", "b", "no module 'none'"),
        ("b = tool:main\n", "b", "tool-1.0.dist-info/entry_points.txt is no list"),
    ],
)
def test_a_console_script_that_is_none_is_refused(
    cli: Cli, tmp_path: Path, points: str, script: str, said: str
) -> None:
    wheel = make_tool(tmp_path, "tool", points)
    done = cli("pack", wheel, "-c", script, "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert said in done.error["reason"] + done.error["advice"]


def test_two_console_scripts_of_one_name_are_refused(cli: Cli, tmp_path: Path) -> None:
    one, two = (
        make_tool(tmp_path, name, f"[console_scripts]\nt = {name}:main\n") for name in ("x", "y")
    )
    done = cli("pack", one, two, "-c", "t", "-o", "app.zip", "--unsigned", "--json")
    assert done.code == 2
    assert "x-1.0-py3-none-any.whl" in done.error["reason"]
    assert "y-1.0-py3-none-any.whl" in done.error["reason"]
    assert cli("pack", one, two, "-c", "t", "-m", "x", "-o", "a.zip", "--unsigned").code == 2
