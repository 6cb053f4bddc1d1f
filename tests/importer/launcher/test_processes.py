"""Child processes that an application starts out of itself, and that nobody else can start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.importer.launcher.starting import assert_refused, environment, run, says

POOLS = {
    "multiprocessing": "context.Pool(2)",
    "executor": "concurrent.futures.ProcessPoolExecutor(2, context)",
}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("pool", POOLS)
def test_pools(app: Path, method: str, pool: str) -> None:
    code = f"""
import concurrent.futures, multiprocessing
context = multiprocessing.get_context({method!r})
with {POOLS[pool]} as pool:
    print(list(pool.map(square, range(10))))
    print(*list(pool.map(whereabouts, [0]))[0])
    try:
        list(pool.map(fail, [0]))
    except ValueError as error:
        print(error)
"""
    count = says(app, "print(len(sys.path))")
    squares, where, failed = says(app, code).splitlines()
    assert squares == str([number * number for number in range(10)])
    name, executable, argv, paths, frozen = where.rsplit(" ", 4)
    assert name == ("__main__" if method == "fork" else "__mp_main__")
    assert (executable, argv, paths, frozen) == (str(app), str(app), count, "True")
    assert failed == "as asked"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_what_processes_share(app: Path, method: str) -> None:
    """A process with a queue, a lock and a manager; its exit code; nothing is said at the end."""
    code = f"""
import multiprocessing, os
context = multiprocessing.get_context({method!r})
queue, lock, value = context.Queue(), context.Lock(), context.Value("i", 0)
with context.Manager() as manager:
    print(manager.dict(a=1).copy())
process = context.Process(target=os._exit, args=(3,))
process.start(); process.join()
print(process.exitcode)
process = context.Process(target=queue.put, args=("queued",))
process.start()
print(queue.get(timeout=60)); process.join()
print(process.exitcode)
"""
    assert says(app, code).splitlines() == ["{'a': 1}", "3", "queued", "0"]


def test_shared_memory(app: Path) -> None:
    """The process that tracks it is waited for: one whose parent has ended is refused."""
    code = """
import multiprocessing.resource_tracker as tracker
import multiprocessing.shared_memory as shared
one = shared.SharedMemory(create=True, size=100)
print(one.size >= 100); one.close(); one.unlink()
tracker._resource_tracker._stop()
"""
    assert says(app, code) == "True"


@pytest.mark.parametrize("call", ["run", "os.system by a shell", "posix_spawn", "spawnv"])
def test_its_own_python(app: Path, call: str) -> None:
    """sys.executable -c and -m, as libraries start an interpreter, run what was signed."""
    if call == "os.system by a shell":
        # What a shell starts is not seen: the application gets the words, as any program does.
        code = "import os; os.system(f'{sys.executable} \"print(1 + 1)\"')"
        assert says(app, code) == "2"
        return
    code = f"""
import os, subprocess
def start(*words):
    sys.stdout.flush()
    if {call!r} == "run":
        return subprocess.run([sys.executable, *words]).returncode
    words = [sys.executable, *words]
    if {call!r} == "spawnv":
        return os.spawnv(os.P_WAIT, sys.executable, words)
    return os.waitpid(os.posix_spawn(sys.executable, words, os.environ), 0)[1] >> 8
print(start("-c", "import sys, kit.failing; print(__name__, sys.argv, sys.frozen)", "a", "-b"))
print(start("-m", "kit.greeting", "a", "-b"))
print(start("-I", "-X", "utf8", "-W", "ignore", "-c", "raise SystemExit(7)"))
print(start("-m", "timeit", "-n1", "-r1", "-s", "print('timed')") == 0)
"""
    out = says(app, code).splitlines()
    assert out[:5] == [
        "__main__ ['-c', 'a', '-b'] True", "0", "greeting __main__ ['a', '-b']", "0", "7",
    ]  # fmt: skip
    assert out[5] == "timed"
    assert out[-1] == "True"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["-m", "kit.nothing"], 1, "No module named"),
        (["-m", "planted"], 1, "No module named planted"),
        (["-c", "import planted"], 1, "No module named 'planted'"),
        (["-c", "1 / 0"], 1, "ZeroDivisionError"),
        (["-c", "(("], 1, "SyntaxError"),
    ],
)
def test_what_a_child_does_not_run(
    app: Path, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    """Only what is signed, wherever the child is started."""
    (tmp_path / "planted.py").write_text("print('planted')\n")
    code = f"import subprocess; sys.exit(subprocess.run([sys.executable, *{words!r}]).returncode)"
    done = run(app, code, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert (done.code, done.out) == (status, "")
    assert said in done.err


@pytest.mark.parametrize("kind", ["deleted", "replaced"])
def test_children_of_a_file_that_is_gone(copy: Path, kind: str) -> None:
    # E8: they are what runs, and not what stands at its path: an update may have come.
    code = f"""
