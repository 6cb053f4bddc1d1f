"""PathHook(roots=...): owns what lies at given roots absolutely, and touches nothing else."""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import importlib.util
import os
import pickle
import pkgutil
import sys
import zipfile
import zipimport
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import pytest

import signedvfs
from tests.importer.workshop import Files, Importing, Python, Workshop

Hook = Callable[..., signedvfs.PathHook]


@pytest.fixture
def bare(importing: Importing) -> Importing:
    """The import system without the hook over all archives, and nobody trusted by default."""
    sys.path_hooks.remove(signedvfs.hook)
    signedvfs.set_policy(signedvfs.TrustPolicy())
    return importing


@pytest.fixture
def drop(workshop: Workshop, bare: Importing) -> Path:
    """A directory into which archives are put, first on sys.path, with a hook of its own."""
    path = workshop.directory / "drop"
    path.mkdir()
    hook = signedvfs.PathHook([path], signedvfs.TrustPolicy(workshop.public_key))
    hook.install()
    bare.put(path)
    return path


def put_at(path: Path, stands: str) -> None:
    """Put what is no archive in an archive's place."""
    if stands == "directory":
        path.mkdir()
    elif stands != "nothing":
        path.write_text("junk" if stands == "junk" else "")


def unsigned(workshop: Workshop, name: str, files: Files) -> Path:
    return workshop.plain_zip(f"drop/{name}", files)


def test_archives_below_a_root_are_verified(
    workshop: Workshop, drop: Path, bare: Importing
) -> None:
    bare.put(workshop.zip("drop/shop.zip", {"shop/__init__.py": "", "shop/jobs.py": "v = 1\n"}))
    assert bare.module("shop.jobs").v == 1
    assert isinstance(bare.module("shop").__loader__, signedvfs.zipimporter)
    bare.put(workshop.zip("drop/plain-name", {"other.py": "v = 2\n"}))
    assert bare.module("other").v == 2
    assert isinstance(pkgutil.get_importer(str(drop)), signedvfs.zipimporter)


def test_what_lies_elsewhere_is_left_alone(workshop: Workshop, drop: Path, bare: Importing) -> None:
    # hosts such as Spark bring unsigned archives of their own
    host = workshop.plain_zip("host.zip", {"host.py": "v = 1\n"})
    directory = workshop.tree("lib.egg", {"lib.py": "v = 2\n"}, sign=False)
    beside = workshop.tree("drop-beside", {"beside.py": "v = 3\n"}, sign=False)
    bare.put(host, directory, beside)
    assert [bare.module(name).v for name in ("host", "lib", "beside")] == [1, 2, 3]
    assert isinstance(bare.module("host").__loader__, zipimport.zipimporter)
    for path in (host, directory, beside, "/", "missing.zip", drop.parent):
        with pytest.raises(ImportError):
            sys.path_hooks[0](str(path))


@pytest.mark.parametrize(
    "name",
    ["m.py", "m.pyc", "m/x.py", "m/__init__.py", "m" + importlib.machinery.EXTENSION_SUFFIXES[0]],
)
def test_the_root_itself_supplies_nothing_and_refuses_what_it_would_supply(
    workshop: Workshop, drop: Path, bare: Importing, name: str
) -> None:
    later = workshop.tree("later", {"m.py": "v = 'attacker'\n", "n.py": "v = 1\n"}, sign=False)
    sys.path.insert(1, str(later))
    assert bare.module("n").v == 1
    (drop / name).parent.mkdir(exist_ok=True)
    (drop / name).write_text("v = 'attacker'\n")
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        bare.module("m")
    assert list(pkgutil.iter_modules([str(drop)])) == []


