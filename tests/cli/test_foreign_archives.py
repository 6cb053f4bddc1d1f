"""The commands over archives of formats other than zip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import SOURCES, Cli
from tests.support.foreign import FORMATS, make_foreign, signed_members

MEMBERS = {
    "__main__.py": b"import app, sys\nprint(app.NAME, *sys.argv[1:])\n",
    "app/__init__.py": SOURCES["app/__init__.py"].encode(),
    "app/data/greeting.txt": SOURCES["app/data/greeting.txt"].encode(),
}


@pytest.fixture(params=FORMATS)
def unsigned(request: pytest.FixtureRequest, cli: Cli) -> Path:
    """An archive that nobody has signed, one for each format."""
    return make_foreign(cli.directory / request.param, MEMBERS)


def test_sign_writes_a_zip_archive(cli: Cli, unsigned: Path, keys: Path) -> None:
    done = cli("sign", unsigned, "--key", keys / "a.key")
    assert (done.code, "-o out.zip" in done.err) == (2, True)
    done = cli.ok("sign", unsigned, "--key", keys / "a.key", "-o", "out.zip", "--json")
    assert done.json["members"] == len(MEMBERS)
    assert done.json["left_out"] == []
    assert cli.ok("run", "--trust", keys / "a.pub", "out.zip", "x").out == "app x\n"


def test_a_signed_one_is_used_as_it_is(cli: Cli, unsigned: Path, keys: Path) -> None:
    trust = ("--trust", keys / "a.pub")
    cli.ok("sign", unsigned, "--key", keys / "a.key", "-o", "out.zip", "--name", "app")
    signed = make_foreign(unsigned, signed_members(cli.directory / "out.zip"))
    facts = cli.ok("verify", signed, *trust, "--name", "app", "--json").json
    assert (facts["verified"], facts["members"]) == (True, len(MEMBERS))
    listed = cli.ok("list", signed, *trust, "--json").json["members"]
    assert {one["name"] for one in listed} == set(MEMBERS)
    greeting = cli.ok("cat", signed, "app/data/greeting.txt", *trust).raw
    assert greeting == MEMBERS["app/data/greeting.txt"]
    cli.ok("extract", signed, *trust, "-C", "out", "--quiet")
    assert (cli.directory / "out/__main__.py").read_bytes() == MEMBERS["__main__.py"]
    assert cli.ok("run", *trust, signed, "a", "--b").out == "app a --b\n"


def test_one_that_was_changed_does_not_run(cli: Cli, unsigned: Path, keys: Path) -> None:
    cli.ok("sign", unsigned, "--key", keys / "a.key", "-o", "out.zip")
    members = signed_members(cli.directory / "out.zip")
    members["__main__.py"] = b"print('evil')\n"
    changed = make_foreign(unsigned, members)
    for command in ("verify", "run"):
        done = cli(command, "--trust", keys / "a.pub", changed)
        assert (done.code, done.out) == (1, "")
        assert "__main__.py" in done.err
