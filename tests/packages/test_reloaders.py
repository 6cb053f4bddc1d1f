"""The reloaders of Django, Werkzeug (so Flask's) and uvicorn: each next life is verified."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.cli.helpers import Cli, write_tree

Packed = Callable[[str], Cli]

# As versions were when they still ran on all interpreters; what they need comes along.
REQUIREMENTS = """
Django==4.2.16
Werkzeug==3.1.3
uvicorn==0.32.1
"""

SAY = """
import os, sys
print("life", type(__loader__).__module__, sys.argv[1:], flush=True)
"""
PROGRAMS = {
    # Its own child_arguments, subprocess and exit codes: 3 means "once more".
    "django": SAY
    + """
from django.utils import autoreload
if os.environ.get("RUN_MAIN") != "true":
    sys.exit(autoreload.restart_with_reloader())
if os.path.exists("again"):
    os.unlink("again")
    autoreload.trigger_reload("program.py")
""",
    "werkzeug": SAY
    + """
from werkzeug import _reloader

def serve():
    if os.path.exists("again"):
        os.unlink("again")
        os._exit(3)  # what the thread that watches files does, too
    os._exit(0)

_reloader.run_with_reloader(serve, interval=0.1, reloader_type="stat")
""",
    "uvicorn": """
import os, sys

def serve(sockets=None):
    import uvicorn
    print("life", type(uvicorn.__loader__).__module__, sys.argv[1:], flush=True)

if __name__ == "__main__":
    from uvicorn import Config
    from uvicorn._subprocess import get_subprocess
    for life in range(3):
        process = get_subprocess(Config("program:app"), serve, [])
        process.start()
        process.join()
        assert process.exitcode == 0
""",
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """Pack a program along with all three as app.zip, and return what runs commands beside it."""

    def pack(name: str) -> Cli:
        cli = Cli(tmp_path_factory.mktemp(name))
        cli.ok("keygen", "app.key", "--no-password")
        text = PROGRAMS[name]
        write_tree(cli.directory / "source", {"program.py": text, "__main__.py": text})
        (cli.directory / "requirements.txt").write_text(REQUIREMENTS)
        cli.ok("pack", "source", "-r", "requirements.txt", "-o", "app.zip", "--key", "app.key",
               "--quiet", "--level", "1")  # fmt: skip
        (cli.directory / "again").touch()
        return cli

    return pack


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("django", ["app.zip"]),
        ("django", ["-m", "program", "app.zip"]),
        ("werkzeug", ["app.zip"]),
        ("werkzeug", ["-m", "program", "app.zip"]),
        ("uvicorn", ["-m", "program", "app.zip"]),  # a __main__ is not imported in children
    ],
)
def test_every_life_is_verified(packed: Packed, name: str, words: list[str]) -> None:
    if name == "werkzeug" and sys.version_info < (3, 10):
        pytest.skip("without sys.orig_argv, Werkzeug takes `python app.zip` for `python -m app`")
    done = packed(name)("run", "--trust", "app.pub", *words, "a", "-b")
    assert (done.code, done.out) == (0, "life signedvfs ['a', '-b']\n" * 3), done.err


def test_what_was_changed_between_two_lives_does_not_run(packed: Packed) -> None:
    cli = packed("django")
    archive = cli.directory / "app.zip"
    spoil = f"import os\nos.truncate({str(archive)!r}, 1000)\n"
    source = write_tree(cli.directory / "other", {"__main__.py": spoil + PROGRAMS["django"]})
    cli.ok("pack", source, "-r", "requirements.txt", "-o", "app.zip", "--key", "app.key",
           "--quiet", "--level", "1")  # fmt: skip
    done = cli("run", "--trust", "app.pub", "app.zip")
    assert (done.code, done.out) == (1, "life signedvfs []\n")
    assert "app.zip" in done.err
