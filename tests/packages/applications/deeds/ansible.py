"""says its version, and pings this machine by a module that it packs and sends"""
# needs: ansible-core

import sys

from ansible.cli.adhoc import main
from doing import run

assert "[core 2." in run(main, "ansible", "--version")
local = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
shown = run(main, "ansible", *local, "localhost", "-m", "ping")
assert '"ping": "pong"' in shown, shown
