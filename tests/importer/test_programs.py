"""Programs in archives: python ARCHIVE, -m and runpy, where start-up files have put the hook in.

Each is run twice in a fresh interpreter: from a signed archive with the hook, and from the same
archive by zipimport. What they print has to be the same.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.importer.workshop import Files, Importing, Place, Workshop, pyc

REPORT = """
import sys
loader = __spec__.loader
print(__name__, repr(__package__), __spec__.name, repr(__spec__.parent), __spec__.has_location)
print(__file__ == __spec__.origin, __file__, vars().get("__cached__"), loader is __loader__)
print(sys.argv, sys.path[0])
print(sorted(name for name in sys.modules if name.startswith("pkg")))
"""
FILES: dict[str, bytes | str] = {
    "__main__.py": REPORT,
    "pkg/__init__.py": "print('pkg, once')\n",
    "pkg/__main__.py": REPORT,
    "pkg/mod.py": REPORT,
    "pkg/sub/__init__.py": "",
    "pkg/sub/mod.py": "from .. import other\n" + REPORT,
    "pkg/other.py": "print('other, once', __name__)\n",
    "lib/__main__.py": REPORT,
    "main_fails.py": "def f():\n    raise KeyError('lost')\nf()\n",
    "empty/__init__.py": "",
}


class Runs:
    """Runs one command line over a signed archive with the hook, and over an unsigned one."""

    def __init__(self, workshop: Workshop, files: Files) -> None:
        self.directory = workshop.directory
        self.ours = workshop.zip("ours/app.zip", files)
        self.theirs = workshop.plain_zip("theirs/app.zip", files)
        customize = self.directory / "start" / "sitecustomize.py"
        customize.parent.mkdir()
        customize.write_text(
            "import sys, signedvfs\n"
            f"signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))\n"
            "sys.path_hooks.insert(0, signedvfs.hook)\n"
        )

    def __call__(self, *words: str, hook: bool, path: bool = False) -> tuple[int, str, str]:
        archive = self.ours if hook else self.theirs
        entries = [str(self.directory / "start")] if hook else []
        entries += [str(archive)] if path else []
        done = subprocess.run(
            [sys.executable, *[word.replace("ARCHIVE", "app.zip") for word in words]],
            cwd=archive.parent,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entries)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        place = str(archive.parent)
        return done.returncode, done.stdout.replace(place, "@"), done.stderr.replace(place, "@")

    def same(self, *words: str, path: bool = False) -> tuple[int, str, str]:
        """Run both, compare what they print, and return it."""
        ours = self(*words, hook=True, path=path)
        assert ours == self(*words, hook=False, path=path)
        return ours


@pytest.fixture
def runs(workshop: Workshop) -> Runs:
    """The program above."""
    return Runs(workshop, FILES)


@pytest.mark.parametrize("words", [["ARCHIVE", "a", "--", "-b"], ["./ARCHIVE"], ["ARCHIVE/lib"]])
def test_python_archive(runs: Runs, words: list[str]) -> None:
    # X1: also below a directory of it
    code, out, err = runs.same(*words)
    assert (code, err) == (0, "")
    assert out.startswith("__main__ '' __main__ '' True\n")


@pytest.mark.parametrize("module", ["pkg", "pkg.mod", "pkg.sub.mod"])
def test_python_m(runs: Runs, module: str) -> None:
    # X2, X3: runpy asks for get_code only; parents are imported first, once
    code, out, err = runs.same("-m", module, "argument", path=True)
    assert code == 0, err
    assert out.count("pkg, once") == 1


@pytest.mark.parametrize(
    "words",
    [["-m", "pkg.nowhere"], ["-m", "empty"], ["-m", "nowhere"], ["-m", "empty.x.y"]],
)
def test_what_can_not_be_run(runs: Runs, words: list[str]) -> None:
    # X4: the interpreter's own words
    code, _, err = runs.same(*words, path=True)
    assert code == 1
    assert "No module named" in err


def test_an_archive_without_main(workshop: Workshop) -> None:
    # X4
    runs = Runs(workshop, {"m.py": ""})
    code, _, err = runs.same("ARCHIVE")
    assert code == 1
    assert "can't find '__main__' module in" in err


def test_a_failing_program(runs: Runs) -> None:
    code, _, err = runs.same("-m", "main_fails", path=True)
    assert code == 1
    assert "KeyError: 'lost'" in err
    # Y14: the line of source, where the interpreter prints tracebacks in Python
    assert ("raise KeyError('lost')" in err) == (sys.version_info >= (3, 13))


def test_bytecode_only(workshop: Workshop) -> None:
    runs = Runs(workshop, {"__main__.pyc": pyc("print(__file__, __spec__.name)", "<built>")})
    code, out, err = runs.same("ARCHIVE")
    assert (code, err) == (0, "")
    assert out.endswith("app.zip/__main__.pyc __main__\n")


def test_a_tampered_program_does_not_run(workshop: Workshop) -> None:
    # X1, X2, V10: where start-up files have put the hook in
    runs = Runs(workshop, {"__main__.py": "print('ran')\n", "m.py": "print('ran')\n"})
    runs.ours.write_bytes(runs.theirs.read_bytes())  # the same, unsigned
    for words in (["ARCHIVE"], ["-m", "m"]):
        code, out, err = runs(*words, hook=True, path=True)
        assert code != 0
        assert out == ""
        assert "IntegrityCheckMissing" in err or "signedimp-manifest" in err, err


def test_run_path(place: Place, importing: Importing) -> None:
    # X5: what runpy changes it puts back
    del importing
    path = place({"__main__.py": "import sys, helper\nargv = sys.argv[0]\nv = seed + 1\n",
                  "helper.py": ""})  # fmt: skip
    before = (sys.argv[0], sys.path[:], sys.modules["__main__"])
    found: dict[str, Any] = runpy.run_path(str(path), {"seed": 41}, "<run>")
    assert found["v"] == 42
    assert found["argv"] == str(path)
    assert found["__name__"] == "<run>"
    assert found["__file__"] == f"{path}/__main__.py"
    assert isinstance(found["__loader__"], signedvfs.zipimporter)
    assert found["__spec__"].origin == found["__file__"]
    assert (sys.argv[0], sys.path, sys.modules["__main__"]) == before


def test_run_module(place: Place, importing: Importing) -> None:
    # X2
    path = place(FILES)
    importing.put(path)
    found: dict[str, Any] = runpy.run_module("pkg.mod")
    assert found["__name__"] == "pkg.mod"
    assert found["__file__"] == f"{path}/pkg/mod.py"


def test_run_path_of_a_refused_archive(workshop: Workshop, importing: Importing) -> None:
    del importing
    path: Path = workshop.plain_zip("unsigned.zip", {"__main__.py": "print('ran')\n"})
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        runpy.run_path(str(path))
