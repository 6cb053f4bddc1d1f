"""Times signing beside sha256sum over the same bytes, and packing beside zipfile and zip.

Every round runs each contender once, one after the other, so that whatever else the machine does
meets them all; a ratio is the median of the rounds' ratios. Everything is in the page cache, and
before anything is timed the results are compared: what was signed with what sha256sum says, and
what each archive holds with what was put in.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

import signedvfs
from archives import unchecked_pyc
from signedvfs import _tools

MEMBERS = 10_000
MEMBER_BYTES = 50_000
LEVEL = 6
MIN_RUNS = 5

# Run in fresh interpreters: what signing costs is the call, not the start of Python.
_TIMED = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import signedvfs
from signedvfs import _tools
arguments = json.loads(sys.argv[2])
{imports}
before, processor = time.perf_counter_ns(), time.process_time_ns()
{call}
took, processor = time.perf_counter_ns() - before, time.process_time_ns() - processor
with open("/proc/self/status") as file:  # ru_maxrss would count what the parent had before exec
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
print(json.dumps({{"time": took, "processor": processor, "peak_kib": peak}}))
"""

_SIGN = _TIMED.format(
    imports="key = signedvfs.PrivateKey.load(sys.argv[3])",
    call="signedvfs.sign(arguments['source'], key, output=arguments['output'])",
)
_PACK = _TIMED.format(
    imports="from signedvfs.packaging import pack\n"
    "key = signedvfs.PrivateKey.load(sys.argv[3]) if arguments.pop('signed') else None",
    call="pack(arguments['source'], arguments['output'], key=key, level=arguments['level'])",
)
_ZIPFILE = _TIMED.format(
    imports="import zipfile\nfrom pathlib import Path",
    call="""
source = Path(arguments['source'])
with zipfile.ZipFile(arguments['output'], 'w', zipfile.ZIP_DEFLATED,
                     compresslevel=arguments['level']) as archive:
    for path in sorted(path for path in source.rglob('*') if path.is_file()):
        archive.write(path, path.relative_to(source).as_posix())
""",
)

Answer = dict[str, Any]


class Contender(NamedTuple):
    """A way to do the work, once; answers with `time` in nanoseconds and maybe more."""

    name: str
    run: Callable[[], Answer]


