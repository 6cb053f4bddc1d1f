"""Pages as templates."""
