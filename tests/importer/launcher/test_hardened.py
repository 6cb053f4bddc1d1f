"""Hardened executables: nothing that the environment names is loaded, and all else is as usual."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.importer.launcher.conftest import Build
from tests.importer.launcher.starting import (
    Ended,
    assert_refused,
    environment,
    run,
    says,
)
from tests.support.native import compile_object

# An object that, once it is loaded, makes a file, and then takes out of the environment, and out of
# what /proc shows of that, whatever could tell of it.
HIDING = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern char **environ;
unsigned la_version(unsigned version) { return version; }
__attribute__((constructor)) static void planted(void) {
  close(open("MARK", O_CREAT | O_WRONLY, 0600));
  for (char **one = environ; *one != NULL; ++one) {
    if (strncmp(*one, "LD_", 3) == 0) memset(*one, 'x', strlen(*one));
  }
}
"""
TELL = "import os; print(sorted(os.environ), len(os.environ))"


@pytest.fixture(scope="module")
def hardened(build_app: Build) -> Path:
    """The application of the other tests, hardened. Nobody changes it."""
    return build_app(hardened=True)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """The file that appears when something planted has run."""
    return tmp_path / "mark"


@pytest.fixture
def hiding(tmp_path: Path, mark: Path) -> Path:
    """An object that hides that it was loaded."""
    return compile_object(tmp_path / "libhiding.so", HIDING.replace("MARK", str(mark)))


# What the linker is told.


@pytest.mark.parametrize("variable", ["LD_PRELOAD", "LD_AUDIT"])
def test_nothing_is_loaded_ahead(
    app: Path, hardened: Path, mark: Path, hiding: Path, variable: str
) -> None:
    """What is not hardened is too late, and does not even see it."""
    late = run(app, "print(1)", env={variable: str(hiding)})
    assert mark.exists()
    if variable == "LD_PRELOAD":
        assert (late.code, late.out) == (0, "1\n")
    mark.unlink()
    assert says(hardened, TELL, env={variable: str(hiding)}) == says(hardened, TELL)
    assert not mark.exists()


def test_no_directory_is_searched(app: Path, hardened: Path, mark: Path, hiding: Path) -> None:
    for name in ("libm.so.6", "libc.so.6"):
        shutil.copy(hiding, hiding.parent / name)
    env = {"LD_LIBRARY_PATH": str(hiding.parent)}
    assert run(app, "print(1)", env=env).code != 0
    mark.unlink(missing_ok=True)
    assert says(hardened, "import ctypes, sqlite3; print(1)", env=env) == "1"
    assert not mark.exists()


def test_tunables(app: Path, hardened: Path) -> None:
    """The linker reads them before any line of the launcher that is not hardened."""
    code = "import ctypes; print(ctypes.c_uint.in_dll(ctypes.CDLL(None), '__rseq_size').value)"
    env = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
    usual = run(app, code)
    if usual.code != 0 or usual.out == run(app, code, env=env).out:
        pytest.skip("this C library or kernel has no such tunable to be seen by")
    assert says(hardened, code, env=env) == usual.out.strip()


def test_the_linker_does_not_just_tell(hardened: Path) -> None:
    """Some variables have it print something and run nothing, which looks like success."""
    for variable in ("LD_TRACE_LOADED_OBJECTS", "LD_SHOW_AUXV", "LD_DEBUG", "LD_VERBOSE"):
        assert says(hardened, "print(1)", env={variable: "all"}) == "1"


def test_a_child_of_its_own(hardened: Path, mark: Path, hiding: Path) -> None:
    code = """
import os, subprocess
env = {**os.environ, "LD_PRELOAD": sys.argv[2]}
print(subprocess.check_output([sys.executable, "-m", "kit.greeting"], env=env, text=True))
"""
    assert says(hardened, code, str(hiding)).strip() == "greeting __main__ []"
    assert not mark.exists()


# The environment.

SCRUBBED = (
    "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "LD_WHATEVER", "LD_", "GLIBC_TUNABLES",
    "MALLOC_ARENA_MAX", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "RES_OPTIONS",
    "LOCALDOMAIN", "RESOLV_HOST_CONF", "NIS_PATH", "GETCONF_DIR",
)  # fmt: skip
KEPT = ("LANG", "LC_TIME", "TMPDIR", "TZDIR", "LDX", "XLD_PRELOAD", "GCONV_PATHS", "HOME", "MALLOC")


def test_which_variables_go(hardened: Path) -> None:
    mixed = [name for pair in zip(KEPT, SCRUBBED) for name in pair] + list(SCRUBBED[len(KEPT) :])
    code = "import os; print(*os.environ.items(), sep='\\n')"
    said = says(hardened, code, env=dict.fromkeys(mixed, "/nowhere")).splitlines()
    expected = [*environment().items(), *((name, "/nowhere") for name in KEPT)]
    assert said == [str(one) for one in expected]
    child = "import subprocess; print(subprocess.check_output(['env'], text=True))"
    assert "LD_" not in says(hardened, child, env={"LD_DEBUG": "x"})


