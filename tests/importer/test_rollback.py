"""What was decided stays decided: older releases, refused paths, relative entries."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import signedvfs
from tests.importer.workshop import Importing, Python, Workshop, refuses


class Place:
    """One path at which releases come and go."""

    def __init__(self, workshop: Workshop, importing: Importing) -> None:
        self._workshop = workshop
        self._importing = importing
        self._count = 0
        self.path = workshop.directory / "app.zip"
        importing.put(self.path)

    def put(self, product: str | None, serial: int | None, kind: str = "zip") -> None:
        """Put a release in place, and have the import system look again."""
        self._count += 1
        files = {f"m{self._count}.py": f"serial = {serial}\n"}
        if kind == "zip":
            made = self._workshop.zip(f"{self._count}.new", files, serial, product)
        else:
            made = self._workshop.tree(f"{self._count}.new", files, sign=False)
            signedvfs.sign(made, self._workshop.key, name=product, serial=serial)
        self.take_away()
        made.rename(self.path)
        importlib.invalidate_caches()

    def take_away(self) -> None:
        """Take away what is there."""
        if self.path.is_dir():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)
        importlib.invalidate_caches()

    def serial(self) -> object:
        """Import the module of the release in place."""
        return self._importing.module(f"m{self._count}").serial

    def refusal(self) -> str:
        """Return the code of the error that any import raises."""
        with pytest.raises(signedvfs.IntegrityCheckError) as caught:
            self._importing.module("whatever")
        return caught.value.code


@pytest.fixture
def place(workshop: Workshop, importing: Importing) -> Place:
    return Place(workshop, importing)


@pytest.fixture
def own(workshop: Workshop) -> str:
    """A product's name of its own: floors hold for the process, and so for other tests."""
    return workshop.directory.name


# The tests' process is one, so every product has a name of its own.
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("kind", ["zip", "directory"])
def test_taking_the_archive_away_for_a_moment(
    place: Place, own: str, named: bool, kind: str
) -> None:
    # B6
    product = own if named else None
    place.put(product, 5, kind)
    assert place.serial() == 5
    place.take_away()
    assert place.refusal() == "NotFound"
    place.put(product, 4, kind)
    assert place.refusal() == "Rollback"


def test_an_archive_without_a_serial_is_the_oldest(place: Place, own: str) -> None:
    # B6
    place.put(own, 1)
    assert place.serial() == 1
    place.put(own, None)
    assert place.refusal() == "Rollback"


def test_another_product_in_between(place: Place, own: str) -> None:
    # B6: it is accepted, and does not make the first one's past forgotten
    place.put(own, 5)
    assert place.serial() == 5
    place.put(f"{own}-other", 1)
    assert place.serial() == 1
    place.put(own, 4)
    assert place.refusal() == "Rollback"


def test_a_release_from_before_the_product_had_a_name(place: Place, own: str) -> None:
    # B6: what has no name goes by its path, at which every release counts
    place.put(own, 5)
    assert place.serial() == 5
    place.put(None, 4)
    assert place.refusal() == "Rollback"


def test_the_same_product_at_another_path(
    workshop: Workshop, importing: Importing, own: str
) -> None:
    # B6: by name, wherever it lies
    importing.put(workshop.zip("new.zip", {"a.py": ""}, 5, own))
    importing.module("a")
    importing.put(workshop.zip("old.zip", {"b.py": ""}, 4, own))
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        importing.module("b")
    assert caught.value.code == "Rollback"
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        signedvfs.zipimporter(str(workshop.zip("older.zip", {"b.py": ""}, 3, own)))


def test_a_link_to_the_path_of_an_unnamed_archive(
    workshop: Workshop, importing: Importing, place: Place
) -> None:
    # B6: the floor of a path holds in every spelling
    place.put(None, 5)
    assert place.serial() == 5
    place.put(None, 4)
    link = workshop.directory / "link"
    link.symlink_to(place.path)
    importing.put(link)
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        importing.module("anything")


def test_later_releases_are_taken(place: Place, own: str) -> None:
    # B6: a floor is no ceiling
    for serial in (5, 5, 6, 2**64 - 1):
        place.put(own, serial)
        assert place.serial() == serial


@pytest.mark.parametrize("replace", [False, True], ids=["trust", "set_policy"])
def test_another_policy_brings_no_older_release_back(
    workshop: Workshop, place: Place, own: str, replace: bool
) -> None:
    # B6, B7
    place.put(own, 5)
    assert place.serial() == 5
    place.put(own, 4)
    assert place.refusal() == "Rollback"
    stranger = signedvfs.PrivateKey.generate().public_key
    if replace:
        signedvfs.set_policy(signedvfs.TrustPolicy([workshop.public_key, stranger]))
    else:
        signedvfs.trust(stranger)
    assert place.refusal() == "Rollback"


