"""Memory that runs out at any moment is a MemoryError, and never a crash or a wrong answer."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
import textwrap

import pytest

from tests.importer.workshop import Python, Workshop

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("_testcapi") is None,
    reason="only this module of CPython's tests lets single allocations fail",
)

# What is done with each allocation failing in turn. Functions of the standard library that do not
# survive this themselves are not among them.
DEEDS = {
    "find_spec": "finder.find_spec('b')",
    "iter_modules": "list(finder.iter_modules())",
    "get_filename": "finder.get_filename('b')",
    "get_data": "finder.get_data('b.py')",
    "hook": "signedvfs.hook(PATH)",
    "constructor": "signedvfs.zipimporter(PATH)",
    "copies": "copy.copy(finder), pickle.dumps(finder)",
    "children": "signedvfs.hook._recall(signedvfs.hook._remembered())",
    "read": "archive.read('b.py')",
    "list": "archive.list(), archive.listdir(''), archive.stat('b.py').digest",
    "open": "signedvfs.open(PATH)",
    "verify_all": "archive.verify_all(ignore)",
    "key": "signedvfs.PublicKey.from_pem(KEY.pem), repr(KEY), hash(KEY)",
    "policy": "repr(signedvfs.TrustPolicy(KEYS, names=NAMES, min_serial=SERIALS))",
    "limits": "repr(signedvfs.Limits(members=3))",
    "pickles": "pickle.dumps(signedvfs.Limits())",
    "trust": "signedvfs.set_policy(signedvfs.TrustPolicy(KEYS))",
    "refusal": "try: archive.read('missing')\nexcept signedvfs.IntegrityCheckMissing: pass",
    "meta path": "entry.find_spec('b')",
}


# What makes lists in CPython itself, which in 3.13 without the GIL drops what is not in a list that
# found no memory (PyList_New).
LISTS = {"copies", "pickles", "trust"}
BROKEN_LISTS = bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14)

SCRIPT = """
import _testcapi, copy, pickle
PATH, KEY = {path!r}, signedvfs.PublicKey.load({public!r})
KEYS, NAMES, SERIALS = [KEY], ["a"], {{"a": 1}}
sys.path.insert(0, PATH)
import a
finder, archive = a.__loader__, signedvfs.open(PATH)
entry = sys.meta_path[0]
def ignore(done, total):
    pass
in_a_row = number = 0
while in_a_row < 20:
    if number:
        _testcapi.set_nomemory(number - 1, number)
    try:
{deed}
    except MemoryError:
        failed = True
    else:
        failed = False
    finally:
        _testcapi.remove_mem_hooks()
    in_a_row = 0 if failed else in_a_row + 1
    number += 1
    assert number < 20_000
assert finder.get_source("b") == "v = 2\\n" and archive.read("b.py") == b"v = 2\\n"
print("survived")
"""


@pytest.mark.parametrize("name", DEEDS)
def test_every_allocation_may_fail(workshop: Workshop, python: Python, name: str) -> None:
    if name in LISTS and BROKEN_LISTS:
        pytest.skip("this Python crashes where it has no memory for a list")
    deed = DEEDS[name]
    # The deed is done where the allocations fail, and not in a function: up to 3.11 CPython itself
    # forgets to say that there was no memory for a frame.
    path = workshop.zip("app.zip", {"a.py": "v = 1\n", "b.py": "v = 2\n", "p/__init__.py": ""})
    script = SCRIPT.format(
        path=str(path), public=str(workshop.public_path), deed=textwrap.indent(deed, " " * 8)
    )
    assert python(script, timeout=300).stdout == "survived\n"
