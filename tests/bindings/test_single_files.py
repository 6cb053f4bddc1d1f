"""verify_file: which manifest covers a file, and that what was verified is what is read and run."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from tests.support.archives import MANIFEST

SCRIPT = b'#!/bin/sh\necho "signed $*"\n'
EVIL = b'#!/bin/sh\necho "evil $*"\n'
FILES = {"bin/tool": SCRIPT, "lib/a.txt": b"signed\n"}

Verify = Callable[..., signedvfs.VerifiedFile]


def _tree(root: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def tree(tmp_path: Path, key: signedvfs.PrivateKey) -> Path:
    """tree is a signed directory."""
    root = _tree(tmp_path / "app")
    signedvfs.sign(root, key, name="app")
    return root


@pytest.fixture
def verify(policy: signedvfs.TrustPolicy) -> Verify:
    """verify is verify_file under the tests' policy."""

    def call(path: Any, **options: Any) -> signedvfs.VerifiedFile:
        return signedvfs.verify_file(path, policy, **options)

    return call


def _refused(verify: Verify, path: Any, code: str, **options: Any) -> None:
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        verify(path, **options)
    assert caught.value.code == code, str(caught.value)


def test_says_what_a_file_is(tree: Path, verify: Verify) -> None:
    with verify(tree / "bin/tool") as found:
        assert found.read() == SCRIPT
        assert (found.path, found.member) == (str(tree / "bin/tool"), "bin/tool")
        assert (found.size, len(found.digest)) == (len(SCRIPT), 64)
        assert (found.vfs.path, found.vfs.name) == (str(tree), "app")
        assert repr(found) == f"<signedvfs.VerifiedFile {found.path!r}>"


def test_the_descriptor_is_of_memory_that_nobody_can_change(tree: Path, verify: Verify) -> None:
    found = verify(tree / "lib/a.txt")
    descriptor = found.fileno()
    assert descriptor == found.fileno()
    assert not os.get_inheritable(descriptor)
    (tree / "lib/a.txt").write_bytes(b"evil\n")
    assert os.pread(descriptor, 100, 0) == found.read() == FILES["lib/a.txt"]
    for change in (
        lambda: os.ftruncate(descriptor, 0),
        lambda: os.ftruncate(descriptor, 100),
        lambda: os.pwrite(descriptor, b"evil", 0),
    ):
        with pytest.raises(OSError, match=r"\[Errno 1\]"):
            change()
    found.close()
    found.close()
    with pytest.raises(OSError, match=r"\[Errno 9\]"):
        os.fstat(descriptor)


def test_relative_paths(tree: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "bin")
    for path in ("tool", "./tool", "../bin/tool", "../../app/bin/tool"):
        assert verify(path).member == "bin/tool"


def test_unlisted_changed_and_outside(
    tmp_path: Path, tree: Path, verify: Verify, other_key: signedvfs.PrivateKey
) -> None:
    (tree / "bin/added").write_bytes(EVIL)
    _refused(verify, tree / "bin/added", "NotFound")
    (tree / "bin/tool").write_bytes(EVIL)
    _refused(verify, tree / "bin/tool", "DigestMismatch")
    (tree / "bin/tool").unlink()
    _refused(verify, tree / "bin/tool", "MissingMember")
    # K5: a neighbour whose name begins alike
    _tree(tmp_path / "app-evil")
    _refused(verify, tmp_path / "app-evil/bin/tool", "NoManifest")
    # The manifest itself is no file of the directory.
    _refused(verify, tree / MANIFEST, "NotFound")
    other = _tree(tmp_path / "other")
    signedvfs.sign(other, other_key)
    _refused(verify, other / "bin/tool", "NoTrustedKey")


def test_special_files_and_directories(tree: Path, verify: Verify) -> None:
    (tree / "bin/tool").unlink()
    os.mkfifo(tree / "bin/tool")
    _refused(verify, tree / "bin/tool", "NotRegular")
    for path in (f"{tree}/bin/", f"{tree}/.", f"{tree}/bin/..", "/", ""):
        with pytest.raises(ValueError, match="directory"):
            verify(path)
    with pytest.raises(TypeError):
        verify(1)


