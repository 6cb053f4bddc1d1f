"""Archives that other tools made, signed as they are, and run with and without the verifier."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipapp
import zipfile
from pathlib import Path
from typing import IO, Any

from tests.cli.helpers import Cli, write_tree


class _Pipe(io.RawIOBase):
    """A file that can only be written to from its beginning to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, piece: Any) -> int:
        return self._file.write(piece)


def _sign_and_run(cli: Cli, archive: Path) -> str:
    cli.ok("sign", archive, "--key", "app.key")
    cli.ok("verify", archive, "--trust", "app.pub")
    return cli.ok("run", "--trust", "app.pub", archive).out


def _by_python(archive: Path) -> str:
    done = subprocess.run([sys.executable, archive], capture_output=True, text=True, check=True)
    return done.stdout


def test_one_that_was_written_to_a_pipe(cli: Cli) -> None:
    archive = cli.directory / "app.zip"
    with archive.open("wb") as file, zipfile.ZipFile(_Pipe(file), "w") as made:
        # A length that is not known beforehand goes behind the content.
        made.writestr("__main__.py", "import helper\n", zipfile.ZIP_DEFLATED)
        with made.open("helper.py", "w", force_zip64=True) as member:
            member.write(b"print('streamed')\n")
    with zipfile.ZipFile(archive) as opened:
        assert all(info.flag_bits & 8 for info in opened.infolist())
    assert _sign_and_run(cli, archive) == "streamed\n"


def test_a_zipapp_with_an_empty_directory(cli: Cli) -> None:
    tree = write_tree(cli.directory / "source", {"__main__.py": "print('ran')\n"})
    (tree / "logs" / "old").mkdir(parents=True)
    archive = cli.directory / "app.pyz"
    zipapp.create_archive(tree, archive)
    assert _sign_and_run(cli, archive) == "ran\n"


def test_namespace_packages_are_found_by_python_too(cli: Cli) -> None:
    files = {
        "__main__.py": "import shop.goods.teas\nprint(shop.goods.teas.NAMES)\n",
        "shop/goods/teas.py": "NAMES = ['green']\n",
    }
    tree = write_tree(cli.directory / "source", files)
    archive = Path(shutil.make_archive(os.fspath(cli.directory / "app"), "zip", tree))
    assert _by_python(archive) == "['green']\n"
    assert _sign_and_run(cli, archive) == "['green']\n"
    assert _by_python(archive) == "['green']\n"


def test_what_is_unpacked_runs_under_the_same_signature(cli: Cli) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/__main__.py": (
            "from pathlib import Path\n"
            "price = Path(__file__).with_name('price.txt').read_text()\n"
            "print(price, type(__loader__).__module__)\n"
        ),
        "shop/price.txt": "12",
        # So many that the signature goes through an index.
        **{f"shop/goods/good{i}.py": f"NUMBER = {i}\n" for i in range(40)},
    }
    tree = write_tree(cli.directory / "source", files)
    cli.ok("pack", tree, "-m", "shop", "-o", "app.zip", "--key", "app.key", "--quiet")
    cli.ok("extract", "app.zip", "--trust", "app.pub", "-C", "by_us", "--keep-manifest")
    with zipfile.ZipFile(cli.directory / "app.zip") as opened:
        opened.extractall(cli.directory / "by_unzip")
    for place in ("by_us", "by_unzip"):
        assert cli.ok("run", "--trust", "app.pub", place).out == "12 signedvfs\n"
        (cli.directory / place / "shop" / "price.txt").write_text("21")
        assert "shop/price.txt" in cli("verify", place, "--trust", "app.pub").err
