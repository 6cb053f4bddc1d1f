"""Says which code an import's CPU time is spent in, by sampling with perf where that works.

This asks the processor, where parts.py computes differences: that hashing costs what it costs
alone, for one, is seen here. Start-up is taken off: what a child spends that imports nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

import imports
import names
import signedvfs
from contenders import our_contenders
from corpora import Corpus
from race import command_of

FREQUENCY = 4999  # samples a second; odd, so that they do not beat with timers
REPEATS = 5


class Kind(NamedTuple):
    """Code of one kind: by the file that it is in, and by the names of its functions."""

    name: str
    file: str = ""
    function: str = ""


# KINDS are asked in this order; the first one whose two expressions are found is the kind.
KINDS = [
    Kind(names.SAMPLED_KERNEL, function=r"^\[k\]"),
    Kind(names.SAMPLED_VERIFY, file=r"libcrypto"),  # distributions take its functions' names out
    Kind(names.SAMPLED_INFLATE, file=r"libdeflate|libz\.|libz-|zlib|libzstd"),
    Kind(names.SAMPLED_OURS, file=r"_core"),
    Kind(
        names.SAMPLED_COLLECTOR,
        function=r" (gc_|_?PyGC_|visit_|subtract_refs|move_|deduce_|update_refs|untrack_"
        r"|delete_garbage|handle_weakrefs|\w+_traverse\b|mark_)",
    ),
    Kind(names.SAMPLED_UNMARSHAL, function=r" (r_\w+|_?PyMarshal\w*|marshal_\w+)"),
    Kind(
        names.SAMPLED_MEMORY,
        function=r" (_?Py(Object|Mem)_(Malloc|Free|Calloc|Realloc|Raw\w+)|_PyMem\w+|pymalloc\w*"
        r"|_?_?(libc_)?(malloc|free|calloc|realloc)|_int_(malloc|free)\w*|malloc_consolidate"
        r"|unlink_chunk\S*|arena\w*|mem(cpy|move|set|cmp)\w*|__mem\w+)",
    ),
    Kind(names.SAMPLED_PYTHON, file=r"python"),
    Kind(names.SAMPLED_REST),
]
assert [kind.name for kind in KINDS] == names.SAMPLED


def kind_of(file: str, function: str) -> str:
    """Returns the kind of a function as perf writes it: "[.] name" or "[k] name"."""
    return next(
        kind.name
        for kind in KINDS
        if re.search(kind.file, file) and re.search(kind.function, function)
    )


def counted(lines: Iterable[str]) -> dict[str, int]:
    """Returns the samples of each kind from perf's report: lines of count|file|function."""
    counts = dict.fromkeys((kind.name for kind in KINDS), 0)
    for line in lines:
        fields = [field.strip() for field in line.split("|")]
        if len(fields) >= 3 and fields[0].isdigit():
            counts[kind_of(fields[1], fields[2])] += int(fields[0])
    return counts


def sample(task: dict[str, str], data: Path) -> dict[str, int]:
    """Returns one child's samples by kind. Raises CalledProcessError where perf does not work."""
    perf = ["perf", "record", "--quiet", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", str(data)]
    subprocess.run([*perf, *command_of("child.py", task)], check=True, capture_output=True)
    report = ["perf", "report", "-i", str(data), "--stdio", "--field-separator", "|"]
    report += ["--sort", "dso,symbol", "--fields", "sample,dso,symbol"]
    result = subprocess.run(report, check=True, capture_output=True, text=True)
    return counted(result.stdout.splitlines())


def milliseconds(
    samples: dict[str, int], nothing: dict[str, int], repeats: int
) -> dict[str, float]:
    """Returns what an import took of each kind, without what importing nothing takes."""
    scale = 1000 / FREQUENCY / repeats
    return {kind: (samples[kind] - nothing[kind]) * scale for kind in samples}


def run(
    corpus: Corpus, work: Path, kept: Path, key: signedvfs.PrivateKey, repeats: int = REPEATS
) -> dict[str, Any]:
    """Returns the CPU milliseconds of each kind by contender, or why there are none.

    Archives go to `work`, what outlives them below `kept`.
    """
    if shutil.which("perf") is None:
        return {"failed": {"perf": "is not installed"}}
    common = {**imports.common_task(corpus, kept, key), "check": "no", "leave": "yes"}
    tasks = {
        contender.name: {**common, **contender.arguments()}
        for contender in our_contenders(corpus, corpus.order(), work, key)
        if contender.name in names.SAMPLED_OF
    }
    totals: dict[str, dict[str, int]] = {}
    try:
        for _ in tqdm(range(repeats), desc=f"samples of {corpus.name}", unit="round"):
            for name, task in tasks.items():
                for label, sampled in (
                    (name, task),
                    (f"nothing, {name}", {**task, "modules": "sys"}),
                ):
                    counts = sample(sampled, work / "perf.data")
                    total = totals.setdefault(label, dict.fromkeys(counts, 0))
                    for kind, count in counts.items():
                        total[kind] += count
    except subprocess.CalledProcessError as error:
        return {"failed": {"perf": error.stderr.strip()[-500:]}}
    kinds = {
        name: milliseconds(totals[name], totals[f"nothing, {name}"], repeats) for name in tasks
    }
    return {"corpus": corpus.name, "kinds": kinds, "failed": {}}
