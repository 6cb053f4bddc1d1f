"""builds a wheel of a project"""
# needs: setuptools

import zipfile
from pathlib import Path

from setuptools import build_meta

Path("tiny.py").write_text("answer = 42\n")
Path("pyproject.toml").write_text(
    '[project]\nname = "tiny"\nversion = "1.0"\n[tool.setuptools]\npy-modules = ["tiny"]\n'
)
name = build_meta.build_wheel(".")
assert "tiny.py" in zipfile.ZipFile(name).namelist()
