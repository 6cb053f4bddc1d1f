"""checks a distribution, and that its description can be shown"""
# needs: twine

import zipfile

from doing import run
from twine.__main__ import main

FIELDS = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nDescription-Content-Type: text/x-rst\n\n"
with zipfile.ZipFile("tiny-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("tiny-1.0.dist-info/METADATA", FIELDS + "Tea\n===\n\n*green*\n")
    wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    wheel.writestr("tiny-1.0.dist-info/RECORD", "")
assert "PASSED" in run(main, "twine", "check", "tiny-1.0-py3-none-any.whl")
