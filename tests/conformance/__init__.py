"""Runs CPython's own tests of zipimport, and of what builds on it, with signedvfs in its place."""
