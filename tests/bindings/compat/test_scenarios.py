"""The scenarios of signedimp's own test suite, for directories and archives.

Each runs twice: on what signedimp 0.3.2 itself signed, under a policy that names the legacy mode,
and on the same signed anew. Each import has an interpreter of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import signedvfs
from signedvfs.compat.signedimp import tools
from tests.bindings.compat.fixtures import (
    FIXTURES,
    key_of_fixture,
    private_key_of_fixture,
    unpack_directories,
)
from tests.support.archives import MANIFEST, members_of, write_archive

_APART = Path(sys.prefix) / "apart"  # pkg_resources, which not every environment has

_START = """
import sys
import signedvfs
from signedvfs.compat.signedimp import IntegrityCheckError, RSAKey
key = {key}
signedvfs.set_policy(signedvfs.TrustPolicy([key.public_key], legacy={legacy}))
roots = {roots}
sys.path_hooks.insert(0, signedvfs.PathHook(roots=roots))
sys.path[:0] = roots
try:
    {body}
except IntegrityCheckError as error:
    print(type(error).__name__, error.code)
"""


# Under the manager nothing has to be named: whatever comes onto the path answers to it.
_START_MANAGED = """
import sys
import signedvfs
from signedvfs.compat.signedimp import IntegrityCheckError, RSAKey, SignedImportManager
key = {key}
policy = signedvfs.TrustPolicy(legacy={legacy})
SignedImportManager([key], policy=policy, trust_stdlib_paths=True, check_modules=False).install()
sys.path[:0] = {roots}
try:
    {body}
except IntegrityCheckError as error:
    print(type(error).__name__, error.code)
"""


class Place:
    """A signed directory or archive, and its policy."""

    start = _START

    def __init__(self, path: Path, legacy: bool) -> None:
        self.path = path
        self.legacy = legacy
        self.roots = [path]

    @property
    def is_archive(self) -> bool:
        """Whether it is no directory."""
        return self.path.is_file()

    def run(self, *statements: str, key: str = "key", legacy: bool | None = None) -> str:
        """Return what a program writes that trusts a key of the fixtures."""
        script = self.start.format(
            key=repr(key_of_fixture(key)),
            legacy=self.legacy if legacy is None else legacy,
            roots=[str(root) for root in self.roots],
            body="\n    ".join(statements),
        )
        words = [sys.executable, "-I", "-W", "ignore", "-c", script]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def read(self, name: str) -> bytes:
        """Return a file as it stands there."""
        if self.is_archive:
            return members_of(self.path)[name]
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Change a file, in an archive that stays well-formed."""
        if not self.is_archive:
            (self.path / name).write_bytes(content)
            return
        members = members_of(self.path)
        assert name in members
        write_archive(self.path, {**members, name: content})


@pytest.fixture(params=["sha1", "md5", "anew"])
def signature(request: pytest.FixtureRequest) -> str:
    """Who has signed: signedimp with one of its hashes, or we."""
    return str(request.param)


def _directory(signature: str, where: Path) -> Place:
    unpack_directories(where)
    path = where / ("sha1" if signature == "anew" else signature)
    if signature == "anew":
        for root in (path / "subpath", path):
            (root / MANIFEST).unlink()
            tools.sign_directory(root, private_key_of_fixture())
    return Place(path, legacy=signature != "anew")


def _archive(signature: str, where: Path) -> Place:
    path = where / "library.zip"
    shutil.copy(FIXTURES / f"{'sha1' if signature == 'anew' else signature}.zip", path)
    if signature == "anew":
        tools.sign_zipfile(path, private_key_of_fixture())
    return Place(path, legacy=signature != "anew")


@pytest.fixture(params=[_directory, _archive], ids=["directory", "archive"])
def place(request: pytest.FixtureRequest, signature: str, tmp_path: Path) -> Place:
    """What is signed."""
    made = request.param(signature, tmp_path)
    assert isinstance(made, Place)
    return made


