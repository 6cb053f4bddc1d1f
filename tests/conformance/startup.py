"""Comes up in every interpreter of a private environment, whose .pth file calls `install`.

A .pth file reaches child interpreters too, also those that ignore the environment (-E, -I). Nothing
is imported here that the importer under test does not need, since some tests look at sys.modules.
"""


def install(importer: str, key: str) -> None:
    """Put `importer` into zipimport's place; `key` is the file of the key that signs archives."""
    if importer == "zipimport":
        return
    try:
        from . import stand_in

        stand_in.install(key)
        if importer != "signedvfs":
            from . import broken

            broken.BREAKAGES[importer].install()
    except Exception as error:
        # site would only print it and go on, and zipimport would pass tests in signedvfs's name.
        raise SystemExit(f"conformance: {importer} does not come up: {error!r}") from error
