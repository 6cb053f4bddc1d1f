"""Limits: fields, defaults and what is refused."""

from __future__ import annotations

import importlib
import pickle
import sys
import zipfile
from pathlib import Path
from typing import Callable

import pytest

import signedvfs

FIELDS = (
    "archive_bytes",
    "member_bytes",
    "total_bytes",
    "directory_bytes",
    "manifest_bytes",
    "header_bytes",
    "members",
    "ratio",
    "name_bytes",
    "signatures",
)


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_set_by_its_own_name(field: str) -> None:
    defaults = signedvfs.Limits()
    changed = signedvfs.Limits(**{field: 7})
    assert getattr(defaults, field) > 7
    for other in FIELDS:
        assert getattr(changed, other) == (7 if other == field else getattr(defaults, other))
    with pytest.raises(AttributeError):
        setattr(changed, field, 8)


def test_the_repr_is_evaluable() -> None:
    limits = signedvfs.Limits(members=3)
    assert repr(eval(repr(limits), {"signedvfs": signedvfs})) == repr(limits)
    assert "members=3" in repr(limits)


def test_other_names_and_types_are_refused() -> None:
    with pytest.raises(TypeError, match="mebibytes"):
        signedvfs.Limits(mebibytes=1)  # type: ignore[call-arg]  # on purpose
    with pytest.raises(TypeError, match="members must be an int"):
        signedvfs.Limits(members=1.5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError):
        signedvfs.Limits(1)  # type: ignore[call-arg]  # on purpose
    for number in (-1, 1 << 64):
        with pytest.raises(ValueError, match=r"members must be between 0 and 2\*\*64 - 1"):
            signedvfs.Limits(members=number)


@pytest.mark.parametrize("field", FIELDS)
def test_zero_has_one_meaning_and_only_for_the_ratio(field: str) -> None:
    if field == "ratio":
        assert signedvfs.Limits(ratio=0).ratio == 0
    else:
        with pytest.raises(ValueError, match=f"{field} must be at least 1"):
            signedvfs.Limits(**{field: 0})


def test_they_can_be_given_to_a_child() -> None:
    limits = signedvfs.Limits(members=3, ratio=0)
    assert repr(pickle.loads(pickle.dumps(limits))) == repr(limits)


ZEROS = bytes(3 << 20)
SMALL = signedvfs.Limits(member_bytes=1 << 20)
LARGE = signedvfs.Limits(member_bytes=4 << 20, ratio=0)


@pytest.fixture(params=["plain", "indexed", "tar"])
def raised(request: pytest.FixtureRequest, tmp_path: Path, key: signedvfs.PrivateKey) -> Path:
    """An archive whose largest member exceeds SMALL, by name or in a name of its own."""
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("app.py", "TAG = 'signed'\n")
        file.writestr("zeros.bin", ZEROS)
    signedvfs.sign(archive, key, limits=LARGE, index=request.param == "indexed")
    if request.param == "tar":
        return _as_tar(archive)
    return archive


def _as_tar(archive: Path) -> Path:
    import io
    import tarfile

    with zipfile.ZipFile(archive) as file:
        members = {name: file.read(name) for name in file.namelist() if name[-1] != "/"}
    path = archive.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz") as tar:
        for name in sorted(members, key=lambda name: name != "signedimp-manifest.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(members[name])
            tar.addfile(info, io.BytesIO(members[name]))
    return path


def _advised(error: signedvfs.IntegrityCheckError) -> str:
    assert error.code == "TooLarge"
    assert error.limit == "member_bytes"
    return str(error)


def test_what_opens_has_limits_and_the_advice_names_them(
    raised: Path, policy: signedvfs.TrustPolicy
) -> None:
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.open(raised, policy, limits=SMALL).read("zeros.bin")
    assert "signedvfs.Limits(member_bytes=...)" in _advised(caught.value)
    assert "signedvfs.set_policy(policy, limits=...)" in str(caught.value)
    assert signedvfs.open(raised, policy, limits=LARGE).read("zeros.bin") == ZEROS


def test_imports_keep_the_limits_of_the_policy(
    raised: Path, policy: signedvfs.TrustPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signedvfs.get_policy()
    monkeypatch.setattr(sys, "path", [str(raised), *sys.path])
    monkeypatch.setattr(sys, "path_hooks", [signedvfs.hook, *sys.path_hooks])
    monkeypatch.delitem(sys.modules, "app", raising=False)
    try:
        signedvfs.set_policy(policy, limits=SMALL)
        if raised.suffix == ".gz":  # all of it is decoded when it is opened
            with pytest.raises(signedvfs.IntegrityCheckError) as caught:
                importlib.import_module("app")
            _advised(caught.value)
        with pytest.raises(signedvfs.IntegrityCheckError):
            signedvfs.open(raised).read("zeros.bin")
        signedvfs.set_policy(policy, limits=LARGE)
        assert importlib.import_module("app").TAG == "signed"
        assert signedvfs.open(raised).read("zeros.bin") == ZEROS
        # What is given wins; a policy that is given brings no limits of another one's.
        with pytest.raises(signedvfs.IntegrityCheckError):
            signedvfs.open(raised, limits=SMALL).read("zeros.bin")
        with pytest.raises(TypeError):
            signedvfs.set_policy(before, limits=7)  # type: ignore[arg-type]  # on purpose
        assert signedvfs.get_policy() is policy, "nothing has changed"
    finally:
        signedvfs.set_policy(before)
        sys.modules.pop("app", None)


def test_what_signs_has_limits(raised: Path, key: signedvfs.PrivateKey, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"#!/bin/sh\n")
    output = tmp_path / "out"
    tools: list[Callable[[signedvfs.Limits], object]] = [
        lambda limits: signedvfs.sign(raised, key, output=output, limits=limits),
        lambda limits: signedvfs.unsign(raised, output=output, limits=limits),
        lambda limits: signedvfs.append(raised, program, output, key, limits=limits),
    ]
    for tool in tools:
        with pytest.raises(signedvfs.IntegrityCheckError) as caught:
            tool(SMALL)
        _advised(caught.value)
        assert not output.exists()
        tool(LARGE)
        assert output.exists()
        output.unlink()


def test_what_is_signed_may_exceed_the_ratio(
    raised: Path, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    strict = signedvfs.Limits(ratio=2)
    signedvfs.open(raised, policy, limits=strict).verify_all()
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.unsign(raised, output=tmp_path / "out", limits=strict)
    assert caught.value.limit == "ratio"