@pytest.fixture
def directory(signature: str, tmp_path: Path) -> Place:
    """A signed directory."""
    return _directory(signature, tmp_path)


@pytest.fixture
def archive(signature: str, tmp_path: Path) -> Place:
    """A signed archive."""
    return _archive(signature, tmp_path)


_IMPORT = ("import signedimp_test.test1", "print(signedimp_test.test1.value)")
_IMPORT_TWO = ("import signedimp_test.test2", "print(signedimp_test.test2.value)")
_IMPORT_THREE = ("import signedimp_test.test3", "print(signedimp_test.test3.value)")


def test_signed_works(place: Place) -> None:
    assert place.run(*_IMPORT) == "7"
    assert place.run(*_IMPORT_TWO) == "42"


def test_no_signatures_mean_failure(place: Place) -> None:
    signedvfs.unsign(place.path)
    assert place.run(*_IMPORT) == "IntegrityCheckMissing NoManifest"


def test_another_key_means_failure(place: Place) -> None:
    assert place.run(*_IMPORT, key="other") == "IntegrityCheckMissing NoTrustedKey"


# C9: md5 and sha1 count where a policy names the legacy mode, and nowhere else.
def test_the_old_hashes_count_in_legacy_mode_only(place: Place, signature: str) -> None:
    expected = "7" if signature == "anew" else "IntegrityCheckMissing WeakHash"
    found = place.run(*_IMPORT, legacy=False)
    assert found == expected or found == expected.replace("Missing", "Failed")
    if signature == "anew":
        return
    for policy in (signedvfs.TrustPolicy([key_of_fixture().public_key]), None):
        with pytest.raises(signedvfs.IntegrityCheckError) as caught:
            signedvfs.open(place.path, policy)
        assert caught.value.code == "WeakHash"


def test_the_keys_padding_scheme_changes_nothing(place: Place) -> None:
    assert (
        place.run(
            "key.default_padding_scheme = 'raw'",
            "signedvfs.trust(key.public_key)",
            *_IMPORT,
        )
        == "7"
    )


def test_a_corrupted_signature_fails(place: Place) -> None:
    text = bytearray(place.read(MANIFEST))
    at = text.index(b" ") + 30
    text[at] = ord("B") if text[at] == ord("A") else ord("A")
    place.write(MANIFEST, bytes(text))
    assert place.run(*_IMPORT) == "IntegrityCheckFailed BadSignature"


def test_a_corrupted_hash_fails(place: Place, signature: str) -> None:
    lines = place.read(MANIFEST).split(b"\n")
    (at,) = (i for i, line in enumerate(lines) if line.endswith(b" signedimp_test/test2.py"))
    other = b"b" if lines[at][10:11] == b"c" else b"c"
    lines[at] = lines[at][:10] + other + lines[at][11:]
    place.write(MANIFEST, b"\n".join(lines))
    code = "ManifestMismatch" if signature == "anew" else "BadSignature"
    assert place.run(*_IMPORT) == f"IntegrityCheckFailed {code}"


def test_a_modified_file_fails_when_it_is_imported(place: Place) -> None:
    place.write("signedimp_test/test2.py", b"value = 12\n")
    assert place.run(*_IMPORT) == "7"
    assert place.run(*_IMPORT_TWO) == "IntegrityCheckFailed DigestMismatch"


def test_a_file_that_is_appended_a_second_time_refuses_the_archive(archive: Place) -> None:
    with pytest.warns(UserWarning), zipfile.ZipFile(archive.path, "a") as opened:
        opened.writestr("signedimp_test/test2.py", "value = 12\n")
    assert archive.run(*_IMPORT).startswith("IntegrityCheck")


# signedimp's suite has this for directories alone.
def test_namespace_packages_join_what_is_signed(directory: Place) -> None:
    directory.roots.append(directory.path / "subpath")
    assert directory.run(*_IMPORT_THREE) == "256"
    (directory.path / "subpath/signedimp_test/test3.py").write_text("value = 257\n")
    assert directory.run(*_IMPORT_THREE) == "IntegrityCheckFailed DigestMismatch"


