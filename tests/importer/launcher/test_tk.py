"""A window of Tk's in an application, with Tcl's scripts from the system."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.importer.launcher.conftest import Build
from tests.importer.launcher.starting import environment, run, says

MAIN = """
import sys, tkinter

if len(sys.argv) > 1:
    print(tkinter.Tcl().eval("info library"))
else:
    root = tkinter.Tk()
    label = tkinter.Label(root, text="hello")
    label.pack()
    root.update()
    print(label.winfo_width() > 1)
    root.after(1, root.destroy)
    root.mainloop()
    print("closed")
"""


@pytest.fixture(scope="module")
def window(build_app: Build) -> Path:
    if importlib.util.find_spec("_tkinter") is None:
        pytest.skip("this interpreter has no _tkinter")
    return build_app({"__main__.py": MAIN})


def test_tcl_has_its_scripts_of_the_system(window: Path) -> None:
    assert (Path(says(window, "library")) / "init.tcl").exists()


def test_without_a_display(window: Path) -> None:
    done = run(window)
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("TclError: no display name and no $DISPLAY environment variable\n")


def test_a_window(window: Path) -> None:
    if shutil.which("xvfb-run") is None:
        pytest.skip("there is no xvfb-run")
    words = ["xvfb-run", "-a", str(window)]
    done = subprocess.run(
        words, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nclosed\n", "")
