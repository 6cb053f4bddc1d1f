"""What shows source: tracebacks, inspect, linecache, warnings, doctest, pydoc, pdb, coverage."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import io
import linecache
import os
import pdb
import pydoc
import re
import subprocess
import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest

import signedvfs
from tests.importer.workshop import Files, Importing, Place, Python, Workshop, loader_of, pyc

SOURCE = '''\
"""A module to look at."""

import warnings


# What keeps a balance.
class Account:
    """An account."""

    def share(self, people):
        return 100 / people + 1


def warn():
    warnings.warn("careful", stacklevel=1)


def double(number):
    """Double a number.

    >>> double(2)
    4
    """
    result = number * 2
    return result
'''
SHARE_LINE, WARN_LINE = 11, 15
COMPILED = pyc(SOURCE, flags=1, rest=importlib.util.source_hash(SOURCE.encode()))
FORMS: dict[str, Files] = {
    "source": {"look.py": SOURCE},
    "both": {"look.py": SOURCE, "look.pyc": COMPILED},
    "bytecode": {"look.pyc": COMPILED},
}
with_source = pytest.mark.parametrize("form", ["source", "both"])
every_form = pytest.mark.parametrize("form", list(FORMS))


@pytest.fixture
def look(place: Place, importing: Importing) -> ModuleType:
    """The module above, from each kind of place."""
    importing.put(place(FORMS["source"]))
    return importing.module("look")


def source_path(module: ModuleType) -> str:
    """Return the path that functions name: the source's, also where bytecode runs."""
    return str(Path(str(module.__file__)).with_suffix(".py"))


def divide_by_zero(module: ModuleType) -> BaseException:
    """Let a method fail and return the exception with its traceback."""
    with pytest.raises(ZeroDivisionError) as caught:
        module.Account().share(0)
    return caught.value


