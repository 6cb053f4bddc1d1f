"""Drives one process through a sequence of calls, and holds what runs against a model.

sequences.py SEED DIRECTORY STEPS [hole], in a fresh interpreter. Every file that could ever run has
a text of its own, which says so when it is executed. The model knows who has signed each text, and
whom the manager believes: nothing else may run while it is installed. What nobody has touched, and
a believed key has signed, has to run. With `hole` the program itself goes past the manager now and
then, which has to be noticed.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.machinery
import io
import json
import os
import random
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import signedvfs

NAMES = ["alpha", "beta", "pkg", "pkg.inner", "space.part"]
PLACES = ["tree", "zip", "plain", "bundle", "other"]


def path_of(name: str) -> str:
    """Return where a module's file is in its place."""
    return "pkg/__init__.py" if name == "pkg" else name.replace(".", "/") + ".py"


def code_of(path: str) -> bytes:
    """Return what is opened to be executed."""
    with io.open_code(path) as file:
        return file.read()


def loaded_code(name: str, path: str) -> CodeType:
    """Return what a loader of the standard library makes of a file."""
    code = importlib.machinery.SourceFileLoader(name, path).get_code(name)
    assert code is not None
    return code


class Model:
    """The process, and what may run in it."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.random = random.Random(seed)
        self.directory = directory
        self.keys = {name: signedvfs.PrivateKey.generate() for name in "ab"}
        self.believed: set[str] = set()
        self.signer: dict[str, str | None] = {}  # of a text
        self.listed: dict[str, dict[str, str]] = {place: {} for place in PLACES}  # name -> text
        self.intact = dict.fromkeys(PLACES, False)
        self.count = 0
        self.manager: Any = None
        self.locked = False
        self.locked_down = False
        self.tally: Counter[str] = Counter()  # of what came of it
        self.ran: list[str] = []
        builtins.ran = self.ran  # type: ignore[attr-defined]  # for the modules

    # ---- what an attacker, or the signer, does to files

    def text(self, signer: str | None) -> str:
        """Make a text that has never been."""
        self.count += 1
        text = f"t{self.count}"
        self.signer[text] = signer
        return text

    def write(self, place: str, signer: str | None) -> None:
        """Write a place anew, with all its modules."""
        root = self.directory / place
        for stale in (root, root.with_suffix(".zip")):
            if stale.is_dir():
                shutil.rmtree(stale)
            stale.unlink(missing_ok=True)
        texts = {name: self.text(signer) for name in NAMES}
        for name, text in texts.items():
            file = root / path_of(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"ran.append({text!r})\nv = {text!r}\n")
        target = root
        if place in ("zip", "bundle"):
            target = Path(shutil.make_archive(str(root), "zip", root))
            shutil.rmtree(root)
        if signer is not None:
            signedvfs.sign(target, self.keys[signer])
        self.listed[place] = texts
        self.intact[place] = signer is not None

    def entry(self, place: str) -> str:
        """Return the entry of sys.path for a place."""
        root = self.directory / place
        return f"{root}.zip" if place in ("zip", "bundle") else str(root)

    def evil_copy(self, name: str) -> Path:
        """Make a directory of the attacker that has one module, and return it."""
        evil = self.directory / "evil"
        shutil.rmtree(evil, ignore_errors=True)
        text = self.text(None)
        (evil / path_of(name)).parent.mkdir(parents=True)
        (evil / path_of(name)).write_text(f"ran.append({text!r})\nv = {text!r}\n")
        return evil

    def replace(self) -> None:
        """Put other content into one file, by rename or in place: so may who can write there."""
        place, name = self.random.choice(PLACES), self.random.choice(NAMES)
        self.intact[place] = False
        evil = self.evil_copy(name)
        if place in ("zip", "bundle"):
            made, path = shutil.make_archive(str(evil), "zip", evil), self.entry(place)
        else:
            made, path = str(evil / path_of(name)), str(self.directory / place / path_of(name))
        subprocess.run(["mkdir", "-p", os.path.dirname(path)], check=True)  # noqa: PTH120  # a str
        subprocess.run([self.random.choice(["mv", "cp"]), made, path], check=True)

    def link(self) -> None:
        """Have a place be a link to what the attacker has."""
        place, name = self.random.choice(PLACES), self.random.choice(NAMES)
        self.intact[place] = False
        self.count += 1
        kept = str(self.directory / f"elsewhere{self.count}")
        evil: str | Path = self.evil_copy(name)
        if place in ("zip", "bundle"):
            evil = shutil.make_archive(str(evil), "zip", evil)
        subprocess.run(["mv", str(evil), kept], check=True)
        subprocess.run(["mv", self.entry(place), f"{kept}.aside"], check=True)
        subprocess.run(["ln", "-s", kept, self.entry(place)], check=True)

    def remove_manifest(self) -> None:
        """Take the manifest of the directory away."""
        self.intact["tree"] = False
        manifest = self.directory / "tree" / "signedimp-manifest.txt"
        subprocess.run(["rm", "-f", str(manifest)], check=True)

    # ---- what the program does

    def believe(self) -> None:
        """Trust one more key, until the lock."""
        name = self.random.choice("ab")
        if self.manager is None:
            return
        try:
            self.manager.add_valid_key(self.keys[name].public_key)
        except RuntimeError:
            assert self.locked
        else:
            assert not self.locked
            self.believed.add(name)

    def trust_elsewhere(self) -> None:
        """Trust a key for hooks: it is none of the manager's."""
        signedvfs.trust(self.keys[self.random.choice("ab")].public_key)

    def install(self) -> None:
        """Install the manager, or do it again."""
        if self.manager is None:
            name = self.random.choice("ab")
            self.believed = {name}
            self.manager = signedvfs.SignedImportManager(
                self.keys[name].public_key,
                trust_stdlib_paths=True,
                check_modules=False,
                virtual_files=self.random.random() < 0.5,
                lockdown=self.random.random() < 0.3,
            )
        self.manager.install()
        self.locked_down = self.manager.report()["lockdown"]
        self.locked = self.manager.locked

    def uninstall(self) -> None:
        """Uninstall it, unless it is locked; what was imported meanwhile goes."""
        if self.manager is None:
            return
        try:
            self.manager.uninstall()
        except RuntimeError:
            assert self.locked
        else:
            assert not self.locked

    def lock(self) -> None:
        """Lock it where it is installed."""
        if self.manager is not None and self.manager.installed:
            self.manager.lock()
            self.locked = True

    def protect(self) -> None:
        """Have the hook own a place as well."""
        signedvfs.hook.protect(self.entry(self.random.choice(PLACES)))

    def shuffle(self) -> None:
        """Have the places stand in another order on sys.path, some as relative ones."""
        places = self.random.sample(PLACES, self.random.randint(1, len(PLACES)))
        entries = [self.entry(place) for place in places]
        if self.random.random() < 0.3:
            entries.append("")
        mine = str(self.directory)
        sys.path[:] = entries + [one for one in sys.path if one and not one.startswith(mine)]

    def chdir(self) -> None:
        """Go into a place, or out of it."""
        place = self.random.choice([*PLACES, "."])
        target = self.directory / place
        with contextlib.suppress(OSError):  # nobody works in what answers by its manifest
            os.chdir(target)

    def meddle(self) -> None:
        """Put another finder, or another order, into what the import system goes by."""
        if len(sys.argv) > 4:
            sys.meta_path = [importlib.machinery.PathFinder]  # a hole
        finder = importlib.machinery.PathFinder
        self.random.choice([
            lambda: sys.meta_path.insert(0, finder),
            lambda: sys.meta_path.append(finder),
            lambda: sys.meta_path.reverse(),
            lambda: sys.path_importer_cache.clear(),
            lambda: sys.path_hooks.reverse(),
            importlib.invalidate_caches,
        ])()  # fmt: skip

    def forget(self) -> None:
        """Take modules out of sys.modules, so that they are imported again."""
        for name in ("space", *NAMES):
            sys.modules.pop(name, None)

    def bring(self) -> None:
        """Import a module, or reload it."""
        name = self.random.choice(NAMES)
        before = len(self.ran)
        must = self.must_run(name)
        outcome: object = None
        way = "import"
        try:
            if name in sys.modules and self.random.random() < 0.5:
                must = False
                way = "reload"
                importlib.reload(sys.modules[name])
            else:
                importlib.import_module(name)
        except (ImportError, signedvfs.IntegrityCheckError) as error:
            outcome = error
        except Exception:
            # Nobody else knows what to make of files that change meanwhile.
            if self.manager is not None and self.manager.installed:
                raise
        if self.manager is None or not self.manager.installed:
            return
        self.hold(name, before)
        ended = type(outcome).__name__ if outcome else "runs" if self.ran[before:] else "is there"
        self.tally[f"{way} {ended}"] += 1
        assert not (must and outcome), (name, outcome)

    def hold(self, name: str, before: int) -> None:
        """Hold that what has run is of believed signers."""
        for text in self.ran[before:]:
            assert self.signer[text] in self.believed, (name, text, self.signer[text])

    def go_around(self) -> None:
        """Run a file without importing it; a lockdown is what refuses that."""
        if not self.locked_down:
            return
        name = self.random.choice(NAMES)
        path = f"{self.entry(self.random.choice(PLACES))}/{path_of(name)}"
        before = len(self.ran)
        ways: list[Callable[[], object]] = [
            lambda: runpy.run_path(path),
            lambda: exec(loaded_code(name, path), {}),
            lambda: exec(compile(code_of(path), path, "exec"), {}),
        ]
        with contextlib.suppress(ImportError, OSError, signedvfs.IntegrityCheckError):
            self.random.choice(ways)()
        self.hold(name, before)
        self.tally["around runs" if self.ran[before:] else "around is refused"] += 1

    def must_run(self, name: str) -> bool:
        """Tell whether there is no reason for an import to be refused.

        So it is where every place on the path is intact and of a believed signer, or has never been
        signed by anybody.
        """
        if self.manager is None or not self.manager.installed or name in sys.modules:
            return False
        if any(part in sys.modules for part in ("pkg", "space")):
            return False  # of a place that may have gone
        on_path = [place for place in PLACES if self.entry(place) in sys.path]
        return bool(on_path) and "" not in sys.path and all(self.is_good(p) for p in on_path)

    def is_good(self, place: str) -> bool:
        """Tell whether what stands in a place is what a believed key has signed, for good."""
        texts = self.listed[place]
        signers = {self.signer[text] for text in texts.values()}
        return self.intact[place] and signers <= self.believed

    def fork(self) -> None:
        """Go on in a child for a while: it is held to the same model."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for _ in range(5):
                    self.random.choice(
                        [self.bring, self.forget, self.meddle, self.chdir, self.go_around]
                    )()
                status = 0
            finally:
                if status:
                    import traceback

                    traceback.print_exc()
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0, "a child departed from the model"

    def run(self, steps: int) -> None:
        """Do so many things."""
        for place in PLACES:
            self.write(place, self.random.choice(["a", "b", None]))
        actions = [
            (self.bring, 12), (self.forget, 4), (self.shuffle, 4), (self.replace, 2),
            (self.install, 3), (self.uninstall, 1), (self.believe, 1), (self.lock, 0.3),
            (self.trust_elsewhere, 1), (self.protect, 0.5), (self.chdir, 2), (self.meddle, 2),
            (self.fork, 1), (self.remove_manifest, 0.5), (self.link, 0.5), (self.go_around, 4),
        ]  # fmt: skip
        calls = [action for action, _ in actions]
        weights = [weight for _, weight in actions]
        for number in range(steps):
            action = self.random.choices(calls, weights)[0]
            self.tally[action.__name__] += 1
            try:
                action()
            except BaseException:
                print("step", number, action.__name__, file=sys.stderr)
                raise
        print(json.dumps(self.tally))
        print("steps", steps, "ran", len(self.ran))


if __name__ == "__main__":
    Model(int(sys.argv[1]), Path(sys.argv[2])).run(int(sys.argv[3]))
