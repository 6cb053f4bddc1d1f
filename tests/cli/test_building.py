"""build, inspect and split in the shell."""

from __future__ import annotations

import json
import resource
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, command, fingerprint, write_tree
from tests.support.freezers import Entry, code, write_cxfreeze, write_executable
from tests.support.launchers import compile_launcher


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """launcher is a program with a place for rules."""
    return compile_launcher(tmp_path_factory.mktemp("launcher") / "launcher")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, launcher: Path, keys: Path) -> Path:
    """built is a script with the standard library, in a directory with its report."""
    directory = tmp_path_factory.mktemp("built")
    write_tree(directory, {"hello.py": "print('hello')\n"})
    done = Cli(directory).ok(
        "build", "hello.py", "-o", "hello", "--key", keys / "a.key", "--launcher", launcher,
        "--name", "hello", "--serial", "7", "--min-serial", "6", "--level", "1", "--info",
        "--json",
    )  # fmt: skip
    (directory / "report.json").write_text(done.out, encoding="utf-8")
    return directory / "hello"


def test_the_report(built: Path, keys: Path, cli: Cli) -> None:
    report = json.loads(built.with_name("report.json").read_text(encoding="utf-8"))
    assert report["output"] == "hello"
    assert report["size"] == built.stat().st_size
    assert report["signers"] == [fingerprint(keys / "a.pub")]
    assert (report["name"], report["serial"], report["ephemeral"]) == ("hello", 7, False)
    assert sum(one["files"] for one in report["packages"]) == report["members"]
    stored = [one["stored"] for one in report["packages"]]
    assert stored == sorted(stored, reverse=True)
    assert report["packages"][0]["name"] == "Python"
    assert report["libraries"]["libgcc_s.so.1"].startswith("/")
    assert report["system"] == {}
    assert report["glibc"].startswith("2.")
    assert cli.ok("verify", built, "--trust", keys / "a.pub", "--name", "hello").code == 0
    assert sorted(one.name for one in built.parent.iterdir()) == [
        "hello", "hello.py", "report.json",
    ]  # fmt: skip


def test_what_a_person_sees(cli: Cli, launcher: Path) -> None:
    write_tree(cli.directory, {"hello.py": "print('hello')\n"})
    done = cli.ok("build", "hello.py", "-o", "hello", "--ephemeral", "--launcher", launcher,
                  "--minimal", "--compression", "stored")  # fmt: skip
    lines = done.out.splitlines()
    assert lines[0].startswith("built hello: ")
    assert "made for this file, and gone" in done.out
    assert "(nothing imports them)" in done.out
    (head,) = [line for line in lines if line.startswith("STORED")]
    table = lines[lines.index(head) + 1 :]
    assert len(table) <= 9
    assert table[0].endswith("Python")
    assert done.err == ""


def test_inspect(built: Path, keys: Path, cli: Cli) -> None:
    own = cli.ok("inspect", built)
    assert "verified by its own keys alone" in own.out
    assert "of itself: --signedvfs-info" in own.out
    assert f"accepts      {fingerprint(keys / 'a.pub')}" in own.out
    report = cli.ok("inspect", built, "--trust", keys / "a.pub", "--json").json
    assert report["trusted"]
    assert report["launcher"]["min_serial"] == {"hello": 6}
    assert report["launcher"]["keys"] == report["signers"]
    choices = [report["launcher"][name] for name in ("info", "verify_all", "hardened")]
    assert choices == [True, False, False]
    built_report = json.loads(built.with_name("report.json").read_text(encoding="utf-8"))
    assert report["packages"] == built_report["packages"]
    refused = cli("inspect", built, "--trust", keys / "b.pub", "--json")
    assert (refused.code, refused.error["code"]) == (1, "NoTrustedKey"), refused.error


def test_bounds_on_keys_that_nobody_names(built: Path, keys: Path, cli: Cli) -> None:
    bounds: dict[str, str | Path] = {
        "--min-serial": "9",
        "--revoked": keys / "a.pub",
        "--threshold": "2",
    }
    for option, value in bounds.items():
        for words in (["inspect"], ["split", "-o", "parts"]):
            done = cli(*words, built, option, value, "--json")
            assert done.code == 2
            assert f"{option} is about keys that are trusted" in done.error["reason"]
    assert not (cli.directory / "parts").exists()
    refused = cli("inspect", built, "--trust", keys / "a.pub", "--min-serial", "9", "--json")
    assert (refused.code, refused.error["code"]) == (1, "Rollback"), refused.error


def test_the_bill_of_materials(built: Path, cli: Cli) -> None:
    bill = cli.ok("inspect", built, "--sbom").json
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "hello"
    assert bill["metadata"]["component"]["version"] == "7"


