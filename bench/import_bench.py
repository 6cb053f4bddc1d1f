"""Times imports through the hook beside zipimport, from the same archives, in fresh interpreters.

Every round runs each contender once, one after the other, so that whatever else the machine does
meets them all; a ratio is the median of the rounds' ratios. Before anything is timed, each
contender must have ended with the same modules: names, files and code.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

import signedvfs
from archives import compile_tree, fetch, many_members, write_files, write_signed

CHILD = Path(__file__).with_name("import_child.py")
MIN_RUNS = 11


class Contender(NamedTuple):
    """A way to import: which loader, from what."""

    name: str
    loader: str
    archive: Path


class Series(NamedTuple):
    """The times of one contender in nanoseconds, by round."""

    name: str
    times: list[int]

    def row(self, base: Series) -> dict[str, Any]:
        ratios = [mine / theirs for mine, theirs in zip(self.times, base.times)]
        low, _, high = quartiles([time / 1e6 for time in self.times])
        ratio_low, _, ratio_high = quartiles(ratios)
        return {
            "contender": self.name,
            "median_ms": statistics.median(self.times) / 1e6,
            "iqr_ms": [low, high],
            "ratio": statistics.median(ratios),
            "ratio_iqr": [ratio_low, ratio_high],
            "against": base.name,
        }


def quartiles(values: list[float]) -> list[float]:
    return statistics.quantiles(values, n=4) if len(values) > 1 else values * 3


def run_child(contender: Contender, measure: str, key: str, module: str = "") -> dict[str, Any]:
    """Measures once, in a fresh interpreter without site-packages."""
    task = {
        "measure": measure,
        "loader": contender.loader,
        "archive": str(contender.archive),
        "module": module,
        "key": key,
        "signedvfs": str(Path(signedvfs.__file__).parents[1]),
    }
    command = [sys.executable, "-I", "-S", str(CHILD), json.dumps(task)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{contender.name} failed:\n{result.stderr}")
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def difference(mine: object, theirs: object) -> str:
    """Names what two answers do not have in common."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        keys = [key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)]
        return "\n".join(f"{key}: {mine.get(key)} and {theirs.get(key)}" for key in keys[:10])
    return f"{mine} and {theirs}"


def race(
    contenders: list[Contender],
    measure: str,
    same: str,
    times: list[str],
    runs: int,
    key: str,
    module: str = "",
) -> dict[str, list[Series]]:
    """Checks that all contenders agree on `same`, then runs them in turn; times by their names."""
    first = [run_child(contender, measure, key, module) for contender in contenders]
    for contender, answer in zip(contenders, first):
        if not answer[same] or answer[same] != first[0][same]:
            raise SystemExit(
                f"{contender.name} and {contenders[0].name} differ in their {same}:\n"
                f"{difference(answer[same], first[0][same])}"
            )
    series = {time: [Series(contender.name, []) for contender in contenders] for time in times}
    title = f"{measure} {module}".strip()
    for _ in tqdm(range(runs), desc=title, unit="round", file=sys.stderr):
        for index, contender in enumerate(contenders):
            answer = run_child(contender, measure, key, module)
            for time in times:
                series[time][index].times.append(answer[time])
    return series


def table(title: str, rows: list[dict[str, Any]]) -> str:
    lines = [title, f"  {'':28}{'median ms':>10}{'IQR ms':>18}{'ratio':>8}{'IQR':>16}  against"]
    for row in rows:
        iqr = "{:.2f}-{:.2f}".format(*row["iqr_ms"])
        ratio_iqr = "{:.3f}-{:.3f}".format(*row["ratio_iqr"])
        lines.append(
            f"  {row['contender']:28}{row['median_ms']:10.2f}{iqr:>18}{row['ratio']:8.3f}"
            f"{ratio_iqr:>16}  {row['against']}"
        )
    return "\n".join(lines)


