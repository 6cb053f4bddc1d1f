"""Samples are sorted by kinds of code."""

from __future__ import annotations

import pytest

import names
import sampling


@pytest.mark.parametrize(
    ("file", "function", "kind"),
    [
        ("[kernel.kallsyms]", "[k] copy_page_to_iter", names.SAMPLED_KERNEL),
        ("libcrypto.so.3", "[.] sha256_block_data_order_shaext", names.SAMPLED_VERIFY),
        ("libcrypto.so.3", "[.] x25519_fe51_mul", names.SAMPLED_VERIFY),
        ("libdeflate.so.0", "[.] 0x0000000000004410", names.SAMPLED_INFLATE),
        ("libz.so.1.2.13", "[.] inflate_fast", names.SAMPLED_INFLATE),
        ("_core.cpython-311-x86_64-linux-gnu.so", "[.] 0x1234", names.SAMPLED_OURS),
        ("libpython3.11.so.1.0", "[.] gc_collect_main", names.SAMPLED_COLLECTOR),
        ("libpython3.11.so.1.0", "[.] dict_traverse", names.SAMPLED_COLLECTOR),
        ("python3.13", "[.] r_object", names.SAMPLED_UNMARSHAL),
        ("python3.13", "[.] _PyObject_Malloc", names.SAMPLED_MEMORY),
        ("libc.so.6", "[.] _int_malloc", names.SAMPLED_MEMORY),
        ("libpython3.11.so.1.0", "[.] _PyEval_EvalFrameDefault", names.SAMPLED_PYTHON),
        ("ld-linux-x86-64.so.2", "[.] do_lookup_x", names.SAMPLED_REST),
    ],
)
def test_kinds(file: str, function: str, kind: str) -> None:
    assert sampling.kind_of(file, function) == kind


def test_the_lines_of_a_report_are_counted() -> None:
    lines = [
        "# Samples: 5  of event 'cpu-clock'",
        "",
        " 3          |libz.so.1   |[.] inflate_fast   |-      -            ",
        " 2          |libz.so.1   |[.] inflate        |-      -            ",
    ]
    counts = sampling.counted(lines)
    assert counts[names.SAMPLED_INFLATE] == 5
    assert sum(counts.values()) == 5


def test_start_up_is_taken_off() -> None:
    found = sampling.milliseconds({"hash": 1500}, {"hash": 500}, repeats=2)
    assert found["hash"] == pytest.approx(1000 * 1000 / sampling.FREQUENCY / 2)
