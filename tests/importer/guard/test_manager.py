"""What a manager can be told, and until when."""

from __future__ import annotations

import gc
import json
import sys
import weakref

import pytest

import signedvfs
from signedvfs import PublicKey, SignedImportManager, TrustPolicy
from tests.importer.guard.conftest import EVIL, Managed
from tests.importer.workshop import Workshop

FILES = {"m.py": "v = 1\n", "p/__init__.py": "v = 2\n", "p/sub.py": "v = 3\n"}


def test_what_it_was_made_with(workshop: Workshop) -> None:
    key = workshop.public_key
    other = signedvfs.PrivateKey.generate().public_key
    one = SignedImportManager(key)
    assert list(one.valid_keys) == [key]
    assert SignedImportManager([key, key, other]).valid_keys == (key, other)
    assert SignedImportManager().valid_keys == ()
    policy = TrustPolicy([other], names=["app"])
    both = SignedImportManager([key], policy=policy, mode="audit", module_aliases={"a": "b"})
    assert both.valid_keys == (other, key)
    assert both.policy.names == frozenset({"app"})
    assert (both.mode, both.limits, both.module_aliases) == ("audit", None, {"a": "b"})
    assert (both.installed, both.locked) == (False, False)
    assert repr(one) == "<signedvfs.SignedImportManager, mode enforce, 1 keys>"
    one.add_valid_key(other)
    assert list(one.valid_keys) == [key, other]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"keys": "text"}, TypeError),
        ({"keys": [1]}, TypeError),
        ({"policy": 1}, TypeError),
        ({"limits": 1}, TypeError),
        ({"mode": "off"}, ValueError),
        ({"mode": 1}, TypeError),
        ({"trust_stdlib_paths": 1}, TypeError),
        ({"virtual_files": None}, TypeError),
        ({"module_aliases": 1}, (AttributeError, TypeError)),
        ({"module_aliases": {1: "a"}}, TypeError),
        ({"module_aliases": {"a": 1}}, TypeError),
        ({"module_aliases": {"": "a"}}, ValueError),
        ({"module_aliases": {"a": "a"}}, ValueError),
        ({"module_aliases": {"a": "b", "b": "a"}}, ValueError),
        ({"module_aliases": {"a": "b", "b": "c", "c": "b"}}, ValueError),
        ({"module_aliases": {"a": "a.b"}}, ValueError),
        ({"module_aliases": {"a": "b.c", "b": "a.d"}}, ValueError),
        ({"unknown": 1}, TypeError),
    ],
)
def test_what_makes_no_sense(given: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        SignedImportManager(**given)  # type: ignore[arg-type]  # that is the test


def test_arguments_have_names() -> None:
    with pytest.raises(TypeError):
        SignedImportManager([], TrustPolicy())  # type: ignore[call-arg]  # that is the test
    bare = SignedImportManager.__new__(SignedImportManager)
    for use in (bare.install, bare.report, lambda: bare.find_spec("m"), lambda: repr(bare)):
        with pytest.raises(TypeError):
            use()
    with pytest.raises(TypeError):
        SignedImportManager().__init__()  # type: ignore[misc]  # that is the test
    with pytest.raises(TypeError):
        SignedImportManager().find_spec(1)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(TypeError):
        SignedImportManager().add_valid_key("key")  # type: ignore[arg-type]  # that is the test


def test_it_goes_when_nobody_has_it() -> None:
    one = SignedImportManager()
    one.find_spec("no_such_module_at_all", ["/nowhere"])
    there = weakref.ref(one)
    del one
    gc.collect()
    assert there() is None


@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPLATLIBDIR"])
def test_the_environment_says_where_the_library_is(managed: Managed, name: str) -> None:
    # J1: then its place says nothing
    given = {"PYTHONHOME": f"{sys.base_prefix}:{sys.base_exec_prefix}",
             "PYTHONPLATLIBDIR": sys.platlibdir}  # fmt: skip
    script = """
        import os
        os.environ.clear()  # it is what Python was started with that counts
        try:
            manager()
        except ValueError as error:
            print(error)
        """
    environment = {name: given[name]}
    lines = managed.run(script, flags=(), environment=environment)
    assert [name in line for line in lines] == [True]
    assert managed.run(script, environment=environment) == []


def test_in_place_and_out(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    evil = workshop.tree("evil", {"evil.py": "v = 'plain'\n", "late.py": EVIL}, sign=False)
    lines = managed.run(
        """
        before, hooks = list(sys.meta_path), list(sys.path_hooks)
        one = manager()
        one.install(); one.install(); one.reinstall()
        assert sys.meta_path[0] is one and list.count(sys.meta_path, one) == 1
        assert sys.path_hooks.count(one._hook) == 1 and one.installed
        assert signedvfs.doors_are_open()
        print(outcome("m"), outcome("evil"))
        one.uninstall(); one.uninstall()
        assert [f for f in sys.meta_path if "signedvfs" not in repr(f)] == before
        assert [h for h in sys.path_hooks if h in hooks] == hooks
        assert one._hook not in sys.path_hooks
        assert type(sys.meta_path) is list and not one.installed
        assert not signedvfs.doors_are_open()
        print(outcome("evil"))
        one.install()
        print(outcome("late"))
        """,
        place,
        evil,
    )
    assert lines == ["1 IntegrityCheckMissing", "plain", "IntegrityCheckMissing"]


@pytest.mark.parametrize("name", ["meta_path", "path_hooks"])
def test_what_cannot_be_installed_is_not(workshop: Workshop, managed: Managed, name: str) -> None:
    """Neither is it said to be: whoever mends that and comes again has everything looked at."""
    evil = workshop.tree("evil", {"evil.py": "v = 'plain'\n"}, sign=False)
    done = managed.start(
        f"""
        one = manager(check_modules=list(sys.modules))
        hooks, finders = list(sys.path_hooks), [f for f in sys.meta_path]
        kept = sys.{name}
        sys.{name} = tuple(kept)
        try:
            one.install()
        except RuntimeError as error:
            print(error, one.installed, signedvfs.doors_are_open())
        sys.{name} = kept
        assert sys.path_hooks == hooks and one not in sys.meta_path
        print(outcome("evil"))
        sys.stdout.flush()
        one.install()
        print("installed")
        """,
        evil,
    )
    assert done.stdout.splitlines() == [f"sys.{name} is no list False False", "plain"], done.stderr
    assert done.returncode == 126
    assert "'evil' from" in done.stderr


def test_locking(workshop: Workshop, managed: Managed) -> None:
    lines = managed.run(
        """
        def fails(use, *args):
            try:
                use(*args)
            except RuntimeError as error:
                print(error)
            else:
                raise AssertionError(use)
        one, two = manager(), manager()
        fails(one.lock)
        one.install()
        one.lock(); one.lock()
        fails(one.uninstall)
        fails(one.add_valid_key, key)
        fails(two.install)
        one.install()
        assert one.locked and one.report()["locked"]
        print(outcome("m"))
        """,
        workshop.tree("app", FILES),
    )
    assert lines[-1] == "1"
    assert len(lines) == 5


def test_what_is_locked_is_missed(workshop: Workshop, managed: Managed) -> None:
    # the list of managers can be found by going through all objects
    app = workshop.tree("app", {"m.py": "v = 1\n", "n.py": "v = 2\n"})
    evil = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    lines = managed.run(
        """
        import gc, importlib.machinery
        one = manager()
        one.install()
        one.lock()
        print(outcome("m"))
        another = signedvfs.PrivateKey.generate().public_key
        def take_out():
            for each in gc.get_referrers(one):
                if type(each) is list:
                    each.clear()
                    yield each
        lists = list(take_out())
        assert lists
        list.append(sys.meta_path, importlib.machinery.PathFinder)
        print(outcome("evil"), outcome("n"))
        other = manager(policy=None, keys=[another])
        lists[0].append(other)  # nor does one that was not installed count
        print(outcome("evil"), outcome("n"))
        try:
            other.install()
        except RuntimeError:
            print("RuntimeError")
        lists[0].append(one)
        print(outcome("evil"), outcome("n"))
        """,
        app,
        evil,
    )
    assert lines == [
        "1",
        *["IntegrityCheckMissing IntegrityCheckMissing"] * 2,
        "RuntimeError",
        "IntegrityCheckMissing 2",
    ]


def test_a_key_comes_later(workshop: Workshop, managed: Managed) -> None:
    # what was refused for want of a key is asked about again; what was tampered with is not
    place = workshop.tree("app", FILES)
    archive = workshop.zip("app.zip", {"z.py": "v = 'z'\n"})
    broken = workshop.zip("broken.zip", {"b.py": "v = 1\n"}, index=False)
    data = bytearray(broken.read_bytes())
    data[35] ^= 1
    broken.write_bytes(data)
    lines = managed.run(
        """
        one = manager(policy=TrustPolicy())
        one.install()
        print(outcome("m"), outcome("z"), outcome("b").startswith("IntegrityCheck"))
        signedvfs.trust(key)
        print(outcome("m"), outcome("z"))
        one.add_valid_key(key)
        print(outcome("m"), outcome("z"), outcome("b").startswith("IntegrityCheck"))
        """,
        place,
        archive,
        broken,
    )
    missing = "IntegrityCheckMissing IntegrityCheckMissing"
    assert lines == [f"{missing} True", missing, "1 z True"]


def test_two_managers(workshop: Workshop, managed: Managed) -> None:
    # each has keys of its own, and what one of them vouches for is signed
    other = signedvfs.PrivateKey.generate()
    public = other.public_key
    first = workshop.tree("first", {"a.py": "v = 'a'\n", "ns/x.py": "v = 'x'\n"})
    second = workshop.zip("second.zip", {"b.py": "v = 'b'\n", "ns/y.py": "v = 'y'\n"}, key=other)
    evil = workshop.tree("evil", {"evil.py": EVIL}, sign=False)
    lines = managed.run(
        f"""
        other = manager(policy=None, keys=[{public!r}])
        one = manager()
        one.install()
        print(outcome("a"), outcome("b"), outcome("evil"))
        other.install()
        print(outcome("b"), outcome("ns.x"), outcome("evil"))
        del sys.modules["a"]
        print(outcome("a"))
        one.uninstall()
        del sys.modules["a"], sys.modules["b"]
        print(outcome("a"), outcome("b"))
        """,
        first,
        second,
        evil,
    )
    assert lines[0] == "a IntegrityCheckMissing IntegrityCheckMissing"
    assert lines[1:] == ["b x IntegrityCheckMissing", "a", "IntegrityCheckMissing b"]


def test_beside_the_hook(workshop: Workshop, managed: Managed) -> None:
    # the manager decides about imports by its own policy, whichever came first
    mine = workshop.tree("mine", {"a.py": "v = 'a'\n"})
    other = signedvfs.PrivateKey.generate()
    theirs = workshop.zip("theirs.zip", {"b.py": "v = 'b'\n"}, key=other)
    script = """
        other = signedvfs.PublicKey({text!r})
        signedvfs.trust(other)
        {first}
        {second}
        print(outcome("a"), outcome("b"))
        signedvfs.hook.install()
        one = signedvfs._core._installed_managers()[0]
        one.reinstall()
        print(outcome("a"), outcome("b"))
        one.uninstall()
        print(outcome("b"))
        """
    steps = ["signedvfs.hook.install()", "manager().install()"]
    text = repr(other.public_key).split("'")[1]
    for first, second in (steps, steps[::-1]):
        lines = managed.run(script.format(first=first, second=second, text=text), theirs, mine)
        assert lines == ["a IntegrityCheckMissing", "a IntegrityCheckMissing", "b"]


def test_aliases(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    lines = managed.run(
        """
        manager(module_aliases={"q": "r", "r": "p", "z.deep": "m", "bad": "nowhere"}).install()
        import q, q.sub, r.sub, p.sub
        assert q is r is p and q.sub is r.sub is p.sub
        print(outcome("q"), outcome("q.sub"), outcome("z.deep"), outcome("bad"), outcome("q.no"))
        """,
        place,
    )
    assert lines == ["2 3 ModuleNotFoundError ModuleNotFoundError ModuleNotFoundError"]


def test_report(workshop: Workshop, managed: Managed) -> None:
    evil = workshop.tree(
        "evil", {"evil.py": EVIL, "\N{GREEK SMALL LETTER ALPHA}.py": EVIL}, sign=False
    )
    lines = managed.run(
        """
        import json
        one = manager()
        one.install()
        for name in ("evil", "evil", "\\u03b1", "nowhere"):
            outcome(name)
        print(json.dumps(one.report()))
        print(one.report_text())
        """,
        evil,
    )
    report = json.loads(lines[0])
    assert [(e["module"], e["count"], e["code"]) for e in report["refused"]] == [
        ("evil", 2, "NoManifest"),
        ("\u03b1", 1, "NoManifest"),
    ]
    assert report["keys"] == [workshop.public_key.fingerprint]
    assert report["mode"] == "enforce"
    assert report["not_recorded"] == 0
    assert lines[1] == "mode enforce: 2 refused"
    assert lines[2].startswith("'evil' NoManifest (2 times): the module 'evil' is at ")


def test_the_report_is_bounded() -> None:
    # names that an attacker chooses
    one = SignedImportManager(mode="audit")
    broken = "/no/such/place.zip"
    for number in range(3):
        one.find_spec(f"m{number}", [broken])
    assert one.report()["refused"] == []


def test_keys_are_named_in_repr(workshop: Workshop) -> None:
    assert PublicKey(repr(workshop.public_key).split("'")[1]) == workshop.public_key
