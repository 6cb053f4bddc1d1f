"""rich: a table, Markdown, code and a traceback, with the widths and emoji that it brings."""

from __future__ import annotations

import io
import pkgutil
from importlib import metadata

import rich
from rich.cells import cell_len
from rich.console import Console
from rich.emoji import Emoji
from rich.markdown import Markdown
from rich.spinner import Spinner
from rich.syntax import Syntax
from rich.table import Table

from tests.packages.installed import read_info, requires, run_script

# A real function.
out = io.StringIO()
console = Console(file=out, width=60, force_terminal=True, color_system="truecolor")
table = Table("package", "from")
table.add_row("rich", "an archive")
console.print(table)
console.print(Markdown("# Title\n\n* one\n* two\n"))
console.print(Syntax("def f(): return 1", "python"))
console.print(Spinner("dots"))
try:
    rich.get_console().render_str("[/nothing]")
except Exception:
    console.print_exception()
text = out.getvalue()
assert "an archive" in text
assert "\N{BULLET}" in text
assert "\x1b[38;2;102;217;239" in text  # Pygments knew "def"
assert "MarkupError" in text

# Data: tables that are modules, and a file.
assert cell_len("\N{CJK UNIFIED IDEOGRAPH-5B57}a") == 3
assert str(Emoji("snake")) == "\N{SNAKE}"
assert pkgutil.get_data("rich", "py.typed") == b""

# Metadata.
assert metadata.version("rich") == "14.2.0"
assert {"markdown-it-py", "pygments"} <= requires("rich")
assert "Permission is hereby granted" in read_info("rich", "LICENSE")

# rich has no entry point; what parses Markdown for it has one.
assert "markdown-it-py" in run_script("markdown-it", "--version")
