"""installs a wheel, and lists what is there"""
# needs: pip

import zipfile
from pathlib import Path

from doing import run
from pip._internal.cli.main import main

with zipfile.ZipFile("tiny-1.0-py3-none-any.whl", "w") as wheel:
    for name, text in {
        "tiny.py": "answer = 42\n",
        "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
        "tiny-1.0.dist-info/RECORD": "tiny.py,,\ntiny-1.0.dist-info/RECORD,,\n",
    }.items():
        wheel.writestr(name, text)
quiet = ["--disable-pip-version-check", "--isolated"]
words = [*quiet, "install", "--no-index", "--no-deps", "--target", "there"]
shown = run(lambda: main([*words, "tiny-1.0-py3-none-any.whl"]))
assert "Successfully installed tiny-1.0" in shown, shown
assert Path("there/tiny.py").read_text() == "answer = 42\n"
assert "tiny==1.0" in run(lambda: main([*quiet, "list", "--path", "there", "--format", "freeze"]))
