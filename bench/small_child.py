"""One of the smaller measurements in one fresh interpreter, started with -I -S.

Arguments: NAME=VALUE, of which `measure` says which. Prints what was measured as JSON.
"""

import sys
import time

sys.path.insert(0, __file__.rpartition("/")[0])
from child import peak_kb

del sys.path[0]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def open_archive(task: "dict[str, str]") -> "dict[str, Any]":
    """Times the first look into an archive: opening it and, for signedvfs, one question."""
    place, member = task["place"], task["member"]
    if task["loader"] == "zipimport":
        import zipimport

        begin = time.perf_counter_ns()
        zipimport.zipimporter(place)
        end = time.perf_counter_ns()
        peak = peak_kb()
        directory = zipimport._zip_directory_cache[place]  # type: ignore[attr-defined]  # private
        # Later versions add the directories that names imply.
        names = [name for name in directory if not name.endswith("/")]
    else:
        sys.path.insert(0, task["signedvfs"])
        import signedvfs

        policy = signedvfs.TrustPolicy([signedvfs.PublicKey(task["key"])])
        begin = time.perf_counter_ns()
        vfs = signedvfs.open(place, policy)
        found = vfs.is_file(member)
        end = time.perf_counter_ns()
        peak = peak_kb()
        assert found, member
        names = vfs.list()
    # What signing adds is no member to signedvfs, and one to zipimport.
    members = sum(name.endswith(".py") for name in names)
    return {"open_ms": (end - begin) / 1e6, "peak_kb": peak, "members": members}


def start_up(task: "dict[str, str]") -> "dict[str, Any]":
    """Times what a program does before its first import, and `import zipfile` beside it."""
    if task["loader"] == "zipfile":
        begin = time.perf_counter_ns()
        import zipfile

        end = time.perf_counter_ns()
        return {"startup_ms": (end - begin) / 1e6, "ready": callable(zipfile.ZipFile)}
    begin = time.perf_counter_ns()
    sys.path.insert(0, task["signedvfs"])
    import signedvfs

    imported = time.perf_counter_ns()
    del sys.path[0]
    signedvfs.trust(signedvfs.PublicKey(task["key"]))
    hook = signedvfs.hook
    sys.path_hooks.insert(0, hook)
    hooked = time.perf_counter_ns()
    importer = hook(task["place"])
    opened = importer.vfs is not None  # the finder opens the archive when it is first asked
    end = time.perf_counter_ns()
    return {
        "startup_ms": (end - begin) / 1e6,
        "import_ms": (imported - begin) / 1e6,
        "trust_ms": (hooked - imported) / 1e6,
        "open_ms": (end - hooked) / 1e6,
        "ready": opened and importer.find_spec("module") is not None,
    }


def entry_points(task: "dict[str, str]") -> "dict[str, Any]":
    """Times the first and the second entry_points() of a program that has importlib.metadata."""
    import importlib.metadata as metadata

    if task["loader"] == "signedvfs":
        sys.path.insert(0, task["signedvfs"])
        import signedvfs

        del sys.path[0]
        signedvfs.trust(signedvfs.PublicKey(task["key"]))
        sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, task["place"])
    begin = time.perf_counter_ns()
    first = metadata.entry_points()
    middle = time.perf_counter_ns()
    second = metadata.entry_points()
    end = time.perf_counter_ns()
    found = [sorted((e.group, e.name, e.value) for e in flat(points)) for points in (first, second)]
    assert found[0] == found[1]
    return {
        "first_ms": (middle - begin) / 1e6,
        "second_ms": (end - middle) / 1e6,
        "points": found[0],
    }


def many_modules(task: "dict[str, str]") -> "dict[str, Any]":
    """Times importing all modules of bench/directories.py, from the first look on."""
    if task["loader"] == "signedvfs":
        sys.path.insert(0, task["signedvfs"])
        import signedvfs

        del sys.path[0]
        signedvfs.trust(signedvfs.PublicKey(task["key"]))
        sys.path_hooks.insert(0, signedvfs.hook)
    package = int(task["package"])
    wanted = []
    for i in range(int(task["count"])):
        number, module = divmod(i, package)
        wanted.append(f"package_{number}.m{module}" if module else f"package_{number}")
    sys.path.insert(0, task["place"])
    begin = time.perf_counter_ns()
    for name in wanted:
        __import__(name)
    end = time.perf_counter_ns()
    found = [sys.modules[name] for name in wanted]
    assert all(module.C3.y == 3 for module in found)
    assert all(str(module.__file__).startswith(task["place"]) for module in found)
    return {"modules_ms": (end - begin) / 1e6, "peak_kb": peak_kb(), "loaded": wanted}


def flat(points: "Any") -> "list[Any]":
    """Returns the entry points of what is a dict of groups before Python 3.12."""
    if isinstance(points, dict):
        return [point for group in points.values() for point in group]
    return list(points)


def hello(task: "dict[str, str]") -> "dict[str, Any]":
    """Times an interpreter from its start to its end."""
    import os
    import subprocess

    command = [sys.executable, *task["words"].splitlines()]
    plain = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    begin = time.perf_counter_ns()
    said = subprocess.check_output(command, env=plain)
    end = time.perf_counter_ns()
    return {"hello_ms": (end - begin) / 1e6, "said": said.decode()}


MEASURES = {
    "open": open_archive,
    "startup": start_up,
    "entry_points": entry_points,
    "hello": hello,
    "many_modules": many_modules,
}


def main() -> None:
    task = dict(argument.split("=", 1) for argument in sys.argv[1:])
    answer = MEASURES[task["measure"]](task)
    import json

    print(json.dumps(answer))


if __name__ == "__main__":
    main()
