"""Modules of the standard library find in an archive what they find in a directory."""

from __future__ import annotations

import ast
import csv
import filecmp
import gettext
import glob
import http.client
import http.server
import importlib.util
import inspect
import logging.config
import mimetypes
import os
import py_compile
import shutil
import sys
import tarfile
import tempfile
import threading
import xml.dom.minidom
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import signedvfs
from tests.importer.files.conftest import write_tree
from tests.importer.files.test_like_disk import Question, answer
from tests.importer.workshop import Importing, Workshop


def catalog(messages: dict[str, str]) -> bytes:
    """Return a .mo file (GNU gettext manual, "MO Files")."""
    pairs = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    texts = [text.encode() for column in (0, 1) for text in (pair[column] for pair in pairs)]
    count, at = len(pairs), 28 + 16 * len(pairs)
    table, data = b"", b""
    for text in texts:
        table += len(text).to_bytes(4, "little") + (at + len(data)).to_bytes(4, "little")
        data += text + b"\0"
    head = (0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return b"".join(number.to_bytes(4, "little") for number in head) + table + data


LOGGING = "[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n[logger_root]\nhandlers=\n"
MODULES: dict[str, bytes | str] = {
    "pkg/__init__.py": "value = 'pkg'\n",
    "pkg/code.py": 'def f(a):\n    """Say f."""\n    return a\n\nran = __name__ == "by_path"\n',
    "pkg/d/t.csv": "a,b\r\n1,2\r\n",
    "pkg/d/t.xml": "<!DOCTYPE a [<!ELEMENT a ANY>]><a><b/>x</a>",
    "pkg/d/mime.types": "application/x-own own\n",
    "pkg/d/log.ini": LOGGING,
    "pkg/d/sub/x.txt": "x" * 5000,
    "pkg/d/.hidden": "h",
    "pkg/locale/de/LC_MESSAGES/app.mo": catalog({"word": "Wort"}),
    "pkg/d/inner.zip": b"PK\x05\x06" + bytes(18),
}


@pytest.fixture(params=["archive", "directory"])
def root(
    workshop: Workshop, importing: Importing, request: pytest.FixtureRequest
) -> Iterator[Path]:
    if request.param == "directory":
        path = workshop.tree("app", MODULES)
        signedvfs.hook.protect(path)
    else:
        path = workshop.zip("app.zip", MODULES)
    importing.put(path)
    __import__("pkg")
    sys.modules.pop("pkg")
    signedvfs.open_doors()
    yield path
    signedvfs.close_doors()


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk" / "app.zip"
    write_tree(path, MODULES)
    return path


def _served(at: str, name: str) -> object:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=at)  # type: ignore[arg-type]  # as they were given

        def log_message(self, *given: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        client.request("GET", name)
        reply = client.getresponse()
        got = (
            reply.status,
            reply.getheader("Content-Length"),
            reply.getheader("Content-Type"),
            reply.read(),
        )
        client.close()
        thread.join()
    return got


def _tarred(at: str) -> object:
    with tempfile.TemporaryDirectory() as directory:
        made = f"{directory}/x.tar"
        with tarfile.open(made, "w") as archive:
            archive.add(at, arcname="d")
        with tarfile.open(made) as archive:
            return sorted((one.name, one.isdir(), one.size) for one in archive)


def _zipped(at: str) -> object:
    with tempfile.TemporaryDirectory() as directory, zipfile.ZipFile(f"{directory}/x", "w") as made:
        made.write(f"{at}/t.csv", "t.csv")
        made.write(f"{at}/sub", "sub")
        return made.namelist(), made.read("t.csv")


def _copied(at: str, deed: str) -> object:
    with tempfile.TemporaryDirectory() as directory:
        getattr(shutil, deed)(f"{at}/t.csv", f"{directory}/x")
        copy = Path(directory, "x")
        return copy.read_bytes(), deed in ("copyfile",) or oct(copy.stat().st_mode & 0o444)


def _moved(at: str) -> object:
    with tempfile.TemporaryDirectory() as directory:
        return shutil.copytree(
            at, f"{directory}/x", ignore=shutil.ignore_patterns("*.xml")
        ) and sorted(os.listdir(f"{directory}/x"))


def _compiled(at: str) -> object:
    with tempfile.TemporaryDirectory() as directory:
        made = py_compile.compile(f"{at}/code.py", f"{directory}/x.pyc", doraise=True)
        return Path(cast(str, made)).stat().st_size > 20


def _loaded(at: str) -> object:
    spec = importlib.util.spec_from_file_location("by_path", f"{at}/code.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return (
        module.ran,
        inspect.getsource(module.f),
        inspect.getsourcefile(module.f),
        inspect.getdoc(module.f),
    )


def _inner(at: str) -> object:
    with zipfile.ZipFile(f"{at}/inner.zip") as inner:
        return (
            inner.namelist(),
            zipfile.is_zipfile(f"{at}/inner.zip"),
            list(zipfile.Path(inner).iterdir()),
        )


def _logging(at: str) -> object:
    handlers = logging.root.handlers[:]
    try:
        logging.config.fileConfig(f"{at}/log.ini", disable_existing_loggers=False)
        return logging.root.handlers
    finally:
        logging.root.handlers[:] = handlers


def _walked(at: str, **options: Any) -> object:
    found = sorted(os.walk(at, **options))
    return [(top, sorted(below), sorted(files)) for top, below, files in found]


def _compared(at: str) -> object:
    found = filecmp.dircmp(at, f"{at}/sub")
    return (
        sorted(found.left_only),
        found.right_only,
        filecmp.cmp(f"{at}/t.csv", f"{at}/t.xml", False),
    )


def _globbed(at: str) -> object:
    return (
        sorted(glob.glob(f"{at}/**/*.txt", recursive=True)),
        sorted(glob.glob(f"{at}/*")),
        sorted(glob.glob(f"{at}/.h*")),
        sorted(glob.glob(f"{at}/*/")),
        sorted(map(str, Path(at).glob("**/*"))),
        sorted(map(str, Path(at).rglob("*.txt"))),
        sorted(map(str, Path(at, "sub").glob("../*.csv"))),
        glob.glob(f"{at}/t.csv/"),
        glob.glob(f"{at}/nope/*"),
    )


def _path(at: str) -> object:
    path = Path(at)
    return (
        path.is_dir(),
        path.is_mount(),
        (path / "t.csv").is_symlink(),
        (path / "t.csv").is_fifo(),
        (path / "t.csv").is_socket(),
        (path / "t.csv").is_block_device(),
        (path / "t.csv").samefile(path / "sub/../t.csv"),
        sorted(map(str, path.iterdir())),
        (path / "sub" / ".." / "t.csv").resolve().relative_to(path.resolve()),
        (path / "t.csv").stat().st_size,
        (path / "t.csv").lstat().st_size,
    )


QUESTIONS: dict[str, Question] = {
    "csv": lambda at: list(csv.reader(Path(at, "d/t.csv").read_text().splitlines())),
    "ElementTree": lambda at: [one.tag for one in ET.parse(f"{at}/d/t.xml").iter()],
    "minidom": lambda at: xml.dom.minidom.parse(f"{at}/d/t.xml").documentElement.tagName,  # type: ignore[union-attr]  # it has one
    "mimetypes": lambda at: mimetypes.MimeTypes([f"{at}/d/mime.types"]).guess_type("x.own"),
    "logging": lambda at: _logging(f"{at}/d"),
    "gettext": lambda at: gettext.translation("app", f"{at}/locale", ["de"]).gettext("word"),
    "gettext find": lambda at: gettext.find("app", f"{at}/locale", ["de", "fr"], all=True),
    "gettext missing": lambda at: gettext.translation("nope", f"{at}/locale", ["de"]),
    "http file": lambda at: _served(at, "/d/sub/x.txt"),
    "http missing": lambda at: cast(tuple[object, ...], _served(at, "/d/nope"))[0],
    "http listing": lambda at: _served(at, "/d/"),
    "tarfile": lambda at: _tarred(f"{at}/d"),
    "zipfile": lambda at: _zipped(f"{at}/d"),
    "inner zip": lambda at: _inner(f"{at}/d"),
    "copy": lambda at: _copied(f"{at}/d", "copy"),
    "copy2": lambda at: _copied(f"{at}/d", "copy2"),
    "copyfile": lambda at: _copied(f"{at}/d", "copyfile"),
    "copytree": lambda at: _moved(f"{at}/d"),
    "move": lambda at: shutil.move(f"{at}/nope", f"{at}/other"),
    "disk usage": lambda at: shutil.disk_usage(f"{at}/d").total > 0,
    "which": lambda at: shutil.which("t.csv", path=f"{at}/d"),
    "py_compile": lambda at: _compiled(at),
    "spec from file": _loaded,
    "ast": lambda at: ast.dump(ast.parse(Path(at, "code.py").read_bytes())),
    "walk": lambda at: _walked(f"{at}/d"),
    "walk upwards": lambda at: _walked(f"{at}/d", topdown=False),
    "walk along links": lambda at: _walked(f"{at}/d", followlinks=True),
    "walk a file": lambda at: _walked(f"{at}/d/t.csv"),
    "walk errors": lambda at: _walked(f"{at}/d/nope", onerror=None),
    "dircmp": lambda at: _compared(f"{at}/d"),
    "glob": lambda at: _globbed(f"{at}/d"),
    "pathlib": lambda at: _path(f"{at}/d"),
    "file type": lambda at: [
        os.path.isfile(f"{at}/{one}") for one in ("code.py/", "d/", "d/t.csv/.")
    ],
    "common path": lambda at: os.path.commonpath([f"{at}/d/x", f"{at}/d/y"]),
    "rmtree that ignores": lambda at: shutil.rmtree(f"{at}/nope", ignore_errors=True),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_same_answer_as_the_disk(root: Path, disk: Path, question: Question) -> None:
    assert answer(question, root / "pkg") == answer(question, disk / "pkg")
