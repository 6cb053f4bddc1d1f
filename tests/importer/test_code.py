"""Which file a module comes from, and how its bytes become code."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import time
import zipfile
import zipimport
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import (
    FOREIGN_MAGIC,
    MAGIC,
    Files,
    Importing,
    Python,
    Workshop,
    found,
    loader_of,
    pyc,
)


@pytest.mark.parametrize("flags", [0, 1, 3], ids=["timestamp", "unchecked-hash", "checked-hash"])
def test_bytecode_of_every_kind_is_used_as_it_is(
    workshop: Workshop, importing: Importing, flags: int
) -> None:
    # D4, A22: without a source, times, sizes and hashes in a signed .pyc choose nothing
    path = workshop.zip("app.zip", {"m.pyc": pyc("v = 'pyc'", flags=flags, rest=b"\x7f" * 8)})
    importing.put(path)
    module = importing.module("m")
    assert module.v == "pyc"
    # A5: a .pyc names itself
    spec = found(module.__spec__)
    assert module.__file__ == spec.origin == spec.cached == f"{path}/m.pyc"


@pytest.mark.parametrize(
    "names",
    [
        ["p/__init__.pyc", "p/__init__.py"],
        ["p.pyc", "p.py"],
        ["p/__init__.py", "p/x.py"],
        ["p.py", "p/data.txt"],
    ],
)
def test_archive_order(workshop: Workshop, names: list[str], importing: Importing) -> None:
    # D1: .pyc before .py, and code before a directory without any, as zipimport has it
    files = {
        name: pyc(f"v = {name!r}", flags=1) if name.endswith("c") else f"v = {name!r}"
        for name in names
    }
    importing.put(workshop.zip("app.zip", files))
    assert importing.module("p").v == names[0]


def test_package_and_module_of_one_name_are_not_signed(workshop: Workshop) -> None:
    # C23: what would make the order matter for more than speed
    with pytest.raises(ValueError, match="same module"):
        workshop.zip("app.zip", {"p/__init__.py": "", "p.py": ""})


def test_bytecode_of_another_python_falls_back_to_the_source(
    workshop: Workshop, importing: Importing
) -> None:
    # D5: bad magic
    path = workshop.zip(
        "app.zip", {"m.pyc": pyc("v = 1", magic=FOREIGN_MAGIC, flags=1), "m.py": "v = 2\n"}
    )
    importing.put(path)
    assert importing.module("m").v == 2
    assert importing.module("m").__file__ == f"{path}/m.py"


def test_undefined_flags_fall_back_to_the_source(workshop: Workshop, importing: Importing) -> None:
    # D5: undefined flag bits
    files: Files = {"m.pyc": pyc("v = 1", flags=4), "m.py": "v = 2\n"}
    path = workshop.plain_zip("app.zip", files)
    # The signer leaves it out, because nobody can tell whether it belongs to the source.
    assert ["m.pyc: its flags (4)" in one for one in _sign(workshop, path).left_out] == [True]
    importing.put(path)
    assert importing.module("m").v == 2


def _sign(workshop: Workshop, path: Path) -> signedvfs.SignReport:
    return signedvfs.sign(path, workshop.key)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pyc("v = 1", magic=FOREIGN_MAGIC), "bad magic number 3394"),
        (pyc("v = 1", flags=2), "invalid flags 2"),
        (MAGIC + b"\0\0", "less than 16 bytes"),
        (b"", "less than 16 bytes"),
        (MAGIC + bytes(12) + b"\xe3garbage", "does not unmarshal"),
        (MAGIC + bytes(12), "does not unmarshal"),
        (MAGIC + bytes(12) + b"N", "no code"),
    ],
)
def test_useless_bytecode_is_an_import_error_that_says_why(
    workshop: Workshop, importing: Importing, content: bytes, reason: str
) -> None:
    # D5, D6, I11: bad .pyc without source: found, and an error when it is run
    path = workshop.zip("app.zip", {"m.pyc": content})
    importing.put(path)
    spec = importlib.util.find_spec("m")
    assert spec is not None
    assert spec.origin == f"{path}/m.pyc"
    with pytest.raises(zipimport.ZipImportError, match=reason) as caught:
        importing.module("m")
    assert caught.value.name == "m"
    assert caught.value.path == str(path)
    assert isinstance(caught.value.__cause__, ImportError)
    assert reason in caught.value.__cause__.msg
    assert "m" not in sys.modules


def test_pycache_inside_an_archive_is_no_place_for_code(
    workshop: Workshop, importing: Importing
) -> None:
    # D8: __pycache__ is ignored, and nothing is written
    tag = sys.implementation.cache_tag
    path = workshop.zip(
        "app.zip", {"m.py": "v = 'source'\n", f"__pycache__/m.{tag}.pyc": pyc("v = 'cache'")}
    )
    before = sorted(workshop.directory.rglob("*"))
    importing.put(path)
    assert importing.module("m").v == "source"
    assert sorted(workshop.directory.rglob("*")) == before


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b"# -*- coding: latin-1 -*-\nv = '\xe4'\n", "\xe4"),
        (b"\xef\xbb\xbfv = '\xc3\xa4'\n", "\xe4"),
        (b"v = 1\r\nw = 2\r\n", 1),
        (b"v = 1\rw = 2\r", 1),
        (b"\x0cv = 5", 5),
    ],
    ids=["cookie", "bom", "crlf", "cr", "form-feed-no-newline"],
)
def test_source_is_compiled_from_its_bytes(
    workshop: Workshop, importing: Importing, source: bytes, value: object
) -> None:
    # C6, I10: the verified bytes go to compile() unchanged
    importing.put(workshop.zip("app.zip", {"m.py": source}))
    assert importing.module("m").v == value


def test_empty_module(workshop: Workshop, importing: Importing) -> None:
    # C6: empty file
    path = workshop.zip("app.zip", {"m.py": b""})
    importing.put(path)
    assert importing.module("m").__file__ == f"{path}/m.py"
    assert loader_of(importing.module("m")).get_source("m") == ""


@pytest.mark.parametrize(
    "source",
    [b"v = '\xff'\n", b"# coding: nonsense\nv = 1\n", b"v = 1\n\0import os\n", b"v = (\n"],
    ids=["bad-utf8", "unknown-cookie", "nul", "syntax"],
)
def test_what_does_not_compile_does_not_run(
    workshop: Workshop, importing: Importing, source: bytes
) -> None:
    # C6, C11, B3: an undecodable file, and one with a NUL, run not even in part
    importing.put(workshop.zip("app.zip", {"m.py": source}))
    with pytest.raises((SyntaxError, ValueError)):
        importing.module("m")
    assert "m" not in sys.modules


def test_syntax_error_names_the_file(workshop: Workshop, importing: Importing) -> None:
    # C7: filename, line and text
    path = workshop.zip("app.zip", {"m.py": "ok = 1\nbad = = 2\n"})
    importing.put(path)
    with pytest.raises(SyntaxError) as caught:
        importing.module("m")
    assert (caught.value.filename, caught.value.lineno) == (f"{path}/m.py", 2)
    assert (caught.value.text or "").strip() == "bad = = 2"


def test_code_names_its_place_in_the_archive(workshop: Workshop, importing: Importing) -> None:
    # C5, I20: co_filename comes from archive and entry, never from the build machine; it names
    # the source, for linecache, inspect and coverage
    path = workshop.zip(
        "app.zip",
        {"s.py": "def f(): return 1\n", "b.pyc": pyc("def f():\n def g(): pass\n return g\n")},
    )
    importing.put(path)
    assert importing.module("s").f.__code__.co_filename == f"{path}/s.py"
    assert importing.module("b").f.__code__.co_filename == f"{path}/b.py"
    assert importing.module("b").f().__code__.co_filename == f"{path}/b.py"


def test_future_flags_of_the_caller_are_not_inherited(
    workshop: Workshop, importing: Importing
) -> None:
    # C8: this file has `annotations` on; the module has not
    importing.put(workshop.zip("app.zip", {"m.py": "def f(x: undefined_name): pass\n"}))
    if sys.version_info >= (3, 14):
        assert "annotations" not in str(importing.module("m").__dict__.get("__future__", ""))
    else:
        with pytest.raises(NameError):
            importing.module("m")


@pytest.mark.usefixtures("importing")
@pytest.mark.parametrize(
    ("flag", "expected"), [("-B", "1 doc"), ("-O", "0 doc"), ("-OO", "0 None")]
)
def test_optimization_level_is_the_interpreters(
    workshop: Workshop, python: Python, flag: str, expected: str
) -> None:
    # C9: -O drops asserts, -OO docstrings
    source = "'doc'\ntry:\n    assert False\n    kept = 0\nexcept AssertionError:\n    kept = 1\n"
    path = workshop.zip("app.zip", {"m.py": source})
    script = f"sys.path.insert(0, {str(path)!r}); import m; print(m.kept, m.__doc__)"
    assert python(script, flag).stdout.strip() == expected


def test_directory_order(workshop: Workshop, importing: Importing) -> None:
    # W1, W2: as FileFinder: .py before .pyc, package before module, legacy .pyc without source
    root = workshop.tree(
        "tree",
        {
            "m.py": "v = 'py'\n",
            "m.pyc": pyc("v = 'pyc'", flags=1),
            "p/__init__.py": "v = 'package'\n",
            "legacy.pyc": pyc("v = 'legacy'"),
            "n.py": "v = 'module'\n",
            "n/data.txt": "",
        },
    )
    importing.put(root)
    assert importing.module("m").v == "py"
    assert importing.module("p").v == "package"
    assert importing.module("legacy").v == "legacy"
    assert importing.module("n").v == "module"
    assert isinstance(importing.module("m").__loader__, signedvfs.zipimporter)


def test_planted_bytecode_is_ignored(workshop: Workshop, importing: Importing) -> None:
    # W3, V6, K1, J2: __pycache__ beside verified source is nobody's
    root = workshop.tree("tree", {"m.py": "v = 'signed'\n"})
    cache = root / "__pycache__"
    cache.mkdir()
    planted = pyc("v = 'attacker'", flags=1)
    (cache / f"m.{sys.implementation.cache_tag}.pyc").write_bytes(planted)
    (root / "m.pyc").write_bytes(planted)
    importing.put(root)
    assert importing.module("m").v == "signed"
    assert sorted(p.name for p in cache.iterdir()) == [f"m.{sys.implementation.cache_tag}.pyc"]


def test_the_option_to_check_hashes(
    workshop: Workshop, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # D4, D7: read at each use, as zipimport does; both sides of the comparison are signed
    source = "state = 'new'\n"
    fitting = importlib.util.source_hash(source.encode())
    path = workshop.zip(
        "app.zip",
        {
            "stale.py": source,
            "stale.pyc": pyc("state = 'old'", flags=1),
            "fits.py": source,
            "fits.pyc": pyc("state = 'compiled'", flags=1, rest=fitting),
            "alone.pyc": pyc("state = 'alone'", flags=1),
        },
    )
    importing.put(path)

    def states() -> list[str]:
        found = []
        for name in ("stale", "fits", "alone"):
            importing.forget(name)
            found.append(importing.module(name).state)
        return found

    assert states() == ["old", "compiled", "alone"]
    monkeypatch.setattr("_imp.check_hash_based_pycs", "always")
    assert states() == ["new", "compiled", "alone"]
    monkeypatch.setattr("_imp.check_hash_based_pycs", "never")
    assert states() == ["old", "compiled", "alone"]


# Every state of a .pyc beside its source that PEP 552 knows, as a name, flags and whether it fits.
_PAIRS = {
    f"{kind}_{fit}": (flags, fit == "fits")
    for kind, flags in (("unchecked", 1), ("checked", 3))
    for fit in ("fits", "differs")
}


def _twins() -> Files:
    source = "origin = 'source'\n"
    files: dict[str, bytes | str] = {}
    for name, (flags, fits) in _PAIRS.items():
        hash_ = importlib.util.source_hash(source.encode()) if fits else bytes(8)
        compiled = pyc("origin = 'bytecode'", flags=flags, rest=hash_)
        for stem in (name, f"package_{name}/__init__", f"package_{name}/inner"):
            files[f"{stem}.pyc"] = compiled
            files[f"{stem}.py"] = source
        files[f"alone_{name}.pyc"] = compiled
    return files


@pytest.mark.parametrize("option", ["default", "always", "never"])
def test_hashes_are_compared_exactly_where_zipimport_compares_them(
    option: str, workshop: Workshop, python: Python
) -> None:
    # I6: beside the real zipimport, in one process, on one file, signed without the signer's rules
    path = workshop.raw_zip("app.zip", _twins())
    script = f"""
        import zipimport
        path = {str(path)!r}
        theirs, ours = zipimport.zipimporter(path), signedvfs.zipimporter(path)
        def origin(finder, name):
            names = {{}}
            exec(finder.get_code(name), names)
            return names["origin"]
        kinds = [zipimport.zipimporter, signedvfs.zipimporter]
        seen = set()
        for name in {sorted(_PAIRS)!r}:
            for module in (name, "package_" + name, "alone_" + name):
                pair = origin(theirs, module), origin(ours, module)
                assert pair[0] == pair[1], (module, pair)
                seen.add((module, pair[0]))
            package = path + "/package_" + name
            pair = [origin(kind(package), "inner") for kind in kinds]
            assert pair[0] == pair[1], (package, pair)
        print(sorted(module for module, origin in seen if origin == "source"))
    """
    compared = {"default": ["checked"], "always": ["checked", "unchecked"], "never": []}[option]
    expected = sorted(f"{start}{kind}_differs" for kind in compared for start in ("", "package_"))
    shown = python(script, "--check-hash-based-pycs", option).stdout
    assert shown.strip() == repr(expected)


def test_a_checked_pyc_of_another_source_is_not_signed(
    workshop: Workshop, importing: Importing
) -> None:
    # I6: what Python and zipimport would not run must not run because it was signed
    path = workshop.plain_zip("app.zip", _twins())
    report = _sign(workshop, path)
    left_out = sorted(one.partition(":")[0] for one in report.left_out)
    assert left_out == [
        "checked_differs.pyc",
        "package_checked_differs/__init__.pyc",
        "package_checked_differs/inner.pyc",
    ]
    warned = [one.partition(" ")[0] for one in report.warnings]
    assert warned[:3] == [
        "package_unchecked_differs/__init__.pyc",
        "package_unchecked_differs/inner.pyc",
        "unchecked_differs.pyc",
    ]
    # ... and once of all that belong to their sources and will run instead of them.
    assert len(report.warnings) == 4
    assert report.warnings[3].startswith("6 .pyc files")
    importing.put(path)
    assert importing.module("checked_differs").origin == "source"
    assert importing.module("package_checked_differs.inner").origin == "source"
    assert importing.module("checked_fits").origin == "bytecode"


def test_a_checked_pyc_of_another_source_is_not_signed_in_directories(workshop: Workshop) -> None:
    tree = workshop.directory / "tree"
    for name, content in _twins().items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    report = _sign(workshop, tree)
    assert (len(report.left_out), len(report.warnings)) == (3, 4)


def test_a_pyc_with_the_time_of_its_source_stays_when_it_is_signed_again(
    workshop: Workshop,
) -> None:
    # What signing writes has no times: then it is the earlier signature that says they belong.
    path = workshop.directory / "app.zip"
    moment = (2024, 5, 1, 12, 0, 0)
    recorded = int(time.mktime((*moment, 0, 0, -1))).to_bytes(4, "little")
    source = "origin = 'source'\n"
    compiled = pyc("origin = 'bytecode'", rest=recorded + len(source).to_bytes(4, "little"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("m.py", moment), source)
        archive.writestr(zipfile.ZipInfo("m.pyc", moment), compiled)
    for _ in range(3):
        report = _sign(workshop, path)
        assert (report.members, report.left_out) == (2, [])
    # Nobody else can tell.
    assert signedvfs.sign(path, signedvfs.PrivateKey.generate()).left_out[0].startswith("m.pyc: no")