def test_a_refused_archive_refuses_what_it_could_mean_and_nothing_else(
    workshop: Workshop, drop: Path, bare: Importing
) -> None:
    # one bad upload does not stop every other import of the process
    later = workshop.tree(
        "later",
        {
            "fine.py": "v = 1\n",
            "shop/__init__.py": "v = 'attacker'\n",
            "named.py": "v = 'attacker'\n",
        },
        sign=False,
    )
    bare.put(unsigned(workshop, "named-1.0.zip", {"shop/jobs.py": ""}), later)
    assert bare.module("fine").v == 1
    for name in ("shop", "named"):  # listed; what the file is named after
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            bare.module(name)
    assert metadata.version("pytest")
    assert [m.name for m in pkgutil.iter_modules([str(drop / "named-1.0.zip")])] == []


@pytest.mark.parametrize(
    "content",
    [
        lambda good: good[:-3],  # a zip archive, but of what?
        lambda good: good + b"tail",
        lambda _: b"\x1f\x8b" + bytes(100),  # perhaps a tar archive
    ],
    ids=["cut", "tail", "gzip"],
)
def test_what_could_mean_anything_refuses_everything(
    workshop: Workshop, drop: Path, bare: Importing, content: Callable[[bytes], bytes]
) -> None:
    path = workshop.zip("drop/shop.zip", {"shop.py": ""})
    path.write_bytes(content(path.read_bytes()))
    later = workshop.tree("later", {"m.py": "v = 'attacker'\n"}, sign=False)
    bare.put(drop / "shop.zip", later)
    with pytest.raises(signedvfs.IntegrityCheckError):
        bare.module("m")


@pytest.mark.parametrize("stands", ["nothing", "junk", "empty", "directory"])
def test_a_missing_archive_of_a_root_refuses_what_it_is_known_for(
    workshop: Workshop, drop: Path, bare: Importing, stands: str
) -> None:
    path = workshop.zip("drop/shop-1.zip", {"inside/__init__.py": "", "first.py": ""})
    later = workshop.tree(
        "later",
        {"inside/__init__.py": "", "shop.py": "", "other.py": "", "wave.py": ""},
        sign=False,
    )
    bare.put(path, later)
    bare.module("first")
    path.unlink()
    put_at(path, stands)
    importlib.invalidate_caches()
    for name in ("inside", "shop", "other"):
        with pytest.raises(signedvfs.IntegrityCheckError):
            bare.module(name)
    assert drop in path.parents
    # What is Python's, or installed, is taken from there, and from no entry in between.
    for name in ("wave", "joblib"):
        found = importlib.util.find_spec(name)
        assert found is not None
        assert str(later) not in str(found.origin)


@pytest.mark.parametrize("stands", ["nothing", "junk", "empty", "directory"])
def test_an_archive_that_was_itself_given_as_a_root_could_mean_anything(
    workshop: Workshop, bare: Importing, stands: str
) -> None:
    path = workshop.directory / "app.zip"
    put_at(path, stands)
    signedvfs.PathHook([path], signedvfs.TrustPolicy(workshop.public_key)).install()
    later = workshop.tree("later", {"m.py": "v = 'attacker'\n"}, sign=False)
    bare.put(path, later)
    with pytest.raises(signedvfs.IntegrityCheckError):
        bare.module("m")


def test_the_listing_of_a_refused_archive_is_read_once(
    workshop: Workshop, drop: Path, bare: Importing
) -> None:
    # who rewrites it afterwards changes nothing
    path = unsigned(workshop, "a.zip", {"m.py": "v = 'attacker'\n"})
    later = workshop.tree("later", {"m.py": "v = 'attacker'\n"}, sign=False)
    bare.put(path, later)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        bare.module("m")
    unsigned(workshop, "b.zip", {"x.py": ""}).replace(drop / "a.zip")
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        bare.module("m")


