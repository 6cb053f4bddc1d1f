"""pandas: a table grouped, joined, written and read."""

from __future__ import annotations

import io

import pandas as pd


def compute() -> None:
    frame = pd.DataFrame({"of": ["tea", "mate", "tea"], "minutes": [3, 5, 4]})
    assert frame.groupby("of")["minutes"].mean().to_dict() == {"mate": 5, "tea": 3.5}
    joined = frame.merge(pd.DataFrame({"of": ["tea"], "price": [2.5]}))
    assert joined["price"].sum() == 5
    assert pd.read_csv(io.StringIO(frame.to_csv(index=False))).equals(frame)
    days = pd.date_range("2026-03-28", periods=3, tz="Europe/Berlin")
    assert str(days[2].utcoffset()) == "2:00:00"
    assert frame["minutes"].rolling(2).sum().tolist()[1:] == [8, 9]
