"""The one name that is in every archive."""

HASHFILE_NAME = "signedimp-manifest.txt"
