"""formats a file"""
# needs: black

from pathlib import Path

from black import patched_main
from doing import run

Path("given.py").write_text("x = { 'a':1 }\n")
assert "1 file reformatted" in run(patched_main, "black", "given.py")
assert Path("given.py").read_text() == 'x = {"a": 1}\n'
