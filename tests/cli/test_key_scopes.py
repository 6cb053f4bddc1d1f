"""--scope: what a trusted key is trusted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from signedvfs.cli.running import options
from tests.cli.helpers import Cli, fingerprint

pytestmark = pytest.mark.slow

# The archive of these tests is "myapp" with serial 5.


@pytest.mark.parametrize(
    "scope",
    ["name=myapp", "name=other name=myapp", "min-serial=5", "max-serial=5", "not-after=2099-01-01",
     "name=myapp min-serial=1 max-serial=9 not-after=+1d"],
)  # fmt: skip
def test_inside(cli: Cli, archive: Path, keys: Path, scope: str) -> None:
    trust = ("--trust", keys / "a.pub")
    cli.ok("verify", archive, *trust, "--scope", f"{keys}/a.pub {scope}")
    cli.ok("run", *trust, "--scope", f"{fingerprint(keys / 'a.pub')} {scope}", archive)


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("name=other", "trusted for 'other', and this is 'myapp'"),
        ("min-serial=6", "from serial 6 on"),
        ("max-serial=4", "up to serial 4"),
        ("not-after=2020-01-01", "until 2020-01-01T00:00:00Z"),
        ("not-after=-1d", "is trusted until"),
    ],
)
def test_outside(cli: Cli, archive: Path, keys: Path, scope: str, told: str) -> None:
    words = ("--trust", keys / "a.pub", "--scope", f"{keys}/a.pub {scope}")
    for done in (cli("verify", archive, *words), cli("run", *words, archive)):
        assert done.code == 1
        assert told in done.err
        assert "--scope" in done.err, "the advice is about the scope, and not about trust"


def test_another_key_has_its_own(cli: Cli, archive: Path, keys: Path) -> None:
    cli.ok("sign", archive, "--key", keys / "b.key", "--keep-signatures")
    trust = ("--trust", keys / "a.pub", "--trust", keys / "b.pub")
    words = ("verify", archive, *trust, "--scope", f"{keys}/a.pub max-serial=4")
    assert fingerprint(keys / "a.pub") not in cli.ok(*words, "--json").json["signers"]
    assert cli(*words, "--threshold", "2").code == 1
    assert cli(*words, "--scope", f"{keys}/b.pub name=other").code == 1


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("{a}", "bounds nothing"),
        ("", "bounds nothing"),
        ("'", "No closing quotation"),
        ("{b} name=x", "not trusted"),
        ("nothing.pub name=x", "--scope nothing.pub: neither"),
        ("{a} name=", "'name=' is wrong"),
        ("{a} name", "'name' is wrong"),
        ("{a} max-serial=-1", "is wrong"),
        ("{a} max-serial=x", "is wrong"),
        ("{a} max-serial=1 max-serial=2", "there twice"),
        ("{a} not-after=never", "is wrong"),
        ("{a} names=x", "is wrong"),
        ("{a} min-serial=2 max-serial=1", "count for nothing"),
        ("{a} max-serial=99999999999999999999", "is wrong"),
    ],
)
def test_what_is_no_scope(cli: Cli, archive: Path, keys: Path, scope: str, told: str) -> None:
    given = scope.format(a=keys / "a.pub", b=keys / "b.pub")
    words = ("--trust", keys / "a.pub", "--scope", given)
    for done in (cli("verify", archive, *words), cli("run", *words, archive)):
        assert done.code == 2
        assert told in done.err


def test_a_key_has_one_scope(cli: Cli, archive: Path, keys: Path) -> None:
    scopes = ("--scope", f"{keys}/a.pub name=myapp", "--scope", f"{keys}/a.pub max-serial=9")
    done = cli("verify", archive, "--trust", keys / "a.pub", *scopes)
    assert done.code == 2
    assert "a scope already" in done.err


# A program that starts itself anew has another directory by then, and it is later.
def test_a_restart_means_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a key.pub").write_bytes((keys / "a.pub").read_bytes())
    read = options.read(["--scope", "'a key.pub' name=x not-after=+1d", "app.zip"])
    assert read is not None
    words = options.restated(read, [])
    scope = words[words.index("--scope") + 1]
    assert scope.startswith(f"'{tmp_path}/a key.pub' name=x not-after=2")
    assert "+1d" not in scope
