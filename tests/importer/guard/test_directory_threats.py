"""An attacker who writes to what is signed, and beside it, while a locked process imports from it.

Each script runs twice: without a manager, where the attack has to succeed, and locked down.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

import pytest

import signedvfs
from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.native.foundry import SUFFIX
from tests.importer.workshop import Workshop, pyc
from tests.support.archives import MANIFEST

FILES: dict[str, bytes | str] = {
    "m.py": "v = 1\n",
    "p/__init__.py": "v = 2\n",
    "p/sub.py": "v = 3\n",
}


@pytest.mark.parametrize(
    "name", ["added.py", "added/__init__.py", "added.pyc", "added/part.py", f"added{SUFFIX}"]
)
def test_what_is_not_listed_does_not_exist(workshop: Workshop, managed: Managed, name: str) -> None:
    # K1
    place = workshop.tree("app", FILES)
    content: bytes | str = pyc(EVIL) if name.endswith("c") else EVIL
    workshop.tree("app", {name: content, f"p/{name}": content}, sign=False)
    part = ".part" if "part" in name else ""
    script = f"""
        lock()
        print(outcome("added{part}"), outcome("p.added{part}"), outcome("p.sub"))
        """
    free = managed.free(script, place)
    expected = "ImportError ImportError 3" if name.endswith(SUFFIX) else "EVIL EVIL 3"
    assert free[-1] == expected
    locked = managed.locked(script, place)
    assert locked == ["ModuleNotFoundError ModuleNotFoundError 3"]


# Another process changes a path each time that it is told to, and says when it has.
FLIPPER = """
import os, shutil, sys
way, path, good, evil = sys.argv[1:]
is_good = True
while os.read(0, 1):
    is_good = not is_good
    if way == "link" and is_good:
        os.unlink(path)
        os.rename(path + ".aside", path)
    elif way == "link":
        os.rename(path, path + ".aside")
        os.symlink(evil, path)
    elif way == "rename":
        shutil.copyfile(good if is_good else evil, path + ".next")
        os.rename(path + ".next", path)
    else:
        with open(good if is_good else evil, "rb") as file: content = file.read()
        with open(path, "r+b") as file:
            file.write(content)
            file.truncate()
    os.write(1, b"x")
