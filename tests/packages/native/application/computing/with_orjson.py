"""orjson: JSON there and back."""

from __future__ import annotations

import datetime

import orjson


def compute() -> None:
    day = datetime.date(2026, 2, 3)
    text = orjson.dumps({"cups": [1, 2.5, None], "day": day}, option=orjson.OPT_SORT_KEYS)
    assert text == b'{"cups":[1,2.5,null],"day":"2026-02-03"}'
    assert orjson.loads(text)["cups"] == [1, 2.5, None]
    try:
        orjson.loads("{")
    except orjson.JSONDecodeError:
        pass
    else:
        raise AssertionError("half an object was taken for one")
