"""What a security monitor sees of native code before it runs, and can forbid (PEP 578)."""

from __future__ import annotations

from pathlib import Path

from tests.importer.native.conftest import App, Child
from tests.importer.native.foundry import SUFFIX, extension, library, writes
from tests.importer.workshop import Files


def files(marker: Path) -> Files:
    needed = library("say", "library", soname="libsay.so", more=writes(marker))
    module = extension("_m", calls="say", needs={"libsay.so": needed}, more=writes(marker))
    return {"pkg/__init__.py": "", f"pkg/_m{SUFFIX}": module, "pkg.libs/libsay.so": needed}


def test_everything_is_announced_before_it_runs(child: Child, app: App, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = app(files(marker))
    script = f"""
        import os, pkg
        seen = []
        def hook(event, arguments):
            if event.startswith("signedvfs."):
                seen.append((event, *arguments, os.path.exists({str(marker)!r})))
        sys.addaudithook(hook)
        import pkg._m
        archive = {str(path)!r}
        assert seen == [
            ("signedvfs.verify", archive, "pkg.libs/libsay.so", False),
            ("signedvfs.verify", archive, "pkg/_m{SUFFIX}", False),
            ("signedvfs.load", archive, "pkg.libs/libsay.so", False),
            ("signedvfs.load", archive, "pkg/_m{SUFFIX}", True),
        ], seen
        seen.clear()
        del sys.modules["pkg._m"]
        import pkg._m
        assert seen == [], seen  # nothing is read or loaded again
    """
    child.run(script, path)


def test_a_hook_can_forbid_it(child: Child, app: App, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = app(files(marker))
    script = f"""
        import importlib, os, pkg
        forbidden = None
        def hook(event, arguments):
            if event == forbidden:
                raise RuntimeError("not this one")
        sys.addaudithook(hook)
        for forbidden in ("signedvfs.verify", "signedvfs.load"):
            said = failure("pkg._m")
            assert said == "RuntimeError: not this one", said
            assert not os.path.exists({str(marker)!r})
        forbidden = None
        import pkg._m
        assert pkg._m.value() == "library"
    """
    child.run(script, path)


def test_hooks_may_import_others_meanwhile(child: Child, app: App, tmp_path: Path) -> None:
    path = app({**files(tmp_path / "ran"), f"other{SUFFIX}": extension("other")})
    script = """
        def hook(event, arguments):
            if event == "signedvfs.load" and "other" not in arguments[1]:
                import other
                assert other.value() == "genuine"
        sys.addaudithook(hook)
        import pkg._m
        assert pkg._m.value() == "library" and "other" in sys.modules
    """
    child.run(script, path)
