"""build, from what PyInstaller and cx_Freeze make of real programs, which then run as one file.

The freezers and what they freeze come from the package index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from signedvfs import PrivateKey
from signedvfs.building import BuildError, build
from signedvfs.building.own import launcher_path
from tests.support.launchers import own_linker

try:
    launcher_path()
except BuildError:
    pytest.skip("signedvfs is installed without its launcher", allow_module_level=True)

pytestmark = pytest.mark.slow

WAS_MOVED = own_linker() is not None

WANTED = ("pyinstaller", "cx_Freeze", "pyyaml", "numpy")
TAKES_AT_MOST = 600  # seconds, on a busy machine

PROGRAM = """\
import multiprocessing
import os
import sys
from importlib import metadata, resources

import numpy
import own
import yaml


def double(number):
    return 2 * number


if __name__ == "__main__":
    multiprocessing.freeze_support()
    print(sys.argv[1:], sys.frozen, os.environ.get("OWN_HOOK"))
    print(resources.files("own").joinpath("data/text.txt").read_text())
    with open(os.path.join(os.path.dirname(own.__file__), "data", "text.txt")) as file:
        print(file.read())
    print(yaml.load("[1, 2]", yaml.CSafeLoader), metadata.version("pyyaml"))
    print(numpy.linalg.det(numpy.eye(3)))
    for method in ("spawn", "forkserver", "fork"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.map(double, [1, 2]))
    print(all(__import__(name).__file__.startswith(sys.executable) for name in ("os", "yaml")))
    sys.exit(3)
"""
SAID = """\
['one', 'two'] True {hook}
text
text
[1, 2] {version}
1.0
spawn [2, 4]
forkserver [2, 4]
fork [2, 4]
True
"""


@pytest.fixture(scope="module")
def freezers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """freezers is a directory that they are installed in, with what is frozen."""
    directory = tmp_path_factory.mktemp("freezers")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-compile",
               "--target", str(directory), "--only-binary", ":all:", *WANTED]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TAKES_AT_MOST, check=False
    )
    if "No matching distribution" in done.stderr:
        pytest.skip("the freezers, or numpy, have no wheel for this Python")
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """program is a script, beside a package with data."""
    directory = tmp_path_factory.mktemp("program")
    (directory / "own/data").mkdir(parents=True)
    (directory / "own/__init__.py").write_text("", encoding="utf-8")
    (directory / "own/data/text.txt").write_text("text", encoding="utf-8")
    (directory / "hook.py").write_text(
        "import os\nimport sys\nassert os.listdir(sys._MEIPASS)\nos.environ['OWN_HOOK'] = 'ran'\n",
        encoding="utf-8",
    )
    path = directory / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def freeze(freezers: Path, program: Path, *arguments: str) -> None:
    """freeze runs a freezer."""
    path = os.pathsep.join([str(freezers), str(program.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONNOUSERSITE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=program.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TAKES_AT_MOST,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run_alone(path: Path, directory: Path) -> subprocess.CompletedProcess[str]:
    """run_alone runs an executable where nothing else is that it was made of."""
    alone = directory / "alone"
    alone.mkdir()
    moved = Path(shutil.move(path, alone / "app"))
    names = ("PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD")
    return subprocess.run(
        [moved, "one", "two"],
        cwd=alone,
        env={name: value for name, value in os.environ.items() if name not in names},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TAKES_AT_MOST,
        check=False,
    )


def said(freezers: Path, hook: str) -> str:
    """said is what the program prints."""
    (information,) = freezers.glob("[Pp]y[Yy][Aa][Mm][Ll]-*.dist-info")
    return SAID.format(hook=hook, version=information.name.split("-")[1].rpartition(".dist")[0])


@pytest.mark.skipif(WAS_MOVED, reason="PyInstaller does not find the library of such a Python")
@pytest.mark.parametrize("kind", ["onefile", "onedir"])
def test_pyinstaller(freezers: Path, program: Path, tmp_path: Path, kind: str) -> None:
    made = tmp_path / "made"
    freeze(freezers, program, "-m", "PyInstaller", f"--{kind}", "--name", "made",
           "--distpath", str(made), "--workpath", str(tmp_path / "work"),
           "--specpath", str(tmp_path), "--runtime-hook", str(program.with_name("hook.py")),
           "--copy-metadata", "pyyaml",
           "--add-data", f"{program.parent}/own/data:own/data", str(program))  # fmt: skip
    output = tmp_path / "app"
    path = made / "made" if kind == "onedir" else made
    report = build(path, output, key=PrivateKey.generate(), freezer="pyinstaller", level=1)
    assert report.native is not None
    assert report.native.problems == ()
    shutil.rmtree(made)
    done = run_alone(output, tmp_path)
    assert (done.stdout, done.stderr) == (said(freezers, "ran"), "")
    assert done.returncode == 3


@pytest.mark.parametrize("zipped", [False, True])
def test_cxfreeze(freezers: Path, program: Path, tmp_path: Path, zipped: bool) -> None:
    made = tmp_path / "made"
    options: dict[str, object] = {"packages": ["own", "yaml", "numpy"], "build_exe": str(made)}
    if zipped:
        # Data of packages in the zip archive are not taken by cx_Freeze itself.
        options.update(
            zip_include_packages=["yaml", "encodings"],
            zip_exclude_packages=["own", "numpy"],
        )
    setup = tmp_path / "setup.py"
    setup.write_text(
        "from cx_Freeze import Executable, setup\n"
        f"setup(name='made', version='1', options={{'build_exe': {options!r}}},\n"
        f"      executables=[Executable({str(program)!r}, target_name='made')])\n",
        encoding="utf-8",
    )
    freeze(freezers, program, str(setup), "build_exe")
    output = tmp_path / "app"
    report = build(made, output, key=PrivateKey.generate(), freezer="cxfreeze", level=1)
    assert report.native is not None
    assert report.native.problems == ()
    shutil.rmtree(made)
    done = run_alone(output, tmp_path)
    assert (done.stdout, done.stderr) == (said(freezers, "None"), "")
    assert done.returncode == 3
