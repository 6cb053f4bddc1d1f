"""setuptools: builds a wheel, which takes its entry points, templates and vendored packages."""

from __future__ import annotations

import importlib
import os
import tempfile
import warnings
import zipfile
from importlib import metadata, resources
from pathlib import Path

import setuptools
from setuptools import build_meta

from tests.packages.installed import entry_point, read_info

PROJECT = """\
[project]
name = "tiny"
version = "1.0"

[project.scripts]
tiny = "tiny:main"

[tool.setuptools]
py-modules = ["tiny"]
"""

# A real function: the build that pip asks for. Each step is a command found by its entry point.
with tempfile.TemporaryDirectory() as directory:
    before = Path.cwd()
    os.chdir(directory)
    Path("pyproject.toml").write_text(PROJECT)
    Path("tiny.py").write_text("def main(): pass\n")
    name = build_meta.build_wheel("dist")
    with zipfile.ZipFile(Path("dist", name)) as wheel:
        assert wheel.read("tiny.py") == b"def main(): pass\n"
        assert b"tiny = tiny:main" in wheel.read("tiny-1.0.dist-info/entry_points.txt")
    os.chdir(before)

# Data: the launchers, a template, a schema.
files = resources.files("setuptools")
assert (files / "cli-64.exe").read_bytes().startswith(b"MZ")
assert "%(script_name)r" in (files / "script.tmpl").read_text("utf-8")
schema = (files / "config" / "setuptools.schema.json").read_text("utf-8")
assert '"zip-safe"' in schema

# Metadata and entry points.
assert metadata.version("setuptools") == setuptools.__version__
assert "bdist_wheel = setuptools.command.bdist_wheel" in read_info("setuptools", "entry_points.txt")
command = entry_point("distutils.commands", "sdist").load()
assert issubclass(command, setuptools.Command)

# Its pkg_resources, from the archive like everything else.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it is deprecated
    pkg_resources = importlib.import_module("pkg_resources")

assert pkg_resources.get_distribution("setuptools").version == setuptools.__version__
assert pkg_resources.require("Flask")[0].key == "flask"
(found,) = pkg_resources.iter_entry_points("distutils.commands", "sdist")
assert found.load() is command
assert pkg_resources.resource_exists("setuptools", "script.tmpl")
assert pkg_resources.resource_isdir("setuptools", "config")
assert "setuptools.schema.json" in pkg_resources.resource_listdir("setuptools", "config")
assert pkg_resources.resource_string("setuptools", "cli-64.exe").startswith(b"MZ")
path = Path(pkg_resources.resource_filename("setuptools", "script.tmpl"))
assert "%(script_name)r" in path.read_text("utf-8")
