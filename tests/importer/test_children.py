"""Child processes of multiprocessing import from the same verified archive."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Place, Python, Workshop

WORK = """
import sys

def look(name):
    module = __import__(name)
    return [type(module.__loader__).__module__, module.__file__, module.value]
"""
FILES: dict[str, bytes | str] = {
    "work.py": WORK,
    "late.py": "value = 'MARKED'\n",
    "serial.py": "value = 0\n",
}

# A program as people write it: the hook first, then work in children.
PARENT = """
import multiprocessing
sys.path.insert(0, {path!r})

def main(method):
    import work
    context = multiprocessing.get_context(method)
    {before}
    with context.Pool(1) as pool:
        print(*pool.apply(work.look, ({module!r},)), sep="|")

if __name__ == "__main__":
    main({method!r})
"""
# A Pool would start failing children again and again.
PROCESS = PARENT.replace(
    """    with context.Pool(1) as pool:
        print(*pool.apply(work.look, ({module!r},)), sep="|")
""",
    """    child = context.Process(target=work.look, args=({module!r},))
    child.start()
    child.join()
    print("exit code", child.exitcode)
""",
)
METHODS = ["spawn", "forkserver", "fork"]
# What `multiprocessing` itself and concurrent.futures take: fork, and forkserver from 3.14 on.
DEFAULT = None


def program(
    path: Path, method: str | None, module: str = "late", before: str = "pass", text: str = PARENT
) -> str:
    return text.format(path=str(path), method=method, module=module, before=before)


@pytest.mark.parametrize("method", [*METHODS, DEFAULT])
def test_children_import_verified(place: Place, python: Python, method: str | None) -> None:
    # X8, X9: a child starts without the hook, and gets it before it imports anything
    path = place(FILES)
    assert python(program(path, method)).stdout == f"signedvfs|{path}/late.py|MARKED\n"


@pytest.mark.parametrize("method", METHODS)
def test_children_refuse_what_has_been_changed(
    workshop: Workshop, python: Python, method: str
) -> None:
    # V7: the archive is changed in place while the parent runs
    path = workshop.zip("app.zip", FILES, compression=0)
    before = (
        f"import pathlib; path = pathlib.Path({str(path)!r}); content = path.read_bytes()\n"
        "    path.write_bytes(content.replace(b'MARKED', b'marked'))"
    )
    done = python(program(path, method, before=before), check=False)
    assert done.returncode != 0
    assert "IntegrityCheckFailed" in done.stderr
    assert "marked" not in done.stdout


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_children_take_no_older_release(workshop: Workshop, python: Python, method: str) -> None:
    # F7, V7: the parent would not either
    path = workshop.zip("app.zip", FILES, serial=7, product="app")
    workshop.zip("old.zip", FILES, serial=6, product="app")
    before = f"import os; os.replace({str(workshop.directory / 'old.zip')!r}, {str(path)!r})"
    done = python(program(path, method, before=before, text=PROCESS))
    assert "an older release has been put in place" in done.stderr
    assert done.stdout == "exit code 1\n"


def test_children_have_the_policy_in_force_when_they_start(
    workshop: Workshop, python: Python
) -> None:
    path = workshop.zip("app.zip", FILES)
    before = (
        "from multiprocessing import popen_spawn_posix\n"
        "    signedvfs.set_policy(signedvfs.TrustPolicy())"
    )
    text = PROCESS.replace("sys.path.insert(0, ", "sys.path.append(")  # the parent needs no more
    done = python(program(path, "spawn", before=before, text=text))
    assert "IntegrityCheckMissing" in done.stderr
    assert done.stdout == "exit code 1\n"


def test_the_server_preloads_nothing_unverified(workshop: Workshop, python: Python) -> None:
    # X8: the forkserver imports what it is told to preload before anybody could give it the hook
    marker = workshop.directory / "ran-in-server"
    path = workshop.plain_zip(
        "unsigned.zip", {"preloaded.py": f"open({str(marker)!r}, 'w').close()\n"}
    )
    good = workshop.zip("app.zip", FILES)
    before = "context.set_forkserver_preload(['preloaded'])"
    done = python(
        f"import os; os.environ['PYTHONPATH'] = {str(path)!r}\n"
        + program(good, "forkserver", before=before)
    )
    assert "late.py" in done.stdout
    assert not marker.exists()


def test_workers_of_joblib_import_verified(workshop: Workshop, python: Python) -> None:
    # X10: loky starts its workers by itself, with a preparation of its own
    path = workshop.zip("app.zip", FILES, compression=0)
    script = f"""
    import warnings
    warnings.simplefilter("ignore")  # joblib's own
    sys.path.insert(0, {str(path)!r})
    import joblib, work
    tasks = [joblib.delayed(work.look)("late")]
    (found,) = joblib.Parallel(n_jobs=2, backend="loky")(tasks)
    print(*found, sep="|")
    """
    assert python(script).stdout == f"signedvfs|{path}/late.py|MARKED\n"


def test_without_the_hook_multiprocessing_is_left_alone(python: Python) -> None:
    script = """
    import multiprocessing.popen_spawn_posix, multiprocessing.spawn
    sys.path_hooks.remove(signedvfs.hook)
    assert "signedvfs" not in multiprocessing.spawn.get_preparation_data("x")
    sys.path_hooks.append(signedvfs.hook)
    assert "signedvfs" in multiprocessing.spawn.get_preparation_data("x")
    """
    python(script)


def test_nothing_of_the_policy_is_lost_on_the_way(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES, serial=7, product="app")
    script = f"""
    import multiprocessing.popen_spawn_posix
    from multiprocessing import spawn
    key = signedvfs.PublicKey.load({str(workshop.public_path)!r})

    def policy(serial):
        return signedvfs.TrustPolicy(
            key, names=["app", "other"], min_serial={{"app": serial, "other": 9}},
            revoked=["0" * 64], now=1_900_000_000, legacy=True)

    def sent():
        data = spawn.get_preparation_data("x")
        set_up, (policy, limits, hooks, doors) = data["signedvfs"].__reduce__()
        ((roots, own_policy, own_limits, known),) = hooks
        assert (roots, own_policy, own_limits, doors) == (None, None, None, False)
        return repr(policy), limits, known

    signedvfs.set_policy(policy(3), limits=signedvfs.Limits(members=7777))
    assert sent()[0] == repr(policy(3))
    assert sent()[1].members == 7777
    assert sent()[2]["floors"] == []
    sys.path.insert(0, {str(path)!r})
    import late
    known = sent()[2]
    assert ("app", 7) in [floor[2:] for floor in known["floors"]]
    assert known["archives"] == [{str(path)!r}]
    """
    python(script)


@pytest.mark.parametrize("first", ["multiprocessing.spawn", "signedvfs"])
def test_whatever_is_imported_first(python: Python, first: str) -> None:
    # The functions of the standard library are guarded when they come, or where they are already.
    script = f"""
    import sys
    if {first!r} != "signedvfs":
        import {first}, multiprocessing.forkserver
    import signedvfs
    sys.path_hooks.insert(0, signedvfs.hook)
    import multiprocessing.popen_spawn_posix, multiprocessing.popen_forkserver
    from multiprocessing import forkserver, spawn
    assert "signedvfs" in spawn.get_preparation_data("x")
    guard = spawn.get_preparation_data
    signedvfs.hook.protect("/nowhere")
    assert spawn.get_preparation_data is guard
    assert type(forkserver.ForkServer.__dict__["ensure_running"]).__name__ == "instancemethod"
    """
    python(script, hook=False)


def test_a_program_in_an_archive_starts_children(workshop: Workshop, python: Python) -> None:
    # X8: `signedvfs run`; a __main__ in an archive is not run again in its children
    path = workshop.zip(
        "app.zip",
        {
            **FILES,
            "__main__.py": """
