"""run: a program that starts itself anew comes back verified, or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, write_tree

pytestmark = pytest.mark.slow

PROGRAM = """
import os, subprocess, sys
life = int(os.environ.get("LIFE", "1"))
print("life", life, type(__loader__).__module__, sys.flags.isolated, *sys.argv[1:], flush=True)
if life < {lives}:
    os.environ["LIFE"] = str(life + 1)
    python, line = sys.executable, [sys.executable, *sys.argv]
    {restart}
"""
WAYS = {
    "execv": "os.execv(python, line)",
    "execv of bytes": "os.execv(os.fsencode(python), [os.fsencode(word) for word in line])",
    "execl": "os.execl(python, *line)",
    "execve": "os.execve(python, line, os.environ)",
    "execve in bytes": "os.execve(python, line, os.environb)",
    "execve of a descriptor": "os.execve(os.open(python, os.O_RDONLY), line, os.environ)",
    "execvpe": "os.execvpe(os.path.basename(python), line, {'PATH': os.path.dirname(python), "
    "'LIFE': os.environ['LIFE']})",
    "posix.execv": "import posix; posix.execv(python, tuple(line))",
    "spawnv": "sys.exit(os.spawnv(os.P_WAIT, python, line))",
    "spawnle": "sys.exit(os.spawnle(os.P_WAIT, python, *line, os.environ))",
    "posix_spawn": "os.waitpid(os.posix_spawn(python, line, os.environ), 0)",
    "posix_spawnp": "os.environ['PATH'] = os.path.dirname(python); "
    "os.waitpid(os.posix_spawnp(os.path.basename(python), line, os.environ), 0)",
    "subprocess": "subprocess.run(line, check=True)",
    "subprocess by posix_spawn": "subprocess.run(line, check=True, close_fds=False)",
    "subprocess by name": "os.environ['PATH'] = os.path.dirname(python); "
    "subprocess.run([os.path.basename(python), *line[1:]], check=True)",
    "subprocess elsewhere": "line[1] = os.path.basename(line[1]); here = os.getcwd(); "
    "os.chdir('/'); subprocess.run(line, check=True, cwd=here, env=dict(os.environ))",
    "asyncio": "import asyncio\n"
    "    async def main(): return await (await asyncio.create_subprocess_exec(*line)).wait()\n"
    "    asyncio.run(main())",
    "elsewhere": "os.chdir('/'); os.execv(python, line)",
    "by its absolute path": "line[1] = os.path.abspath(line[1]); os.execv(python, line)",
    "by its main module": "os.execv(python, [python, '-m', '__main__', *line[2:]])",
    "by its specification": "os.execv(python, [python, '-m', __spec__.name, *line[2:]])",
    "with options": "os.execv(python, [python, '-W', 'ignore', '-Xutf8', *line[1:]])",
    "os.fork": "pid = os.fork()\n    os.waitpid(pid, 0) if pid else os.execv(python, line)",
}
if sys.version_info >= (3, 10):
    WAYS["the original words"] = "os.execv(python, [python, *sys.orig_argv[1:]])"
    WAYS["the original words, elsewhere"] = "os.chdir('/'); os.execv(python, sys.orig_argv)"


def pack(cli: Cli, keys: Path, text: str, **files: str) -> None:
    """Pack a program, given as the text of its __main__.py, as app.zip."""
    tree = write_tree(cli.directory / "program", {"__main__.py": text, **files})
    cli.ok("pack", tree, "-o", "app.zip", "--key", keys / "a.key", "--quiet", "--name", "app",
           "--serial", "3", "--compression", "stored")  # fmt: skip


def lives(count: int, *words: str, isolated: int = 1) -> str:
    """What a program says in so many lives, all verified."""
    return "".join(
        " ".join(["life", str(n), "signedvfs", str(isolated), *words]) + "\n"
        for n in range(1, count + 1)
    )


@pytest.mark.parametrize("way", WAYS)
def test_comes_back_verified(cli: Cli, keys: Path, way: str) -> None:
    pack(cli, keys, PROGRAM.format(restart=WAYS[way], lives=3))
    trust = ("--trust", keys / "a.pub", "--name", "app", "--min-serial", "3")
    done = cli.ok("run", *trust, "app.zip", "a", "--", "-b")
    assert done.out == lives(3, "a", "--", "-b")


@pytest.mark.parametrize("module", ["prog", "pkg", "pkg.mod"])
@pytest.mark.parametrize(
    "restart",
    [
        "os.execv(python, line)",
        "os.execv(python, [python, '-m', __spec__.name, *line[2:]])",
        "subprocess.run([python, '-m', __spec__.name.replace('.__main__', ''), *line[2:]])",
    ],
)
def test_a_module_comes_back_verified(cli: Cli, keys: Path, module: str, restart: str) -> None:
    text = PROGRAM.format(restart=restart, lives=3)
    files = {"prog.py": text, "pkg/__init__.py": "", "pkg/__main__.py": text, "pkg/mod.py": text}
    pack(cli, keys, "raise SystemExit('the wrong program')", **files)
    done = cli.ok("run", "--trust", keys / "a.pub", "-m", module, "app.zip", "a")
    assert done.out == lives(3, "a")


def test_another_module_of_the_archive_is_verified_too(cli: Cli, keys: Path) -> None:
    pack(
        cli, keys, "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'side', 'a'])\n",
        **{"side.py": "import sys\nprint(type(__loader__).__module__, sys.argv[1:])\n"},
    )  # fmt: skip
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "signedvfs ['a']\n"


def test_a_module_by_its_path_is_verified_too(cli: Cli, keys: Path) -> None:
    # What `pack -m` makes runs a module, whose path is in sys.argv then.
    text = """
