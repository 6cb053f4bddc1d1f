"""Children of a process that has loaded modules, or is about to."""

from __future__ import annotations

import subprocess

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import HAS_GIL, SUFFIX, alike, extension, library
from tests.importer.workshop import Files

COUNT = 60


def many() -> Files:
    needed = library("say", "library", soname="libsay.so")
    return {
        **{f"p{i}/_m{SUFFIX}": content for i, content in enumerate(alike(COUNT + 10))},
        f"user{SUFFIX}": extension("user", calls="say", needs={"libsay.so": needed}),
        "user.libs/libsay.so": needed,
        "work.py": (
            "def work(number):\n"
            "    import importlib, user\n"
            "    return importlib.import_module(f'p{number}._m').value() + user.value()\n"
        ),
    }


def test_after_fork_both_go_on(child: Child, app: App) -> None:
    script = f"""
        import importlib, os
        def use(number):
            assert importlib.import_module(f"p{{number}}._m").value() == f"number {{number:03}}"
        use(0)
        for generation in range(1, 5):
            pid = os.fork()
            if pid:
                _, status = os.waitpid(pid, 0)
                assert status == 0, status
                for number in range({COUNT}):
                    use(number)
                os._exit(0)
            # What the parent has loaded is found again, and what it has not, anew.
            for number in range(0, {COUNT}, generation):
                use(number)
                del sys.modules[f"p{{number}}._m"]
                use(number)
    """
    child.run(script, app(many()))


def test_fork_while_another_thread_imports(child: Child, app: App) -> None:
    """The child imports others: importlib never gives back the lock of a name that it inherits."""
    script = f"""
        import importlib, os, threading, warnings
        warnings.simplefilter("ignore")
        done = threading.Event()
        def importing():
            for round in range(3):
                for number in range({COUNT}):
                    importlib.import_module(f"p{{number}}._m")
                    del sys.modules[f"p{{number}}._m"]
            done.set()
        thread = threading.Thread(target=importing)
        thread.start()
        children = 0
        while not done.is_set() or not children:
            pid = os.fork()
            if pid == 0:
                import faulthandler
                faulthandler.dump_traceback_later(60, exit=True)
                for number in range({COUNT}, {COUNT} + 10):
                    value = importlib.import_module(f"p{{number}}._m").value()
                    assert value == f"number {{number:03}}", value
                import user
                os._exit(user.value() != "library")
            _, status = os.waitpid(pid, 0)
            assert status == 0, (children, status)
            children += 1
        thread.join()
        print(children)
    """
    assert int(child.run(script, app(many()))) > 0


def test_pools_of_processes(child: Child, app: App) -> None:
    """spawn and forkserver hand the policy over, with all that it says about libraries."""
    path = app(many())
    for method in ("fork", "spawn", "forkserver"):
        script = f"""
            import multiprocessing, warnings
            warnings.simplefilter("ignore")
            signedvfs.hook.install()
            if __name__ == "__main__":
                import work
                context = multiprocessing.get_context({method!r})
                with context.Pool(2) as pool:
                    found = pool.map(work.work, range(10))
                assert found == [f"number {{i:03}}library" for i in range(10)], found
        """
        child.run(script, path)


def test_threads_import_at_once(child: Child, app: App) -> None:
    script = f"""
        import importlib, random, threading
        failures = []
        def work(seed, barrier=threading.Barrier(8)):
            try:
                order = list(range({COUNT}))
                random.Random(seed).shuffle(order)
                barrier.wait()
                for number in order:
                    module = importlib.import_module(f"p{{number}}._m")
                    assert module.value() == f"number {{number:03}}"
                    import user
                    assert user.value() == "library"
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work, args=[seed]) for seed in range(8)]
        [one.start() for one in threads]
        [one.join() for one in threads]
        assert not failures, failures
        images = {{line.split()[4] for line in open("/proc/self/maps") if "_m{SUFFIX}" in line}}
        assert len(images) == {COUNT}, len(images)
    """
    child.run(script, app(many()))