def test_split(built: Path, launcher: Path, keys: Path, cli: Cli) -> None:
    cli.ok("split", built, "-o", "parts", "--trust", keys / "a.pub")
    assert (cli.directory / "parts/launcher").read_bytes() == launcher.read_bytes()
    assert (cli.directory / "parts/launcher").stat().st_mode & 0o777 == 0o755
    again = cli("split", built, "-o", "parts", "--json")
    assert (again.code, again.error["code"]) == (2, "Pack")
    assert "is there already" in again.error["reason"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hello.py"], "signed by keys that you have"),
        (["hello.py", "--ephemeral", "--key", "a.key"], "signed by keys that you have"),
        (["--ephemeral"], "nothing to build"),
        (["nothing.py", "--ephemeral"], "nothing.py: No such file"),
        (["flask", "--ephemeral"], "no file or directory 'flask'"),
        (["hello.py", "--ephemeral", "-m", "other"], "-m or -c name another"),
        (["hello.py", "--ephemeral", "--min-serial", "2"], "every serial below 2"),
        (["hello.py", "--ephemeral", "--launcher", "hello.py"], "hello.py is no launcher"),
        (["hello.py", "--ephemeral", "--threshold", "2"], "threshold"),
        (["hello.py", "--ephemeral", "-r", "."], "."),
        (["hello.py", "--from-pyinstaller", ".", "--ephemeral"], "takes the place of SOURCE"),
        (["--from-pyinstaller", "hello.py", "--ephemeral"], "no executable of PyInstaller"),
        (["--from-pyinstaller", ".", "--ephemeral", "-m", "app"], "something else is named"),
        (["--from-cxfreeze", ".", "--ephemeral"], "has no directory lib"),
        # That launcher launches nothing, and has no first stage.
        (["hello.py", "--ephemeral", "--hardened"], "it has no first stage"),
        (["hello.py", "--ephemeral", "--minimal", "--record", "--version"], "exit status 42"),
    ],
)
def test_what_cannot_be_built(
    cli: Cli, keys: Path, launcher: Path, words: list[str], said: str
) -> None:
    write_tree(cli.directory, {"hello.py": "", "a.key": (keys / "a.key").read_bytes()})
    given = [] if "--launcher" in words else ["--launcher", str(launcher)]
    done = cli("build", *words, *given, "-o", "app", "--json")
    assert done.code == 2
    assert said in done.error["reason"]
    assert sorted(one.name for one in cli.directory.iterdir()) == ["a.key", "hello.py"]


@pytest.mark.parametrize("freezer", ["pyinstaller", "cxfreeze"])
def test_what_another_freezer_has_made(cli: Cli, launcher: Path, freezer: str) -> None:
    made = cli.directory / "made"
    if freezer == "pyinstaller":
        entries = [Entry("s", "app", code("")), Entry("x", "data.txt", b"data")]
        write_executable(made / "app", entries, ["v"])
    else:
        write_cxfreeze(made, {})
        (made / "data.txt").write_bytes(b"data")
    done = cli.ok("build", f"--from-{freezer}", "made", "-o", "app", "--ephemeral", "--minimal",
                  "--launcher", launcher, "--compression", "stored")  # fmt: skip
    assert done.out.startswith("built app: ")
    assert ("options for the interpreter are not taken: v" in done.err) == (
        freezer == "pyinstaller"
    )
    with zipfile.ZipFile(cli.directory / "app") as archive:
        assert archive.read("data.txt") == b"data"


def test_replacing(built: Path, launcher: Path, keys: Path, cli: Cli) -> None:
    write_tree(cli.directory, {"hello.py": "print('again')\n"})
    cli.ok(
        "build", "hello.py", "-o", "new", "--key", keys / "a.key", "--launcher", launcher,
        "--name", "hello", "--serial", "8", "--min-serial", "6", "--level", "1", "--info",
        "--minimal",
    )  # fmt: skip
    used = cli.directory / "used"
    used.write_bytes(built.read_bytes())
    report = cli.ok("append", "new", "used", "--replace", "--json").json
    assert used.read_bytes() == (cli.directory / "new").read_bytes()
    assert (report["executable"], report["former_serial"], report["serial"]) == ("used", 7, 8)
    assert "before     8" in cli.ok("append", "--replace", "new", "used").out
    older = cli("append", "--replace", built, "used", "--json")
    assert (older.code, older.error["code"]) == (1, "Rollback")
    assert older.error["advice"] == "Get the current release."
    for words in (["-o", "out"], ["--key", keys / "a.key"], ["--at", "2027-01-01"]):
        done = cli("append", "--replace", "new", "used", *words, "--json")
        assert (done.code, done.error["code"]) == (2, "Usage")
        assert "signs nothing" in done.error["reason"]
    done = cli("append", "new", "used", "--key", keys / "a.key", "--json")
    assert (done.code, done.error["advice"]) == (2, "Name it: -o OUT.")
    assert used.read_bytes() == (cli.directory / "new").read_bytes()


def test_a_full_disk_leaves_nothing_behind(cli: Cli, launcher: Path) -> None:
    write_tree(cli.directory, {"hello.py": "print('hello')\n", "app": "what was there"})

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = subprocess.run(
        command("build", "hello.py", "-o", "app", "--ephemeral", "--launcher", launcher,
                "--compression", "stored"),
        cwd=cli.directory, preexec_fn=no_large_files, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(one.name for one in cli.directory.iterdir()) == ["app", "hello.py"]
    assert (cli.directory / "app").read_text(encoding="utf-8") == "what was there"


def test_what_is_no_executable(cli: Cli, archive: Path) -> None:
    for name in ("inspect", "split"):
        words = ["-o", "parts"] if name == "split" else []
        done = cli(name, archive, *words, "--json")
        assert done.code == 2
        assert "is no executable" in done.error["reason"]
