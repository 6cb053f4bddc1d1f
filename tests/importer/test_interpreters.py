"""Interpreters in one process, by the standard library's own modules (PEP 734, Python 3.14)."""

from __future__ import annotations

import sys

import pytest

from tests.importer.workshop import Files, Python, Workshop

pytestmark = pytest.mark.skipif(sys.version_info < (3, 14), reason="no concurrent.interpreters yet")

FILES: Files = {
    "m.py": "value = 'genuine'\n",
    "late.py": "value = 'genuine'\n",
    # A function that is handed to another interpreter has its names looked up in `__main__` there.
    "pkg/__init__.py": "def work(x):\n    from pkg import part\n    return part.double(x)\n",
    "pkg/part.py": "def double(number):\n    return 2 * number\n",
    "pkg/data.txt": "verified",
}

# What an interpreter is told first: it has no hook, and trusts nobody, of its own accord.
START = """
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({public!r}))
signedvfs.hook.install()
sys.path.insert(0, {path!r})
"""


def test_imports_from_an_archive(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES)
    start = START.format(public=str(workshop.public_path), path=str(path))
    inner = start + (
        "import m, pkg.part\n"
        "from importlib import resources\n"
        "assert m.value == 'genuine'\n"
        "assert type(m.__loader__) is signedvfs.zipimporter\n"
        "assert resources.files('pkg').joinpath('data.txt').read_text() == 'verified'\n"
    )
    script = f"""
        from concurrent import interpreters
        alive = [interpreters.create() for _ in range(3)]
        for one in alive:
            one.exec({inner!r})
        for one in alive:
            one.close()
        assert "m" not in sys.modules
        sys.path.insert(0, {str(path)!r})
        import m
        print(m.value)
    """
    assert python(script).stdout == "genuine\n"


def test_refuses_in_each_for_itself(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES, compression=0)
    start = START.format(public=str(workshop.public_path), path=str(path))
    script = f"""
        from concurrent import interpreters
        first, second = interpreters.create(), interpreters.create()
        first.exec({start!r})
        first.exec("import m")
        with open({str(path)!r}, "rb") as file:
            data = file.read()
        with open({str(path)!r}, "wb") as file:
            file.write(data.replace(b"genuine", b"forgery"))
        for one in (first, second):
            try:
                one.exec({start!r} + "import late")
            except interpreters.ExecutionFailed as error:
                print(error.excinfo.type.__name__)
        first.exec("assert m.value == 'genuine'")
        first.close()
        second.close()
    """
    assert python(script).stdout == "IntegrityCheckFailed\n" * 2


def test_nobody_is_trusted_at_first(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES)
    script = f"""
        from concurrent import interpreters
        other = interpreters.create()
        try:
            other.exec("import sys, signedvfs; signedvfs.hook.install()\\n"
                       "sys.path.insert(0, {str(path)!r})\\nimport m")
        except interpreters.ExecutionFailed as error:
            print(error.excinfo.type.__name__)
        other.close()
    """
    assert python(script).stdout == "IntegrityCheckMissing\n"


def test_at_once_in_threads(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", {**FILES, **{f"m{i}.py": f"v = {i}\n" for i in range(40)}})
    start = START.format(public=str(workshop.public_path), path=str(path))
    inner = start + "".join(f"import m{i}\nassert m{i}.v == {i}\n" for i in range(40))
    script = f"""
        import threading
        from concurrent import interpreters
        failures = []
        def work():
            try:
                for _ in range(3):
                    one = interpreters.create()
                    one.exec({inner!r})
                    one.close()
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert not failures, failures
        print("done")
    """
    assert python(script).stdout == "done\n"


def test_calls_and_results_cross_over(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES)
    start = START.format(public=str(workshop.public_path), path=str(path))
    script = f"""
        from concurrent import interpreters
        from concurrent.futures import InterpreterPoolExecutor
        sys.path.insert(0, {str(path)!r})
        import pkg
        one = interpreters.create()
        one.exec({start!r})
        print(one.call(pkg.work, 4))
        one.close()
        with InterpreterPoolExecutor(2, initializer=exec, initargs=({start!r},)) as pool:
            print(list(pool.map(pkg.work, range(5))))
    """
    assert python(script).stdout == "8\n[0, 2, 4, 6, 8]\n"
