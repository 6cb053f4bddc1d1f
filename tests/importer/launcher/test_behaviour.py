"""An application behaves as its users know programs: words, exit codes, signals, the library."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.importer.launcher.starting import default_signals, environment, run, says, start


def test_the_words(app: Path) -> None:
    words = ["", "a b", "--help", "-c", "-m", "-X", "ä", "--signedvfs-info", "\udcff"]
    code = "import os; print([os.fsencode(word) for word in sys.argv[2:]])"
    assert says(app, code, *words) == repr([os.fsencode(word) for word in words])
    assert says(app, "print(sys.argv[0])") == str(app)
    if sys.version_info >= (3, 10):
        assert says(app, "print(sys.orig_argv[2:])", *words[:3]) == repr(words[:3])


def test_without_any_word(app: Path) -> None:
    """Not even the program's own name (execve(2)), and no environment."""
    code = f"""
import ctypes
nothing = (ctypes.c_char_p * 1)(None)
ctypes.CDLL(None).execve({str(app).encode()!r}, nothing, nothing)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is asked\n", "")


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("sys.exit()", 0, ""),
        ("sys.exit(None)", 0, ""),
        ("sys.exit(0)", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit(256 + 7)", 7, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit('a reason')", 1, "a reason\n"),
        ("raise SystemExit((1, 2))", 1, "(1, 2)\n"),
        ("import os; os._exit(5)", 5, ""),
        ("import atexit; atexit.register(print, 'end', file=sys.stderr); sys.exit(4)", 4, "end\n"),
        ("import os; os.abort()", -signal.SIGABRT, ""),
    ],
)
def test_exit_codes(app: Path, code: str, status: int, said: str) -> None:
    done = run(app, code)
    assert (done.code, done.out, done.err) == (status, "", said)


def test_an_exception(app: Path) -> None:
    done = run(app, "import kit.failing; kit.failing.fail()")
    assert done.code == 1
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert f'  File "{app}/__main__.py", line ' in done.err
    assert f'  File "{app}/kit/failing.py", line 2, in fail' in lines
    assert lines[-1] == "LookupError: of the kit"
    for inner in ("_frozen_importlib", "signedvfs", "runpy"):
        assert inner not in done.err


def test_what_an_exception_hook_sees(app: Path) -> None:
    code = "sys.excepthook = lambda kind, *others: print('hooked', kind.__name__); 1 / 0"
    done = run(app, code)
    assert (done.code, done.out, done.err) == (1, "hooked ZeroDivisionError\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_it(app: Path, number: int) -> None:
    code = "import time; print('up', flush=True); time.sleep(60)"
    process = start(app, code, preexec_fn=default_signals)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -number
    assert said.endswith("KeyboardInterrupt\n") == (number == signal.SIGINT)


def test_ctrl_c_can_be_caught(app: Path) -> None:
    code = """
import signal
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("caught")
"""
    assert says(app, code, preexec_fn=default_signals) == "caught"


def test_ctrl_c_that_is_ignored_stays_so(app: Path) -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    ignored = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)  # noqa: E731  # one line more
    assert says(app, code, preexec_fn=ignored) == "True"


def test_ctrl_c_at_any_moment(app: Path) -> None:
    """At every one it ends by that signal, or says so: never half-started, never a crash. One that
    Python loses it reports, in a callback whose exceptions go nowhere; it is given once more."""
    for microseconds in range(0, 40_000, 2_500):
        process = start(app, "import subprocess, time; time.sleep(60)", preexec_fn=default_signals)
        time.sleep(microseconds / 1e6)
        lost = 0
        while True:
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=20)
                break
            except subprocess.TimeoutExpired as error:
                lost += 1
                reported = (error.stderr or b"").count(b"Exception ignored in")
                assert reported >= lost, error.stderr
        assert process.returncode in (-signal.SIGINT, 1), (process.returncode, said)
        assert said == "" or "KeyboardInterrupt" in said, said


def test_a_signal_that_dumps_core_is_what_it_dies_of(app: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGQUIT)"

    def no_core() -> None:
        default_signals()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    assert run(app, code, preexec_fn=no_core).code == -signal.SIGQUIT


def test_faulthandler(app: Path) -> None:
    code = """
