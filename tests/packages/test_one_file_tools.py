"""Tools that meet an application as one file: a profiler from outside, and completion by shells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from signedvfs import PrivateKey
from signedvfs.building import BuildError, build
from signedvfs.building.executable import python_in
from signedvfs.building.linker import Linker
from signedvfs.building.own import launcher_path
from signedvfs.building.runtime import carried_python

PY_SPY = "py-spy==0.4.3"
LATEST = (3, 13)  # the last Python that this release of it knows

CLICK = """
import click

@click.group()
def cli():
    pass

@cli.command()
@click.option("--port", type=click.Choice(["80", "443"]))
def serve(port):
    print("serving", port)

@cli.command()
def sell():
    pass

cli()
"""
ARGCOMPLETE = """
import argparse, argcomplete

parser = argparse.ArgumentParser()
parser.add_argument("--colour", choices=["red", "green"])
argcomplete.autocomplete(parser)
print(parser.parse_args().colour)
"""


@pytest.fixture(scope="module")
def launcher() -> Path:
    try:
        path = launcher_path()
        carried_python(Linker(), python_in(path.read_bytes()))
    except BuildError as error:  # with sanitizers, without static libraries or libpython
        pytest.skip(str(error))
    return path


def built(directory: Path, main: str, *requirements: str) -> Path:
    """built makes one file of a program and what it requires, and returns where it is."""
    source = directory / "source"
    source.mkdir()
    (source / "__main__.py").write_text(main, encoding="utf-8")
    path = directory / "tool"
    build([source, *requirements], path, key=PrivateKey.generate(), minimal=True)
    return path


def said(path: Path, *words: str, **variables: str) -> str:
    """said is what a program prints that is started with these variables."""
    return subprocess.run(
        [str(path), *words], env={**os.environ, **variables}, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip


@pytest.mark.usefixtures("launcher")
def test_click_completes(tmp_path: Path) -> None:
    tool = built(tmp_path, CLICK, "click==8.1.8")
    assert said(tool, "serve", "--port", "80") == "serving 80\n"
    assert "_tool_completion()" in said(tool, _TOOL_COMPLETE="bash_source")
    asked = {"COMP_WORDS": "tool serve --port ", "COMP_CWORD": "3"}
    assert said(tool, **asked, _TOOL_COMPLETE="bash_complete") == "plain,80\nplain,443\n"


@pytest.mark.usefixtures("launcher")
def test_argcomplete_completes(tmp_path: Path) -> None:
    tool = built(tmp_path, ARGCOMPLETE, "argcomplete==3.6.2")
    assert said(tool, "--colour", "red") == "red\n"
    line = "tool --colour "
    asked = {"COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
    answer = tmp_path / "answer"
    said(tool, **asked, _ARGCOMPLETE="1", _ARGCOMPLETE_STDOUT_FILENAME=str(answer))
    assert answer.read_text(encoding="utf-8").split("\v") == ["red", "green"]


def test_py_spy_finds_python(launcher: Path, tmp_path: Path) -> None:
    """It reads the executable's symbols, so it sees Python where that is linked in."""
    if python_in(launcher.read_bytes()) is None:
        pytest.skip("py-spy opens libraries by their paths, and memory has none")
    if sys.version_info[:2] > LATEST:
        pytest.skip(f"{PY_SPY} knows Python up to {LATEST}")
    if os.geteuid() != 0:
        pytest.skip("others may not be allowed to look (ptrace(2))")
    tools = tmp_path / "tools"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tools)]
    subprocess.run([*pip, PY_SPY], check=True)
    main = "import sys\ndef waits():\n    print('up', flush=True)\n    sys.stdin.read()\nwaits()\n"
    tool = built(tmp_path, main)
    with subprocess.Popen(
        [str(tool)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        words = [str(tools / "bin/py-spy"), "dump", "--pid", str(process.pid)]
        dumped = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        process.communicate("")
    assert f"Python v{sys.version.split()[0]} ({tool})" in dumped
    assert "waits (__main__.py:4)" in dumped
