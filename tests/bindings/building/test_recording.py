"""build with `record`: members in the order in which the executable reads them."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs import PrivateKey, TrustPolicy
from signedvfs.building import BuildReport, build
from signedvfs.packaging import PackError
from tests.cli.helpers import write_tree

ORDER = "signedvfs-order.txt"

PROGRAM = {
    "__main__.py": "import sys\nfrom app import zebra\nprint(zebra.work(sys.argv[1:]))\n",
    "app/__init__.py": "",
    "app/zebra.py": (
        "import subprocess, sys\n\nfrom app import middle\n\n\ndef work(words):\n"
        "    if 'child' in words:\n"
        "        code = 'import app.unused; print(app.unused.__name__)'\n"
        "        subprocess.run([sys.executable, '-c', code], check=True)\n"
        "    if 'fail' in words:\n        print('no such luck')\n        sys.exit(3)\n"
        "    import app.alpha\n    return words\n"
    ),
    "app/middle.py": "from importlib.resources import files\n\n"
    "text = (files('app') / 'data.txt').read_text()\n",
    "app/alpha.py": "",
    "app/data.txt": "data",
    "app/unused.py": "",
}
READ = [
    "__main__.pyc", "app/__init__.pyc", "app/zebra.pyc", "app/middle.pyc", "app/data.txt",
    "app/alpha.pyc",
]  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "program", PROGRAM)


def make(program: Path, path: Path, launcher: Path, key: PrivateKey, **given: Any) -> BuildReport:
    """make builds the program."""
    return build(
        program, path, key=key, launcher=launcher, minimal=True, compression="stored", **given
    )


def test_members_stand_in_the_order_in_which_they_are_read(
    program: Path, tmp_path: Path, real_launcher: Path, key: PrivateKey
) -> None:
    path = tmp_path / "app"
    report = make(program, path, real_launcher, key, record="child 'two words'")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["app", "program"]
    archive = signedvfs.open(path, TrustPolicy(key.public_key))
    archive.verify_all()
    order = archive.order()
    assert report.signed.recorded == len(order) == len({*order})
    # A child process reads app.unused; it is a part of the archive, and not of the order.
    own = [name for name in order if name.startswith(("app/", "__main__"))]
    assert own == READ
    assert "app/unused.pyc" in archive.list()
    assert order[0] == "signedvfs-launch.txt"
    assert order[1].endswith("/encodings/__init__.pyc")
    assert any(name.endswith("/subprocess.pyc") for name in order)
    # The launcher has loaded these before there is a Python that could ask for them.
    assert not any(name.startswith("python.libs/libpython") for name in order)
    with zipfile.ZipFile(path) as container:
        infos = sorted(container.infolist(), key=lambda info: info.header_offset)
    names = [info.filename for info in infos if not info.is_dir()]
    assert names[: len(order)] == order
    assert names[-3] == ORDER
    done = subprocess.run([path, "x"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "['x']\n", "")
    # But for the order it is what it would be, and it is the same again.
    plain = tmp_path / "plain"
    make(program, plain, real_launcher, key)
    unrecorded = signedvfs.open(plain, TrustPolicy(key.public_key))
    assert {name: unrecorded.read(name) for name in unrecorded.list()} == {
        name: archive.read(name) for name in archive.list() if name != ORDER
    }
    again = tmp_path / "again" / "app"
    again.parent.mkdir()
    make(program, again, real_launcher, key, record=["child", "two words"])
    assert again.read_bytes() == path.read_bytes()


def test_what_cannot_be_recorded(
    program: Path, tmp_path: Path, real_launcher: Path, key: PrivateKey
) -> None:
    path = tmp_path / "app"
    with pytest.raises(PackError, match="ended with exit status 3") as caught:
        make(program, path, real_launcher, key, record="fail")
    assert caught.value.details == "no such luck"
    with pytest.raises(PackError, match="is no command line"):
        make(program, path, real_launcher, key, record="'")
    (program / ORDER).write_text("mine\n", encoding="utf-8")
    with pytest.raises(PackError, match="has the name of the record"):
        make(program, path, real_launcher, key, record="")
    assert [one.name for one in tmp_path.iterdir()] == ["program"]


def test_a_limit_names_what_was_asked_for(
    program: Path, tmp_path: Path, real_launcher: Path, key: PrivateKey
) -> None:
    with pytest.raises(PackError) as caught:
        make(program, tmp_path / "app", real_launcher, key, record="",
             limits=signedvfs.Limits(member_bytes=1000))  # fmt: skip
    assert ".signedvfs-" not in str(caught.value)
