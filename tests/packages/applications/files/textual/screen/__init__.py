"""A Textual application as its tutorial lays one out."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Screens(App):
    """Shows one line."""

    CSS_PATH = "screen.tcss"

    def compose(self) -> ComposeResult:
        yield Static("hello", id="greeting")
