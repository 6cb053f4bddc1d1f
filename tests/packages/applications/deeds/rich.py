"""prints a table, emoji and Markdown"""
# needs: rich

import io

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

console = Console(file=io.StringIO(), width=40, force_terminal=True)
table = Table("tea")
table.add_row(":tea:")
console.print(table, Markdown("# Heading\n\n```python\nx = 1\n```"))
assert "🍵" in console.file.getvalue() and "Heading" in console.file.getvalue()
