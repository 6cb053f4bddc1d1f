"""Which paths the hook answers for, in every spelling, and which it leaves alone."""

from __future__ import annotations

import os
import runpy
import socket
import sys
import zipimport
from pathlib import Path
from typing import Any, cast

import pytest

import signedvfs
from tests.importer.workshop import Importing, Workshop, finder_at, loader_of, refuses

EVIL = {"m.py": "v = 'attacker'\n", "p/__init__.py": "v = 'attacker'\n", "p/s.py": "v = 0\n"}


def test_unsigned_archive_is_refused_and_zipimport_never_asked(
    workshop: Workshop, importing: Importing
) -> None:
    # I1, V1, S10, C1: a refusal is no ImportError of the hook
    path = workshop.plain_zip("app.zip", EVIL)
    importing.put(path)
    for _ in range(2):
        with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
            importing.module("m")
        assert not isinstance(
            caught.value, (ImportError, OSError, KeyError, ValueError, AttributeError)
        )
        assert caught.value.path == str(path)
        assert caught.value.code == "NoManifest"
    assert type(sys.path_importer_cache[str(path)]) is signedvfs.zipimporter
    assert refuses(finder_at(path))


@pytest.mark.usefixtures("importing")
def test_garbage_that_other_readers_might_take_is_refused(workshop: Workshop) -> None:
    # I1, A10, E3: damaged archives are refused, not handed on
    path = workshop.plain_zip("good.zip", EVIL)
    data = path.read_bytes()
    damaged = {
        "tail.zip": data + b"tail",
        "cut.zip": data[:-3],
        "cut.dat": data[:-3],
        "front.bin": b"#!/bin/sh\n" + data,
        "twice.zip": data + data,
    }
    for name, content in damaged.items():
        (workshop.directory / name).write_bytes(content)
        assert refuses(signedvfs.hook(str(workshop.directory / name))), name


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize(
    "spelling",
    [
        "{zip}/p",
        "{zip}//p",
        "{zip}/p/",
        "{zip}/./p",
        "./app.zip/p",
        "app.zip/p",
        "link.zip/p",
        "{dir}//app.zip/p",
        "{dir}/sub/../app.zip/p",
        "{zip}/\udc80/p",
        "{zip}/\ud800",
        "{zip}/a\0b",
        "{zip}/" + "x" * 300,
        "{zip}" + "/y" * 3000,
        "{zip}/../p",
        "{zip}/",
    ],
)
@pytest.mark.parametrize("known", [False, True], ids=["unknown", "refused-before"])
def test_every_path_below_an_archive_is_ours(
    workshop: Workshop, spelling: str, known: bool
) -> None:
    # I3, A7, V2: what zipimport would find by backing up to the archive, it is not asked about
    path = workshop.plain_zip("app.zip", EVIL)
    (workshop.directory / "sub").mkdir()
    (workshop.directory / "link.zip").symlink_to(path)
    os.chdir(workshop.directory)
    if known:
        assert refuses(signedvfs.hook(str(path)))
    finder = signedvfs.hook(spelling.format(zip=path, dir=workshop.directory))
    assert type(finder) is signedvfs.zipimporter
    assert refuses(finder)


@pytest.mark.parametrize(
    "spelling",
    [
        "{zip}",
        "{zip}/",
        "{zip}//",
        "./{own}.zip",
        "{own}.zip",
        "sub/../{own}.zip",
        "link-{own}.zip",
        "{dir}/./{own}.zip",
        "{dir}//{own}.zip",
    ],
)
def test_good_archive_imports_in_every_spelling(
    workshop: Workshop, importing: Importing, spelling: str
) -> None:
    # E10, E11, A8, A9: archive and __file__ keep the spelling that was given
    # The meaning of a relative path is kept for the life of the process: each needs its own name.
    own = workshop.directory.name
    path = workshop.zip(f"{own}.zip", {"m.py": "v = 1\n", "p/__init__.py": "", "p/s.py": "v = 2\n"})
    (workshop.directory / "sub").mkdir()
    (workshop.directory / f"link-{own}.zip").symlink_to(path)
    os.chdir(workshop.directory)
    entry = spelling.format(zip=path, dir=workshop.directory, own=own)
    importing.put(entry)
    assert importing.module("m").v == 1
    assert importing.module("m").__file__ == entry.rstrip("/") + "/m.py"
    assert loader_of(importing.module("m")).archive == entry.rstrip("/")
    assert importing.module("p.s").v == 2


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize(
    "name",
    [
        "with space.zip",
        "100%.zip",
        "quote'\".zip",
        "new\nline.zip",
        "\xe4\u20ac.zip",
        "lone\udcff.zip",
        "noext",
        "app.exe",
        "UPPER.ZIP",
        ".zip",
    ],
)
def test_odd_archive_names(workshop: Workshop, importing: Importing, name: str) -> None:
    # E9, E12, A11: any str, any extension or none
    workshop.zip("good.zip", {"m.py": "v = 1\n", "p/__init__.py": "v = 2\n"})
    path = workshop.directory / name
    (workshop.directory / "good.zip").rename(path)
    importing.put(path)
    assert importing.module("m").v == 1
    assert importing.module("p").v == 2
    assert importing.module("m").__file__ == f"{path}/m.py"
    assert "zipimporter object" in repr(importing.module("m").__loader__)
    assert loader_of(importing.module("m")).get_data(f"{path}/m.py") == b"v = 1\n"


