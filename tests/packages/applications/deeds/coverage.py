"""writes a report with its style sheet and script"""
# needs: coverage

from pathlib import Path

from coverage.cmdline import main
from doing import run

Path("given.py").write_text("x = 1\nif not x:\n    x = 2\n")
run(lambda: main(["run", "given.py"]))
assert "67%" in run(lambda: main(["report"]))
run(lambda: main(["html", "-q"]))
assert "given.py" in Path("htmlcov/index.html").read_text()
