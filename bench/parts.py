"""Says where an import's time goes, by differences between things that are each measured.

Beside the import itself three more are timed, in CPU milliseconds: the same without the collector;
the import of as many modules of the same names that are empty ("hollow"), which leaves opening,
finding, specs and locks; and unmarshalling, hashing and inflating the same bytes alone. The floor,
which only unmarshals and executes, tells what executing costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import contenders
import imports
import names
import signedvfs
from archives import unchecked_pyc
from corpora import Corpus
from race import Entry, race

CONTENDERS = [
    names.ZIP_DEFLATED,
    names.ZIP_STORED,
    names.FILES,
    names.OURS_DEFLATED,
    names.OURS_STORED,
    names.FLOOR,
]
PRIMITIVES = "alone"


def hollow(corpus: Corpus, root: Path, order: list[str]) -> Corpus:
    """Returns a corpus with the same names whose modules, those that are loaded, are empty."""
    copy = Corpus(corpus.name, root, [module_name(member) for member in order])
    loaded = {member[:-1] for member in order}
    for path in corpus.source.rglob("*.py"):
        name = path.relative_to(corpus.source).as_posix()
        target = copy.source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"" if name in loaded else b"unused = True\n")
    assert unchecked_pyc("empty.py", b"") is not None
    return copy


def module_name(member: str) -> str:
    """Returns the name of the module that a member ("a/b.pyc", "a/__init__.pyc") is."""
    stem = member[: -len(".pyc")]
    return (
        stem[: -len("/__init__")].replace("/", ".")
        if stem.endswith("/__init__")
        else (stem.replace("/", "."))
    )


def split(times: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Returns the parts of each contender: `times` has times by "full X", "quiet X" (without the
    collector) and "hollow X", the primitives by their names, and what verifying took, by
    "verify X", where that was sampled.
    """
    unmarshal = times["unmarshal_ms"]
    floor = names.FLOOR
    execute = times[f"quiet {floor}"] - times[f"hollow {floor}"] - unmarshal
    # What is left of handling the bytes, when all that everybody does is taken away.
    rest = {
        name: times[f"quiet {name}"] - times[f"hollow {name}"] - execute - unmarshal
        for name in CONTENDERS
    }
    result = {}
    for name in CONTENDERS:
        parts = dict.fromkeys(names.PARTS, 0.0)
        parts[names.EXECUTE], parts[names.UNMARSHAL] = execute, unmarshal
        parts[names.COLLECTOR] = times[f"full {name}"] - times[f"quiet {name}"]
        parts[names.FIND] = times[f"hollow {name}"]
        stored = STORED.get(name, name)
        parts[names.INFLATE] = rest[name] - rest[stored]
        if name.startswith("zipimport"):
            parts[names.AGAIN] = times["unmarshal_again_ms"]
        if name.startswith("signedvfs"):
            parts[names.VERIFY] = times.get(f"verify {name}", times["hash_ms"])
        parts[names.OTHER] = rest[stored] - parts[names.AGAIN] - parts[names.VERIFY]
        result[name] = parts
    return result


# STORED says with whom inflating is the difference.
STORED = {
    names.ZIP_DEFLATED: names.ZIP_STORED,
    names.OURS_DEFLATED: names.OURS_STORED,
}


def run(
    corpus: Corpus,
    work: Path,
    kept: Path,
    key: signedvfs.PrivateKey,
    rounds: int,
    sampled: dict[str, dict[str, float]],
) -> dict[str, Any]:
    """Returns the parts of each contender in milliseconds, and what they were computed from.

    Archives go to `work`, what outlives them below `kept`. `sampled` is what sampling.py found of
    the same corpus, or empty: verifying is then what hashing the content once takes alone.
    """
    order = corpus.order()
    entries: list[Entry] = []
    empty = hollow(corpus, work / "empty", order)
    for kind, source in (("full", corpus), ("hollow", empty)):
        place = work / kind
        place.mkdir()
        common = imports.common_task(source, kept, key)
        for c in contenders.our_contenders(source, order, place, key):
            if c.name not in CONTENDERS:
                continue
            if kind == "full":
                task = {**common, **c.arguments()}
                entries.append(Entry(f"full {c.name}", task, group="full"))
            quiet = {**common, **c._replace(collector=False).arguments()}
            name = "quiet" if kind == "full" else "hollow"
            entries.append(Entry(f"{name} {c.name}", quiet, group=kind))
    (work / "order").write_text("\n".join(map(module_name, order)), encoding="utf-8")
    result = race(f"parts of {corpus.name}", "child.py", entries, rounds, "modules")
    task = {"place": str(work / "full" / "floor.marshal"), "order": str(work / "order")}
    alone = race("bytes alone", "parts_child.py", [Entry(PRIMITIVES, task)], rounds, "modules")
    failed = {**result.failed, **alone.failed}
    if failed:
        return {"failed": failed}
    # The least, not the median: what others make it wait adds up in differences.
    times = {
        name: min(answer["cpu_ms"] for answer in answers) for name, answers in result.rounds.items()
    }
    for measure in alone.rounds[PRIMITIVES][0]:
        times[measure] = min(a[measure] for a in alone.rounds[PRIMITIVES])
    for name, kinds in sampled.items():
        times[f"verify {name}"] = kinds[names.SAMPLED_VERIFY]
    every = {**result.rounds, **alone.rounds}
    facts = {"corpus": corpus.name, "parts": split(times), "times": times}
    return {**facts, "rounds": every, "failed": {}}
