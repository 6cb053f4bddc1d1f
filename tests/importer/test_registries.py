"""Registries by the class of a loader: pkg_resources, its copies, distlib; and who asks isinstance.

Each runs in a fresh interpreter in which zipfile opens nothing: what they know of an archive is
what the finder has verified. pkg_resources is that of setuptools 75.8, which
scripts/python_env.sh installs apart.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.importer.workshop import Place, Python, Workshop

FILES: dict[str, bytes | str] = {
    "shop/__init__.py": "",
    "shop/data/a.txt": "first",
    "shop/data/deep/b.txt": "second",
    "shop/templates/i.html": "Hello {{ name }}",
    "shop-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: shop\nVersion: 1.2\n",
    "shop-1.2.dist-info/entry_points.txt": "[plugins]\nmain = shop:main\n",
    "shop-1.2.dist-info/scripts/hello": "print('hello from', __file__)\n",
    "old-3.egg-info/PKG-INFO": "Metadata-Version: 1.0\nName: old\nVersion: 3\n",
    "older-2.egg-info": "Metadata-Version: 1.0\nName: older\nVersion: 2\n",
    "nested-4.egg/EGG-INFO/PKG-INFO": "Metadata-Version: 1.0\nName: nested\nVersion: 4\n",
    "nested-4.egg/nested.py": "v = 4\n",
}

APART = Path(sys.prefix) / "apart"

IGNORE = ("-W", "ignore")  # pkg_resources warns of itself

NO_ZIPFILE = """
import zipfile
class Nothing:
    def __init__(self, *_, **__): raise AssertionError("zipfile opens an archive")
zipfile.ZipFile = Nothing
"""

RESOURCES = """
import pkg_resources as p
assert p.resource_exists("shop", "data/a.txt") and p.resource_exists("shop", "data/deep")
assert not p.resource_exists("shop", "data/c.txt")
assert p.resource_isdir("shop", "data") and not p.resource_isdir("shop", "data/a.txt")
assert sorted(p.resource_listdir("shop", "data")) == ["a.txt", "deep"]
assert p.resource_listdir("shop", "data/a.txt") == []
assert p.resource_string("shop", "data/a.txt") == b"first"
with p.resource_stream("shop", "data/deep/b.txt") as stream:
    assert stream.read() == b"second"
try:
    p.resource_string("shop", "data/c.txt")
except OSError:
    pass
else:
    raise AssertionError("no such file")
path = p.resource_filename("shop", "data/a.txt")
assert path.endswith("/a.txt") and p.resource_filename("shop", "data/a.txt") == path
with open(path, "rb") as file:
    assert file.read() == b"first"
directory = p.resource_filename("shop", "data")
assert p.resource_filename("shop", "data") == directory
with open(directory + "/deep/b.txt", "rb") as file:
    assert file.read() == b"second"
try:
    p.resource_filename("shop", "absent")
except FileNotFoundError:
    print("right")
"""

DISTRIBUTIONS = """
import pkg_resources as p
found = p.Environment([PATH])
versions = {name: found[name][0].version for name in found}
assert versions == {"shop": "1.2", "old": "3", "older": "2", "nested": "4"}, versions
assert {one.key for one in p.find_distributions(PATH, only=True)} == {"shop", "old", "older"}
assert p.get_distribution("shop").version == "1.2"
assert p.require("shop")[0].location == PATH
assert p.get_distribution("old").version == "3"
assert p.get_distribution("older").get_metadata("PKG-INFO").startswith("Metadata-Version: 1.0")
assert not p.get_distribution("older").has_metadata("other.txt")
assert [str(one) for one in p.iter_entry_points("plugins")] == ["main = shop:main"]
shop = p.get_distribution("shop")
assert sorted(shop.metadata_listdir("")) == ["METADATA", "entry_points.txt", "scripts"]
assert shop.metadata_isdir("scripts") and not shop.metadata_isdir("METADATA")
assert shop.has_metadata("METADATA") and not shop.has_metadata("RECORD")
try:
    shop.run_script("absent", {})
except p.ResolutionError:
    shop.run_script("hello", {})