"""
# The change comes at every moment that Python or signedvfs tells of, while modules are imported.
FLIPPED = """
import os, subprocess, zipimport
flipper = subprocess.Popen([sys.executable, "-Ic", {flipper!r}, *{arguments!r}],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
flips = seen = 0
due = None
def flip():
    global flips
    flips += 1
    os.write(flipper.stdin.fileno(), b"x")
    os.read(flipper.stdout.fileno(), 1)
def hear(event, arguments):
    global seen
    if due is None: return
    if seen in due: flip()
    seen += 1
lock()
sys.addaudithook(hear)
found, most = set(), 0
def bring(when, evil_first):
    global due, seen, most
    for name in ("m", "p", "p.sub"): sys.modules.pop(name, None)
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    zipimport._zip_directory_cache.clear()
    if evil_first: flip()
    seen, due = 0, when
    for name in ("m", "p.sub"): found.add(str(outcome(name)))
    due, most = None, max(most, seen)
    if flips % 2: flip()
bring((), False)
assert found == {{"1", "3"}} and most > 4, (found, most)
for when in range(min(most + 2, 60)):
    for evil_first in (False, True):
        bring((when,), evil_first)
        bring((when, when + 1), evil_first)
    bring(range(when, 100), False)
flipper.stdin.close()
flipper.wait()
flipper.stdout.close()
print("found", *sorted(found))
"""


CHANGES = [(what, way) for what in ("archive", "file") for way in ("write", "rename", "link")]
CHANGES += [("component", "link"), ("root", "link")]


@pytest.mark.parametrize(("what", "way"), CHANGES)
def test_changes_at_every_moment(workshop: Workshop, managed: Managed, way: str, what: str) -> None:
    # K2, K7: one private read decides, whatever the next one would give
    evil_files = dict.fromkeys(FILES, EVIL)
    if what == "archive":
        place = workshop.zip("app.zip", FILES)
        evil = workshop.plain_zip("evil.zip", evil_files)
    else:
        place = workshop.tree("app", FILES)
        evil = workshop.tree("evil", evil_files, sign=False)
    target = {"file": "m.py", "component": "p"}.get(what)
    good = workshop.directory / "good"
    if what == "archive":
        good.write_bytes(place.read_bytes())
    elif target == "m.py":
        good.write_text("v = 1\n")
    path = place / target if target else place
    arguments = [way, str(path), str(good), str(evil / target if target else evil)]
    script = FLIPPED.format(flipper=FLIPPER, arguments=arguments)
    assert "EVIL" in managed.free(script, place)
    lines = managed.locked(script, place)
    assert len(lines) == 1
    found = set(lines[0].split()[1:])
    assert {"1", "3"} < found
    assert found - {"1", "3"} <= {"IntegrityCheckFailed", "IntegrityCheckMissing"}


@pytest.mark.parametrize("kind", ["FIFO", "device", "huge", "directory", "socket"])
def test_files_that_are_none(workshop: Workshop, managed: Managed, kind: str) -> None:
    # K3: nobody waits for a FIFO, or reads a device to its end
    place = workshop.tree("app", FILES)
    listed = place / "m.py"
    listed.unlink()
    if kind == "FIFO":
        os.mkfifo(listed)
    elif kind == "device":
        listed.symlink_to("/dev/zero")
    elif kind == "directory":
        (listed / "__init__.py").mkdir(parents=True)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(listed))
    else:
        with listed.open("wb") as file:
            file.truncate(1 << 40)
    script = """
        import signal, resource
        signal.alarm(60)
        lock()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(outcome("m"), outcome("p.sub"))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 100_000  # kibibytes
        """
    assert managed.locked(script, place) == ["IntegrityCheckFailed 3"]


def test_a_fifo_that_somebody_feeds(workshop: Workshop, managed: Managed) -> None:
    # K3: its content would even be of the size that is listed
    place = workshop.tree("app", FILES)
    (place / "m.py").unlink()
    os.mkfifo(place / "m.py")
    stop = threading.Event()

    def feed() -> None:
        while not stop.is_set():
            writer = os.open(place / "m.py", os.O_RDWR | os.O_NONBLOCK)  # which waits for nobody
            os.write(writer, EVIL.encode())
            stop.wait(0.05)
            os.close(writer)

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        assert managed.locked("lock()\nprint(outcome('m'))", place) == ["IntegrityCheckFailed"]
    finally:
        stop.set()
        feeding.join()


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's", "a believed key's"])
def test_manifests_further_down(workshop: Workshop, managed: Managed, whose: str) -> None:
    # K4: the nearest manifest does not win. Who has the key of the outer one may sign anew
    place = workshop.tree("app", FILES)
    (place / "p/sub.py").write_text(EVIL)
    key = workshop.key if whose == "a believed key's" else signedvfs.PrivateKey.generate()
    if whose == "nobody's":
        (place / "p" / MANIFEST).write_text("junk")
    else:
        signedvfs.sign(place / "p", key)
    script = "lock()\nprint(outcome('p.sub'), outcome('m'))"
    assert managed.free(script, place)[0] == "EVIL"
    assert managed.locked(script, place) == ["IntegrityCheckFailed 1"]
    if whose == "a believed key's":
        return
    # nor is the inner one a place of its own
    inner = "lock()\nprint(outcome('sub'))"
    assert managed.free(inner, place / "p") == ["EVIL", "EVIL"]
    after = "lock()\nimport m\nprint(outcome('sub'))"
    for script in (inner, after):
        for paths in ((place, place / "p"), (place / "p", place)):
            lines = managed.locked(script, *paths)
            assert lines[0].startswith("IntegrityCheck"), (script, paths)


@pytest.mark.parametrize("name", ["app-evil", "app.evil", "app/../evil", "appevil", "ap", "app "])
def test_names_that_begin_alike(workshop: Workshop, managed: Managed, name: str) -> None:
    # K5
    place = workshop.tree("app", FILES)
    evil = workshop.tree(name, {"evil.py": EVIL, "m.py": EVIL}, sign=False)
    script = f"lock()\nimport m\nsys.path.insert(0, {str(evil)!r})\nprint(outcome('evil'))"
    assert managed.free(script, place) == ["EVIL", "EVIL"]
    assert managed.locked(script, place) == ["IntegrityCheckMissing"]


def test_names_count_as_they_are_listed(workshop: Workshop, managed: Managed) -> None:
    # K6: other spellings of a listed name are other names; directories that fold case are refused
    # (directory_tree_casefold_test.cc)
    place = workshop.tree("app", {**FILES, "\u00e9.py": "v = 5\n"})
    others = {"M.py": EVIL, "P/sub.py": EVIL, "p/SUB.py": EVIL, "e\u0301.py": EVIL, "k.py": EVIL}
    workshop.tree("app", others, sign=False)
    script = r"""
        lock()
        print(outcome("M"), outcome("P.sub"), outcome("p.SUB"), outcome("e\u0301"),
              outcome("\u212a"), outcome("\u00e9"))
        """
    free = managed.free(script, place)
    assert free == ["EVIL"] * 4 + ["EVIL EVIL EVIL EVIL ModuleNotFoundError 5"]
    assert managed.locked(script, place) == ["ModuleNotFoundError " * 5 + "5"]


@pytest.mark.parametrize("entry", ["", ".", "app", "./app", "../{}/app"])
def test_the_working_directory(workshop: Workshop, managed: Managed, entry: str) -> None:
    # relative entries mean another place after each change of directory
    place = workshop.tree("app", FILES)
    evil = {f"app/{name}": EVIL for name in FILES} | dict.fromkeys(FILES, EVIL)
    other = workshop.tree("other", evil, sign=False)
    start = place if entry in ("", ".") else workshop.directory
    path = entry.format(workshop.directory.name)
    script = f"""
        import os
        os.chdir({str(start)!r})
        lock()
        print(outcome("m"))
        os.chdir({str(other)!r})
        print(outcome("p.sub"))
        sys.modules.pop("m")
        importlib.invalidate_caches()
        print(outcome("m"))
        """
    # Before Python 3.11 the finder of a relative entry stays where it was made.
    if not entry.startswith("..") and (not entry or sys.version_info >= (3, 11)):
        assert "EVIL" in managed.free(script, path)
    locked = managed.locked(script, path)
    assert locked[0] == "1"
    # what an entry has meant may stay in use
    assert set(locked[1:]) <= {"IntegrityCheckMissing", "ModuleNotFoundError", "1", "3"}


def test_a_working_directory_that_is_replaced(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    evil = workshop.tree("evil", dict.fromkeys(FILES, EVIL), sign=False)
    script = f"""
        import os, subprocess
        os.chdir({str(place)!r})
        lock()
        subprocess.run(["mv", {str(place)!r}, {str(place)!r} + ".aside"], check=True)
        subprocess.run(["ln", "-s", {str(evil)!r}, {str(place)!r}], check=True)
        os.chdir({str(place)!r})
        print(outcome("m"))
        """
    assert managed.free(script, "") == ["EVIL", "EVIL"]
    place.unlink()
    (workshop.directory / "app.aside").rename(place)
    assert managed.locked(script, "")[0].startswith("IntegrityCheck")


@pytest.mark.parametrize("denies", ["the one in place", "the detached one", "neither"])
def test_two_manifests_of_one_directory(workshop: Workshop, managed: Managed, denies: str) -> None:
    # both have to agree, by whomever they are signed
    evil = {"m.py": EVIL, "added.py": EVIL}
    detached = workshop.directory / "app.manifest"
    place = workshop.tree("app", {**FILES, **(evil if denies == "the one in place" else {})}, False)
    signedvfs.sign(place, workshop.key, detached=detached)
    (place / "added.py").unlink(missing_ok=True)
    workshop.tree("app", {**FILES, **(evil if denies == "the detached one" else {})})
    if denies != "neither":
        workshop.tree("app", evil, sign=False)
    script = f"""
        try:
            lock(manifests=[({str(detached)!r}, {str(place)!r})])
            print(outcome("m"), outcome("added"), outcome("p.sub"))
        except signedvfs.IntegrityCheckFailed as error:
            print("does not agree" in str(error))
        """
    if denies == "neither":
        assert managed.locked(script, place) == ["1 ModuleNotFoundError 3"]
    else:
        assert managed.free(script, place) == ["EVIL", "EVIL", "EVIL EVIL 3"]
        assert managed.locked(script, place) == ["True"]
