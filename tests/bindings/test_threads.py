"""Many threads at once, Ctrl-C, and other interpreters in the same process."""

from __future__ import annotations

import concurrent.futures
import importlib
import os
import signal
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

import signedvfs

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

FILES = {f"member{number}.bin": bytes([number]) * (1 + 997 * number) for number in range(64)}


# I18: one archive, many threads.
def test_threads_open_and_read_at_once(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    archive = signed_archive(FILES)
    shared = signedvfs.open(archive, policy)

    def work(number: int) -> dict[str, bytes]:
        vfs = shared if number % 2 else signedvfs.open(archive, policy)
        vfs.verify_all()
        return {name: vfs.read(name) for name in vfs.list()}

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(24))) == [FILES] * 24


def test_reading_lets_other_threads_run(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive({"big": bytes(16 << 20)}, method="stored"), policy)
    interval = sys.getswitchinterval()
    # No thread is ever asked to hand over the GIL, so another one runs only where it is given up.
    sys.setswitchinterval(1000)
    try:
        for _ in range(100):
            steps: list[str] = []
            wake = threading.Lock()
            wake.acquire()

            def other(wake: threading.Lock = wake, steps: list[str] = steps) -> None:
                wake.acquire()
                steps.append("other")

            thread = threading.Thread(target=other)
            thread.start()
            wake.release()
            vfs.read("big")
            steps.append("read")
            thread.join()
            if steps == ["other", "read"]:
                return
    finally:
        sys.setswitchinterval(interval)
    pytest.fail("no other thread ran while a member was read")


def test_progress_may_use_the_archive_from_another_thread(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES), policy)
    read: list[bytes] = []

    def look(_done: int, _total: int) -> None:
        thread = threading.Thread(target=lambda: read.append(vfs.read("member1.bin")))
        thread.start()
        thread.join()

    vfs.verify_all(look)
    assert set(read) == {FILES["member1.bin"]}


def test_ctrl_c_ends_long_work(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive({f"{n}": b"" for n in range(5000)}), policy)
    # A progress function that runs no Python code: whoever notices the signal, it is the work.
    seen: dict[int, int] = {}

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            vfs.verify_all(seen.__setitem__)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(seen) < 5000
    vfs.verify_all()


_IN_ANOTHER_INTERPRETER = """
import sys
sys.path.insert(0, {root!r})
import signedvfs
assert signedvfs.get_policy().keys == (), "trust is each interpreter's own"
key = eval({key!r})
calls = []
policy = signedvfs.TrustPolicy(key, now=lambda: calls.append(1) or 2_000_000_000)
vfs = signedvfs.open({archive!r}, policy)
vfs.verify_all(lambda done, total: calls.append(done))
assert calls == [1, *calls[1:]] and len(calls) > 1, calls
assert vfs.read("member3.bin") == bytes([3]) * 2992
try:
    vfs.read("absent")
except signedvfs.IntegrityCheckMissing as error:
    assert error.member == "absent"
else:
    raise AssertionError("read what is not there")
signedvfs.trust(key)
assert isinstance(signedvfs.PrivateKey.generate().public_key, signedvfs.PublicKey)
"""


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="free-threaded Python only"
)
def test_the_gil_stays_off() -> None:
    # Importing an extension module that does not say that it is ready puts the GIL back.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    script = "import signedvfs, sys; print(sys._is_gil_enabled())"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"
    is_enabled: Any = vars(sys)["_is_gil_enabled"]
    assert not is_enabled()  # in the process that runs the other tests


def _interpreters() -> Any:
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    return importlib.import_module(name)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="interpreters with their own GIL: PEP 684")
@pytest.mark.usefixtures("clean_import_state")
def test_interpreters_with_their_own_gil_use_signedvfs(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    interpreters = _interpreters()
    code = _IN_ANOTHER_INTERPRETER.format(
        root=str(Path(signedvfs.__file__).parents[1]),
        key=repr(key.public_key),
        archive=str(signed_archive(FILES)),
    )
    signedvfs.set_policy(signedvfs.TrustPolicy())
    for _ in range(3):
        interpreter = interpreters.create()
        try:
            failure = interpreters.run_string(interpreter, code)
        finally:
            interpreters.destroy(interpreter)
        assert failure is None
    assert signedvfs.get_policy().keys == ()
    assert signedvfs.PublicKey.from_pem(key.public_key.pem) == key.public_key


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="other interpreters are welcome: PEP 684")
def test_older_pythons_refuse_in_other_interpreters_instead_of_hanging() -> None:
    interpreters = _interpreters()
    code = f"""
import sys
sys.path.insert(0, {str(Path(signedvfs.__file__).parents[1])!r})
try:
    import signedvfs
except ImportError as error:
    assert "main interpreter" in str(error), error
else:
    raise AssertionError("imported")
"""
    interpreter = interpreters.create()
    try:
        interpreters.run_string(interpreter, code)
    finally:
        interpreters.destroy(interpreter)
    assert signedvfs.TrustPolicy().keys == ()
