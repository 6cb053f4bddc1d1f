"""A template and a style sheet."""
