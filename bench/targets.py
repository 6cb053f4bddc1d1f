"""What signedvfs promises of its speed, and whether the numbers keep it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import figures
import names

# CORPORA are those whose geometric mean counts.
CORPORA = ["sympy", "botocore", "stdlib", "tiny"]

Results = dict[str, dict[str, Any]]  # by version of Python, what import_bench.py has written


class Target(NamedTuple):
    """A ratio that must not be more than the limit."""

    title: str
    ours: str
    theirs: str
    limit: float
    measure: str = "import_ms"


class Verdict(NamedTuple):
    """A target beside what was measured: None where it was not."""

    title: str
    python: str
    limit: float
    measured: float | None

    @property
    def text(self) -> str:
        if self.measured is None:
            return "not measured"
        return "met" if self.measured <= self.limit else "not met"


def against(theirs: str, default: float, everything: float) -> list[Target]:
    """Returns the targets of a kind, on the archive that is the other's, or on both."""
    found = []
    for method in ("deflated", "stored"):
        if theirs in (names.ZIP_DEFLATED, names.ZIP_STORED) and method not in theirs:
            continue
        found.append(Target(f"default, {method}", f"signedvfs, {method}", theirs, default))
        # "all" defers the collector; the floor has the same setting.
        rival = names.FLOOR_NO_COLLECTOR if theirs == names.FLOOR else theirs
        found.append(Target(f"all, {method}", f"signedvfs all, {method}", rival, everything))
    return [t._replace(title=f"import, {t.title}, against {t.theirs}") for t in found]


IMPORTS = [
    *against(names.ZIP_DEFLATED, 0.45, 0.32),
    *against(names.ZIP_STORED, 0.55, 0.42),
    *against(names.FILES, 0.72, 0.54),
    *against(names.FLOOR, 1.08, 1.05),
]
MEMORY = [
    Target(f"peak memory of imports, {ours}, {method}", f"{ours}, {method}", rival, 1.0, "peak_kb")
    for method, rival in (("deflated", names.ZIP_DEFLATED), ("stored", names.ZIP_STORED))
    for ours in ("signedvfs", "signedvfs all")
]
OPENING = {"10000": 0.01, "100000": 0.001}
STARTUP = 0.25
HELLO_MS = 15
ENTRY_POINTS = 0.5
SIGNING = 1.3
UNRELATED = 1.03  # what open doors may cost a call about another path
NATIVE_MODULE = 1.2
NATIVE_PACKAGE = 1.15
MANAGED = 1.0
MEMBER = {"open and read 4 KiB": 1.5, "os.stat of 10,000 files": 1.0}


def corpus_ratio(imports: dict[str, Any], corpus: str, target: Target) -> float | None:
    """Returns the median ratio on one corpus, or None where either did not run."""
    rounds = imports.get(corpus, {}).get("rounds", {})
    if target.ours not in rounds or target.theirs not in rounds:
        return None
    found = figures.ratio(rounds[target.ours], rounds[target.theirs], target.measure)
    return found["median"]


def mean(result: dict[str, Any], target: Target) -> float | None:
    """Returns the geometric mean over `CORPORA`, or None where one is missing."""
    ratios = [corpus_ratio(result.get("imports", {}), corpus, target) for corpus in CORPORA]
    found = [ratio for ratio in ratios if ratio is not None]
    return figures.geometric_mean(found) if len(found) == len(CORPORA) else None


def simple(race: dict[str, Any] | None, ours: str, theirs: str, measure: str) -> float | None:
    rounds = (race or {}).get("rounds", {})
    if ours not in rounds or theirs not in rounds:
        return None
    return figures.ratio(rounds[ours], rounds[theirs], measure)["median"]


def extra_at_best(race: dict[str, Any] | None) -> float | None:
    """Returns how many ms more ours takes: what else the machine does only adds to the least."""
    rounds = (race or {}).get("rounds", {})
    if names.HELLO_OURS not in rounds or names.HELLO_ZIP not in rounds:
        return None
    ours, theirs = (
        min(figures.column(rounds[name], "hello_ms"))
        for name in (names.HELLO_OURS, names.HELLO_ZIP)
    )
    return ours - theirs


def verdicts(results: Results) -> Iterator[Verdict]:
    """Yields every target: imports over all versions together, and the rest for each."""
    for target in IMPORTS + MEMORY:
        means = [mean(result, target) for result in results.values()]
        found = [value for value in means if value is not None]
        complete = found and len(found) == len(means)
        measured = figures.geometric_mean(found) if complete else None
        yield Verdict(target.title, "all", target.limit, measured)
    for version, result in results.items():
        for members, limit in OPENING.items():
            race = result.get("opening", {}).get(members)
            ratio = simple(race, names.OPEN_OURS, names.OPEN_ZIP, "open_ms")
            title = f"opening {int(members):,} members, against zipimport's directory"
            yield Verdict(title, version, limit, ratio)
        ratio = simple(result.get("startup"), names.START_OURS, names.START_ZIPFILE, "startup_ms")
        yield Verdict(f"{names.START_OURS}, against {names.START_ZIPFILE}", version, STARTUP, ratio)
        extra = extra_at_best(result.get("hello"))
        title = f"{names.HELLO_OURS}, hello world: at best so many ms more than {names.HELLO_ZIP}"
        yield Verdict(title, version, HELLO_MS, extra)
        race = result.get("entry_points")
        ratio = simple(race, names.POINTS_OURS, names.POINTS_FILES, "first_ms")
        title = "entry_points() of 50 distributions, against files"
        yield Verdict(title, version, ENTRY_POINTS, ratio)
        for name in (names.MANAGED_DIRECTORY_RECORDED, names.MANAGED_DEFLATED):
            ratio = simple(result.get("managed"), name, names.MANAGED_FILES, "hello_ms")
            title = f"web application under the manager, {name}, against files"
            yield Verdict(title, version, MANAGED, ratio)
        yield from file_verdicts(version, result.get("virtual_files", {}))
        yield from native_verdicts(version, result.get("native", {}))
        for title, ratio in signing_ratios(result.get("signing", {})):
            yield Verdict(title, version, SIGNING, ratio)


def file_verdicts(version: str, measured: dict[str, Any]) -> Iterator[Verdict]:
    """Yields those about files in archives, against files."""
    for name, found in measured.get("unrelated", {}).items():
        yield Verdict(f"{name} of another path, doors open", version, UNRELATED, found["ratio"])
    for name, found in measured.get("members", {}).items():
        yield Verdict(f"{name}, in an archive", version, MEMBER[name], found["ratio"])


def native_verdicts(version: str, measured: dict[str, Any]) -> Iterator[Verdict]:
    """Yields those about extension modules, against files."""
    for size, ways in measured.get("sizes", {}).items():
        for name in ("stored", "zstd"):
            ratio = ways[name]["ms"] / ways["hashed"]["ms"]
            title = f"extension module of {size}, {name}, against dlopen and a SHA-256"
            yield Verdict(title, version, NATIVE_MODULE, ratio)
    for package, ways in measured.get("packages", {}).items():
        for name in ("stored", "signed"):
            ratio = ways[name]["ms"] / ways["files"]["ms"]
            title = f"import of {package}, {name}, against files"
            yield Verdict(title, version, NATIVE_PACKAGE, ratio)


def signing_ratios(signing: dict[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Yields the ratios of the signing benchmark by what was signed, or that there are none.

    It calls them "ratios", a dict, or has one "ratio".
    """
    found = signing.get("ratios") or {"": signing.get("ratio")}
    for what, ratio in found.items():
        yield f"signing{what and f' {what}'}, against sha256sum on as many cores", ratio
