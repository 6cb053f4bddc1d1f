"""Tables of what launching.py has measured, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import figures
import freezers

HEAD = (
    "of `-I -S`", "ms", "at best", "CPU, ms", "size, MB", "peak, MB", "modules"
)  # fmt: skip


def compose(results: dict[str, Any]) -> str:
    """Returns all tables."""
    machine = results["machine"]
    lines = [
        f"CPython {machine['python']}, {machine['cpu']}, {machine['cores']} cores, load "
        f"{machine['load']:.1f}, {machine['when'][:10]}; {results['rounds']} rounds."
    ]
    for found in results["applications"].values():
        lines += ["", *table(found)]
    return "\n".join(lines)


def table(found: dict[str, Any]) -> Iterator[str]:
    """Gives out the lines of one application's table."""
    head = [found["title"], *HEAD, *(["cold, ms"] if found["cold"] else [])]
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for name, rounds in found["rounds"].items():
        yield f"| {' | '.join([name, *cells(name, rounds, found)])} |"
    for name, reason in found["failed"].items():
        said = reason.strip().splitlines()
        yield f"\n{name} is out: {said[-1] if said else 'it said nothing'}"


def cells(name: str, rounds: list[dict[str, Any]], found: dict[str, Any]) -> Iterator[str]:
    """Gives out a contender's numbers."""
    facts = found["facts"][name]
    base = found["rounds"].get(freezers.BASE)
    yield "" if base is None else f"{figures.ratio(rounds, base, 'wall_ms')['median']:.2f}"
    yield f"{figures.summary(rounds, 'wall_ms')['median']:.0f}"
    yield f"{min(figures.column(rounds, 'wall_ms')):.0f}"
    yield f"{figures.summary(rounds, 'cpu_ms')['median']:.0f}"
    yield f"{facts['size'] / 1e6:.1f}" + (" and Python" if facts["needs_python"] else "")
    yield f"{figures.summary(rounds, 'peak_kb')['median'] / 1024:.0f}"
    yield str(facts["modules"])
    if found["cold"]:
        cold = found["cold"].get(name)
        yield "" if not cold else f"{figures.summary(cold, 'wall_ms')['median']:.0f}"