def test_what_was_tampered_with_stays_refused_and_says_so(
    workshop: Workshop, importing: Importing
) -> None:
    # B7: trusting one more key asks nothing anew but what lacked a trusted signature
    good = workshop.zip("good.zip", {"m.py": "v = 1\n"}, index=False)
    path = workshop.directory / "app.zip"
    data = good.read_bytes()
    signature = data.index(b"signedimp-manifest.txt") + len("signedimp-manifest.txt") + 80
    path.write_bytes(data[:signature] + bytes([data[signature] ^ 1]) + data[signature + 1 :])
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        importing.module("m")
    code = caught.value.code
    good.replace(path)
    changes: list[Callable[[], object]] = [
        lambda: signedvfs.trust(workshop.public_key),
        lambda: signedvfs.trust(signedvfs.PrivateKey.generate().public_key),
        lambda: signedvfs.set_policy(signedvfs.TrustPolicy([workshop.public_key])),
        importlib.invalidate_caches,
    ]
    for change in changes:
        change()
        with pytest.raises(signedvfs.IntegrityCheckError, match="stays refused") as caught:
            importing.module("m")
        assert caught.value.code == code


def test_trusting_a_trusted_key_changes_nothing(workshop: Workshop, importing: Importing) -> None:
    # B7: nothing is asked anew
    stranger = signedvfs.PrivateKey.generate()
    path = workshop.zip("app.zip", {"m.py": "v = 1\n"}, key=stranger)
    importing.put(path)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")
    workshop.zip("good.zip", {"m.py": "v = 2\n"}).replace(path)
    signedvfs.trust(workshop.public_key)
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")


def test_limits_and_policy_are_replaced_together(workshop: Workshop, importing: Importing) -> None:
    # B7: what was refused for what the policy says is asked anew where that changes
    path = workshop.zip("app.zip", {"m.py": "v = 1\n", "n.py": "v = 2\n"}, product="wrong")
    importing.put(path)
    signedvfs.set_policy(signedvfs.TrustPolicy(workshop.public_key, names=["right"]))
    with pytest.raises(signedvfs.IntegrityCheckFailed):
        importing.module("m")
    policy = signedvfs.TrustPolicy(workshop.public_key)
    signedvfs.set_policy(policy, limits=signedvfs.Limits(members=1))
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        importing.module("m")
    assert caught.value.code == "TooLarge"
    signedvfs.set_policy(policy)
    assert importing.module("m").v == 1
    assert signedvfs.get_limits().members == signedvfs.Limits().members


# A child starts without the archive on its path: whatever it imports to begin with is its own.
CHILD = """
import importlib, sys, signedvfs
def look(path):
    importlib.invalidate_caches()  # before: it imports importlib.metadata
    sys.path.insert(0, path)
    try:
        import late
        return late.v
    except signedvfs.IntegrityCheckError as error:
        return error.code
    finally:
        sys.path.remove(path)
"""


@pytest.mark.parametrize("way", ["spawn", "forkserver", "fork", "futures", "joblib"])
@pytest.mark.parametrize("product", ["app", None], ids=["named", "unnamed"])
def test_children_have_the_floors_of_their_parent(
    workshop: Workshop, python: Python, way: str, product: str | None
) -> None:
    # B6, 22: whoever starts them
    path = workshop.zip("app.zip", {"first.py": "", "late.py": "v = 'new'\n"}, 5, product)
    old = workshop.zip("old.zip", {"late.py": "v = 'old'\n"}, 4, product)
    work = workshop.tree("plain", {"work.py": CHILD}, sign=False)
    run = {
        "futures": """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(pool.submit(work.look, path).result())
    """,
        "joblib": """
    import warnings
    warnings.simplefilter("ignore")
    import joblib
    tasks = [joblib.delayed(work.look)(path)]
    print(*joblib.Parallel(n_jobs=2, backend="loky")(tasks))
    """,
    }.get(
        way,
        f"""
    with multiprocessing.get_context({way!r}).Pool(1) as pool:
        print(pool.apply(work.look, (path,)))
    """,
    )
    script = f"""
    import multiprocessing, os
    path = {str(path)!r}
    sys.path[:0] = [{str(work)!r}, path]
    import first, work
    sys.path.remove(path)
    os.replace({str(old)!r}, path)
    {run}
    """
    assert python(script).stdout == "Rollback\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_what_the_parent_has_refused_its_children_refuse(
    workshop: Workshop, python: Python, method: str
) -> None:
    # B7: also when a good archive has taken its place
    path = workshop.plain_zip("app.zip", {"late.py": "v = 'attacker'\n"})
    good = workshop.zip("good.zip", {"late.py": "v = 'good'\n"})
    work = workshop.tree("plain", {"work.py": CHILD}, sign=False)
    script = f"""
    import multiprocessing, os
    path = {str(path)!r}
    sys.path[:0] = [{str(work)!r}]
    import work
    print(work.look(path))
    os.replace({str(good)!r}, path)
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.apply(work.look, (path,)))
    """
    assert python(script).stdout == "NoManifest\nNoManifest\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_what_the_parent_has_in_use_is_ours_in_its_children(
    workshop: Workshop, python: Python, method: str
) -> None:
    # A4: an archive whose name says nothing, replaced by a directory before the child starts
    path = workshop.zip("program", {"first.py": "", "late.py": "v = 'good'\n"})
    hostile = workshop.tree("hostile", {"late.py": "v = 'attacker'\n"}, sign=False)
    work = workshop.tree("plain", {"work.py": CHILD}, sign=False)
    script = f"""
    import multiprocessing, os
    path = {str(path)!r}
    sys.path[:0] = [{str(work)!r}, path]
    import first, work
    sys.path.remove(path)
    os.unlink(path)
    os.rename({str(hostile)!r}, path)
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.apply(work.look, (path,)))
    """
    assert python(script).stdout == "NoManifest\n"


