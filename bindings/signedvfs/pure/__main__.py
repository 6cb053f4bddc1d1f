"""`python -I -S DIRECTORY PUBLIC_KEY ARCHIVE [MEMBER]`, or `python -m signedvfs.pure ...`."""

import sys

if __package__:
    from .command import main
else:  # this directory is on the path itself, and has to be a package
    above, _, name = sys.path[0].rstrip("/").rpartition("/")
    sys.path[0] = above or ("/" if sys.path[0][:1] == "/" else ".")
    main = __import__(f"{name}.command", fromlist=["main"]).main
    del sys.path[0]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
