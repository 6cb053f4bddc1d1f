"""inspect and split: what an executable was made of."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

import signedvfs
from signedvfs import IntegrityCheckError, PrivateKey, TrustPolicy, _tools
from signedvfs.building import BuildError, inspect, split
from signedvfs.building.executable import padded, put_together
from signedvfs.building.splitting import moved
from tests.bindings.building.conftest import Built


def test_what_is_told(built: Built) -> None:
    found = inspect(built.path)
    assert not found.is_trusted
    assert inspect(built.path, TrustPolicy(built.key.public_key)).is_trusted
    assert found.keys == found.signers == [built.key.public_key.fingerprint]
    assert (found.name, found.serial, found.launcher) == ("hello", 3, built.report.launcher)
    assert found.packages == built.report.packages
    assert (found.glibc, found.system) == (built.report.glibc, {})
    assert found.sha256 == built.report.sha256
    # Every member belongs to one package.
    files = [name for one in found.packages for name in one.files]
    assert sorted(files) == sorted(signedvfs.open(built.path, found.rules).list())
    kinds = {one.kind for one in found.packages}
    assert kinds == {"application", "interpreter", "library", "signedvfs"}
    with zipfile.ZipFile(built.path) as archive:
        sizes = {one.filename: one.compress_size for one in archive.infolist()}
    assert all(one.stored == sum(sizes[name] for name in one.files) for one in found.packages)


def test_the_bill_of_materials(built: Built) -> None:
    bill = inspect(built.path).bill()
    assert json.loads(json.dumps(bill)) == bill
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    components = {one["name"]: one for one in bill["components"]}
    python = components["Python"]
    assert python["purl"] == f"pkg:generic/python@{python['version']}"
    references = [one["bom-ref"] for one in bill["components"]]
    assert len(set(references)) == len(references)
    assert bill["dependencies"] == [{"ref": "executable", "dependsOn": sorted(references)}]
    library = components["libgcc_s.so.1"]
    archive = signedvfs.open(built.path, TrustPolicy(built.key.public_key))
    digest = archive.stat("python.libs/libgcc_s.so.1").digest
    assert library["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert bill == inspect(built.path).bill()


def test_the_parts_make_the_whole_again(built: Built, tmp_path: Path) -> None:
    parts = split(built.path, tmp_path / "parts")
    launcher = Path(parts.launcher).read_bytes()
    assert launcher == built.launcher.read_bytes()
    with zipfile.ZipFile(parts.archive) as archive:
        assert min(one.header_offset for one in archive.infolist()) == 0
        assert "signedimp-manifest.txt" not in archive.namelist()
    rules = inspect(built.path).rules
    again = _tools._patch_launcher(launcher, rules, shows_info=False, verifies_all=False)
    whole, signed = tmp_path / "whole", tmp_path / "signed"
    put_together(again, Path(parts.archive), whole)
    signedvfs.sign(whole, built.key, output=signed, name="hello", serial=3, compiled_here=True)
    assert signed.read_bytes() == built.path.read_bytes()
    # The archive is one by itself, which can be signed and opened.
    signedvfs.sign(parts.archive, built.key, compiled_here=True)
    signedvfs.open(parts.archive, TrustPolicy(built.key.public_key)).verify_all()


def test_nothing_is_overwritten(built: Built, tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_text("mine", encoding="utf-8")
    with pytest.raises(BuildError, match="is there already"):
        split(built.path, tmp_path)
    assert (tmp_path / "archive.zip").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]


@pytest.mark.parametrize("call", ["inspect", "split"])
def test_what_was_changed_is_refused(built: Built, tmp_path: Path, call: str) -> None:
    def run(policy: TrustPolicy | None = None) -> None:
        if call == "inspect":
            inspect(changed, policy)
        else:
            split(changed, tmp_path / "parts", policy=policy)

    changed = tmp_path / "changed"
    changed.write_bytes(built.path.read_bytes())
    with pytest.raises(IntegrityCheckError):
        run(TrustPolicy(PrivateKey.generate().public_key))
    # The launcher's code, its padding, a member that opening does not read.
    content = built.path.read_bytes()
    with zipfile.ZipFile(built.path) as archive:
        member = archive.getinfo("python.libs/libgcc_s.so.1").header_offset + 200
    for place in (64 + 56 * 20, built.report.launcher + 1, member):
        broken = bytearray(content)
        broken[place] ^= 1
        changed.write_bytes(broken)
        with pytest.raises((IntegrityCheckError, BuildError)):
            run()
    assert not (tmp_path / "parts").exists()


def test_what_is_no_executable(built: Built, tmp_path: Path) -> None:
    archive = tmp_path / "app.zip"
    split(built.path, tmp_path / "parts")
    signedvfs.sign(tmp_path / "parts/archive.zip", built.key, output=archive, compiled_here=True)
    text = tmp_path / "text"
    text.write_text("no archive", encoding="utf-8")
    for path in (archive, text, built.launcher):
        with pytest.raises(BuildError, match="is no executable"):
            inspect(path)


def test_offsets_of_large_archives(tmp_path: Path) -> None:
    # With more members than 16 bits can count there are the records of zip64.
    plain, longer = tmp_path / "plain.zip", tmp_path / "longer"
    with _tools.ArchiveWriter(plain) as archive:
        for number in range(65600):
            archive.add(f"{number:05}.txt", b"", method="stored")
    key = PrivateKey.generate()
    longer.write_bytes(padded(b"x" * 5000) + plain.read_bytes())
    signedvfs.sign(longer, key, output=tmp_path / "signed")
    signedvfs.unsign(tmp_path / "signed")
    content = (tmp_path / "signed").read_bytes()
    assert moved(content[8192:], 8192) == plain.read_bytes()
