"""shows the settings of an environment"""
# needs: tox

from pathlib import Path

from doing import run
from tox.run import run as tox

Path("tox.ini").write_text("[testenv]\nskip_install = true\ncommands = echo tea\n")
assert "commands = echo tea" in run(lambda: tox(["config", "-e", "py", "-k", "commands"]))
