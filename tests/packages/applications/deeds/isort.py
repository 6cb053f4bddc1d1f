"""sorts the imports of a file"""
# needs: isort

from pathlib import Path

from doing import run
from isort.main import main

Path("given.py").write_text("import sys\nimport os\n")
run(lambda: main(["given.py"]))
assert Path("given.py").read_text() == "import os\nimport sys\n"
