"""pack --record and sign --record: members in the order in which a program reads them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import signedvfs
from signedvfs.packaging import PackError, pack
from tests.cli.helpers import Cli, write_tree

pytestmark = pytest.mark.slow

ORDER = "signedvfs-order.txt"
# What signing adds, behind everything else.
OWN = ["signedimp-manifest.txt", "signedvfs-index.bin"]

PROGRAM = {
    "app/__init__.py": "",
    "app/__main__.py": "import sys\nfrom app import zebra\nzebra.main(sys.argv[1:])\n",
    "app/zebra.py": "from app import middle\n\n\ndef main(words):\n    print(words)\n"
    "    if words == ['more']:\n        from app import alpha\n",
    "app/middle.py": "from importlib.resources import files\n\n"
    "text = (files('app') / 'data.txt').read_text()\n",
    "app/alpha.py": "",
    "app/data.txt": "data",
    "app/unused.py": "",
    "other.py": "import app.alpha\n",
}
RUN = ["app/__init__.pyc", "app/__main__.pyc", "app/zebra.pyc", "app/middle.pyc", "app/data.txt"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "program", PROGRAM)


def written(path: Path) -> list[str]:
    """written is the archive's members in the order in which they stand in the file."""
    with zipfile.ZipFile(path) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    return [info.filename for info in infos if not info.is_dir()]


def expected(order: Sequence[str], names: Sequence[str]) -> list[str]:
    rest = sorted({*names} - {*order, ORDER, *OWN})
    return [*order, *rest, ORDER, *(name for name in OWN if name in names)]


def test_members_stand_in_the_order_in_which_they_are_read(
    cli: Cli, program: Path, keys: Path
) -> None:
    words: list[str | Path] = ["pack", program, "-o", "app.zip", "--key", keys / "a.key"]
    report = cli.ok(*words, "--record", "-m app", "--json").json
    archive = cli.directory / "app.zip"
    names = written(archive)
    assert names == expected(RUN, names)
    assert report["recorded"] == len(RUN)
    assert report["members"] == len({*names} - {*OWN})
    with zipfile.ZipFile(archive) as opened:
        assert opened.read(ORDER).decode() == "".join(f"{name}\n" for name in RUN)
    public = signedvfs.PublicKey.load(keys / "a.pub")
    vfs = signedvfs.open(archive, signedvfs.TrustPolicy([public]))
    assert vfs.order() == RUN
    assert sorted(vfs.list()) == sorted({*names} - {*OWN})
    vfs.verify_all()
    # Nothing but the order has changed.
    cli.ok("pack", program, "-o", "plain.zip", "--key", keys / "a.key")
    plain = signedvfs.open(cli.directory / "plain.zip", signedvfs.TrustPolicy([public]))
    assert plain.order() == []
    assert {name: plain.read(name) for name in plain.list()} == {
        name: vfs.read(name) for name in vfs.list() if name != ORDER
    }


def test_the_recorded_archive_runs_and_verifies(cli: Cli, program: Path, keys: Path) -> None:
    words: list[str | Path] = [
        "pack",
        program,
        "-o",
        "app.zip",
        "--key",
        keys / "a.key",
        "-m",
        "app",
    ]
    shown = cli.ok(*words, "--record", "-m app").out
    assert f"{len(RUN)} members, as a program read them" in shown
    cli.ok("verify", "app.zip", "--trust", keys / "a.pub")
    done = cli.ok("run", "--trust", keys / "a.pub", "app.zip", "a", "b")
    assert done.out == "['a', 'b']\n"


@pytest.mark.parametrize("key", [True, False])
def test_recording_is_reproducible(
    key: bool, cli: Cli, program: Path, keys: Path, tmp_path: Path
) -> None:
    sign = ["--key", keys / "a.key"] if key else ["--unsigned"]
    for place, seed in (("here", "1"), ("there", "2")):
        (tmp_path / place).mkdir()
        words: list[str | Path] = [
            "pack",
            program,
            "-o",
            tmp_path / place / "app.zip",
            *sign,
            "--record",
            "-m app",
        ]
        done = cli(*words, env={"PYTHONHASHSEED": seed})
        assert done.code == 0, done.err
    here, there = ((tmp_path / place / "app.zip").read_bytes() for place in ("here", "there"))
    assert here == there


def test_an_unsigned_archive_is_laid_out_as_signing_does_it(
    cli: Cli, program: Path, keys: Path
) -> None:
    cli.ok("pack", program, "-o", "plain.zip", "--unsigned", "--record", "-m app")
    names = written(cli.directory / "plain.zip")
    assert names == expected(RUN, names)
    cli.ok("sign", "plain.zip", "--key", keys / "a.key", "-o", "signed.zip")
    for index in ("--index", "--no-index"):
        cli.ok("sign", "signed.zip", "--key", keys / "b.key", index)
        own = OWN if index == "--index" else OWN[:1]
        assert written(cli.directory / "signed.zip") == [*names, *own]
    cli.ok("unsign", "signed.zip")
    unsigned = (cli.directory / "signed.zip").read_bytes()
    assert unsigned == (cli.directory / "plain.zip").read_bytes()


