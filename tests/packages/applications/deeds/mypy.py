"""checks a file by the stubs that it brings along, compiled by mypyc as it is"""
# needs: mypy

from pathlib import Path

from mypy import api

Path("given.py").write_text("import json\nx: int = json.dumps(1)\n")
shown, complaint, code = api.run(["--cache-dir=/dev/null", "--explicit-package-bases", "given.py"])
assert code == 1 and 'type "str"' in shown, (shown, complaint)
