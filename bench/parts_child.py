"""Times what every importer has to do with a corpus's bytes, each by itself, in one interpreter.

Started with -I -S. Arguments: NAME=VALUE. The collector is off. Prints milliseconds as JSON.
"""

import gc
import hashlib
import json
import marshal
import sys
import time
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HEADER = 16


def cpu_ms(work: "Callable[[bytes], Any]", buffers: "list[bytes]") -> float:
    """Returns what calling `work` with each takes; all that it returns stays alive meanwhile."""
    begin = time.process_time_ns()
    kept = [work(buffer) for buffer in buffers]
    end = time.process_time_ns()
    del kept
    return (end - begin) / 1e6


def main() -> None:
    task = dict(argument.split("=", 1) for argument in sys.argv[1:])
    with open(task["place"], "rb") as file:  # noqa: PTH123  # pathlib is a module of a corpus
        modules = marshal.load(file)
    with open(task["order"], encoding="utf-8") as file:  # noqa: PTH123  # pathlib, as above
        names = file.read().split()
    contents = [modules[name][0] for name in names]
    codes = [content[HEADER:] for content in contents]
    deflated = []
    for content in contents:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        deflated.append(packer.compress(content) + packer.flush())
    del modules
    gc.disable()
    kept = [marshal.loads(code) for code in codes[:1]]  # interns what all share
    answer = {
        "unmarshal_ms": cpu_ms(marshal.loads, codes),
        "unmarshal_again_ms": again_ms(codes),
        "hash_ms": cpu_ms(lambda content: hashlib.sha256(content).digest(), contents),
        "hash_deflated_ms": cpu_ms(lambda content: hashlib.sha256(content).digest(), deflated),
        "inflate_ms": cpu_ms(lambda content: zlib.decompress(content, -15), deflated),
        "modules": len(kept) * len(names),
    }
    print(json.dumps(answer))


def again_ms(codes: "list[bytes]") -> float:
    """Returns what unmarshalling a second time takes, right after the first, and forgetting it."""
    total, kept = 0, []
    for code in codes:
        kept.append(marshal.loads(code))
        begin = time.process_time_ns()
        marshal.loads(code)
        total += time.process_time_ns() - begin
    return total / 1e6


if __name__ == "__main__":
    main()
