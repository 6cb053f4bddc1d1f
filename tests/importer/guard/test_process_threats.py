"""What becomes of a process that is locked down: before, beside, and after its imports.

Each script that attacks runs twice: without a manager, where it has to succeed, and locked down.
"""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.native.foundry import HAS_GIL
from tests.importer.workshop import Files, Workshop, pyc
from tests.support.native import PRELOADS

FILES: dict[str, bytes | str] = {
    "m.py": "v = 1\n",
    "p/__init__.py": "v = 2\n",
    "p/sub.py": "v = 3\n",
}


@pytest.mark.parametrize("hidden", ["", "del sys.modules['evil'].__spec__, evil.__file__",
                                    "evil.__loader__ = sys.__loader__"])  # fmt: skip
def test_what_was_imported_before_ends_the_process(
    workshop: Workshop, managed: Managed, hidden: str
) -> None:
    # I14
    place = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    script = f"""
        import evil
        {hidden}
        lock(check_modules=["_distutils_hack"])
        print("went on")
        """
    assert managed.free(script, place) == ["EVIL", "went on"]
    beginning = "def lock(**given): manager(lockdown=True, **given).install()\n"
    done = managed.start(beginning + script.replace("\n        ", "\n"), place)
    assert (done.returncode, "went on" in done.stdout) == (126, False)
    assert "'evil' from" in done.stderr


BESIDE = {
    "a finder": "sys.meta_path.insert(0, PathFinder)",
    "another list": "sys.meta_path = [PathFinder]",
    "a hook": "sys.path_hooks.insert(0, FileFinder.path_hook((SourceFileLoader, ['.py'])))\n"
    "sys.path_importer_cache.clear()",
    "a cached finder": "found = FileFinder(evil, (SourceFileLoader, ['.py']))\n"
    "sys.path_importer_cache[evil] = found",
    "a package's path": "import p\np.__path__.insert(0, evil)\nsys.modules['evil'] = None\n"
    "name = 'p.evil'",
    "a patched finder": "PathFinder.find_spec = None\nsys.meta_path.append(PathFinder)",
}


@pytest.mark.parametrize("put", BESIDE)
def test_what_is_put_beside_the_manager(workshop: Workshop, managed: Managed, put: str) -> None:
    # I15: before the lock and after it
    place = workshop.tree("app", FILES)
    evil = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    script = f"""
from importlib.machinery import FileFinder, PathFinder, SourceFileLoader
evil, name = {str(evil)!r}, "evil"
{{}}
print(outcome(name))
"""
    texts = [script.format(f"{BESIDE[put]}\nlock()"), script.format(f"lock()\n{BESIDE[put]}")]
    for text in texts:
        if put != "a patched finder":
            assert managed.free(text, place, evil) == ["EVIL", "EVIL"]
        # where another list is put in the manager's place before, it is replaced
        assert managed.locked(text, place, evil) == ["IntegrityCheckMissing"]


def test_other_programs_have_to_take_care_of_themselves(
    workshop: Workshop, managed: Managed
) -> None:
    # I16: as docs/manager.md says. What is started is a program of its own, without a manager
    evil = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    script = f"""
        import subprocess
        lock()
        print(outcome("evil"))
        text = "import sys; sys.path.insert(0, {str(evil)!r}); import evil"
        print(subprocess.run([sys.executable, "-Ic", text], capture_output=True, text=True).stdout)
        """
    assert managed.locked(script, evil) == ["IntegrityCheckMissing", "EVIL", ""]


