"""makes an environment, with the pip that it brings along"""
# needs: virtualenv

import subprocess

from doing import run
from virtualenv.__main__ import run as virtualenv

words = ["--no-periodic-update", "--no-download", "--app-data", "data", "there"]
run(lambda: virtualenv(words))
done = subprocess.run(["there/bin/pip", "--version"], capture_output=True, text=True, check=True)
assert "/there/lib/" in done.stdout, done.stdout
