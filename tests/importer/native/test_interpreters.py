"""Extension modules in several interpreters of one process."""

from __future__ import annotations

import sys
import textwrap

import pytest

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import HAS_GIL, SUFFIX, extension, library
from tests.importer.workshop import Files

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="signedvfs works in the main interpreter only before 3.12"
)

# How an interpreter is made, by what the versions have; `own` asks for a GIL of its own.
INTERPRETERS = """
if sys.version_info >= (3, 13):
    import _interpreters
    def make(own):
        return _interpreters.create("isolated" if own else "legacy")
    def execute(one, script):
        failed = _interpreters.exec(one, script)
        return failed and f"{failed.type.__name__}: {failed.msg}"
    destroy = _interpreters.destroy
else:
    import _xxsubinterpreters
    def make(own):
        return _xxsubinterpreters.create(isolated=own)
    def execute(one, script):
        try:
            _xxsubinterpreters.run_string(one, script)
        except _xxsubinterpreters.RunFailedError as error:
            return str(error)
    destroy = _xxsubinterpreters.destroy
"""


def files() -> Files:
    needed = library("say", "library", soname="libsay.so")
    return {
        f"multi{SUFFIX}": extension("multi"),
        f"single{SUFFIX}": extension("single", "once", single_phase=True),
        f"user{SUFFIX}": extension("user", calls="say", needs={"libsay.so": needed}),
        "user.libs/libsay.so": needed,
    }


@pytest.mark.parametrize("own", [False, True])
def test_each_imports_for_itself(child: Child, app: App, own: bool) -> None:
    path = app(files())
    inner = child.preamble(path) + (
        "import multi, user\n"
        "assert multi.value() == 'genuine' and user.value() == 'library'\n"
        f"assert multi.__file__ == {str(path)!r} + '/multi{SUFFIX}'\n"
        "assert '/proc/' not in repr(vars(multi))\n"
    )
    script = f"""
        inner = {inner!r}
        alive = [make({own}) for _ in range(3)]
        for one in alive:
            assert execute(one, inner) is None, execute(one, inner)
        import multi, user
        for one in alive:
            assert execute(one, inner) is None
            destroy(one)
        again = make({own})
        assert execute(again, inner) is None
        destroy(again)
        assert multi.value() == "genuine"
        # What C keeps in its variables is there once.
        images = {{line.split()[4] for line in open("/proc/self/maps") if "/multi" in line}}
        assert len(images) == 1, images
    """
    child.run(INTERPRETERS + textwrap.dedent(script), path)


@pytest.mark.parametrize("first", ["main", "other"])
def test_of_a_single_phase(child: Child, app: App, first: str) -> None:
    """Refused where every interpreter has its own GIL, as CPython refuses it of the disk."""
    path = app(files())
    inner = child.preamble(path) + "import single\nassert single.value() == 'once'\n"
    script = f"""
        if {first!r} == "main":
            import single
        isolated = make(True)
        said = execute(isolated, {inner!r})
        assert said and "does not support loading in subinterpreters" in said, said
        assert "/proc/" not in said, said
        destroy(isolated)
        import single
        assert single.value() == "once" and single.__file__.startswith({str(path)!r})
        legacy = make(False)
        said = execute(legacy, {inner!r})
        if {HAS_GIL}:
            assert said is None, said
        else:  # there CPython refuses it everywhere
            assert "does not support loading in subinterpreters" in said, said
        destroy(legacy)
    """
    child.run(INTERPRETERS + textwrap.dedent(script), path)


def test_at_once_in_threads(child: Child, app: App) -> None:
    many: Files = {f"m{i}{SUFFIX}": extension(f"m{i}", str(i)) for i in range(12)}
    path = app({**files(), **many})
    inner = child.preamble(path) + "".join(
        f"import m{i}\nassert m{i}.value() == '{i}'\n" for i in range(12)
    )
    script = f"""
        import threading
        failures = []
        def work():
            try:
                for _ in range(3):
                    one = make(True)
                    said = execute(one, {inner!r})
                    assert said is None, said
                    destroy(one)
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=work) for _ in range(4)]
        [one.start() for one in threads]
        [one.join() for one in threads]
        assert not failures, failures
        images = {{line.split()[4] for line in open("/proc/self/maps") if "app.zip/m" in line}}
        assert len(images) == 12, images
    """
    child.run(INTERPRETERS + textwrap.dedent(script), path)
