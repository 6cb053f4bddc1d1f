"""The report says which targets are met, and hides nothing that was not measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import names
import report
import targets


def answers(milliseconds: float) -> list[dict[str, Any]]:
    times = dict.fromkeys(("import_ms", "whole_ms", "cpu_ms", "cpu_whole_ms"), milliseconds)
    return [{**times, "peak_kb": 1000 * milliseconds, "switches": []}] * 3


def imported(ours: float) -> dict[str, Any]:
    """Returns results where signedvfs takes `ours` of zipimport's time."""
    rounds = {
        names.ZIP_DEFLATED: answers(100),
        names.ZIP_STORED: answers(100),
        names.OURS_DEFLATED: answers(100 * ours),
        names.FILES: answers(100),
    }
    failed = {names.PYZ: "cannot be installed"}
    facts = {"modules": 10, "members": 20, "bytes_loaded": 10**6}
    return {**facts, "rounds": rounds, "failed": failed}


def result(ours: float, corpora: list[str]) -> dict[str, Any]:
    machine = {
        "python": "3.13.0", "openssl": "OpenSSL 3", "compiler": "GCC", "cpu": "CPU",
        "features": ["sha_ni"], "cores": 2, "system": "Linux", "load": 0.0, "when": "today",
    }  # fmt: skip
    imports = {corpus: imported(ours) for corpus in corpora}
    return {"machine": machine, "rounds": 15, "imports": imports}


def verdict(results: targets.Results, title: str) -> targets.Verdict:
    return next(v for v in targets.verdicts(results) if v.title == title)


DEFAULT = "import, default, deflated, against zipimport, deflated"


@pytest.mark.parametrize(("ours", "text"), [(0.44, "met"), (0.45, "met"), (0.46, "not met")])
def test_a_ratio_meets_its_limit_or_not(ours: float, text: str) -> None:
    found = verdict({"3.13": result(ours, targets.CORPORA)}, DEFAULT)
    assert found.measured == pytest.approx(ours)
    assert found.text == text


def test_the_mean_is_over_all_versions() -> None:
    results = {v: result(r, targets.CORPORA) for v, r in (("3.11", 0.2), ("3.13", 0.8))}
    assert verdict(results, DEFAULT).measured == pytest.approx(0.4)


def test_a_mean_of_fewer_corpora_or_versions_is_none() -> None:
    fewer = result(0.1, targets.CORPORA[1:])
    assert verdict({"3.13": fewer}, DEFAULT).text == "not measured"
    results = {"3.11": fewer, "3.13": result(0.1, targets.CORPORA)}
    assert verdict(results, DEFAULT).text == "not measured"


def test_who_did_not_take_part_meets_nothing() -> None:
    results = {"3.13": result(0.1, targets.CORPORA)}
    title = "import, all, deflated, against zipimport, deflated"
    assert verdict(results, title).text == "not measured"


def test_the_report_names_failures_and_ratios(tmp_path: Path) -> None:
    results = {"3.13": result(0.44, targets.CORPORA)}
    text = report.compose(tmp_path, results)
    assert "| signedvfs, deflated | 44.0 (44.0-44.0) |" in text
    assert f"Not measured: {names.PYZ}" in text
    assert "cannot be installed" in text
    json.dumps(report.summary(results))


def test_versions_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    for version in ("3.13", "3.9", "3.11"):
        (tmp_path / f"bench-{version}.json").write_text("{}", encoding="utf-8")
    assert list(report.load(tmp_path)) == ["3.9", "3.11", "3.13"]


def test_without_results_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"run bench/import_bench\.py"):
        report.load(tmp_path)


def test_rates_of_the_core(tmp_path: Path) -> None:
    found = [
        {"name": "read_member<Method::kStored>/1024", "bytes_per_second": 2e9},
        {"name": "open_archive/10"},
    ]
    (tmp_path / "core.json").write_text(json.dumps({"benchmarks": found}), encoding="utf-8")
    assert report.core_rates(tmp_path) == {"read_member<Method::kStored>": {1024: 2.0}}
