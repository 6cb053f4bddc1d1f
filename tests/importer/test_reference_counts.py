"""No reference is lost or kept by what programs do again and again: on debug builds of Python."""

from __future__ import annotations

import sys

import pytest

from tests.importer.workshop import Files, Python, Workshop, pyc

pytestmark = pytest.mark.skipif(
    not hasattr(sys, "gettotalrefcount"), reason="only debug builds count references"
)

FILES: Files = {
    "m.py": "import pkg.part\nv = [1]\n",
    "compiled.pyc": pyc("v = 1"),
    "pkg/__init__.py": "",
    "pkg/part.py": "",
    "pkg/data.txt": "data",
    "ns/inside.py": "",
    "fails.py": "1 / 0\n",
    "useless.pyc": pyc("v = 1", magic=b"\x0d\x0c\r\n"),
}
ACTIONS = {
    "import": "import m, compiled, ns.inside; forget('m', 'compiled', 'ns', 'pkg')",
    "fail": "raises(ZeroDivisionError, '__import__(\"fails\")')",
    "useless": "raises(ImportError, '__import__(\"useless\")')",
    "absent": "raises(ImportError, '__import__(\"absent\")')",
    "find": "assert finder.find_spec('m') and not finder.find_spec('absent')",
    "ask": (
        "finder.get_code('m'); finder.get_source('m'); finder.get_filename('m')\n"
        "finder.is_package('pkg'); finder.get_data('m.py'); list(finder.iter_modules('x.'))\n"
        "repr(finder); finder.archive, finder.prefix, finder.vfs\n"
        "raises(OSError, 'finder.get_data(\"x\")')"
    ),
    "wrong arguments": (
        "raises(TypeError, 'finder.find_spec()'); raises(TypeError, 'finder.find_spec(1)')\n"
        "raises(TypeError, 'finder.find_spec(\"m\", other=1)')\n"
        "raises(TypeError, 'finder.get_data(None)'); raises(TypeError, 'finder.exec_module()')"
    ),
    "copy": "copy.copy(finder); pickle.loads(pickle.dumps(finder))",
    "make": "signedvfs.zipimporter(path); raises(ImportError, 'signedvfs.zipimporter(\"/\")')",
    "hook": "signedvfs.hook(path); raises(ImportError, 'signedvfs.hook(\"/usr\")')",
    "refuse": "raises(signedvfs.IntegrityCheckError, 'signedvfs.zipimporter(bad)')",
    "refuse imports": (
        "sys.path.insert(0, bad)\n"
        "raises(signedvfs.IntegrityCheckError, '__import__(\"anything\")')\n"
        "del sys.path[0]"
    ),
    "open": (
        "with_vfs = signedvfs.open(path, policy); with_vfs.list(); with_vfs.read('m.py')\n"
        "with_vfs.verify_all()\n"
        "raises(signedvfs.IntegrityCheckError, 'signedvfs.open(bad, policy)')"
    ),
    "values": (
        "key = signedvfs.PublicKey.from_pem(pem); repr(key), hash(key), key == key\n"
        "repr(signedvfs.TrustPolicy(key)); repr(signedvfs.Limits()); signedvfs.get_policy()\n"
        "raises(ValueError, 'signedvfs.PublicKey.from_pem(\"x\")')"
    ),
    "resources": (
        "import pkg; resources.files(pkg).joinpath('data.txt').read_bytes()\nforget('pkg')"
    ),
    "caches": "importlib.invalidate_caches(); import m; forget('m', 'pkg')",
    "show": "linecache.clearcache(); linecache.getlines(path + '/m.py')",
}


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_adds_up(workshop: Workshop, python: Python, action: str) -> None:
    path = workshop.zip("app.zip", FILES)
    bad = workshop.plain_zip("bad.zip", {"m.py": ""})
    body = ACTIONS[action].replace("\n", "\n    ")
    script = f"""
import copy, gc, importlib, linecache, pickle
from importlib import resources
path, bad, pem = {str(path)!r}, {str(bad)!r}, {workshop.public_key.pem!r}
policy = signedvfs.TrustPolicy(signedvfs.PublicKey.from_pem(pem))
sys.path.insert(0, path)
finder = signedvfs.zipimporter(path)

def raises(kind, text):
    try:
        eval(text)
    except kind:
        return
    raise AssertionError(text)

def forget(*names):
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]

def act():
    {body}

def grown(times):
    before = sys.gettotalrefcount()
    for _ in range(times):
        act()
    gc.collect()
    sys._clear_internal_caches()
    return sys.gettotalrefcount() - before

grown(20)
growth = [grown(20) for _ in range(3)]
# What is kept each time grows by as much each time.
print("kept" if min(growth) >= 20 else "nothing", growth)
"""
    assert python(script).stdout.startswith("nothing")
