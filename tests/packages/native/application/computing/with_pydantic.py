"""pydantic: a model checked by its Rust module."""

from __future__ import annotations

import datetime

import pydantic


class Cup(pydantic.BaseModel):
    """A cup of something."""

    of: str
    minutes: int = pydantic.Field(gt=0)


class Tray(pydantic.BaseModel):
    """Some cups."""

    day: datetime.date
    cups: list[Cup]


def compute() -> None:
    tray = Tray.model_validate_json(
        '{"day": "2026-02-03", "cups": [{"of": "tea", "minutes": "3"}]}'
    )
    assert tray.cups == [Cup(of="tea", minutes=3)]
    assert Tray.model_validate_json(tray.model_dump_json()) == tray
    try:
        Cup(of="tea", minutes=0)
    except pydantic.ValidationError as error:
        assert error.errors()[0]["type"] == "greater_than", error
    else:
        raise AssertionError("no minutes were taken for some")
