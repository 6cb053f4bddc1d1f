"""What contenders and parts are called in results, tables and plots. Imports nothing of ours, so
that results can be read where signedvfs is not installed."""

from __future__ import annotations

# Importing.
ZIP_DEFLATED = "zipimport, deflated"
ZIP_STORED = "zipimport, stored"
FILES = "files, warm .pyc"
FILES_UNCHECKED = "files, unchecked .pyc"
OURS_DEFLATED = "signedvfs, deflated"
OURS_STORED = "signedvfs, stored"
OURS_ZSTD = "signedvfs, zstd"
ALL_DEFLATED = "signedvfs all, deflated"
ALL_STORED = "signedvfs all, stored"
FLOOR = "memory floor"
FLOOR_NO_COLLECTOR = "memory floor, no gc"
PYZ = "PyInstaller's PYZ"

CORPORA = ["sympy", "botocore", "networkx", "stdlib", "tiny"]

# PEERS says what became of other importers of packed code.
PEERS = {
    "PyInstaller": "measured: its own archive, reader and importer, in an ordinary interpreter",
    "zipapp, shiv, cx_Freeze": "import by zipimport, or unpack and import from files: those rows",
    "pex": "unpacks on its first start and imports from files: that row",
    "oxidized_importer": "not compared: the package index has no wheel for these interpreters",
    "pyoxidizer": "not compared: builds whole executables around an interpreter of its own",
    "Nuitka, Cython": "not comparable: they compile to machine code and run other code objects",
}

# PARTS of an import's time, in the order of the plot's layers.
EXECUTE = "execute"
UNMARSHAL = "unmarshal"
AGAIN = "unmarshal again"
COLLECTOR = "collector"
FIND = "open, find, specs, locks"
INFLATE = "inflate"
VERIFY = "verify"
OTHER = "read, copy, other"
PARTS = [EXECUTE, UNMARSHAL, AGAIN, COLLECTOR, FIND, INFLATE, VERIFY, OTHER]

# Kinds of code that samples are of.
SAMPLED_KERNEL = "kernel"
SAMPLED_VERIFY = "hash, signature"
SAMPLED_INFLATE = "inflate"
SAMPLED_OURS = "signedvfs"
SAMPLED_COLLECTOR = "collector"
SAMPLED_UNMARSHAL = "unmarshal itself"
SAMPLED_MEMORY = "memory"
SAMPLED_PYTHON = "Python"
SAMPLED_REST = "the rest"
SAMPLED = [
    SAMPLED_KERNEL, SAMPLED_VERIFY, SAMPLED_INFLATE, SAMPLED_OURS, SAMPLED_COLLECTOR,
    SAMPLED_UNMARSHAL, SAMPLED_MEMORY, SAMPLED_PYTHON, SAMPLED_REST,
]  # fmt: skip

# SAMPLED_OF are the contenders that are sampled.
SAMPLED_OF = [
    ZIP_DEFLATED, ZIP_STORED, FILES, OURS_DEFLATED, OURS_STORED, ALL_DEFLATED, ALL_STORED, FLOOR,
]  # fmt: skip

# The smaller measurements.
OPEN_ZIP = "zipimport, directory only"
OPEN_OURS = "signedvfs, verified"
START_ZIPFILE = "import zipfile"
START_OURS = "import signedvfs, trust, hook, open"
HELLO_ZIP = "python app.zip"
HELLO_OURS = "signedvfs run app.zip"
POINTS_FILES = "files"
POINTS_ZIP = "zipimport"
POINTS_OURS = "signedvfs"
DIRECTORY_ARCHIVE = "archive"
DIRECTORY_COMPILED = "signed directory with its __pycache__"
DIRECTORY_SOURCES = "signed directory of sources"
DIRECTORY_FILES = "files, warm .pyc"
MANAGED_FILES = "files, warm .pyc"
MANAGED_DIRECTORY = "signed directory"
MANAGED_DIRECTORY_RECORDED = "signed directory, recorded"
MANAGED_ARCHIVE = "archive, deflated"
MANAGED_DEFLATED = "archive, deflated, recorded"
MANAGED_STORED = "archive, stored, recorded"
MANAGED_DEFERRED = "archive, stored, recorded, deferred collector"
