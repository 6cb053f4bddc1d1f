"""pack: modules beside packages, distributions left out, data, and messages that name sources."""

from __future__ import annotations

import csv
import os
import zipfile
from pathlib import Path

import pytest

from tests.cli.helpers import Cli, make_wheel, write_tree

pytestmark = pytest.mark.slow


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_of_a_module_and_a_package_python_takes_the_package(
    cli: Cli, tmp_path: Path, keys: Path
) -> None:
    files: dict[str, str | bytes] = {
        "mod/__init__.py": "W = 'package'\n",
        "mod.py": "W = 'module'\n",
        "pkg/sub/__init__.py": "",
        "pkg/sub.py": "",
        "space/inner.py": "",  # no package: space.py is what Python takes
        "space.py": "W = 'module'\n",
    }
    wheel = make_wheel(tmp_path, "dep", files)
    main = write_tree(tmp_path / "main", {"run.py": "import mod, space\nprint(mod.W, space.W)\n"})
    words = ("pack", wheel, main, "-m", "run", "-o", "app.zip", "--key", keys / "a.key")
    report = cli.ok(*words, "--json").json
    assert [one["path"] for one in report["left_out"]] == [
        f"{wheel.name}/mod.py", f"{wheel.name}/pkg/sub.py"
    ]  # fmt: skip
    assert "the package" in report["left_out"][0]["reason"]
    found = members(cli.directory / "app.zip")
    assert not {"mod.py", "mod.pyc", "pkg/sub.py", "pkg/sub.pyc"} & set(found)
    listed = [row[0] for row in csv.reader(found["dep-1.0.dist-info/RECORD"].decode().split())]
    assert set(listed) <= set(found)
    assert "mod/__init__.py" in listed
    assert cli.ok("run", "--trust", keys / "a.pub", "app.zip").out == "package module\n"