def test_a_pickled_finder_is_under_the_same_floors(workshop: Workshop, python: Python) -> None:
    # 22: unpickling opens the path under the policy and the floors there
    path = workshop.zip("app.zip", {"m.py": ""}, 5, "app")
    old = workshop.zip("old.zip", {"m.py": ""}, 4, "app")
    script = f"""
    import multiprocessing, os, pickle
    sys.path.insert(0, {str(path)!r})
    import m
    sent = pickle.dumps(m.__spec__.loader)
    assert isinstance(pickle.loads(sent), signedvfs.zipimporter)
    os.replace({str(old)!r}, {str(path)!r})
    del sys.path[0]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        try:
            pool.apply(pickle.loads, (sent,))
        except signedvfs.IntegrityCheckError as error:
            print(error.code)
    """
    assert python(script).stdout == "Rollback\n"


def test_a_relative_entry_keeps_its_meaning(workshop: Workshop, python: Python) -> None:
    # B8: after chdir and invalidate_caches, for archives, what lies in them, and signed directories
    for home in ("home", "hostile"):
        workshop.zip(f"{home}/app.zip", {"a.py": f"v = '{home}'\n", "lib/b.py": f"v = '{home}'\n"})
        workshop.tree(f"{home}/tree", {"c.py": f"v = '{home}'\n"})
        workshop.zip(f"{home}/program", {"p/__init__.py": "", "p/s.py": f"v = '{home}'\n"})
    script = f"""
    import importlib, os
    os.chdir({str(workshop.directory / "home")!r})
    sys.path[:0] = ["app.zip", "app.zip/lib", "tree", "program"]
    import p
    os.chdir({str(workshop.directory / "hostile")!r})
    importlib.invalidate_caches()
    sys.path_importer_cache.clear()
    for name in ("a", "b", "c", "p.s"):
        print(importlib.import_module(name).v)
    """
    assert python(script).stdout == "home\n" * 4


def test_a_refused_relative_entry_stays_where_it_was(
    workshop: Workshop, importing: Importing, own: str
) -> None:
    # B8
    (workshop.directory / "home").mkdir()
    workshop.zip(f"other/{own}.zip", {"m.py": "v = 1\n"})
    workshop.plain_zip(f"home/{own}.zip", {"m.py": ""})
    importing.put(f"{own}.zip")
    os.chdir(workshop.directory / "home")
    with pytest.raises(signedvfs.IntegrityCheckMissing):
        importing.module("m")
    os.chdir(workshop.directory / "other")
    importlib.invalidate_caches()
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        importing.module("m")
    assert str(workshop.directory / "home") in str(caught.value)


@pytest.mark.usefixtures("importing")
def test_every_spelling_of_a_refused_path_is_refused(workshop: Workshop) -> None:
    # B7
    path = workshop.plain_zip("app.zip", {"m.py": ""})
    assert refuses(signedvfs.hook(str(path)))
    workshop.zip("good.zip", {"m.py": ""}).replace(path)
    for spelling in (f"{path}/", f"{path}/lib", f"{path.parent}/./app.zip", str(Path(path))):
        assert refuses(signedvfs.hook(spelling))
