"""Pages and style sheets."""
