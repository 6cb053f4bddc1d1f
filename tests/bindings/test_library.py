"""The running interpreter's own library, signed and opened by a detached manifest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import _tools


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, key: signedvfs.PrivateKey) -> Path:
    """manifest is that of this interpreter's standard library."""
    path = tmp_path_factory.mktemp("library") / "stdlib.manifest"
    before = Path(os.__file__).stat()
    report = signedvfs.sign_stdlib(path, key, name="python", serial=3)
    assert report.output == str(path)
    assert report.members > 500
    after = Path(os.__file__).stat()
    assert (after.st_mtime_ns, after.st_ctime_ns) == (before.st_mtime_ns, before.st_ctime_ns)
    return path


@pytest.fixture
def policy(key: signedvfs.PrivateKey) -> signedvfs.TrustPolicy:
    """policy trusts the signer for Python alone."""
    return signedvfs.TrustPolicy([key.public_key], names=["python"], min_serial={"python": 3})


def test_roots_are_where_modules_come_from() -> None:
    roots = {role: directory for role, directory, _ in signedvfs.library_roots()}
    assert Path(roots["stdlib"]).samefile(Path(os.__file__).parent)
    assert set(roots) <= {"stdlib", "lib-dynload"}
    searched = [Path(path) for path in sys.path if Path(path).is_dir()]
    for directory in roots.values():
        assert any(Path(directory).samefile(path) for path in searched)


def test_installed_packages_are_roots_of_their_own() -> None:
    roots = signedvfs.library_roots(stdlib=False, site=True)
    assert roots[0][0] == "site"
    assert all(role == "site" or role.startswith("site-") for role, _, _ in roots)
    packages = Path(pytest.__file__).parents[1]
    assert any(packages.samefile(directory) for _, directory, _ in roots)
    with pytest.raises(ValueError, match="none was asked for"):
        signedvfs.library_roots(stdlib=False)


def test_opens_every_root(manifest: Path, policy: signedvfs.TrustPolicy) -> None:
    opened = signedvfs.open_stdlib(manifest, policy)
    library = opened["stdlib"]
    assert (library.name, library.serial) == ("python", 3)
    source = Path(os.__file__).read_bytes()
    assert library.read("os.py") == source
    assert library.is_file("importlib/__init__.py")
    # Installed packages are no part of it, and extension modules have a root of their own.
    assert not [name for name in library.list() if name.startswith(("site-", "lib-dynload/"))]
    native = opened.get("lib-dynload")
    assert native is None or all("/" not in name for name in native.list())
    native = opened.get("lib-dynload", library)
    assert any(name.endswith(".so") for name in native.list()) == ("lib-dynload" in opened)


def test_the_bytecode_of_this_interpreter_is_listed_where_it_is(
    manifest: Path, policy: signedvfs.TrustPolicy
) -> None:
    tag = sys.implementation.cache_tag
    listed = [
        name
        for name in signedvfs.open_stdlib(manifest, policy)["stdlib"].list()
        if "__pycache__" in name
    ]
    assert all(f".{tag}." in name for name in listed)
    assert bool(listed) == any(
        f".{tag}." in path.name for path in (Path(os.__file__).parent / "__pycache__").glob("*.pyc")
    )


def test_a_root_that_was_not_signed_is_refused(
    manifest: Path, policy: signedvfs.TrustPolicy
) -> None:
    with pytest.raises(signedvfs.IntegrityCheckFailed, match="'site'") as caught:
        signedvfs.open_stdlib(manifest, policy, site=True)
    assert caught.value.code == "WrongRoot"


def test_whoever_nobody_trusts_is_refused(manifest: Path, other_key: signedvfs.PrivateKey) -> None:
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.open_stdlib(manifest, signedvfs.TrustPolicy())
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.open_stdlib(manifest, signedvfs.TrustPolicy([other_key.public_key]))


def test_a_library_elsewhere_gives_what_is_the_same(
    tmp_path: Path, manifest: Path, policy: signedvfs.TrustPolicy
) -> None:
    # The manifest moves with the interpreter; what was planted beside it does not exist.
    moved = tmp_path / "moved"
    moved.mkdir()
    (moved / "os.py").write_bytes(Path(os.__file__).read_bytes())
    (moved / "random.py").write_text("evil")
    (moved / "sitecustomize.py").write_text("evil")
    library = signedvfs.open_roots(manifest, [("stdlib", moved)], policy)["stdlib"]
    assert library.read("os.py") == Path(os.__file__).read_bytes()
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        library.read("random.py")
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        library.read("types.py")
    if not library.is_file("sitecustomize.py"):  # some distributions have one of their own
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            library.read("sitecustomize.py")


def test_a_second_signature(
    tmp_path: Path, manifest: Path, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    both = tmp_path / "both"
    both.write_bytes(manifest.read_bytes())
    report = signedvfs.sign_stdlib(both, other_key, keep_signatures=True)
    assert (report.added, report.name, report.serial) == (True, "python", 3)
    policy = signedvfs.TrustPolicy([key.public_key, other_key.public_key], threshold=2)
    assert len(signedvfs.open_stdlib(both, policy)["stdlib"].signers) == 2


def test_the_environment_does_not_say_where_it_is(
    tmp_path: Path, manifest: Path, key: signedvfs.PrivateKey
) -> None:
    # J1: what PYTHONPATH and the current directory offer is no root of the library.
    (tmp_path / "os.py").write_text("raise SystemExit('evil')")
    script = f"""
import signedvfs
policy = signedvfs.TrustPolicy([signedvfs.PublicKey.from_pem({key.public_key.pem!r})])
library = signedvfs.open_stdlib({str(manifest)!r}, policy)["stdlib"]
assert library.read("os.py") == open(library.path + "/os.py", "rb").read()
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-I", "-c", script], env=environment, cwd=tmp_path, check=True, timeout=60
    )


def test_options_that_nobody_knows(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    wrong: dict[str, Any] = {"index": True}
    with pytest.raises(TypeError):
        signedvfs.sign_stdlib(tmp_path / "m", key, **wrong)
    with pytest.raises(TypeError):
        _tools._sign_roots(tmp_path / "m", [("a", tmp_path)], key, pycache="cpython-311")  # type: ignore[arg-type]  # wrong on purpose
    assert not (tmp_path / "m").exists()
