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
    # A signal that comes right before a sleep waits for its end, so there are many.
    path = make("import time\nprint('up', flush=True)\nfor _ in range(600): time.sleep(0.1)\n")
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
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('pkg', 'ns')))\n"
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
    for name in ("nowhere", "pkg", "pkg.nowhere", "nowhere.mod", "email", "sys", "_struct", ".x"):
        done = cli(*run, name, path)
        assert (done.code, done.out) == (2, "")
        assert f"no module '{name}' to run" in done.err
    failing = cli(*run, "bad.mod", path)
    assert failing.code == 1
    assert failing.err.count("  File ") == 1
    assert failing.err.endswith("ZeroDivisionError: division by zero\n")


PACKAGE = {
    "pk/__init__.py": "",
    "pk/tests/__init__.py": "",
    "pk/tests/test_u.py": "import unittest\nclass T(unittest.TestCase):\n"
    "    def test_x(self): print(type(__spec__.loader).__module__)\n",
    "pk/tool.py": "import sys\nprint(__name__, sys.argv[1:], type(__loader__).__module__)\n",
}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["unittest", "A", "pk.tests.test_u"], "signedvfs"),
        (["cProfile", "A", "-m", "pk.tool", "x"], "__main__ ['x'] signedvfs"),
        (["runpy", "A", "pk.tool", "x"], "__main__ ['x'] signedvfs"),
        (["timeit", "A", "-n1", "-r1", "-s", "import pk.tool as t", "print(t.__file__)"], "/pk/"),
        (["json.tool", "A", "--help"], "usage:"),
        (["trace", "A", "--listfuncs", "--module", "pk.tool", "x"], "__main__ ['x'] signedvfs"),
    ],
)
def test_runs_modules_of_the_standard_library(
    cli: Cli, make: Make, keys: Path, words: list[str], text: str
) -> None:
    path = make("", **PACKAGE)
    given = [str(path) if word == "A" else word for word in words]
    done = cli.ok("run", "--trust", keys / "a.pub", "-m", *given)
    assert text in done.out