@pytest.mark.parametrize(
    ("command", "order"),
    [
        ("-m app", RUN),
        ("python3 -m app more", [*RUN, "app/alpha.pyc"]),
        (f"{sys.executable} -m app", RUN),
        (["-m", "app", "two words"], RUN),
        ("-c 'import other'", ["other.pyc", "app/__init__.pyc", "app/alpha.pyc"]),
        ("python -c 'import sys; assert sys.argv[1:] == [\"x y\"]; import other' 'x y'",
         ["other.pyc", "app/__init__.pyc", "app/alpha.pyc"]),
        ("out.zip more", ["__main__.pyc", *RUN, "app/alpha.pyc"]),
        ("", ["__main__.pyc", *RUN]),
        ("script.py 1", ["app/__init__.pyc", "app/alpha.pyc"]),
    ],
)  # fmt: skip
def test_a_command_is_what_would_follow_python(
    command: str | list[str],
    order: list[str],
    program: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    script = "import sys\nassert sys.argv == ['script.py', '1']\nimport app.alpha\n"
    Path("script.py").write_text(script)
    # What lies in the current directory is not what is packed.
    write_tree(tmp_path, {"app/__init__.py": "raise SystemExit(9)\n"})
    pack(program, "out.zip", main="app.__main__", record=command)
    with zipfile.ZipFile("out.zip") as archive:
        assert archive.read(ORDER).decode().split() == order


def test_programs_are_recorded_however_they_end(program: Path, tmp_path: Path) -> None:
    # os._exit, closed files and children: what this process has read is what counts.
    code = """
import os, subprocess, sys
import app.zebra
os.closerange(3, 1000)
child = os.fork()
if child == 0:
    import app.unused
    os._exit(0)
os.waitpid(child, 0)
import app.alpha
os._exit(0)
"""
    pack(program, tmp_path / "a.zip", record=["-c", code])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        order = archive.read(ORDER).decode().split()
    wanted = ["app/__init__.pyc", "app/zebra.pyc", "app/middle.pyc", "app/data.txt"]
    assert order == [*wanted, "app/alpha.pyc"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("-m app.absent", "exit status 2"),
        ("-c 'raise SystemExit(3)'", "exit status 3"),
        ("-c 'print(1)'", "imported nothing from the archive"),
        ("-m", "wants a word"),
        ("-W error -m app", "-W cannot be recorded"),
        ("absent.py", "no script 'absent.py'"),
        ("-c 'unfinished", "is no command"),
    ],
)
def test_a_command_that_records_nothing_is_an_error(
    command: str, message: str, program: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "a.zip"
    output.parent.mkdir()
    output.write_bytes(b"precious")
    with pytest.raises(PackError, match=message) as caught:
        pack(program, output, record=command)
    assert caught.value.advice
    assert [path.name for path in output.parent.iterdir()] == ["a.zip"]
    assert output.read_bytes() == b"precious"


def test_a_failing_commands_own_words_are_shown(cli: Cli, program: Path) -> None:
    words: list[str | Path] = ["pack", program, "-o", "a.zip", "--unsigned", "--record"]
    done = cli(*words, "-c 'import app; print(6 * 7); raise KeyError(\"why\")'")
    assert done.code == 2
    assert "42\n" in done.err
    assert "KeyError: 'why'" in done.err
    assert "exit status 1" in done.err
    forgotten = cli("pack", program, "-o", "a.zip", "--unsigned", "--record")
    assert "expected one argument" in forgotten.err
    quiet = cli(*words, "-c 'import app; print(6 * 7)'", "--json")
    assert quiet.json["recorded"] == 1, "and nothing else on standard output"


def test_a_source_cannot_bring_a_record_of_its_own(program: Path, tmp_path: Path) -> None:
    write_tree(program, {ORDER: "app/alpha.py\n"})
    with pytest.raises(PackError, match="name of the record"):
        pack(program, tmp_path / "a.zip", record="-m app")


def test_an_order_of_what_is_not_there_is_not_signed(cli: Cli, program: Path, keys: Path) -> None:
    for text in ("app/alpha.py\nabsent.py\n", "app/alpha.py", "", "app/alpha.py\napp/alpha.py\n"):
        write_tree(program, {ORDER: text})
        cli.ok("pack", program, "-o", "a.zip", "--unsigned")
        done = cli("sign", "a.zip", "--key", keys / "a.key", "--json")
        assert done.code == 2
        assert ORDER in done.error["reason"]
        assert "--record" in done.error["reason"] + done.error["advice"]


def test_a_changed_record_is_refused(cli: Cli, program: Path, keys: Path, tmp_path: Path) -> None:
    words: list[str | Path] = ["pack", program, "-o", "app.zip", "--key", keys / "a.key"]
    cli.ok(*words, "--compression", "stored", "--record", "-m app")
    archive = tmp_path / "changed.zip"
    content = (cli.directory / "app.zip").read_bytes()
    text = "".join(f"{name}\n" for name in RUN).encode()
    swapped = "".join(f"{name}\n" for name in [*RUN[:2], RUN[3], RUN[2], *RUN[4:]]).encode()
    assert content.count(text) == 1
    archive.write_bytes(content.replace(text, swapped))
    policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load(keys / "a.pub")])
    vfs = signedvfs.open(archive, policy)
    for attempt in (vfs.order, vfs.verify_all, lambda: vfs.read(ORDER)):
        with pytest.raises(signedvfs.IntegrityCheckFailed):
            attempt()


