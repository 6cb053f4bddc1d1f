"""Which files of the interpreter's library go into an executable."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from signedvfs.building.layout import library_directory, library_member
from signedvfs.building.stdlib import library_items, reason_against


@pytest.fixture(scope="module")
def members() -> dict[str, str]:
    """members are the names in the archive, and the files that they are from."""
    return {item.name: item.origin for item in library_items()}


def test_every_module_of_the_library_is_there(members: dict[str, str]) -> None:
    # What this interpreter can import, as another process of it says without any site-packages.
    code = (
        "import sys, importlib.util as u\n"
        "names = getattr(sys, 'stdlib_module_names', ('json', 'os', 'ssl', 'sqlite3', 'tomllib'))\n"
        "for name in names:\n"
        "    spec = u.find_spec(name)\n"
        "    if spec is not None and spec.has_location: print(spec.origin)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True
    )
    found = [Path(line) for line in done.stdout.splitlines()]
    assert len(found) > 3
    library = Path(library_directory()[0])
    unknown = {
        path.name
        for path in found
        if str(path) not in members.values()
        and (path.suffix == ".so" or not reason_against(str(path.relative_to(library))))
    }
    assert {name for name in unknown if "test" not in name and "xx" not in name} == set()


def test_names_say_which_python_it_is(members: dict[str, str]) -> None:
    library = library_member(library_directory()[0])
    assert library == f"lib/{Path(sysconfig.get_path('stdlib')).name}"
    assert f"{library}/encodings/__init__.py" in members
    assert all(name.startswith(library + "/") for name in members)
    native = [name for name in members if name.endswith(".so")]
    assert all(name.endswith(tuple(EXTENSION_SUFFIXES)) for name in native)
    assert not any("d-" in name.rpartition("/")[2].partition(".")[2] for name in native)
    assert all(name.startswith(f"{library}/lib-dynload/") for name in native)


def test_nothing_compiled_and_no_tests(members: dict[str, str]) -> None:
    parts = [name.split("/")[2:] for name in members]
    assert not any("__pycache__" in one or "test" in one[:-1] for one in parts)
    assert not any(one[-1].endswith((".pyc", ".whl")) for one in parts)
    assert not any(one[0] in ("site-packages", "dist-packages", "test") for one in parts)


@pytest.mark.parametrize(
    ("name", "is_left_out"),
    [
        ("test/support/__init__.py", True),
        ("test/", True),
        ("unittest/mock.py", False),
        ("unittest/test/test_case.py", True),
        ("lib2to3/tests/data/x.py", True),
        ("lib2to3/Grammar.txt", False),
        ("idlelib/idle_test/mock_tk.py", True),
        ("sitecustomize.py", True),
        ("config-3.11-x86_64-linux-gnu/Makefile", True),
        ("configparser.py", False),
        ("ensurepip/_bundled/pip-23.whl", True),
        ("ensurepip/__init__.py", False),
        ("json/__pycache__/decoder.pyc", True),
        ("_testcapi.cpython-311-x86_64-linux-gnu.so", True),
        ("_testinternalcapi.so", True),
        ("xxlimited_35.cpython-311-x86_64-linux-gnu.so", True),
        ("_json.cpython-311-x86_64-linux-gnu.so", False),
        ("doctest.py", False),
    ],
)
def test_what_is_left_out(name: str, is_left_out: bool) -> None:
    assert bool(reason_against(name)) == is_left_out


def test_what_is_imported_at_start_is_there(members: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; print('\\n'.join(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    )
    library = library_member(library_directory()[0])
    for name in done.stdout.split():
        spec = importlib.util.find_spec(name) if name != "__main__" else None
        if spec is not None and spec.origin not in (None, "built-in", "frozen"):
            path = name.replace(".", "/")
            assert {f"{library}/{path}.py", f"{library}/{path}/__init__.py"} & members.keys(), name
