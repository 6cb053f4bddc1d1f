"""The parts of an import's time are differences, and add up to all of it."""

from __future__ import annotations

import pytest

import names
import parts

# TIMES are what was measured of an import whose parts are known.
EXECUTE, UNMARSHAL, AGAIN, HASH = 100.0, 40.0, 30.0, 10.0
KNOWN = {
    #                   collector, hollow, inflate, read
    names.ZIP_DEFLATED: (30.0, 35.0, 120.0, 25.0),
    names.ZIP_STORED: (31.0, 33.0, 0.0, 25.0),
    names.FILES: (32.0, 30.0, 0.0, 28.0),
    names.OURS_DEFLATED: (33.0, 15.0, 23.0, 11.0),
    names.OURS_STORED: (34.0, 14.0, 0.0, 11.0),
    names.FLOOR: (35.0, 5.0, 0.0, 0.0),
}


@pytest.fixture
def times() -> dict[str, float]:
    found = {"unmarshal_ms": UNMARSHAL, "unmarshal_again_ms": AGAIN, "hash_ms": HASH}
    for name, (collector, hollow, inflate, read) in KNOWN.items():
        quiet = hollow + EXECUTE + UNMARSHAL + inflate + read
        quiet += AGAIN if name.startswith("zipimport") else 0
        quiet += HASH if name.startswith("signedvfs") else 0
        found |= {
            f"hollow {name}": hollow,
            f"quiet {name}": quiet,
            f"full {name}": quiet + collector,
        }
    return found


def test_every_part_is_found_again(times: dict[str, float]) -> None:
    found = parts.split(times)
    for name, (collector, hollow, inflate, read) in KNOWN.items():
        assert found[name] == pytest.approx(
            {
                names.EXECUTE: EXECUTE,
                names.UNMARSHAL: UNMARSHAL,
                names.AGAIN: AGAIN if name.startswith("zipimport") else 0,
                names.COLLECTOR: collector,
                names.FIND: hollow,
                names.INFLATE: inflate,
                names.VERIFY: HASH if name.startswith("signedvfs") else 0,
                names.OTHER: read,
            }
        )


def test_verifying_is_what_was_sampled_where_it_was(times: dict[str, float]) -> None:
    found = parts.split({**times, f"verify {names.OURS_STORED}": 4.0})
    assert found[names.OURS_STORED][names.VERIFY] == 4.0
    assert found[names.OURS_STORED][names.OTHER] == pytest.approx(11 + HASH - 4)
    assert found[names.OURS_DEFLATED][names.VERIFY] == HASH


def test_they_add_up(times: dict[str, float]) -> None:
    for name, found in parts.split(times).items():
        assert sum(found.values()) == pytest.approx(times[f"full {name}"])


@pytest.mark.parametrize(
    ("member", "module"),
    [("m.pyc", "m"), ("p/m.pyc", "p.m"), ("p/__init__.pyc", "p"), ("p/q/__init__.pyc", "p.q")],
)
def test_members_are_modules(member: str, module: str) -> None:
    assert parts.module_name(member) == module
