"""One import of one corpus in one fresh interpreter, started with -I -S by imports.py.

Arguments: NAME=VALUE. Prints what was measured as JSON. What this file imports before the clock
starts is missing from what is measured, so that is sys, time and what the loader has to have:
json, os and the like are modules of a corpus themselves.
"""

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def enable_all(signedvfs: "ModuleType") -> "list[str]":
    """Switches on what is not on by itself; returns what there was to switch on.

    Verifying ahead needs no switch: an archive with a recorded order has it.
    """
    if not hasattr(signedvfs, "defer_collection"):
        return []
    signedvfs.defer_collection(True)
    return ["defer_collection"]


def install_signedvfs(task: "dict[str, str]") -> "list[str]":
    """Does what a program does before its first verified import."""
    sys.path.insert(0, task["signedvfs"])
    import signedvfs

    del sys.path[0]
    signedvfs.trust(signedvfs.PublicKey(task["key"]))
    sys.path_hooks.insert(0, signedvfs.hook)
    return enable_all(signedvfs) if task["everything"] == "yes" else []


def load_floor(task: "dict[str, str]") -> object:
    """Returns the finder over modules whose .pyc content it has in memory: before the clock."""
    import marshal

    sys.path.insert(0, task["extensions"])
    import floor_finder

    del sys.path[0]
    with open(task["place"], "rb") as file:  # noqa: PTH123  # pathlib is a module of a corpus
        modules = marshal.load(file)
    return floor_finder.Finder(modules, type(time.__spec__))


def load_pyz(task: "dict[str, str]") -> "Any":
    """Returns what installs PyInstaller's importer; its own modules are loaded before the clock."""
    sys.path.insert(0, task["tools"])
    import pyz_loader

    del sys.path[0]
    return pyz_loader.prepare(task["pyinstaller"], task["place"])


def import_corpus(task: "dict[str, str]") -> "dict[str, Any]":
    """Imports task["modules"] from task["place"], with and without the set-up on the clock."""
    loader, place = task["loader"], task["place"]
    names = task["modules"].split(",")
    started = set(sys.modules)
    finder = load_floor(task) if loader == "floor" else None
    install_pyz = load_pyz(task) if loader == "pyz" else None
    if task["collector"] == "off":
        import gc

        gc.disable()
    switches: list[str] = []
    cpu_begin, begin = time.process_time_ns(), time.perf_counter_ns()
    if loader == "signedvfs":
        switches = install_signedvfs(task)
    cpu_ready, ready = time.process_time_ns(), time.perf_counter_ns()
    if finder is not None:
        # Behind the built-in and the frozen modules, as the path is.
        sys.meta_path.insert(2, finder)  # type: ignore[arg-type]  # has find_spec
    elif install_pyz is not None:
        install_pyz()
    else:
        sys.path.insert(0, place)
    for name in names:
        __import__(name)
    end, cpu_end = time.perf_counter_ns(), time.process_time_ns()
    if task.get("leave") == "yes":
        leave()
    modules = dict(sys.modules)
    answer: dict[str, Any] = {
        "import_ms": (end - ready) / 1e6,
        "whole_ms": (end - begin) / 1e6,
        "cpu_ms": (cpu_end - cpu_ready) / 1e6,
        "cpu_whole_ms": (cpu_end - cpu_begin) / 1e6,
        "peak_kb": peak_kb(),
        "switches": switches,
    }
    forget(started, place)
    return {**answer, **described(task, modules)}


def leave() -> None:
    """Ends the process at once: who samples it wants to see the import and nothing else."""
    import posix

    posix._exit(0)


def forget(started: "set[str]", place: str) -> None:
    """Makes later imports come from the interpreter's own files: a corpus's may be empty."""
    for name in set(sys.modules) - started:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if entry != place]
    sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]


def peak_kb() -> int:
    """Returns the most memory that this program has had resident, in KiB.

    The kernel's ru_maxrss would count what the parent had before exec.
    """
    with open("/proc/self/status") as file:  # noqa: PTH123  # pathlib is a module of a corpus
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise RuntimeError("/proc/self/status has no VmHWM")


def described(task: "dict[str, str]", modules: "dict[str, ModuleType]") -> "dict[str, object]":
    """Returns what has to be the same for all: quickly, or all of it with task["check"]."""
    sys.path.insert(0, task["tools"])
    import describe

    del sys.path[0]
    strict = task["strict"] == "yes"
    if task["check"] == "yes":
        return {"modules": describe.modules(task["place"], modules, strict)}
    return {"outline": describe.outline(task["place"], modules, strict)}


def main() -> None:
    task = dict(argument.split("=", 1) for argument in sys.argv[1:])
    answer = import_corpus(task)
    import json

    print(json.dumps(answer))


if __name__ == "__main__":
    main()
