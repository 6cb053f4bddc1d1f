"""pack: what goes in, what stays out, and equal bytes for equal inputs."""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import signal
import stat
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.helpers import SOURCES, Cli, command, make_wheel, write_tree

MANIFEST = "signedimp-manifest.txt"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def test_packs_a_directory(cli: Cli, tree: Path) -> None:
    report = cli.ok("pack", tree, "-o", "app.zip", "--unsigned", "--json").json
    found = members(cli.directory / "app.zip")
    assert sorted(found) == sorted([*SOURCES, "app/__init__.pyc", "app/__main__.pyc", "top.pyc"])
    for name, text in SOURCES.items():
        assert found[name] == text.encode()
    code = marshal.loads(found["top.pyc"][16:])
    assert code.co_filename == "top.py"
    assert report["members"] == len(found)
    assert report["signers"] == []
    assert report["size"] == (cli.directory / "app.zip").stat().st_size


def test_a_package_goes_in_under_its_own_name(cli: Cli, tree: Path) -> None:
    cli.ok("pack", tree / "app", "-o", "app.zip", "--unsigned")
    assert "app/__init__.py" in members(cli.directory / "app.zip")


def test_source_can_be_stripped(cli: Cli, tree: Path) -> None:
    (tree / "template.py").write_text("{{ name }} = {% if %}\n")
    report = cli.ok("pack", tree, "-o", "app.zip", "--unsigned", "--source", "strip", "--json").json
    found = members(cli.directory / "app.zip")
    assert "top.pyc" in found
    assert "top.py" not in found
    assert "template.py" in found
    assert [one["name"] for one in report["uncompiled"]] == ["template.py"]
    assert "SyntaxError" in report["uncompiled"][0]["reason"]


def test_leaves_out_what_is_no_source_and_says_so(cli: Cli, tree: Path, keys: Path) -> None:
    write_tree(tree, {
        "__pycache__/top.cpython-311.pyc": b"x",
        "app/__pycache__/x.pyc": b"x",
        ".git/HEAD": "x",
        "venv/pyvenv.cfg": "",
        "venv/lib/x.py": "",
        "top.pyc": b"stale",
        "foreign.pyc": b"????0000",
        "own.pyc": importlib.util.MAGIC_NUMBER + bytes(12) + b"N",
        "old.pyo": b"x",
        MANIFEST: "x",
    })  # fmt: skip
    os.mkfifo(tree / "pipe")
    shutil.copy(keys / "a.key", tree / "release.key")
    (tree / "password").write_text("unused\n")
    report = cli.ok(
        "pack", tree, "-o", tree / "out.zip", "--key", tree / "release.key", "--password-file",
        tree / "password", "--json",
    ).json  # fmt: skip
    assert sorted(Path(one["path"]).name for one in report["left_out"]) == sorted(
        ["__pycache__", "__pycache__", ".git", "venv", "top.pyc", "foreign.pyc", "old.pyo",
         MANIFEST, "pipe", "release.key", "password"]
    )  # fmt: skip
    found = members(tree / "out.zip")
    assert found["top.pyc"] != b"stale"
    assert "own.pyc" in found
    assert not [content for content in found.values() if b"PRIVATE KEY" in content]
    # The next time the archive itself is among the sources.
    cli.ok("pack", tree, "-o", tree / "out.zip", "--key", tree / "release.key", "--password-file",
           tree / "password")  # fmt: skip
    assert "out.zip" not in members(tree / "out.zip")


def test_packs_wheels(cli: Cli, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "dep", {
        "dep/__init__.py": "A = 1\n",
        "dep-1.0.data/purelib/pure.py": "B = 2\n",
        "dep-1.0.data/platlib/plat.py": "C = 3\n",
        "dep-1.0.data/scripts/run": "#!python\n",
        "dep-1.0.data/data/share/x": "x",
        "dep-1.0.data/headers/x.h": "x",
    })  # fmt: skip
    report = cli.ok("pack", wheel, "-o", "app.zip", "--unsigned", "--json").json
    found = members(cli.directory / "app.zip")
    assert {"dep/__init__.pyc", "pure.pyc", "plat.pyc"} <= set(found)
    assert not [name for name in found if ".data/" in name]
    assert [one["path"].rpartition("/")[2] for one in report["left_out"]] == ["x", "x.h", "run"]
    rows = [row.split(",")[0] for row in found["dep-1.0.dist-info/RECORD"].decode().split()]
    assert set(rows) == {name for name in found if not name.endswith(".pyc")}


