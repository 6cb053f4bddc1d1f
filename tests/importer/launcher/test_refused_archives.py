"""Archives that are whole and signed, and not those that the launcher in front of them accepts."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import PrivateKey, _tools
from signedvfs.building.elf import sections
from signedvfs.building.executable import put_together, read_launcher
from signedvfs.building.runtime import python_name
from tests.importer.launcher.conftest import NAME, SERIAL
from tests.importer.launcher.starting import FILES, assert_refused, environment, run, says
from tests.support.archives import INDEX, MANIFEST

UP = "print('up')"


Rebuild = Callable[..., Path]


def signed_anew(path: Path, key: PrivateKey, **told: Any) -> Path:
    """signed_anew signs an executable's archive once more, its launcher along with it."""
    signedvfs.sign(path, key, compiled_here=True, **{"name": NAME, "serial": SERIAL, **told})
    path.chmod(0o755)
    return path


@pytest.fixture
def rebuild(app: Path, launcher: Path, key: PrivateKey, tmp_path: Path) -> Rebuild:
    """`rebuild(without=..., policy=..., shows_info=..., verifies_all=..., **told)` makes another
    executable of what the application has, which `told` are the attributes of."""

    def make(
        without: str | None = None,
        policy: signedvfs.TrustPolicy | None = None,
        *,
        shows_info: bool = False,
        verifies_all: bool = False,
        **told: Any,
    ) -> Path:
        archive, path = tmp_path / "archive.zip", tmp_path / "rebuilt"
        opened = signedvfs.open(app, signedvfs.TrustPolicy([key.public_key]))
        with _tools.ArchiveWriter(archive) as writer:
            for name in opened.list():
                if name not in (MANIFEST, INDEX) and not (without and name.endswith(without)):
                    writer.add(name, opened.read(name), "stored")
        rules = policy or signedvfs.TrustPolicy([key.public_key])
        patched = _tools._patch_launcher(
            read_launcher(launcher), rules, shows_info=shows_info, verifies_all=verifies_all
        )
        put_together(patched, archive, path)
        signedvfs.sign(path, key, compiled_here=True, **told)
        path.chmod(0o755)
        return path

    return make


def rules(key: PrivateKey) -> signedvfs.TrustPolicy:
    """rules returns what `build` has put into the application."""
    return signedvfs.TrustPolicy([key.public_key], names=[NAME], min_serial={NAME: SERIAL})


def test_signed_again_by_the_same_key(copy: Path, key: PrivateKey) -> None:
    """Shows that the tests below are about what they say; a later serial is a release."""
    assert says(signed_anew(copy, key), UP) == "up"
    assert says(signed_anew(copy, key, serial=SERIAL + 7), UP) == "up"


def test_another_key(copy: Path, other_key: PrivateKey) -> None:
    assert_refused(run(signed_anew(copy, other_key), UP))


@pytest.mark.parametrize("serial", [SERIAL - 1, 0])
def test_an_older_release(copy: Path, key: PrivateKey, serial: int) -> None:
    assert_refused(run(signed_anew(copy, key, serial=serial), UP), "serial")


@pytest.mark.parametrize("name", ["another", NAME.upper()])
def test_another_product(copy: Path, key: PrivateKey, name: str) -> None:
    assert_refused(run(signed_anew(copy, key, name=name), UP), f"'{NAME}'")


@pytest.mark.parametrize("told", [{"name": NAME}, {"serial": SERIAL}, {}])
def test_attributes_that_are_missing(
    rebuild: Rebuild, key: PrivateKey, told: dict[str, Any]
) -> None:
    assert_refused(run(rebuild(policy=rules(key), **told), UP))


def test_an_expired_one(copy: Path, key: PrivateKey) -> None:
    now = int(time.time())
    told = {"expires": now - 60, "at": now - 120}
    assert_refused(run(signed_anew(copy, key, **told), UP), "expired")


def test_one_that_is_not_valid_yet(copy: Path, key: PrivateKey) -> None:
    later = int(time.time()) + 86400
    assert_refused(run(signed_anew(copy, key, not_before=later, at=later + 1), UP), "valid from")


def test_unsigned(copy: Path, key: PrivateKey) -> None:
    signed_anew(copy, key)
    signedvfs.unsign(copy)
    copy.chmod(0o755)
    assert_refused(run(copy, UP))


@pytest.fixture
def patched(launcher: Path, key: PrivateKey) -> bytes:
    """A launcher that trusts `key`."""
    return _tools._patch_launcher(
        read_launcher(launcher),
        signedvfs.TrustPolicy([key.public_key]),
        shows_info=False,
        verifies_all=False,
    )


LAUNCH = "signedvfs-launch.txt"
HEX = f"0x{sys.hexversion:08x}"
PLANS = {
    "none": None,
    "empty": "",
    "no line": f"hexversion {HEX}",
    "a word alone": "hexversion\n",
    "an unknown word": "planted 1\n",
    "no number": "hexversion 0xno\n",
    "another Python": "python 2.7\nhexversion 0x02070000\nlibrary a.so\nstdlib lib\npath .\n",
    "no library": f"hexversion {HEX}\nstdlib lib\npath .\n",
    "a library that is not there": f"hexversion {HEX}\nlibrary a.so\nstdlib lib\npath .\n",
    "a library that is none": f"hexversion {HEX}\nlibrary {LAUNCH}\nstdlib lib\npath .\n",
    "a library outside": f"hexversion {HEX}\nlibrary /lib/libm.so\nstdlib lib\npath .\n",
    "no text": b"\xff\0\n",
}


