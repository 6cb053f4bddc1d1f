"""builds a wheel of a project whose metadata it has validated by a schema"""
# needs: poetry-core

import zipfile
from pathlib import Path

from poetry.core.masonry import api

Path("tiny").mkdir()
Path("tiny/__init__.py").write_text("answer = 42\n")
Path("pyproject.toml").write_text(
    '[tool.poetry]\nname = "tiny"\nversion = "1.0"\ndescription = ""\n'
    'authors = []\nlicense = "MIT"\n'
)
name = api.build_wheel(".")
assert "tiny/__init__.py" in zipfile.ZipFile(name).namelist()
