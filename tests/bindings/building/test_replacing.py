"""replace: another release behind the launcher of an executable, or nothing at all."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import IntegrityCheckError, PrivateKey
from signedvfs.building import BuildError, build, inspect, replace
from signedvfs.building.executable import put_together

NAME, MINIMUM = "kit", 2


class Shop:
    """Shop builds releases of one product, and others, into one directory."""

    def __init__(self, directory: Path, launcher: Path, key: PrivateKey) -> None:
        self.directory = directory
        self.launcher = launcher
        self.key = key

    def release(self, serial: int | None, text: str = "", **given: Any) -> Path:
        """release builds one, whose name is its serial number."""
        script = self.directory / "script.py"
        script.write_text(text or f"print({serial})\n", encoding="utf-8")
        path = self.directory / f"kit-{serial}-{len(list(self.directory.iterdir()))}"
        options: dict[str, Any] = {
            "key": self.key, "name": NAME, "min_serial": MINIMUM, "launcher": self.launcher,
            "compression": "stored", **given,
        }  # fmt: skip
        build(script, path, serial=serial, **options)
        return path

    def place(self, path: Path) -> Path:
        """place puts a release where it is used."""
        used = self.directory / "bin" / "kit"
        used.parent.mkdir(exist_ok=True)
        used.write_bytes(path.read_bytes())
        used.chmod(0o750)
        return used


@pytest.fixture
def shop(tmp_path: Path, launcher: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """shop has a launcher that launches nothing, and leaves out what one would load."""
    monkeypatch.setattr("signedvfs.building.builder.library_items", list)
    monkeypatch.setattr("signedvfs.building.libraries.Libraries.items", lambda _: [])
    return Shop(tmp_path, launcher, key)


def refused(new: Path, used: Path, said: str | None = None, code: str | None = None) -> None:
    """refused expects `new` not to be accepted, and nothing to have changed."""
    before, number = used.read_bytes(), used.stat().st_ino
    with pytest.raises((IntegrityCheckError, BuildError), match=said) as caught:
        replace(new, used)
    if code is not None:
        assert isinstance(caught.value, IntegrityCheckError)
        assert caught.value.code == code
    assert ".signedvfs-" not in str(caught.value)
    assert (used.read_bytes(), used.stat().st_ino) == (before, number)
    assert [*used.parent.iterdir()] == [used]


def test_a_newer_release(shop: Shop) -> None:
    new = shop.release(4)
    used = shop.place(shop.release(3))
    report = replace(new, used)
    assert used.read_bytes() == new.read_bytes()
    assert stat.S_IMODE(used.stat().st_mode) == 0o750
    assert (report.serial, report.former_serial, report.name) == (4, 3, NAME)
    assert report.sha256 == inspect(used).sha256
    assert report.signers == [shop.key.public_key.fingerprint]
    assert [*used.parent.iterdir()] == [used]
    # The same once more is not older.
    assert replace(new, used).former_serial == 4


def test_the_archive_alone(shop: Shop) -> None:
    new, used = shop.release(4), shop.place(shop.release(3))
    content = new.read_bytes()
    with zipfile.ZipFile(new) as archive:
        begin = min(one.header_offset for one in archive.infolist())
    alone = shop.directory / "update"
    alone.write_bytes(content[begin:])
    assert replace(alone, used).serial == 4
    assert used.read_bytes() == content


def test_a_link_stays(shop: Shop) -> None:
    new, used = shop.release(4), shop.place(shop.release(3))
    link = shop.directory / "link"
    link.symlink_to(used)
    replace(new, link)
    assert link.is_symlink()
    assert used.read_bytes() == new.read_bytes()


def test_an_older_release(shop: Shop) -> None:
    refused(shop.release(3), shop.place(shop.release(5)), "serial 3, and .*serial 5", "Rollback")
    # What stands there may be older than what the launcher accepts of others.
    used = shop.place(shop.release(MINIMUM))
    below = shop.directory / "below"
    signedvfs.sign(used, shop.key, output=below, name=NAME, serial=1, compiled_here=True)
    refused(below, used, "serial 1 where the policy wants 2", "Rollback")


def test_no_serial_after_one(shop: Shop) -> None:
    used = shop.place(shop.release(3, min_serial=None))
    new = shop.release(None, min_serial=None)
    refused(new, used, "has no serial, and .*serial 3", "Rollback")


def test_another_product(shop: Shop) -> None:
    # With a name in the rules that is another launcher; without, it is the same.
    used = shop.place(shop.release(3))
    refused(shop.release(4, name="other"), used, "launcher of .* is not that of")
    policy = signedvfs.TrustPolicy(shop.key.public_key)
    used = shop.place(shop.release(3, policy=policy, min_serial=None))
    new = shop.release(4, policy=policy, min_serial=None, name="other")
    refused(new, used, "the product 'other', and .* the product 'kit'", "WrongName")
    new = shop.release(4, policy=policy, min_serial=None, name=None)
    refused(new, used, "of no name", "WrongName")


def test_another_key(shop: Shop) -> None:
    used = shop.place(shop.release(3))
    stranger = PrivateKey.generate()
    refused(shop.release(4, key=stranger), used, "launcher of .* is not that of")
    # Whoever copies the launcher has no key for what is behind it.
    forged = shop.directory / "forged"
    signedvfs.sign(used, stranger, output=forged, name=NAME, serial=9, compiled_here=True)
    refused(forged, used, "forged", "NoTrustedKey")


@pytest.mark.parametrize("place", [0.1, 0.5, 0.999])
def test_tampered_or_cut(shop: Shop, place: float) -> None:
    used, new = shop.place(shop.release(3)), shop.release(4)
    content = new.read_bytes()
    at = int(len(content) * place)
    new.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    refused(new, used)
    new.write_bytes(content[:at])
    refused(new, used)


def test_a_signature_over_the_archive_alone(shop: Shop) -> None:
    used, archive = shop.place(shop.release(3)), shop.directory / "archive.zip"
    with signedvfs._tools.ArchiveWriter(archive) as writer:
        writer.add("__main__.py", b"")
    signedvfs.sign(archive, shop.key, name=NAME, serial=4, compiled_here=True)
    refused(archive, used, "no @prefix covers", "PrefixMismatch")
    whole = shop.directory / "whole"
    front = inspect(used).executable.launcher
    plain = shop.directory / "plain.zip"
    with signedvfs._tools.ArchiveWriter(plain) as writer:
        writer.add("other.py", b"")
    put_together(front, plain, whole)
    signedvfs.sign(whole, shop.key, name=NAME, serial=4, compiled_here=True)
    refused(whole, used, r"has no signedvfs-launch\.txt", "NotFound")


def test_what_is_replaced_has_to_verify(shop: Shop) -> None:
    new, used = shop.release(4), shop.place(shop.release(3))
    content = bytearray(used.read_bytes())
    content[-len(content) // 3] ^= 1
    used.write_bytes(content)
    refused(new, used)
    text = shop.directory / "bin" / "kit"
    text.write_text("text", encoding="utf-8")
    refused(new, text, "is no executable that `signedvfs build` has made")
    with pytest.raises(FileNotFoundError):
        replace(new, shop.directory / "nowhere")
    with pytest.raises(BuildError, match="is no file"):
        replace(new, shop.directory)


def test_what_has_expired_can_be_replaced_and_not_put_in_place(shop: Shop) -> None:
    now = int(time.time())
    used, new = shop.place(shop.release(3)), shop.release(4)
    expired = shop.directory / "expired"
    signedvfs.sign(
        used, shop.key, output=expired, name=NAME, serial=3, expires=now - 10, at=now - 20,
        compiled_here=True,
    )  # fmt: skip
    refused(expired, used, "expired", "Expired")
    used = shop.place(expired)
    with pytest.raises(IntegrityCheckError, match="expired"):
        inspect(used)
    assert replace(new, used).former_serial == 3
    assert used.read_bytes() == new.read_bytes()
    # That it has expired excuses nothing else.
    content = bytearray(expired.read_bytes())
    content[-len(content) // 3] ^= 1
    used = shop.place(expired)
    used.write_bytes(content)
    refused(new, used)


def test_a_full_disk_leaves_everything(shop: Shop) -> None:
    used, new = shop.place(shop.release(3)), shop.release(4)
    before = used.read_bytes()

    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, len(before) // 2))

    code = "import sys; from signedvfs.building import replace; replace(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, new, used],
        preexec_fn=no_large_files, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "File too large" in done.stderr
    assert used.read_bytes() == before
    assert [*used.parent.iterdir()] == [used]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(shop: Shop) -> None:
    new, used = shop.release(4), shop.place(shop.release(3))
    os.chown(used, 12345, 23456)
    used.chmod(0o2711)
    replace(new, used)
    state = used.stat()
    assert (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (12345, 23456, 0o2711)


def test_two_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer, used = shop.release(4), shop.release(5), shop.place(shop.release(3))
    said = []
    real = signedvfs.building.replacing._write

    def write(*words: Any) -> None:
        # While one is at work another one begins.
        monkeypatch.setattr("signedvfs.building.replacing._write", real)
        with pytest.raises(BuildError) as caught:
            replace(newer, used)
        said.append(str(caught.value))
        real(*words)

    monkeypatch.setattr("signedvfs.building.replacing._write", write)
    assert replace(older, used).serial == 4
    assert "somebody else is replacing" in said[0]
    assert replace(newer, used).serial == 5
    refused(older, used, "it is older", "Rollback")


def test_another_file_is_put_there_meanwhile(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    new, used, third = shop.release(4), shop.place(shop.release(3)), shop.release(6)
    real = signedvfs.building.replacing._write
    content = third.read_bytes()

    def write(*words: Any) -> None:
        real(*words)
        third.replace(used)

    monkeypatch.setattr("signedvfs.building.replacing._write", write)
    with pytest.raises(BuildError, match="somebody else has replaced"):
        replace(new, used)
    assert used.read_bytes() == content
    assert [*used.parent.iterdir()] == [used]


def test_while_it_runs(tmp_path: Path, real_launcher: Path, key: PrivateKey) -> None:
    shop = Shop(tmp_path, real_launcher, key)
    text = (
        "import sys\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        "import colorsys, calendar\nprint('release {}', calendar.MONDAY)\n"
    )
    one, two = (shop.release(number, text.format(number), minimal=True) for number in (3, 4))
    used = shop.place(one)
    with subprocess.Popen(
        [used], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        replace(two, used)
        # What it imports only now is still the old one's.
        out, err = running.communicate("go\n", timeout=60)
    assert (running.returncode, out, err) == (0, "release 3 0\n", "")
    done = subprocess.run([used], input="go\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ready\nrelease 4 0\n"), done.stderr