import os, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
for path in "side.py", "pkg/mod.pyc", "pkg/__main__.py":
    subprocess.run([sys.executable, f"{here}/{path}", "a"], check=True)
"""
    side = "import sys\nprint(__spec__.name, type(__loader__).__module__, sys.argv[1:])\n"
    files = {"side.py": side, "pkg/__init__.py": "", "pkg/mod.py": side, "pkg/__main__.py": side}
    pack(cli, keys, text, **files)
    lines = [f"{name} signedvfs ['a']\n" for name in ("side", "pkg.mod", "pkg.__main__")]
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "".join(lines)


def test_a_child_of_multiprocessing_starts_nothing_unverified(cli: Cli, keys: Path) -> None:
    restart = """
    import multiprocessing, side
    for method in ("spawn", "forkserver", "fork"):
        child = multiprocessing.get_context(method).Process(target=side.start, args=(line,))
        child.start()
        child.join()
        assert child.exitcode == 0
"""
    side = "import subprocess\ndef start(line):\n    subprocess.run(line, check=True)\n"
    pack(cli, keys, PROGRAM.format(restart=restart, lives=2), **{"side.py": side})
    done = cli.ok("run", "--trust", keys / "a.pub", "app.zip")
    assert done.out == lives(1) + 3 * "life 2 signedvfs 1\n"


def test_what_was_changed_meanwhile_does_not_come_back(cli: Cli, keys: Path) -> None:
    restart = "import change; change.change()\n    os.execv(python, line)"
    change = """
