"""signedimp's tools, over `signedvfs.sign`."""

from __future__ import annotations

import base64
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs.compat.signedimp import RSAKey, tools
from tests.support.archives import MANIFEST, members_of

_FILES = {"pkg/__init__.py": b"value = 7\n", "data file.txt": b"text\n"}


@pytest.fixture(scope="module")
def rsa() -> RSAKey:
    """A key to sign with."""
    return RSAKey.generate()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory that is not signed."""
    root = tmp_path / "tree"
    for name, content in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A zip archive that is not signed."""
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as made:
        for name, content in _FILES.items():
            made.writestr(name, content)
    return tmp_path / "app.zip"


def _read(path: Path, *keys: signedvfs.PublicKey, **policy: Any) -> dict[str, bytes]:
    opened = signedvfs.open(path, signedvfs.TrustPolicy(list(keys), **policy))
    return {name: opened.read(name) for name in opened.list()}


def test_directories_and_archives_are_signed(tree: Path, archive: Path, rsa: RSAKey) -> None:
    for path, report in (
        (tree, tools.sign_directory(tree, rsa)),
        (archive, tools.sign_zipfile(archive, rsa)),
    ):
        assert report.signers == [rsa.public_key.fingerprint]
        assert _read(path, rsa.public_key) == _FILES


def test_keys_of_signedvfs_will_do(archive: Path, key: signedvfs.PrivateKey) -> None:
    tools.sign_zipfile(archive, key, "sha512")
    assert _read(archive, key.public_key) == _FILES
    assert signedvfs.open(archive, signedvfs.TrustPolicy([key.public_key])).hash_type == "sha512"


@pytest.mark.parametrize("kind", ["sha1", "md5", "none"])
def test_nothing_is_signed_with_the_old_hashes(
    kind: Any, tree: Path, archive: Path, rsa: RSAKey
) -> None:
    before = archive.read_bytes()
    for attempt in (
        lambda: tools.sign_directory(tree, rsa, hash=kind),
        lambda: tools.sign_zipfile(archive, rsa, hash=kind),
        lambda: tools.hash_files(tree, hash=kind),
    ):
        with pytest.raises(ValueError, match="sha256"):
            attempt()
    assert archive.read_bytes() == before
    assert not (tree / MANIFEST).exists()


def test_signing_and_taking_it_back_leaves_files_alone(
    tree: Path, archive: Path, rsa: RSAKey
) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        found = [path for path in tree.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mode) for path in found}

    before = state()
    tools.sign_directory(tree, rsa)
    assert state().items() > before.items()
    signedvfs.unsign(tree)
    assert state() == before
    tools.sign_zipfile(archive, rsa)
    signedvfs.unsign(archive)
    assert members_of(archive) == _FILES


def test_a_second_signature_is_kept_where_that_is_asked_for(
    tree: Path, archive: Path, rsa: RSAKey, key: signedvfs.PrivateKey
) -> None:
    both = [rsa.public_key, key.public_key]
    for path, sign in ((tree, tools.sign_directory), (archive, tools.sign_zipfile)):
        sign(path, key)
        sign(path, rsa, keep_signatures=True)
        assert _read(path, *both, threshold=2) == _FILES
        sign(path, rsa)
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            _read(path, *both, threshold=2)


def test_what_has_changed_is_not_what_others_have_signed(
    tree: Path, rsa: RSAKey, key: signedvfs.PrivateKey
) -> None:
    tools.sign_directory(tree, key)
    (tree / "more.py").write_text("more = 1\n")
    with pytest.raises(ValueError, match=r"more\.py|another|keep|statement"):
        tools.sign_directory(tree, rsa, keep_signatures=True)
    tools.sign_directory(tree, rsa)
    assert set(_read(tree, rsa.public_key)) == {*_FILES, "more.py"}


def test_what_somebody_left_there_is_not_signed(
    archive: Path, rsa: RSAKey, other_key: signedvfs.PrivateKey
) -> None:
    signedvfs.sign(archive, other_key, name="another product", serial=2**63)
    report = tools.sign_zipfile(archive, rsa)
    assert (report.name, report.serial, report.signers) == (
        None,
        None,
        [rsa.public_key.fingerprint],
    )