@pytest.mark.parametrize(
    "record",
    [
        "dep/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0",
        "dep/__init__.py,,",
        "dep/__init__.py,md5=aaaa,1",
        "",
    ],
)
def test_refuses_a_wheel_that_is_not_what_its_record_lists(
    cli: Cli, tmp_path: Path, record: str
) -> None:
    wheel = make_wheel(
        tmp_path, "dep", {"dep/__init__.py": "A = 1\n"}, record={"dep/__init__.py": record}
    )
    done = cli("pack", wheel, "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert "RECORD" in done.error["reason"]
    assert not (cli.directory / "app.zip").exists()


@pytest.mark.parametrize("content", [b"", b"PK\5\6" + bytes(18)])
def test_refuses_what_is_no_wheel(cli: Cli, content: bytes) -> None:
    (cli.directory / "x-1-py3-none-any.whl").write_bytes(content)
    assert cli("pack", "x-1-py3-none-any.whl", "-o", "app.zip", "--unsigned").code == 2


def test_packs_what_pip_resolves(cli: Cli, tmp_path: Path, tree: Path, keys: Path) -> None:
    make_wheel(tmp_path, "leaf", {"leaf.py": "A = 'leaf'\n"})
    make_wheel(tmp_path, "trunk", {"trunk.py": "from leaf import A\n"}, requires=["leaf>=1"])
    (tmp_path / "requirements.txt").write_text(f"--no-index\n--find-links {tmp_path}\ntrunk==1.0\n")
    (tree / "main.py").write_text("def start():\n    import trunk\n    print(trunk.A)\n")
    cli.ok("pack", tree, "-r", "requirements.txt", "-m", "main:start", "-o", "app.zip", "--key",
           keys / "a.key")  # fmt: skip
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "leaf\n"


def test_passes_on_what_pip_says(cli: Cli) -> None:
    (cli.directory / "requirements.txt").write_text("--no-index\nno-such-thing==9\n")
    done = cli("pack", "-r", "requirements.txt", "-o", "app.zip", "--unsigned")
    assert done.code == 2
    assert "no-such-thing" in done.err
    assert [path.name for path in cli.directory.iterdir()] == ["requirements.txt"]


@pytest.mark.parametrize(
    ("main", "out"),
    [
        ("tool", "__main__ ['x']\n"),
        ("tool:start", "started ['app.zip', 'x']\n"),
        ("tool:Nested.start", "nested\n"),
        ("pkg", "package __main__\n"),
    ],
)
def test_the_entry_point_runs(cli: Cli, keys: Path, main: str, out: str) -> None:
    tree = write_tree(cli.directory / "t", {
        "tool.py": "import sys\n"
        "def start():\n    print('started', sys.argv); return 3\n"
        "class Nested:\n    @staticmethod\n    def start():\n        print('nested'); return 3\n"
        "if __name__ == '__main__':\n    print(__name__, sys.argv[1:]); sys.exit(3)\n",
        "pkg/__init__.py": "",
        "pkg/__main__.py": "import sys\nprint('package', __name__); sys.exit(3)\n",
    })  # fmt: skip
    cli.ok("pack", tree, "-m", main, "-o", "app.zip", "--key", keys / "a.key")
    done = cli("run", "--trust", keys / "a.pub", "app.zip", "x")
    assert (done.out, done.code) == (out, 3), done.err


@pytest.mark.parametrize("main", ["absent", "top.py", "top:", "1x", "top:a b", "app/data"])
def test_an_entry_point_that_is_none_is_refused(cli: Cli, tree: Path, main: str) -> None:
    done = cli("pack", tree, "-m", main, "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")


def test_files_that_collide_are_named(cli: Cli, tmp_path: Path) -> None:
    one = write_tree(tmp_path / "one", {"m.py": "A = 1\n", "same.py": "S\n"})
    two = write_tree(tmp_path / "two", {"m.py": "A = 2\n", "same.py": "S\n"})
    done = cli("pack", one, two, "-o", "app.zip", "--unsigned")
    assert done.code == 2
    assert "one/m.py" in done.err
    assert "two/m.py" in done.err
    (two / "m.py").write_text("A = 1\n")
    cli.ok("pack", one, two, "-o", "app.zip", "--unsigned")


def test_links_inside_are_followed_on_request_but_not_in_circles(cli: Cli, tree: Path) -> None:
    (tree / "linked.py").symlink_to(tree / "top.py")  # absolute
    (tree / "again").symlink_to("app")
    (tree / "chain").symlink_to("again/../again")
    words = ("pack", tree, "-o", "app.zip", "--unsigned", "--follow-links")
    cli.ok(*words)
    found = members(cli.directory / "app.zip")
    assert found["linked.py"] == found["top.py"]
    assert "again/__init__.py" in found
    assert "chain/data/greeting.txt" in found
    (tree / "app" / "loop").symlink_to(tree)
    assert "around it" in cli(*words).err
    (tree / "app" / "loop").unlink()
    (tree / "app" / "loop").symlink_to("loop")
    assert cli(*words).code == 2
    (tree / "app" / "loop").unlink()
    (tree / "app" / "loop").symlink_to("absent")
    assert "link to nothing" in cli(*words).err


@pytest.mark.parametrize("target", ["app", "top.py", "absent", "/etc", "../outside"])
@pytest.mark.parametrize("place", ["link", "app/link", "link.py", "app/__init__.py"])
def test_links_are_refused(cli: Cli, tree: Path, target: str, place: str) -> None:
    (tree / place).unlink(missing_ok=True)
    (tree / place).symlink_to(target)
    done = cli("pack", tree, "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert str(tree / place) in done.error["reason"]
    assert "--follow-links" in done.error["advice"]
    assert not (cli.directory / "app.zip").exists()


@pytest.mark.parametrize(
    "target",
    [
        "{out}", "{out}/secret", "../out", "../out/secret", "app/../../out/secret", "..", "/",
        "../tree-too", "up/out/secret", "app/../outer",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["link", "app/data/link"])
def test_links_are_never_followed_out_of_the_source(
    cli: Cli, tree: Path, target: str, place: str
) -> None:
    write_tree(cli.directory, {"out/secret": "SECRET", "tree-too/secret": "SECRET"})
    (tree / "up").symlink_to("..")
    (tree / "outer").symlink_to(cli.directory / "out" / "secret")
    if place != "link":
        target = target if target.startswith(("{", "/")) else "../../" + target
    (tree / place).symlink_to(target.format(out=cli.directory / "out"))
    for extra in ("up", "outer"):
        if f"{extra}" not in target:
            (tree / extra).unlink()
    done = cli("pack", tree, "-o", "app.zip", "--unsigned", "--follow-links", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert "out of" in done.error["reason"]
    assert not (cli.directory / "app.zip").exists()


def test_a_source_may_itself_be_given_by_a_link(cli: Cli, tree: Path) -> None:
    (cli.directory / "link").symlink_to(tree)
    cli.ok("pack", "link", "-o", "app.zip", "--unsigned")
    assert "top.py" in members(cli.directory / "app.zip")
    (tree / "again.py").symlink_to("top.py")
    (tree / "through.py").symlink_to(cli.directory / "link" / "top.py")
    cli.ok("pack", "link", "-o", "app.zip", "--unsigned", "--follow-links")
    found = members(cli.directory / "app.zip")
    assert found["again.py"] == found["through.py"] == found["top.py"]


def test_links_lead_to_nothing_that_is_left_out(cli: Cli, tree: Path) -> None:
    write_tree(tree, {".git/config": "SECRET", "venv/pyvenv.cfg": "", "venv/lib.py": "A = 1\n"})
    for name, target in ("docs", ".git"), ("conf", ".git/config"), ("env", "venv"):
        (tree / name).symlink_to(target)
    (tree / ".hg").symlink_to("/etc")
    cli.ok("pack", tree, "-o", "app.zip", "--unsigned", "--follow-links")
    found = members(cli.directory / "app.zip")
    assert not [name for name in found if name.startswith(("docs", "conf", "env", ".hg", ".git"))]


def test_what_is_packed_is_what_was_looked_at(tmp_path: Path, tree: Path) -> None:
    # Whoever changes the source meanwhile gets nothing in that lies outside of it.
    from signedvfs.packaging import PackError
    from signedvfs.packaging.directories import add_directory
    from signedvfs.packaging.members import Members

    write_tree(tmp_path, {"out/top.py": "SECRET", "out/__init__.py": "SECRET"})
    found = Members()
    add_directory(found, tree, set())
    (tree / "top.py").unlink()
    (tree / "top.py").symlink_to(tmp_path / "out" / "top.py")
    (tree / "app").rename(tree / "was")
    (tree / "app").symlink_to(tmp_path / "out")
    os.mkfifo(tree / "fifo")
    (tree / "was" / "data" / "greeting.txt").unlink()
    (tree / "fifo").rename(tree / "was" / "data" / "greeting.txt")
    for item in found.items.values():
        with pytest.raises(PackError, match="something else"):
            item.read()
    # The directory itself is the one that it was, whatever is at its path.
    found = Members()
    (tree / "top.py").unlink()
    (tree / "app").unlink()
    (tree / "top.py").write_text("VALUE = 43\n")
    add_directory(found, tree, set())
    tree.rename(tmp_path / "moved")
    tree.symlink_to(tmp_path / "out")
    assert found.items["top.py"].read() == b"VALUE = 43\n"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR])
def test_links_in_wheels_are_refused(cli: Cli, tmp_path: Path, kind: int) -> None:
    wheel = make_wheel(tmp_path, "dep", {"dep/__init__.py": "A = 1\n", "dep/link": "/etc/passwd"})
    with zipfile.ZipFile(wheel) as opened:
        content = {info.filename: opened.read(info) for info in opened.infolist()}
    with zipfile.ZipFile(wheel, "w") as written:
        for name, data in content.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = ((kind | 0o777) if name == "dep/link" else 0o100644) << 16
            written.writestr(info, data)
    for words in ([], ["--follow-links"]):
        done = cli("pack", wheel, "-o", "app.zip", "--unsigned", "--json", *words)
        assert (done.code, done.error["code"]) == (2, "Pack")
        assert "'dep/link' is a link" in done.error["reason"]


@pytest.mark.parametrize(
    "words",
    [
        ["tree"],
        ["tree", "--unsigned", "--key", "a.key"],
        ["--unsigned"],
        ["absent", "--unsigned"],
        ["tree/top.py", "--unsigned"],
        ["tree", "--unsigned", "--name", "x"],
        ["tree", "--unsigned", "--compression", "zip"],
        ["empty", "--unsigned"],
        ["tree", "--unsigned", "--serial", "0"],
        ["tree", "--unsigned", "--index"],
        ["tree", "--unsigned", "--not-before", "2020-01-01"],
        ["tree", "--unsigned", "--at", "2020-01-01"],
    ],
)
def test_wrong_arguments_write_nothing(cli: Cli, tree: Path, words: list[str]) -> None:
    (tree.parent / "empty").mkdir()
    done = cli("pack", *words, "-o", "app.zip")
    assert (done.code, done.out) == (2, "")
    assert not (cli.directory / "app.zip").exists()


def test_an_index_is_the_users_choice(cli: Cli, tree: Path, keys: Path) -> None:
    earlier = tree / "signedvfs-index.bin"  # of an archive that was unpacked here
    earlier.write_bytes(b"")
    for option, has_index in (("--index", True), ("--no-index", False)):
        done = cli.ok("pack", tree, "-m", "app", "-o", "app.zip", "--key", keys / "a.key", option)
        assert "an earlier index" in done.out
        with zipfile.ZipFile(cli.directory / "app.zip") as archive:
            assert ("signedvfs-index.bin" in archive.namelist()) == has_index
        assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "app\n"


@pytest.mark.parametrize(("compression", "level"), [("stored", 0), ("deflate", 12), ("zstd", 3)])
def test_compression_is_the_users_choice(
    cli: Cli, tree: Path, keys: Path, compression: str, level: int
) -> None:
    cli.ok("pack", tree, "-m", "app", "-o", "app.zip", "--key", keys / "a.key", "--compression",
           compression, "--level", str(level))  # fmt: skip
    with zipfile.ZipFile(cli.directory / "app.zip") as archive:
        method = archive.getinfo("app/data/greeting.txt").compress_type
    assert method == {"stored": 0, "deflate": 8, "zstd": 93}[compression]
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "app\n"


def test_a_failure_keeps_the_earlier_archive(cli: Cli, tree: Path, keys: Path) -> None:
    (cli.directory / "app.zip").write_bytes(b"earlier")
    (tree / "bad\nname.py").write_text("")
    done = cli("pack", tree, "-o", "app.zip", "--key", keys / "a.key")
    assert done.code != 0
    assert (cli.directory / "app.zip").read_bytes() == b"earlier"
    assert sorted(path.name for path in cli.directory.iterdir()) == ["app.zip", "tree"]


@pytest.mark.parametrize(
    ("send", "sent", "code"),
    # A terminal tells the whole group of processes, kill(1) and service managers tell one.
    [(os.killpg, signal.SIGINT, 130), (os.kill, signal.SIGTERM, 143)],
)
def test_an_early_end_leaves_nothing_behind(
    cli: Cli,
    keys: Path,
    tmp_path_factory: pytest.TempPathFactory,
    send: Callable[[int, int], None],
    sent: int,
    code: int,
) -> None:
    tree = cli.directory / "many"
    tree.mkdir()
    for number in range(5000):
        (tree / f"m{number}.py").write_text(f"A = {number}\n")
    temporary = tmp_path_factory.mktemp("temporary")
    words = command("pack", tree, "-o", "app.zip", "--key", keys / "a.key")
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        words, cwd=cli.directory, env=environment, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60
        while not list(cli.directory.glob(".signedvfs-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.2)
        send(process.pid, sent)
        assert process.wait(60) == code
    assert [path.name for path in cli.directory.iterdir()] == ["many"]
    assert not list(temporary.iterdir())


def test_equal_inputs_give_equal_bytes(tmp_path: Path, keys: Path) -> None:
    files: dict[str, str | bytes] = {
        "pkg/__init__.py": "NAMES = {None, ..., 'a', 'b', 'c', 'd', 1, 2.5}\n",
        "pkg/sets.py": "def f(x):\n    return x in {'alpha', 'beta', None, ('t', 1), b'z'}\n",
        "pkg/data.bin": os.urandom(100_000),
        "Z.py": "",
        "a.py": "import pkg\n",
    }
    make_wheel(tmp_path, "dep", {"dep.py": "A = 'dep'\n"})
    results = set()
    for turn, (seed, mask, zone) in enumerate([("1", 0o022, "UTC"), ("2", 0o077, "Asia/Tokyo")]):
        here = tmp_path / ("somewhere else" * turn + "x")
        names = sorted(files, reverse=bool(turn))
        tree = write_tree(here / "tree", {name: files[name] for name in names})
        os.utime(tree / "a.py", (turn * 10**9, turn * 10**9))
        (tree / "Z.py").chmod(0o755 if turn else 0o644)
        shutil.copy(tmp_path / "dep-1.0-py3-none-any.whl", here)
        (here / "requirements.txt").write_text("--no-index\n./dep-1.0-py3-none-any.whl\n")
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "TMPDIR": str(here),
            "PYTHONDONTWRITEBYTECODE": "1" * turn,
        }
        subprocess.run(
            command("pack", "tree", "-r", "requirements.txt", "-m", "a", "-o", "app.zip", "--key",
                    keys / "a.key", "--serial", "3"),
            cwd=here,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda mask=mask: os.umask(mask),  # type: ignore[misc]  # mypy cannot infer it
        )  # fmt: skip
        results.add((here / "app.zip").read_bytes())
    assert len(results) == 1


def test_python_packs_as_the_shell_does(cli: Cli, tree: Path, keys: Path) -> None:
    import signedvfs

    told: list[tuple[str, int, int]] = []
    report = signedvfs.pack(
        tree,
        cli.directory / "python.zip",
        key=signedvfs.PrivateKey.load(keys / "a.key"),
        main="app",
        serial=5,
        progress=lambda *step: told.append(step),
    )
    cli.ok("pack", tree, "-m", "app", "--serial", "5", "-o", "shell.zip", "--key", keys / "a.key")
    assert (cli.directory / "python.zip").read_bytes() == (cli.directory / "shell.zip").read_bytes()
    assert report.members == len(members(cli.directory / "python.zip")) - 1
    assert report.signed is not None
    assert (report.signed.serial, report.signed.name) == (5, None)
    assert report.signed.members == report.members
    # What packing has compiled itself is nothing to warn of.
    assert [("--name" in one) for one in report.signed.warnings] == [True]
    assert ("packing", 5, 5) in told
    assert told[-1][0] == "signing"
    assert told[-1][1] == told[-1][2]
