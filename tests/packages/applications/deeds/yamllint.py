"""checks a file by the settings that it brings along"""
# needs: yamllint

from pathlib import Path

from doing import run
from yamllint.cli import run as yamllint

Path("given.yaml").write_text("---\na:   1\n")
assert "too many spaces after colon" in run(lambda: yamllint(["given.yaml"]), code=1)
