"""finds data, distributions and entry points of an archive"""
# called: pkg_resources
# needs: setuptools<81 flask

import warnings

warnings.simplefilter("ignore")  # it says that it is on its way out
import pkg_resources

assert pkg_resources.resource_string("flask", "py.typed") == b""
assert pkg_resources.resource_exists("flask", "sansio/README.md")
assert not pkg_resources.resource_exists("flask", "none.md")
assert "README.md" in pkg_resources.resource_listdir("flask", "sansio")
assert pkg_resources.resource_isdir("flask", "sansio")
assert pkg_resources.resource_stream("flask", "sansio/README.md").read().startswith(b"# Sansio")
assert pkg_resources.get_distribution("flask").has_metadata("entry_points.txt")
assert {"click", "jinja2"} <= {one.key for one in pkg_resources.require("flask")}
(found,) = [
    one for one in pkg_resources.iter_entry_points("console_scripts") if one.name == "flask"
]
assert found.resolve().__module__ == "flask.cli"
