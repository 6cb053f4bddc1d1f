"""Modules with side doors that come in another way than through our entry of sys.meta_path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.importer.workshop import Python, Workshop

HOOK = """
import sys, signedvfs
signedvfs.trust(signedvfs.PublicKey.load({public!r}))
sys.path_hooks.insert(0, signedvfs.hook)
"""
# In front of all finders, as of packages that rewrite what is imported. Each executes in its way.
FRONT = """
import importlib.machinery, importlib.util, types

def find(name, path, target):
    if name in sys.builtin_module_names: return None
    return importlib.machinery.PathFinder.find_spec(name, path, target)

class Delegating:
    @staticmethod
    def find_spec(name, path=None, target=None): return find(name, path, target)

class Wrapper:
    def __init__(self, loader): self.loader = loader
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module): self.loader.exec_module(module)

class Wrapping:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = find(name, path, target)
        if spec is not None and spec.loader is not None: spec.loader = Wrapper(spec.loader)
        return spec

class Overriding(importlib.machinery.SourceFileLoader):
    def exec_module(self, module): super().exec_module(module)

class Subclassing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = find(name, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = Overriding(spec.loader.name, spec.loader.path)
        return spec

sys.meta_path.insert(0, {front})
"""
FRONTS = ["Delegating", "Wrapping", "Subclassing"]
EVIL: dict[str, bytes | str] = {
    "app.py": "TAG = 'EVIL'\n",
    "app/data.txt": "EVIL",
    "app-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: app\nVersion: EVIL\n",
}
CHILD = """
{before}
def work():
    sys.path.append({path!r})
    try:
        import app
        print(app.TAG, flush=True)
    except signedvfs.IntegrityCheckError:
        print("REFUSED", flush=True)

import sys
if __name__ == "__main__":
    {main}
    import multiprocessing
    for method in ("spawn", "forkserver"):
        child = multiprocessing.get_context(method).Process(target=work)
        child.start()
        child.join()
else:
    import signedvfs
"""


def script(text: str, workshop: Workshop, front: str = "Delegating") -> str:
    return text.replace("{public!r}", repr(str(workshop.public_path))).replace("{front}", front)


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("before", ["", "import multiprocessing, multiprocessing.pool"])
def test_children_have_the_hook_whoever_finds_multiprocessing(
    workshop: Workshop, python: Python, front: str, before: str
) -> None:
    path = workshop.plain_zip("app.zip", EVIL)
    setting_up = script(HOOK + FRONT, workshop, front).replace("\n", "\n    ")
    program = workshop.directory / "main.py"
    program.write_text(CHILD.format(before=before, path=str(path), main=setting_up))
    done = python(
        f"import subprocess, sys\nsubprocess.run([sys.executable, {str(program)!r}], check=True)",
        hook=False,
    )
    assert done.stdout == "REFUSED\n" * 2


ASK = """
sys.path.append({path!r})
try:
    print([one.version for one in m.MetadataPathFinder.find_distributions()])
except signedvfs.IntegrityCheckError:
    print("REFUSED")
"""
BY_FILE = """
import importlib, importlib.util
usual = importlib.util.find_spec("{name}")
spec = importlib.util.spec_from_file_location(
    "{name}", usual.origin, submodule_search_locations=usual.submodule_search_locations)
m = importlib.util.module_from_spec(spec)
sys.modules["{name}"] = m
spec.loader.exec_module(m)
"""
LAZY = """
import importlib.util
spec = importlib.util.find_spec("{name}")
spec.loader = importlib.util.LazyLoader(spec.loader)
m = importlib.util.module_from_spec(spec)
sys.modules["{name}"] = m
spec.loader.exec_module(m)
signedvfs.hook.protect("/nowhere")
assert type(m) is not type(sys), "what is lazy stays so until it is used"
"""
WAYS = {
    **{front: FRONT.replace("{front}", front) + "import {name} as m\n" for front in FRONTS},
    "by file": BY_FILE,
    "lazily": LAZY,
    "again": "import {name}\ndel sys.modules['{name}']\nimport {name}\nm = sys.modules['{name}']\n",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", ["importlib.metadata", "importlib_metadata"])
def test_metadata_are_verified_however_the_module_came(
    workshop: Workshop, python: Python, name: str, way: str
) -> None:
    path = workshop.plain_zip("app.zip", EVIL)
    text = HOOK + way.replace("{name}", name) + ASK.replace("{path!r}", repr(str(path)))
    assert python(script(text, workshop), hook=False).stdout == "REFUSED\n"


OWN_EXECUTION = """
class Own:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "importlib.metadata": return None
        spec = find(name, path, target)
        spec.loader = Executing(spec.loader)
        return spec

class Executing(Wrapper):
    def exec_module(self, module): exec(self.loader.get_code(module.__name__), vars(module))

sys.meta_path.insert(0, Own)
import importlib.metadata as m
{then}
"""


@pytest.mark.parametrize("then", ["import sndhdr_is_nowhere", "signedvfs.hook.install()"])
def test_what_executes_modules_by_itself_is_noticed_at_the_next_import_or_call(
    workshop: Workshop, python: Python, then: str
) -> None:
    path = workshop.plain_zip("app.zip", EVIL)
    if then.startswith("import"):
        then = f"try: {then}\nexcept ImportError: pass"
    text = HOOK + FRONT.replace("sys.meta_path.insert(0, {front})", "")
    text += OWN_EXECUTION.replace("{then}", then) + ASK.replace("{path!r}", repr(str(path)))
    assert python(script(text, workshop), hook=False).stdout == "REFUSED\n"


def test_our_entry_stays_behind_what_was_put_in_front_of_it(python: Python) -> None:
    # A program that puts a finder in front may take it out by its position.
    python("""
    class Nothing:
        @staticmethod
        def find_spec(name, path=None, target=None): return None
    sys.meta_path.insert(0, Nothing)
    before = list(sys.meta_path)
    signedvfs.hook.install()
    import wsgiref.headers
    assert sys.meta_path == before
    """)


def test_the_watch_is_in_no_traceback_and_in_no_error(workshop: Workshop, python: Python) -> None:
    # Python leaves its own frames out where nothing else stands between them.
    workshop.tree("lib", {"broken.py": "raise RuntimeError('mine')\n"}, sign=False)
    done = python(f"""
    import traceback
    sys.path.append({str(workshop.directory / "lib")!r})
    try:
        import broken
    except RuntimeError as error:
        print(str(error), [one.name for one in traceback.extract_tb(error.__traceback__)])
    """)
    assert done.stdout == "mine ['<module>', '<module>']\n"


READERS = """
import app, ns
{late}
import importlib.{module} as readers
def ask(what):
    try:
        print(what())
    except signedvfs.IntegrityCheckError:
        print("REFUSED")
ask(lambda: readers.ZipReader(app.__loader__, "app").files().joinpath("data.txt").read_text())
ask(lambda: readers.ZipReader(app.__loader__, "app").open_resource("data.txt").read().decode())
ask(lambda: readers.ZipReader(app.__loader__, "app").is_resource("data.txt"))
ask(lambda: readers.NamespaceReader(ns.__path__).files().joinpath("data.txt").read_text())
"""


@pytest.mark.skipif(sys.version_info < (3, 10), reason="3.9 has no such readers")
@pytest.mark.parametrize("first", [True, False], ids=["before the hook", "after the hook"])
def test_the_readers_of_importlib_resources_read_what_is_signed(
    workshop: Workshop, python: Python, first: bool
) -> None:
    files: dict[str, bytes | str] = {
        "app/__init__.py": "",
        "app/data.txt": "GOOD",
        "ns/data.txt": "GOOD",
    }
    path = workshop.zip("app.zip", files)
    evil = workshop.plain_zip(
        "evil.zip", {name: str(text).replace("GOOD", "EVIL") for name, text in files.items()}
    )
    module = "resources.readers" if sys.version_info >= (3, 11) else "readers"
    start = f"import importlib.{module}\n" if first else ""
    start += script(HOOK, workshop) + f"sys.path.insert(0, {str(path)!r})\n"
    ask = READERS.replace("{module}", module)
    done = python(start + ask.replace("{late}", ""), hook=False)
    assert done.stdout == "GOOD\nGOOD\nTrue\nGOOD\n"
    swap = f"import os; os.replace({str(evil)!r}, {str(path)!r})"
    done = python(start + ask.replace("{late}", swap), hook=False)
    assert "EVIL" not in done.stdout
    assert len(done.stdout.splitlines()) == 4


@pytest.mark.skipif(sys.version_info < (3, 10), reason="3.9 has no such readers")
def test_the_readers_leave_plain_archives_elsewhere_alone(
    workshop: Workshop, python: Python
) -> None:
    path: Path = workshop.plain_zip("app.zip", {"app/__init__.py": "", "app/data.txt": "plain"})
    module = "resources.readers" if sys.version_info >= (3, 11) else "readers"
    done = python(
        f"""
        import sys, types, signedvfs
        import importlib.{module} as readers
        signedvfs.PathHook([{str(workshop.directory / "elsewhere")!r}]).install()
        loader = types.SimpleNamespace(
            prefix="", archive={str(path)!r}, is_package=lambda name: True)
        print(readers.ZipReader(loader, "app").files().joinpath("data.txt").read_text())
        """,
        hook=False,
    )
    assert done.stdout == "plain\n"
