"""Detached manifests: directories that are signed, and opened, without a file in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import _tools
from tests.support.archives import MANIFEST

FILES = {"a.py": b"A = 1\n", "p/b.py": b"B = 1\n"}


def _tree(root: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """tree is an unsigned directory."""
    return _tree(tmp_path / "tree")


@pytest.fixture
def manifest(tmp_path: Path, tree: Path, key: signedvfs.PrivateKey) -> Path:
    """manifest is the detached manifest of `tree`."""
    path = tmp_path / "tree.manifest"
    report = signedvfs.sign(tree, key, detached=path, name="app", serial=7)
    assert (report.output, report.members, report.has_index) == (str(path), 2, False)
    return path


def test_the_tree_is_left_alone(tree: Path, manifest: Path, policy: signedvfs.TrustPolicy) -> None:
    assert sorted(path.name for path in tree.iterdir()) == ["a.py", "p"]
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.open(tree, policy)
    vfs = signedvfs.open(tree, policy, manifest=manifest)
    assert vfs.list() == sorted(FILES)
    assert (vfs.path, vfs.name, vfs.serial, vfs.has_index) == (str(tree), "app", 7, False)
    for name, content in FILES.items():
        assert vfs.read(name) == content
        assert vfs.stat(name).size == len(content)
        assert vfs.stat(name).digest in manifest.read_text()
    vfs.verify_all()
    assert _tools._manifest_text(vfs) == manifest.read_bytes()


def test_roles_keep_manifests_apart(
    tmp_path: Path, tree: Path, manifest: Path, key: signedvfs.PrivateKey,
    policy: signedvfs.TrustPolicy,
) -> None:  # fmt: skip
    plugins = tmp_path / "plugins.manifest"
    signedvfs.sign(tree, key, detached=plugins, root="plugins")
    assert signedvfs.open(tree, policy, manifest=plugins, root="plugins").list() == sorted(FILES)
    for other, role in ((plugins, None), (plugins, "tree"), (manifest, "plugins")):
        with pytest.raises(signedvfs.IntegrityCheckFailed, match="signed for") as caught:
            signedvfs.open(tree, policy, manifest=other, root=role)
        assert caught.value.code == "WrongRoot"


def test_several_roots_in_one_manifest(
    tmp_path: Path, tree: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    other = _tree(tree / "native", {"m.so": b"native"})
    manifest = tmp_path / "both.manifest"
    roots: list[Any] = [("main", tree, ["native"]), ("native", other)]
    report = _tools._sign_roots(manifest, roots, key)
    assert report.members == 3
    opened = signedvfs.open_roots(manifest, roots, policy)
    assert {role: vfs.list() for role, vfs in opened.items()} == {
        "main": sorted(FILES),
        "native": ["m.so"],
    }
    assert opened["main"].unlisted() == []
    assert list(signedvfs.open_roots(manifest, roots[1:], policy)) == ["native"]
    (other / "m.so").write_bytes(b"changed")
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        opened["native"].read("m.so")
    assert opened["main"].read("a.py") == FILES["a.py"]


@pytest.mark.parametrize(
    ("roots", "error"),
    [
        ([], ValueError),
        ("tree", TypeError),
        (["tree"], TypeError),
        ([("tree",)], TypeError),
        ([("tree", 1)], TypeError),
        ([(1, ".")], TypeError),
        ([("tree", ".", "apart")], TypeError),
        ([("tree", ".", [], "more")], TypeError),
        ([("tree", "."), ("tree", ".")], ValueError),
        ([("tree", "nul\0")], ValueError),
        ([("other", ".")], signedvfs.IntegrityCheckFailed),
        ([("tree", "/nowhere")], signedvfs.IntegrityCheckError),
        (None, TypeError),
    ],
)
def test_roots_that_make_no_sense(
    roots: Any, error: type[Exception], manifest: Path, policy: signedvfs.TrustPolicy
) -> None:
    with pytest.raises(error):
        signedvfs.open_roots(manifest, roots, policy)


def test_a_role_stands_for_one_directory(
    manifest: Path, tree: Path, policy: signedvfs.TrustPolicy
) -> None:
    # The caller's mistake: it says nothing of what was signed.
    roots = [("tree", tree), ("tree", tree.with_name("other"))]
    with pytest.raises(ValueError, match=r"'tree' is given twice.*give each its own"):
        signedvfs.open_roots(manifest, roots, policy)
    with pytest.raises(ValueError, match="'tree' is given twice"):
        signedvfs.SignedImportManager(policy=policy, manifests=[(manifest, roots)])


def test_arguments_that_make_no_sense(
    tmp_path: Path, tree: Path, manifest: Path, key: signedvfs.PrivateKey,
    policy: signedvfs.TrustPolicy,
) -> None:  # fmt: skip
    with pytest.raises(signedvfs.IntegrityCheckError, match="root goes with manifest"):
        signedvfs.open(tree, policy, root="tree")
    with pytest.raises(ValueError, match="root goes with detached"):
        signedvfs.sign(tree, key, root="tree")
    with pytest.raises(TypeError):
        signedvfs.open(tree, policy, manifest=manifest, root=1)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(signedvfs.IntegrityCheckError):
        signedvfs.open(manifest, policy, manifest=manifest)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.open(tree, policy, manifest=tmp_path / "nothing")
    with pytest.raises(ValueError, match="leaves alone"):
        signedvfs.sign(tree, key, detached=tree / "inside")
    assert not (tree / "inside").exists()


def test_a_tree_with_a_manifest_of_its_own(
    tree: Path, manifest: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    signedvfs.sign(tree, key)
    assert signedvfs.open(tree, policy, manifest=manifest).read("a.py") == FILES["a.py"]
    _tree(tree, {"c.py": b"C = 1\n"})
    signedvfs.sign(tree, key)
    with pytest.raises(signedvfs.IntegrityCheckFailed, match="does not agree") as caught:
        signedvfs.open(tree, policy, manifest=manifest)
    assert "unsign" in str(caught.value)
    (tree / MANIFEST).write_bytes(manifest.read_bytes())
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(tree, policy, manifest=manifest)
    assert caught.value.code == "WrongRoot"


def test_a_key_that_nobody_trusts(
    tmp_path: Path, tree: Path, other_key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy
) -> None:
    manifest = tmp_path / "m"
    signedvfs.sign(tree, other_key, detached=manifest)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.open(tree, policy, manifest=manifest)


def test_opening_is_audited(
    tree: Path, manifest: Path, key: signedvfs.PrivateKey, tmp_path: Path
) -> None:
    (tmp_path / "app.pub").write_text(key.public_key.pem)
    script = f"""
import signedvfs, sys
seen = []
sys.addaudithook(lambda event, args: seen.append(args[0]) if event == "signedvfs.verify" else None)
policy = signedvfs.TrustPolicy([signedvfs.PublicKey.load({str(tmp_path / "app.pub")!r})])
signedvfs.open({str(tree)!r}, policy, manifest={str(manifest)!r}).read("a.py")
signedvfs.open_roots({str(manifest)!r}, [("tree", {str(tree)!r})], policy)
assert seen == [{str(tree)!r}] * 3, seen
"""
    subprocess.run([sys.executable, "-I", "-c", script], check=True, timeout=60)