import ctypes, faulthandler, resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
faulthandler.enable()
ctypes.string_at(0)
"""
    done = run(app, code)
    assert done.code == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in done.err
    assert f'File "{app}/__main__.py"' in done.err
    done = run(app, "import faulthandler; faulthandler.dump_traceback()")
    assert f'  File "{app}/__main__.py"' in done.err


@pytest.mark.parametrize("asked", ["signal.signal(signal.SIGPIPE, signal.SIG_DFL)", ""])
def test_a_closed_pipe(app: Path, asked: str) -> None:
    """As under python: an exception, for Python ignores the signal, unless the program does not."""
    code = f"import signal; {asked}\nfor _ in range(100_000): print('line')"
    with start(app, code) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert ("BrokenPipeError" in process.stderr.read()) == (asked == "")
        # 120 where something is left to be written at the end.
        assert process.wait(60) in ([-signal.SIGPIPE] if asked else [1, 120])


def test_what_python_says_of_itself(app: Path) -> None:
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
    code = """
import os
print([sys.executable, sys._base_executable, sys.frozen, sys.prefix, sys.exec_prefix,
       sys.base_prefix, os.__file__])
print(sys.path)
print([type(hook).__name__ for hook in sys.path_hooks])
print([sys.flags.isolated, sys.flags.no_site, sys.flags.ignore_environment, sys.flags.utf8_mode,
       sys.flags.dont_write_bytecode, sys.dont_write_bytecode, sys.flags.interactive,
       sys.flags.optimize, sys.flags.no_user_site, getattr(sys.flags, "safe_path", True)])
print("site" in sys.modules, __name__, __spec__, __file__, __package__)
print(sys.version)
"""
    itself, path, hooks, flags, main, version = says(app, code).split("\n", 5)
    own = str(app)
    library = f"{own}/lib/{name}"
    suffix = "py" if sys.version_info >= (3, 11) else "pyc"  # of modules that are frozen in Python
    assert itself == repr([own, own, True, own, own, own, f"{library}/os.{suffix}"])
    assert path in (repr([own, library, f"{library}/lib-dynload"]), repr([own, library]))
    assert hooks == "['PathHook']"
    assert flags == "[1, 1, 1, 1, 1, True, 0, 0, 1, True]"
    assert main == f"False __main__ None {own}/__main__.pyc None"
    assert version == sys.version
    assert Path(sys.executable).exists()


def test_argparse_names_it(app: Path) -> None:
    code = "import argparse; argparse.ArgumentParser().parse_args(['--nothing'])"
    done = run("./app", code, cwd=app.parent)
    assert done.code == 2
    assert done.err.splitlines()[0] == "usage: app [-h]"
    assert done.err.splitlines()[-1].startswith("app: error: ")


def test_the_main_module_can_be_imported_by_its_name(app: Path) -> None:
    assert says(app, "import __main__; print(__main__.square(3))") == "9"


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "de_DE.ISO-8859-1", "no-such", ""])
def test_locales(app: Path, locale: str) -> None:
    code = """
import os
print(sys.argv[2], sys.stdout.encoding, sys.getfilesystemencoding(), open(os.devnull).encoding)
"""
    said = says(app, code, "snow ☃", env={"LC_ALL": locale, "LANG": locale})
    assert said.lower() == "snow ☃ utf-8 utf-8 utf-8"


def test_time_zones(app: Path) -> None:
    code = "import time; print(time.strftime('%Z', time.localtime(0)), time.timezone)"
    assert says(app, code, env={"TZ": "XYZ3"}) == "XYZ 10800"
    # Of the package "tzdata" that the application brings along, and of the system.
    code = """
