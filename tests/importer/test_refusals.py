"""Tampering: every way in raises, and nothing else is tried in its place."""

from __future__ import annotations

import importlib
import importlib.util
import runpy
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

import signedvfs
from tests.importer.workshop import Files, Importing, Python, Workshop, finder_at, pyc

MARK = b"GENUINE-CONTENT"


def overwrite(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes in place, as an attacker would under an open archive."""
    data = path.read_bytes()
    assert data.count(old) == 1
    assert len(old) == len(new)
    with path.open("r+b") as file:
        file.seek(data.index(old))
        file.write(new)


def stored(workshop: Workshop, files: Files, index: bool) -> Path:
    return workshop.zip("app.zip", files, compression=zipfile.ZIP_STORED, index=index)


with_and_without_index = pytest.mark.parametrize("index", [False, True], ids=["manifest", "index"])


SIDE_DOORS: dict[str, Callable[[signedvfs.zipimporter], object]] = {
    "import": lambda _: importlib.import_module("m"),
    "find_spec": lambda finder: finder.find_spec("m"),
    "get_code": lambda finder: finder.get_code("m"),
    "get_source": lambda finder: finder.get_source("m"),
    "get_filename": lambda finder: finder.get_filename("m"),
    "get_data": lambda finder: finder.get_data("m.py"),
    "util.find_spec": lambda _: importlib.util.find_spec("m"),
    "runpy": lambda _: runpy.run_module("m"),
    "exec_module": lambda finder: finder.exec_module(type(sys)("m")),
}


@with_and_without_index
@pytest.mark.parametrize("door", SIDE_DOORS)
def test_changed_member_is_refused_through_every_door(
    workshop: Workshop, importing: Importing, door: str, index: bool
) -> None:
    # I9, V10: all through the one verified read
    path = stored(workshop, {"m.py": b"v = '" + MARK + b"'\n", "n.py": "v = 1\n"}, index)
    importing.put(path)
    assert importing.module("n").v == 1
    overwrite(path, MARK, b"ATTACKER-BYTES!")
    finder = finder_at(path)
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        SIDE_DOORS[door](finder)
    # I7, I8: not swallowed by code that means "not there"; who shows source must go on without
    tolerated = (OSError, KeyError, ValueError, AttributeError)
    assert not isinstance(caught.value, tolerated)
    assert isinstance(caught.value, ImportError) == (door == "get_source")
    assert caught.value.path == str(path)
    assert caught.value.member == "m.py"
    assert "m" not in sys.modules


@with_and_without_index
def test_no_later_entry_supplies_a_changed_module(
    workshop: Workshop, importing: Importing, index: bool
) -> None:
    # I4, C4: find_spec raises instead of returning None
    path = stored(
        workshop,
        {
            "m.py": b"v = '" + MARK + b"'\n",
            "n.py": "",
            "p/__init__.py": "",
            "p/s.py": b"v = '" + MARK[::-1] + b"'\n",
        },
        index,
    )
    later = workshop.tree("later", {"m.py": "v = 'attacker'\n"}, sign=False)
    importing.put(path, later)
    importing.module("p")
    overwrite(path, MARK, b"ATTACKER-BYTES!")
    overwrite(path, MARK[::-1], b"ATTACKER-BYTES!")
    for name in ("m", "p.s"):
        with pytest.raises(signedvfs.IntegrityCheckFailed):
            importing.module(name)
        # ... not even for an application that has a fallback.
        with pytest.raises(signedvfs.IntegrityCheckFailed):
            try:
                importing.module(name)
            except ImportError:
                pytest.fail("swallowed")


@with_and_without_index
def test_changed_bytecode_does_not_fall_back_to_the_source(
    workshop: Workshop, importing: Importing, index: bool
) -> None:
    # I6, I11: a bad digest is no bad magic number; it is never unmarshalled either
    code = pyc("v = 'GENUINE-CONTENT'", flags=1)
    path = stored(workshop, {"m.pyc": code, "m.py": "v = 'source'\n"}, index)
    importing.put(path)
    assert importlib.util.find_spec("n") is None
    overwrite(path, MARK, b"ATTACKER-BYTES!")
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        importing.module("m")


@with_and_without_index
def test_unlisted_twin_is_never_picked(
    workshop: Workshop, importing: Importing, index: bool
) -> None:
    # I6, C3: an archive with an unlisted m.pyc beside the listed m.py is refused as a whole
    path = stored(workshop, {"m.py": "v = 1\n", "n.py": "v = 2\n"}, index)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("m.pyc", pyc("v = 'attacker'"))
    importing.put(path)
    for name in ("m", "n"):
        with pytest.raises(signedvfs.IntegrityCheckError):
            importing.module(name)


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize("name", ["sitecustomize", "usercustomize", "__main__"])
def test_start_up_files_must_be_listed(workshop: Workshop, name: str) -> None:
    # I12: unlisted in a directory: nothing; unlisted in an archive: the archive is refused
    root = workshop.tree("tree", {"m.py": "v = 1\n"})
    (root / f"{name}.py").write_text("raise SystemExit('attacker')\n")
    (root / "evil.pth").write_text("import evil\n")
    finder = signedvfs.hook(str(root))
    assert finder.find_spec("m") is not None
    assert finder.find_spec(name) is None
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{name}.py", "raise SystemExit('attacker')\n")
    with pytest.raises(signedvfs.IntegrityCheckError):
        signedvfs.hook(str(path)).find_spec(name)


def test_refused_archive_stays_refused_when_a_good_one_takes_its_place(
    workshop: Workshop, importing: Importing
) -> None:
    # I1, I17: for the life of the process, whatever the program comes to trust
    good = workshop.zip("good.zip", {"m.py": "v = 1\n"})
    path = workshop.plain_zip("app.zip", {"m.py": "v = 'attacker'\n"})
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")
    good.rename(path)
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")
    with pytest.raises(
        signedvfs.IntegrityCheckMissing, match="a new release needs a new file name"
    ):
        signedvfs.zipimporter(str(path))
    signedvfs.trust(signedvfs.PrivateKey.generate().public_key)
    signedvfs.set_policy(signedvfs.TrustPolicy(workshop.public_key))
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")


def test_trust_asks_the_refused_again(workshop: Workshop, importing: Importing) -> None:
    # C2: an archive by a key that the program comes to trust later
    other = signedvfs.PrivateKey.generate("ecdsa-p256")
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"}, key=other)
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        importing.module("m")
    assert caught.value.code == "NoTrustedKey"
    signedvfs.trust(other.public_key)
    assert importing.module("m").v == 1
    with pytest.raises(TypeError):
        signedvfs.trust(cast(Any, "key"))


def test_stricter_policy_applies_to_archives_in_use(
    workshop: Workshop, importing: Importing
) -> None:
    # D12, C17: set_policy asks about opened archives as well
    path = workshop.zip("app.zip", {"m.py": "v = 1\n", "n.py": "v = 2\n"}, serial=3, product="app")
    importing.put(path)
    assert importing.module("m").v == 1
    signedvfs.set_policy(signedvfs.TrustPolicy(workshop.public_key, min_serial={"app": 4}))
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        importing.module("n")
    assert caught.value.code == "Rollback"
    signedvfs.set_policy(signedvfs.TrustPolicy())
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("n")
    assert signedvfs.get_policy().keys == ()


def test_nothing_is_trusted_at_first(workshop: Workshop, python: Python) -> None:
    # C2, I14: the default policy trusts no key
    path = workshop.zip("app.zip", {"m.py": "print('ran')\n"})
    script = f"""
        import sys, signedvfs
        sys.path_hooks.insert(0, signedvfs.hook)
        sys.path.insert(0, {str(path)!r})
        import m
    """
    done = python(script, hook=False, check=False)
    assert "IntegrityCheckMissing" in done.stderr
    assert done.stdout == ""


def test_hook_in_front_is_asked_first(workshop: Workshop, importing: Importing) -> None:
    # I15: hooks and finders behind ours never see our paths
    asked: list[str] = []

    def spy(path: str) -> NoReturn:
        asked.append(path)
        raise ImportError

    sys.path_hooks.insert(1, spy)
    path = workshop.plain_zip("app.zip", {"m.py": ""})
    good = workshop.zip("good.zip", {"p/__init__.py": "", "p/s.py": ""})
    importing.put(good, path)
    importing.module("p.s")
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")
    assert not [p for p in asked if str(workshop.directory) in p]


def test_tampered_directory(workshop: Workshop, importing: Importing) -> None:
    # K1, K2, I4: changed, replaced by a symlink, removed
    root = workshop.tree(
        "tree", {"a.py": "v = 1\n", "b.py": "v = 1\n", "c.py": "v = 1\n", "d.py": "v = 1\n"}
    )
    later = workshop.tree("later", {"c.py": "v = 'attacker'\n"}, sign=False)
    importing.put(root, later)
    assert importing.module("d").v == 1
    (root / "a.py").write_text("v = 2\n")
    (root / "b.py").unlink()
    (root / "b.py").symlink_to(later / "c.py")
    (root / "c.py").unlink()
    for name in ("a", "b", "c"):
        with pytest.raises(signedvfs.IntegrityCheckError):
            importing.module(name)
        assert name not in sys.modules


def test_error_names_everything(workshop: Workshop, importing: Importing) -> None:
    # F8: file, member, reason, advice; control characters are escaped
    path = workshop.plain_zip("evil\x1b[31m.zip", {"m.py": ""})
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        importing.module("m")
    assert "\x1b" not in str(caught.value)
    assert "\\x1b[31m.zip" in str(caught.value)
    assert caught.value.path == str(path)
    assert "signedvfs sign" in str(caught.value)
