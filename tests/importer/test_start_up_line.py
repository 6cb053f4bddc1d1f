"""The line of docs/importing.md that puts the hook in from a .pth file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Python, Workshop

PAGE = Path(__file__).parents[2] / "docs/importing.md"


@pytest.fixture
def site(workshop: Workshop) -> Path:
    """A directory of installed packages with the line in it, and signedvfs."""
    (line,) = re.findall(r"^import sys; exec\(.*sitedir.*$", PAGE.read_text(), re.MULTILINE)
    assert "/etc/app.pub" in line
    directory = workshop.directory / "site"
    directory.mkdir()
    (directory / "signedvfs").symlink_to(Path(signedvfs.__file__).parent)
    text = line.replace("/etc/app.pub", str(workshop.public_path))
    (directory / "signedvfs.pth").write_text(text + "\n")
    return directory


def test_it_puts_the_hook_in_once(workshop: Workshop, python: Python, site: Path) -> None:
    path = workshop.zip("app.zip", {"app.py": "print('verified')\n"})
    bad = workshop.plain_zip("bad.zip", {"bad.py": "print('attacker')\n"})
    script = f"""
    import site, sys
    for _ in range(2):  # as CPython 3.11 does in a virtual environment
        site.addsitedir({str(site)!r})
    import signedvfs
    assert sys.path_hooks.count(signedvfs.hook) == 1
    sys.path.insert(0, {str(path)!r})
    import app
    sys.path.insert(0, {str(bad)!r})
    try:
        import bad
    except signedvfs.IntegrityCheckMissing:
        print("refused")
    """
    assert python(script, hook=False).stdout == "verified\nrefused\n"


def test_it_takes_the_signedvfs_beside_it(workshop: Workshop, python: Python, site: Path) -> None:
    # an archive in front of it cannot supply signedvfs itself
    fake = workshop.plain_zip("fake.zip", {"signedvfs.py": "print('attacker')\n"})
    script = f"""
    import site, sys
    sys.path.insert(0, {str(fake)!r})
    site.addsitedir({str(site)!r})
    print(sys.modules["signedvfs"].__file__.startswith({str(site)!r}))
    """
    assert python(script, hook=False).stdout == "True\n"


def test_without_the_key_nothing_runs(workshop: Workshop, python: Python, site: Path) -> None:
    # Python itself would go on without the hook
    workshop.public_path.unlink()
    script = f"""
    import site
    site.addsitedir({str(site)!r})
    print("went on")
    """
    done = python(script, hook=False, check=False)
    assert (done.returncode, done.stdout) == (126, "")
    assert "signedvfs.pth: " in done.stderr