def test_the_debugger_steps_through_the_archive(cli: Cli, make: Make, keys: Path) -> None:
    path = make("", **PACKAGE)
    words = ["run", "--trust", str(keys / "a.pub"), "-m", "pdb", str(path), "-c", "continue"]
    done = subprocess.run(
        command(*words, "-m", "pk.tool", "x"),
        cwd=cli.directory, input="q\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "__main__ ['x'] signedvfs" in done.stdout, done.stderr


def test_the_archive_comes_before_the_standard_library(cli: Cli, make: Make, keys: Path) -> None:
    own = "import sys\nprint('our own', sys.argv[1:])\n"
    path = make("", **{"unittest/__init__.py": "", "unittest/__main__.py": own, "timeit.py": own,
                       "json/data.txt": "a namespace, which is no package\n"})  # fmt: skip
    for name in ("unittest", "timeit"):
        done = cli.ok("run", "--trust", keys / "a.pub", "-m", name, path, "a")
        assert done.out == "our own ['a']\n"
    # It is what Python does: a package anywhere on the path comes before a namespace package.
    assert "usage:" in cli.ok("run", "--trust", keys / "a.pub", "-m", "json.tool", path, "-h").out


def test_what_is_installed_needs_to_be_let_in(cli: Cli, make: Make, keys: Path) -> None:
    path = make("", **PACKAGE)
    run = ("run", "--trust", keys / "a.pub", "-m", "pip", path, "--version")
    refused = cli(*run)
    assert refused.code == 2
    assert "--no-isolated" in refused.err
    assert cli.ok("run", "--no-isolated", *run[1:]).out.startswith("pip ")


def test_runs_modules_as_python_would(cli: Cli, make: Make, keys: Path) -> None:
    # Python's own: with what it sees of sys.argv, sys.path and __main__
    path = cli.directory / make("", **{"sitelike/__init__.py": "A = 1\n"})
    for words in (["this"], ["platform"], ["inspect", "sitelike"]):
        ours = cli.ok("run", "--trust", keys / "a.pub", "-m", words[0], path, *words[1:]).out
        theirs = subprocess.run(
            [sys.executable, "-m", *words], cwd=cli.directory,
            env={**os.environ, "PYTHONPATH": str(path)}, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert ours == theirs


CODE = """
import sys
print(sys.argv, __name__, __package__, __spec__, __doc__, __builtins__, __loader__)
print('__file__' in globals(), sys.modules['__main__'].__dict__ is globals(), sys.path[0][-8:])
import m
print(m.A)
"""


def test_runs_code_as_python_would(cli: Cli, make: Make, keys: Path) -> None:
    path = cli.directory / make("1 / 0", **{"m.py": "A = 'a'\n"})
    ours = cli.ok("run", "--trust", keys / "a.pub", "-c", CODE, path, "a", "--", "-c", "b").out
    theirs = subprocess.run(
        [sys.executable, "-c", "import sys; del sys.path[0]\n" + CODE, "a", "--", "-c", "b"],
        cwd=cli.directory, env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert ours == theirs


@pytest.mark.parametrize(
    ("code", "exit_code", "end"),
    [
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("raise SystemExit(7)", 7, ""),
        ("1 +", 1, "SyntaxError: invalid syntax\n"),
        ("-1", 0, ""),
        ("", 0, ""),
        ("import zqxj\ndef f(x: 1 / 0): pass", 1, "No module named 'zqxj'\n"),
    ],
)
def test_code_ends_as_in_python(
    cli: Cli, make: Make, keys: Path, code: str, exit_code: int, end: str
) -> None:
    done = cli("run", "--trust", keys / "a.pub", "-c", code, make(""))
    assert (done.code, done.out) == (exit_code, "")
    assert done.err.endswith(end)
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    # From 3.13 on, Python shows the lines of its own -c, too.
    assert _frames(done.err) == _frames(theirs)


def _frames(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("    ")]


def test_an_archive_that_is_refused_is_refused_in_every_way(
    cli: Cli, make: Make, keys: Path
) -> None:
    path = make("")
    for words in (["-c", "print(1)"], ["-m", "this"], []):
        done = cli("run", "--trust", keys / "b.pub", *words, path)
        assert (done.code, done.out) == (1, "")
        assert fingerprint(keys / "a.pub") in done.err


def test_module_and_code_exclude_each_other(cli: Cli, make: Make, keys: Path) -> None:
    done = cli("run", "--trust", keys / "a.pub", "-m", "m", "-c", "1", make(""))
    assert done.code == 2
    assert "not allowed with" in done.err


@pytest.mark.parametrize(
    ("tool", "files"),
    [
        ("shiv", {"_bootstrap/__init__.py": "", "environment.json": "{}"}),
        ("pex", {"PEX-INFO": "{}", "pk/__init__.py": ""}),
        ("Bazel", {"runfiles/_main/app.py": "print(1)\n"}),
    ],
)
def test_what_unpacks_itself_is_recognised(
    cli: Cli, make: Make, keys: Path, tool: str, files: dict[str, str]
) -> None:
    path = make("print('ran')", **files)
    done = cli("run", "--trust", keys / "a.pub", path)
    assert (done.code, done.out) == (2, "")
    assert f"made by {tool}" in done.err
    assert "signedvfs pack -r requirements.txt" in done.err
    # What does not go by the bootstrap is not concerned.
    assert cli.ok("run", "--trust", keys / "a.pub", "-c", "print('ran')", path).out == "ran\n"
    signed = cli.ok("sign", path, "--key", keys / "a.key")
    assert f"made by {tool}" in signed.err
    signed = cli.ok("sign", path, "--key", keys / "a.key", "--json")
    assert any(f"made by {tool}" in warning for warning in signed.json["warnings"])


def test_what_only_looks_alike_runs(cli: Cli, make: Make, keys: Path) -> None:
    files = {"runfiles/__init__.py": "", "environment.json": "{}", "_bootstrap/other.py": ""}
    path = make("print('ran')", **files)
    assert cli.ok("run", "--trust", keys / "a.pub", path).out == "ran\n"
    assert "made by" not in cli.ok("sign", path, "--key", keys / "a.key").err
