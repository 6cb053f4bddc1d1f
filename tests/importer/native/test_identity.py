"""Each import gets the code that it asked for, and no other of the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

import signedvfs
from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, alike, extension, library, writes
from tests.importer.workshop import Files, Workshop


@pytest.mark.parametrize("single_phase", [False, True])
def test_a_hundred_of_the_same_name(child: Child, app: App, single_phase: bool) -> None:
    files: Files = {
        f"p{i}/_m{SUFFIX}": content
        for i, content in enumerate(alike(100, single_phase=single_phase))
    }
    path = app(files)
    script = """
        import importlib
        modules = [importlib.import_module(f"p{i}._m") for i in range(100)]
        assert [one.value() for one in modules] == [f"number {i:03}" for i in range(100)]
        assert len({id(one) for one in modules}) == 100
    """
    child.run(script, path)


def test_two_archives_with_the_same_member(workshop: Workshop, child: Child) -> None:
    first = workshop.zip("first.zip", {f"_m{SUFFIX}": extension("_m", "first")})
    second = workshop.zip("second.zip", {f"_m{SUFFIX}": extension("_m", "second")})
    script = f"""
        for path in ({str(first)!r}, {str(second)!r}, {str(first)!r}):
            sys.path[:1] = [path]
            sys.modules.pop("_m", None)
            import _m
            assert _m.value() in path, (path, _m.value())
            assert _m.__file__.startswith(path)
    """
    child.run(script, first)


def test_the_same_archive_under_two_names(workshop: Workshop, child: Child) -> None:
    """Each is a file of its own, as copies of a library are."""
    path = workshop.zip("first.zip", {f"_m{SUFFIX}": extension("_m", more="int x;")})
    second = workshop.directory / "second.zip"
    second.symlink_to(path)
    third = workshop.directory / "third.zip"
    third.write_bytes(path.read_bytes())
    script = f"""
        for path in {[str(one) for one in (path, second, third)]!r}:
            sys.path[:1] = [path]
            sys.modules.pop("_m", None)
            import _m
            assert _m.value() == "genuine" and _m.__file__ == path + "/_m{SUFFIX}", _m.__file__
    """
    child.run(script, path)


COUNTING = """
static int count = 0;
"""


@pytest.mark.parametrize("single_phase", [False, True])
def test_imported_again_it_is_not_loaded_again(child: Child, app: App, single_phase: bool) -> None:
    """What C keeps in its variables is there once, as with a file on the disk."""
    counts = "count += 1;"
    content = extension(
        "_m",
        calls="counted",
        single_phase=single_phase,
        more=COUNTING
        + 'const char* counted(void) { static char c[9]; sprintf(c, "%d", count); return c; }',
        init=counts,
    )
    path = app({f"_m{SUFFIX}": content})
    script = f"""
        import importlib
        import _m
        assert _m.value() == "1"
        importlib.reload(_m)
        first = _m.value()
        del sys.modules["_m"]
        import _m as again
        assert again.value() >= first >= "1"
        images = {{line.split()[4] for line in open("/proc/self/maps") if "_m{SUFFIX}" in line}}
        assert len(images) == 1, images
    """
    child.run(script, path)


def test_a_newer_release(workshop: Workshop, child: Child) -> None:
    path = workshop.zip("app.zip", {f"_m{SUFFIX}": extension("_m", "older")}, 1, "app")
    newer = workshop.zip("newer.zip", {f"_m{SUFFIX}": extension("_m", "newer")}, 2, "app")
    older = workshop.directory / "older.zip"
    older.write_bytes(path.read_bytes())
    script = f"""
        import importlib, os
        import _m
        assert _m.value() == "older"
        os.replace({str(newer)!r}, {str(path)!r})
        importlib.invalidate_caches()
        del sys.modules["_m"]
        import _m as again
        assert again.value() == "newer", again.value()
        assert _m.value() == "older"  # whoever has it keeps it
        os.replace({str(older)!r}, {str(path)!r})
        importlib.invalidate_caches()
        del sys.modules["_m"]
        said = failure("_m")
        assert said.startswith("Integrity"), said
    """
    child.run(script, path)


@pytest.mark.parametrize("module_changes", [True, False])
def test_a_newer_release_of_a_library_is_not_mixed_in(
    workshop: Workshop, child: Child, module_changes: bool
) -> None:
    """The linker keeps the first one of a name: code that was built for the other is not run."""

    def release(text: str) -> Files:
        needed = library("say", text, soname="libsay.so")
        own = f"const char* own = {text!r};".replace("'", '"') if module_changes else ""
        return {
            f"_m{SUFFIX}": extension("_m", more=own, calls="say", needs={"l": needed}),
            "_m.libs/libsay.so": needed,
        }

    path = workshop.zip("app.zip", release("older"), 1, "app")
    newer = workshop.zip("newer.zip", release("newer"), 2, "app")
    script = f"""
        import importlib, os
        import _m
        assert _m.value() == "older"
        os.replace({str(newer)!r}, {str(path)!r})
        importlib.invalidate_caches()
        del sys.modules["_m"]
        said = failure("_m")
        assert "libsay.so" in said and "loaded before" in said, said
    """
    child.run(script, path)


def test_a_changed_member_never_runs(workshop: Workshop, child: Child) -> None:
    path = workshop.zip("app.zip", {f"_m{SUFFIX}": extension("_m", "genuine")}, compression=0)
    content = path.read_bytes()
    assert content.count(b"genuine") == 1
    path.write_bytes(content.replace(b"genuine", b"forgery"))
    said = child.failure("_m", path)
    assert said.startswith("IntegrityCheckFailed"), said

    root = workshop.tree("tree", {f"_m{SUFFIX}": extension("_m", "genuine")})
    (root / f"_m{SUFFIX}").write_bytes(extension("_m", "forgery"))
    said = child.run(f"signedvfs.hook.protect({str(root)!r})\nprint(failure('_m'))", root)
    assert said.startswith("IntegrityCheckFailed"), said


def test_a_changed_library_never_runs(workshop: Workshop, child: Child, tmp_path: Path) -> None:
    """Nor does what needs it."""
    marker = tmp_path / "ran"
    needed = library("say", "genuine", soname="libsay.so", more=writes(marker))
    files: Files = {
        f"_m{SUFFIX}": extension("_m", calls="say", needs={"l": needed}, more=writes(marker)),
        "_m.libs/libsay.so": needed,
    }
    path = workshop.zip("app.zip", files, compression=0)
    assert child.value("_m", path) == "genuine" and marker.exists()
    marker.unlink()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"genuine", b"forgery"))
    said = child.failure("_m", path)
    assert said.startswith("IntegrityCheckFailed") and not marker.exists(), said


def test_revoked_trust_holds_for_what_is_loaded(
    workshop: Workshop, child: Child, other_key: signedvfs.PrivateKey
) -> None:
    """A module that somebody else has signed is not imported because one like it was before."""
    files: Files = {f"_m{SUFFIX}": extension("_m")}
    path = workshop.zip("app.zip", files)
    strange = workshop.zip("strange.zip", files, key=other_key)
    script = f"""
        import _m
        del sys.modules["_m"]
        sys.path[:1] = [{str(strange)!r}]
        said = failure("_m")
        assert said.startswith("Integrity"), said
    """
    child.run(script, path)