def test_a_package_under_another_name_is_the_same_signed_files(place: Place) -> None:
    alias = ("import si_test2.test1", "print(si_test2.test1.value)")
    assert place.run(*alias) == "7"
    place.write("signedimp_test/test1.py", b"value = 8\n")
    assert place.run(*alias) == "IntegrityCheckFailed DigestMismatch"


@pytest.mark.parametrize("first", [True, False])
def test_pkg_resources_lists_what_is_signed(place: Place, first: bool) -> None:
    ask = "import pkg_resources as p"
    support = "import signedvfs.compat.signedimp.compat.pkgres"
    name = "'signedimp_test'"
    listing = place.run(
        f"sys.path.append({str(_APART)!r})",
        *((support, ask) if first else (ask, support)),
        f"print(sorted(p.resource_listdir({name}, '')))",
        f"print(p.resource_exists({name}, 'test1.py'), p.resource_exists({name}, 'test3.py'))",
        f"print(p.resource_isdir({name}, ''), p.resource_isdir({name}, 'test1.py'))",
        f"print(p.resource_string({name}, 'data file.txt'))",
        f"print(p.resource_stream({name}, 'data file.txt').read())",
        f"print(open(p.resource_filename({name}, 'data file.txt')).read())",
    )
    assert listing.splitlines() == [
        "['__init__.py', 'data file.txt', 'test1.py', 'test2.py']",
        "True False",
        "True False",
        *["b'in a package\\n'"] * 2,
        "in a package",
    ]
    place.write("signedimp_test/data file.txt", b"changed\n")
    found = place.run(
        f"sys.path.append({str(_APART)!r})",
        support,
        ask,
        "for way in ('resource_string', 'resource_stream', 'resource_filename'):",
        f"    try: getattr(p, way)({name}, 'data file.txt')",
        "    except IntegrityCheckError as error: print(error.code)",
    )
    assert found.splitlines() == ["DigestMismatch"] * 3


def test_loaders_have_the_old_names(place: Place) -> None:
    found = place.run(
        "from signedvfs.compat.signedimp import DefaultImporter, SignedLoader, get_datafilepath",
        "import signedimp_test as t",
        "print(isinstance(t.__loader__, SignedLoader))",
        "path = get_datafilepath(t.__loader__, 'signedimp_test/data file.txt')",
        "print(t.__loader__.get_data(path))",
        "print(DefaultImporter(roots[0]).get_data('signedimp_test/test1.py'))",
        "print(DefaultImporter(roots[0]).is_package('signedimp_test'))",
        "try: get_datafilepath(t.__loader__, '../outside')",
        "except ValueError as error: print('leads out' in str(error))",
    )
    assert found.splitlines() == [
        "True",
        "b'in a package\\n'",
        "b'value = 7\\n'",
        "True",
        "True",
    ]
    place.write("signedimp_test/test1.py", b"value = 8\n")
    found = place.run(
        "from signedvfs.compat.signedimp import SignedLoader",
        "loader = SignedLoader(roots[0] + '/signedimp_test')",
        "for way, name in (('get_code', 'test1'), ('get_source', 'test1'), "
        "('get_data', 'signedimp_test/test1.py')):",
        "    try: getattr(loader, way)(name)",
        "    except IntegrityCheckError as error: print(error.code)",
    )
    assert found.splitlines() == ["DigestMismatch"] * 3


def test_two_signatures_of_signedimp_count_as_two(tmp_path: Path) -> None:
    unpack_directories(tmp_path)
    keys = [key_of_fixture().public_key, key_of_fixture("other").public_key]
    opened = signedvfs.open(
        tmp_path / "two-keys", signedvfs.TrustPolicy(keys, threshold=2, legacy=True)
    )
    opened.verify_all()
    assert sorted(opened.signers) == sorted(key.fingerprint for key in keys)