def run_bare(app: Path, arguments: list[str], variables: dict[str, str]) -> Ended:
    """run_bare starts an application with exactly these."""
    done = subprocess.run(
        arguments, executable=app, env=variables, capture_output=True, text=True, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def test_an_empty_environment(app: Path, hardened: Path) -> None:
    for variables in ({}, {"LD_PRELOAD": "x"}):
        assert run_bare(hardened, ["app", TELL], variables) == run_bare(app, ["app", TELL], {})


def test_a_large_environment(hardened: Path) -> None:
    code = "import os; print(len(os.environ), sum(len(v) for v in os.environ.values()))"
    values = {f"V{number}": "x" * 100_000 for number in range(20)}
    assert run_bare(hardened, ["app", code], values).out == "20 2000000\n"
    many = {f"{'LD_' if number % 3 else 'V'}{number}": "" for number in range(100_000)}
    assert run_bare(hardened, ["app", code], many) == (0, "33334 0\n", "")


def test_without_arguments(app: Path, hardened: Path, tmp_path: Path) -> None:
    """Later kernels give such a program an empty one."""
    source = """
#include <unistd.h>
int main(int count, char **words) {
  char *none[] = {0}, *variables[] = {"LD_BIND_NOW=1", "A=1", 0};
  return count == 2 ? execve(words[1], none, variables) : 2;
}
"""
    (tmp_path / "start.c").write_text(source)
    subprocess.run(["cc", "-o", tmp_path / "start", tmp_path / "start.c"], check=True)
    done = run(tmp_path / "start", str(hardened))
    assert done == (0, "nothing is asked\n", "")
    assert done == run(tmp_path / "start", str(app))


def test_each_alignment_of_the_stack(hardened: Path) -> None:
    code = "import ctypes, math; print(math.fsum([0.1] * 10), len(sys.argv))"
    for words in range(3):
        for variables in range(4):
            for removed in range(3):
                env = {f"V{number}": "1" for number in range(variables)}
                env |= {f"LD_{number}": "1" for number in range(removed)}
                assert says(hardened, code, *["x"] * words, env=env) == f"1.0 {words + 2}"


# The process.


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes(hardened: Path, method: str) -> None:
    code = f"""
import multiprocessing
with multiprocessing.get_context("{method}").Pool(2) as pool:
    print(pool.map(square, range(4)))
"""
    assert says(hardened, code, env={"LD_PRELOAD": "/nowhere.so"}) == "[0, 1, 4, 9]"


def test_what_it_is_called(app: Path, hardened: Path) -> None:
    code = """
import os
print(open("/proc/self/comm").read().strip(), os.readlink("/proc/self/exe") == sys.executable)
print(sorted({line.split()[-1] for line in open("/proc/self/maps") if "/lib" in line}))
"""
    assert says(hardened, code) == says(app, code)


@pytest.mark.parametrize("limit", [1 << 20, 8 << 20, resource.RLIM_INFINITY])
def test_other_places_in_memory(hardened: Path, limit: int) -> None:
    """The kernel places programs otherwise where the stack may be of any size."""
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    if hard not in (resource.RLIM_INFINITY, limit) and limit > hard:
        pytest.skip("this process may not have a stack of any size")
    done = run(
        hardened, "print('up')", env={"LD_PRELOAD": "x"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (limit, hard)),
    )  # fmt: skip
    assert done == (0, "up\n", "")


def test_without_random_addresses(hardened: Path) -> None:
    words = ["setarch", "-R", str(hardened), "print('up')"]
    if (
        shutil.which("setarch") is None
        or subprocess.run([*words[:2], "true"], check=False).returncode
    ):
        pytest.skip("addresses cannot be made the same each time here")
    assert (
        subprocess.run(words, env=environment(), check=True, capture_output=True).stdout == b"up\n"
    )


def test_what_crashes_tells(hardened: Path) -> None:
    crash = "os.kill(os.getpid(), signal.SIGSEGV)"
    code = f"import faulthandler, os, signal; faulthandler.enable(); {crash}"
    done = run(hardened, code)
    assert done.code == -11
    assert "Fatal Python error: Segmentation fault" in done.err


def test_a_debugger_sees_what_it_sees_otherwise(app: Path, hardened: Path) -> None:
    if shutil.which("gdb") is None:
        pytest.skip("there is no gdb")
    said = []
    for path in (app, hardened):
        code = "import sys; print('up', flush=True); sys.stdin.read()"
        with subprocess.Popen(
            [str(path), code], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            words = ["gdb", "-nx", "-batch", "-p", str(process.pid), "-ex", "info sharedlibrary"]
            shown = subprocess.run(words, capture_output=True, text=True, check=False).stdout
            process.communicate(b"")
        said.append({line.split()[-1] for line in shown.splitlines() if "/lib" in line})
    assert said[0] == said[1]
    if os.geteuid() == 0:  # others may not be allowed to look
        assert any(one.endswith("/libc.so.6") for one in said[1])


def test_more_rights_than_who_starts_it(
    hardened: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a program rights of others")
    path = Path(shutil.copy2(hardened, tmp_path_factory.mktemp("shared") / "app"))
    if os.statvfs(path).f_flag & os.ST_NOSUID:
        pytest.skip("it is mounted without such rights (nosuid)")
    os.chown(path, 65534, 65534)
    path.chmod(0o4755)
    assert_refused(run(path, "print(1)"), "more rights", "set-user-ID", "Take them off")


def test_recorded(build_app: Build, hiding: Path, mark: Path) -> None:
    """The trial is hardened, too."""
    path = build_app(hardened=True, record=["print('trial')"])
    assert says(path, "print('up')", env={"LD_PRELOAD": str(hiding)}) == "up"
    assert not mark.exists()