"""


def prepare(path: Path) -> str:
    return f"{NO_ZIPFILE}\nPATH = {str(path)!r}\nsys.path[:0] = [PATH, {str(APART)!r}]\n"


def test_resources(place: Place, python: Python) -> None:
    path = place(FILES)
    assert python(prepare(path) + RESOURCES, *IGNORE).stdout == "right\n"


def test_distributions(place: Place, python: Python) -> None:
    path = place(FILES)
    shown = python(prepare(path) + DISTRIBUTIONS, *IGNORE).stdout
    assert shown == f"hello from {path}/shop-1.2.dist-info/scripts/hello\n"


def test_below_a_prefix(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", {f"lib/{name}": content for name, content in FILES.items()})
    script = prepare(path / "lib") + RESOURCES + DISTRIBUTIONS
    assert python(script, *IGNORE).stdout.startswith("right\nhello from ")


def test_a_relative_entry(workshop: Workshop, python: Python) -> None:
    workshop.zip("app.zip", FILES)
    script = prepare(Path("app.zip")) + "import os\nimport shop\n" + RESOURCES
    assert python(script, *IGNORE).stdout == "right\n"


def test_an_egg(workshop: Workshop, python: Python) -> None:
    files = {"EGG-INFO/PKG-INFO": "Metadata-Version: 1.0\nName: shop\nVersion: 5\n"}
    path = workshop.zip("shop-5-py3.egg", {**FILES, **files})
    script = """
    assert p.get_distribution("shop").version == "5"
    assert p.get_distribution("shop").egg_name().startswith("shop-5")
    """
    done = python(
        prepare(path) + RESOURCES + "\n".join(map(str.strip, script.splitlines())), *IGNORE
    )
    assert done.stdout == "right\n"


@pytest.mark.parametrize(
    "where", ["before the hook", "before the path", "from the archive", "copy"]
)
def test_whenever_it_is_loaded(workshop: Workshop, python: Python, where: str) -> None:
    source = APART / "pkg_resources"
    files = dict(FILES)
    if where == "from the archive":
        for one in source.rglob("*.py"):
            files[f"pkg_resources/{one.relative_to(source)}"] = one.read_bytes()
    path = workshop.zip("app.zip", files)
    public = str(workshop.public_path)
    start = f"import sys, signedvfs\nsignedvfs.trust(signedvfs.PublicKey.load({public!r}))\n"
    install = "signedvfs.hook.install()\n"
    loads = f"sys.path.insert(0, {str(APART)!r})\nimport pkg_resources\n"
    # It looks for what it brings along beside itself.
    vendored = f"sys.path.append({str(APART / 'setuptools/_vendor')!r})\n"
    both = RESOURCES + DISTRIBUTIONS
    if where == "before the hook":
        script = start + loads + install + prepare(path)
        script += "pkg_resources.working_set.add_entry(PATH)\n" + both
    elif where == "before the path":
        script = start + install + loads + prepare(path)
        script += "pkg_resources.working_set.add_entry(PATH)\n" + both
    elif where == "copy":
        shutil.copytree(source, workshop.directory / "vendor" / "pkg_resources")
        (workshop.directory / "vendor" / "__init__.py").touch()
        both = both.replace("import pkg_resources as p", "import vendor.pkg_resources as p")
        script = start + install + prepare(path)
        script += f"sys.path.insert(1, {str(workshop.directory)!r})\n" + vendored + both
    else:
        script = start + install + prepare(path) + vendored + both
        script += f"\nassert p.__file__.startswith({str(path)!r})"
    done = python(script, *IGNORE, hook=False)
    assert done.stdout.startswith("right\nhello from ")


def test_what_a_script_requires(workshop: Workshop, python: Python) -> None:
    # pkg_resources looks for it before its own execution has ended.
    path = workshop.zip("app.zip", FILES)
    script = f"""{prepare(path)}
__requires__ = "shop==1.2"
import pkg_resources
print(pkg_resources.working_set.by_key["shop"].version)
"""
    assert python(script, *IGNORE).stdout == "1.2\n"


@pytest.mark.parametrize("style", ["pkg_resources", "pkgutil", "PEP 420"])
def test_namespaces_over_archives(workshop: Workshop, python: Python, style: str) -> None:
    declared = {
        "pkg_resources": "__import__('pkg_resources').declare_namespace(__name__)\n",
        "pkgutil": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
    }
    paths = []
    for number in (1, 2, 3):
        files: dict[str, bytes | str] = {f"shop/sub/n{number}.py": f"v = {number}\n"}
        if style in declared:
            files.update(
                dict.fromkeys(("shop/__init__.py", "shop/sub/__init__.py"), declared[style])
            )
        make = workshop.tree if number == 3 else workshop.zip
        paths.append(str(make(f"{number}/app.zip" if number < 3 else "3/app", files)))
    script = f"""
{NO_ZIPFILE}
signedvfs.hook.protect({paths[2]!r})
sys.path[:0] = [*{paths[:2]!r}, {str(APART)!r}]
import shop.sub.n1, shop.sub.n2
sys.path.append({paths[2]!r})
if {style!r} == "pkg_resources":
    import pkg_resources
    pkg_resources.fixup_namespace_packages({paths[2]!r})
elif {style!r} == "pkgutil":
    import pkgutil
    shop.__path__ = pkgutil.extend_path(shop.__path__, "shop")
    shop.sub.__path__ = pkgutil.extend_path(shop.sub.__path__, "shop.sub")
