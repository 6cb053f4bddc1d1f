"""Code at the top of a start-up script, which verifies signedvfs before anything is imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import TrustPolicy, _core, get_bootstrap_code
from tests.support.frozen import FROZEN
from tests.support.native import PRELOADS

SHA = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
EVIL = "print('EVIL')\nv = 'EVIL'\n"
OUTCOME = """
import sys
core = sys.modules["signedvfs._core"]
def outcome(name):
    try:
        __import__(name)
        return getattr(sys.modules[name], "v", "imported")
    except Exception as error:
        return type(error).__name__
"""


class Programs:
    """Makes and starts programs that begin with bootstrap code.

    `library` holds a copy of signedvfs, of which `manifest` is the detached manifest; `app` is a
    signed directory, and `evil` one that nobody has signed.
    """

    def __init__(self, directory: Path, key: signedvfs.PrivateKey) -> None:
        self.directory, self.key = directory, key
        self.library, self.app = directory / "library", directory / "app"
        self.evil, self.manifest = directory / "evil", directory / "library.manifest"
        package = Path(signedvfs.__file__).parent
        ignore = shutil.ignore_patterns("__pycache__", "packaging", "*.pyi")
        shutil.copytree(package, self.library / "signedvfs", ignore=ignore)
        self.native = self.library / "signedvfs" / Path(_core.__file__ or "").name
        shutil.copyfile(_core.__file__ or "", self.native)
        signedvfs.sign(self.library, key, detached=self.manifest)
        for place, text in ((self.app, "v = 'signed'\n"), (self.evil, EVIL)):
            place.mkdir()
            (place / ("m.py" if place == self.app else "unsigned.py")).write_text(text)
        signedvfs.sign(self.app, key)
        self.paths = f"import sys\nsys.path[:0] = {[str(self.library), str(self.app)]!r}\n"

    def code(self, **given: Any) -> str:
        """Return bootstrap code for the copy of signedvfs; what is not given fits every Python."""
        given.setdefault("policy", TrustPolicy([self.key.public_key], preloads=PRELOADS))
        given.setdefault("native", self.native)
        given.setdefault("trust_dynload", True)
        if "stdlib" not in given:
            given.setdefault("trust_stdlib_paths", True)
        given.setdefault("manifests", [(self.manifest, self.library)])
        return get_bootstrap_code([], **given)

    def start(
        self,
        text: str,
        *,
        flags: tuple[str, ...] = ("-I", "-S"),
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program, whatever becomes of it. Nothing of an attacker may have run in it."""
        program = self.directory / "program.py"
        program.write_text(text)
        done = subprocess.run(
            [python, *flags, *FROZEN, str(program)],
            capture_output=True, text=True, timeout=120, check=False, cwd=self.evil,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        assert "EVIL" not in done.stdout
        return done

    def run(self, text: str, **options: Any) -> list[str]:
        """Run a program that has to succeed, and return the lines that it prints."""
        done = self.start(text, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def refused(self, text: str, **options: Any) -> str:
        """Run a program that has to end in its first lines, and return why it did."""
        done = self.start(text + "\nprint('went on')\n", **options)
        assert (done.returncode, done.stdout) == (126, ""), done.stdout + done.stderr
        assert done.stderr.startswith("signedvfs: the process ends")
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def programs(tmp_path: Path, key: signedvfs.PrivateKey) -> Programs:
    return Programs(tmp_path, key)


def test_what_is_signed_runs(programs: Programs) -> None:
    lines = programs.run(
        f"""{programs.code()}{programs.paths}{OUTCOME}
sys.path.append({str(programs.evil)!r})
print(outcome("m"), outcome("unsigned"), outcome("nowhere"), outcome("signedvfs"))
import signedvfs, colorsys, os
print(type(signedvfs.__loader__).__module__, os.path.realpath("/"))
print(signedvfs._core is core, hasattr(core, "__file__"), "signedvfs_boot" in globals())
print(core._installed_managers()[0].locked)
"""
    )
    assert lines == [
        "signed IntegrityCheckMissing ModuleNotFoundError imported",
        "signedvfs /",
        "True False False",
        "False",
    ]


def _with_both_built_in() -> str | None:
    probe = f"import sys; print((sys.hexversion >> 16, sys.abiflags), {{'fcntl', {SHA!r}}} <= set("
    probe += "sys.builtin_module_names))"
    named = "python{}.{}".format(*sys.version_info)
    for python in (sys.executable, f"/usr/bin/{named}", shutil.which(named)):
        if python is None or not Path(python).exists():
            continue
        told = subprocess.run([python, "-I", "-c", probe], capture_output=True, text=True)
        if told.stdout.strip() == f"{(sys.hexversion >> 16, sys.abiflags)} True":
            return python
    return None


def test_an_interpreter_that_has_all_built_in(programs: Programs) -> None:
    python = _with_both_built_in()
    if python is None:
        pytest.skip(f"no Python of this version here has fcntl and {SHA} built in")
    code = programs.code(trust_dynload=False)
    assert "dynload" not in code.replace("trust_dynload=True", "")
    lines = programs.run(f"{code}{programs.paths}{OUTCOME}print(outcome('m'))", python=python)
    assert lines == ["signed"]


@pytest.mark.parametrize("missing", ["fcntl", SHA])
def test_what_is_not_built_in_is_not_looked_for(programs: Programs, missing: str) -> None:
    without = f"import sys\nnames = [n for n in sys.builtin_module_names if n != {missing!r}]\n"
    without += "sys.builtin_module_names = tuple(names)\n"
    (programs.evil / f"{missing}.py").write_text(EVIL)
    path = f"sys.path.insert(0, {str(programs.evil)!r})\n"
    reason = programs.refused(without + path + programs.code(trust_dynload=False))
    assert "is not built into this Python: use Debian's, or trust_dynload=True" in reason


LOOKING = """
import sys
seen = []
def hear(event, arguments):
    if event in ("import", "open", "exec", "compile"):
        seen.append((event, *arguments[:2]))
sys.addaudithook(hear)
sys.meta_path.clear()
sys.path[:] = [{evil!r}]
"""


def test_nothing_else_is_imported_before(programs: Programs) -> None:
    # No finder is needed, and no file of the path is looked at.
    for name in ("fcntl", SHA, "atexit", "posix", "signedvfs", "os", "_core"):
        (programs.evil / f"{name}.py").write_text(EVIL)
    looking = LOOKING.format(evil=str(programs.evil))
    after = "print(*seen, sep='\\n')\nprint('ran')\n"
    lines = programs.run(looking + programs.code() + after)
    assert lines.pop() == "ran"
    seen = [eval(line) for line in lines]
    names = [entry[1] for entry in seen if entry[0] == "import"]
    allowed = {*sys.builtin_module_names, "fcntl", SHA, "signedvfs._core"}
    assert set(names) <= allowed
    at = names.index("signedvfs._core")
    assert set(names[:at]) <= {"fcntl", SHA}
    loaded = {entry[1]: entry[2] for entry in seen if entry[0] == "import" and entry[2]}
    assert loaded.pop("signedvfs._core").startswith("/proc/self/fd/")
    assert all("/lib-dynload/" in path for path in loaded.values())
    opened = [entry[1] for entry in seen if entry[0] == "open"]
    assert str(programs.native) in opened
    assert [entry for entry in seen if entry[0] == "compile"] == []


@pytest.mark.parametrize(
    "change", ["byte", "longer", "shorter", "empty", "missing", "directory", "pipe"]
)
def test_a_native_half_that_was_changed(programs: Programs, change: str) -> None:
    code, native = programs.code(), programs.native
    content = bytearray(native.read_bytes())
    native.unlink()
    if change == "byte":
        content[len(content) // 2] ^= 1
    elif change == "longer":
        content += b"\0"
    elif change == "shorter":
        del content[-1:]
    elif change == "empty":
        content.clear()
    if change == "directory":
        native.mkdir()
    elif change == "pipe":
        os.mkfifo(native)
    elif change != "missing":
        native.write_bytes(content)
    reason = programs.refused(code)
    if change not in ("missing", "directory"):
        assert f"{native} was changed: install signedvfs" in reason
    else:
        assert "Error" in reason


# Functions of posix are called at known points: an attacker's process acts at exactly these.
ATTACK = """
import posix
def other_process(act):
    pid = posix.fork()
    if not pid:
        try:
            act()
        except OSError:
            posix._exit(1)
        posix._exit(0)
    return posix.WEXITSTATUS(posix.waitpid(pid, 0)[1])
def memory_of(parent):
    for name in posix.listdir(f"/proc/{parent}/fd"):
        path = f"/proc/{parent}/fd/{name}"
        try:
            if "memfd:signedvfs" in posix.readlink(path):
                return path
        except OSError:
            pass
    raise SystemExit("there is no memory")
me = posix.getpid()
def write():
    posix.pwrite(posix.open(memory_of(me), posix.O_RDWR), b"EVIL" * 100, 4096)
def cut():
    posix.open(memory_of(me), posix.O_RDWR | posix.O_TRUNC)
def grow():
    posix.pwrite(posix.open(memory_of(me), posix.O_RDWR), b"E", 1 << 25)
"""


def test_memory_that_another_process_writes_to_after_the_check(programs: Programs) -> None:
    attack = f"""{ATTACK}
plain = posix.pread
told = []
def swap():
    posix.unlink({str(programs.native)!r})
def pread(*arguments):
    content = plain(*arguments)
    told.extend(other_process(act) for act in (write, cut, grow, swap))
    return content
posix.pread = pread
"""
    after = f"posix.pread = plain\nprint(*told)\n{programs.paths}{OUTCOME}print(outcome('m'))\n"
    assert programs.run(attack + programs.code() + after) == ["1 1 1 0", "signed"]
    assert not programs.native.exists()


@pytest.mark.parametrize("act", ["write", "cut", "grow"])
def test_memory_that_another_process_writes_to_before_it_is_sealed(
    programs: Programs, act: str
) -> None:
    # `close` is called between the copy and the seals
    attack = f"""{ATTACK}
plain = posix.close
def close(descriptor):
    plain(descriptor)
    if other_process({act}):
        raise SystemExit("the attack has failed by itself")
posix.close = close
"""
    assert "was changed" in programs.refused(attack + programs.code())


def test_what_is_imported_already(programs: Programs) -> None:
    before = "import colorsys\n"
    reason = programs.refused(before + programs.code())
    assert "'colorsys' was imported before" in reason
    assert "-I -S" in reason
    named = programs.code(check_modules=iter(["colorsys"]))
    assert programs.run(before + named + "print('ran')") == ["ran"]
    # The stub goes by names, the manager by what is behind them.
    posing = "import sys\nsys.modules['encodings.x'] = m = type(sys)('encodings.x')\n"
    posing += f"m.__file__ = {str(programs.evil / 'x.py')!r}\n"
    assert "'encodings.x' from" in programs.refused(posing + programs.code())


def test_an_environment_of_an_attacker(programs: Programs) -> None:
    (programs.evil / "sitecustomize.py").write_text("v = 1\n")
    environment = {"PYTHONPATH": str(programs.evil)}
    start: dict[str, Any] = {"flags": (), "environment": environment}
    assert "was imported before" in programs.refused(programs.code(), **start)
    (programs.evil / "sitecustomize.py").write_text(
        "import sys\nsys.modules.pop('sitecustomize', 0)\n"
    )
    code = programs.code()
    assert "start Python with -I" in programs.refused(code, flags=("-S",), environment=environment)
    # -I is enough to keep it out
    lines = programs.run(code + "print('ran')", environment=environment)
    assert lines == ["ran"]


def test_the_python_half_is_trusted_by_no_path(programs: Programs) -> None:
    # The native half was read from the very directory that its Python half is in.
    code = programs.code(manifests=())
    (programs.library / "signedvfs" / "__init__.py").write_text(EVIL)
    (programs.library / "signedvfs" / "doors.py").write_text(EVIL)
    lines = programs.run(
        f"""{code}{programs.paths}{OUTCOME}
sys.path.append("/proc/self/fd")
print(outcome("signedvfs"), outcome("signedvfs.doors"))
"""
    )
    assert lines == ["IntegrityCheckMissing IntegrityCheckMissing"]
    changed = f"{programs.code(manifests=())}{programs.paths}import signedvfs.doors\n"
    done = programs.start(changed)
    assert done.returncode == 1
    assert "IntegrityCheckMissing" in done.stderr


def test_a_python_half_that_was_changed(programs: Programs) -> None:
    code = programs.code()
    (programs.library / "signedvfs" / "__init__.py").write_text(EVIL)
    lines = programs.run(f"{code}{programs.paths}{OUTCOME}print(outcome('signedvfs'))")
    assert lines == ["IntegrityCheckFailed"]


def test_the_application_brings_the_python_half(programs: Programs) -> None:
    shutil.copytree(programs.library / "signedvfs", programs.app / "signedvfs")
    (programs.app / "signedvfs" / programs.native.name).unlink()
    signedvfs.sign(programs.app, programs.key)
    code = programs.code(manifests=())
    path = f"import sys\nsys.path.insert(0, {str(programs.app)!r})\n"
    lines = programs.run(f"{code}{path}{OUTCOME}import os, signedvfs\nprint(outcome('m'))")
    assert lines == ["signed"]


def test_several_programs_have_one_library(programs: Programs, tmp_path: Path) -> None:
    # each with its own key and bootstrap code, as the executables of one directory were
    other, manifest = signedvfs.PrivateKey.generate(), tmp_path / "other.manifest"
    signedvfs.sign(programs.library, other, detached=manifest)
    signedvfs.sign(programs.app, other, keep_signatures=True)
    policy = TrustPolicy([other.public_key], preloads=PRELOADS)
    second = programs.code(policy=policy, manifests=[(manifest, programs.library)])
    end = f"{programs.paths}{OUTCOME}import signedvfs\nprint(outcome('m'))"
    assert programs.run(programs.code() + end) == programs.run(second + end) == ["signed"]
    (programs.app / "m.py").write_text(EVIL)
    assert programs.run(programs.code() + end) != ["signed"]
    assert programs.run(second + end) != ["signed"]


def test_a_manifest_that_was_changed(programs: Programs) -> None:
    code = programs.code()
    programs.manifest.write_bytes(programs.manifest.read_bytes().replace(b"_core", b"_evil"))
    assert "IntegrityCheckFailed: " in programs.refused(code)


def test_the_library_is_verified_too(programs: Programs, tmp_path: Path) -> None:
    manifest = tmp_path / "python.manifest"
    signedvfs.sign_stdlib(manifest, programs.key)
    (programs.evil / "plugin.py").write_text(EVIL)
    metadata = programs.app / "app-1.5.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: app\nVersion: 1.5\n")
    signedvfs.sign(programs.app, programs.key)
    code = programs.code(stdlib=manifest, lockdown=True, lock=True, check_modules=[])
    lines = programs.run(
        f"""{code}{programs.paths}{OUTCOME}
import colorsys, importlib.metadata, runpy, signedvfs
print(type(colorsys.__loader__).__module__, core._installed_managers()[0].locked)
print(importlib.metadata.version("app"))
import ctypes, lzma  # what these need of the system the manager of such a program allows as well
print(ctypes.sizeof(ctypes.c_char), lzma.decompress(lzma.compress(b"text")))
try:
    runpy.run_path({str(programs.evil / "plugin.py")!r})
except signedvfs.IntegrityCheckMissing as error:
    print("refused")
"""
    )
    assert lines == ["signedvfs True", "1.5", "1 b'text'", "refused"]


def test_installed_packages(programs: Programs, tmp_path: Path, monkeypatch: Any) -> None:
    # The directories are written down when the code is made.
    monkeypatch.setattr("site.getsitepackages", lambda: [str(programs.library)])
    manifest = tmp_path / "site.manifest"
    signedvfs.sign_stdlib(manifest, programs.key, stdlib=False, site=True)
    code = programs.code(manifests=(), site=manifest)
    lines = programs.run(f"{code}{programs.paths}{OUTCOME}print(outcome('signedvfs.doors'))")
    assert lines == ["imported"]


def test_what_such_a_process_does_not_do(programs: Programs) -> None:
    lines = programs.run(
        f"""{programs.code()}{programs.paths}{OUTCOME}
import multiprocessing, signedvfs
for method in ("spawn", "fork"):
    process = multiprocessing.get_context(method).Process(target=print, args=("child",))
    try:
        process.start()
        process.join()
        print(method, process.exitcode)
    except RuntimeError as error:
        print(str(error)[:46])
print(outcome("signedvfs._tools"))
""",
    )
    expected = ["signedvfs was verified by bootstrap code here,", "child", "fork 0", "ImportError"]
    assert sorted(lines) == sorted(expected)


@pytest.mark.parametrize("indent", ["    ", "\t"])
def test_it_stands_where_it_is_put(programs: Programs, indent: str) -> None:
    code = programs.code(indent=indent)
    assert all(line.startswith(indent) for line in code.splitlines())
    for head in ("if True:", "class Main:", "def main():", "try:"):
        tail = {"def main():": "main()", "try:": "finally: pass"}.get(head, "")
        assert programs.run(f"{head}\n{code}{tail}\nprint('ran')") == ["ran"]


def test_paths_of_all_kinds(programs: Programs) -> None:
    strange = programs.directory / os.fsdecode(b"\xc3\xa9'\"\n{x}\\ \xff")
    programs.library = programs.library.rename(strange)
    native = strange / "signedvfs" / programs.native.name
    code = programs.code(native=native, check_modules=["é", "a.b"])
    assert code.isascii()
    path = f"import sys\nsys.path.insert(0, {str(strange)!a})\n"
    lines = programs.run(f"{code}{path}{OUTCOME}print(outcome('signedvfs'))")
    assert lines == ["imported"]
    native.write_bytes(b"")
    assert "was changed" in programs.refused(code)


def test_it_is_for_one_python(programs: Programs) -> None:
    mine = repr((sys.hexversion >> 16, sys.abiflags))
    code = programs.code()
    assert mine in code
    for other in (f"({(sys.hexversion >> 16) + 1}, {sys.abiflags!r})", mine[:-1] + "+ 'x')"):
        assert "not for this Python" in programs.refused(code.replace(mine, other))


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"indent": "# "}, ValueError, "spaces and tabs"),
        ({"mode": "audit"}, TypeError, "mode is no option"),
        ({"check_modules": False}, ValueError, "list of names"),
        ({"check_modules": "json"}, ValueError, "list of names"),
        ({"policy": TrustPolicy(now=1)}, ValueError, "goes by the clock"),
        ({"limits": object()}, ValueError, "no literal"),
        ({"native": "/bin/sh"}, ValueError, "no native module"),
        ({"native": "/nowhere/_core.so"}, FileNotFoundError, "nowhere"),
        ({"stdlib": "/a", "trust_stdlib_paths": True}, ValueError, "give one of them"),
        ({"virtual_files": 7}, TypeError, "virtual_files"),
        ({"manifests": [("/nowhere/a", "/")]}, signedvfs.IntegrityCheckMissing, "nowhere"),
    ],
)
def test_what_cannot_be_written_down(
    programs: Programs, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        programs.code(**given)


def test_it_is_made_for_what_the_key_has_signed(
    programs: Programs, other_key: signedvfs.PrivateKey
) -> None:
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        programs.code(policy=TrustPolicy([other_key.public_key]))
