"""run: what the environment names does not get in, unless it is let in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import signedvfs
from tests.cli.helpers import Cli, write_tree

SHOW = """
import json, sys
print(json.dumps({
    "path": sys.path, "flags": [sys.flags.isolated, sys.flags.ignore_environment,
    sys.flags.no_user_site, getattr(sys.flags, "safe_path", True)], "modules": sorted(sys.modules),
    "warnings": sys.warnoptions, "x": sorted(sys._xoptions), "optimize": sys.flags.optimize,
    "bytecode": sys.flags.dont_write_bytecode, "unbuffered": sys.stdout.write_through,
    "argv": sys.argv, "spare": sys.flags.hash_randomization,
    "user": __import__("site").ENABLE_USER_SITE}))
"""
EVIL = "import os; os.write(1, b'EVIL\\n')\n"
PYTHON = str(Path(sys.executable))
SCRIPT = str(Path(sys.executable).with_name("signedvfs"))


@pytest.fixture
def run(cli: Cli, keys: Path) -> list[str]:
    """The words that run app.zip, which shows what the interpreter is like."""
    tree = write_tree(cli.directory / "program", {"__main__.py": SHOW})
    cli.ok("pack", tree, "-o", "app.zip", "--key", keys / "a.key", "--quiet")
    return ["run", "--trust", str(keys / "a.pub"), "app.zip"]


def shown(
    cli: Cli, front: list[str], run: list[str], python: str = PYTHON, **environment: str
) -> dict[str, object]:
    """What the program shows, under nothing of the environment but `environment`."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, *front, *run], cwd=cli.directory, env={**plain, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(done.stdout)
    return found


WAYS = [[SCRIPT], ["-m", "signedvfs"], ["-I", "-m", "signedvfs"], ["-Im", "signedvfs"]]


@pytest.mark.parametrize("front", WAYS)
def test_is_what_an_interpreter_under_i_is(cli: Cli, run: list[str], front: list[str]) -> None:
    found = shown(cli, front, run)
    theirs = json.loads(
        subprocess.check_output([PYTHON, "-I", "app.zip"], cwd=cli.directory, text=True)
    )
    assert found["flags"] == theirs["flags"]
    assert found["path"] == theirs["path"][:1] + theirs["path"][1:]
    assert found["user"] is False
    assert found["argv"] == ["app.zip"]


@pytest.mark.parametrize("front", WAYS[:2])
@pytest.mark.parametrize(
    "variable", ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONHASHSEED", "PYTHONFUTURE"]
)
def test_no_variable_gets_in(cli: Cli, run: list[str], front: list[str], variable: str) -> None:
    value = {"PYTHONHASHSEED": "0", "PYTHONWARNINGS": "error"}.get(variable, str(cli.directory))
    found, plain = shown(cli, front, run, **{variable: value}), shown(cli, front, run)
    for name in ("path", "flags", "warnings", "spare", "user"):
        assert found[name] == plain[name]


def test_settings_that_choose_no_code_stay(cli: Cli, run: list[str]) -> None:
    settings = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "x", "PYTHONUTF8": "1"}
    for more in ({}, {"PYTHONPATH": "/nowhere"}):
        found = shown(cli, [SCRIPT], run, **settings, **more)
        assert (found["unbuffered"], found["bytecode"]) == (True, 1)
        assert found["flags"] == [1, 1, 1, True]


def test_options_of_the_interpreter_stay(cli: Cli, run: list[str]) -> None:
    for more in ({}, {"PYTHONPATH": "/nowhere"}):
        found = shown(cli, ["-W", "ignore", "-XABC", "-O", "-u", SCRIPT], run, **more)
        assert "ignore" in str(found["warnings"])
        assert (found["x"], found["optimize"], found["unbuffered"]) == (["ABC"], 1, True)


def test_the_users_site_directory_does_not_get_in(cli: Cli, run: list[str]) -> None:
    # Environments have none; so an interpreter beside, which has signedvfs from here.
    base = str(Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}{sys.abiflags}"))
    if not Path(base).exists():
        pytest.skip("the interpreter below the environment has another name")
    site = "import site; print(site.getusersitepackages())"
    user = {"PYTHONUSERBASE": str(cli.directory / "user")}
    where = subprocess.check_output([base, "-c", site], env={**os.environ, **user}, text=True)
    package = Path(signedvfs.__file__).parent
    write_tree(Path(where.strip()), {"usercustomize.py": "mark = 1\n", "evil.py": EVIL})
    Path(where.strip(), "signedvfs").symlink_to(package)
    found = shown(cli, ["-m", "signedvfs"], run, base, **user)
    assert where.strip() not in str(found["path"])
    assert "usercustomize" not in str(found["modules"])
    let_in = shown(cli, ["-m", "signedvfs", "run", "--no-isolated"], run[1:], base, **user)
    assert where.strip() in str(let_in["path"])


