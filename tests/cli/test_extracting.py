"""extract."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.cli.helpers import SOURCES, Cli, flip

MANIFEST = "signedimp-manifest.txt"


def files_below(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def test_extracts_every_member(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli.ok("extract", archive, "-C", "new/out", "--trust", keys / "a.pub", "--json").json
    found = files_below(cli.directory / "new/out")
    assert sorted(found) == sorted([*done["extracted"], "signedimp-manifest.txt"])
    for name, text in SOURCES.items():
        assert found[name] == text.encode()


@pytest.mark.parametrize("wanted", ["app/data", "app/data/", "app/data/greeting.txt"])
def test_extracts_what_is_named(cli: Cli, archive: Path, keys: Path, wanted: str) -> None:
    cli.ok("extract", archive, wanted, "-C", "out", "--trust", keys / "a.pub")
    assert list(files_below(cli.directory / "out")) == ["app/data/greeting.txt"]


def test_a_name_that_is_not_there_is_an_error(cli: Cli, archive: Path, keys: Path) -> None:
    done = cli("extract", archive, "app/dat", "-C", "out", "--trust", keys / "a.pub", "--json")
    assert (done.code, done.error["code"]) == (2, "NotFound")
    assert not (cli.directory / "out").exists()


def test_overwrites_only_by_force(cli: Cli, archive: Path, keys: Path) -> None:
    out = cli.directory / "out"
    out.mkdir()
    (out / "top.py").write_text("mine")
    words = ("extract", archive, "-C", "out", "--trust", keys / "a.pub")
    done = cli(*words, "--json")
    assert (done.code, done.error["code"]) == (2, "Exists")
    assert files_below(out) == {"top.py": b"mine"}
    cli.ok(*words, "--force")
    assert (out / "top.py").read_text() == SOURCES["top.py"]


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_links_lead_nothing_out_of_the_directory(
    cli: Cli, archive: Path, keys: Path, force: list[str]
) -> None:
    # B1, B8: whatever is below the directory already, nothing is written elsewhere
    outside, out = cli.directory / "outside", cli.directory / "out"
    outside.mkdir()
    out.mkdir()
    (outside / "victim").write_text("precious")
    (out / "app").symlink_to(outside)
    (out / "top.py").symlink_to(outside / "victim")
    done = cli("extract", archive, "-C", "out", "--trust", keys / "a.pub", *force)
    assert done.code == 2
    assert files_below(outside) == {"victim": b"precious"}
    done = cli("extract", archive, "top.py", "-C", "out", "--trust", keys / "a.pub", *force)
    assert done.code == (0 if force else 2)
    assert files_below(outside) == {"victim": b"precious"}
    assert (out / "top.py").is_symlink() == (not force)


def test_what_fails_verification_is_not_written(cli: Cli, archive: Path, keys: Path) -> None:
    flip(archive, b"hello\nhello")
    done = cli("extract", archive, "-C", "out", "--trust", keys / "a.pub")
    assert done.code == 1
    found = files_below(cli.directory / "out")
    assert "app/data/greeting.txt" not in found
    for name in SOURCES.keys() & found.keys():
        assert found[name] == SOURCES[name].encode()


@pytest.mark.parametrize("index", ["--index", "--no-index"])
def test_what_is_extracted_is_signed_as_the_archive_was(
    cli: Cli, archive: Path, keys: Path, index: str
) -> None:
    cli.ok("sign", archive, "--key", keys / "a.key", index)
    done = cli.ok("extract", archive, "-C", "out", "--trust", keys / "a.pub", "--json").json
    assert done["manifest"] is True
    with zipfile.ZipFile(archive) as opened:
        assert (cli.directory / "out" / MANIFEST).read_bytes() == opened.read(MANIFEST)
    shown = cli.ok("verify", "out", "--trust", keys / "a.pub", "--json").json
    of_archive = cli.ok("verify", archive, "--trust", keys / "a.pub", "--json").json
    assert {**shown, "path": None} == {**of_archive, "path": None}
    flip(cli.directory / "out/app/data/greeting.txt", b"hello\nhello")
    failed = cli("verify", "out", "--trust", keys / "a.pub", "--json")
    assert (failed.code, failed.error["code"]) == (1, "DigestMismatch")


def test_a_directory_has_nothing_in_front_of_it(cli: Cli, archive: Path, keys: Path) -> None:
    # What stood in front of the archive, and was signed, stays behind.
    archive.write_bytes(b"#!/usr/bin/python3\n" + archive.read_bytes())
    cli.ok("sign", archive, "--key", keys / "a.key")
    cli.ok("extract", archive, "-C", "out", "--trust", keys / "a.pub")
    shown = cli.ok("verify", "out", "--trust", keys / "a.pub", "--json").json
    assert (shown["verified"], shown["prefix_length"]) == (True, None)
    assert "in front" not in cli.ok("verify", "out", "--trust", keys / "a.pub").out


@pytest.mark.parametrize("index", ["--index", "--no-index"])
def test_what_unzip_unpacks_is_signed_as_well(
    cli: Cli, archive: Path, keys: Path, index: str
) -> None:
    cli.ok("sign", archive, "--key", keys / "a.key", index)
    unzip: list[str | Path] = ["unzip", "-q", archive, "-d", "out"]
    subprocess.run(unzip, cwd=cli.directory, check=True)
    shown = cli.ok("verify", "out", "--trust", keys / "a.pub", "--json").json
    assert (shown["verified"], shown["name"], shown["unlisted"]) == (True, "myapp", [])


def test_the_manifest_can_be_left_out(cli: Cli, archive: Path, keys: Path) -> None:
    words = ("extract", archive, "-C", "out", "--trust", keys / "a.pub")
    done = cli.ok(*words, "--no-keep-manifest", "--json").json
    assert done["manifest"] is False
    assert sorted(files_below(cli.directory / "out")) == sorted(done["extracted"])


def test_a_part_of_an_archive_has_no_manifest(cli: Cli, archive: Path, keys: Path) -> None:
    words = ("extract", archive, "top.py", "-C", "out", "--trust", keys / "a.pub")
    done = cli(*words, "--keep-manifest", "--json")
    assert (done.code, done.error["code"]) == (2, "Usage")
    assert not (cli.directory / "out").exists()
    assert cli.ok(*words, "--json").json["manifest"] is False


def test_another_manifest_is_not_overwritten(cli: Cli, archive: Path, keys: Path) -> None:
    out = cli.directory / "out"
    out.mkdir()
    (out / MANIFEST).write_text("mine")
    words = ("extract", archive, "-C", "out", "--trust", keys / "a.pub")
    done = cli(*words, "--json")
    assert (done.code, done.error["code"]) == (2, "Exists")
    assert files_below(out) == {MANIFEST: b"mine"}
    cli.ok(*words, "--force")
    cli.ok("verify", "out", "--trust", keys / "a.pub")
