"""Out of memory or descriptors: errors, never a crash and never another module."""

from __future__ import annotations

import pytest

from tests.importer.workshop import Python, Workshop

SCRIPT = """
    import importlib, resource
    archive, later, limit = {archive!r}, {later!r}, {limit}
    sys.path[:0] = [archive, later]
    import small
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + limit, resource.RLIM_INFINITY))
    outcome = []
    for name in ("large", "source", "large"):
        try:
            importlib.import_module(name)
            outcome.append("imported")
        except (MemoryError, signedvfs.IntegrityCheckError) as error:
            outcome.append(type(error).__name__)
        assert not hasattr(sys.modules.get(name), "attacker")
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    import small
    importlib.reload(small)
    assert importlib.import_module("large").v == 1
    print(outcome[0])
"""


@pytest.mark.parametrize("mebibytes", [1, 8, 24, 40, 80])
def test_memory_exhaustion(workshop: Workshop, python: Python, mebibytes: int) -> None:
    # F6: at whatever allocation memory ends, nothing is half verified and nobody else is asked
    block = "v = 1\n" + "#" + "x" * (24 << 20) + "\n"
    archive = workshop.zip("app.zip", {"small.py": "", "large.py": block, "source.py": block})
    later = workshop.tree(
        "later", {"large.py": "attacker = 1\n", "source.py": "attacker = 1\n"}, sign=False
    )
    script = SCRIPT.format(archive=str(archive), later=str(later), limit=mebibytes << 20)
    outcome = python(script).stdout.strip()
    assert outcome in {"MemoryError", "IntegrityCheckError", "imported"}
    if mebibytes < 24:
        assert outcome != "imported"


DESCRIPTORS = """
    import os, resource
    sys.path[:0] = [{place!r}, {later!r}]
    {before}
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, limits[1]))
    held = []
    try:
        while True:
            held.append(os.dup(0))
    except OSError:
        pass
    for _ in range(2):
        try:
            import b
        except signedvfs.IntegrityCheckError as error:
            assert type(error) is signedvfs.IntegrityCheckError, error
            assert error.code == "Io", error.code
        else:
            raise AssertionError("imported without descriptors")
    for descriptor in held:
        os.close(descriptor)
    import b
    print(b.v)
"""


@pytest.mark.parametrize(
    ("kind", "before"),
    [("archive", ""), ("directory", ""), ("directory", "import a")],
    ids=["archive", "directory", "member"],
)
def test_descriptor_exhaustion(workshop: Workshop, python: Python, kind: str, before: str) -> None:
    # F7, F8: what cannot be opened, be it the whole or a member, is an error and no absence; and
    # it is not remembered
    files = {"a.py": "", "b.py": "v = 1\n"}
    make = workshop.zip if kind == "archive" else workshop.tree
    place = make("app.zip" if kind == "archive" else "app", files)
    later = workshop.tree("later", {"b.py": "raise SystemExit('attacker')\n"}, sign=False)
    protect = f"signedvfs.hook.protect({str(place)!r})\n    " if kind == "directory" else ""
    script = DESCRIPTORS.format(place=str(place), later=str(later), before=protect + before)
    assert python(script).stdout == "1\n"
