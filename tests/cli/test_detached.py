"""sign --detached, and reading by --manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.helpers import SOURCES, Cli


@pytest.fixture
def manifest(cli: Cli, tree: Path, keys: Path) -> Path:
    """manifest is the detached manifest of the tree."""
    shown = cli.ok("sign", tree, "--key", keys / "a.key", "--detached", "app.manifest").out
    assert "signed app.manifest: 4 members" in shown
    return cli.directory / "app.manifest"


def test_reads_by_it(cli: Cli, tree: Path, keys: Path, manifest: Path) -> None:
    trust = ("--manifest", manifest, "--trust", keys / "a.pub")
    assert "verified" in cli.ok("verify", tree, *trust).out
    listed = cli.ok("list", tree, *trust, "--json").json
    assert [member["name"] for member in listed["members"]] == sorted(SOURCES)
    assert all(len(member["digest"]) == 64 for member in listed["members"])
    assert cli.ok("cat", tree, "top.py", *trust).out == SOURCES["top.py"]
    assert not (tree / "signedimp-manifest.txt").exists()
    assert cli("verify", tree, "--trust", keys / "a.pub").code == 1


def test_says_what_is_not_listed_and_refuses_what_was_changed(
    cli: Cli, tree: Path, keys: Path, manifest: Path
) -> None:
    trust = ("--manifest", manifest, "--trust", keys / "a.pub")
    (tree / "extra.py").write_text("evil")
    done = cli.ok("verify", tree, *trust)
    assert "1 file not in the manifest" in done.err
    (tree / "top.py").write_text("evil")
    done = cli("verify", tree, *trust, "--json")
    assert done.code == 1
    assert (done.error["code"], done.error["member"]) == ("DigestMismatch", "top.py")
    assert cli("cat", tree, "top.py", *trust).code == 1
    assert cli("cat", tree, "extra.py", *trust).code == 1


def test_shows_what_is_left_out(cli: Cli, tree: Path, keys: Path) -> None:
    (tree / "hosts").symlink_to("/etc/hosts")
    done = cli.ok("sign", tree, "--key", keys / "a.key", "--detached", "m", "--json").json
    assert len(done["left_out"]) == 1
    assert "'hosts' is a link that leads to no file inside" in done["left_out"][0]


def test_insists_on_the_role(cli: Cli, tree: Path, keys: Path) -> None:
    cli.ok("sign", tree, "--key", keys / "a.key", "--detached", "m", "--root", "plugins")
    trust = ("--trust", keys / "a.pub", "--manifest", "m")
    cli.ok("verify", tree, *trust, "--root", "plugins")
    for words in ((), ("--root", "tree")):
        done = cli("verify", tree, *trust, *words)
        assert done.code == 1
        assert "signed for 'plugins'" in done.err
        assert "--root ROLE" in done.err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--root", "x"), "--root goes with --detached"),
        (("--detached", "tree/m"), "leaves alone"),
        (("--detached", "top.txt"), "is no detached manifest"),
        (("--detached", "m", "--root", "A"), "cannot name a root"),
        (("--detached", "m", "--index"), "nor an index"),
        (("--detached", "m", "-o", "n"), "neither an output"),
        (("--detached", "nowhere/m"), "nowhere"),
    ],
)
def test_usage(cli: Cli, tree: Path, keys: Path, words: tuple[str, ...], problem: str) -> None:
    (cli.directory / "top.txt").write_text("my only copy")
    done = cli("sign", tree, "--key", keys / "a.key", *words)
    assert done.code == 2
    assert problem in done.err
    assert (cli.directory / "top.txt").read_text() == "my only copy"
    assert not (cli.directory / "m").exists()


def test_root_goes_with_manifest(cli: Cli, tree: Path, keys: Path) -> None:
    done = cli("verify", tree, "--root", "tree", "--trust", keys / "a.pub")
    assert done.code == 2
    assert "--root goes with --manifest" in done.err


def test_nothing_is_there(cli: Cli, tree: Path, keys: Path) -> None:
    done = cli("verify", tree, "--manifest", "nowhere", "--trust", keys / "a.pub")
    assert done.code == 1
    assert "nowhere: nothing is there, where a manifest is expected" in done.err
