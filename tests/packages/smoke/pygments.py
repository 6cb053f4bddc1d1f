"""Pygments: highlights, with a lexer that it imports by name and a style that is a plugin."""

from __future__ import annotations

import tempfile
from importlib import metadata
from pathlib import Path

import pygments
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_all_lexers, get_lexer_by_name, get_lexer_for_filename
from pygments.styles import get_all_styles, get_style_by_name

from tests.packages.installed import entry_point, read_info, run_script

# A real function.
html = pygments.highlight("SELECT 1", get_lexer_by_name("sql"), HtmlFormatter(style="loud"))
assert '<span class="k">SELECT</span>' in html

# Data: it has it in modules, some six hundred lexers.
assert len(list(get_all_lexers())) > 500
assert get_lexer_for_filename("archive.rs").name == "Rust"

# Metadata.
assert metadata.version("pygments") == pygments.__version__
assert "Georg Brandl" in read_info("Pygments", "licenses/AUTHORS")

# A plugin of another distribution, and its script.
assert get_style_by_name("loud") is entry_point("pygments.styles", "loud").load()
assert "loud" in get_all_styles()
with tempfile.TemporaryDirectory() as directory:
    source, target = Path(directory, "a.py"), Path(directory, "a.html")
    source.write_text("import this\n")
    run_script("pygmentize", "-f", "html", "-o", str(target), str(source))
    assert '<span class="kn">import</span>' in target.read_text()
