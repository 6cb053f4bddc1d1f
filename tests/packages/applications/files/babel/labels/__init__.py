"""Words to translate."""
