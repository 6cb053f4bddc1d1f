"""builds a site with its theme"""
# needs: mkdocs

from pathlib import Path

from doing import run
from mkdocs.__main__ import cli

Path("docs").mkdir()
Path("docs/index.md").write_text("# Tea\n\nGreen, black.\n")
Path("mkdocs.yml").write_text("site_name: Teas\ntheme: mkdocs\n")
run(cli, "mkdocs", "build", "--strict")
assert "Green, black." in Path("site/index.html").read_text()
assert Path("site/css/bootstrap.min.css").stat().st_size > 10000