def test_what_is_no_archive_or_directory_is_an_error(
    tmp_path: Path, tree: Path, archive: Path, rsa: RSAKey
) -> None:
    (tmp_path / "text").write_text("no archive, which signedimp left alone")
    with pytest.raises(signedvfs.IntegrityCheckError):
        tools.sign_zipfile(tmp_path / "text", rsa)
    with pytest.raises(IsADirectoryError):
        tools.sign_zipfile(tree, rsa)
    with pytest.raises(NotADirectoryError):
        tools.sign_directory(archive, rsa)
    with pytest.raises(ValueError, match="public key"):
        tools.sign_directory(tree, rsa.get_public_key())
    with pytest.raises(ValueError, match="outfile"):
        tools.sign_directory(tree, rsa, outfile="other.txt")


@pytest.mark.parametrize("kind", ["sha256", "sha384", "sha512"])
def test_hash_files_gives_the_very_text_that_is_signed(kind: Any, tree: Path, rsa: RSAKey) -> None:
    text = tools.hash_files(tree, hash=kind)
    tools.sign_directory(tree, rsa, hash=kind)
    assert (tree / MANIFEST).read_bytes().partition(b"\n\n")[2] == text
    assert tools.hash_files(tree, hash=kind) == text  # without the manifest itself


def test_hash_files_takes_files_and_how_to_read_them(tree: Path, archive: Path) -> None:
    some = tools.hash_files(tree, [tree / "data file.txt"])
    assert some.endswith(b" data file.txt\n")
    assert b"pkg" not in some
    members = members_of(archive)
    assert tools.hash_files("", members, read=members.__getitem__) == tools.hash_files(tree)


@pytest.mark.parametrize("name", ["new\nline.py", "back\\slash", "dot.", MANIFEST.upper()])
def test_hash_files_refuses_names_that_no_manifest_has(name: str, tree: Path) -> None:
    (tree / name).write_bytes(b"")
    with pytest.raises(ValueError):  # the message names the rule that is broken
        tools.hash_files(tree)


def test_hash_files_follows_no_links(tree: Path) -> None:
    for target in ("/etc/passwd", "pkg"):
        (tree / "link").symlink_to(target)
        with pytest.raises(ValueError, match="link"):
            tools.hash_files(tree)
        (tree / "link").unlink()
    with pytest.raises(ValueError):  # it says which name
        tools.hash_files(tree / "pkg", [tree / "data file.txt"])


def test_bootstrap_code(tmp_path: Path, rsa: RSAKey, key: signedvfs.PrivateKey) -> None:
    given: dict[str, Any] = {"trust_stdlib_paths": True, "trust_dynload": True}
    with pytest.raises(TypeError, match="keys"):
        tools.get_bootstrap_code("    ")  # type: ignore[call-arg]  # as signedimp took it
    code = tools.get_bootstrap_code("    ", keys=[rsa, key.public_key], **given)
    public = [rsa.public_key, key.public_key]
    assert code == signedvfs.get_bootstrap_code(public, indent="    ", **given)
    program = tmp_path / "program.py"
    ask = "import sys\nprint(len(sys.modules['signedvfs._core']._installed_managers()))\n"
    program.write_text(f"if True:\n{code}{ask}")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_a_key_that_is_thrown_away(
    tree: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # signedimp's key=None: what is private about it gets into no file, and into no code
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    once = RSAKey.generate()
    tools.sign_directory(tree, once)
    tools.sign_zipfile(archive, once)
    code = tools.get_bootstrap_code(keys=[once.get_public_key()], trust_stdlib_paths=True)
    (tmp_path / "program.py").write_text(code)
    assert _read(tree, once.public_key) == _read(archive, once.public_key) == _FILES
    assert once.priv_exponent is not None
    secret = once.priv_exponent.to_bytes(256, "big")
    forms = [secret, secret.hex().encode(), str(once.priv_exponent).encode(), b"PRIVATE"]
    forms += [base64.b64encode(secret[at:])[:200] for at in range(3)]
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(found) > 4
    for path in found:
        assert not [form for form in forms if form in path.read_bytes()], path