@pytest.mark.usefixtures("bare")
def test_roots_compare_by_real_path_fixed_at_first_sight(workshop: Workshop) -> None:
    drop = workshop.directory / "drop"
    drop.mkdir()
    (workshop.directory / "link").symlink_to("drop")
    elsewhere = workshop.tree("elsewhere", {"m.py": ""}, sign=False)
    os.chdir(workshop.directory)
    hook = signedvfs.PathHook(["link"], signedvfs.TrustPolicy(workshop.public_key))
    assert hook.roots == (str(workshop.directory / "link"),)
    bad = unsigned(workshop, "bad.zip", {"m.py": ""})
    (drop / "out").symlink_to(elsewhere)
    (workshop.directory / "by-way-of").symlink_to(drop / "out")
    (workshop.directory / "alias").symlink_to(bad)
    for spelling in (
        bad,
        workshop.directory / "link" / "bad.zip",
        f"{drop}//./bad.zip/",
        f"{elsewhere}/../drop/bad.zip",
        workshop.directory / "alias",
        f"{drop.name}/bad.zip",
        drop / "out",
        workshop.directory / "by-way-of",
    ):
        with pytest.raises(signedvfs.IntegrityCheckError):
            hook(str(spelling)).find_spec("m")
    os.chdir(elsewhere)
    (workshop.directory / "link").unlink()
    (workshop.directory / "link").symlink_to("elsewhere")
    with pytest.raises(signedvfs.IntegrityCheckError):
        hook(str(bad)).find_spec("m")


def test_two_parties_have_two_policies_in_one_process(workshop: Workshop, bare: Importing) -> None:
    own = workshop.directory.name
    other = signedvfs.PrivateKey.generate()
    for party, key in (("a", workshop.key), ("b", other)):
        directory = workshop.directory / party
        directory.mkdir()
        signedvfs.PathHook([directory], signedvfs.TrustPolicy(key.public_key)).install()
        for signer, by in (("a", workshop.key), ("b", other)):
            name = f"{party}_by_{signer}"
            # The same product in other words: floors are each party's own.
            serial = 9 if party == "a" else 1
            bare.put(
                workshop.zip(f"{party}/{name}.zip", {f"{name}.py": "v = 1\n"}, serial, own, by)
            )
    assert bare.module("a_by_a").v == 1
    assert bare.module("b_by_b").v == 1
    for name in ("a_by_b", "b_by_a"):
        with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
            bare.module(name)
        assert caught.value.code == "NoTrustedKey"


def test_beside_the_hook_over_all_archives(
    workshop: Workshop, importing: Importing, tmp_path: Path
) -> None:
    # a root's owner answers in whatever order the hooks stand
    other = signedvfs.PrivateKey.generate()
    own = tmp_path / "own"
    own.mkdir()
    hook = signedvfs.PathHook([own], signedvfs.TrustPolicy(other.public_key))
    sys.path_hooks.append(hook)
    foreign = workshop.zip("own/foreign.zip", {"foreign.py": ""})
    importing.put(
        workshop.zip("app.zip", {"app.py": "v = 1\n"}),
        workshop.zip("own/good.zip", {"good.py": "v = 2\n"}, key=other),
        foreign,
    )
    assert importing.module("app").v == 1
    assert importing.module("good").v == 2
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("foreign")
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        signedvfs.zipimporter(str(foreign))


@pytest.mark.usefixtures("bare")
def test_installing_twice_is_installing_once(workshop: Workshop) -> None:
    policy = signedvfs.TrustPolicy(workshop.public_key)
    before = list(sys.path_hooks)
    one = signedvfs.PathHook([workshop.directory], policy)
    two = signedvfs.PathHook([f"{workshop.directory}/."], policy)
    assert one == two
    assert hash(one) == hash(two)
    for hook in (one, two, one):
        hook.install()
    assert sys.path_hooks == [one, *before]
    for _ in range(2):
        signedvfs.hook.install()
    assert sys.path_hooks == [signedvfs.hook, one, *before]
    assert one != signedvfs.hook
    assert signedvfs.hook.roots is None