import datetime, zoneinfo
for name in ("Kit/Away", "Europe/Berlin"):
    try:
        print(datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo(name)).utcoffset())
    except zoneinfo.ZoneInfoNotFoundError:
        print("unknown")
"""
    has_zones = Path("/usr/share/zoneinfo/Europe/Berlin").exists()
    assert says(app, code).split() == ["3:00:00", "2:00:00" if has_zones else "unknown"]


def test_data_files(app: Path) -> None:
    code = """
import importlib.resources, os, pathlib, kit
with open(os.path.join(os.path.dirname(kit.__file__), "data", "text.txt")) as file:
    print(file.read(), end="")
print(importlib.resources.files(kit).joinpath("data/text.txt").read_text(), end="")
print(sorted(os.listdir(os.path.dirname(kit.__file__))))
print(sorted(name for name in os.listdir(sys.executable) if name in ("kit", "lib", "python.libs")))
print(pathlib.Path(sys.executable, "kit/data/more.bin").read_bytes() == bytes(range(256)) * 40)
print(os.path.isfile(sys.executable), os.path.isdir(sys.executable + "/kit"))
try:
    open(sys.executable + "/kit/new", "w")
except OSError as error:
    print(type(error).__name__)
"""
    assert says(app, code).splitlines() == [
        "words of the application",
        "words of the application",
        "['__init__.pyc', 'data', 'failing.pyc', 'greeting.pyc', 'unused.pyc']",
        "['kit', 'lib', 'python.libs']",
        "True",
        "True True",
        "OSError",
    ]


def test_its_own_file_as_a_file(app: Path) -> None:
    code = "with open(sys.executable, 'rb') as file: print(file.read(4))"
    assert says(app, code) == "b'\\x7fELF'"


def test_native_modules_of_the_library(app: Path, tmp_path: Path) -> None:
    code = """
import ctypes, hashlib, sqlite3, ssl, zlib
ctypes.CDLL(None).getpid.restype = ctypes.c_int
import os
print(ctypes.CDLL(None).getpid() == os.getpid())
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda one: one + 1)
print(compare(1))
with sqlite3.connect(sys.argv[2]) as connection:
    connection.execute("create table words (word text)")
    connection.execute("insert into words values ('stored')")
print(sqlite3.connect(sys.argv[2]).execute("select word from words").fetchone())
print(ssl.create_default_context().verify_mode.name, ssl.OPENSSL_VERSION.split()[0])
print(hashlib.sha256(b"").hexdigest()[:8], zlib.crc32(b"a"))
"""
    assert says(app, code, str(tmp_path / "words.db")).splitlines() == [
        "True", "2", "('stored',)", "CERT_REQUIRED OpenSSL", "e3b0c442 3904355907",
    ]  # fmt: skip


def test_compiling_and_tracing(app: Path) -> None:
    code = """
import traceback
try:
    import kit.failing
    kit.failing.fail()
except LookupError as error:
    print(traceback.extract_tb(error.__traceback__)[-1].filename)
print(eval("square(4)"))
"""
    assert says(app, code).splitlines() == [f"{app}/kit/failing.py", "16"]


def test_a_dump_of_core_names_what_is_mapped(app: Path, is_linked_in: bool) -> None:
    """What gdb, perf and py-spy go by: the maps of the process name what Python is in."""
    code = """
import ctypes
at = ctypes.cast(ctypes.pythonapi.Py_GetVersion, ctypes.c_void_p).value
for line in open("/proc/self/maps"):
    begin, _, end = line.split()[0].partition("-")
    if int(begin, 16) <= at < int(end, 16):
        print(line.split(maxsplit=5)[5], end="")
"""
    name = f"libpython{sys.version_info[0]}.{sys.version_info[1]}"
    told = says(app, code)
    assert told == str(app) if is_linked_in else name in told


def test_the_environment_that_it_hands_on(app: Path) -> None:
    code = "import os; print(sorted(os.environ))"
    assert says(app, code) == repr(sorted(environment()))
