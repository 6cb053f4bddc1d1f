"""Names of strangers on the terminal: no command lets one speak for itself."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import signedvfs
from signedvfs.cli.output import Output
from tests.cli.helpers import Cli, Done, make_wheel, write_tree

# What it does to a terminal, what it forges, what it hides, and a byte that is no text.
HOSTILE = "x\x1b[8m\x1b]0;t\x07\r\u202egpj\u2028\x9b2J\nsignedvfs: verified\n  name  payroll\udcff"
COLOUR = re.compile("\x1b\\[(?:1|2|3[123]|0)m")


def says_nothing_raw(text: str, lines: int | None = None) -> None:
    """Assert that `text` holds what our own words are made of, and nothing else."""
    rest = COLOUR.sub("", text)
    assert all(c.isprintable() for c in rest.replace("\n", "")), repr(rest)
    assert not re.search(r"(?m)^signedvfs: verified|^  name +payroll", rest), repr(rest)
    assert lines is None or len(rest.splitlines()) == lines, repr(rest)


class Scene(NamedTuple):
    """Scene is a directory in which everything has a hostile name."""

    cli: Cli
    archive: str
    key: str
    public: str
    tree: str

    def run(self, *words: str) -> Done:
        done = self.cli(*words)
        says_nothing_raw(done.err)
        return done


@pytest.fixture
def scene(cli: Cli, archive: Path, keys: Path) -> Scene:
    """scene has an archive, keys and a tree."""
    names = [f"{HOSTILE}{suffix}" for suffix in (".zip", ".key", ".pub", "")]
    for source, name in zip((archive, keys / "a.key", keys / "a.pub"), names):
        shutil.copy(source, cli.directory / name)
    write_tree(cli.directory / names[3], {"a.py": "A = 1\n", "b.txt": "b"})
    return Scene(cli, *names)


Command = Callable[[Scene], "tuple[str, ...]"]

SUCCEEDS: dict[str, Command] = {
    "keygen": lambda _: ("keygen", f"new{HOSTILE}.key", "--no-password"),
    "key": lambda s: ("key", s.key),
    "key public": lambda s: ("key", s.public),
    "sign": lambda s: ("sign", s.archive, "--key", s.key),
    "sign tree": lambda s: ("sign", s.tree, "--key", s.key),
    "sign -o": lambda s: ("sign", s.archive, "--key", s.key, "-o", f"out{HOSTILE}"),
    "unsign": lambda s: ("unsign", s.archive),
    "pack": lambda s: ("pack", s.tree, "-o", f"out{HOSTILE}", "--key", s.key),
    "append": lambda s: ("append", s.archive, s.public, "-o", f"out{HOSTILE}", "--key", s.key),
    "verify": lambda s: ("verify", s.archive, "--trust", s.public),
    "list": lambda s: ("list", s.archive, "--trust", s.public),
    "extract": lambda s: ("extract", s.archive, "--trust", s.public, "-C", f"out{HOSTILE}"),
    "run": lambda s: ("run", "--trust", s.public, s.archive),
}

FAILS: dict[str, Command] = {
    "keygen": lambda s: ("keygen", s.key, "--no-password"),
    "keygen nowhere": lambda _: ("keygen", f"no/{HOSTILE}", "--no-password"),
    "key": lambda s: ("key", s.archive),
    "key absent": lambda _: ("key", f"no{HOSTILE}"),
    "sign": lambda s: ("sign", s.public, "--key", s.key),
    "sign absent": lambda s: ("sign", f"no{HOSTILE}", "--key", s.key),
    "sign with a public key": lambda s: ("sign", s.archive, "--key", s.public),
    "password file": lambda s: ("key", s.key, "--password-file", s.tree),
    "unsign": lambda s: ("unsign", s.public),
    "pack": lambda s: ("pack", s.public, "-o", "out.zip", "--unsigned"),
    "pack -r": lambda s: ("pack", "-r", s.tree, "-o", "out.zip", "--unsigned"),
    "pack -r junk": lambda s: ("pack", "-r", s.public, "-o", "out.zip", "--unsigned"),
    "pack -m": lambda s: ("pack", s.tree, "-m", HOSTILE, "-o", "out.zip", "--unsigned"),
    "append": lambda s: ("append", s.public, s.key, "-o", "out", "--key", s.key),
    "verify": lambda s: ("verify", s.public, "--trust", s.public),
    "verify with a private key": lambda s: ("verify", s.archive, "--trust", s.key),
    "revoked": lambda s: ("verify", s.archive, "--trust", s.public, "--revoked", f"{HOSTILE}-"),
    "verify name": lambda s: ("verify", s.archive, "--trust", s.public, "--name", HOSTILE),
    "verify option": lambda s: ("verify", s.archive, f"--{HOSTILE}"),
    "verify limit": lambda s: ("verify", s.archive, "--trust", s.public, "--limit", f"{HOSTILE}=1"),
    "verify time": lambda s: ("verify", s.archive, "--trust", s.public, "--at", HOSTILE),
    "list": lambda s: ("list", s.public, "--trust", s.public),
    "cat": lambda s: ("cat", s.archive, HOSTILE, "--trust", s.public),
    "extract": lambda s: ("extract", s.archive, HOSTILE, "--trust", s.public, "-C", "out"),
    "extract into a file": lambda s: ("extract", s.archive, "--trust", s.public, "-C", s.public),
    "run": lambda s: ("run", "--trust", s.public, s.public),
    "run -m": lambda s: ("run", "--trust", s.public, "-m", HOSTILE, s.archive),
    "command": lambda _: (HOSTILE,),
}  # fmt: skip


@pytest.mark.parametrize("words", SUCCEEDS.values(), ids=SUCCEEDS)
def test_hostile_paths_in_success(scene: Scene, words: Command) -> None:
    done = scene.run(*words(scene))
    assert done.code == 0, done.err
    says_nothing_raw(done.out)


@pytest.mark.parametrize("words", FAILS.values(), ids=FAILS)
def test_hostile_paths_in_failure(scene: Scene, words: Command) -> None:
    done = scene.run(*words(scene))
    assert done.code in (1, 2)
    assert done.out == ""
    assert done.err.startswith("signedvfs: ") or "\nsignedvfs: " in done.err


@pytest.mark.parametrize("name", ["verify", "sign", "extract", "unsign", "key"])
def test_hostile_paths_on_a_terminal(scene: Scene, name: str) -> None:
    code, shown = scene.cli.terminal(*SUCCEEDS[name](scene))
    assert code == 0, shown
    without_bars = re.sub(r"\r[^\r\n]*\r(?:\x1b\[A)?", "", shown)
    says_nothing_raw(without_bars.replace("\r\n", "\n"))


def test_a_name_cannot_use_our_own_colours(cli: Cli, archive: Path, keys: Path) -> None:
    name = "x\x1b[32mverified\x1b[0m.zip"
    shutil.copy(archive, cli.directory / name)
    code, shown = cli.terminal("verify", name, "--trust", str(keys / "a.pub"))
    assert code == 0
    assert "x\\x1b[32mverified\\x1b[0m.zip: \x1b[32mverified\x1b[0m\r\n" in shown


def test_prompts_for_passwords(cli: Cli) -> None:
    name = f"{HOSTILE}.key"
    for words, answers in ((("keygen", name), ["sesame"] * 2), (("key", name), ["sesame"])):
        code, shown = cli.terminal(*words, answers=answers)
        assert code == 0, shown
        says_nothing_raw(shown.replace("\r\n", "\n"))
        assert "assword" in shown


def test_json_has_names_exactly(scene: Scene) -> None:
    for name in ("verify", "list", "sign", "extract", "unsign", "key", "keygen"):
        done = scene.cli.ok(*SUCCEEDS[name](scene), "--json")
        facts = json.loads(done.out)
        paths = [facts.get(key) for key in ("path", "output", "private_key")]
        assert any(one is not None and HOSTILE in one for one in paths), facts
        says_nothing_raw(done.out)
    assert json.loads(scene.cli("key", f"no{HOSTILE}", "--json").out)["error"]["reason"].startswith(
        f"no{HOSTILE}: "
    )


# F8: what a signer signs may be called anything that a name may be
def test_members_and_products_with_hostile_names(cli: Cli, keys: Path) -> None:
    member = "a. Do it: curl evil | sh.txt"
    tree = write_tree(cli.directory / "t", {member: "x", "top.py": "A = 1\n"})
    product = "p\x1b[2J\nsignedvfs: verified\u202e"
    cli("pack", tree, "-o", "app.zip", "--key", keys / "a.key", "--name", product)
    for words in (("verify",), ("list",), ("verify", "--name", "other"), ("cat", "no\x1b[2J\nx")):
        done = cli(words[0], "app.zip", *words[1:], "--trust", keys / "a.pub")
        says_nothing_raw(done.err)
        says_nothing_raw(done.out)


def test_unlisted_files_with_hostile_names(cli: Cli, tree: Path, keys: Path) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key")
    (tree / f"evil{HOSTILE}.py").write_text("")
    done = cli("verify", tree, "--trust", keys / "a.pub")
    assert done.code == 1
    says_nothing_raw(done.err, lines=2)


def test_what_was_left_out_with_a_hostile_name(cli: Cli, tree: Path) -> None:
    write_tree(tree, {"bad\x1b[2J\nx.pyo": "", "n\x1b[2J\nx.py": "no python ("})
    done = cli("pack", tree, "-o", "app.zip", "--unsigned")
    says_nothing_raw(done.out)
    says_nothing_raw(done.err)


def test_wheels_with_hostile_names(cli: Cli) -> None:
    wheel = make_wheel(cli.directory, "dep", {"dep.py": "", "e\x1b[2J\nsignedvfs: verified": "x"})
    hostile = cli.directory / f"{HOSTILE}.whl"
    wheel.rename(hostile)
    says_nothing_raw(cli("pack", hostile.name, "-o", "app.zip", "--unsigned").err)


def test_what_another_program_says_is_set_in(cli: Cli, tree: Path) -> None:
    code = "print('\\x1b[2Jsignedvfs: verified\\n\\tnext: curl\\r'); raise SystemExit(3)"
    done = cli("pack", tree, "-o", "app.zip", "--unsigned", "--record", f'-c "{code}"')
    assert done.code == 2
    says_nothing_raw(done.err)
    assert "\n          next: curl" in f"\n{done.err}"
    assert not re.search(r"(?m)^next: curl", done.err)


def test_commands_to_copy_quote_their_names(cli: Cli, archive: Path, keys: Path) -> None:
    name = "$(touch owned) x.zip"
    shutil.copy(archive, cli.directory / name)
    done = cli("extract", name, "nothing", "-C", "out", "--trust", keys / "a.pub")
    assert f"signedvfs list '{name}' --trust" in done.err


@pytest.mark.parametrize("method", ["line", "warn", "fields", "table", "report", "fail", "details"])
def test_whatever_is_written_for_people_is_escaped(
    method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output()
    error = {"reason": HOSTILE, "advice": HOSTILE}
    {
        "line": lambda: output.line(HOSTILE),
        "warn": lambda: output.warn(HOSTILE),
        "fields": lambda: output.report({}, output.fields([(HOSTILE, HOSTILE)])),
        "table": lambda: output.report({}, output.table((HOSTILE, "b"), [(HOSTILE, HOSTILE)])),
        "report": lambda: output.report({}, [HOSTILE, output.paint(HOSTILE, "red")]),
        "fail": lambda: output.fail(error),
        "details": lambda: output.fail({"reason": "m", "advice": ""}, HOSTILE),
    }[method]()
    written = capsys.readouterr()
    says_nothing_raw(written.out + written.err)
    assert "\\x1b[8m" in written.out + written.err


def test_only_one_module_writes_for_people() -> None:
    # The bytes of `cat`, and a version number, are not names.
    allowed = {"output.py", "reading.py", "versions.py", "__init__.py"}
    for path in Path(signedvfs.__file__).parent.glob("cli/*.py"):
        writes = re.search(r"\bprint\(|sys\.std(?:out|err)\.(?:write|buffer)", path.read_text())
        assert not writes or path.name in allowed, path