def test_data_in_front_of_the_archive(workshop: Workshop, importing: Importing) -> None:
    # E1, A18: an archive behind another file
    archive = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    program = workshop.directory / "program"
    program.write_bytes(b"#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    signedvfs.append(archive, program, workshop.directory / "both", workshop.key)
    importing.put(workshop.directory / "both")
    assert importing.module("m").v == 1


@pytest.mark.usefixtures("importing")
def test_what_is_no_path_of_ours_raises_import_error_only(workshop: Workshop) -> None:
    # B11, A9: ImportError, never TypeError, ValueError or OSError
    directory = workshop.tree("plain", {"m.py": ""}, sign=False)
    fifo = workshop.directory / "fifo"
    os.mkfifo(fifo)
    listening = socket.socket(socket.AF_UNIX)
    with listening:
        os.chdir(workshop.directory)
        listening.bind("socket")
        objects = [
            "",
            ".",
            str(directory),
            str(directory) + "/",
            str(fifo),
            "socket",
            "/dev/null",
            str(workshop.directory / "missing"),
            str(directory / "missing" / "deeper"),
            "\0",
            "a\0.txt",
            "\ud800",
            "/x" * 16000,
            "/",
            Path("app.zip"),
        ]
        for item in objects:
            with pytest.raises(ImportError) as caught:
                signedvfs.hook(cast(Any, item))
            assert type(caught.value) is zipimport.ZipImportError
        # ... but for what is no path at all: a mistake of whoever calls, as for zipimport
        for item in [None, 1, 1.5, object(), [], bytearray(b"app.zip")]:
            with pytest.raises(TypeError):
                signedvfs.hook(cast(Any, item))
    if sys.version_info >= (3, 11):
        with pytest.raises(ImportError):
            signedvfs.hook(cast(Any, os.fsencode(directory)))


@pytest.mark.usefixtures("importing")
@pytest.mark.skipif(sys.version_info >= (3, 11), reason="bytes reach path hooks before 3.11 only")
def test_bytes_entries_are_ours_too(workshop: Workshop) -> None:
    # Y6: a bytes entry of sys.path, which zipimport would take
    path = workshop.plain_zip("app.zip", EVIL)
    assert refuses(signedvfs.hook(cast(Any, os.fsencode(path))))


def test_odd_entries_of_sys_path_are_tolerated(workshop: Workshop, importing: Importing) -> None:
    # S4: None, ints, Path objects
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    sys.path[:0] = [None, 3, Path("x.zip"), b"y", str(path)]  # type: ignore[list-item]  # on purpose
    assert importing.module("m").v == 1


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize("name", ["script.py", "script", "app.exe"])
def test_scripts_still_run(workshop: Workshop, name: str) -> None:
    # X5: runpy asks the hook for a finder, and runs a script only where there is none
    script = workshop.directory / name
    script.write_text("value = 42\n")
    assert runpy.run_path(str(script))["value"] == 42
    # ... but an archive behind a script is an archive,
    script.write_bytes(b"#!python\n" + workshop.plain_zip("x.zip", EVIL).read_bytes())
    assert refuses(signedvfs.hook(str(script)))
    # ... and a path that was named to `protect` never goes to anybody else.
    other = workshop.directory / f"protected-{name}"
    other.write_text("value = 42\n")
    signedvfs.hook.protect(other)
    assert refuses(signedvfs.hook(str(other)))


@pytest.mark.usefixtures("importing")
def test_constructor_is_zipimports(workshop: Workshop) -> None:
    # A9, Y5: ZipImportError for what is no archive; IntegrityCheckError for what is refused
    good = workshop.zip("good.zip", {"lib/m.py": "v = 1\n"})
    finder = signedvfs.zipimporter(path=f"{good}/no/such/prefix")
    assert finder.prefix == "no/such/prefix/"
    assert finder.find_spec("m") is None
    text = workshop.directory / "text.txt"
    text.write_text("text")
    plain = workshop.tree("plain", {"m.py": ""}, sign=False)
    for bad in ["", "a\0b", "x" * 33000, str(text), str(plain), "missing.zip", "missing", "\ud800"]:
        with pytest.raises(zipimport.ZipImportError):
            signedvfs.zipimporter(bad)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.zipimporter(str(workshop.plain_zip("plain.zip", EVIL)))
    with pytest.raises(TypeError):
        cast(Any, signedvfs.zipimporter)()
    with pytest.raises(TypeError):
        signedvfs.zipimporter(cast(Any, None))
    if sys.version_info >= (3, 11):
        with pytest.raises(TypeError):
            signedvfs.zipimporter(cast(Any, good))
    else:
        assert signedvfs.zipimporter(cast(Any, good)).archive == str(good)
