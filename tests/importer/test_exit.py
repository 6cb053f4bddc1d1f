"""The end of an interpreter while others are still inside ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importer.workshop import Python, Workshop

ENDS = 12  # interpreters that are ended, each at another moment

# What a daemon thread is in the middle of when the interpreter ends.
WORK = {
    "importing": """
        def work():
            import importlib
            while True:
                for i in range(60): importlib.import_module(f"m{i}")
                for i in range(60): sys.modules.pop(f"m{i}", None)
    """,
    "inside a module": """
        def work():
            import waits
    """,
    "finding": """
        finder = signedvfs.zipimporter(PATH)
        def work():
            while True: finder.find_spec("m1"); finder.get_code("m1")
    """,
    "reading": """
        archive = signedvfs.open(PATH)
        def work():
            while True: archive.read("m1.py")
    """,
    "opening": """
        def work():
            while True: signedvfs.open(PATH)
    """,
    "verifying": """
        archive = signedvfs.open(PATH)
        def work():
            while True: archive.verify_all()
    """,
    "called back": """
        archive = signedvfs.open(PATH)
        def work():
            while True: archive.verify_all(lambda done, total: sum(range(50)))
    """,
    "refused": """
        archive = signedvfs.open(PATH)
        def work():
            while True:
                try: archive.read("missing")
                except signedvfs.IntegrityCheckMissing: pass
    """,
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_daemon_thread_does_not_spoil_the_end(
    workshop: Workshop, python: Python, work: str
) -> None:
    # CPython unwinds such threads up to 3.13, through whatever C++ has called Python, and parks
    # them from 3.14 on.
    files = {f"m{i}.py": "def f(a):\n    return a\n" * 40 for i in range(60)}
    files["waits.py"] = "import time\nwhile True: time.sleep(.0005)\n"
    path = workshop.zip("app.zip", files)
    for turn in range(ENDS):
        script = f"""
        import threading, time
        PATH = {str(path)!r}
        sys.path.insert(0, PATH)
        {work}
        threading.Thread(target=work, daemon=True).start()
        time.sleep({0.003 + turn * 0.004})
        """
        ended = python(script)
        assert ended.stderr == ""


@pytest.fixture(scope="session")
def slow_return(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("preloaded") / "slow_return.so"
    source = Path(__file__).with_name("slow_return.c")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python keeps the states itself")
@pytest.mark.parametrize("name", ["reading", "verifying", "called back", "refused"])
def test_no_thread_takes_the_gil_while_its_state_is_freed(
    workshop: Workshop,
    python: Python,
    slow_return: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    path = workshop.zip("app.zip", {"m1.py": "v = 1\n", "m2.py": "v = 2\n"})
    script = f"""
        import threading, time
        PATH = {str(path)!r}
        {WORK[name]}
        threading.Thread(target=work, daemon=True).start()
        time.sleep(.1)
    """
    monkeypatch.setenv("LD_PRELOAD", str(slow_return))
    for _ in range(3):
        ended = python(script, check=False)
        if not ended.stderr and ended.returncode == 0:
            pytest.skip("this interpreter's functions cannot be replaced: it is linked statically")
        assert (ended.stderr, ended.returncode) == ("slowed\n", 0)


def test_an_exit_function_may_join_a_thread_that_reads(workshop: Workshop, python: Python) -> None:
    # It was registered before ours, so it runs behind it.
    path = workshop.zip("app.zip", {"m1.py": "v = 1\n"})
    script = f"""
        import atexit, threading
        ended = threading.Event()
        def end():
            ended.set()
            reader.join()
            print("joined")
        atexit.register(end)
        {{preamble}}
        archive = signedvfs.open({str(path)!r})
        def read():
            while not ended.is_set(): archive.read("m1.py")
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
    """
    preamble = f"""import signedvfs
        signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))"""
    text = script.replace("{preamble}", preamble)
    assert python(text, hook=False).stdout == "joined\n"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="_interpreters: from 3.13 on")
def test_a_sub_interpreter_may_be_left_alive(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    inner = f"""
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
sys.path_hooks.insert(0, signedvfs.hook)
sys.path.insert(0, {str(path)!r})
import m
"""
    script = f"""
        sys.path.insert(0, {str(path)!r})
        import m, _interpreters
        for _ in range(2):
            child = _interpreters.create()
            failure = _interpreters.exec(child, {inner!r})
            assert failure is None, failure
        print("end")
    """
    # Python 3.15 says so, and an error at exit is one of the process.
    flags = ("-W", "ignore:remaining subinterpreters:RuntimeWarning")
    assert python(script, *flags).stdout == "end\n"


def test_imports_while_the_interpreter_ends(workshop: Workshop, python: Python) -> None:
    # atexit, and objects that are cleared when modules are: an import there succeeds or raises.
    path = workshop.zip("app.zip", {"m.py": "v = 1\n", "late.py": "v = 2\n"})
    script = f"""
        sys.path.insert(0, {str(path)!r})
        import atexit, m
        def last():
            import late
            print(late.v)
        atexit.register(last)
        class Late:
            loader = m.__loader__
            hook = signedvfs.hook
            def __del__(self):
                try:
                    self.loader.find_spec("late"), self.hook.in_use, repr(self.loader)
                except Exception:
                    pass
        sys.kept = Late()
        sys.modules["kept"] = Late()
        m.kept = Late()
    """
    assert python(script).stdout == "2\n"
