"""What the tests of the importer make: signed archives and directories, and bytecode."""

from __future__ import annotations

import importlib
import importlib.util
import marshal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import signedvfs
from tests.support.archives import MANIFEST

Files = Mapping[str, "bytes | str"]
Place = Callable[[Files], Path]
Python = Callable[..., "subprocess.CompletedProcess[str]"]

MAGIC = importlib.util.MAGIC_NUMBER
FOREIGN_MAGIC = (3394).to_bytes(2, "little") + b"\r\n"  # CPython 3.7


def pyc(
    source: str,
    filename: str = "/build/machine/m.py",
    magic: bytes = MAGIC,
    flags: int = 0,
    rest: bytes = bytes(8),
) -> bytes:
    """Return a .pyc of the given header; its time, size or hash are zero unless given."""
    code = compile(source, filename, "exec", dont_inherit=True)
    return magic + flags.to_bytes(4, "little") + rest + marshal.dumps(code)


def found(spec: ModuleSpec | None) -> ModuleSpec:
    """Return a spec that must be there."""
    assert spec is not None
    return spec


def loader_of(module: ModuleType) -> signedvfs.zipimporter:
    """Return the loader of a module that must be ours."""
    assert isinstance(module.__loader__, signedvfs.zipimporter)
    return module.__loader__


def finder_at(path: Path | str) -> signedvfs.zipimporter:
    """Return the finder that the import system has for a path, which must be ours."""
    finder = sys.path_importer_cache[str(path)]
    assert isinstance(finder, signedvfs.zipimporter)
    return finder


def refuses(finder: signedvfs.zipimporter) -> bool:
    """Tell whether a finder raises, for names that are there and for names that are not."""
    for name in ("m", "no_such_module"):
        try:
            finder.find_spec(name)
        except signedvfs.IntegrityCheckError:
            continue
        return False
    return True


class Workshop:
    """Makes signed things below one directory."""

    def __init__(self, directory: Path, key: signedvfs.PrivateKey) -> None:
        self.directory = directory
        self.key = key
        self.public_key = key.public_key
        self.public_path = directory / "test.pub"
        self.public_path.write_text(key.public_key.pem)

    def plain_zip(self, name: str, files: Files, compression: int = zipfile.ZIP_DEFLATED) -> Path:
        """Make an unsigned zip archive without directory entries."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in files.items():
                archive.writestr(zipfile.ZipInfo(member), content, compression)
        return path

    def zip(
        self,
        name: str,
        files: Files,
        serial: int | None = None,
        product: str | None = None,
        key: signedvfs.PrivateKey | None = None,
        compression: int = zipfile.ZIP_DEFLATED,
        index: bool | None = None,
    ) -> Path:
        """Make a signed zip archive of all these files."""
        path = self.plain_zip(name, files, compression)
        report = signedvfs.sign(path, key or self.key, serial=serial, name=product, index=index)
        assert not report.left_out
        return path

    def raw_zip(self, name: str, files: Files) -> Path:
        """Make a signed zip archive of exactly these files, also of what signing leaves out.

        Somebody seems to have signed them already: that statement is signed once more as it is.
        """
        data = {n: c.encode() if isinstance(c, str) else c for n, c in files.items()}
        body = "".join(f"{sha256(data[n]).hexdigest()} {n}\n" for n in sorted(data))
        header = f"sha256\n@members {sha256(body.encode()).hexdigest()} {len(data)}\n"
        somebody = f"{'0' * 64} {'A' * 86}==\n"
        path = self.plain_zip(name, {**data, MANIFEST: f"{somebody}\n{header}{body}"})
        signedvfs.sign(path, self.key, index=False, keep_signatures=True)
        return path

    def appended(self, name: str, files: Files) -> Path:
        """Make an executable with a signed zip archive behind it."""
        executable = self.directory / f"{name}.start"
        executable.write_bytes(b"#!/bin/sh\nexit 7\n" + bytes(range(256)) * 20)
        executable.chmod(0o755)
        archive = self.zip(f"{name}.behind.zip", files)
        signedvfs.append(archive, executable, self.directory / name, self.key)
        return self.directory / name

    def tree(self, name: str, files: Files, sign: bool = True) -> Path:
        """Make a directory, signed unless told otherwise."""
        root = self.directory / name
        for member, content in files.items():
            path = root / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        if sign:
            signedvfs.sign(root, self.key)
        return root


class Importing:
    """The import system of this process with the hook in it."""

    def put(self, *paths: Path | str) -> None:
        """Put paths in front of sys.path, the first one first."""
        sys.path[:0] = [str(path) for path in paths]

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(name)

    def forget(self, name: str) -> None:
        for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
            del sys.modules[loaded]