import multiprocessing, os, shutil, subprocess
os.unlink(sys.executable)
if {kind!r} == "replaced":
    shutil.copy("/bin/false", sys.executable)
for method in ("spawn", "forkserver"):
    with multiprocessing.get_context(method).Pool(1) as pool:
        print(pool.map(square, [3]))
print(subprocess.check_output([sys.executable, "-m", "kit.greeting"], text=True), end="")
print(os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", "1"], {{}}), 0)[1])
"""
    assert says(copy, code).splitlines() == ["[9]", "[9]", "greeting __main__ []", "0"]


def test_a_renamed_file_has_no_children(copy: Path) -> None:
    """Its modules have other paths by now. That is an error, and not a pool that never ends."""
    code = """
import os, subprocess
os.rename(sys.executable, sys.executable + ".old")
try:
    subprocess.run([sys.executable, "-m", "kit.greeting"])
except FileNotFoundError as error:
    print(error.filename == sys.executable)
"""
    assert says(copy, code) == "True"


def test_starting_anew_is_to_start_what_is_there(copy: Path) -> None:
    code = """
import os, shutil
os.unlink(sys.executable)
shutil.copy("/bin/echo", sys.executable)
os.execv(sys.executable, [sys.executable, *sys.argv])
"""
    assert says(copy, code, "another release").endswith("another release")


@pytest.mark.parametrize("argv", ["sys.argv", "[sys.executable, *sys.argv]", "sys.orig_argv"])
def test_starting_itself_anew(app: Path, argv: str) -> None:
    """As reloaders do."""
    if "orig" in argv and sys.version_info < (3, 10):
        pytest.skip("sys.orig_argv is new in Python 3.10")
    code = f"""
import os
if "AGAIN" in os.environ:
    print("again", sys.argv[2:])
else:
    os.environ["AGAIN"] = "1"
    os.execv(sys.executable, {argv})
"""
    assert says(app, code, "a", "-c", "-m") == "again ['a', '-c', '-m']"


@pytest.mark.parametrize(
    "words", [["-c", "print(1)"], ["-m", "kit.greeting"], ["--multiprocessing-fork"], []]
)
def test_the_word_for_children_is_for_children(app: Path, words: list[str]) -> None:
    """Otherwise whoever may start an application could have it run code of his."""
    assert_refused(run(app, "--signedvfs-child", *words), "--signedvfs-child", "without that word")
    # By a shell between, and in a process whose parent has ended.
    asked = [str(app), "--signedvfs-child", *words]
    code = f"import subprocess; subprocess.run(['sh', '-c', '\"$@\"; true', 'sh', *{asked!r}])"
    done = run(app, code)
    assert (done.code, done.out) == (0, "")
    assert "refused" in done.err
    code = f"import os; os.fork() and os._exit(0); os.execv({asked[0]!r}, {asked!r})"
    orphan = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert orphan.stdout == ""
    assert "refused" in orphan.stderr


def test_a_copy_is_another_program(app: Path, copy: Path) -> None:
    asked = [str(copy), "--signedvfs-child", "-c", "print(1)"]
    done = run(app, f"import subprocess; subprocess.run({asked!r})")
    assert done.out == ""
    assert "refused" in done.err


def test_words_of_an_interpreter_are_the_applications_own(app: Path) -> None:
    """From outside, -c and -m mean what the application makes of them: here, Python that fails."""
    for words in (["-c", "print(1)"], ["-m", "kit.greeting"], ["--multiprocessing-fork", "a=1"]):
        done = run(app, *words)
        assert done.code == 1
        assert done.out == ""
        assert "Error" in done.err


def test_other_programs_are_left_alone(app: Path) -> None:
    code = """
import os, subprocess
print(subprocess.check_output(["echo", "-m", "kit"], text=True), end="")
print(subprocess.check_output("echo $0 | tr a-z A-Z", shell=True, text=True), end="")
print("LD_LIBRARY_PATH" in os.environ)
"""
    assert says(app, code).splitlines()[0] == "-m kit"


@pytest.mark.parametrize("start", ["subprocess.run", "os.execv"])
def test_a_script_is_not_run(app: Path, tmp_path: Path, start: str) -> None:
    """It would start the application again, which would start it again, and so on."""
    script = tmp_path / "script.py"
    script.write_text("print('ran')\n", encoding="utf-8")
    line = f"[sys.executable, {str(script)!r}]"
    call = f"{start}({line})" if start == "subprocess.run" else f"{start}(sys.executable, {line})"
    asked = f"""
import os, subprocess, sys
try:
    {call}
except PermissionError as error:
    print(error.filename, "runs no scripts" in error.strerror)
"""
    assert says(app, asked) == f"{script} True"