import multiprocessing, work
if __name__ == "__main__":
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(*pool.apply(work.look, ("late",)), sep="|")
""",
        },
    )
    done = python(
        f"""
        import subprocess, sys
        subprocess.run([sys.executable, "-m", "signedvfs", "run", "--trust",
                        {str(workshop.public_path)!r}, {str(path)!r}], check=True)
        """
    )
    assert done.stdout == f"signedvfs|{path}/late.py|MARKED\n" * 2


def test_modules_run_with_m_are_main_in_children_too(workshop: Workshop, python: Python) -> None:
    # X8: -m pkg.mod is imported again as __mp_main__, by its name
    path = workshop.zip(
        "app.zip",
        {
            "pkg/__init__.py": "",
            "pkg/mod.py": """
import multiprocessing, sys
def look():
    return [__name__, type(__loader__).__module__]
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(*pool.apply(look), sep="|")
""",
        },
    )
    done = python(
        f"""
        import subprocess, sys
        subprocess.run([sys.executable, "-m", "signedvfs", "run", "--trust",
                        {str(workshop.public_path)!r}, "-m", "pkg.mod", {str(path)!r}], check=True)
        """
    )
    assert done.stdout == "__mp_main__|signedvfs\n"


# The parent has the package by a sys.path of its own; `base` is an interpreter that has none.
VENDORED = """
import sys
sys.path.insert(0, {vendor!r})
import multiprocessing, os, signedvfs

