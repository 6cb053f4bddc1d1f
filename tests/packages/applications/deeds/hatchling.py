"""builds a wheel of a project"""
# needs: hatchling

import zipfile
from pathlib import Path

from hatchling import build

Path("tiny").mkdir()
Path("tiny/__init__.py").write_text("answer = 42\n")
Path("pyproject.toml").write_text(
    '[project]\nname = "tiny"\nversion = "1.0"\nlicense = "MIT"\n'
    'classifiers = ["Programming Language :: Python"]\n'
)
name = build.build_wheel(".")
assert "tiny/__init__.py" in zipfile.ZipFile(name).namelist()
