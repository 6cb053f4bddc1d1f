"""run: `python ARCHIVE`, verified."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, command, fingerprint, flip, write_tree

Make = Callable[..., Path]


@pytest.fixture
def make(cli: Cli, keys: Path) -> Make:
    """make packs a program, given as the text of its __main__.py."""

    def pack(text: str, **files: str) -> Path:
        tree = write_tree(cli.directory / "program", {"__main__.py": text, **files})
        cli.ok("pack", tree, "-o", "prog.zip", "--key", keys / "a.key", "--compression", "stored")
        return Path("prog.zip")

    return pack


def test_runs_the_program_as_python_would(cli: Cli, make: Make, keys: Path) -> None:
    text = (
        "import sys\n"
        "print([__name__, __package__, __spec__.name, __file__, sys.argv, sys.path[0]])\n"
        "print(sys.modules['__main__'].__dict__ is globals(), __loader__ is __spec__.loader)\n"
        "print([path for path in sys.path if path in ('', {cwd!r})])\n"
    ).replace("{cwd!r}", repr(str(cli.directory)))
    path = make(text)
    arguments = ["-x", "--", "--json", "--trust", "y", ""]
    ours = cli.ok("run", "--trust", keys / "a.pub", path, *arguments).out
    theirs = subprocess.run(
        [sys.executable, path, *arguments], cwd=cli.directory, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    assert ours == theirs


@pytest.mark.parametrize(
    "words", [["--"], ["--", "a"], ["--", "--"], ["--help"], ["prog.zip", "--", "x"], []]
)
def test_everything_behind_the_archive_is_the_programs(
    cli: Cli, make: Make, keys: Path, words: list[str]
) -> None:
    path = make("import sys; print(sys.argv)\n")
    trust = ("--trust", str(keys / "a.pub"))
    for front in (trust, (*trust, "--")):
        assert cli.ok("run", *front, path, *words).out == f"{[str(path), *words]}\n"


@pytest.mark.parametrize(
    ("text", "code", "err"),
    [
        ("raise SystemExit(7)", 7, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('gone')", 1, "gone\n"),
        ("pass", 0, ""),
    ],
)
def test_the_exit_code_is_the_programs(
    cli: Cli, make: Make, keys: Path, text: str, code: int, err: str
) -> None:
    done = cli("run", "--trust", keys / "a.pub", make(text))
    assert (done.code, done.err) == (code, err)


def test_a_traceback_shows_the_programs_frames_only(cli: Cli, make: Make, keys: Path) -> None:
    path = make("import m\nm.fail()\n", **{"m.py": "def fail():\n    raise KeyError('lost')\n"})
    done = cli("run", "--trust", keys / "a.pub", path)
    assert done.code == 1
    frames = [line for line in done.err.splitlines() if line.startswith("  File")]
    assert len(frames) == 2, done.err
    assert "__main__.py" in frames[0]
    assert "m.py" in frames[1]
    assert done.err.splitlines()[-1] == "KeyError: 'lost'"


def test_a_hook_of_the_program_sees_its_exception(cli: Cli, make: Make, keys: Path) -> None:
    path = make("import sys\nsys.excepthook = lambda k, v, t: print('seen', k.__name__)\n1/0\n")
    done = cli("run", "--trust", keys / "a.pub", path)
    assert (done.code, done.out) == (1, "seen ZeroDivisionError\n")


def test_ctrl_c_ends_the_program_as_it_ends_python(cli: Cli, make: Make, keys: Path) -> None:
    path = make("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    with subprocess.Popen(
        command("run", "--trust", keys / "a.pub", path),
        cwd=cli.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGINT)
        shown = process.stderr.read()
    assert process.returncode == -signal.SIGINT
    assert shown.splitlines()[-1] == "KeyboardInterrupt"
    assert "signedvfs/cli" not in shown


def test_sigterm_is_the_programs_own_business(cli: Cli, make: Make, keys: Path) -> None:
    path = make("import signal\nprint(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)\n")
    assert cli.ok("run", "--trust", keys / "a.pub", path).out == "True\n"


def test_a_tampered_program_does_not_run(cli: Cli, make: Make, keys: Path) -> None:
    path = make("print('good news')\n")
    flip(cli.directory / path, b"good news")
    content = (cli.directory / path).read_bytes()
    (cli.directory / path).write_bytes(content.replace(b"good news", b"food news"))
    done = cli("run", "--trust", keys / "a.pub", path)
    assert (done.code, done.out) == (1, "")


def test_a_tampered_module_stops_the_program(cli: Cli, make: Make, keys: Path) -> None:
    path = make("print('begun')\nimport m\n", **{"m.py": "MARK = 'member content'\n"})
    content = (cli.directory / path).read_bytes()
    (cli.directory / path).write_bytes(content.replace(b"member content", b"mumbar content"))
    done = cli("run", "--trust", keys / "a.pub", path)
    assert (done.code, done.out) == (1, "begun\n")
    assert "IntegrityCheckFailed" in done.err
    assert "m.pyc" in done.err


def test_an_untrusted_program_does_not_run(cli: Cli, make: Make, keys: Path) -> None:
    path = make("print('no')\n")
    done = cli("run", "--trust", keys / "b.pub", path)
    assert (done.code, done.out) == (1, "")
    assert fingerprint(keys / "a.pub") in done.err
    assert "--trust" in done.err


def test_an_unsigned_program_does_not_run(cli: Cli, make: Make, keys: Path) -> None:
    # C1, I1: nobody else imports what is refused
    path = make("print('no')\n")
    cli.ok("unsign", path)
    done = cli("run", "--trust", keys / "a.pub", path)
    assert (done.code, done.out) == (1, "")
    tree = cli.directory / "program"
    done = cli("run", "--trust", keys / "a.pub", tree)
    assert (done.code, done.out) == (1, "")


def test_runs_a_signed_directory(cli: Cli, make: Make, keys: Path) -> None:
    make("import m; print(m.A)\n", **{"m.py": "A = 1\n"})
    cli.ok("sign", "program", "--key", keys / "a.key")
    assert cli.ok("run", "--trust", keys / "a.pub", "program").out == "1\n"


def test_says_where_there_is_no_program(cli: Cli, keys: Path) -> None:
    tree = write_tree(cli.directory / "lib", {"m.py": "A = 1\n"})
    cli.ok("pack", tree, "-o", "lib.zip", "--key", keys / "a.key")
    done = cli("run", "--trust", keys / "a.pub", "lib.zip")
    assert done.code == 2
    assert "can't find '__main__' module in 'lib.zip'" in done.err
    (cli.directory / "notes.txt").write_text("no archive at all\n")
    assert cli("run", "--trust", keys / "a.pub", "notes.txt").code in (1, 2)


@pytest.mark.parametrize("words", [["prog.zip"], ["--trust", "A", "absent.zip"], ["--trust", "A"]])
def test_wrong_arguments_are_errors_of_the_user(cli: Cli, keys: Path, words: list[str]) -> None:
    done = cli("run", *(str(keys / "a.pub") if word == "A" else word for word in words))
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("module", ["pkg", "pkg.mod", "top"])
def test_runs_a_module_as_python_would(cli: Cli, make: Make, keys: Path, module: str) -> None:
    text = (
        "import sys\nprint([__name__, __package__, __spec__.name, __spec__.parent, sys.argv])\n"
        "print(__file__ == __spec__.origin, __loader__ is __spec__.loader)\n"
        "print(sorted(name for name in sys.modules if name.startswith(('pkg', 'ns'))))\n"
    )
    path = cli.directory / make(
        "",
        **{
            "pkg/__init__.py": "",
            "pkg/__main__.py": text,
            "pkg/mod.py": text,
            "top.py": text,
        },
    )
    ours = cli.ok("run", "--trust", keys / "a.pub", "-m", module, path, "a", "--", "-b").out
    theirs = subprocess.run(
        [sys.executable, "-m", module, "a", "--", "-b"], cwd=cli.directory,
        env={**os.environ, "PYTHONPATH": str(path)}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert ours == theirs


def test_runs_a_module_of_a_namespace_package(cli: Cli, make: Make, keys: Path) -> None:
    # zipimport does not find it: archives made by pack have no entries for directories
    path = make("", **{"ns/deep/mod.py": "print(__spec__.name, __package__)\n"})
    done = cli.ok("run", "--trust", keys / "a.pub", "-m", "ns.deep.mod", path)
    assert done.out == "ns.deep.mod ns.deep\n"


def test_what_can_not_be_run_as_a_module(cli: Cli, make: Make, keys: Path) -> None:
    path = make("", **{"pkg/__init__.py": "", "bad/__init__.py": "1 / 0", "bad/mod.py": ""})
    run = ("run", "--trust", keys / "a.pub", "-m")
    for name in ("nowhere", "pkg", "pkg.nowhere", "nowhere.mod", "json.tool"):
        done = cli(*run, name, path)
        assert (done.code, done.out) == (2, "")
        assert f"no module '{name}' to run" in done.err
    failing = cli(*run, "bad.mod", path)
    assert failing.code == 1
    assert failing.err.count("  File ") == 1
    assert failing.err.endswith("ZeroDivisionError: division by zero\n")
