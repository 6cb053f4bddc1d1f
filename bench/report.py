"""Writes what import_bench.py and the core's benchmark have measured as one Markdown file.

report.py DIRECTORY reads bench-VERSION.json and core.json there and writes report.md and
summary.json; it says which targets are met.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import figures
import names
import targets

Row = list[str]


def load(directory: Path) -> targets.Results:
    """Returns the results by version of Python, oldest first."""
    files = {path.stem[len("bench-") :]: path for path in directory.glob("bench-*.json")}
    if not files:
        raise SystemExit(f"{directory} has no bench-VERSION.json: run bench/import_bench.py first")
    versions = sorted(files, key=lambda version: [int(part) for part in version.split(".")])
    return {version: json.loads(files[version].read_text("utf-8")) for version in versions}


def table(head: Row, rows: list[Row]) -> str:
    """Returns a Markdown table; the first column holds words, the others numbers."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def with_quartiles(found: dict[str, float], digits: int = 2) -> str:
    low, high = (f"{found[name]:.{digits}f}" for name in ("low", "high"))
    return f"{found['median']:.{digits}f} ({low}-{high})"


def machine(results: targets.Results) -> Iterator[str]:
    for result in results.values():
        facts = result["machine"]
        yield (
            f"* CPython {facts['python']}, {facts['openssl']}, {facts['compiler']}; {facts['cpu']}"
            f" ({', '.join(facts['features'])}), {facts['cores']} cores, {facts['system']};"
            f" load {facts['load']:.1f} before it; {result['rounds']} rounds, {facts['when']}"
        )


def verdict_rows(results: targets.Results) -> list[Row]:
    return [
        [v.title, v.python, f"{v.limit:g}", number(v.measured, 4), v.text]
        for v in targets.verdicts(results)
    ]


def import_rows(imported: dict[str, Any]) -> list[Row]:
    """Returns a row for each contender; ratios to zipimport on the same kind of archive."""
    rounds = imported["rounds"]
    rows = []
    for name, answers in rounds.items():
        against = names.ZIP_STORED if "stored" in name else names.ZIP_DEFLATED
        row = [name, with_quartiles(figures.summary(answers, "import_ms"), 1)]
        for measure in ("whole_ms", "cpu_whole_ms"):
            row.append(number(figures.summary(answers, measure)["median"], 1))
        for measure, rival in (
            ("import_ms", against),
            ("import_ms", names.FILES),
            ("import_ms", names.FLOOR),
            ("peak_kb", against),
        ):
            known = rival in rounds
            ratio = figures.ratio(answers, rounds[rival], measure) if known else None
            row.append(number(ratio["median"]) if ratio else "-")
        rows.append(row)
    return rows


IMPORT_HEAD = ["", "import, ms", "with set-up", "CPU", "/ zipimport", "/ files", "/ floor"]
IMPORT_HEAD.append("memory / zipimport")


def import_sections(results: targets.Results) -> Iterator[str]:
    for version, result in results.items():
        for corpus, imported in result.get("imports", {}).items():
            size = imported["bytes_loaded"] / 1e6
            yield f"### {corpus}, CPython {version}"
            yield (
                f"{imported['modules']} modules, {size:.1f} MB of bytecode, in an archive of "
                f"{imported['members']:,} members."
            )
            yield table(IMPORT_HEAD, import_rows(imported))
            switches = imported["rounds"].get(names.ALL_DEFLATED, [{}])[0].get("switches")
            yield f"Switched on for all: {', '.join(switches or ['nothing'])}."
            yield from failures(imported["failed"])
    yield "Other importers: " + "; ".join(f"{k}: {v}" for k, v in names.PEERS.items()) + "."


def failures(failed: dict[str, str]) -> Iterator[str]:
    for name, reason in failed.items():
        yield f"Not measured: {name}\n\n```\n{reason}\n```"


def race_section(
    title: str, races: list[tuple[str, dict[str, Any]]], measure: str
) -> Iterator[str]:
    """Yields a table with a row for each contender of each race; the first one is the base."""
    rows = []
    for label, race in races:
        base: Any = None
        for name, answers in race["rounds"].items():
            base = base or answers
            found = with_quartiles(figures.summary(answers, measure))
            ratio = with_quartiles(figures.ratio(answers, base, measure), 3)
            rows.append([f"{label}: {name}", found, ratio])
    if rows:
        yield f"## {title}"
        yield table(["", "ms", "ratio to the first"], rows)
    for _, race in races:
        yield from failures(race["failed"])


def small_sections(results: targets.Results) -> Iterator[str]:
    found = [
        (f"{int(members):,} members, {version}", race)
        for version, result in results.items()
        for members, race in result.get("opening", {}).items()
    ]
    yield from race_section("The first look into an archive", found, "open_ms")
    starts = [(version, r["startup"]) for version, r in results.items() if "startup" in r]
    yield from race_section("Start-up", starts, "startup_ms")
    trees = [(version, r["directories"]) for version, r in results.items() if "directories" in r]
    yield from race_section(
        "Many modules, from an archive and from directories", trees, "modules_ms"
    )
    greetings = [(version, r["hello"]) for version, r in results.items() if "hello" in r]
    yield from race_section("Hello world, from start to end", greetings, "hello_ms")
    managed = [(version, r["managed"]) for version, r in results.items() if "managed" in r]
    yield from race_section(
        "A web application, from start to its first answer", managed, "hello_ms"
    )
    points = [(version, r["entry_points"]) for version, r in results.items() if "entry_points" in r]
    yield from race_section("entry_points(), the first", points, "first_ms")
    yield from race_section("entry_points(), once more", points, "second_ms")