def test_a_running_program_gets_no_key_of_ours(program: Path, tmp_path: Path) -> None:
    # The recorded program runs unsigned code of its author's; the signing key is not its business.
    (tmp_path / "secret").mkdir()
    key = signedvfs.PrivateKey.generate()
    code = """
import gc, os, sys
import app, signedvfs
assert signedvfs.get_policy().keys
assert not [one for one in gc.get_objects() if isinstance(one, signedvfs.PrivateKey)]
"""
    report = pack(program, tmp_path / "a.zip", key=key, record=["-c", code])
    assert report.recorded == 1
    assert report.signers == [key.public_key.fingerprint]


def test_children_can_be_run_while_recording(program: Path, tmp_path: Path) -> None:
    write_tree(program, {
        "spawner.py": "import multiprocessing\nfrom app import alpha\n\n\ndef work(x):\n"
        "    import app.unused\n    return x\n\n\nif __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    with context.Pool(1) as pool:\n        assert pool.map(work, [1]) == [1]\n",
    })  # fmt: skip
    pack(program, tmp_path / "a.zip", record="-m spawner")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        order = archive.read(ORDER).decode().split()
    assert order[:3] == ["spawner.pyc", "app/__init__.pyc", "app/alpha.pyc"]
    assert "app/unused.pyc" not in order


def test_what_is_packed_does_not_depend_on_the_number_of_processors(
    cli: Cli, program: Path
) -> None:
    write_tree(program, {f"many/m{i}.py": f"x = {i}\n" * 50 for i in range(100)})
    one = min(os.sched_getaffinity(0))
    script = (
        f"import os, sys; os.sched_setaffinity(0, {{{one}}}); from signedvfs.cli import main; "
        "sys.exit(main())"
    )
    words = ["--unsigned", "--record", "-m app"]
    command = [sys.executable, "-c", script, "pack", str(program), "-o", "one.zip", *words]
    subprocess.run(command, cwd=cli.directory, check=True, capture_output=True)
    cli.ok("pack", program, "-o", "all.zip", *words)
    content = [(cli.directory / name).read_bytes() for name in ("one.zip", "all.zip")]
    assert content[0] == content[1]


def test_a_directory_is_signed_with_the_order(cli: Cli, program: Path, keys: Path) -> None:
    words: list[str | Path] = ["sign", program, "--key", keys / "a.key", "--serial", "7"]
    report = cli.ok(*words, "--record", "-m app", "--json").json
    read = [name.replace(".pyc", ".py") for name in RUN]
    assert report["recorded"] == len(read)
    policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load(keys / "a.pub")])
    vfs = signedvfs.open(program, policy)
    assert (vfs.order(), vfs.serial) == (read, 7)
    vfs.verify_all()
    assert cli.ok("run", "--trust", keys / "a.pub", "-m", "app", program, "a").out == "['a']\n"
    # It is recorded anew, and what was recorded before says nothing.
    cli.ok(*words, "--record", "-c 'import other'")
    assert signedvfs.open(program, policy).order() == [
        *("other.py", "app/__init__.py", "app/alpha.py")
    ]


def test_a_command_that_fails_leaves_a_directory_signed(
    cli: Cli, program: Path, keys: Path
) -> None:
    words: list[str | Path] = ["sign", program, "--key", keys / "a.key"]
    cli.ok(*words, "--record", "-m app")
    done = cli(*words, "--record", "-c 'import nowhere'")
    assert done.code != 0
    assert "nowhere" in done.err
    policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load(keys / "a.pub")])
    vfs = signedvfs.open(program, policy)
    assert vfs.order() == []
    vfs.verify_all()


def test_what_is_recorded_of_no_directory(cli: Cli, program: Path, keys: Path) -> None:
    sign: list[str | Path] = ["--key", keys / "a.key", "--record", "-m app"]
    cli.ok("pack", program, "-o", "app.zip", "--key", keys / "a.key")
    assert "pack --record" in cli("sign", "app.zip", *sign).err
    given: list[list[str | Path]] = [["--detached", "m"], ["-o", "out"], ["--keep-signatures"]]
    for more in given:
        done = cli("sign", program, *sign, *more)
        assert done.code != 0
        assert "--record writes the order" in done.err
    assert "--record" in cli("sign", "--stdlib", "-o", "m", *sign).err
    assert not (program / "signedimp-manifest.txt").exists()
