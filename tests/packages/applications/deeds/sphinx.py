"""builds a site with its theme, in German"""
# needs: sphinx

from pathlib import Path

from doing import run
from sphinx.cmd.build import main

Path("source").mkdir()
Path("source/conf.py").write_text("project = 'Tees'\nlanguage = 'de'\nhtml_theme = 'classic'\n")
Path("source/index.rst").write_text("Tee\n===\n\n.. note:: Heiß.\n")
run(lambda: main(["-W", "-q", "source", "built"]))
page = Path("built/index.html").read_text()
assert "Bemerkung" in page and "Schnellsuche" in page, page
assert Path("built/_static/classic.css").is_file()