@pytest.fixture
def resolved(tmp_path: Path) -> Path:
    """resolved is a requirement file that pip resolves to trunk and leaf_dep, offline."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(wheels, "leaf_dep", {"leaf.py": "A = 'leaf'\n"})
    make_wheel(wheels, "trunk", {"trunk.py": "A = 1\n"}, requires=["leaf-dep>=1"])
    file = tmp_path / "requirements.txt"
    file.write_text(f"--no-index\n--find-links {wheels}\ntrunk==1.0\n")
    return file


@pytest.mark.parametrize("name", ["leaf_dep", "Leaf.Dep", "leaf-dep"])
def test_a_distribution_can_be_left_out(cli: Cli, resolved: Path, name: str) -> None:
    words = ("pack", "-r", resolved, "--exclude", name, "-o", "app.zip", "--unsigned")
    report = cli.ok(*words, "--json").json
    assert {"path": "leaf_dep-1.0-py3-none-any.whl", "reason": "excluded"} in report["left_out"]
    assert not [one for one in members(cli.directory / "app.zip") if one.startswith("leaf")]


def test_what_is_not_there_cannot_be_left_out(cli: Cli, resolved: Path) -> None:
    done = cli("pack", "-r", resolved, "--exclude", "lief", "-o", "x.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert "'lief'" in done.error["reason"]
    assert "leaf-dep, trunk" in done.error["advice"]


def test_a_wheel_that_is_refused_is_named(cli: Cli, tmp_path: Path, resolved: Path) -> None:
    wrong = "leaf.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"
    make_wheel(
        tmp_path / "wheels", "leaf_dep", {"leaf.py": "A = 'leaf'\n"}, record={"leaf.py": wrong}
    )
    done = cli("pack", "-r", resolved, "-o", "app.zip", "--unsigned", "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert done.error["reason"].startswith("leaf_dep-1.0-py3-none-any.whl: 'leaf.py' is not what")
    assert "signedvfs-" not in done.out + done.err


def test_what_pip_says_names_no_directory_of_ours(cli: Cli, resolved: Path) -> None:
    with resolved.open("a") as file:
        file.write("no-such-thing==9\n")
    done = cli("pack", "-r", resolved, "-o", "app.zip", "--unsigned")
    assert done.code == 2
    assert "no-such-thing" in done.err
    assert "signedvfs-" not in done.err


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("name", ["con/\u202egnp.py", "a//b.py", "../a.py", "DEP.py", "dep.py/x"])
def test_a_name_that_is_refused_is_named_by_its_source(
    cli: Cli, tmp_path: Path, keys: Path, name: str, signed: bool
) -> None:
    wheel = make_wheel(tmp_path, "dep", {"dep.py": "A = 1\n", name: "A = 2\n"})
    words = ["--key", str(keys / "a.key")] if signed else ["--unsigned"]
    done = cli("pack", wheel, "-o", "app.zip", *words, "--json")
    assert (done.code, done.error["code"]) == (2, "Pack")
    assert done.error["reason"].startswith(f"{wheel.name}/")
    assert ".signedvfs-" not in done.out + done.err
    assert "unsigned.zip" not in done.out + done.err


DATA = {
    "assets/logo.svg": "<svg/>",
    "assets/deep/er/a.json": "{}",
    "assets/deep/b.json": "{}",
    "assets/deep/template.py": "{{ not python }}",
    "assets/__pycache__/x.pyc": "x",
    "conf.d/app.toml": "a = 1",
    "compiled/other.pyc": "of another Python",
    "odd [1].txt": "odd",
    "eq=x/f": "f",
}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("assets", ["assets/deep/b.json", "assets/deep/er/a.json", "assets/deep/template.py",
                    "assets/logo.svg"]),
        ("./assets/deep/er/", ["assets/deep/er/a.json"]),
        ("assets/deep/er=app/data/", ["app/data/a.json"]),
        ("assets/deep/er=.", ["a.json"]),
        ("assets/deep/er=", ["a.json"]),
        ("conf.d/app.toml", ["conf.d/app.toml"]),
        ("conf.d/app.toml=app", ["app/app.toml"]),
        ("assets/**/*.json", ["assets/deep/b.json", "assets/deep/er/a.json"]),
        ("assets/*/*.json=app", ["app/deep/b.json"]),
        ("assets/de?p/[ab].json=app", ["app/deep/b.json"]),
        ("**/a*.json=app", ["app/assets/deep/er/a.json"]),
        ("odd [1].txt", ["odd [1].txt"]),
        ("compiled", ["compiled/other.pyc"]),
        ("eq=x/f", ["eq=x/f"]),
        ("eq=x/f=g", ["g/f"]),
        ("{here}/conf.d=app", ["app/app.toml"]),
    ],
)  # fmt: skip
def test_data_is_included(cli: Cli, tree: Path, given: str, names: list[str]) -> None:
    write_tree(cli.directory, DATA)
    given = given.format(here=cli.directory)
    cli.ok("pack", tree, "-o", "plain.zip", "--unsigned")
    cli.ok("pack", tree, "--include-data", given, "-o", "app.zip", "--unsigned", "--source",
           "strip")  # fmt: skip
    found = members(cli.directory / "app.zip")
    added = set(found) - set(members(cli.directory / "plain.zip"))
    assert sorted(name for name in added if not name.endswith("/")) == names
    assert {found[name] for name in names} <= {text.encode() for text in DATA.values()}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("absent", "absent"),
        ("assets/*.none", "no file to include"),
        ("assets/deep/er/*", "differ"),
        ("assets=../up", "no directory of an archive"),
        ("assets=/etc", "no directory of an archive"),
        ("{here}/assets", "has no place by itself"),
        ("conf.d/../assets", "has no place by itself"),
        ("links", "symbolic link"),
        ("links/*", "symbolic link"),
        ("pipe", "no file to include"),
        ("release.key", "no file to include"),
    ],
)
def test_data_that_cannot_be_included_is_named(
    cli: Cli, tree: Path, keys: Path, given: str, said: str
) -> None:
    write_tree(cli.directory, DATA)
    write_tree(tree, {"assets/deep/er/a.json": "[]"})
    (cli.directory / "links").mkdir()
    (cli.directory / "links" / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(cli.directory / "pipe")
    (cli.directory / "release.key").write_bytes((keys / "a.key").read_bytes())
    done = cli("pack", tree, "--include-data", given.format(here=cli.directory), "-o", "app.zip",
               "--key", "release.key", "--json")  # fmt: skip
    assert done.code == 2
    assert said in done.error["reason"]
    assert not (cli.directory / "app.zip").exists()


def test_python_takes_data_and_distributions_too(cli: Cli, tree: Path, resolved: Path) -> None:
    import signedvfs
    from signedvfs.packaging import ExtraData

    write_tree(cli.directory, DATA)
    report = signedvfs.pack(
        tree,
        cli.directory / "app.zip",
        requirements=[resolved],
        without=["trunk"],
        data=[ExtraData(str(cli.directory / "conf.d"), "a"), f"{cli.directory}/assets/*.svg=b"],
    )
    assert report.warnings == ()
    found = members(cli.directory / "app.zip")
    assert {"a/app.toml", "b/logo.svg", "leaf.pyc"} <= set(found)
    assert "trunk.pyc" not in found


def test_another_sources_package_takes_no_modules_place(cli: Cli, tmp_path: Path) -> None:
    program = write_tree(cli.directory / "src", {"app.py": "GOOD = 1\n", "__main__.py": ""})
    wheel = make_wheel(tmp_path, "dep", {"app/__init__.py": "EVIL = 1\n"})
    for sources in ((program, wheel), (wheel, program)):
        done = cli("pack", *sources, "-o", "app.zip", "--unsigned")
        assert done.code == 2
        assert "would be the same module" in done.err
        assert "app.py" in done.err
        assert not (cli.directory / "app.zip").exists()
