"""SQLite and OpenSSL open files by themselves; what they get is verified all the same."""

from __future__ import annotations

import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import signedvfs
from tests.importer.files.conftest import closed_doors, damaged
from tests.importer.workshop import Importing, Workshop


def database(path: Path) -> bytes:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table t (a)")
        connection.execute("insert into t values (42)")
    connection.close()
    return path.read_bytes()


def certificate(directory: Path) -> tuple[bytes, bytes, str]:
    """Return a self-signed certificate, its key, and the hash of its subject."""
    key, made = directory / "key.pem", directory / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=localhost", "-days", "9", "-keyout", key, "-out", made),
        ],
        check=True,
        capture_output=True,
    )
    hashed = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", made],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.read_bytes(), key.read_bytes(), hashed.stdout.strip()


@pytest.fixture
def data(workshop: Workshop, importing: Importing, tmp_path: Path) -> Iterator[Path]:
    made, key, hashed = certificate(tmp_path)
    files: dict[str, bytes | str] = {
        "pkg/__init__.py": "",
        "pkg/x.db": database(tmp_path / "x.db"),
        "pkg/cert.pem": made,
        "pkg/key.pem": key,
        f"pkg/certs/{hashed}.0": made,
        "pkg/certs/README": "no certificate",
    }
    path = workshop.zip("app.zip", files, index=True)
    importing.put(path)
    __import__("pkg")
    sys.modules.pop("pkg")
    signedvfs.open_doors()
    yield path / "pkg"
    signedvfs.close_doors()


has_deserialize = hasattr(sqlite3.Connection, "deserialize")


@pytest.mark.parametrize("by_uri", [False, True])
def test_a_database_is_read(data: Path, by_uri: bool) -> None:
    name = f"file:{data}/x%2Edb?mode=ro" if by_uri else f"{data}/x.db"
    if not has_deserialize:
        with pytest.raises(signedvfs.IntegrityCheckError, match=r"3\.11"):
            sqlite3.connect(name, uri=by_uri)
        return
    connection = sqlite3.connect(name, uri=by_uri)
    assert connection.execute("select a from t").fetchall() == [(42,)]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("insert into t values (1)")
    connection.close()


def test_a_database_that_is_not_there(data: Path) -> None:
    with pytest.raises(OSError if has_deserialize else (OSError, signedvfs.IntegrityCheckError)):
        sqlite3.connect(f"{data}/nope.db")


def test_a_database_that_was_changed(data: Path) -> None:
    archive = data.parent
    with closed_doors():
        archive.write_bytes(damaged(archive.read_bytes(), "pkg/x.db"))
    with pytest.raises(signedvfs.IntegrityCheckError):
        sqlite3.connect(f"{data}/x.db")


def test_other_databases_are_untouched(data: Path, tmp_path: Path) -> None:
    assert data
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("create table t (a)")
    connection.close()
    sqlite3.connect(":memory:").close()


def test_certificates_are_trusted(data: Path) -> None:
    context = ssl.create_default_context(cafile=f"{data}/cert.pem")
    assert context.cert_store_stats()["x509"] == 1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=data / "certs")
    assert context.cert_store_stats()["x509"] == 1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(f"{data}/cert.pem", f"{data}/certs")
    assert context.cert_store_stats()["x509"] == 1


