"""starts a program"""
# needs: supervisor setuptools

import os
import signal
import sys
import threading
import time
from pathlib import Path

from supervisor.supervisord import main

Path("made.conf").write_text(
    "[supervisord]\nnodaemon=true\n[program:tea]\ncommand=/bin/sh -c 'echo brewed; sleep 60'\n"
    "stdout_logfile=tea.log\n"
)


def stop() -> None:
    for _ in range(100):
        time.sleep(0.1)
        if Path("tea.log").is_file() and "brewed" in Path("tea.log").read_text():
            break
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=stop, daemon=True).start()
kept = sys.stdout
sys.stdout = Path("shown").open("w")  # noqa: SIM115  # supervisor closes it
try:
    main(["-c", "made.conf", "-u", str(os.getuid())])
finally:
    sys.stdout = kept
assert Path("tea.log").read_text() == "brewed\n"