def interpreter(script: str, arguments: Answer, key: Path) -> Answer:
    packages = str(Path(signedvfs.__file__).parents[1])
    command = [sys.executable, "-c", script, packages, json.dumps(arguments), str(key)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    answer: Answer = json.loads(done.stdout)
    return answer


def children_ns() -> int:
    """Returns the processor time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def command(words: Sequence[str], cwd: Path, stdin: bytes = b"") -> Answer:
    before, processor = time.perf_counter_ns(), children_ns()
    done = subprocess.run(words, cwd=cwd, input=stdin, check=True, capture_output=True)
    took, processor = time.perf_counter_ns() - before, children_ns() - processor
    return {"time": took, "processor": processor, "output": done.stdout}


def race(contenders: list[Contender], runs: int) -> list[dict[str, Any]]:
    """Runs the contenders in turn; rows with ratios to the last of them."""
    answers: list[list[Answer]] = [[] for _ in contenders]
    for _ in tqdm(range(runs), desc=contenders[0].name, unit="round", file=sys.stderr):
        for contender, mine in zip(contenders, answers):
            mine.append(contender.run())
    base = [answer["time"] for answer in answers[-1]]
    rows = []
    for contender, mine in zip(contenders, answers):
        times = [answer["time"] for answer in mine]
        row: dict[str, Any] = {
            "contender": contender.name,
            "median_ms": statistics.median(times) / 1e6,
            "best_ms": min(times) / 1e6,
            "ratio": statistics.median(time / other for time, other in zip(times, base)),
            "against": contenders[-1].name,
        }
        row["processor_ms"] = statistics.median(answer["processor"] for answer in mine) / 1e6
        if "peak_kib" in mine[0]:
            row["peak_mib"] = max(answer["peak_kib"] for answer in mine) / 1024
        rows.append(row)
    return rows


def write_members(files: Path, archive: Path, members: int, size: int) -> None:
    """Writes bytes that do not compress, as files and as an archive that stores them."""
    source = random.Random(members)
    with _tools.ArchiveWriter(str(archive)) as writer:
        for i in range(members):
            name = f"package_{i // 100:03}/module_{i:05}.pyc"
            content = source.getrandbits(8 * size).to_bytes(size, "little")
            (files / name).parent.mkdir(parents=True, exist_ok=True)
            (files / name).write_bytes(content)
            writer.add(name, content, method="stored")


def sha256sums(files: Path, cores: int) -> Contender:
    """sha256sum over as many parts of the files as there are cores."""
    names = sorted(path.relative_to(files).as_posix() for path in files.rglob("*.pyc"))
    part = -(-len(names) // cores)
    words = ["xargs", f"--max-procs={cores}", f"--max-args={part}", "sha256sum"]
    # All names of a part have to fit into one command line; xargs makes more of them otherwise.
    words[1:1] = ["--max-chars=1000000"]
    return Contender(
        f"sha256sum, {cores} at a time", lambda: command(words, files, "\n".join(names).encode())
    )


def measure_signing(work: Path, key: Path, runs: int, members: int, size: int) -> dict[str, Any]:
    files, archive, signed = work / "files", work / "unsigned.zip", work / "signed.zip"
    write_members(files, archive, members, size)
    cores = len(os.sched_getaffinity(0))
    arguments = {"source": str(archive), "output": str(signed)}
    contenders = [
        Contender("signedvfs sign", lambda: interpreter(_SIGN, arguments, key)),
        sha256sums(files, cores),
    ]
    contenders[0].run()
    lines = contenders[1].run()["output"].decode().splitlines()
    wanted = {line[66:]: line[:64] for line in lines}
    policy = signedvfs.TrustPolicy([signedvfs.PrivateKey.load(key).public_key])
    vfs = signedvfs.open(signed, policy)
    found = {name: vfs.stat(name).digest for name in vfs.list()}
    if found != wanted or len(found) != members:
        raise SystemExit("what was signed is not what sha256sum says")
    return {
        "members": members,
        "bytes": members * size,
        "cores": cores,
        "rows": race(contenders, runs),
    }


def contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/")]
        own = ("signedimp-manifest.txt", "signedvfs-index.bin")
        return {name: opened.read(name) for name in names if name not in own}


def measure_packing(work: Path, key: Path, runs: int, source: Path) -> dict[str, Any]:
    """Packs a tree of compiled modules, so that nothing but packing is compared."""
    tree = work / "tree"
    wanted: dict[str, bytes] = {}
    for path in sorted(path for path in source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        code = unchecked_pyc(name, path.read_bytes())
        if code is None:
            continue
        wanted[f"{name}c"] = code
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / f"{name}c").write_bytes(code)
    outputs = {name: work / f"{name}.zip" for name in ("signed", "unsigned", "zipfile", "zip")}

    def arguments(name: str) -> Answer:
        return {"source": str(tree), "output": str(outputs[name]), "level": LEVEL}

    def zip_command() -> Answer:
        outputs["zip"].unlink(missing_ok=True)
        words = ["zip", "-q", "-r", "-X", "-D", f"-{LEVEL}", str(outputs["zip"]), "."]
        return command(words, tree)

    contenders = [
        Contender(
            "signedvfs pack, signed",
            lambda: interpreter(_PACK, {**arguments("signed"), "signed": True}, key),
        ),
        Contender(
            "signedvfs pack, unsigned",
            lambda: interpreter(_PACK, {**arguments("unsigned"), "signed": False}, key),
        ),
        Contender("zipfile", lambda: interpreter(_ZIPFILE, arguments("zipfile"), key)),
    ]
    with_zip = shutil.which("zip") is not None
    if with_zip:
        contenders.insert(2, Contender("zip", zip_command))
    for contender in contenders:
        contender.run()
    made = {name: path for name, path in outputs.items() if path.exists()}
    for name, path in made.items():
        if contents(path) != wanted:
            raise SystemExit(f"the archive {name} does not hold what was put in")
    sizes = {name: path.stat().st_size for name, path in made.items()}
    return {
        "members": len(wanted),
        "bytes": sum(map(len, wanted.values())),
        "level": LEVEL,
        "sizes": sizes,
        "size_ratio": {name: size / sizes["zipfile"] for name, size in sizes.items()},
        "rows": race(contenders, runs),
    }


def measure(
    work: Path, runs: int, members: int = MEMBERS, size: int = MEMBER_BYTES
) -> dict[str, Any]:
    """Measures everything in new directories below `work`, which are removed again.

    `ratio` is that of signing to sha256sum.
    """
    with tempfile.TemporaryDirectory(dir=work) as name:
        place = Path(name)
        key = place / "bench.key"
        signedvfs.PrivateKey.generate().save(key)
        library = Path(json.__file__).parents[1]
        source = place / "source"
        # The modules that every interpreter has; its own tests would be most of it.
        for package in ("asyncio", "email", "encodings", "json", "multiprocessing", "unittest"):
            shutil.copytree(library / package, source / package)
        for path in library.glob("*.py"):
            shutil.copy(path, source)
        for part in ("signing", "packing"):
            (place / part).mkdir()
        signing = measure_signing(place / "signing", key, runs, members, size)
        packing = measure_packing(place / "packing", key, runs, source)
        return {"ratio": signing["rows"][0]["ratio"], "signing": signing, "packing": packing}


def table(title: str, rows: list[dict[str, Any]]) -> str:
    head = f"{'median ms':>10}{'best ms':>10}{'ratio':>8}{'processor ms':>14}{'peak MiB':>10}"
    lines = [title, f"  {'':28}{head}"]
    for row in rows:
        peak = f"{row['peak_mib']:.0f}" if "peak_mib" in row else ""
        lines.append(
            f"  {row['contender']:28}{row['median_ms']:10.1f}{row['best_ms']:10.1f}"
            f"{row['ratio']:8.2f}{row['processor_ms']:14.1f}{peak:>10}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="where files go")
    parser.add_argument("--runs", type=int, default=9, help=f"rounds, at least {MIN_RUNS}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    parser.add_argument("--smoke", action="store_true", help="only check that results agree")
    arguments = parser.parse_args()
    if arguments.runs < MIN_RUNS:
        parser.error(f"--runs {arguments.runs}: fewer than {MIN_RUNS} rounds say nothing")
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.smoke:
        measure(arguments.work.resolve(), 1, 100, 1000)
        print("what is signed and packed agrees with sha256sum, zip and zipfile")
        return
    results = measure(arguments.work.resolve(), arguments.runs)
    signing, packing = results["signing"], results["packing"]
    size = f"{signing['members']:,} members of {signing['bytes'] / 1e6:,.0f} MB"
    print(table(f"signing {size}, against sha256sum on {signing['cores']} cores", signing["rows"]))
    size = f"{packing['members']:,} members of {packing['bytes'] / 1e6:,.1f} MB"
    print(table(f"packing {size} at level {packing['level']}, against zipfile", packing["rows"]))
    print("  sizes: " + ", ".join(f"{k} {v:.3f}" for k, v in packing["size_ratio"].items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