def change():
    with open("app.zip", "r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(content.replace(b"MARKED", b"marked"))
"""
    text = PROGRAM.format(restart=restart, lives=2) + "# MARKED\nmark = 'MARKED'\n"
    pack(cli, keys, text, **{"change.py": change})
    done = cli("run", "--trust", keys / "a.pub", "app.zip")
    assert (done.code, done.out) == (1, lives(1))
    assert "app.zip" in done.err


def test_the_keys_stay_the_same(cli: Cli, keys: Path) -> None:
    restart = "import shutil; shutil.copyfile('other.zip', 'app.zip'); os.execv(python, line)"
    text = PROGRAM.format(restart=restart, lives=2)
    pack(cli, keys, text)
    tree = write_tree(cli.directory / "other", {"__main__.py": "print('another')\n"})
    cli.ok("pack", tree, "-o", "other.zip", "--key", keys / "b.key", "--quiet")
    done = cli("run", "--trust", keys / "a.pub", "app.zip")
    assert (done.code, done.out) == (1, lives(1))


def test_a_ring_is_handed_over_as_its_keys(cli: Cli, keys: Path) -> None:
    ring = cli.directory / "ring"
    ring.mkdir(0o755)
    (ring / "a.pub").write_bytes((keys / "a.pub").read_bytes())
    (ring / "a.pub").chmod(0o644)
    late = "import shutil; shutil.copy(%r, 'ring'); os.chdir('/'); os.execv(python, line)"
    pack(cli, keys, PROGRAM.format(restart=late % str(keys / "b.pub"), lives=2))
    done = cli("run", "--trust-dir", "ring", "--threshold", "1", "app.zip")
    assert (done.code, done.out, done.err) == (0, lives(2), "")


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("[python, __file__]", None),
        ("[python, os.path.dirname(os.path.abspath(__file__)) + '/side.txt']", "only its modules"),
        ("[copy, *sys.argv]", "another interpreter"),
    ],
)
def test_what_can_not_be_verified_is_not_started(
    cli: Cli, keys: Path, start: str, reason: str | None
) -> None:
    text = f"""
import os, shutil, subprocess, sys
print("begun", flush=True)
if "LIFE" not in os.environ:
    os.environ["LIFE"] = "2"
    python, copy = sys.executable, os.path.abspath("python3.0")
    shutil.copy(os.path.realpath(python), copy)
    subprocess.run({start}, check=True)
"""
    pack(cli, keys, text, **{"side.txt": "print('unverified')\n"})
    done = cli("run", "--trust", keys / "a.pub", "app.zip")
    if reason is None:
        assert (done.code, done.out) == (0, "begun\nbegun\n"), done.err
    else:
        assert (done.code, done.out) == (1, "begun\n")
        assert reason in done.err
        assert "IntegrityCheckError" in done.err


def test_other_processes_are_started_as_ever(cli: Cli, keys: Path) -> None:
    text = """
import os, subprocess, sys
def said(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, check=True, **options).stdout
shown = said(sys.executable, "-c", "import sys; print(sys.argv)", "app.zip")
assert shown == "['-c', 'app.zip']\\n"
assert said("echo", "app.zip") == "app.zip\\n"
assert said(sys.executable, "-", input="print(1)") == "1\\n"
open("beside.py", "w").write("print(__name__, __file__)")
assert said(sys.executable, "beside.py").startswith("__main__ ")
assert os.execve in os.supports_fd
for wrong in ((1, []), ("/bin/true",), ("/bin/true", 5), ("/bin/true", []), ("/nowhere", ["x"])):
    try:
        os.execv(*wrong)
    except (TypeError, ValueError, OSError) as error:
        print(type(error).__name__)
for environment in (None, 5, {1: 2}):
    try:
        os.execve(sys.executable, [sys.executable, "app.zip"], environment)
    except TypeError as error:
        print(type(error).__name__)
"""
    pack(cli, keys, text)
    done = cli.ok("run", "--trust", keys / "a.pub", "app.zip")
    errors = ["TypeError", "TypeError", "TypeError", "ValueError", "FileNotFoundError"]
    errors += ["TypeError"] * 3
    assert done.out.splitlines() == errors


@pytest.mark.parametrize("words", [["-c", "pass"], ["-m", "this"], ["beside.py"]])
@pytest.mark.parametrize("close", [True, False])
def test_an_archive_on_the_search_path_is_refused(
    cli: Cli, keys: Path, words: list[str], close: bool
) -> None:
    text = f"""
import os, subprocess, sys
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
subprocess.run([sys.executable, *{words!r}], close_fds={close})
"""
    pack(cli, keys, text)
    (cli.directory / "beside.py").write_text("print('begun')\n")
    done = cli("run", "--trust", keys / "a.pub", "app.zip")
    assert (done.code, done.out) == (1, "")
    assert "it is on PYTHONPATH" in done.err


def test_without_isolation_it_comes_back_so(cli: Cli, keys: Path) -> None:
    text = PROGRAM.format(restart="os.execv(python, line)", lives=3) + "import beside\n"
    pack(cli, keys, text)
    write_tree(cli.directory / "lib", {"beside.py": "print('beside')\n"})
    environment = {"PYTHONPATH": str(cli.directory / "lib")}
    done = cli("run", "--no-isolated", "--trust", keys / "a.pub", "app.zip", env=environment)
    assert (done.code, done.out) == (0, lives(3, isolated=0) + "beside\n"), done.err
