"""Switching it on step by step: audit and warn refuse nothing, and report what enforce would."""

from __future__ import annotations

import pytest

from tests.importer.guard.conftest import Managed
from tests.importer.workshop import Workshop

FILES = {"m.py": "v = 1\n", "ns/a.py": "v = 'a'\n"}
PLAIN = {"plain.py": "v = 'plain'\n", "ns/b.py": "v = 'b'\n", "pkg/__init__.py": "v = 2\n"}
SCRIPT = """
import json, warnings
warnings.simplefilter("always")
one = manager(mode={mode!r})
one.install()
assert sys.meta_path[0] is one and type(sys.meta_path) is list
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(outcome("m"), outcome("plain"), outcome("ns.a"), outcome("ns.b"), outcome("late"),
          outcome("nowhere"), outcome("t"), outcome("pkg"))
    del sys.modules["plain"]
    print(outcome("plain"))
print(len([w for w in caught if w.category is RuntimeWarning]))
for entry in one.report()["refused"]:
    print(entry["module"], entry["code"], entry["count"])
"""


@pytest.mark.parametrize("mode", ["audit", "warn"])
def test_nothing_is_refused(workshop: Workshop, managed: Managed, mode: str) -> None:
    place = workshop.tree("app", FILES)
    plain = workshop.tree("plain", PLAIN, sign=False)
    unsigned = workshop.plain_zip("late.zip", {"late.py": "v = 'late'\n"})
    tampered = workshop.tree("tampered", {"t.py": "v = 1\n"})
    (tampered / "t.py").write_text("v = 'changed'\n")
    lines = managed.run(SCRIPT.format(mode=mode), place, plain, unsigned, tampered)
    assert lines[0] == "1 plain a b late ModuleNotFoundError changed 2"
    assert lines[1] == "plain"
    reported = lines[3:]
    assert "plain NoManifest 2" in reported
    assert "late NoManifest 1" in reported
    assert "t DigestMismatch 1" in reported
    assert "pkg NoManifest 1" in reported
    assert any(line.startswith("ns") for line in reported)
    assert not any(line.startswith(("m ", "ns.a", "nowhere")) for line in reported)
    assert lines[2] == ("0" if mode == "audit" else str(len(reported)))


def test_the_report_is_what_enforce_refuses(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    plain = workshop.tree(
        "plain", {"plain.py": "v = 1\n", "more/__init__.py": "v = 2\n"}, sign=False
    )
    script = """
        one = manager(mode={mode!r})
        one.install()
        for name in ("m", "plain", "more", "nowhere"):
            outcome(name)
        print(sorted((e["module"], e["code"]) for e in one.report()["refused"]))
        print(one.report_text().splitlines()[0])
        """
    audit = managed.run(script.format(mode="audit"), place, plain)
    enforce = managed.run(script.format(mode="enforce"), place, plain)
    assert audit[0] == enforce[0] == "[('more', 'NoManifest'), ('plain', 'NoManifest')]"
    assert audit[1] != enforce[1]


def test_other_finders_have_their_say(workshop: Workshop, managed: Managed) -> None:
    place = workshop.tree("app", FILES)
    lines = managed.run(
        """
        class Other:
            @staticmethod
            def find_spec(name, path=None, target=None):
                from importlib.machinery import ModuleSpec
                return ModuleSpec(name, Other()) if name == "made" else None
            def create_module(self, spec): return None
            def exec_module(self, module): module.v = "made"
        sys.meta_path.append(Other)
        one = manager(mode="audit")
        one.install()
        print(outcome("made"), [e["module"] for e in one.report()["refused"]])
        """,
        place,
    )
    assert lines == ["made ['made']"]


def test_a_warning_may_be_an_error(workshop: Workshop, managed: Managed) -> None:
    plain = workshop.tree("plain", PLAIN, sign=False)
    script = "manager(mode='warn').install()\nprint(outcome('plain'))"
    assert managed.run(script, plain, flags=("-I", "-W", "error")) == ["RuntimeWarning"]
