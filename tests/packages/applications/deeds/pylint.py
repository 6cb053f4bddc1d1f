"""finds what is wrong with a module"""
# needs: pylint

from pathlib import Path

from doing import run
from pylint import run_pylint

Path("given.py").write_text('"""Given."""\nimport os\nimport email\nprint(email.nothing)\n')
shown = run(lambda: run_pylint(["given.py", "--score=n", "-j1"]), code=6)
assert "unused-import" in shown and "no-member" in shown, shown
