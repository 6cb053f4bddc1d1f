"""highlights a file, its lexer found by name"""
# needs: pygments

from pathlib import Path

from doing import run
from pygments.cmdline import main

Path("given.py").write_text("x = 1\n")
run(lambda: main(["pygmentize", "-f", "html", "-o", "given.html", "given.py"]))
assert '<span class="n">x</span>' in Path("given.html").read_text()
