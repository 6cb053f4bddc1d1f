"""Trusted: keys within a scope."""

from __future__ import annotations

import datetime
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import signedvfs

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

FILES = {"scoped.py": b"A = 1\n"}
MOST = (1 << 64) - 1


def opened(archive: Path, *keys: Any, **policy: Any) -> signedvfs.SignedVfs:
    """opened is the archive under a policy of these keys."""
    return signedvfs.open(archive, signedvfs.TrustPolicy(keys, **policy))


def test_attributes_read_as_they_were_given(key: signedvfs.PrivateKey) -> None:
    public = key.public_key
    noon = datetime.datetime(2030, 1, 1, 12, tzinfo=datetime.timezone.utc)
    one = signedvfs.Trusted(public, names=["b", "a", "b"], min_serial=0, max_serial=MOST,
                            not_after=noon)  # fmt: skip
    assert (one.key, one.names) == (public, frozenset({"a", "b"}))
    assert (one.min_serial, one.max_serial, one.not_after) == (0, MOST, 1893499200)
    all_of_it = signedvfs.Trusted(public)
    assert (all_of_it.names, all_of_it.min_serial, all_of_it.max_serial, all_of_it.not_after) == (
        None, None, None, None
    )  # fmt: skip


def test_it_is_a_value(key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey) -> None:
    def make(of: signedvfs.PrivateKey = key, **bounds: Any) -> signedvfs.Trusted:
        return signedvfs.Trusted(of.public_key, **bounds)

    one = make(names=["a", "b"], max_serial=4, not_after=5)
    assert one == make(names=["b", "a"], max_serial=4, not_after=5)
    assert hash(one) == hash(make(names={"b", "a"}, max_serial=4, not_after=5))
    others = [make(names=["a"], max_serial=4, not_after=5), make(max_serial=4, not_after=5),
              make(names=["a", "b"], min_serial=4, not_after=5), make(), make(other_key),
              make(names=["a", "b"], max_serial=4), key.public_key]  # fmt: skip
    assert all(one != other for other in others)
    assert eval(repr(one), {"signedvfs": signedvfs}) == one
    assert pickle.loads(pickle.dumps(one)) == one
    for name in ("key", "names", "max_serial", "extra"):
        with pytest.raises(AttributeError):
            setattr(one, name, None)
    with pytest.raises(TypeError):
        type("Wider", (signedvfs.Trusted,), {})


def test_arguments_that_make_no_sense(key: signedvfs.PrivateKey) -> None:
    public: Any = key.public_key
    wrong: list[tuple[Any, dict[str, Any], type[Exception]]] = [
        (public, {"names": []}, ValueError),
        (public, {"min_serial": 2, "max_serial": 1}, ValueError),
        (public, {"names": "shop"}, TypeError),
        (public, {"names": [5]}, TypeError),
        (public, {"min_serial": -1}, ValueError),
        (public, {"max_serial": MOST + 1}, ValueError),
        (public, {"max_serial": "4"}, TypeError),
        (public, {"not_after": "2030"}, TypeError),
        (public, {"not_before": 1}, TypeError),
        (key, {}, TypeError),
        (None, {}, TypeError),
        (signedvfs.Trusted(public), {}, TypeError),
    ]
    for of, bounds, error in wrong:
        with pytest.raises(error):
            signedvfs.Trusted(of, **bounds)
    with pytest.raises(TypeError):
        signedvfs.Trusted()  # type: ignore[call-arg]  # on purpose
    with pytest.raises(ValueError, match="twice"):
        signedvfs.TrustPolicy([public, signedvfs.Trusted(public, max_serial=1)])
    with pytest.raises(TypeError):
        signedvfs.TrustPolicy([key])  # type: ignore[list-item]  # on purpose


