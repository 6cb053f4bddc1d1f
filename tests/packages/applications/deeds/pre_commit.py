"""shows a sample of its settings, and installs a hook from its templates"""
# needs: pre-commit

import subprocess
from pathlib import Path

from doing import run
from pre_commit.main import main

subprocess.run(["git", "init", "-q"], check=True)
Path(".pre-commit-config.yaml").write_text("repos: []\n")
assert "trailing-whitespace" in run(lambda: main(["sample-config"]))
run(lambda: main(["install"]))
assert "pre-commit" in Path(".git/hooks/pre-commit").read_text()