@pytest.mark.parametrize("plan", PLANS)
def test_launch_files(patched: bytes, key: PrivateKey, tmp_path: Path, plan: str) -> None:
    """Whoever signs has made a mistake: it says so, and does not crash."""
    archive, path = tmp_path / "archive.zip", tmp_path / "app"
    with _tools.ArchiveWriter(archive) as writer:
        writer.add("__main__.py", b"print('up')\n", "stored")
        text = PLANS[plan]
        if text is not None:
            writer.add(LAUNCH, text.encode() if isinstance(text, str) else text, "stored")
    put_together(patched, archive, path)
    signed_anew(path, key)
    assert_refused(run(path))


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("__main__.pyc", "no module '__main__'"),
        ("/encodings/__init__.pyc", "no module 'encodings'"),
        ("/encodings/aliases.pyc", "cannot import name 'aliases'"),
    ],
)
def test_a_member_is_missing(rebuild: Rebuild, left_out: str, said: str) -> None:
    assert_refused(run(rebuild(left_out), UP), said)


@pytest.mark.parametrize("name", [python_name(), "libgcc_s.so.1"])
def test_a_library_is_missing(rebuild: Rebuild, name: str) -> None:
    assert_refused(run(rebuild(name), UP), name)


def test_a_module_is_missing(rebuild: Rebuild) -> None:
    """That is an import that fails, and no more."""
    done = run(rebuild("kit/failing.pyc"), "print('up'); import kit.failing")
    assert (done.code, done.out) == (1, "up\n")
    assert "ModuleNotFoundError: No module named 'kit.failing'" in done.err


# What the builder asks the launcher for.


def test_information(rebuild: Rebuild, app: Path, key: PrivateKey) -> None:
    told = rebuild(shows_info=True, name=NAME, serial=SERIAL)
    lines = dict(line.split(": ", 1) for line in says(told, "--signedvfs-info").splitlines())
    fingerprint = key.public_key.fingerprint
    assert lines["product"] == repr(NAME)
    assert (lines["serial"], lines["trusts"], lines["signed by"]) == (
        str(SERIAL), fingerprint, fingerprint,
    )  # fmt: skip
    assert lines["python"] == sys.version.split()[0]
    assert int(lines["members"]) > len(FILES)
    # Only alone, and only where it was asked for.
    assert says(told, "print(sys.argv[2:])", "--signedvfs-info") == "['--signedvfs-info']"
    assert run(app, "--signedvfs-info").code == 1
    # It tells of what was verified.
    content = told.read_bytes()
    told.write_bytes(content[:-1] + b"\1")
    assert_refused(run(told, "--signedvfs-info"))


def test_verifying_all_at_start(rebuild: Rebuild) -> None:
    path = rebuild(verifies_all=True)
    assert says(path, UP) == "up"
    content = path.read_bytes()
    at = content.index(b"nobody imports this")
    path.write_bytes(content[:at] + b"N" + content[at + 1 :])
    assert_refused(run(path, UP), "kit/unused.pyc")
    # The launcher in front is signed as well: here, that it would answer --signedvfs-info.
    (place,) = [one for one in sections(content) if one.name == b".svfs_key"]
    begin, end = place.offset, place.offset + place.size
    changed = bytearray(content[begin : end - 32])
    changed[10] ^= 1
    changed += hashlib.sha256(changed).digest()
    path.write_bytes(content[:begin] + changed + content[end:])
    assert_refused(run(path, UP))


# More rights than whoever starts it has.


@pytest.fixture
def shared(
    app: Path,
    system_linker: None,  # noqa: ARG001  # others may not reach its own
) -> Iterator[Path]:
    """A copy where everybody can start it, which only root can give away."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a program rights of others")
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        directory.chmod(0o755)
        if os.statvfs(directory).f_flag & os.ST_NOSUID:
            pytest.skip(f"{directory} is mounted without such rights (nosuid)")
        yield Path(shutil.copy2(app, directory / "app"))


@pytest.mark.parametrize("mode", [0o4755, 0o2755])
def test_set_user_and_group(shared: Path, mode: int) -> None:
    assert says(shared, UP) == "up"
    os.chown(shared, 65534, 65534)
    shared.chmod(mode)
    assert_refused(run(shared, UP), "more rights", "set-user-ID")


def test_file_capabilities(shared: Path) -> None:
    # VFS_CAP_REVISION_2, effective; CAP_NET_RAW is permitted (linux/capability.h).
    value = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
    try:
        os.setxattr(shared, "security.capability", value)
    except OSError as error:
        pytest.skip(f"this file system has no capabilities: {error}")
    code = f"import os; os.setgid(65534); os.setuid(65534); os.execv('{shared}', ['app', {UP!r}])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 126, done
    assert done.stdout == ""
    assert "more rights" in done.stderr
