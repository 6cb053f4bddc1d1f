"""How Sphinx builds the site; scripts/docs.sh runs it. Nothing here imports signedvfs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _version() -> str:
    found = re.search(
        r"project\(signedvfs VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()
    )
    assert found
    return found[1]


project = "signedvfs"
version = release = _version()
extensions = ["myst_parser", "autoapi.extension"]
exclude_patterns = ["requirements.txt"]
nitpicky = True
# The site is built without a network, so it has no index of Python's own classes. The other names
# are the package's abbreviations for types, and modules that it keeps classes in.
nitpick_ignore_regex = [
    ("py:class", r"(_typeshed|collections|datetime|fsspec|importlib|os|types)\..*"),
    ("py:class", r"_[A-Za-z]+|AnyPath|Content|Method|Progress|Source"),
    # What is fetched when it is asked for is documented where it is kept.
    ("py:class", r"signedvfs\.(PrivateKey|SignReport)"),
    (
        "py:class",
        r"signedvfs\.(building\.\w+|custody\.signer|resources)\..*",
    ),
    (
        "py:class",
        r"signedvfs\.packaging\.(extra_data|members|native|packer|recording|stripping|writing)\..*",
    ),
]
# Options have two dashes.
smartquotes = False

# Headings can be linked to by the names that GitHub gives them.
myst_heading_anchors = 3

# docs/api.md says what is shown, and in which order.
autoapi_dirs = [str(ROOT / "bindings/signedvfs")]
autoapi_file_patterns = ["*.pyi", "*.py"]
# What the package imports in a circle is no part of the API; what api.md names and is not found
# still is an error.
suppress_warnings = ["autoapi.python_import_resolution"]
autoapi_generate_api_docs = False
autoapi_add_toctree_entry = False
autoapi_python_class_content = "class"
add_module_names = (
    False  # what is fetched later is kept in another module, which is nobody's business
)
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
default_role = "code"  # the docstrings' backticks

html_theme = "furo"
html_title = f"signedvfs {version}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