def test_threads_load_the_same_one_at_once(child: Child, app: App) -> None:
    """Through specs of their own, without the lock that importlib has for a name."""
    script = f"""
        import importlib.util, threading
        failures = []
        barrier = threading.Barrier(8)
        def work():
            try:
                for number in range({COUNT}):
                    barrier.wait()
                    spec = importlib.util.find_spec(f"p{{number}}._m")
                    module = importlib.util.module_from_spec(spec)
                    spec.loader.exec_module(module)
                    assert module.value() == f"number {{number:03}}"
            except BaseException as error:
                failures.append(error)
                barrier.abort()
        threads = [threading.Thread(target=work) for _ in range(8)]
        [one.start() for one in threads]
        [one.join() for one in threads]
        assert not failures, failures
        images = {{line.split()[4] for line in open("/proc/self/maps") if "_m{SUFFIX}" in line}}
        assert len(images) == {COUNT}, len(images)
    """
    child.run(script, app(many()))


def test_constructors_may_let_others_run(child: Child, app: App) -> None:
    """Nobody waits for them with the GIL; and they may import others themselves."""
    lets = """
#include <unistd.h>
__attribute__((constructor)) static void pause_here(void) {
  Py_BEGIN_ALLOW_THREADS
  usleep(20000);
  Py_END_ALLOW_THREADS
  PyObject* other = PyImport_ImportModule("p0._m");
  Py_XDECREF(other);
}
"""
    files: Files = {f"slow{i}{SUFFIX}": extension(f"slow{i}", more=lets) for i in range(4)}
    script = """
        import importlib, threading
        failures = []
        def work(number):
            try:
                importlib.import_module(f"slow{number % 4}")
                importlib.import_module(f"p{number}._m")
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work, args=[n]) for n in range(12)]
        [one.start() for one in threads]
        [one.join() for one in threads]
        assert not failures, failures
    """
    child.run(script, app({**many(), **files}))


def test_the_linker_is_not_asked_while_a_constructor_waits_for_the_gil(
    child: Child, app: App
) -> None:
    """For what is loaded already, either: CPython asks the linker again, with the GIL."""
    lets = """
#include <unistd.h>
__attribute__((constructor)) static void pause_here(void) {
  Py_BEGIN_ALLOW_THREADS
  usleep(300000);
  Py_END_ALLOW_THREADS
}
"""
    files: Files = {f"slow{SUFFIX}": extension("slow", more=lets)}
    script = """
        import importlib, sys, threading
        importlib.import_module("p0._m")
        thread = threading.Thread(target=importlib.import_module, args=["slow"])
        thread.start()
        while thread.is_alive():
            del sys.modules["p0._m"]
            importlib.import_module("p0._m")
        print(sys.modules["slow"].value(), end="")
    """
    assert child.run(script, app({**many(), **files})) == "genuine"


def test_the_end_of_the_process(child: Child, app: App) -> None:
    """Daemon threads that import while Python ends hold nobody up.

    Whether the process gets through that is CPython's affair: from the disk it crashes, too, where
    such a thread is ended inside an extension module.
    """
    # Without a GIL, of several threads that want sys.modules one keeps its lock when Python ends
    # it, and Py_FinalizeEx waits for that for ever: from the disk, too, one time in five (3.13).
    threads = 4 if HAS_GIL else 1
    script = f"""
        import atexit, importlib, threading, time
        def importing(first):
            while True:
                for number in range(first, {COUNT}, {threads}):
                    importlib.import_module(f"p{{number}}._m")
                    del sys.modules[f"p{{number}}._m"]
        for first in range({threads}):
            threading.Thread(target=importing, args=[first], daemon=True).start()
        class Late:
            def __del__(self):
                import p0._m
        late = Late()
        atexit.register(lambda: importlib.import_module("user"))
        time.sleep(0.3)
    """
    path = app(many())
    for _ in range(5):
        command = child.command(script, path)
        done = subprocess.run(command, timeout=120, capture_output=True, text=True, check=False)
        assert done.returncode <= 0, done.stderr