def test_links(tree: Path, verify: Verify) -> None:
    # To a listed file, in the place of one: which file runs is not for whoever makes links to say.
    (tree / "bin/alias").symlink_to("tool")
    _refused(verify, tree / "bin/alias", "NotFound")
    (tree / "lib/a.txt").unlink()
    (tree / "lib/a.txt").symlink_to("../bin/tool")
    _refused(verify, tree / "lib/a.txt", "NotRegular")
    # A directory on the way, too.
    (tree / "bin").rename(tree / "real")
    (tree / "bin").symlink_to("real")
    _refused(verify, tree / "bin/tool", "NotRegular")


def test_links_above_the_signed_directory_are_followed(
    tmp_path: Path, tree: Path, verify: Verify
) -> None:
    (tmp_path / "current").symlink_to(tree.name)
    assert verify(tmp_path / "current/bin/tool").read() == SCRIPT
    (tmp_path / "bin").symlink_to("app/bin")
    # Found by the path without links as well.
    assert verify(tmp_path / "bin/tool").member == "bin/tool"


def test_dots_that_leave_a_link(tmp_path: Path, tree: Path, verify: Verify) -> None:
    # For the kernel this is /elsewhere/bin/tool, and for a reader of texts app/bin/tool.
    _tree(tmp_path / "elsewhere/bin")
    (tree / "link").symlink_to(tmp_path / "elsewhere/bin")
    with pytest.raises(ValueError, match="out of a link"):
        verify(f"{tree}/link/../bin/tool")


