"""finds what is wrong with a file, by plug-ins found through metadata"""
# needs: flake8

from pathlib import Path

from doing import run
from flake8.main.cli import main

Path("given.py").write_text("import os\nx=1\n")
shown = run(lambda: main(["-j1", "given.py"]), code=1)
assert "F401" in shown and "E225" in shown, shown
