"""Sources that are packed the way Python sees them, or are refused while they can be mended."""

from __future__ import annotations

import pytest

from tests.cli.helpers import Cli, make_wheel, write_tree


@pytest.mark.parametrize("from_wheel", [True, False], ids=["wheel", "directory"])
def test_a_package_wins_against_a_module_of_its_name(cli: Cli, from_wheel: bool) -> None:
    files = {"teas/__init__.py": "KIND = 'package'\n", "teas.py": "KIND = 'module'\n"}
    main = write_tree(cli.directory / "main", {"__main__.py": "import teas\nprint(teas.KIND)\n"})
    if from_wheel:
        source = make_wheel(cli.directory, "teas", files)
    else:
        source = write_tree(cli.directory / "source", files)
    done = cli.ok("pack", main, source, "-o", "app.zip", "--key", "app.key", "--json")
    assert "teas.py" in str(done.json["left_out"])
    assert cli.ok("run", "--trust", "app.pub", "app.zip").out == "package\n"


ENTRIES = {
    "there": ("shop:main", "def main():\n    print('ran')\n", True),
    "imported": ("shop:main", "from shop_parts import main\n", True),
    "assigned": ("shop:main", "main = lambda: print('ran')\n", True),
    "missing": ("shop:start", "def main():\n    pass\n", False),
    "misspelt": ("shop:Main", "def main():\n    pass\n", False),
    "of another scope": ("shop:main", "class Shop:\n    def main(self):\n        pass\n", False),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_the_archive_shall_run_is_looked_for(cli: Cli, entry: str) -> None:
    main, text, right = ENTRIES[entry]
    files = {"shop.py": text, "shop_parts.py": "def main():\n    print('ran')\n"}
    tree = write_tree(cli.directory / "source", files)
    done = cli("pack", tree, "-m", main, "-o", "app.zip", "--key", "app.key", "--quiet")
    if right:
        assert done.code == 0, done.err
        assert cli.ok("run", "--trust", "app.pub", "app.zip").out == "ran\n"
    else:
        assert done.code != 0
        assert main.partition(":")[2] in done.err
        assert not (cli.directory / "app.zip").exists()