import shop.sub.n3
print(len(shop.__path__), len(shop.sub.__path__), shop.sub.n1.v + shop.sub.n2.v + shop.sub.n3.v)
"""
    assert python(script, *IGNORE).stdout == "3 3 6\n"


def test_what_is_refused(workshop: Workshop, python: Python) -> None:
    path = workshop.zip("app.zip", FILES, compression=0, index=False)
    behind = workshop.plain_zip("behind.zip", {"other-1.dist-info/METADATA": "Version: 1\n"})
    script = f"""{prepare(path)}
import pkg_resources as p, shop
with open(PATH, "r+b") as file:
    content = file.read()
    file.seek(0)
    file.write(content.replace(b"first", b"FIRST").replace(b"1.2", b"9.9"))
for ask in (lambda: p.resource_string("shop", "data/a.txt"),
            lambda: p.resource_filename("shop", "data/a.txt"),
            lambda: p.resource_filename("shop", "data"),
            lambda: p.get_distribution("shop").get_metadata("METADATA")):
    try:
        print(ask())
    except signedvfs.IntegrityCheckFailed:
        print("refused")
try:
    list(p.find_distributions({str(behind)!r}))
except signedvfs.IntegrityCheckMissing:
    print("refused")
"""
    assert python(script, *IGNORE).stdout == "refused\n" * 5


def test_a_script_is_not_read_from_the_disk(workshop: Workshop, python: Python) -> None:
    root = workshop.tree("app", FILES)
    script = f"""{prepare(root)}
import pkg_resources as p, shop
found = p.get_distribution("shop")
with open(PATH + "/shop-1.2.dist-info/scripts/hello", "w") as file:
    file.write("print('EVIL')")
try:
    found.run_script("hello", {{}})
except signedvfs.IntegrityCheckFailed:
    print("refused")
"""
    assert python(script, *IGNORE).stdout == "refused\n"


def test_paths_go_with_the_process_that_asked(workshop: Workshop, python: Python) -> None:
    # A forked child that ends as programs do leaves its parent's paths alone.
    path = workshop.zip("app.zip", FILES)
    script = f"""{prepare(path)}
import os, pkg_resources as p
paths = [p.resource_filename("shop", name) for name in ("data/a.txt", "data")]
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert all(map(os.path.exists, paths))
    print(*paths, sep="\\n")
"""
    paths = python(script, *IGNORE).stdout.split()
    assert len(paths) == 2
    for one in paths:
        assert not Path(one).parent.exists()


@pytest.mark.parametrize("name", ["pkg_resources", "own.pkg_resources", "own.distlib.resources"])
def test_a_module_that_is_only_called_like_them(
    workshop: Workshop, python: Python, name: str
) -> None:
    files = {
        f"{name.replace('.', '/')}.py": "class Requirement: pass\ndef register_finder(): pass\n"
    }
    for parent in ("own", "own/distlib"):
        files[f"{parent}/__init__.py"] = ""
    path = workshop.zip("app.zip", files)
    script = f"""{prepare(path)}
import zipimport
import {name} as module
assert isinstance(module.__loader__, zipimport.zipimporter)
print(sorted(one for one in vars(module) if not one.startswith("__")))
"""
    assert python(script).stdout == "['Requirement', 'register_finder']\n"


def test_distlib(place: Place, python: Python) -> None:
    path = place(FILES)
    script = f"""{prepare(path)}
import shop
from pip._vendor.distlib import resources
found = resources.finder("shop")
text = found.find("data/a.txt")
assert (text.bytes, text.size, text.is_container) == (b"first", 5, False)
directory = found.find("data")
assert directory.is_container and sorted(directory.resources) == ["a.txt", "deep"]
assert found.find("data/c.txt") is None
names = sorted(one.name for one in found.iterator("data"))
print(names)
"""
    done = python(script, *IGNORE)
    assert done.stdout == "['data', 'data/a.txt', 'data/deep', 'data/deep/b.txt']\n"


@pytest.mark.parametrize("entry", ["absolute", "relative"])
def test_jinja_finds_templates(place: Place, python: Python, entry: str) -> None:
    path = place(FILES)
    given = path if entry == "absolute" else Path(path.name)
    script = f"""{prepare(given)}
import jinja2
environment = jinja2.Environment(loader=jinja2.PackageLoader("shop"))
print(environment.get_template("i.html").render(name="W"), environment.list_templates())
try:
    environment.get_template("absent.html")
except jinja2.TemplateNotFound:
    print("not found")
"""
    assert python(script, *IGNORE).stdout == "Hello W ['i.html']\nnot found\n"


def test_what_is_installed_is_what_is_meant() -> None:
    # Later releases have no pkg_resources, and earlier ones another.
    assert [*APART.glob("setuptools-75.8*.dist-info")]
