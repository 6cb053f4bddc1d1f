"""Directories, the library's above all, that are signed by manifests which stand elsewhere."""

from __future__ import annotations

import os

import pytest

import signedvfs
from signedvfs import SignedImportManager, TrustPolicy, _tools
from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.workshop import Files, Workshop

FILES: Files = {"m.py": "v = 1\n", "p/__init__.py": "v = 2\n", "p/sub.py": "v = 3\n"}
LIBRARY = "manager(trust_stdlib_paths=False, stdlib='stdlib.manifest'{}).install()\n"


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("more", ["", ", lockdown=True"])
def test_the_library(workshop: Workshop, managed: Managed, more: str) -> None:
    place = workshop.tree("app", FILES)
    lines = managed.run(
        LIBRARY.format(more)
        + """
import colorsys, json, logging, os
modules = "_struct", "_queue", "_asyncio", "_lsprof"  # in some builds they are built in
native = next(one for one in modules if one not in sys.builtin_module_names)
for one in (colorsys, json, importlib.import_module(native)):
    print(one.__loader__.__class__.__module__)
print(outcome("m"), outcome("pytest"), outcome("nowhere"))
print(open(colorsys.__file__).read(3))
import importlib.metadata
print(importlib.metadata.version("pytest") > "1")
""",
        place,
    )
    assert lines[:3] == ["signedvfs"] * 3
    assert lines[3] == "1 IntegrityCheckMissing ModuleNotFoundError"
    assert lines[4:] == ['"""', "True"]


@pytest.mark.usefixtures("library")
def test_what_was_loaded_before_is_looked_at(managed: Managed) -> None:
    # by its content: nothing of the library needs a name
    given = ", check_modules=['_distutils_hack', 'signedvfs']"
    before = "import json, re, logging\n"
    assert managed.run(before + LIBRARY.format(given) + "print('ok')") == ["ok"]
    changed = before + "json.dumps.__code__ = (lambda *a, **k: 'EVIL').__code__\n"
    done = managed.start(changed + LIBRARY.format(given) + "print('went on')")
    assert (done.returncode, done.stdout) == (126, "")
    assert "'dumps' of the loaded module 'json'" in done.stderr


@pytest.mark.usefixtures("library")
def test_it_is_read_by_the_policy_of_the_manager(managed: Managed) -> None:
    lines = managed.run(
        """
        signedvfs.trust(key)
        others = TrustPolicy([key], names=["other"]), TrustPolicy(revoked=[key])
        for policy in (TrustPolicy(), *others):
            try:
                manager(trust_stdlib_paths=False, stdlib="stdlib.manifest", policy=policy)
            except signedvfs.IntegrityCheckError as error:
                print(error.code)
        """
    )
    assert lines == ["NoTrustedKey", "WrongName", "KeyRevoked"]


def test_what_makes_no_sense(workshop: Workshop) -> None:
    with pytest.raises(ValueError, match="trust_stdlib_paths"):
        SignedImportManager(stdlib="stdlib.manifest", trust_stdlib_paths=True)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        SignedImportManager(stdlib=workshop.directory / "nowhere")
    for given in (1, [1], [("a",)], [("a", 1)], ["ab"], [("a", [("role",)])]):
        with pytest.raises(TypeError):
            SignedImportManager(manifests=given)  # type: ignore[arg-type]  # that is the test
    plain = workshop.tree("plain", FILES, sign=False)
    manifest = workshop.directory / "plain.manifest"
    signedvfs.sign(plain, workshop.key, detached=manifest)
    with pytest.raises(signedvfs.IntegrityCheckFailed):  # not signed for that role
        SignedImportManager(workshop.public_key, stdlib=manifest)
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        SignedImportManager(workshop.public_key, manifests=[(manifest, [("other", plain)])])
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        SignedImportManager(policy=TrustPolicy(), manifests=[(manifest, plain)])


def test_other_directories(workshop: Workshop, managed: Managed) -> None:
    plain = workshop.tree("plain", FILES, sign=False)
    signedvfs.sign(plain, workshop.key, detached=workshop.directory / "plain.manifest")
    (plain / "added.py").write_text(EVIL)
    (plain / "p/sub.py").write_text(EVIL)
    lines = managed.run(
        f"""
        import os
        one = manager(manifests=[("plain.manifest", {str(plain)!r})])
        os.mkdir("elsewhere"); os.chdir("elsewhere")
        one.install()
        print(outcome("m"), outcome("p"), outcome("p.sub"), outcome("added"))
        print(open({str(plain)!r} + "/m.py").read())
        """,
        plain,
    )
    assert lines == ["1 2 IntegrityCheckFailed ModuleNotFoundError", "v = 1", ""]


def test_what_stands_there_later(workshop: Workshop, managed: Managed) -> None:
    # neither another manifest nor a link changes what was opened
    plain = workshop.tree("plain", FILES, sign=False)
    signedvfs.sign(plain, workshop.key, detached=workshop.directory / "plain.manifest")
    evil = workshop.tree("evil", dict.fromkeys(FILES, EVIL), sign=False)
    lines = managed.run(
        f"""
        import os
        manager(manifests=[("plain.manifest", {str(plain)!r})]).install()
        print(outcome("m"))
        with open("junk", "w") as file: file.write("junk")
        os.rename("junk", {os.fspath(plain)!r} + "/../signedimp-manifest.txt")
        importlib.invalidate_caches()
        print(outcome("p"))
        import subprocess
        subprocess.run(["mv", {str(plain)!r}, "moved"], check=True)
        subprocess.run(["ln", "-s", {str(evil)!r}, {str(plain)!r}], check=True)
        importlib.invalidate_caches()
        print(outcome("p.sub"))
        """,
        plain,
    )
    assert lines[:2] == ["1", "2"]
    assert lines[2] != "EVIL"


def test_a_directory_inside_that_is_none_of_it(workshop: Workshop, managed: Managed) -> None:
    # packages that are installed below the library are signed, or not, by themselves
    plain = workshop.tree("plain", {**FILES, "site/plain.py": EVIL}, sign=False)
    roots = [("library", str(plain), ("site",))]
    manifest = workshop.directory / "plain.manifest"
    _tools._sign_roots(manifest, roots, workshop.key)
    inner = workshop.tree("plain/site/signed", {"s.py": "v = 's'\n"})
    lines = managed.run(
        f"""
        manager(manifests=[("plain.manifest", {roots!r})]).install()
        print(outcome("m"), outcome("plain"), outcome("s"))
        """,
        plain,
        plain / "site",
        inner,
    )
    assert lines == ["1 IntegrityCheckMissing s"]