@pytest.mark.usefixtures("bare")
def test_a_path_has_one_owner(workshop: Workshop) -> None:
    policy = signedvfs.TrustPolicy(workshop.public_key)
    hook = signedvfs.PathHook([workshop.directory / "a"], policy)
    for roots in (["a"], ["a/b"], ["."], ["c", "a"]):
        paths = [workshop.directory / root for root in roots]
        with pytest.raises(ValueError, match="has an owner already"):
            signedvfs.PathHook(paths, signedvfs.TrustPolicy())
    assert "PathHook(roots=('" in repr(hook)


@pytest.mark.usefixtures("bare")
def test_wrong_arguments(workshop: Workshop) -> None:
    wrong: list[Any] = ["app.zip", b"app.zip", 3, None, [3], [None]]
    for roots in wrong:
        with pytest.raises(TypeError):
            signedvfs.PathHook(roots)
    for paths in ([], ["a\0b"]):
        with pytest.raises(ValueError, match=r"roots|null|NUL"):
            signedvfs.PathHook(paths)
    with pytest.raises(TypeError):
        signedvfs.PathHook(["x"], cast(Any, "policy"))
    with pytest.raises(TypeError):
        signedvfs.PathHook(["x"], limits=cast(Any, 7))
    with pytest.raises(ValueError, match="given roots"):
        signedvfs.PathHook([workshop.directory / "y"]).protect("x")


def test_without_a_policy_of_its_own_the_one_in_force_counts(
    workshop: Workshop, bare: Importing
) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"})
    signedvfs.PathHook([path]).install()
    bare.put(path)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        bare.module("m")
    signedvfs.trust(workshop.public_key)
    assert bare.module("m").v == 1


def test_limits_of_its_own(workshop: Workshop, bare: Importing) -> None:
    path = workshop.zip("app.zip", {"m.py": "v = 1\n", "n.py": ""})
    policy = signedvfs.TrustPolicy(workshop.public_key)
    signedvfs.PathHook([path], policy, limits=signedvfs.Limits(members=1)).install()
    bare.put(path)
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        bare.module("m")
    assert caught.value.code == "TooLarge"


@pytest.mark.parametrize("index", [False, True], ids=["manifest", "index"])
def test_an_unpacked_archive_is_a_signed_directory(
    workshop: Workshop, drop: Path, bare: Importing, index: bool
) -> None:
    # Ray unzips what it ships; an indexed one is a directory like any other
    files = {"m.py": "v = 1\n", "p/__init__.py": "", "p/s.py": "v = 2\n"}
    packed = workshop.zip("packed.zip", files, index=index)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(drop / "_ray_pkg_1")
    bare.put(drop / "_ray_pkg_1")
    assert bare.module("m").v == 1
    assert bare.module("p.s").v == 2
    (drop / "_ray_pkg_1" / "p" / "t.py").write_text("v = 'attacker'\n")
    with pytest.raises(ImportError):
        bare.module("p.t")
    # Whatever stands between it and the root counts, if it has a manifest.
    outer = workshop.tree("drop/outer", {"x.py": ""})
    inner = workshop.tree("drop/outer/inner", {"y.py": "v = 'attacker'\n"})
    assert outer in inner.parents
    bare.put(inner)
    with pytest.raises(ImportError):
        bare.module("y")


def test_a_pickled_finder_needs_the_hook_for_its_roots(
    workshop: Workshop, drop: Path, bare: Importing
) -> None:
    # 22: unpickling brings no other policy into play
    bare.put(workshop.zip("drop/shop.zip", {"shop.py": "v = 1\n"}))
    loader = bare.module("shop").__loader__
    sent = pickle.dumps(loader)
    assert pickle.loads(sent).find_spec("shop").origin == f"{drop}/shop.zip/shop.py"
    del sys.path_hooks[0]
    with pytest.raises(ImportError, match=r"no signedvfs\.PathHook for these"):
        pickle.loads(sent)


