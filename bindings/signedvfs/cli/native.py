"""What native code in an archive needs, as commands tell it."""

from __future__ import annotations

from signedvfs.cli.output import few, plural

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from typing import Any

    from signedvfs.cli.output import Output
    from signedvfs.packaging import NativeObject, NativeReport

_MOST_WARNINGS = 10


def add_libraries(
    parser: argparse.ArgumentParser, *, allowed: str = "because `run --library` allows it"
) -> None:
    """add_libraries adds the option for what somebody is going to allow, who is named."""
    parser.add_argument(
        "--library",
        action="append",
        default=[],
        metavar="NAME",
        help="library that native code may need of the system, such as libodbc.so.2, "
        f"{allowed}; may be repeated",
    )


def facts_of(report: NativeReport | None) -> dict[str, Any] | None:
    """facts_of returns what --json says; None: there is no native code."""
    if report is None:
        return None
    return {
        "glibc": report.glibc,
        "objects": [
            {
                "member": one.member,
                "machine": one.machine,
                "soname": one.soname,
                "needed": list(one.needed),
                "bundled": dict(one.bundled),
                "system": list(one.system),
                "missing": list(one.missing),
                "circle": list(one.circle),
                "glibc": one.glibc,
                "text_relocations": one.has_text_relocations,
                "executable_stack": one.needs_executable_stack,
            }
            for one in report.objects
        ],
        "notes": [{"object": one, "library": library} for one, library in report.notes],
        "problems": [
            {"member": one.member, "reason": one.reason, "advice": one.advice}
            for one in report.problems
        ],
    }


def summary_of(report: NativeReport) -> str:
    """summary_of returns the same for people, in a line."""
    parts = [plural(len(report.objects), "shared object")]
    if report.glibc is not None:
        parts.append(f"glibc {report.glibc} or later")
    if report.notes:
        parts.append(f"{plural(len(report.notes), 'note')} of libraries asked for by name")
    return ", ".join(parts)


def lines_of(report: NativeReport, output: Output) -> Iterator[str]:
    """lines_of gives out what each object needs, for people."""
    for one in report.objects:
        yield one.member
        yield from output.fields(_rows(report, one))


def warn_of(
    report: NativeReport | None,
    output: Output,
    glibc_here: str | None = None,
    kind: str = "archive",
) -> None:
    """warn_of tells a person what would not be imported; `glibc_here` is that of this machine, and
    `kind` what it would be imported from, as in packaging.native.Place."""
    if report is None:
        return
    from signedvfs.packaging.native import words_for

    for problem in report.problems[:_MOST_WARNINGS]:
        output.warn(
            f"not to be imported from {words_for(kind)}: {problem.reason}. {problem.advice}"
        )
    if len(report.problems) > _MOST_WARNINGS:
        rest = len(report.problems) - _MOST_WARNINGS
        output.warn(f"{plural(rest, 'more object')} like these; --json names all")
    stacks = [one.member for one in report.objects if one.needs_executable_stack]
    if stacks:
        output.warn(f"wants executable stacks, which many systems refuse: {few(stacks)}")
    if glibc_here is not None:
        for text in _too_new(report, glibc_here):
            output.warn(text)


def _too_new(report: NativeReport, here: str) -> Iterator[str]:
    from signedvfs.packaging.native import is_older

    newer = [one.member for one in report.objects if one.glibc and is_older(here, one.glibc)]
    if newer:
        yield f"this machine has glibc {here}, and {report.glibc} is wanted by {few(newer)}"


def _rows(report: NativeReport, one: NativeObject) -> Iterator[tuple[str, object]]:
    for name, member in one.bundled:
        yield "needs", f"{name} ({member})"
    if one.system:
        yield "of the system", ", ".join(one.system)
    if one.circle:
        yield "need it, too", ", ".join(one.circle)
    if one.missing:
        yield "missing", ", ".join(one.missing)
    for library in [library for member, library in report.notes if member == one.member]:
        yield "asks for", library
    yield "glibc", one.glibc
