"""runs tests of the archive by --pyargs, with their conftest.py and data"""
# needs: pytest

import pytest
from doing import run

shown = run(lambda: pytest.main(["-q", "-p", "no:cacheprovider", "--pyargs", "suite"]))
assert "3 passed" in shown, shown
