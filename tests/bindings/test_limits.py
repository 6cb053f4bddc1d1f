"""Limits: fields, defaults and what is refused."""

from __future__ import annotations

import pytest

import signedvfs

FIELDS = (
    "archive_bytes",
    "member_bytes",
    "total_bytes",
    "directory_bytes",
    "manifest_bytes",
    "header_bytes",
    "members",
    "ratio",
    "name_bytes",
    "signatures",
)


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_set_by_its_own_name(field: str) -> None:
    defaults = signedvfs.Limits()
    changed = signedvfs.Limits(**{field: 7})
    assert getattr(defaults, field) > 7
    for other in FIELDS:
        assert getattr(changed, other) == (7 if other == field else getattr(defaults, other))
    with pytest.raises(AttributeError):
        setattr(changed, field, 8)


def test_the_repr_is_evaluable() -> None:
    limits = signedvfs.Limits(members=3)
    assert repr(eval(repr(limits), {"signedvfs": signedvfs})) == repr(limits)
    assert "members=3" in repr(limits)


def test_other_names_and_types_are_refused() -> None:
    with pytest.raises(TypeError, match="mebibytes"):
        signedvfs.Limits(mebibytes=1)  # type: ignore[call-arg]  # on purpose
    with pytest.raises(TypeError, match="members must be an int"):
        signedvfs.Limits(members=1.5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError):
        signedvfs.Limits(1)  # type: ignore[call-arg]  # on purpose
    with pytest.raises(OverflowError):
        signedvfs.Limits(members=-1)
    with pytest.raises(OverflowError):
        signedvfs.Limits(members=1 << 64)
