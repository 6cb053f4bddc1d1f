"""`python -m` with modules of the standard library, on code in an archive."""

from __future__ import annotations

import pytest

from tests.cli.helpers import Cli, write_tree

FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": (
        'def total(*prices):\n    """\n    >>> total(1, 2)\n    3\n    """\n'
        "    return sum(prices)\n"
    ),
    "shop/report.py": "import sys\nprint('report of', *sys.argv[1:])\n",
    "shop/tests/__init__.py": "",
    "shop/tests/test_prices.py": (
        "import unittest\nfrom shop.prices import total\n\n"
        "class PricesTest(unittest.TestCase):\n"
        "    def test_total(self):\n        self.assertEqual(total(1, 2), 3)\n"
    ),
}
# The module, its arguments, and what is shown.
COMMANDS = {
    "unittest": (["shop.tests.test_prices", "-v"], "Ran 1 test"),
    "cProfile": (["-m", "shop.report", "May"], "report of May"),
    "timeit": (["-n", "1", "-r", "1", "-s", "from shop.prices import total", "total(1)"], "1 loop"),
    "pydoc": (["shop.prices"], "total(*prices)"),
    "trace": (["--count", "--summary", "--module", "shop.report", "May"], "report of May"),
    "inspect": (["shop.prices:total"], "return sum(prices)"),
}


@pytest.mark.parametrize("module", COMMANDS)
def test_it_finds_what_is_in_the_archive(cli: Cli, module: str) -> None:
    words, shown = COMMANDS[module]
    tree = write_tree(cli.directory / "source", FILES)
    cli.ok("pack", tree, "-o", "app.zip", "--key", "app.key", "--quiet")
    done = cli.ok("run", "--trust", "app.pub", "-m", module, "app.zip", *words)
    assert shown in done.out + done.err
