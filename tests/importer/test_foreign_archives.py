"""Programs in archives other than zip, which a shared object of their own reads, by libarchive."""

from __future__ import annotations

import importlib.resources
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop, found, loader_of, pyc
from tests.support.archives import MANIFEST
from tests.support.foreign import FORMATS, make_foreign, signed_members

SOURCE = {
    "app/__init__.py": b"from .deep import value\n",
    "app/deep/__init__.pyc": pyc("from app.deep.leaf import value"),
    "app/deep/leaf.py": b"value = 42\n\ndef fail():\n    raise KeyError(value)\n",
    "app/data/greeting.txt": b"hello\n" * 1000,
}


@pytest.fixture(params=FORMATS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of an archive, one for each format."""
    found: str = request.param
    return found


@pytest.fixture
def members(workshop: Workshop) -> dict[str, bytes]:
    """What is in the program's archive, the manifest first."""
    return signed_members(workshop.zip("made.zip", SOURCE, index=False))


@pytest.fixture
def archive(name: str, members: dict[str, bytes], workshop: Workshop) -> Path:
    """The signed archive."""
    return make_foreign(workshop.directory / name, members)


def test_what_is_signed_becomes_a_zip_archive(
    name: str, workshop: Workshop, policy: signedvfs.TrustPolicy
) -> None:
    unsigned = make_foreign(workshop.directory / name, SOURCE)
    before = unsigned.read_bytes()
    with pytest.raises(ValueError, match="say where to write it"):
        signedvfs.sign(unsigned, workshop.key)
    output = workshop.directory / "signed.zip"
    report = signedvfs.sign(unsigned, workshop.key, output)
    assert (report.members, report.left_out) == (len(SOURCE), [])
    assert unsigned.read_bytes() == before
    vfs = signedvfs.open(output, policy)
    vfs.verify_all()
    assert {one: vfs.read(one) for one in vfs.list()} == SOURCE


def test_everything_in_it_is_verified(archive: Path, policy: signedvfs.TrustPolicy) -> None:
    vfs = signedvfs.open(archive, policy)
    vfs.verify_all()
    assert {one: vfs.read(one) for one in vfs.list()} == SOURCE
    assert vfs.stat("app/data/greeting.txt").size == 6000


def test_it_is_imported(archive: Path, importing: Importing) -> None:
    importing.put(archive)
    app = importing.module("app")
    assert app.value == 42
    loader = loader_of(app)
    assert loader.archive == str(archive)
    assert app.__file__ == f"{archive}/app/__init__.py"
    assert found(app.deep.__spec__).cached == f"{archive}/app/deep/__init__.pyc"
    greeting = importlib.resources.files(app) / "data" / "greeting.txt"
    assert greeting.read_bytes() == SOURCE["app/data/greeting.txt"]
    with pytest.raises(KeyError) as raised:
        app.deep.leaf.fail()
    assert "raise KeyError(value)" in "".join(traceback.format_tb(raised.value.__traceback__))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"app/deep/leaf.py": b"value = 666\nprint('evil')\n"}, "DigestMismatch"),
        ({"app/deep/leaf.py": None}, "MissingMember"),
        ({"evil.py": b"print('evil')\n"}, "UnlistedMember"),
        ({MANIFEST: None}, "NoManifest"),
    ],
    ids=["changed", "missing", "unlisted", "unsigned"],
)
def test_what_was_changed_is_refused(
    name: str,
    members: dict[str, bytes],
    changes: dict[str, bytes | None],
    code: str,
    workshop: Workshop,
    importing: Importing,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = {one: data for one, data in {**members, **changes}.items() if data is not None}
    changed = make_foreign(workshop.directory / name, kept)
    importing.put(changed)
    with pytest.raises(signedvfs.IntegrityCheckError) as raised:
        importing.module("app")
    assert (raised.value.code, raised.value.path) == (code, str(changed))
    assert "evil" not in capsys.readouterr().out
    assert "app.deep.leaf" not in sys.modules


def test_the_manifest_must_come_first(
    name: str, members: dict[str, bytes], workshop: Workshop, policy: signedvfs.TrustPolicy
) -> None:
    manifest = members.pop(MANIFEST)
    late = make_foreign(workshop.directory / name, {**members, MANIFEST: manifest})
    with pytest.raises(signedvfs.IntegrityCheckMissing, match=MANIFEST) as raised:
        signedvfs.open(late, policy)
    assert raised.value.code == "NoManifest"


def test_a_changed_byte_changes_nothing_that_is_read(
    archive: Path, policy: signedvfs.TrustPolicy
) -> None:
    signedvfs.open(archive, policy).verify_all()
    genuine = archive.read_bytes()
    refused = 0
    for at in range(0, len(genuine), max(1, len(genuine) // 150)):
        changed = bytearray(genuine)
        changed[at] ^= 0x10
        archive.write_bytes(changed)
        try:
            vfs = signedvfs.open(archive, policy)
            assert {one: vfs.read(one) for one in vfs.list()} == SOURCE
        except signedvfs.IntegrityCheckError:
            refused += 1
    assert refused > 10  # in tar and cpio much is filling


def test_without_its_shared_object_only_zip_is_read(archive: Path, workshop: Workshop) -> None:
    copy = workshop.directory / "site" / "signedvfs"
    shutil.copytree(Path(signedvfs.__file__).parent, copy)
    [shared_object] = copy.glob("libsignedvfs_foreign*")
    shared_object.unlink()
    script = f"""if True:
        import sys
        sys.path.insert(0, {str(copy.parent)!r})
        import signedvfs
        assert signedvfs.__file__.startswith({str(copy)!r})
        policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load({str(workshop.public_path)!r})])
        signedvfs.open({str(workshop.directory / "made.zip")!r}, policy).verify_all()
        try:
            signedvfs.open({str(archive)!r}, policy)
        except signedvfs.IntegrityCheckError as error:
            print(error.code, "libsignedvfs_foreign.so" in str(error))
    """
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "NoDecoder True\n"