def test_outside_of_its_scope_a_key_is_a_strangers(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    public = key.public_key
    archive = signed_archive(FILES, name="shop", serial=42)
    nameless = signed_archive(FILES)
    for bounds in ({"names": ["shop"]}, {"min_serial": 42}, {"max_serial": 42}, {"not_after": 100}):
        scope = signedvfs.Trusted(public, **bounds)
        assert opened(archive, scope, now=100).signers == [public.fingerprint]
    for bounds, told in (
        ({"names": ["tools"]}, "trusted for 'tools', and this is 'shop'"),
        ({"min_serial": 43}, "from serial 43 on, and this has 42"),
        ({"max_serial": 41}, "up to serial 41, and this has 42"),
        ({"not_after": 99}, "until 1970-01-01T00:01:39Z"),
    ):
        scope = signedvfs.Trusted(public, **bounds)
        with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
            opened(archive, scope, now=100)
        assert caught.value.code == "NoTrustedKey"
        assert told in caught.value.reason
        assert "Trusted(" in caught.value.advice
    for bounds in ({"names": ["shop"]}, {"min_serial": 0}, {"max_serial": MOST}):
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            opened(nameless, signedvfs.Trusted(public, **bounds))


# A key is retired, and another one goes on; no machine has to be touched at that moment.
def test_one_key_follows_another(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    keys = [signedvfs.Trusted(key.public_key, max_serial=41),
            signedvfs.Trusted(other_key.public_key, min_serial=42)]  # fmt: skip
    for serial, signer, other in ((41, key, other_key), (42, other_key, key)):
        opened(signed_archive(FILES, serial=serial, keys=signer), *keys).verify_all()
        with pytest.raises(signedvfs.IntegrityCheckMissing):
            opened(signed_archive(FILES, serial=serial, keys=other), *keys)
        # By both it counts once.
        both = signed_archive(FILES, serial=serial, keys=[key, other_key])
        assert opened(both, *keys).signers == [signer.public_key.fingerprint]
        with pytest.raises(signedvfs.IntegrityCheckMissing, match="1 of 2"):
            opened(both, *keys, threshold=2)


def test_a_policy_keeps_scopes(key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey) -> None:
    scope = signedvfs.Trusted(key.public_key, max_serial=41)
    policy = signedvfs.TrustPolicy([scope, other_key.public_key])
    assert policy.keys == (scope, other_key.public_key)
    again = pickle.loads(pickle.dumps(policy))
    assert again.keys == policy.keys
    assert eval(repr(policy), {"signedvfs": signedvfs}).keys == policy.keys
    # A scope without bounds is none.
    assert signedvfs.TrustPolicy(signedvfs.Trusted(key.public_key)).keys == (key.public_key,)


@pytest.mark.usefixtures("clean_import_state")
def test_trust_takes_scopes_and_changes_none(
    key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    signedvfs.set_policy(signedvfs.TrustPolicy())
    scope = signedvfs.Trusted(key.public_key, max_serial=41)
    signedvfs.trust(scope)
    signedvfs.trust(scope, other_key.public_key)
    assert signedvfs.get_policy().keys == (scope, other_key.public_key)
    wider = signedvfs.Trusted(key.public_key, max_serial=42)
    for other in (key.public_key, wider, signedvfs.Trusted(other_key.public_key, names=["a"])):
        with pytest.raises(ValueError, match="trusted already"):
            signedvfs.trust(other)
    assert signedvfs.get_policy().keys == (scope, other_key.public_key)


CHILD = """\
import multiprocessing, sys
import signedvfs

def look():
    try:
        import scoped
    except signedvfs.IntegrityCheckMissing as error:
        return error.code
    return scoped.A

if __name__ == "__main__":
    key = signedvfs.PublicKey.load(sys.argv[1])
    signedvfs.trust(signedvfs.Trusted(key, max_serial=int(sys.argv[3])))
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, sys.argv[2])
    with multiprocessing.get_context(sys.argv[4]).Pool(1) as pool:
        print(pool.apply(look))
"""


@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_children_keep_scopes(
    signed_archive: SignedArchive, tmp_path: Path, key: signedvfs.PrivateKey, way: str
) -> None:
    archive = signed_archive(FILES, serial=42)
    (tmp_path / "key.pub").write_text(key.public_key.pem)
    (tmp_path / "program.py").write_text(CHILD)
    for most, expected in ((42, "1"), (41, "NoTrustedKey")):
        words = [sys.executable, "program.py", "key.pub", str(archive), str(most), way]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stdout == f"{expected}\n", done.stderr
