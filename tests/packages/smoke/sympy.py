"""sympy: an integral, a function that it compiles, its style sheets and its interactive script."""

from __future__ import annotations

from importlib import metadata
from importlib.resources import as_file, files

import sympy
from sympy.utilities.mathml import _read_xsl

from tests.packages.installed import read_info, requires, run_script

# A real function, and one that is compiled from generated source.
x = sympy.Symbol("x")
integral = sympy.integrate(sympy.exp(-(x**2)), (x, -sympy.oo, sympy.oo))
assert integral == sympy.sqrt(sympy.pi)
assert sympy.latex(integral) == r"\sqrt{\pi}"
assert sympy.lambdify(x, sympy.cos(x) ** 2 + x, "math")(0) == 1

# Data: what it reads itself with importlib.resources, and a directory of examples.
assert b"<xsl:stylesheet" in _read_xsl("mmltex.xsl")
with as_file(files("sympy.parsing.autolev") / "test-examples") as examples:
    assert len(list(examples.glob("ruletest*.al"))) == 12

# Metadata.
assert metadata.version("sympy") == sympy.__version__
assert "mpmath" in requires("sympy")
assert "SymPy Development Team" in read_info("sympy", "licenses/LICENSE")

# Its script; without arguments it would wait for input.
assert sympy.__version__ in run_script("isympy", "--version")
