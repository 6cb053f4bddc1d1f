"""What every command's output has in common."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import time
from importlib.metadata import metadata
from pathlib import Path

import pytest

import signedvfs
from signedvfs import _tools
from signedvfs.cli import main
from signedvfs.cli.output import printable, size_text
from tests.cli.helpers import Cli, command, flip

COMMANDS = ["keygen", "key", "sign", "unsign", "verify", "list", "cat", "extract", "pack", "append"]
COMMANDS += ["run"]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples(cli: Cli, name: str) -> None:
    done = cli.ok(name, "--help")
    assert f"\n  signedvfs {name} " in done.out[done.out.index("examples:") :]


def test_help_names_every_command_and_exit_code(cli: Cli) -> None:
    done = cli.ok("--help")
    for name in COMMANDS:
        assert f"\n    {name} " in done.out
    assert "0 done or verified, 1 refused, 2 not done" in done.out


def test_version(cli: Cli) -> None:
    # CMakeLists.txt has it; the metadata, the module and the command say the same.
    installed = metadata("signedvfs")["Version"]
    assert signedvfs.__version__ == installed
    openssl = _tools._openssl_version()
    assert cli.ok("--version").out == f"signedvfs {installed} (OpenSSL {openssl})\n"
    said = cli.ok("--version", "--json").json
    assert said == {"signedvfs": installed, "openssl": openssl}


def test_the_version_of_openssl_is_that_of_the_library() -> None:
    version = _tools._openssl_version()
    assert re.fullmatch(r"3\.\d+\.\d+", version)
    # Where it is the system's, the one counts that was loaded, and not what was compiled against.
    if b"\0libcrypto.so." in Path(signedvfs._core.__file__ or "").read_bytes():
        (shared,) = {one for one in mapped_files() if "/libcrypto.so." in one}
        number = ctypes.CDLL(shared).OpenSSL_version_num()
        assert version == f"{number >> 28}.{number >> 20 & 0xFF}.{number >> 4 & 0xFFFF}"


def mapped_files() -> list[str]:
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    return [line.split(maxsplit=5)[-1] for line in maps.splitlines() if "/" in line]


def test_nothing_has_to_be_installed_along() -> None:
    requirements = metadata("signedvfs").get_all("Requires-Dist") or []
    assert [one for one in requirements if "extra ==" not in one] == []
    assert metadata("signedvfs")["License-Expression"] == "MIT"


def test_main_returns_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "/nonexistent/app.zip", "--trust", "/nonexistent/app.pub"]) == 2
    assert "/nonexistent/app.pub" in capsys.readouterr().err


def test_there_are_colours_on_a_terminal_only(cli: Cli, archive: Path, keys: Path) -> None:
    words = ("verify", str(archive), "--trust", str(keys / "a.pub"))
    code, shown = cli.terminal(*words)
    assert code == 0
    assert "\x1b[32mverified\x1b[0m" in shown
    assert "\x1b" not in cli.ok(*words).out
    code, shown = cli.terminal(*words, env={"NO_COLOR": "1"})
    assert code == 0
    assert "\x1b[3" not in shown
    code, shown = cli.terminal(*words, "--json")
    assert "\x1b" not in shown


def test_errors_are_coloured_on_a_terminal_only(cli: Cli, archive: Path, keys: Path) -> None:
    flip(archive, b"hello\nhello")
    words = ("verify", str(archive), "--trust", str(keys / "a.pub"))
    code, shown = cli.terminal(*words)
    assert code == 1
    assert "\x1b[31msignedvfs:\x1b[0m" in shown
    assert "\x1b" not in cli(*words).err


@pytest.mark.parametrize("quiet", [[], ["--quiet"], ["--json"]])
def test_long_work_shows_a_bar_on_a_terminal(cli: Cli, keys: Path, quiet: list[str]) -> None:
    tree = cli.directory / "many"
    tree.mkdir()
    for number in range(400):
        (tree / f"m{number}.py").write_text(f"A = {number}\n")
    words = ("pack", str(tree), "-o", "many.zip", "--key", str(keys / "a.key"), *quiet)
    code, shown = cli.terminal(*words)
    assert code == 0
    assert ("packing:" in shown) == (not quiet)
    assert cli.ok(*words).err == ""
    # Without tqdm, which only an extra brings, there is no bar.
    hidden = cli.directory / "hidden"
    hidden.mkdir()
    (hidden / "tqdm.py").write_text("raise ModuleNotFoundError(__name__)\n")
    code, shown = cli.terminal(*words, env={"PYTHONPATH": str(hidden)})
    assert code == 0
    assert "packing:" not in shown


def test_ctrl_c_ends_a_command_with_130(cli: Cli) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command("keygen", "app.key"),
        cwd=cli.directory,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while b"New password" not in shown:
            shown += os.read(ours, 1000)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    os.close(ours)
    assert b"Traceback" not in shown
    assert not list(cli.directory.iterdir())


def test_names_cannot_speak_to_the_terminal() -> None:
    # F8: names in messages
    assert printable("a\x1b[2Jb\r\n\u202e\udcff") == "a\\x1b[2Jb\\r\\n\\u202e\\udcff"
    assert printable("na\u00efve \u65e5\u672c.py") == "na\u00efve \u65e5\u672c.py"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"),
     (999_950, "1.0 MB"), (5 * 10**15, "5000.0 TB")],
)  # fmt: skip
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert size_text(size) == text


def test_output_that_the_encoding_lacks_is_escaped(cli: Cli, tree: Path, keys: Path) -> None:
    (tree / "caf\u00e9.txt").write_text("x")
    cli.ok("sign", tree, "--key", keys / "a.key")
    done = cli(
        "list",
        tree,
        "--trust",
        keys / "a.pub",
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.code == 0
    assert "caf\\xe9.txt" in done.out
