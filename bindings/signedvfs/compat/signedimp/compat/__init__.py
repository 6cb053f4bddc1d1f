"""signedimp's support for other packages."""
