"""Lazy imports (PEP 810, Python 3.15): modules of ours are imported when they are first used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.importer.workshop import Files, Python, Workshop, pyc

pytestmark = pytest.mark.skipif(sys.version_info < (3, 15), reason="there are none: PEP 810")

# Notes what is verified, in the order in which it is imported.
AUDITED = """
verified = []
def note(event, args):
    if event == "signedvfs.verify" and args[1]:
        verified.append(args[1])
sys.addaudithook(note)
"""
FILES: Files = {
    "app.py": (
        "lazy import used, unused\n"
        "lazy from pkg import sub\n"
        "lazy from pkg.names import one, two as second\n"
        "import eager\n"
        "def use():\n    return used.value\n"
        "def use_sub():\n    return sub.value\n"
        "def use_names():\n    return one, second\n"
    ),
    "used.py": "value = 'genuine'\n",
    "unused.py": "raise AssertionError('not to be imported')\n",
    "eager.py": "",
    "pkg/__init__.py": "",
    "pkg/sub.py": "value = 'sub'\n",
    "pkg/names.py": "one, two = 1, 2\n",
    "fails.py": "1 / 0\n",
}


def start(path: Path) -> str:
    return f"{AUDITED}sys.path.insert(0, {str(path)!r})\n"


def test_nothing_is_read_before_it_is_used(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES)
    script = start(path) + (
        "import app\n"
        "assert verified == ['app.py', 'eager.py'], verified\n"
        "assert 'used' not in sys.modules\n"
        "assert app.use() == 'genuine'\n"
        "assert verified[2:] == ['used.py'], verified\n"
        "assert app.use_sub() == 'sub'\n"
        "assert app.use_names() == (1, 2)\n"
        "assert verified[3:] == ['pkg/__init__.py', 'pkg/sub.py', 'pkg/names.py'], verified\n"
        "assert 'unused' not in sys.modules\n"
        "for name in ('used', 'pkg', 'pkg.sub', 'pkg.names'):\n"
        "    assert type(sys.modules[name].__loader__) is signedvfs.zipimporter\n"
    )
    python(script)


@pytest.mark.parametrize("all_are", [False, True], ids=["lazy import", "all"])
@pytest.mark.parametrize("how", ["changed", "replaced", "gone"])
def test_first_use_refuses(workshop: Workshop, python: Python, how: str, all_are: bool) -> None:
    text = "import used\n" if all_are else "lazy import used\n"
    files = {"app.py": text + "def use():\n    return used.value\n", "used.py": FILES["used.py"]}
    path = workshop.zip("app.zip", files, compression=0)
    other = workshop.plain_zip("other.zip", {"used.py": "value = 'forged'\n"})
    spoil = {
        "changed": f"data = open({str(path)!r}, 'rb').read()\n"
        f"open({str(path)!r}, 'wb').write(data.replace(b'genuine', b'forgery'))\n",
        "replaced": f"import os; os.replace({str(other)!r}, {str(path)!r})\n"
        "import importlib; importlib.invalidate_caches()\n",
        "gone": f"import os; os.unlink({str(path)!r})\n"
        "import importlib; importlib.invalidate_caches()\n",
    }
    # No ImportError: who is prepared for a module that is not there is told of tampering.
    script = start(path) + (
        "import app\napp.use\n" + spoil[how] + "for _ in range(2):\n"
        "    try:\n"
        "        app.use()\n"
        "    except ImportError as error:\n"
        "        raise AssertionError('swallowed') from error\n"
        "    except signedvfs.IntegrityCheckError as error:\n"
        "        refusal = error\n"
        "    else:\n"
        "        raise AssertionError('used')\n"
        "assert 'used' not in sys.modules\n"
        "import traceback\n"
        "assert 'IntegrityCheck' in ''.join(traceback.format_exception(refusal))\n"
        "print('refused')\n"
    )
    flags = ["-X", "lazy_imports=all"] if all_are else []
    assert python(script, *flags).stdout == "refused\n"


def test_errors_of_a_module_come_at_its_first_use(workshop: Workshop, python: Python) -> None:
    files = {**FILES, "app.py": "lazy import fails\ndef use():\n    fails\n"}
    path = workshop.zip("app.zip", files)
    script = start(path) + (
        "import app\n"
        "try:\n    app.use()\nexcept ZeroDivisionError:\n    print('fails')\n"
        "assert 'fails' not in sys.modules\n"
    )
    assert python(script).stdout == "fails\n"


def test_all_imports_lazy(workshop: Workshop, python: Python) -> None:
    # The switch that programs are tried with, while signedvfs itself and the hook come up too.
    files = {
        name: text.replace("lazy ", "") if isinstance(text, str) else text
        for name, text in FILES.items()
    }
    path = workshop.zip("app.zip", files)
    script = start(path) + (
        "import app\n"
        "app.use\n"
        "assert 'used.py' not in verified and 'eager.py' not in verified, verified\n"
        "assert app.use() == 'genuine' and app.use_sub() == 'sub' and app.use_names() == (1, 2)\n"
        "assert 'unused' not in sys.modules\n"
        "from importlib import resources, metadata\n"
        "assert resources.files('pkg').joinpath('sub.py').read_text() == \"value = 'sub'\\n\"\n"
        "print('done')\n"
    )
    assert python(script, "-X", "lazy_imports=all").stdout == "done\n"


def test_the_standard_library_is_guarded_when_it_comes_late(
    workshop: Workshop, python: Python
) -> None:
    # What would go past the finder is ours, too, where the module has been imported by its use.
    path = workshop.zip("app.zip", {"pkg/__init__.py": "", "pkg/x.txt": "genuine\n"})
    script = start(path) + (
        "lazy import importlib.resources, importlib.metadata, linecache\n"
        "import pkg\n"
        f"with open({str(path)!r}, 'r+b') as file:\n    file.write(b'x' * {path.stat().st_size})\n"
        "try:\n"
        "    importlib.resources.files('pkg').joinpath('x.txt').read_text()\n"
        "except signedvfs.IntegrityCheckError:\n"
        "    print('refused')\n"
        f"assert linecache.getlines({str(path)!r} + '/pkg/x.txt') == []\n"
    )
    assert python(script).stdout == "refused\n"


def test_threads_use_first_together(workshop: Workshop, python: Python) -> None:
    names = [f"m{i}" for i in range(20)]
    files = {f"{name}.py": f"import runs\nruns.append({name!r})\nv = 1\n" for name in names}
    files["app.py"] = "".join(f"lazy import {name}\n" for name in names) + (
        "def use():\n    return sum(module.v for module in (" + ", ".join(names) + "))\n"
    )
    path = workshop.zip("app.zip", files)
    script = start(path) + (
        "import app, threading, types\n"
        "runs = sys.modules['runs'] = []\n"
        "answers = []\n"
        "barrier = threading.Barrier(6)\n"
        "def work():\n    barrier.wait()\n    answers.append(app.use())\n"
        "threads = [threading.Thread(target=work) for _ in range(6)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "assert answers == [20] * 6, answers\n"
        f"assert sorted(runs) == sorted({names!r}), runs\n"
    )
    python(script)


@pytest.mark.parametrize("lazy", ["lazy ", ""])
def test_lazy_imports_are_not_read_ahead(workshop: Workshop, python: Python, lazy: str) -> None:
    names = [f"m{i:02}" for i in range(10)]
    body = "import os\nthreads = len(os.listdir('/proc/self/task'))\ntext = '{}'\n"
    files: dict[str, bytes | str] = {
        f"pkg/{name}.pyc": pyc(body.format(f"{name} " * 2000)) for name in names
    }
    files["pkg/__init__.pyc"] = pyc(
        f"{lazy}from . import {', '.join(names)}\n{lazy}from . import m00\n"
    )
    path = workshop.zip("app.zip", files)
    script = start(path) + "import pkg\nprint(pkg.m05.threads)\n"
    assert python(script).stdout == ("1\n" if lazy else "2\n")


def test_bursts_of_the_collector(workshop: Workshop, python: Python) -> None:
    # A burst ends with the module that began it; first uses after it are bursts of their own.
    noting = "import gc\nseen = gc.get_threshold()[0]\n" + "#" * 5000
    files = {"app.py": "lazy import m\n" + noting, "m.py": noting}
    path = workshop.zip("app.zip", files)
    script = start(path) + (
        "import gc\n"
        "signedvfs.defer_collection()\n"
        "gc.set_threshold(711, 12, 13)\n"
        "import app\n"
        "assert gc.get_threshold() == (711, 12, 13)\n"
        "assert app.m.seen == app.seen, (app.m.seen, app.seen)\n"
        "assert gc.get_threshold() == (711, 12, 13)\n"
    )
    python(script)


def test_packages_may_name_what_is_lazy(workshop: Workshop, python: Python) -> None:
    # `__lazy_modules__` is for sources that older Pythons read as well.
    text = "__lazy_modules__ = ['used']\nimport used\nuse = lambda: used.value\n"
    files = {**FILES, "app.py": text}
    path = workshop.zip("app.zip", files)
    script = start(path) + (
        "import app\nassert verified == ['app.py'], verified\nassert app.use() == 'genuine'\n"
    )
    python(script)


def test_the_statement_itself_raises_nothing(workshop: Workshop, python: Python) -> None:
    path = workshop.plain_zip("app.zip", FILES)
    script = start(path) + (
        "lazy import used\n"
        "try:\n    used\n"
        "except signedvfs.IntegrityCheckMissing as error:\n    print(error.code)\n"
    )
    assert python(script).stdout == "NoManifest\n"
