"""makes an environment of migrations from its templates, and migrates a database"""
# needs: alembic

import sqlite3
from pathlib import Path

from alembic.config import main
from doing import run

run(lambda: main(["init", "migrations"]))
settings = Path("alembic.ini").read_text()
Path("alembic.ini").write_text(
    settings.replace("driver://user:pass@localhost/dbname", "sqlite:///a.db")
)
run(lambda: main(["revision", "-m", "teas", "--rev-id", "1"]))
run(lambda: main(["upgrade", "head"]))
assert sqlite3.connect("a.db").execute("select * from alembic_version").fetchall() == [("1",)]