def test_two_manifests_have_to_agree(
    tree: Path, verify: Verify, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    # K4: the nearest does not win.
    signedvfs.sign(tree / "bin", key)
    found = verify(tree / "bin/tool")
    assert (found.vfs.path, found.member) == (str(tree / "bin"), "tool")

    (tree / "bin/tool").write_bytes(EVIL)
    (tree / "bin/added").write_bytes(EVIL)
    signedvfs.sign(tree / "bin", key)
    _refused(verify, tree / "bin/tool", "DigestMismatch")
    _refused(verify, tree / "bin/added", "NotFound")

    _tree(tree)
    signedvfs.sign(tree / "bin", other_key)
    _refused(verify, tree / "bin/tool", "NoTrustedKey")
    (tree / "bin" / MANIFEST).write_text("junk")
    _refused(verify, tree / "bin/tool", "BadManifest")
    (tree / "bin" / MANIFEST).unlink()
    (tree / "bin" / MANIFEST).symlink_to("nowhere")
    with pytest.raises(signedvfs.IntegrityCheckError):
        verify(tree / "bin/tool")


def test_a_detached_manifest(tmp_path: Path, verify: Verify, key: signedvfs.PrivateKey) -> None:
    root = _tree(tmp_path / "tree")
    (root / "bin/alias").symlink_to("tool")
    manifest = tmp_path / "m"
    signedvfs.sign(root, key, detached=manifest, root="plugins")
    options = {"manifest": manifest, "directory": root, "root": "plugins"}
    assert verify(root / "bin/tool", **options).read() == SCRIPT
    assert verify(root / "bin/alias", **options).member == "bin/alias"
    (tmp_path / "link").symlink_to("tree")
    assert verify(tmp_path / "link/bin/tool", **options).read() == SCRIPT
    _tree(tmp_path / "tree-2")
    _refused(verify, tmp_path / "tree-2/bin/tool", "NotFound", **options)
    _refused(verify, root / "bin/tool", "WrongRoot", **{**options, "root": None})
    (root / "bin/tool").write_bytes(EVIL)
    _refused(verify, root / "bin/tool", "DigestMismatch", **options)
    with pytest.raises(ValueError, match="go together"):
        verify(root / "bin/tool", manifest=manifest)
    with pytest.raises(ValueError, match="go together"):
        verify(root / "bin/tool", directory=root)
    with pytest.raises(ValueError, match="root goes with manifest"):
        verify(root / "bin/tool", root="plugins")


def _execute(
    tmp_path: Path, key: signedvfs.PrivateKey, path: Path, before: str = "", words: str = "()"
) -> subprocess.CompletedProcess[str]:
    """Verify a file in a fresh process, do `before`, and execute what was verified."""
    script = f"""
import os, signedvfs
policy = signedvfs.TrustPolicy([signedvfs.PublicKey.from_pem({key.public_key.pem!r})])
path = {str(path)!r}
found = signedvfs.verify_file(path, policy)
{before}
found.execute({words})
"""
    return subprocess.run(
        [sys.executable, "-I", "-c", script],
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip


@pytest.mark.parametrize(
    "swap",
    [
        "open(path, 'wb').write(b'#!/bin/sh\\necho evil\\n')",
        "os.unlink(path)",
        "os.rename(path, path + '2'); os.symlink('/bin/false', path)",
        "os.truncate(path, 0)",
    ],
)
def test_what_was_verified_is_what_runs(
    tmp_path: Path, tree: Path, key: signedvfs.PrivateKey, swap: str
) -> None:
    done = _execute(tmp_path, key, tree / "bin/tool", swap, "['a', 'b c']")
    assert (done.returncode, done.stdout) == (0, "signed a b c\n"), done.stderr


def test_a_binary_program(tmp_path: Path, key: signedvfs.PrivateKey) -> None:
    echo = Path("/bin/echo").read_bytes()
    root = _tree(tmp_path / "app", {"echo": echo})
    signedvfs.sign(root, key)
    done = _execute(tmp_path, key, root / "echo", "os.unlink(path)", "['-n', 'x']")
    assert (done.returncode, done.stdout) == (0, "x"), done.stderr


def test_the_environment_and_signals_of_the_program(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    shown = b"#!/bin/sh\necho $MINE $HOME\ngrep SigIgn /proc/$$/status\n"
    root = _tree(tmp_path / "app", {"show": shown})
    signedvfs.sign(root, key)
    done = _execute(tmp_path, key, root / "show", words="(), {'MINE': 'yes', 'PATH': '/bin'}")
    first, second = done.stdout.splitlines()
    assert first == "yes"
    ignored = int(second.split()[1], 16)
    assert not ignored & (1 << 12), "SIGPIPE"
    assert not ignored & (1 << 24), "SIGXFSZ"


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        ("#!/usr/bin/env sh\n", "PATH would choose"),
        ("#! /usr/bin/env -S sh -e\n", "PATH would choose"),
        ("#!sh\n", "current directory would choose"),
        ("#!./sh\n", "current directory would choose"),
        ("#!\n", "current directory would choose"),
        ("#!/bin/sh", "no line"),
        ("#!/bin/sh" + " " * 300 + "\n", "too long"),
        ("#!/bin/s\0h\n", "no line"),
        # The kernel separates by space and tab alone (binfmt_script).
        ("#!\t/usr/bin/env\tsh\n", "PATH would choose"),
        ("#!\v/bin/sh\n", "current directory would choose"),
        ("#!\f/bin/sh\n", "current directory would choose"),
        ("#! \r/bin/sh\n", "current directory would choose"),
        ("#!/proc/self/cwd/sh\n", "has open"),
        ("#!/usr/..//proc/thread-self/cwd/sh\n", "has open"),
        ("#!/dev/fd/0\n", "has open"),
        ("#!/dev/stdin\n", "has open"),
    ],
)
def test_scripts_whose_interpreter_anybody_may_choose(
    tmp_path: Path, key: signedvfs.PrivateKey, policy: signedvfs.TrustPolicy,
    first: str, problem: str,
) -> None:  # fmt: skip
    root = _tree(tmp_path / "app", {"script": first.encode()})
    signedvfs.sign(root, key)
    found = signedvfs.verify_file(root / "script", policy)
    with pytest.raises(ValueError, match=problem):
        found.execute()


def test_an_interpreter_in_the_current_directory_does_not_run(
    tmp_path: Path, key: signedvfs.PrivateKey
) -> None:
    public = tmp_path / "app.pub"
    public.write_text(key.public_key.pem)
    root = _tree(tmp_path / "app", {"script": b"#!\v/bin/sh\n", "other": b"#!/proc/self/cwd/sh\n"})
    signedvfs.sign(root, key)
    here, marker = tmp_path / "here", tmp_path / "marker"
    for place in (here / "\v/bin/sh", here / "sh"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#!/bin/sh\necho ran >{marker}\n")
        place.chmod(0o755)
    for name in ("script", "other"):
        done = subprocess.run(
            [sys.executable, "-m", "signedvfs", "verify-file", "--trust", str(public), "--exec",
             str(root / name)],
            capture_output=True, text=True, timeout=60, check=False, cwd=here,
        )  # fmt: skip
        assert done.returncode != 0, done.stdout
        assert not marker.exists()


def test_what_is_no_program(tree: Path, verify: Verify) -> None:
    found = verify(tree / "lib/a.txt")
    gc.collect()  # what earlier tests left is not to go meanwhile
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="Exec format error") as caught:
        found.execute()
    assert caught.value.filename == str(tree / "lib/a.txt")
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before
