"""One measurement in one fresh interpreter, started with -I -S by import_bench.py.

Arguments: what to do as JSON. Prints what was measured as JSON. Only the standard library's own
start-up comes first; everything else is imported after the clock has started, or not timed.
"""

from __future__ import annotations

import sys
import time


def import_package(task: dict[str, str]) -> dict[str, object]:
    """Imports task["module"] from task["archive"] and times that, with and without the set-up."""
    begin = time.perf_counter_ns()
    if task["loader"] == "signedvfs":
        sys.path.insert(0, task["signedvfs"])
        import signedvfs

        del sys.path[0]
        signedvfs.trust(signedvfs.PublicKey(task["key"]))
        sys.path_hooks.insert(0, signedvfs.hook)
    ready = time.perf_counter_ns()
    sys.path.insert(0, task["archive"])
    __import__(task["module"])
    end = time.perf_counter_ns()
    return {"import": end - ready, "whole": end - begin, "modules": describe(task["archive"])}


def open_archive(task: dict[str, str]) -> dict[str, object]:
    """Times the first look into task["archive"]."""
    if task["loader"] == "signedvfs":
        sys.path.insert(0, task["signedvfs"])
        import signedvfs

        policy = signedvfs.TrustPolicy([signedvfs.PublicKey(task["key"])])
        begin = time.perf_counter_ns()
        vfs = signedvfs.open(task["archive"], policy)
        end = time.perf_counter_ns()
        return {"open": end - begin, "members": len(vfs.list())}
    import zipimport

    begin = time.perf_counter_ns()
    zipimport.zipimporter(task["archive"])
    end = time.perf_counter_ns()
    directory = zipimport._zip_directory_cache[task["archive"]]  # type: ignore[attr-defined]  # private
    # The manifest is a member to zipimport; later versions add the directories that names imply.
    return {"open": end - begin, "members": sum(not name.endswith("/") for name in directory) - 1}


def describe(archive: str) -> dict[str, list[str]]:
    """Maps each module that came from the archive to its file there and a digest of its code."""
    modules = {}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or not file.startswith(archive + "/"):
            continue
        spec = module.__spec__
        assert spec is not None
        code = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # was found
        place = file[len(archive) :].removesuffix("c")  # from files it is the source's
        modules[name] = [place, digest(code), digest(functions(module, name))]
    return modules


def functions(module: object, name: str) -> list[object]:
    """Returns the code objects of the functions that the module's body defined, as they run now."""
    import types

    found: list[object] = []
    for key, value in sorted(vars(module).items()):
        if isinstance(value, types.FunctionType) and value.__module__ == name:
            found += [key, value.__code__]
    return found


def digest(value: object) -> str:
    """Hashes code objects by what they do, wherever they were loaded from."""
    import hashlib
    import types

    hasher = hashlib.sha256()

    def update(item: object) -> None:
        if isinstance(item, types.CodeType):
            hasher.update(item.co_code)
            hasher.update(repr((item.co_name, item.co_names, item.co_varnames)).encode())
            update(list(item.co_consts))
        elif isinstance(item, (list, tuple)):
            for element in item:
                update(element)
        elif isinstance(item, frozenset):
            hasher.update(repr(sorted(map(repr, item))).encode())
        else:
            hasher.update(repr(item).encode())

    update(value)
    return hasher.hexdigest()


def main() -> None:
    import json

    task = json.loads(sys.argv[1])
    measure = {"import": import_package, "open": open_archive}[task["measure"]]
    print(json.dumps(measure(task)))


if __name__ == "__main__":
    main()