def bench_import(
    package: str, source: Path, work: Path, key: signedvfs.PrivateKey, runs: int
) -> dict[str, Any]:
    """Imports the package every way there is; returns rows by what was timed."""
    members = compile_tree(source)
    stored, deflated, files = work / "stored.zip", work / "deflated.zip", work / "files"
    write_signed(stored, members, "stored", key)
    write_signed(deflated, members, "deflate", key)
    write_files(source, files)
    contenders = [
        Contender("zipimport, deflated", "zipimport", deflated),
        Contender("signedvfs, deflated", "signedvfs", deflated),
        Contender("zipimport, stored", "zipimport", stored),
        Contender("signedvfs, stored", "signedvfs", stored),
        Contender("files, unverified", "files", files),
    ]
    public = public_text(key)
    series = race(contenders, "import", "modules", ["import", "whole"], runs, public, package)
    result: dict[str, Any] = {"package": package}
    for time, measured in series.items():
        zip_deflated, our_deflated, zip_stored, our_stored, on_files = measured
        result[time] = [
            zip_deflated.row(zip_deflated),
            our_deflated.row(zip_deflated),
            zip_stored.row(zip_stored),
            our_stored.row(zip_stored),
            our_deflated.row(on_files),
            our_stored.row(on_files),
        ]
    return result


def bench_open(work: Path, key: signedvfs.PrivateKey, members: int, runs: int) -> dict[str, Any]:
    """Takes the first look into a large archive both ways."""
    archive = work / "many.zip"
    write_signed(archive, many_members(members), "stored", key)
    contenders = [
        Contender("zipimport, directory only", "zipimport", archive),
        Contender("signedvfs, verified", "signedvfs", archive),
    ]
    series = race(contenders, "open", "members", ["open"], runs, public_text(key))["open"]
    return {"members": members, "open": [entry.row(series[0]) for entry in series]}


def public_text(key: signedvfs.PrivateKey) -> str:
    """Returns the public key as the PublicKey constructor takes it."""
    lines = [line for line in key.public_key.pem.splitlines() if not line.startswith("-----")]
    return base64.b64encode(base64.b64decode("".join(lines))).decode()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "packages",
        nargs="*",
        default=["sympy"],
        help="packages of the package index to import (default: sympy)",
    )
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="where packages go")
    parser.add_argument("--runs", type=int, default=15, help=f"rounds, at least {MIN_RUNS}")
    parser.add_argument("--members", type=int, default=10_000, help="members of the archive opened")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there as well")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="only check that all ways agree, on a package of the standard library",
    )
    arguments = parser.parse_args()
    if arguments.runs < MIN_RUNS:
        parser.error(f"--runs {arguments.runs}: fewer than {MIN_RUNS} rounds say nothing")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    # Python's own finder makes paths absolute; the others keep them as they are given.
    arguments.work = arguments.work.resolve()
    arguments.work.mkdir(parents=True, exist_ok=True)
    key = signedvfs.PrivateKey.generate()
    results: dict[str, Any] = {"python": sys.version.split()[0], "runs": arguments.runs}
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        work = Path(name)
        if arguments.smoke:
            shutil.copytree(Path(json.__file__).parents[1] / "email", work / "source" / "email")
            bench_import("email.mime.text", work / "source", work, key, 1)
            bench_open(work, key, 100, 1)
            print("all ways to import agree")
            return
        results["imports"] = []
        for package in arguments.packages:
            place = work / package
            place.mkdir()
            source = fetch(package, arguments.work)
            results["imports"].append(bench_import(package, source, place, key, arguments.runs))
        results["opening"] = bench_open(work, key, arguments.members, arguments.runs)
    for result in results["imports"]:
        title = f"import {result['package']}, Python {results['python']}"
        print(table(f"{title}: opening the archive and importing", result["import"]))
        print(table(f"{title}: and `import signedvfs`, trust, hook before it", result["whole"]))
    title = f"first look into an archive of {results['opening']['members']} members"
    print(table(title, results["opening"]["open"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