def file_sections(results: targets.Results) -> Iterator[str]:
    """Yields what files in archives cost, and what open doors cost other files."""
    titles = {
        "unrelated": "Calls about other paths: closed doors, open doors",
        "members": "Files: on the disk, in an archive",
    }
    for kind, title in titles.items():
        rows = [
            [f"{version}: {name}", number(found["base_us"], 2), number(found["other_us"], 2),
             number(found["ratio"], 3)]
            for version, result in results.items()
            for name, found in result.get("virtual_files", {}).get(kind, {}).items()
        ]  # fmt: skip
        if rows:
            yield f"## {title}"
            yield table(["", "us", "us", "ratio"], rows)


def native_sections(results: targets.Results) -> Iterator[str]:
    """Yields what extension modules of archives cost, beside files."""
    rows = [
        [f"{version}: {what}", way, number(found["ms"], 2), number(found["peak_mb"], 0)]
        for version, result in results.items()
        for kind in result.get("native", {}).values()
        for what, ways in kind.items()
        for way, found in ways.items()
    ]
    if rows:
        yield "## Extension modules: as files, files and a SHA-256, from an archive"
        yield table(["", "", "ms", "peak MB"], rows)


def part_sections(results: targets.Results) -> Iterator[str]:
    for version, result in results.items():
        found = result.get("parts", {})
        if "parts" in found:
            yield f"## Where the time goes: {found['corpus']}, CPython {version}, CPU ms"
            rows = [
                [
                    name,
                    *(number(split[part], 1) for part in names.PARTS),
                    number(sum(split.values()), 1),
                ]
                for name, split in found["parts"].items()
            ]
            yield table(["", *names.PARTS, "total"], rows)
        yield from failures(found.get("failed", {}))


def sampled_sections(results: targets.Results) -> Iterator[str]:
    for version, result in results.items():
        found = result.get("sampled", {})
        if "kinds" in found:
            yield f"## Which code it is: {found['corpus']}, CPython {version}, CPU ms by samples"
            rows = [
                [name, *(number(kinds[kind], 1) for kind in names.SAMPLED)]
                for name, kinds in found["kinds"].items()
            ]
            yield table(["", *names.SAMPLED], rows)
        yield from failures(found.get("failed", {}))


def core_section(directory: Path) -> Iterator[str]:
    """Yields the core's throughput beside its floors."""
    rates = core_rates(directory)
    if not rates:
        return
    yield "## The core beside its floors, GB/s"
    sizes = sorted({size for rate in rates.values() for size in rate})
    head = ["bytes", *rates]
    rows = [[f"{s:,}", *(number(rate.get(s)) for rate in rates.values())] for s in sizes]
    yield table(head, rows)


def core_rates(directory: Path) -> dict[str, dict[int, float]]:
    """Returns GB/s by benchmark and size, of those that the core's benchmark counts bytes of."""
    path = directory / "core.json"
    rates: dict[str, dict[int, float]] = {}
    if path.exists():
        for entry in json.loads(path.read_text("utf-8"))["benchmarks"]:
            name, _, size = entry["name"].partition("/")
            if "bytes_per_second" in entry and size.isdigit():
                rates.setdefault(name, {})[int(size)] = entry["bytes_per_second"] / 1e9
    return rates


def signing_section(results: targets.Results) -> Iterator[str]:
    for version, result in results.items():
        if result.get("signing"):
            yield f"## Signing, CPython {version}"
            yield f"```\n{json.dumps(result['signing'], indent=1)}\n```"


def compose(directory: Path, results: targets.Results) -> str:
    blocks = ["# What was measured", *machine(results), "## Targets"]
    head = ["ratio, lower is better", "CPython", "at most", "measured", ""]
    blocks.append(table(head, verdict_rows(results)))
    blocks.append(f"Imports: geometric mean over {', '.join(targets.CORPORA)} and all versions.")
    blocks += [
        "## Importing",
        *import_sections(results),
        *small_sections(results),
        *file_sections(results),
        *native_sections(results),
    ]
    blocks += [*part_sections(results), *sampled_sections(results)]
    blocks += [*core_section(directory), *signing_section(results)]
    return "\n\n".join(blocks) + "\n"


def summary(results: targets.Results) -> dict[str, Any]:
    """Returns the ratios by corpus, and the verdicts, for programs."""
    ratios = {
        version: {
            corpus: {t.title: targets.corpus_ratio(result["imports"], corpus, t) for t in TARGETS}
            for corpus in names.CORPORA
            if corpus in result.get("imports", {})
        }
        for version, result in results.items()
    }
    verdicts = [{**v._asdict(), "verdict": v.text} for v in targets.verdicts(results)]
    return {"targets": verdicts, "ratios": ratios}


TARGETS = targets.IMPORTS + targets.MEMORY


def main() -> None:
    directory = Path(sys.argv[1])
    results = load(directory)
    (directory / "report.md").write_text(compose(directory, results), encoding="utf-8")
    text = json.dumps(summary(results), indent=1) + "\n"
    (directory / "summary.json").write_text(text, encoding="utf-8")
    for row in verdict_rows(results):
        print(f"{row[4]:13}{row[3]:>9}  at most {row[2]:6} {row[0]} ({row[1]})")
    print(f"\nThe whole report: {directory / 'report.md'}")


if __name__ == "__main__":
    main()
