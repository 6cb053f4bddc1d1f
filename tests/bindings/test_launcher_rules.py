"""The rules that are patched into a launcher, and objects without their search paths."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import _tools
from tests.support.native import compile_object

# LAUNCHER is assembly in C: a program that has the section as launchers have it when they are
# built, and writes out what is there.
LAUNCHER = r"""
#include <unistd.h>
asm(".pushsection .svfs_key,\"a\",%progbits\n"
    "section: .ascii \"SVFSKEY1\"\n.byte 1\n.zero 4096 - 9\n"
    ".popsection\n");
extern const char section[4096];
int main(void) { return write(1, section, 4096) == 4096 ? 0 : 1; }
"""
MAGIC = b"SVFSKEY1\1"
UNPATCHED = MAGIC.ljust(4096, b"\0")


@pytest.fixture(name="launcher", scope="module")
def _launcher(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    program = tmp_path_factory.mktemp("launcher") / "launcher"
    command = ["cc", "-x", "c", "-", "-o", str(program)]
    subprocess.run(command, input=LAUNCHER, text=True, check=True)
    return program.read_bytes()


def patched(launcher: bytes, policy: signedvfs.TrustPolicy, *, info: bool = False) -> bytes:
    return _tools._patch_launcher(launcher, policy, shows_info=info, verifies_all=False)


def output_of(program: bytes, path: Path) -> bytes:
    path.write_bytes(program)
    path.chmod(0o755)
    return subprocess.run([str(path)], capture_output=True, check=True).stdout


def same(one: signedvfs.TrustPolicy, other: signedvfs.TrustPolicy) -> bool:
    return one.__reduce__()[1] == other.__reduce__()[1]


def test_a_policy_comes_back_as_it_went_in(
    launcher: bytes, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    scope = signedvfs.Trusted(
        other_key.public_key, names={"app"}, min_serial=1, max_serial=9, not_after=2000000000
    )
    policy = signedvfs.TrustPolicy(
        [key.public_key, scope],
        threshold=2,
        names={"app", "b\u00e4r"},
        min_serial={"app": 7, "": 2**64 - 1},
        revoked=["ab" * 32],
        libraries={"libodbc.so.2"},
        preloads={"libjemalloc.so.2"},
        library_directory="/var/lib/app",
    )
    for shows_info, verifies_all in ((True, False), (False, True), (True, True), (False, False)):
        application = _tools._patch_launcher(
            launcher, policy, shows_info=shows_info, verifies_all=verifies_all
        )
        for file in (application, memoryview(application + b"an archive")):
            found, *choices = _tools._launcher_rules(file)
            assert same(found, policy)
            assert choices == [shows_info, verifies_all, False]


def test_the_program_sees_what_was_patched(
    launcher: bytes, policy: signedvfs.TrustPolicy, tmp_path: Path
) -> None:
    assert output_of(launcher, tmp_path / "launcher") == UNPATCHED
    application = patched(launcher, policy)
    section = output_of(application, tmp_path / "application")
    assert section != UNPATCHED and section.startswith(MAGIC)
    assert application == launcher.replace(UNPATCHED, section)


def test_a_policy_that_was_read_back_verifies(
    launcher: bytes, key: signedvfs.PrivateKey, signed_archive: Any
) -> None:
    archive = signed_archive({"a.py": b""})
    policy = signedvfs.TrustPolicy(key.public_key, names={"another"})
    for given, code in ((signedvfs.TrustPolicy(key.public_key), None), (policy, "WrongName")):
        found, *_ = _tools._launcher_rules(patched(launcher, given))
        if code is None:
            assert signedvfs.open(archive, found).read("a.py") == b""
            continue
        with pytest.raises(signedvfs.IntegrityCheckError) as caught:
            signedvfs.open(archive, found)
        assert caught.value.code == code


def test_a_launcher_that_was_never_patched_has_no_rules(launcher: bytes) -> None:
    with pytest.raises(signedvfs.IntegrityCheckMissing, match=r"never given a key.*fs build"):
        _tools._launcher_rules(launcher)


def test_damage_is_found(launcher: bytes, policy: signedvfs.TrustPolicy) -> None:
    application = patched(launcher, policy)
    at = application.index(MAGIC)
    for place in (0, 8, 10, 12, 16, 60, 4000, 4095):
        other = bytearray(application)
        other[at + place] ^= 0x40
        with pytest.raises(signedvfs.IntegrityCheckError, match="rules are damaged"):
            _tools._launcher_rules(other)


def test_what_is_no_launcher_is_refused(launcher: bytes, policy: signedvfs.TrustPolicy) -> None:
    for wrong in (b"", b"#!/bin/sh\n", launcher.replace(b".svfs_key", b".svfs_kez")):
        with pytest.raises(ValueError, match="no launcher"):
            _tools._launcher_rules(wrong)
        with pytest.raises(ValueError, match=r"no launcher.*as it was installed"):
            patched(wrong, policy)
    with pytest.raises(ValueError, match="has something appended"):
        patched(launcher + b"an archive", policy)
    with pytest.raises(ValueError, match="was given its key already"):
        patched(patched(launcher, policy), policy)


def test_a_policy_that_cannot_be_stated_is_refused(
    launcher: bytes, key: signedvfs.PrivateKey
) -> None:
    def refused(match: str, **fields: Any) -> None:
        policy = signedvfs.TrustPolicy(**{"keys": key.public_key, **fields})
        with pytest.raises(ValueError, match=match):
            patched(launcher, policy)

    refused("trusts no key", keys=())
    refused("legacy", legacy=True)
    refused("clock", now=1700000000)
    refused("clock", now=lambda: 1700000000)
    refused("has room for 4048", names={f"application-{number}" for number in range(400)})


def test_arguments_are_what_they_have_to_be(launcher: bytes, policy: signedvfs.TrustPolicy) -> None:
    with pytest.raises(TypeError):
        _tools._launcher_rules("text")  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError, match="TrustPolicy"):
        patched(launcher, None)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError):
        patched(launcher, policy, info=1)  # type: ignore[arg-type]  # that is what is tested


def test_a_search_path_is_taken_out(tmp_path: Path) -> None:
    needed = compile_object(tmp_path / "there" / "libsvfsneeded.so", soname="libsvfsneeded.so")
    for flag in ("--enable-new-dtags", "--disable-new-dtags"):
        made = compile_object(
            tmp_path / f"searching{flag}.so",
            needs=[needed],
            flags=[f"-Wl,{flag}", f"-Wl,-rpath,{needed.parent}"],
        ).read_bytes()
        facts = _tools._shared_object(made)
        assert facts["search_paths"] == (str(needed.parent),)
        edited = _tools._without_search_path(memoryview(made))
        assert len(edited) == len(made) and edited != made
        left = _tools._shared_object(edited)
        assert left == {**facts, "search_paths": (), "is_runpath": False, "foreign": ()}
        assert _tools._without_search_path(edited) == edited
        (tmp_path / "edited.so").write_bytes(edited)
        text = subprocess.run(
            ["readelf", "-dW", str(tmp_path / "edited.so")],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout
        assert "PATH" not in text and "[libsvfsneeded.so]" in text


def test_what_is_no_shared_object_has_none(launcher: bytes) -> None:
    for wrong in (b"", launcher[:1000]):
        with pytest.raises(ImportError) as caught:
            _tools._without_search_path(wrong)
        assert getattr(caught.value, "code", None) == "BadLibrary"
