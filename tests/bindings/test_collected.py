"""What a program finds at its start that another freezer collected."""

from __future__ import annotations

import multiprocessing
import multiprocessing.spawn  # it keeps sys.executable, as it is when it is imported
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from signedvfs import collected
from tests.support.freezers import pyc

FIRST = "ran = ['first']\n"
PROGRAM = """\
import multiprocessing
import sys
ran.append(__name__)
place = sys._MEIPASS
multiprocessing.freeze_support()
ran.append('behind')
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """program is a directory in the place of an executable, which is one for Python."""
    scripts = tmp_path / collected.SCRIPTS
    scripts.mkdir()
    (scripts / "00_first.pyc").write_bytes(pyc(FIRST))
    (scripts / "01_program.pyc").write_bytes(pyc(PROGRAM))
    monkeypatch.setattr(sys, "executable", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in ("frozen", "_MEIPASS"):
        monkeypatch.setattr(sys, name, None, raising=False)
    return tmp_path


def run(name: str) -> dict[str, Any]:
    """run runs it as the module `name`, and returns what it leaves there."""
    namespace: dict[str, Any] = {"__name__": name}
    collected.run_pyinstaller(namespace, ["00_first", "01_program"], False)
    return namespace


def test_hooks_and_the_program_share_a_namespace(program: Path) -> None:
    namespace = run("__main__")
    assert namespace["ran"] == ["first", "__main__", "behind"]
    assert namespace["place"] == str(program)
    assert vars(sys)["frozen"] is True


def test_a_spawned_process_goes_no_further(program: Path) -> None:
    before = multiprocessing.freeze_support
    assert run("__mp_main__")["ran"] == ["first", "__mp_main__"]
    assert multiprocessing.freeze_support is before
    # What goes wrong before is seen, and leaves nothing behind.
    (program / collected.SCRIPTS / "00_first.pyc").write_bytes(pyc("1 / 0"))
    with pytest.raises(ZeroDivisionError):
        run("__mp_main__")
    assert multiprocessing.freeze_support is before


def test_the_environment(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere")
    (program / "old-1.egg").mkdir()
    run("__main__")
    assert "VIRTUAL_ENV" not in os.environ
    assert f"{program}/old-1.egg" in sys.path


def test_setuptools_stands_in_for_distutils(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program / "_distutils_hack.py").write_text(
        "import sys\ndef add_shim():\n    sys.shims = True\n", encoding="utf-8"
    )
    monkeypatch.setattr(sys, "path", [str(program), *sys.path])
    monkeypatch.delitem(sys.modules, "_distutils_hack", raising=False)
    monkeypatch.setattr(sys, "shims", False, raising=False)
    for value, expected in (("stdlib", False), ("local", True)):
        monkeypatch.setenv("SETUPTOOLS_USE_DISTUTILS", value)
        collected.run_pyinstaller({"__name__": "__main__"}, ["00_first"], True)
        assert vars(sys)["shims"] is expected
    monkeypatch.setitem(sys.modules, "_distutils_hack", None)
    collected.run_pyinstaller({"__name__": "__main__"}, ["00_first"], True)


def test_cxfreeze_runs_by_its_initialisation(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program / "__init__app.py").write_text("def run(name):\n    print(name)\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(program)])
    shown: list[str] = []
    monkeypatch.setattr("builtins.print", shown.append)
    collected.run_cxfreeze("app")
    monkeypatch.delitem(sys.modules, "__init__app")
    assert shown == ["__main__app"]
    assert vars(sys)["frozen"] is True