def work():
    import app
    print(app.TAG, signedvfs.__file__, flush=True)

if __name__ == "__main__":
    signedvfs.trust(signedvfs.PublicKey.load({public!r}))
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(1, {path!r})
    os.environ.update({environment!r})
    os.chdir({cwd!r})
    for method in ("spawn", "forkserver"):
        child = multiprocessing.get_context(method).Process(target=work)
        child.start()
        child.join()
"""


@pytest.mark.parametrize("vendor", ["absolute", "relative"])
@pytest.mark.parametrize("other", [False, True], ids=["no other", "another on its path"])
def test_children_find_the_package_where_the_parent_did(
    workshop: Workshop, python: Python, vendor: str, other: bool
) -> None:
    package = Path(str(signedvfs.__file__)).parent
    copied = workshop.directory / "vendor" / "signedvfs"
    shutil.copytree(package, copied)
    path = workshop.zip("app.zip", {"app.py": "TAG = 'GOOD'\n"})
    # Where a child must not look: on the path that it starts with, and in its current directory.
    evil = {"signedvfs/__init__.py": "print('EVIL', flush=True)\n", "signedvfs/processes.py": ""}
    evil |= {"vendor/signedvfs/__init__.py": "print('EVIL', flush=True)\n"}
    elsewhere = workshop.tree("elsewhere", dict(evil), sign=False)
    program = workshop.directory / "main.py"
    program.write_text(
        VENDORED.format(
            vendor=str(copied.parent) if vendor == "absolute" else "vendor",
            public=str(workshop.public_path),
            path=str(path),
            environment={"PYTHONPATH": str(elsewhere)} if other else {},
            cwd=str(elsewhere),
        )
    )
    done = python(
        f"""
        import subprocess, sys
        version = f"{{sys.version_info[0]}}.{{sys.version_info[1]}}{{sys.abiflags}}"
        base = f"{{sys.base_prefix}}/bin/python{{version}}"
        subprocess.run([base, {str(program)!r}], check=True)
        """,
        hook=False,
    )
    assert done.stdout == f"GOOD {copied}/__init__.py\n" * 2


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python has known its own names since 3.10")
@pytest.mark.parametrize("put", ["append", "insert"])
def test_a_refused_archive_on_the_path_ends_no_worker(
    workshop: Workshop, python: Python, put: str
) -> None:
    # A Pool starts workers that end again and again: theirs import modules that are optional.
    path = workshop.plain_zip("bad.zip", {"app.py": "TAG = 'EVIL'\n"})
    where = f"append({str(path)!r})" if put == "append" else f"insert(0, {str(path)!r})"
    script = f"""
    import multiprocessing
    sys.path.{where}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(len, ("four",)))
    """
    assert python(script, timeout=60).stdout == "4\n"
