"""The module of the tools: in the same shared object as the core, and loaded when it is needed."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from pathlib import Path

import signedvfs
from signedvfs import _core, _tools

ROOT = str(Path(signedvfs.__file__).parents[1])


def run(script: str) -> str:
    """Runs `script` isolated (-I), with nothing but the package's directory on its path."""
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {ROOT!r})\n{script}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_it_lies_in_the_shared_object_of_the_core() -> None:
    assert _tools.__file__ == _core.__file__
    assert _tools.__name__ == "signedvfs._tools"
    assert _tools.__spec__ is not None and _tools.__spec__.origin == _core.__file__


def test_it_is_loaded_when_it_is_asked_for() -> None:
    script = """
import signedvfs
assert {"sign", "PrivateKey", "hook", "pack"} <= set(dir(signedvfs))
assert "signedvfs._tools" not in sys.modules
assert isinstance(signedvfs.PrivateKey.generate().public_key, signedvfs.PublicKey)
assert sys.modules["signedvfs._tools"] is signedvfs._tools
from signedvfs import sign
from signedvfs._tools import sign as same
print(sign is same is vars(signedvfs)["sign"])
"""
    assert run(script) == "True\n"


def test_what_is_not_there_is_not_there() -> None:
    assert not hasattr(signedvfs, "absent")
    assert not hasattr(signedvfs, "_check_validity")


def test_threads_that_ask_at_once_get_the_same() -> None:
    script = """
import threading
import signedvfs
start, got = threading.Barrier(8), []
def ask(number):
    start.wait()
    name = ("sign", "PrivateKey")[number % 2]
    got.append((name, id(getattr(signedvfs, name))))
threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(len(got), len(set(got)))
"""
    assert run(script) == "8 2\n"


def _fingerprint(answers: multiprocessing.Queue[int]) -> None:
    answers.put(len(signedvfs.PrivateKey.generate().public_key.fingerprint))


def test_children_have_it() -> None:
    for context in (
        multiprocessing.get_context("spawn"),
        multiprocessing.get_context("forkserver"),
    ):
        answers = context.Queue()
        child = context.Process(target=_fingerprint, args=(answers,))
        child.start()
        assert answers.get(timeout=60) == 64
        child.join()


def test_a_forked_child_has_it() -> None:
    script = """
import os, signedvfs
child = os.fork()
if child == 0:
    os._exit(len(signedvfs.PrivateKey.generate().public_key.fingerprint))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(script) == "64\n"


def test_threads_that_trust_keys_at_once_lose_none() -> None:
    keys = [signedvfs.PrivateKey.generate().public_key for _ in range(32)]
    before = signedvfs.get_policy(), signedvfs.get_limits()
    start = threading.Barrier(len(keys))

    def trust(key: signedvfs.PublicKey) -> None:
        start.wait()
        signedvfs.trust(key)

    try:
        threads = [threading.Thread(target=trust, args=(key,)) for key in keys]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert set(keys) <= set(signedvfs.get_policy().keys)
    finally:
        signedvfs.set_policy(*before)
