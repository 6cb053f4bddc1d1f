"""psycopg[binary]: libpq and its libraries; there is no server, and it says so."""

from __future__ import annotations

import psycopg
from psycopg import sql


def compute() -> None:
    assert psycopg.pq.__impl__ == "binary", psycopg.pq.__impl__
    assert psycopg.pq.version() >= 120000
    parsed = psycopg.conninfo.conninfo_to_dict("host=127.0.0.1 dbname='a b'")
    assert parsed == {"host": "127.0.0.1", "dbname": "a b"}
    assert sql.Identifier('a"b').as_string(None) == '"a""b"'
    try:
        psycopg.connect("host=127.0.0.1 port=1 connect_timeout=2")
    except psycopg.OperationalError as error:
        assert "port 1" in str(error), error
    else:
        raise AssertionError("somebody answered on port 1")
