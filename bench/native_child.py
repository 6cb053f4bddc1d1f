"""Imports modules in a process of its own, and prints what each took: see native.py.

Arguments: how ("files", "hashed" or "signed"), where, the public key, names separated by commas,
and what is asked of each module to see that it is the right one.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
import time
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path


def _peak() -> int:
    """Returns the most bytes that this process has had in memory (proc(5), status)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main() -> None:
    how, where, key, names, expression = sys.argv[1:]
    if how == "signed":
        import signedvfs

        signedvfs.trust(signedvfs.PublicKey.load(key))
        sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, where)
    times, answers = [], []
    for name in names.split(","):
        begin = time.perf_counter()
        if how == "hashed":  # what whoever verifies a file has to do at least
            hashlib.sha256(Path(f"{where}/{name}{EXTENSION_SUFFIXES[0]}").read_bytes()).digest()
        module = importlib.import_module(name)
        times.append(time.perf_counter() - begin)
        answers.append(str(eval(expression, {"module": module})))
    peak = _peak()
    json.dump({"seconds": times, "answers": answers, "peak": peak}, sys.stdout)


main()
