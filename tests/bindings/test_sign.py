"""Signing and unsigning: what comes out, and that failure changes nothing."""

from __future__ import annotations

import datetime
import importlib.util
import marshal
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import signedvfs
from tests.support.archives import MANIFEST, members_of, tamper, write_archive

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

FILES = {"a.py": b"A = 1\n", "b.py": b"B = 1\n"}


def _snapshot(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def _unsigned(directory: Path, name: str = "app.zip") -> Path:
    write_archive(directory / name, FILES)
    return directory / name


def test_signing_in_place_reports_what_it_did(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    archive = _unsigned(tmp_path)
    report = signedvfs.sign(archive, key)
    assert report.output == str(archive)
    assert (report.added, report.members, report.left_out) == (False, 2, [])
    assert report.signers == [key.public_key.fingerprint]
    assert repr(report).startswith(f"signedvfs.SignReport(output={str(archive)!r}, added=False")
    assert list(members_of(archive)) == [*FILES, MANIFEST]


def test_signing_into_another_file_leaves_the_first_alone(
    tmp_path: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    archive, output = _unsigned(tmp_path), tmp_path / "out.zip"
    before = archive.read_bytes()
    assert signedvfs.sign(archive, key, output).output == str(output)
    assert archive.read_bytes() == before
    assert signedvfs.open(output, policy).list() == list(FILES)


def test_signing_is_reproducible(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    archive = _unsigned(tmp_path)
    for name in ("one.zip", "two.zip"):
        signedvfs.sign(archive, key, tmp_path / name, name="app", serial=1)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_report_says_everything_that_is_signed(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    archive = tmp_path / "app"
    write_archive(tmp_path / "app.zip", FILES)
    archive.write_bytes(b"#!/bin/sh\n" + (tmp_path / "app.zip").read_bytes())
    start, end = 1_000_000_000, 4_000_000_000
    report = signedvfs.sign(
        archive, key, name="app", serial=3, not_before=start, expires=end, hash="sha384", index=True
    )
    assert (report.name, report.serial) == ("app", 3)
    assert (report.not_before, report.expires) == (start, end)
    assert (report.hash_type, report.has_index, report.recorded) == ("sha384", True, 0)
    assert report.prefix_length == len(b"#!/bin/sh\n")
    assert report.carried_over == report.kept == report.dropped == report.warnings == []
    # Carried over, and said to be.
    again = signedvfs.sign(archive, key)
    assert (again.name, again.serial, again.expires) == ("app", 3, end)
    assert again.carried_over == ["name", "serial", "not_before", "expires"]


def test_a_serial_number_without_a_name_is_warned_of(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    report = signedvfs.sign(_unsigned(tmp_path), key, serial=1)
    assert ["--name" in warning for warning in report.warnings] == [True]


def test_nothing_is_signed_that_is_not_valid_now_or_at_the_moment_given(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = _unsigned(tmp_path)
    before = _snapshot(tmp_path)
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    wrong: list[dict[str, Any]] = [
        {"expires": now - hour},
        {"not_before": now + hour},
        {"expires": now + hour, "at": now + 2 * hour},
        {"not_before": now, "at": now - hour},
    ]
    for times in wrong:
        with pytest.raises(ValueError, match=r"in Python: at=TIME"):
            signedvfs.sign(archive, key, **times)
    assert _snapshot(tmp_path) == before
    signedvfs.sign(archive, key, expires=now - hour, at=now - 2 * hour)
    # What has expired is not put behind an executable, either.
    program = tmp_path / "program"
    program.write_bytes(b"#!/bin/sh\n")
    with pytest.raises(ValueError, match="would have expired"):
        signedvfs.append(archive, program, tmp_path / "bundle", key)
    assert not (tmp_path / "bundle").exists()
    report = signedvfs.append(archive, program, tmp_path / "bundle", key, at=now - 2 * hour)
    assert report.prefix_length == program.stat().st_size


def test_a_second_signature_is_added_on_request_where_nothing_has_changed(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(FILES, name="app", serial=3)
    report = signedvfs.sign(archive, other_key, keep_signatures=True)
    assert report.added
    both = {key.public_key.fingerprint, other_key.public_key.fingerprint}
    assert set(report.signers) == both
    assert report.kept == [key.public_key.fingerprint]
    for trusted in (key, other_key):
        vfs = signedvfs.open(archive, signedvfs.TrustPolicy(trusted.public_key))
        assert set(vfs.signatures) == both
        assert (vfs.name, vfs.serial) == ("app", 3)


def test_signing_changed_content_anew_keeps_attributes_and_drops_other_signatures(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(FILES, keys=[key, other_key], name="app", serial=3)
    tamper(archive, {"a.py": b"A = 2\n"})
    report = signedvfs.sign(archive, key, serial=4)
    assert not report.added
    vfs = signedvfs.open(archive, signedvfs.TrustPolicy(key.public_key))
    assert vfs.signatures == [key.public_key.fingerprint]
    assert (vfs.name, vfs.serial) == ("app", 4)
    assert vfs.read("a.py") == b"A = 2\n"
    assert report.dropped == [other_key.public_key.fingerprint]


def test_other_signatures_are_not_kept_on_another_statement(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive(FILES, name="app", serial=3)
    before = archive.read_bytes()
    for given, what in (({"serial": 4}, "serial"), ({"name": "x"}, "name"), ({"index": True}, "")):
        with pytest.raises(ValueError, match=f"what differs: {what}"):
            signedvfs.sign(archive, other_key, keep_signatures=True, **given)
    with pytest.raises(ValueError, match="no other key"):
        signedvfs.sign(archive, key, keep_signatures=True)
    assert archive.read_bytes() == before
    tamper(archive, {"a.py": b"A = 2\n"})
    with pytest.raises(ValueError, match="what differs: the members or their content"):
        signedvfs.sign(archive, other_key, keep_signatures=True)


def test_attributes_that_nobody_here_has_signed_are_not_taken_over(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    # C21: the very content, somebody's attributes, and his signature or none
    archive = signed_archive(FILES, keys=other_key, name="payroll", serial=2**64 - 1)
    unsigned = b"\n" + members_of(archive)[MANIFEST].partition(b"\n\n")[2]
    for manifest in (members_of(archive)[MANIFEST], unsigned):
        tamper(archive, {MANIFEST: manifest})
        report = signedvfs.sign(archive, key)
        vfs = signedvfs.open(archive, signedvfs.TrustPolicy(key.public_key))
        assert (report.name, report.serial) == (vfs.name, vfs.serial) == (None, None)
        assert vfs.signatures == [key.public_key.fingerprint]
        assert ["payroll" in warning for warning in report.warnings] == [True]


def test_a_genuine_manifest_of_another_archive_is_not_taken_over(
    tmp_path: Path, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    # C21: stolen from another product by the same signer
    other = signed_archive({"pay.py": b""}, name="payroll", serial=2**64 - 1)
    manifest = members_of(other)[MANIFEST]
    archive = tmp_path / "stolen.zip"
    write_archive(archive, {**FILES, MANIFEST: manifest})
    report = signedvfs.sign(archive, key)
    assert (report.name, report.serial, report.carried_over) == (None, None, [])
    assert ["payroll" in warning for warning in report.warnings] == [True]


def test_a_pyc_that_runs_instead_of_its_source_is_warned_of(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    # I6: hash and all are right, and the code is another
    source = b"V = 'shown'\n"
    head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
    code = marshal.dumps(compile("V = 'run'\n", "m.py", "exec"))
    archive = tmp_path / "app.zip"
    members = {"m.py": source, "m.pyc": head + importlib.util.source_hash(source) + code}
    write_archive(archive, members)
    assert ["m.pyc" in warning for warning in signedvfs.sign(archive, key).warnings] == [True]
    assert signedvfs.sign(archive, key).warnings == []  # said once
    write_archive(archive, members)
    assert signedvfs.sign(archive, key, compiled_here=True).warnings == []
    for flag in (1, "yes", None):
        with pytest.raises(TypeError):
            signedvfs.sign(archive, key, compiled_here=flag)  # type: ignore[arg-type]  # on purpose


def test_times_are_seconds_or_aware_datetimes(
    tmp_path: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    moment = datetime.datetime(2040, 2, 29, tzinfo=datetime.timezone.utc)
    for expires in (moment, int(moment.timestamp())):
        archive = _unsigned(tmp_path)
        signedvfs.sign(archive, key, expires=expires)
        assert signedvfs.open(archive, policy).expires == moment.timestamp()


def test_directories_are_signed_by_adding_the_manifest(
    tmp_path: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for name, content in FILES.items():
        (root / name).write_bytes(content)
    assert signedvfs.sign(root, key).members == 2
    assert set(_snapshot(root)) == {*FILES, MANIFEST}
    assert signedvfs.open(root, policy).list() == list(FILES)
    signedvfs.unsign(root)
    assert _snapshot(root) == FILES


def test_unsigning_gives_back_the_members(
    signed_archive: SignedArchive, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    archive = signed_archive(FILES)
    signedvfs.unsign(archive, tmp_path / "out.zip")
    assert members_of(tmp_path / "out.zip") == FILES
    assert MANIFEST in members_of(archive)
    signedvfs.unsign(archive)
    assert members_of(archive) == FILES
    # C1: without a manifest nothing is trusted.
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        signedvfs.open(archive, policy)
    assert caught.value.code == "NoManifest"


@pytest.mark.parametrize("hash_type", ["sha256", "sha384", "sha512"])
def test_every_hash_signs(
    hash_type: Any, signed_archive: SignedArchive, policy: signedvfs.TrustPolicy
) -> None:
    vfs = signedvfs.open(signed_archive(FILES, hash=hash_type), policy)
    assert vfs.hash_type == hash_type
    vfs.verify_all()


# C9: weak hashes are not for signing.
@pytest.mark.parametrize("hash_type", ["md5", "sha1", "SHA256", "crc32", ""])
def test_no_other_hash_signs(hash_type: Any, tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    archive = _unsigned(tmp_path)
    before = _snapshot(tmp_path)
    with pytest.raises(ValueError, match="'sha256', 'sha384' or 'sha512'"):
        signedvfs.sign(archive, key, hash=hash_type)
    assert _snapshot(tmp_path) == before


def test_arguments_are_checked_before_anything_is_written(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = _unsigned(tmp_path)
    before = _snapshot(tmp_path)
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (ValueError, {"keys": []}),
        (TypeError, {"keys": [key.public_key]}),
        (TypeError, {"keys": "key"}),
        (ValueError, {"expires": datetime.datetime(2040, 1, 1)}),
        (TypeError, {"expires": "tomorrow"}),
        (TypeError, {"serial": "1"}),
        (TypeError, {"serial": 1.5}),
        (ValueError, {"serial": -1}),
        (TypeError, {"name": b"app"}),
        (ValueError, {"name": "../app"}),
        (ValueError, {"name": "x" * 256}),
        (TypeError, {"limits": 1}),
        (TypeError, {"progress": 1}),
        (TypeError, {"keep_signatures": 1}),
        (TypeError, {"at": "now"}),
        (ValueError, {"output": str(tmp_path / "a\0b")}),
    ]
    for error, arguments in wrong:
        with pytest.raises(error):
            signedvfs.sign(archive, **{"keys": key, **arguments})
    assert _snapshot(tmp_path) == before


def test_a_missing_archive_is_a_file_not_found_error(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    for call in (
        lambda: signedvfs.sign(tmp_path / "absent.zip", key),
        lambda: signedvfs.unsign(tmp_path / "absent.zip"),
    ):
        with pytest.raises(FileNotFoundError, match="absent"):
            call()
    assert list(tmp_path.iterdir()) == []


# C21: what is no archive is not signed.
def test_what_is_no_archive_is_refused(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    text = tmp_path / "text.zip"
    text.write_bytes(b"nothing like an archive\n" * 10)
    before = _snapshot(tmp_path)
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.sign(text, key)
    assert caught.value.code == "NotAnArchive"
    assert caught.value.path == str(text)
    assert _snapshot(tmp_path) == before


def test_progress_runs_to_the_end(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    seen: list[tuple[int, int]] = []
    signedvfs.sign(
        _unsigned(tmp_path), key, progress=lambda done, total: seen.append((done, total))
    )
    assert seen
    assert seen[-1][0] == seen[-1][1]


def test_an_exception_in_progress_leaves_everything_as_it_was(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = _unsigned(tmp_path)
    before = _snapshot(tmp_path)

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    for output in (None, tmp_path / "out.zip"):
        with pytest.raises(KeyboardInterrupt):
            signedvfs.sign(archive, key, output, progress=stop)
        assert _snapshot(tmp_path) == before


def test_an_output_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = _unsigned(tmp_path)
    (tmp_path / "taken").mkdir()
    before = _snapshot(tmp_path)
    for output in (tmp_path / "absent" / "out.zip", tmp_path / "taken"):
        with pytest.raises(OSError, match=output.name):
            signedvfs.sign(archive, key, output)
        assert _snapshot(tmp_path) == before
    assert list((tmp_path / "taken").iterdir()) == []


_FULL_DISK = """
import resource, sys
import signedvfs
key = signedvfs.PrivateKey.load(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    signedvfs.sign(sys.argv[1], key)
except OSError as error:
    print(error)
else:
    sys.exit("signed without room for it")
"""


def test_running_out_of_space_leaves_the_archive_as_it_was(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    archive = tmp_path / "app.zip"
    write_archive(archive, {"random.bin": os.urandom(100_000)})
    key.save(tmp_path / "key")
    before = _snapshot(tmp_path)
    command = [sys.executable, "-c", _FULL_DISK, str(archive), str(tmp_path / "key")]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "app.zip" in answer.stdout
    assert _snapshot(tmp_path) == before


def test_an_appended_archive_reads_from_the_executable(
    tmp_path: Path,
    signed_archive: SignedArchive,
    key: signedvfs.PrivateKey,
    policy: signedvfs.TrustPolicy,
) -> None:
    program = b"#!/bin/sh\nexit 0\n" + bytes(range(256)) * 20
    executable, output = tmp_path / "program", tmp_path / "bundle"
    executable.write_bytes(program)
    executable.chmod(0o755)
    report = signedvfs.append(signed_archive(FILES, name="app"), executable, output, key)
    assert (report.output, report.members) == (str(output), 2)
    assert output.read_bytes().startswith(program)
    assert stat.S_IMODE(output.stat().st_mode) == 0o755
    vfs = signedvfs.open(output, policy)
    assert (vfs.name, vfs.prefix_length) == ("app", len(program))
    vfs.verify_all()
    assert vfs.read("a.py") == FILES["a.py"]

    # A18: the bytes in front of the archive are signed as well.
    changed = bytearray(output.read_bytes())
    changed[0] ^= 1
    output.write_bytes(changed)
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(output, policy).verify_all()
    assert caught.value.code == "PrefixMismatch"


def test_only_an_archive_of_ones_own_is_appended(
    tmp_path: Path,
    signed_archive: SignedArchive,
    key: signedvfs.PrivateKey,
    other_key: signedvfs.PrivateKey,
) -> None:
    executable = tmp_path / "program"
    executable.write_bytes(b"#!/bin/sh\n")
    archive = signed_archive(FILES)
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        signedvfs.append(archive, executable, tmp_path / "bundle", other_key)
    assert caught.value.code == "NoTrustedKey"
    for missing in ((tmp_path / "no.zip", executable), (archive, tmp_path / "no-program")):
        with pytest.raises(FileNotFoundError):
            signedvfs.append(*missing, tmp_path / "bundle", key)
    assert not (tmp_path / "bundle").exists()


def test_reports_cannot_be_made_or_changed(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    report = signedvfs.sign(_unsigned(tmp_path), key)
    with pytest.raises(TypeError):
        signedvfs.SignReport()
    with pytest.raises(AttributeError):
        report.members = 0  # type: ignore[misc]  # on purpose
