"""Threads, fork and sub-interpreters."""

from __future__ import annotations

import sys
import threading

import pytest

from tests.importer.native.foundry import HAS_GIL
from tests.importer.workshop import Importing, Python, Workshop


def test_threads_import_each_module_once(workshop: Workshop, importing: Importing) -> None:
    # T1, I18: one archive, many threads, no name twice, nothing missing
    names = [f"mod{i}" for i in range(60)]
    files = {f"{name}.py": "import runs\nruns.runs.append(__name__)\nv = 1\n" for name in names}
    files["runs.py"] = "runs = []\n"
    path = workshop.zip("app.zip", files)
    importing.put(path)
    start = threading.Barrier(8)
    errors: list[BaseException] = []

    def work(turn: int) -> None:
        try:
            start.wait()
            for name in names[turn:] + names[:turn]:
                assert importing.module(name).v == 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(turn * 7,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert sorted(importing.module("runs").runs) == sorted(names)


def test_circular_imports_in_two_threads(workshop: Workshop, python: Python) -> None:
    # T2: no lock of ours is held while Python runs
    path = workshop.zip(
        "app.zip",
        {
            "a.py": "import time; time.sleep(.05); import b\n",
            "b.py": "import time; time.sleep(.05); import a\n",
        },
    )
    script = f"""
        import threading
        sys.path.insert(0, {str(path)!r})
        threads = [threading.Thread(target=__import__, args=(name,)) for name in "ab"]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print(sorted(set(sys.modules) & {{"a", "b"}}))
    """
    assert python(script, timeout=60).stdout == "['a', 'b']\n"


@pytest.mark.usefixtures("importing")
def test_threads_open_and_refuse_together(workshop: Workshop) -> None:
    # I18: everybody gets the same answer, whoever opened first
    good = workshop.zip("good.zip", {"m.py": "v = 1\n"})
    bad = workshop.plain_zip("bad.zip", {"m.py": "v = 1\n"})
    import signedvfs

    answers: list[object] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for path in (good, bad):
            try:
                answers.append(signedvfs.zipimporter(str(path)).get_data("m.py"))
            except signedvfs.IntegrityCheckMissing as error:
                answers.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["NoManifest"] * 8 + [str(b"v = 1\n")] * 8


@pytest.mark.skipif(not hasattr(sys, "fork") and sys.platform != "linux", reason="needs fork")
def test_fork_while_threads_import(workshop: Workshop, python: Python) -> None:
    # I19, X9: a child of fork imports at once, whatever its parent's threads were doing
    files = {f"m{i}.py": f"v = {i}\n" for i in range(50)}
    path = workshop.zip("app.zip", files)
    # In the child of a process without a GIL a dict or list that other threads were waiting for
    # can be locked for ever (python/cpython#133130): there they share none, neither globals nor
    # sys.path_hooks.
    script = f"""
        import importlib, os, threading, warnings
        warnings.simplefilter("ignore")
        path = {str(path)!r}
        sys.path.insert(0, path)

        def main(hook, load):
            stop = threading.Event()

            def work():
                finder = hook(path)
                while not stop.is_set():
                    if {HAS_GIL}:
                        finder = hook(path)
                    finder.find_spec("m1")
                    finder.invalidate_caches()
                    finder.get_data("m2.py")

            threads = [threading.Thread(target=work) for _ in range(4)]
            [thread.start() for thread in threads]
            for turn in range(60):
                child = os.fork()
                if child == 0:
                    module = load(f"m{{turn % 50}}")
                    os._exit(0 if module.v == turn % 50 else 1)
                assert os.waitpid(child, 0)[1] == 0
            stop.set()
            [thread.join() for thread in threads]

        main(signedvfs.hook, importlib.import_module)
        print("done")
    """
    assert python(script, timeout=120).stdout == "done\n"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="interpreters with a GIL of their own")
def test_sub_interpreters_trust_for_themselves(workshop: Workshop, python: Python) -> None:
    # T3: the module loads in an interpreter with its own GIL; its hook trusts nobody at first
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    inner = f"""
import sys, signedvfs
sys.path_hooks.insert(0, signedvfs.hook)
sys.path.insert(0, {str(path)!r})
try:
    import m
except signedvfs.IntegrityCheckMissing:
    pass
else:
    raise AssertionError("trusted without a key")
signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
import m
assert m.v == 1
"""
    script = f"""
        sys.path.insert(0, {str(path)!r})
        import m
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        for _ in range(3):
            child = interpreters.create()
            failure = interpreters.run_string(child, {inner!r})
            assert failure is None, failure
            interpreters.destroy(child)
        import importlib
        assert importlib.reload(m).v == 1
        print("done")
    """
    assert python(script).stdout == "done\n"