def test_an_archive_behind_an_executable_is_read() -> None:
    policy = signedvfs.TrustPolicy([key_of_fixture().public_key], legacy=True)
    opened = signedvfs.open(FIXTURES / "executable.bin", policy)
    assert opened.read("signedimp_test/test1.py") == b"value = 7\n"


# D1: the file chose the padding, and "raw" is none.
@pytest.mark.parametrize("kind", ["raw.zip", "raw"])
def test_raw_signatures_never_count(kind: str, tmp_path: Path) -> None:
    unpack_directories(tmp_path)
    shutil.copy(FIXTURES / "raw.zip", tmp_path)
    for legacy in (False, True):
        policy = signedvfs.TrustPolicy([key_of_fixture().public_key], legacy=legacy)
        with pytest.raises(signedvfs.IntegrityCheckError) as caught:
            signedvfs.open(tmp_path / kind, policy)
        assert caught.value.code == ("BadSignature" if legacy else "WeakHash")


@pytest.mark.parametrize(
    ("name", "code"), [("twice.zip", "BadManifest"), ("two-keys.zip", "DuplicateName")]
)
def test_archives_that_were_signed_twice_are_unsigned_and_signed_anew(
    name: str, code: str, tmp_path: Path
) -> None:
    archive = tmp_path / "library.zip"
    shutil.copy(FIXTURES / name, archive)
    private = private_key_of_fixture()
    policy = signedvfs.TrustPolicy([private.public_key], legacy=True)
    # A1: two manifests are two opinions, for whoever reads.
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.open(archive, policy)
    assert caught.value.code == code
    assert "unsign" in caught.value.advice
    vanished = signedvfs.unsign(archive)
    assert [one for one in vanished if MANIFEST in one]
    assert MANIFEST not in members_of(archive)
    tools.sign_zipfile(archive, private)
    opened = signedvfs.open(archive, signedvfs.TrustPolicy([private.public_key]))
    assert opened.read("signedimp_test/test2.py") == b"value = 42\n"
    opened.verify_all()


def test_an_archive_that_was_signed_twice_is_signed_anew_at_once(tmp_path: Path) -> None:
    archive = tmp_path / "library.zip"
    shutil.copy(FIXTURES / "twice.zip", archive)
    report = tools.sign_zipfile(archive, private_key_of_fixture())
    assert (report.name, report.serial, report.expires) == (None, None, None)
    signedvfs.open(archive, signedvfs.TrustPolicy([key_of_fixture().public_key])).verify_all()


def test_under_the_manager(place: Place) -> None:
    """The scenarios once more, where nobody has put a hook in for these places."""
    place.start = _START_MANAGED
    assert place.run(*_IMPORT) == "7"
    assert place.run(*_IMPORT_TWO) == "42"
    assert place.run(*_IMPORT, key="other").startswith("IntegrityCheckMissing")
    assert place.run("import si_test2.test1", "print(si_test2.test1.value)") == "7"
    place.write("signedimp_test/test2.py", b"value = 12\n")
    assert place.run(*_IMPORT) == "7"
    assert place.run(*_IMPORT_TWO) == "IntegrityCheckFailed DigestMismatch"
    signedvfs.unsign(place.path)
    assert place.run(*_IMPORT).startswith("IntegrityCheckMissing")


def test_namespace_packages_join_what_is_signed_under_the_manager(
    directory: Place, tmp_path: Path
) -> None:
    directory.start = _START_MANAGED
    apart = tmp_path / "apart"  # where no other manifest lists the same files
    shutil.copytree(directory.path / "subpath", apart)
    directory.roots.append(apart)
    assert directory.run(*_IMPORT_THREE) == "256"
    signedvfs.unsign(apart)
    assert directory.run(*_IMPORT_THREE).startswith("IntegrityCheckMissing")
