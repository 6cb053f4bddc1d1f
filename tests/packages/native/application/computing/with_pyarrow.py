"""pyarrow: columns computed, written as Parquet and read; its libraries are in its package."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def compute() -> None:
    table = pa.table({"of": ["tea", "mate", "tea"], "minutes": [3, 5, 4]})
    sums = table.group_by("of").aggregate([("minutes", "sum")]).sort_by("of")
    assert sums["minutes_sum"].to_pylist() == [5, 7]
    assert pc.sum(pc.multiply(table["minutes"], 2)).as_py() == 24
    for compression in ("snappy", "zstd", "gzip", "lz4", "brotli"):
        written = pa.BufferOutputStream()
        pq.write_table(table, written, compression=compression)
        assert pq.read_table(pa.BufferReader(written.getvalue())).equals(table)
