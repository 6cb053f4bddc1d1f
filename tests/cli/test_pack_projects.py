"""pack: projects with a pyproject.toml, and locks by hash. Nothing here asks an index."""

from __future__ import annotations

import hashlib
import platform
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.helpers import Cli, make_project, make_wheel, write_tree

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _no_index(monkeypatch: pytest.MonkeyPatch, wheels: Path) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """wheels is a directory with leaf 1.0 and 2.0, trunk, which requires leaf, and extra."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    for version in ("1.0", "2.0"):
        make_wheel(directory, "leaf", {"leaf.py": f"A = 'leaf {version}'\n"}, version=version)
    make_wheel(directory, "trunk", {"trunk.py": "from leaf import A\n"}, requires=["leaf>=1"])
    make_wheel(directory, "extra", {"extra.py": "A = 1\n"})
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """project is one that requires trunk, and has a file that its wheel leaves out."""
    files = {
        "src/tool.py": "import trunk\ndef main(): print('tool with', trunk.A)\n",
        "tests/test_tool.py": "",
    }
    return make_project(tmp_path / "project", "tool", files, requires=["trunk"])


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def hash_of(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def refusal(lock: Path, text: str) -> str:
    """refusal is why packing does not take a lock of this text."""
    from signedvfs.packaging import PackError
    from signedvfs.packaging.members import Members
    from signedvfs.packaging.sources import Inputs, collect

    lock.write_text(text)
    with pytest.raises(PackError) as caught:
        collect(Members(), Inputs([], [lock]), lock.parent)
    assert caught.value.advice
    return str(caught.value)


def test_a_project_is_built_and_what_it_requires_is_resolved(
    cli: Cli, project: Path, keys: Path
) -> None:
    cli.ok("pack", project, "-c", "tool", "-o", "app.zip", "--key", keys / "a.key")
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "tool with leaf 2.0\n"
    found = names(cli.directory / "app.zip")
    assert {"tool.pyc", "trunk.pyc", "leaf.pyc"} <= found
    assert not [name for name in found if name.startswith(("tests", "src", "backend", "pyproject"))]


def test_here_is_a_project_too(cli: Cli, project: Path) -> None:
    excluded = ("--exclude", "trunk", "--exclude", "leaf")
    Cli(project).ok("pack", ".", *excluded, "-o", cli.directory / "a.zip", "--unsigned")
    assert {name for name in names(cli.directory / "a.zip") if "/" not in name} == {
        "tool.py", "tool.pyc"
    }  # fmt: skip


def test_a_key_that_is_built_into_a_wheel_is_left_out(cli: Cli, project: Path, keys: Path) -> None:
    key = project / "src" / "release.key"
    key.write_bytes((keys / "a.key").read_bytes())
    words = ("pack", project, "-c", "tool", "-o", "app.zip", "--key", key)
    report = cli.ok(*words, "--json").json
    assert {"path": "tool-2.0-py3-none-any.whl/release.key", "reason": "a key"} in report[
        "left_out"
    ]
    with zipfile.ZipFile(cli.directory / "app.zip") as archive:
        assert b"release.key" not in archive.read("tool-2.0.dist-info/RECORD")
        assert not [one for one in archive.namelist() if b"PRIVATE KEY" in archive.read(one)]


def test_a_pyproject_that_only_configures_tools_makes_no_project(cli: Cli, project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
    cli.ok("pack", project, "-o", "app.zip", "--unsigned")
    assert {"src/tool.pyc", "tests/test_tool.pyc", "pyproject.toml"} <= names(
        cli.directory / "app.zip"
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pyproject.toml": "[project\n"}, "pyproject.toml is not TOML"),
        ({"pyproject.toml": b"\xff"}, "pyproject.toml is not TOML"),
        ({"backend.py": "raise OSError\n"}, "could not build"),
        ({"requires": "absent\n"}, "could not resolve"),
    ],
)
def test_a_project_that_does_not_build_is_named(
    cli: Cli, project: Path, change: dict[str, str | bytes], said: str
) -> None:
    write_tree(project, change)
    done = cli("pack", project, "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert said in done.error["reason"]
    assert not (cli.directory / "app.zip").exists()


def pylock_text(wheels: Path, *packages: str) -> str:
    """pylock_text is a lock of leaf 1.0 and trunk, and of `packages`."""
    text = 'lock-version = "1.0"\ncreated-by = "tests"\nrequires-python = ">=3.9"\n'
    for name in ("leaf", "trunk"):
        wheel = wheels / f"{name}-1.0-py3-none-any.whl"
        hashes = f'hashes = {{sha256 = "{hash_of(wheel)}"}}'
        text += (
            f'[[packages]]\nname = "{name}"\nversion = "1.0"\n'
            f'wheels = [{{path = "wheels/{wheel.name}", {hashes}}}]\n'
        )
    return text + "".join(packages)


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.app.toml"])
def test_a_pylock_decides(cli: Cli, project: Path, wheels: Path, keys: Path, name: str) -> None:
    (cli.directory / name).write_text(pylock_text(
        wheels,
        '[[packages]]\nname = "never"\nmarker = "sys_platform == \'none\'"\n',
        '[[packages]]\nname = "dev"\nmarker = "\'dev\' in dependency_groups"\n',
        '[[packages]]\nname = "ex"\nmarker = "\'more\' in extras"\n',
    ))  # fmt: skip
    cli.ok("pack", project, "-r", name, "-c", "tool", "-o", "app.zip", "--key", keys / "a.key")
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "tool with leaf 1.0\n"


def test_a_lock_alone_is_packed(cli: Cli, wheels: Path) -> None:
    (cli.directory / "pylock.toml").write_text(pylock_text(wheels))
    cli.ok("pack", "-r", "pylock.toml", "-o", "app.zip", "--unsigned")
    assert {"trunk.pyc", "leaf.pyc"} <= names(cli.directory / "app.zip")
    cli.ok("pack", "-r", "pylock.toml", "--exclude", "Leaf", "-o", "app.zip", "--unsigned")
    assert "leaf.pyc" not in names(cli.directory / "app.zip")


def test_a_file_with_another_hash_is_refused_by_the_name_of_the_lock(
    cli: Cli, wheels: Path
) -> None:
    (cli.directory / "pylock.toml").write_text(pylock_text(wheels))
    make_wheel(wheels, "leaf", {"leaf.py": "EVIL = 1\n"})
    done = cli("pack", "-r", "pylock.toml", "-o", "app.zip", "--unsigned")
    assert done.code == 2
    assert "pip could not fetch what pylock.toml names" in done.err
    assert "leaf==1.0" in done.err
    assert "signedvfs-" not in done.err
    assert "locked0" not in done.err
    assert not (cli.directory / "app.zip").exists()


def entry(files: str) -> str:
    return f'[[packages]]\nname = "extra"\nversion = "1.0"\n{files}\n'


H = "0" * 64
EVERY_KIND = (
    f'[[packages]]\nname = "more"\n[packages.archive]\nurl = "https://example.org/more-1-x.whl"\n'
    f'hashes = {{sha256 = "{H}"}}\n',
    '[[packages]]\nname = "here"\ndirectory = {path = "."}\n',
    '[[packages]]\nname = "extra"\nversion = "1.0"\nindex = "https://example.org/simple"\n'
    'marker = "\'main\' in dependency_groups"\nrequires-python = ">=3"\n'
    f'wheels = [{{url = "https://example.org/x.whl", hashes = {{sha256 = "{H}"}}}}]\n',
)
REFUSED = {
    "no hash": (entry('wheels = [{path = "wheels/extra-1.0-py3-none-any.whl"}]'), "has no hash"),
    "empty hash": (entry('wheels = [{path = "x.whl", hashes = {}}]'), "has no hash"),
    "weak hash": (entry('wheels = [{path = "x.whl", hashes = {md5 = "0"}}]'), "has no hash"),
    "short hash": (entry('wheels = [{path = "x.whl", hashes = {sha256 = "00"}}]'), "has no hash"),
    "one of two": (
        entry(f'wheels = [{{path = "x.whl", hashes = {{sha256 = "{H}"}}}}, {{path = "y.whl"}}]'),
        "y.whl has no hash",
    ),
    "wrong hash": (
        entry(f'wheels = [{{path = "wheels/extra-1.0-py3-none-any.whl", '
              f'hashes = {{sha256 = "{H}"}}}}]'), "could not fetch"),
    "sdist": (entry(f'sdist = {{path = "x.tar.gz", hashes = {{sha256 = "{H}"}}}}'), "has no wheel"),
    "vcs": (entry('vcs = {type = "git", url = "x", commit-id = "0"}'), "version control"),
    "archive": (
        entry(f'archive = {{path = "x.tar.gz", hashes = {{sha256 = "{H}"}}}}'), "is no wheel"),
    "directory": (entry('directory = {path = "elsewhere"}'), "has no hash"),
    "twice": (
        '[[packages]]\nname = "trunk"\nversion = "2"\n'
        f'wheels = [{{path = "x.whl", hashes = {{sha256 = "{H}"}}}}]\n', "more than once"),
    "option": (
        entry("").replace('"1.0"', '"1.0 --index-url=x"')
        + f'wheels = [{{path = "x.whl", hashes = {{sha256 = "{H}"}}}}]\n', "no version"),
    "name": (
        entry("").replace('"extra"', '"--extra"')
        + f'wheels = [{{path = "x.whl", hashes = {{sha256 = "{H}"}}}}]\n', "no name"),
    "marker": ('[[packages]]\nname = "x"\nmarker = "no such thing"\n', "not understood"),
    "python": (entry('requires-python = ">=99"'), "wants Python >=99"),
}  # fmt: skip


@pytest.mark.parametrize(("packages", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_pylock_that_cannot_be_checked_is_refused(
    tmp_path: Path, wheels: Path, packages: str, said: str
) -> None:
    reason = refusal(tmp_path / "pylock.toml", pylock_text(wheels, packages))
    assert said in reason
    assert "pylock.toml" in reason


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('lock-version = "1.0"', 'lock-version = "2.0"', "lock-version"),
        ('lock-version = "1.0"', "", "no lock-version"),
        ('">=3.9"', '"<3"', f"this is {platform.python_version()}"),
        ('created-by = "tests"', "environments = [\"sys_platform == 'none'\"]", "environments"),
    ],
)
def test_a_pylock_for_something_else_is_refused(
    tmp_path: Path, wheels: Path, old: str, new: str, said: str
) -> None:
    assert old in pylock_text(wheels)
    assert said in refusal(tmp_path / "pylock.toml", pylock_text(wheels).replace(old, new))


@pytest.mark.parametrize("requires", ["leaf>=2", "extra"])
def test_a_lock_that_is_out_of_date_is_refused(
    cli: Cli, project: Path, wheels: Path, requires: str
) -> None:
    (cli.directory / "pylock.toml").write_text(pylock_text(wheels))
    (project / "requires").write_text(f"{requires}\n")
    done = cli("pack", project, "-r", "pylock.toml", "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert "does not have what the project requires" in done.error["reason"]


def uv_lock(wheels: Path) -> str:
    """uv_lock is a lock as uv writes it: every platform, extra and group at once."""

    def package(name: str, version: str, more: str = "") -> str:
        wheel = wheels / f"{name}-{version}-py3-none-any.whl"
        return (
            f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
            f'source = {{ registry = "wheels" }}\n{more}'
            f'wheels = [\n    {{ path = "{wheel.name}", hash = "sha256:{hash_of(wheel)}" }},\n]\n'
        )

    return (
        'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n'
        '[[package]]\nname = "tool"\nversion = "2.0"\nsource = { editable = "." }\n'
        'dependencies = [\n    { name = "trunk" },\n'
        '    { name = "never", marker = "sys_platform == \'win32\'" },\n]\n'
        '[package.optional-dependencies]\nmore = [ { name = "never" } ]\n'
        '[package.dev-dependencies]\ndev = [ { name = "never" } ]\n'
        + package("leaf", "1.0", "resolution-markers = [ \"python_full_version >= '3.9'\" ]\n")
        + package("leaf", "2.0", "resolution-markers = [ \"python_full_version < '3.9'\" ]\n")
        + package(
            "trunk",
            "1.0",
            'dependencies = [ { name = "leaf", version = "1.0", source = { registry = "wheels" }, '
            "marker = \"python_full_version >= '3.9'\" }, "
            '{ name = "leaf", version = "2.0", source = { registry = "wheels" }, '
            "marker = \"python_full_version < '3.9'\" } ]\n",
        )
        + '[[package]]\nname = "never"\nversion = "1"\nsource = { git = "x" }\n'
    )


def test_a_uv_lock_decides(cli: Cli, project: Path, wheels: Path, keys: Path) -> None:
    wheels.rename(project / "wheels")
    (project / "uv.lock").write_text(uv_lock(project / "wheels"))
    Cli(project).ok("pack", ".", "-r", "uv.lock", "-c", "tool", "-o", cli.directory / "app.zip",
                    "--key", keys / "a.key")  # fmt: skip
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "tool with leaf 1.0\n"
    # The project itself is named, or not packed.
    words = ("pack", "project/src", "-r", "project/uv.lock", "-o", "app.zip", "--unsigned")
    report = cli.ok(*words, "--json").json
    assert [one["path"] for one in report["left_out"] if one["path"] == "tool"] == ["tool"]
    assert {"tool.pyc", "trunk.pyc", "leaf.pyc"} <= names(cli.directory / "app.zip")


UV_REFUSED = {
    "no hash": ('hash = "sha256:', 'was = "sha256:', "has no hash"),
    "wrong hash": ('hash = "sha256:', f'hash = "sha256:{H}", was = "', "could not fetch"),
    "weak hash": ('hash = "sha256:', 'hash = "md5:', "has no hash"),
    "version": ("version = 1\n", "version = 2\n", "is not known"),
    "no wheel": ("wheels = [", 'sdist = { url = "x" }\nother = [', "has no wheel"),
    "git": ("sys_platform == 'win32'", "sys_platform == 'linux'", "version control"),
    "absent": ('{ name = "trunk" }', '{ name = "trink" }', "0 entries are for trink"),
    "python": ('requires-python = ">=3.9"', 'requires-python = ">=99"', "wants Python >=99"),
    "member": ('{ name = "trunk" }', '{ name = "sibling" }', "has no hash"),
    "root": ("editable", "registry", "no project of its own"),
}


@pytest.mark.parametrize(("old", "new", "said"), UV_REFUSED.values(), ids=UV_REFUSED.keys())
def test_a_uv_lock_that_cannot_be_checked_is_refused(
    tmp_path: Path, wheels: Path, old: str, new: str, said: str
) -> None:
    text = uv_lock(wheels) + '[[package]]\nname = "sibling"\nsource = { directory = "sibling" }\n'
    assert old in text
    reason = refusal(tmp_path / "uv.lock", text.replace(old, new))
    assert said in reason
    assert "uv.lock" in reason


def test_a_uv_lock_without_what_is_excluded(cli: Cli, wheels: Path) -> None:
    text = uv_lock(wheels).replace("sys_platform == 'win32'", "sys_platform == 'linux'")
    (cli.directory / "uv.lock").write_text(text)
    words = ("pack", "-r", "uv.lock", "--exclude", "never", "-o", "app.zip", "--unsigned")
    report = cli.ok(*words, "--json").json
    assert {"path": "never", "reason": "excluded"} in report["left_out"]


def changed(value: Any, to: object) -> Iterator[Any]:
    """changed gives out copies of what TOML can hold, with one value in each replaced."""
    yield to
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        for one in changed(inner, to):
            copy = value.copy()
            copy[key] = one
            yield copy


@pytest.mark.parametrize("to", [0, "", "x", [], [0], {}, {"a": 0}, True])
@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml"])
def test_a_lock_of_any_shape_is_read_or_refused(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch, name: str, to: object
) -> None:
    from signedvfs.packaging import PackError, pylock, uvlock
    from signedvfs.packaging.locked_wheels import read_lock
    from signedvfs.packaging.toml import load_toml

    text = uv_lock(wheels)
    if name == "pylock.toml":
        text = 'default-groups = ["main"]\n' + pylock_text(wheels, *EVERY_KIND)
    (tmp_path / name).write_text(text)
    tables = load_toml(tmp_path / name)
    assert len(read_lock(tmp_path / name, ()).packages) == (2 if name == "uv.lock" else 4)
    outcomes = {True: 0, False: 0}
    for one in changed(tables, to):
        if not isinstance(one, dict):
            continue  # a TOML file is a table
        for module in (pylock, uvlock):
            monkeypatch.setattr(module, "load_toml", lambda _, one=one: one)
        try:
            read_lock(tmp_path / name, ())
        except PackError as error:
            assert name in str(error)
            outcomes[False] += 1
        else:
            outcomes[True] += 1
    assert all(outcomes.values()), outcomes
