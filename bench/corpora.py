"""What is imported: real packages, a mix of the standard library, and a thousand tiny modules.

A corpus holds everything that its imports need and that is Python: the package, and what it uses
of the standard library. So all of an import's modules come from the importer that is measured.
"""

from __future__ import annotations

import compileall
import json
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from archives import unchecked_pyc
from names import CORPORA

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
COMPLETE = ".complete"

# PACKAGES are installed from the package index: what is imported of them.
PACKAGES = {
    "sympy": ["sympy"],
    "botocore": ["botocore.session", "botocore.client", "botocore.endpoint"],
    "networkx": ["networkx"],
}

# STDLIB are modules that programs of every kind start with; with what they load, some 140.
STDLIB = [
    "asyncio",
    "concurrent.futures",
    "email.message",
    "http.client",
    "json",
    "logging.config",
    "unittest",
    "urllib.request",
    "xml.etree.ElementTree",
]

# TINY_PACKAGES packages of TINY_MODULES modules each, __init__ counted.
TINY_PACKAGES, TINY_MODULES = 20, 50

# LIST_MODULES prints those modules, in the order of their loading, that came from Python files.
LIST_MODULES = """
import sys
started = set(sys.modules)
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2].split(","):
    __import__(name)
loaded = list(sys.modules.items())
import json
print(json.dumps([(name, module.__file__) for name, module in loaded if name not in started
    and str(getattr(module, "__file__", None)).endswith(".py")
    and getattr(module.__spec__, "origin", "") == module.__file__]))
"""


class Corpus(NamedTuple):
    """Files to import from, in several shapes below one directory, and what is imported."""

    name: str
    root: Path
    imports: list[str]

    @property
    def strict(self) -> bool:
        """Tells whether all importers load the same modules of the standard library.

        networkx asks for entry points when it is imported, and importlib.metadata answers that with
        the help of other modules for other importers.
        """
        return self.name != "networkx"

    @property
    def source(self) -> Path:
        """The tree of sources and data."""
        return self.root / "source"

    def members(self) -> dict[str, bytes]:
        """Returns the tree's files by their paths, each module as an unchecked .pyc.

        Sources that do not compile (they are templates) are left out, as installers leave them
        uncompiled.
        """
        compiled = self.root / "compiled"
        if not (compiled / COMPLETE).exists():
            shutil.rmtree(compiled, ignore_errors=True)
            for path in tree_files(self.source):
                name = path.relative_to(self.source).as_posix()
                content: bytes | None = path.read_bytes()
                if path.suffix == ".py":
                    assert content is not None
                    name, content = name + "c", unchecked_pyc(name, content)
                if content is not None:
                    target = compiled / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
            (compiled / COMPLETE).touch()
        paths = tree_files(compiled)
        return {path.relative_to(compiled).as_posix(): path.read_bytes() for path in paths}

    def warm_files(self) -> Path:
        """Returns a copy of the tree as an installer leaves it: with .pyc files up to date."""
        return self._compiled_copy("files", py_compile.PycInvalidationMode.TIMESTAMP)

    def unchecked_files(self) -> Path:
        """Returns a copy of the tree with .pyc files whose sources nobody looks at any more."""
        return self._compiled_copy("unchecked", py_compile.PycInvalidationMode.UNCHECKED_HASH)

    def order(self) -> list[str]:
        """Returns the members with the modules that are loaded, in the order of their loading."""
        found = loaded_modules(self.source, self.imports)
        here = f"{self.source}/"
        return [file[len(here) :] + "c" for _, file in found if file.startswith(here)]

    def _compiled_copy(self, name: str, mode: py_compile.PycInvalidationMode) -> Path:
        directory = self.root / name
        if not (directory / COMPLETE).exists():
            shutil.rmtree(directory, ignore_errors=True)
            shutil.copytree(self.source, directory, ignore=shutil.ignore_patterns("__pycache__"))
            compileall.compile_dir(directory, quiet=2, invalidation_mode=mode, workers=0)
            (directory / COMPLETE).touch()
        return directory


def tree_files(tree: Path) -> list[Path]:
    """Returns the files of the tree, without caches and stamps, by their names."""
    return sorted(
        path
        for path in tree.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != COMPLETE
    )


def loaded_modules(source: Path, imports: list[str]) -> list[tuple[str, str]]:
    """Imports from the tree in an interpreter of its own; returns modules and their files."""
    command = [sys.executable, "-I", "-S", "-B", "-c", LIST_MODULES]
    command += [str(source), ",".join(imports)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SystemExit(f"cannot import {', '.join(imports)} from {source}:\n{result.stderr}")
    return [(name, file) for name, file in json.loads(result.stdout)]


def copy_stdlib(source: Path, imports: list[str]) -> None:
    """Puts into the tree what the imports load of the standard library's Python files.

    Whole top-level packages, so that none is in two places; not those that every interpreter has
    before its first import.
    """
    stdlib = Path(sysconfig.get_path("stdlib"))
    for name, file in loaded_modules(source, imports):
        top = name.partition(".")[0]
        inside = Path(file).is_relative_to(stdlib) and "site-packages" not in file
        if not inside or top == "encodings":
            continue
        if (stdlib / top).is_dir():
            unused = shutil.ignore_patterns("__pycache__", "test", "tests", "idle_test")
            shutil.copytree(stdlib / top, source / top, ignore=unused, dirs_exist_ok=True)
        else:
            shutil.copy2(stdlib / f"{top}.py", source)


def write_tiny(source: Path) -> None:
    """Writes the small modules that `tiny_names` names."""
    for name in tiny_names():
        package, _, module = name.partition(".")
        path = source / package / f"{module or '__init__'}.py"
        path.parent.mkdir(exist_ok=True)
        text = f'"""This is {name}."""\n\nNAME = "{name}"\n\n\ndef name():\n    return NAME\n'
        path.write_text(text, encoding="utf-8")


def install(package: str, target: Path) -> None:
    """Installs the package, and what it needs, from the package index."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary=:all:", "--no-compile", "--target", str(target), package]
    subprocess.run(command, check=True)


def make(name: str, work: Path, closed: bool = True) -> Corpus:
    """Returns the corpus of that name, made once below `work`.

    `closed` puts the standard library's modules into it that its imports load.
    """
    root = work / "corpora" / VERSION / (name if closed else f"{name}-alone")
    imports = PACKAGES.get(name, STDLIB)
    if name == "tiny":
        imports = tiny_names()
    corpus = Corpus(name, root, imports)
    if not (root / COMPLETE).exists():
        shutil.rmtree(root, ignore_errors=True)
        corpus.source.mkdir(parents=True)
        if name in PACKAGES:
            install(name, corpus.source)
        elif name == "tiny":
            write_tiny(corpus.source)
        elif name != "stdlib":
            raise SystemExit(f"there is no corpus {name!r}; there are {', '.join(CORPORA)}")
        if closed:
            copy_stdlib(corpus.source, imports)
        (root / COMPLETE).touch()
    return corpus


def tiny_names() -> list[str]:
    """Returns what to import of the tiny modules, one after the other."""
    places = [(p, m) for p in range(TINY_PACKAGES) for m in range(TINY_MODULES)]
    return [f"tiny_{p}.module_{m}" if m else f"tiny_{p}" for p, m in places]