CHILD = """
import sys
sys.path[:0] = {paths!r}

def main(method, locks):
    import multiprocessing, signedvfs
    if locks:
        signedvfs.SignedImportManager(
            [signedvfs.PublicKey.load({public!r})], trust_stdlib_paths=True, check_modules=False,
            policy=signedvfs.TrustPolicy(preloads={preloads!r}), lockdown=True,
        ).install()
    import work
    with multiprocessing.get_context(method).Pool(1) as pool:
        print(pool.apply(work.look, ()))

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] == "locked")
"""
WORK = """
import importlib
def outcome(name):
    try:
        return importlib.import_module(name).v
    except BaseException as error:
        return type(error).__name__
def look():
    return outcome("m"), outcome("evil")
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_children_are_locked_down(workshop: Workshop, method: str) -> None:
    # I16: those of multiprocessing; their main program has to be signed
    evil = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    app = workshop.directory / "app"
    text = CHILD.format(
        paths=[str(app), str(evil)], public=str(workshop.public_path), preloads=PRELOADS
    )
    workshop.tree("app", {**FILES, "work.py": WORK, "program.py": text})
    ends = []
    for mode in ("locked", "free"):
        done = subprocess.run(
            [sys.executable, "-I", str(app / "program.py"), method, mode],
            capture_output=True, text=True, timeout=120, check=False, cwd=workshop.directory,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        ends.append(done.stdout.splitlines()[-1])
    assert ends == ["(1, 'IntegrityCheckMissing')", "(1, 'EVIL')"]


@pytest.mark.parametrize("kind", ["tree", "zip"])
def test_what_is_loaded_again_is_verified_again(
    workshop: Workshop, managed: Managed, kind: str
) -> None:
    # I17: by reload, and after sys.modules and all caches were emptied
    place = workshop.tree("app", FILES) if kind == "tree" else workshop.zip("app.zip", FILES)
    evil = (
        workshop.tree("evil", dict.fromkeys(FILES, EVIL), sign=False)
        if kind == "tree"
        else workshop.plain_zip("evil.zip", dict.fromkeys(FILES, EVIL))
    )
    script = f"""
        import subprocess
        lock()
        import m
        subprocess.run(["mv", {str(place)!r}, "gone"], check=True)
        subprocess.run(["mv", {str(evil)!r}, {str(place)!r}], check=True)
        def again(use):
            try:
                print(use().v)
            except Exception as error:  # zipimport goes by the directory that it has read
                print(type(error).__name__)
        again(lambda: importlib.reload(m))
        import zipimport
        zipimport._zip_directory_cache.clear()
        sys.path_importer_cache.clear()
        importlib.invalidate_caches()
        again(lambda: importlib.reload(m))
        del sys.modules["m"]
        again(lambda: importlib.import_module("m"))
        again(lambda: importlib.import_module("p.sub"))
        """
    assert "EVIL" in managed.free(script, place)
    shutil.rmtree(workshop.directory / "gone", ignore_errors=True)
    (workshop.directory / "gone").unlink(missing_ok=True)
    workshop.tree("app", FILES) if kind == "tree" else workshop.zip("app.zip", FILES)
    if kind == "tree":
        workshop.tree("evil", dict.fromkeys(FILES, EVIL), sign=False)
    else:
        workshop.plain_zip("evil.zip", dict.fromkeys(FILES, EVIL))
    lines = managed.locked(script, place)
    assert len(lines) == 4
    assert "EVIL" not in lines
    assert lines[-1].startswith("IntegrityCheck")


THREADS = """
import os, signal, subprocess, threading
lock()
signal.alarm(100)  # for children and all: it may not hang
path, good, evil = {paths!r}
flipping = subprocess.Popen([sys.executable, "-Ic", '''
import os, shutil, sys
path, good, evil = sys.argv[1:]
while os.write(1, b"x"):  # until nobody reads
    for text in (evil, good):
        shutil.copyfile(text, path + ".next")
        os.rename(path + ".next", path)
    os.read(0, 1)
''', path, good, evil], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
def turn():
    "Have it flip once more, while everybody goes on."
    os.read(flipping.stdout.fileno(), 1)
    os.write(flipping.stdin.fileno(), b"x")
found = set()
forked = threading.Event()
def work(part):
    number = 0
    while number < 150 or not forked.is_set():
        for name in ("m", "p.sub", f"n{{part}}", "evil"):
            sys.modules.pop(name, None)
            if name == "m" and part == 1: turn()
            found.add((name, outcome(name)))
        if part == 0 and number % 10 == 0:
            importlib.invalidate_caches()
            sys.path_importer_cache.clear()
        number += 1
def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        seen = outcome("n7"), outcome("evil7")
        if seen == (7, "IntegrityCheckMissing"): os._exit(10)
        os.write(2, f"a child saw {{seen}}\\n".encode())
        os._exit(11)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended == 10, f"a child ended with {{ended}}"
def run(parts, forks):
    forked.clear()
    threads = [threading.Thread(target=work, args=(part,)) for part in parts]
    for thread in threads: thread.start()
    try:
        for _ in range(forks): fork()
    finally:
        forked.set()
        for thread in threads: thread.join()
for parts, forks in {runs}: run(parts, forks)
flipping.stdin.close()
flipping.stdout.close()
flipping.wait()
# one thread takes from sys.modules what another is importing: importlib says KeyError
found = {{one for one in found if one[1] != "KeyError"}}
print(sorted(found - {{("m", 1), ("m", "IntegrityCheckFailed")}}, key=str))
"""

# Which threads run at once, and how often the process forks beside them. Without a GIL, CPython's
# own locks allow for one beside a fork: that of a dict, sys.modules above all, may be handed to a
# thread that waits and has not woken up yet, and nobody opens it in a child that begins just then.
# So hangs without us, too, a child that calls d.get(1) where threads of its parent only change d.
RUNS = [((0, 1, 2), 20)] if HAS_GIL else [((0, 1, 2), 0), ((0,), 20), ((1,), 20)]


def test_threads_and_forks_while_files_change(workshop: Workshop, managed: Managed) -> None:
    # I18, I19
    numbered = {f"n{number}.py": f"v = {number}\n" for number in range(8)}
    place = workshop.tree("app", {**FILES, **numbered})
    other = workshop.tree("evil", {"evil.py": EVIL, "evil7.py": EVIL}, sign=False)
    texts = workshop.tree("texts", {"good": "v = 1\n", "evil": EVIL}, sign=False)
    paths = [str(place / "m.py"), str(texts / "good"), str(texts / "evil")]
    script = THREADS.format(paths=paths, runs=RUNS)
    lines = managed.locked(script, place, other)
    assert lines == [
        "[('evil', 'IntegrityCheckMissing'), ('n0', 0), ('n1', 1), ('n2', 2), ('p.sub', 3)]"
    ]


@pytest.mark.parametrize("kind", ["tree", "zip"])
def test_files_are_named_by_where_they_are_listed(
    workshop: Workshop, managed: Managed, kind: str
) -> None:
    # I20: whatever path bytecode claims to be from
    forged = pyc("def f(): pass\nv = __file__\n", filename="/etc/trusted.py")
    files: Files = {"m.py": "def f(): pass\nv = __file__\n", "b.pyc": forged}
    place = workshop.tree("app", files) if kind == "tree" else workshop.zip("app.zip", files)
    script = """
        lock()
        import m, b
        for one in (m, b):
            print(one.v, one.__spec__.origin, one.f.__code__.co_filename)
        """
    lines = [line.split() for line in managed.locked(script, place)]
    assert lines[0] == [f"{place}/m.py"] * 3
    assert (
        lines[1] == [f"{place}/b.pyc"] * 2 + [f"{place}/b.py"] or lines[1] == [f"{place}/b.pyc"] * 3
    )


def test_bytecode_that_claims_to_be_of_a_signed_file(workshop: Workshop, managed: Managed) -> None:
    # I20: what nobody has signed is read by no loader, whatever it says of itself
    place = workshop.tree("app", FILES)
    claiming = pyc(EVIL, filename=str(place / "m.py"))
    evil = workshop.tree("evil", {"evil.pyc": claiming}, sign=False)
    script = f"""
        from importlib.machinery import SourcelessFileLoader
        lock()
        loader = SourcelessFileLoader("evil", {str(evil / "evil.pyc")!r})
        try:
            exec(loader.get_code("evil"))
        except signedvfs.IntegrityCheckError as error:
            print(type(error).__name__)
        """
    assert managed.free(script, place) == ["EVIL"]
    assert managed.locked(script, place) == ["IntegrityCheckMissing"]