def formatted(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def starting_with_hook(workshop: Workshop, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the interpreter on words, with start-up files that put the hook in."""
    start = workshop.directory / "start"
    start.mkdir()
    (start / "sitecustomize.py").write_text(
        "import sys, signedvfs\n"
        f"signedvfs.trust(signedvfs.PublicKey.load({str(workshop.public_path)!r}))\n"
        "sys.path_hooks.insert(0, signedvfs.hook)\n"
    )
    return subprocess.run(
        [sys.executable, *words],
        cwd=workshop.directory,
        env={**os.environ, "PYTHONPATH": str(start)},
        input="",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@with_source
def test_tracebacks_show_source(place: Place, importing: Importing, form: str) -> None:
    path = place(FORMS[form])
    importing.put(path)
    module = importing.module("look")
    error = divide_by_zero(module)
    # I8: extract_tb and print_tb, by way of the module's globals
    frame = traceback.extract_tb(error.__traceback__)[-1]
    assert frame.filename == source_path(module)
    assert (frame.lineno, frame.name) == (SHARE_LINE, "share")
    assert frame.line == "return 100 / people + 1"
    text = formatted(error)
    assert f'File "{source_path(module)}", line {SHARE_LINE}, in share\n    return 100 /' in text
    # I8: what failed of the line, where the interpreter keeps it
    assert ("~~~~^~~~~~~~" in text) == (sys.version_info >= (3, 11))


def test_uncaught_tracebacks(place: Place, python: Python) -> None:
    path = place({"fails.py": "def f():\n    raise KeyError('lost')\n"})
    done = python(f"sys.path.insert(0, {str(path)!r})\nimport fails\nfails.f()", check=False)
    # I2
    assert done.returncode == 1
    assert f'File "{path}/fails.py", line 2, in f\n' in done.stderr
    assert done.stderr.endswith("KeyError: 'lost'\n")
    # Y14: before 3.13 the line is read by C code, which opens files only
    shown = sys.version_info >= (3, 13) or path.is_dir()
    assert ("    raise KeyError('lost')\n" in done.stderr) == shown


@pytest.mark.parametrize(
    "failing",
    ["1 / 0", "= 1", "import nowhere", "from sys import nothing", "import os.nowhere"],
)
def test_failing_imports_show_user_frames_only(
    place: Place, importing: Importing, python: Python, failing: str
) -> None:
    path = place({"outer.py": "import inner\n", "inner.py": f"\n{failing}\n"})
    importing.put(path)
    # I1
    with pytest.raises((ImportError, SyntaxError, ZeroDivisionError)) as caught:
        __import__("outer")
    files = {frame.filename for frame in traceback.extract_tb(caught.tb)}
    assert files <= {__file__, f"{path}/outer.py", f"{path}/inner.py"}
    # I1: as users see it
    done = python(f"sys.path.insert(0, {str(path)!r})\nimport outer", check=False)
    assert f'{path}/inner.py", line 2' in done.stderr
    assert "importlib" not in done.stderr
    assert "signedvfs" not in done.stderr.replace(str(path), "")


@with_source
def test_inspect(place: Place, importing: Importing, form: str) -> None:
    path = place(FORMS[form])
    importing.put(path)
    module = importing.module("look")
    # I3
    assert inspect.getsource(module) == SOURCE
    assert inspect.getsource(module.Account).startswith("class Account:\n")
    assert inspect.getsource(module.Account.share).strip().endswith("return 100 / people + 1")
    assert inspect.getsource(module.double).endswith("    return result\n")
    lines, number = inspect.getsourcelines(module.Account.share)
    assert (len(lines), number) == (2, SHARE_LINE - 1)
    assert inspect.getcomments(module.Account) == "# What keeps a balance.\n"
    for thing in (module, module.Account, module.double):
        assert inspect.getsourcefile(thing) == f"{path}/look.py"
        assert inspect.getmodule(thing) is module
    assert inspect.getfile(module.double) == source_path(module)


def test_inspect_without_source(place: Place, importing: Importing) -> None:
    importing.put(place(FORMS["bytecode"]))
    module = importing.module("look")
    # I3: the error that callers are prepared for
    for thing in (module, module.Account, module.double):
        with pytest.raises(OSError, match="source"):
            inspect.getsource(thing)
        assert inspect.getmodule(thing) is module
    assert inspect.getdoc(module.Account) == "An account."


def test_linecache_is_lazy(look: ModuleType) -> None:
    error = divide_by_zero(look)
    file = str(look.__file__)
    # I4: a stack that is not looked at costs no reading
    stack = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    assert len(linecache.cache[file]) == 1
    assert stack[-1].line == "return 100 / people + 1"
    assert len(linecache.cache[file]) == 4
    # I4: and stays
    linecache.checkcache(file)
    assert linecache.getline(file, SHARE_LINE) == "        return 100 / people + 1\n"
    # I4: by the globals alone
    linecache.cache.pop(file)
    assert linecache.getline(file, 1, vars(look)) == '"""A module to look at."""\n'
    assert linecache.getline(file, 1000, vars(look)) == ""


@every_form
@pytest.mark.parametrize("how", ["gone", "tampered", "cut"])
def test_tracebacks_survive_their_archive(
    place: Place, importing: Importing, form: str, how: str
) -> None:
    path = place(FORMS[form])
    importing.put(path)
    module = importing.module("look")
    error = divide_by_zero(module)
    stack = traceback.StackSummary.extract(
        traceback.walk_tb(error.__traceback__), lookup_lines=False
    )
    for file in [path] if path.is_file() else sorted(path.iterdir()):
        if how == "gone":
            file.unlink()
        else:
            with file.open("r+b") as opened:
                size = opened.seek(0, os.SEEK_END)
                opened.seek(0)
                opened.write(b"" if how == "cut" else b"x" * size)
                opened.truncate(0 if how == "cut" else size)
    # I4, V10: the error that the user asked about is shown, with the genuine line or with none
    text = formatted(error)
    assert text.endswith("ZeroDivisionError: division by zero\n")
    assert f'File "{source_path(module)}", line {SHARE_LINE}, in share\n' in text
    if path.is_file():
        assert stack[-1].line in ("return 100 / people + 1", "", None)
        assert linecache.getline(str(module.__file__), 1, vars(module)) in SOURCE


@with_source
def test_tampered_source_is_an_error_that_linecache_expects(
    place: Place, importing: Importing, form: str
) -> None:
    path = place(FORMS[form])
    importing.put(path)
    module = importing.module("look")
    for file in [path] if path.is_file() else path.glob("*.py"):
        data = file.read_bytes()
        file.write_bytes(b"x" * len(data))
    # V10: refused, in words that linecache and inspect pass over
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        loader_of(module).get_source("look")
    assert isinstance(caught.value, ImportError)
    # I4
    assert linecache.getlines(f"{path}/no-such-file.py", vars(module)) == []


def test_warnings_name_the_line(place: Place, python: Python) -> None:
    path = place(FORMS["source"])
    done = python(f"sys.path.insert(0, {str(path)!r})\nimport look\nlook.warn()", "-W", "always")
    # I5
    first, *rest = done.stderr.splitlines()
    assert first == f"{path}/look.py:{WARN_LINE}: UserWarning: careful"
    assert rest in ([], ['  warnings.warn("careful", stacklevel=1)'])


@with_source
def test_doctest(place: Place, importing: Importing, form: str) -> None:
    text = ">>> from pkg import look\n>>> look.double(4)\n8\n"
    files = {f"pkg/{name}": content for name, content in FORMS[form].items()}
    importing.put(place({**files, "pkg/__init__.py": "", "pkg/doc/text.txt": text}))
    package, module = importing.module("pkg"), importing.module("pkg.look")
    # I6: by inspect and linecache
    assert doctest.testmod(module) == (0, 1)
    found = {test.name: test for test in doctest.DocTestFinder().find(module)}
    assert found["pkg.look.double"].lineno == SOURCE.split(">>>")[0].count("\n") - 2
    assert found["pkg.look.double"].filename == source_path(module)
    # I6: by get_data
    assert doctest.testfile("doc/text.txt", package=package) == (0, 2)
    assert doctest.DocFileSuite("doc/text.txt", package="pkg").countTestCases() == 1


@every_form
def test_pydoc(place: Place, importing: Importing, form: str) -> None:
    path = place(FORMS[form])
    importing.put(path)
    # I7
    text = pydoc.plain(pydoc.render_doc("look"))
    assert "look - A module to look at." in text
    assert "class Account(" in text
    assert f"FILE\n    {path}/look.py\n" in text
    assert pydoc.locate("look.Account.share") is importing.module("look").Account.share


@with_source
def test_pdb(place: Place, importing: Importing, form: str) -> None:
    importing.put(place(FORMS[form]))
    module = importing.module("look")
    out = io.StringIO()
    commands = io.StringIO("next\nlist\nlonglist\nwhere\nsource Account\ncontinue\n")
    debugger = pdb.Pdb(stdin=commands, stdout=out, nosigint=True, readrc=False)
    debugger.use_rawinput = False
    # I8
    assert debugger.runcall(module.double, 2) == 4
    text = out.getvalue()
    assert "-> result = number * 2" in text
    assert re.search(r"^ *\d+ +-> +return result$|^ *\d+ +->\t    return result$", text, re.M)
    assert "def double(number):" in text
    assert "class Account:" in text
    assert f"> {source_path(module)}(" in text


@pytest.mark.skipif(sys.version_info < (3, 13), reason="pdb runs archives from 3.13 on")
def test_pdb_runs_an_archive(workshop: Workshop) -> None:
    workshop.zip("app.pyz", {"__main__.py": "import look\nprint(look.double(21))\n",
                             "look.py": SOURCE})  # fmt: skip
    commands = ["next", "list", "where", "continue", "quit"]
    options = [word for command in commands for word in ("-c", command)]
    done = starting_with_hook(workshop, "-m", "pdb", *options, "app.pyz")
    # X12
    assert "  2  ->\tprint(look.double(21))\n" in done.stdout, done.stderr
    assert "app.pyz/__main__.py(2)<module>()" in done.stdout
    assert "42\n" in done.stdout


def test_verbose_names_the_modules(place: Place, python: Python) -> None:
    path = place({"outer.py": "import look\n", **FORMS["source"]})
    script = f"sys.path.insert(0, {str(path)!r})\nimport outer"
    # X6
    verbose = python(script, "-v").stderr
    for name in ("outer", "look"):
        assert re.search(rf"^import '{name}' # <.*{re.escape(str(path))}.*>$", verbose, re.M)
    # X6: nested
    timed = python(script, "-X", "importtime").stderr.splitlines()
    names = [line.rpartition("|")[2] for line in timed]
    assert names[-2:] == ["   look", " outer"]


def test_showing_source_is_quiet(place: Place, python: Python) -> None:
    path = place(FORMS["both"])
    done = python(f"""
        import doctest, gc, inspect, linecache, pydoc, traceback
        sys.path.insert(0, {str(path)!r})
        import look
        try:
            look.Account().share(0)
        except ZeroDivisionError:
            assert "return 100" in traceback.format_exc()
        assert inspect.getsource(look) and pydoc.render_doc(look)
        assert doctest.testmod(look).failed == 0
        del look, sys.modules["look"]
        gc.collect()
    """)
    # X7: under -X dev -W error
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("packed", [False, True])
def test_coverage_measures_a_program(place: Place, python: Python, packed: bool) -> None:
    # Of the three places coverage finds two again when it reports: the archive by its suffix.
    source = "def f(x):\n    if x:\n        return 1\n    return 2\n\n\nf(1)\n"
    files: dict[str, bytes | str] = {"program.py": source}
    if packed:  # what `signedvfs pack` makes: bytecode beside the source
        files["program.pyc"] = pyc(
            source, flags=1, rest=importlib.util.source_hash(source.encode())
        )
    path = place(files)
    reports = path.is_dir() or path.suffix == ".zip"
    done = python(f"""
        import coverage
        sys.path.insert(0, {str(path)!r})
        measuring = coverage.Coverage(data_file=None)
        measuring.start()
        import program
        measuring.stop()
        print(sorted(measuring.get_data().lines({f"{path}/program.py"!r})))
        if {reports}:
            _, statements, _, missing, _ = measuring.analysis2(program)
            print(statements, missing)
    """)
    # I3, I4: by code's file names and by the archive itself
    measured, *reported = done.stdout.splitlines()
    assert measured == "[1, 2, 3, 7]"
    assert reported == ["[1, 2, 3, 4, 7] [4]"] * reports
