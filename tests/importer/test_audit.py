"""Audit events (PEP 578): what a monitor sees of an import, and that it can forbid it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.importer.workshop import Place, Python, Workshop, pyc

# Notes every event of interest as JSON, in order, with the name of bytes and code objects' types.
WATCH = """
import json
WANTED = ("open", "import", "compile", "exec", "marshal.loads",
          "signedvfs.verify", "signedvfs.refuse")
seen = []
def note(event, arguments):
    if event in WANTED and recording:
        seen.append([event, *(one if isinstance(one, (str, int, type(None))) else type(one).__name__
                              for one in arguments)])
recording = False
sys.addaudithook(note)
"""
IMPORT = (
    WATCH
    + """
import json.encoder
sys.path.insert(0, {path!r})
recording = True
try:
    import {module}
except Exception as error:
    print(json.dumps([type(error).__name__]))
else:
    print(json.dumps([]))
recording = False
print(json.dumps(seen))
"""
)


def events(python: Python, path: Path, module: str) -> tuple[list[str], list[list[Any]]]:
    """Import a module in a fresh interpreter; return its failure, and the events about it."""
    done = python(IMPORT.format(path=str(path), module=module))
    failure, seen = map(json.loads, done.stdout.splitlines())
    return failure, [one for one in seen if str(path.parent) in json.dumps(one) or len(one) < 3]


def test_events_of_an_import_from_source(workshop: Workshop, python: Python) -> None:
    # S9: zipimport's events, and ours when content has been verified
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    failure, seen = events(python, path, "m")
    assert failure == []
    names = [one[0] for one in seen]
    assert names == ["open", "signedvfs.verify", "signedvfs.verify", "compile", "exec"]
    assert seen[0][:2] == ["open", str(path)]
    assert seen[1] == ["signedvfs.verify", str(path), ""]  # the manifest
    assert seen[2] == ["signedvfs.verify", str(path), "m.py"]
    assert seen[3] == ["compile", "bytes", f"{path}/m.py"]
    assert seen[4] == ["exec", "code"]


def test_events_of_an_import_from_bytecode(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", {"m.pyc": pyc("v = 1")})
    _, seen = events(python, path, "m")
    names = [one[0] for one in seen]
    assert names == ["open", "signedvfs.verify", "signedvfs.verify", "marshal.loads", "exec"]
    assert seen[3] == ["marshal.loads", "bytes"]


def test_the_import_event_is_the_import_systems(place: Place, python: Python) -> None:
    path = place({"m.py": "v = 1\n"})
    done = python(IMPORT.format(path=str(path), module="m"))
    seen = json.loads(done.stdout.splitlines()[1])
    assert [one[:3] for one in seen if one[0] == "import"] == [["import", "m", None]]


def test_event_of_a_refusal(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 'MARKED'\n"}, compression=0)
    path.write_bytes(path.read_bytes().replace(b"MARKED", b"marked"))
    failure, seen = events(python, path, "m")
    assert failure == ["IntegrityCheckFailed"]
    assert [one[0] for one in seen] == ["open", "signedvfs.verify", "signedvfs.refuse"]
    _, archive, member, code, message = seen[-1]
    assert (archive, member) == (str(path), "m.py")
    assert code == "CorruptMember"
    assert "checksum" in message


def test_event_of_a_refused_archive(workshop: Workshop, python: Python) -> None:
    path = workshop.plain_zip("unsigned.zip", {"m.py": ""})
    failure, seen = events(python, path, "m")
    assert failure == ["IntegrityCheckMissing"]
    assert [one[:4] for one in seen[1:]] == [["signedvfs.refuse", str(path), "", "NoManifest"]]


def test_resources_and_tools_verify_too(place: Place, python: Python) -> None:
    path = place({"p/__init__.py": "", "p/d.txt": "d"})
    script = (
        WATCH
        + f"""
import importlib.resources
sys.path.insert(0, {str(path)!r})
import p
recording = True
(importlib.resources.files("p") / "d.txt").read_bytes()
p.__loader__.get_data({f"{path}/p/d.txt"!r})
signedvfs.open({str(path)!r}).read("p/d.txt")
recording = False
print(json.dumps([one for one in seen if one[0].startswith("signedvfs")]))
"""
    )
    member = ["signedvfs.verify", str(path), "p/d.txt"]
    manifest = ["signedvfs.verify", str(path), ""]
    assert json.loads(python(script).stdout) == [member, member, manifest, member]


@pytest.mark.parametrize("event", ["open", "signedvfs.verify", "compile", "exec"])
def test_a_hook_can_forbid(workshop: Workshop, python: Python, event: str) -> None:
    # S9: what it raises ends the import, and nothing of the module has run
    path = workshop.zip("app.zip", {"m.py": "print('ran')\n"})
    script = f"""
    sys.path.insert(0, {str(path)!r})
    def forbid(event, arguments):
        if event == {event!r} and armed and {str(workshop.directory)!r} in repr(arguments):
            raise RuntimeError("forbidden: " + event)
    armed = False
    sys.addaudithook(forbid)
    armed = True
    try:
        import m
    except RuntimeError as error:
        armed = False
        print(error)
    """
    assert python(script).stdout == f"forbidden: {event}\n"


def test_an_open_code_hook_is_asked(workshop: Workshop, python: Python) -> None:
    # S9: PyFile_SetOpenCodeHook decides what may be opened for its code
    path = workshop.zip("app.zip", {"m.py": "print('ran')\n"})
    script = f"""
    import ctypes
    sys.path.insert(0, {str(path)!r})
    asked = []

    @ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object, ctypes.c_void_p)
    def hook(path, data):
        asked.append(path)
        return open(path, "rb")

    ctypes.pythonapi.PyFile_SetOpenCodeHook.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    assert ctypes.pythonapi.PyFile_SetOpenCodeHook(ctypes.cast(hook, ctypes.c_void_p), None) == 0
    import m
    print(asked.count({str(path)!r}))
    """
    assert python(script).stdout == "ran\n1\n"