@pytest.mark.parametrize("way", ["spawn", "forkserver", "joblib"])
def test_children_have_the_hooks_of_their_parent(
    workshop: Workshop, python: Python, way: str
) -> None:
    workshop.zip("drop/shop.zip", {"shop.py": "v = 'good'\n"}, 5, "shop")
    workshop.zip("drop/old.zip", {"shop.py": "v = 'old'\n"}, 4, "shop")
    workshop.plain_zip("drop/bad.zip", {"bad.py": "v = 'attacker'\n"})
    workshop.plain_zip("host.zip", {"host.py": "v = 'host'\n"})
    work = workshop.tree(
        "plain",
        {
            "work.py": """
import sys
def look(path, name):
    sys.path.insert(0, path)
    try:
        return __import__(name).v
    except Exception as error:
        return getattr(error, "code", type(error).__name__)
    finally:
        sys.path.remove(path)
"""
        },
        sign=False,
    )
    start = (
        f"with multiprocessing.get_context({way!r}).Pool(1) as pool:\n"
        "        found = [pool.apply(work.look, one) for one in asked]"
    )
    if way == "joblib":
        start = (
            "import joblib, warnings; warnings.simplefilter('ignore')\n"
            "    tasks = [joblib.delayed(work.look)(*one) for one in asked]\n"
            "    found = joblib.Parallel(n_jobs=2)(tasks)"
        )
    script = f"""
    import multiprocessing, sys, signedvfs
    policy = signedvfs.TrustPolicy(signedvfs.PublicKey.load({str(workshop.public_path)!r}))
    signedvfs.PathHook([{str(workshop.directory / "drop")!r}], policy).install()
    sys.path.insert(0, {str(work)!r})
    import work
    drop = {str(workshop.directory / "drop")!r}
    assert work.look(drop + "/shop.zip", "shop") == "good"
    asked = [(drop + "/old.zip", "shop"), (drop + "/bad.zip", "bad"),
             ({str(workshop.directory / "host.zip")!r}, "host")]
    {start}
    print(*found)
    """
    assert python(script, hook=False).stdout == "Rollback NoManifest host\n"


PTH = (
    "import sys; sys.path.insert(0, sitedir); import signedvfs; sys.path.remove(sitedir); "
    "signedvfs.PathHook([{drop!r}], signedvfs.TrustPolicy(signedvfs.PublicKey.load({public!r})))"
    ".install()\n"
)


def test_a_pth_line_may_run_twice(workshop: Workshop, python: Python) -> None:
    # CPython 3.11 runs each line of a virtual environment's .pth files twice
    drop = workshop.directory / "drop"
    drop.mkdir()
    site = workshop.directory / "site"
    site.mkdir()
    (site / "hook.pth").write_text(PTH.format(drop=str(drop), public=str(workshop.public_path)))
    script = f"""
    import site, sys
    for _ in range(2):
        site.addsitedir({str(site)!r})
    import signedvfs
    assert sum(isinstance(one, signedvfs.PathHook) for one in sys.path_hooks) == 1
    """
    python(script, hook=False)


@pytest.mark.usefixtures("bare")
def test_a_copy_goes_by_the_policy_of_the_original(workshop: Workshop) -> None:
    # Also that of a derived class, whose constructor knows of no roots.
    (workshop.directory / "apart").mkdir()
    path = workshop.zip("apart/app.zip", {"m.py": "v = 1\n"})
    signedvfs.trust(workshop.public_key)
    others = signedvfs.TrustPolicy(workshop.public_key, names=["other"])
    hook = signedvfs.PathHook([path.parent], others)

    class Derived(signedvfs.zipimporter):
        __slots__ = ()

    finder: Any = hook(str(path))
    finder.__class__ = Derived
    duplicate = copy.copy(finder)
    assert type(duplicate) is Derived
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        duplicate.get_data("m.py")
