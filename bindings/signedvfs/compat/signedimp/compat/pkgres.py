"""Import this once, as signedimp had it: `signedvfs.compat.pkgres` under the old name."""

from signedvfs.compat import pkgres as _pkgres  # noqa: F401  # importing it is what it is for