@pytest.mark.parametrize("front", WAYS)
def test_the_current_directory_does_not_get_in(cli: Cli, keys: Path, front: list[str]) -> None:
    program = write_tree(cli.directory / "program", {"__main__.py": "import late, json, csv\n"})
    cli.ok("pack", program, "-o", "app.zip", "--key", keys / "a.key", "--quiet")
    write_tree(cli.directory, {f"{name}.py": EVIL for name in ("late", "json", "csv", "argparse")})
    done = subprocess.run(
        [PYTHON, *front, "run", "--trust", keys / "a.pub", "app.zip"],
        cwd=cli.directory, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "No module named 'late'" in done.stderr


def test_children_are_isolated_as_well(cli: Cli, keys: Path) -> None:
    text = """
import multiprocessing, work
if __name__ == "__main__":
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(*pool.apply(work.look))
"""
    work = "import sys\ndef look():\n    return [sys.flags.isolated, sys.path[0][-7:]]\n"
    program = write_tree(cli.directory / "program", {"__main__.py": text, "work.py": work})
    cli.ok("pack", program, "-o", "app.zip", "--key", keys / "a.key", "--quiet")
    # What a child imports before it has its parent's path.
    write_tree(cli.directory, {"pickle.py": EVIL, "multiprocessing/__init__.py": EVIL})
    done = subprocess.run(
        [PYTHON, SCRIPT, "run", "--trust", keys / "a.pub", "app.zip"],
        cwd=cli.directory, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "1 app.zip\n" * 2


def test_let_in_everything_is_there(cli: Cli, run: list[str]) -> None:
    run.insert(1, "--no-isolated")
    found = shown(cli, [SCRIPT], run, PYTHONPATH="/one:/two", PYTHONWARNINGS="ignore")
    assert "/one" in str(found["path"])
    assert found["warnings"] == ["ignore"]
    assert found["flags"] == [0, 0, 0, sys.version_info < (3, 11)]


def test_what_was_ignored_is_said_where_it_is_missed(cli: Cli, keys: Path) -> None:
    program = write_tree(cli.directory / "program", {"__main__.py": "import beside\n"})
    cli.ok("pack", program, "-o", "app.zip", "--key", keys / "a.key", "--quiet")
    write_tree(cli.directory / "lib", {"beside.py": "print('there')\n"})
    environment = {"PYTHONPATH": str(cli.directory / "lib")}
    run = ("run", "--trust", keys / "a.pub", "app.zip")
    done = cli(*run, env=environment)
    assert done.code == 1
    assert "PYTHONPATH was ignored" in done.err
    assert "--no-isolated" in done.err
    assert "PYTHONPATH" not in cli(*run).err
    let_in = cli("run", "--no-isolated", *run[1:], env=environment)
    assert (let_in.code, let_in.out) == (0, "there\n")


def test_a_package_found_by_the_environment_is_the_same_one(cli: Cli, run: list[str]) -> None:
    # Under -I it would not be found any more.
    bare = cli.directory / "bare"
    venv.create(bare, symlinks=True, with_pip=False)
    beside = str(Path(signedvfs.__file__).parents[1])
    found = shown(cli, ["-m", "signedvfs"], run, str(bare / "bin/python"), PYTHONPATH=beside)
    assert beside not in str(found["path"])
    assert found["flags"] == [1, 1, 1, True]


def test_a_program_that_calls_us_is_not_replaced(cli: Cli, run: list[str]) -> None:
    script = f"""
import signedvfs.cli
code = signedvfs.cli.main({run!r})
print("still here", code)
"""
    words = [PYTHON, "-c", script]
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment = {**plain, "PYTHONPATH": "/nowhere"}
    done = subprocess.run(
        words, cwd=cli.directory, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "still here 2\n"
    assert "not isolated (PYTHONPATH)" in done.stderr
    assert "--no-isolated" in done.stderr
    done = subprocess.run(
        words, cwd=cli.directory, env=plain, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("still here 0\n")


def test_what_openssl_heeds(cli: Cli, keys: Path) -> None:
    """A program may bring a copy of OpenSSL, which would load native code that these name."""
    text = "import os\nprint([name for name in os.environ if name.startswith('OPENSSL_')])\n"
    tree = write_tree(cli.directory / "openssl", {"__main__.py": text})
    cli.ok("pack", tree, "-o", "openssl.zip", "--key", keys / "a.key", "--quiet")
    names = ["OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"]
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for options, seen in ([], []), (["--no-isolated"], names):
        words = ["run", *options, "--trust", str(keys / "a.pub"), "openssl.zip"]
        done = subprocess.run(
            [PYTHON, "-m", "signedvfs", *words],
            cwd=cli.directory, env={**plain, **dict.fromkeys(names, "/nowhere")},
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        assert done.stdout == f"{seen}\n", done.stderr