def test_a_key_is_loaded(data: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{data}/cert.pem", keyfile=f"{data}/key.pem")
    with pytest.raises(FileNotFoundError):
        context.load_cert_chain(f"{data}/nope.pem")


def test_a_certificate_that_was_changed(data: Path) -> None:
    archive = data.parent
    with closed_doors():
        archive.write_bytes(damaged(archive.read_bytes(), "pkg/cert.pem"))
    with pytest.raises(signedvfs.IntegrityCheckError):
        ssl.create_default_context(cafile=f"{data}/cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pytest.raises(signedvfs.IntegrityCheckError):
        context.load_cert_chain(f"{data}/cert.pem", f"{data}/key.pem")


def test_a_directory_of_certificates_that_is_not_there(data: Path) -> None:
    """OpenSSL does not look before it needs one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=data / "cert.pem", capath=data / "nope")
    assert context.cert_store_stats()["x509"] == 1


def test_the_archive_as_a_directory_of_certificates(
    workshop: Workshop, importing: Importing, tmp_path: Path
) -> None:
    """Nor does it look there later, when a directory has taken the archive's place."""
    made, _, hashed = certificate(tmp_path)
    archive = workshop.zip("app.zip", {"pkg.py": "", f"{hashed}.0": made}, index=True)
    importing.put(archive)
    __import__("pkg")
    sys.modules.pop("pkg")
    signedvfs.open_doors()
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(capath=archive)
        assert context.cert_store_stats()["x509"] == 1
    finally:
        signedvfs.close_doors()


def test_a_certificate_is_decoded(data: Path) -> None:
    decode = ssl._ssl._test_decode_cert  # type: ignore[attr-defined]  # many programs call it
    assert decode(f"{data}/cert.pem")["version"] == 3


def databases(path: str) -> list[tuple[str | bytes | Path, bool]]:
    """Return the ways to name a database, and whether as a URI."""
    return [
        (path, False),
        (path.encode(), False),
        (Path(path), False),
        (f"file:{path}", True),
        (f"file:{path}", False),
        (f"file:{path}".encode(), True),
        (f"file:{path}?mode=ro", True),
        (f"file://localhost{path}", True),
        (f"file:{path}%00x", True),
        (f"file:{path}%00?mode=ro", True),
        (f"file:{path.replace('a', '%61')}#x", True),
    ]


@pytest.mark.parametrize("number", range(len(databases(""))))
def test_a_database_in_the_archives_place_is_not_read(data: Path, number: int) -> None:
    archive = data.parent
    with closed_doors():
        archive.unlink()
        data.mkdir(parents=True)
        connection = sqlite3.connect(data / "evil.db")
        with connection:
            connection.execute("create table t (a)")
        connection.close()
    name, is_uri = databases(f"{data}/evil.db")[number]
    refusals = (OSError, sqlite3.OperationalError, TypeError, signedvfs.IntegrityCheckError)
    with pytest.raises(refusals):
        connection = sqlite3.connect(name, uri=is_uri)
        connection.execute("select a from t")


@pytest.mark.skipif(not has_deserialize, reason="such databases cannot be opened")
def test_a_connection_of_a_class_of_its_own(data: Path) -> None:
    class Own(sqlite3.Connection):
        def __init__(self, *given: object, **named: object) -> None:
            super().__init__(*given, **named)  # type: ignore[arg-type]  # as they were given
            self.log: list[str] = []

        def execute(self, sql: str, *given: object) -> sqlite3.Cursor:
            self.log.append(sql)
            return super().execute(sql, *given)  # type: ignore[arg-type]  # as they were given

    connection = sqlite3.connect(data / "x.db", factory=Own)
    assert connection.execute("select a from t").fetchall() == [(42,)]
    connection.close()


@pytest.mark.skipif(
    not hasattr(sqlite3.Connection, "load_extension"),
    reason="this Python has no extensions of SQLite",
)
def test_sqlite_loads_no_other_files_as_extensions(data: Path) -> None:
    # extensions are loaded: tests/importer/native/test_by_path.py
    connection = sqlite3.connect(":memory:")
    try:
        connection.enable_load_extension(True)
        with pytest.raises(OSError, match="cannot open shared object file"):
            connection.load_extension(f"{data}/x.so")
        with pytest.raises(OSError, match="no ELF file"):
            connection.load_extension(f"{data}/x.db")
    finally:
        connection.close()


LIBRARIES: dict[str, tuple[str, str, tuple[object, ...]]] = {
    "gdbm": ("_gdbm", "open", ("PATH", "r")),
    "ndbm": ("_dbm", "open", ("PATH", "r")),
    "inputrc": ("readline", "read_init_file", ("PATH",)),
    "history": ("readline", "read_history_file", ("PATH",)),
    "write history": ("readline", "write_history_file", ("PATH",)),
    "append history": ("readline", "append_history_file", (1, "PATH")),
    "translations": ("_locale", "bindtextdomain", ("app", "PATH")),
}


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_other_libraries_get_nothing(
    data: Path, library: tuple[str, str, tuple[object, ...]]
) -> None:
    """Not even where there is a file on the disk that they could open."""
    name, function, given = library
    module = pytest.importorskip(name)
    signedvfs.open_doors()
    archive = data.parent
    with closed_doors():
        archive.unlink()
        data.mkdir(parents=True)
        (data / "x.db").write_text("EVIL")
    path = f"{data}/x.db"
    with pytest.raises(OSError, match="not supported"):
        getattr(module, function)(*[path if one == "PATH" else one for one in given])
    assert (data / "x.db").stat().st_size > 4
    with closed_doors():
        assert (data / "x.db").read_text() == "EVIL"
