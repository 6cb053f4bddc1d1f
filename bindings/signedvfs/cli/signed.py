"""What is signed now, as every command that signs tells it: people see what they vouch for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import signedvfs
from signedvfs.cli.arguments import limits_of, time_text
from signedvfs.cli.output import Output, plural, printable, size_text
from signedvfs.self_unpacking import self_unpacking

if TYPE_CHECKING:
    from signedvfs import SignReport
    from signedvfs.custody.signer import Signer


def facts_of(report: SignReport | None) -> dict[str, Any]:
    """facts_of returns what --json says; None: nothing was signed."""
    return {
        "name": report and report.name,
        "serial": report and report.serial,
        "not_before": time_text(report.not_before) if report else None,
        "expires": time_text(report.expires) if report else None,
        "hash": report and report.hash_type,
        "index": bool(report and report.has_index),
        "prefix_length": report and report.prefix_length,
        "recorded": report.recorded if report else 0,
        "carried_over": list(report.carried_over) if report else [],
        "signers": list(report.signers) if report else [],
        "kept": list(report.kept) if report else [],
        "dropped": list(report.dropped) if report else [],
        "warnings": list(report.warnings) if report else [],
    }


def rows_of(report: SignReport) -> Iterator[tuple[str, object]]:
    """rows_of gives out the same for people, but for the warnings."""

    def origin(attribute: str) -> str:
        return " (carried over)" if attribute in report.carried_over else ""

    if report.name is not None:
        yield "name", printable(report.name) + origin("name")
    if report.serial is not None:
        yield "serial", f"{report.serial}{origin('serial')}"
    if report.not_before is not None:
        yield "valid from", f"{time_text(report.not_before)}{origin('not_before')}"
    if report.expires is not None:
        yield "valid until", f"{time_text(report.expires)}{origin('expires')}"
    if report.prefix_length is not None:
        yield "in front", f"{size_text(report.prefix_length)}, signed"
    if report.recorded:
        yield "in order", f"{plural(report.recorded, 'member')}, as a program read them"
    yield "members", f"{report.members:,}, {report.hash_type}{', indexed' * report.has_index}"
    for signer in report.signers:
        if signer in report.kept:
            yield "also signed by", f"{signer} (kept, not checked)"
        else:
            yield "signed by", signer
    for signer in report.dropped:
        yield "dropped", f"the signature by {signer}"


def warn_of(report: SignReport, output: Output) -> None:
    """warn_of tells a person what he should know of."""
    for warning in report.warnings:
        output.warn(printable(warning))


def bootstrap_warnings(
    path: str, keys: Sequence[Signer], arguments: argparse.Namespace
) -> list[str]:
    """bootstrap_warnings says where what was signed, by these keys, will unpack itself."""
    policy = signedvfs.TrustPolicy([key.public_key for key in keys], now=arguments.at)
    tool = self_unpacking(signedvfs.open(path, policy, limits_of(arguments)).list())
    if tool is None:
        return []
    return [
        f"{printable(path)} was made by {tool} and unpacks itself: what it then runs from the disk "
        "is verified by nobody, and `run` refuses it; pack the same application instead: "
        "signedvfs pack -r requirements.txt -m MODULE -o app.zip --key FILE.key"
    ]
