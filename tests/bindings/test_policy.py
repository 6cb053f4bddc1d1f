"""TrustPolicy: what it accepts, shows and refuses, and its clocks."""

from __future__ import annotations

import datetime
import gc
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import signedvfs

if TYPE_CHECKING:
    from tests.conftest import SignedArchive

NOON = datetime.datetime(2030, 1, 1, 12, tzinfo=datetime.timezone.utc)
NOON_SECONDS = 1893499200


def test_the_default_policy_trusts_no_key(signed_archive: SignedArchive) -> None:
    policy = signedvfs.TrustPolicy()
    assert policy.keys == ()
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        signedvfs.open(signed_archive({"a.py": b""}), policy)
    assert caught.value.code == "NoTrustedKey"


def test_attributes_read_as_they_were_given(
    key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    revoked = "ab" * 32
    policy = signedvfs.TrustPolicy(
        [key.public_key, other_key.public_key],
        threshold=2,
        names={"app", "tool"},
        min_serial={"app": 7, "": 1},
        revoked=[revoked, other_key.public_key],
        now=NOON,
        legacy=True,
    )
    assert policy.legacy and not signedvfs.TrustPolicy().legacy
    assert policy.keys == (key.public_key, other_key.public_key)
    assert policy.threshold == 2
    assert policy.names == frozenset({"app", "tool"})
    assert dict(policy.min_serial) == {"app": 7, "": 1}
    assert policy.revoked == frozenset({revoked, other_key.public_key.fingerprint})
    assert policy.now is NOON


def test_one_key_needs_no_sequence(key: signedvfs.PrivateKey) -> None:
    assert signedvfs.TrustPolicy(key.public_key).keys == (key.public_key,)


def test_a_policy_cannot_be_changed(policy: signedvfs.TrustPolicy) -> None:
    for name in ("keys", "threshold", "names", "min_serial", "revoked", "now", "extra"):
        with pytest.raises(AttributeError):
            setattr(policy, name, None)
    with pytest.raises(TypeError):
        policy.min_serial["app"] = 1  # type: ignore[index]  # on purpose
    with pytest.raises(TypeError):
        type("Looser", (signedvfs.TrustPolicy,), {})


def test_the_repr_is_evaluable(key: signedvfs.PrivateKey) -> None:
    policy = signedvfs.TrustPolicy(key.public_key, names=["a"], min_serial={"a": 1}, now=5)
    again = eval(repr(policy), {"signedvfs": signedvfs})
    assert repr(again) == repr(policy)
    assert again.keys == policy.keys


def test_arguments_that_make_no_sense_are_value_errors(key: signedvfs.PrivateKey) -> None:
    public = key.public_key
    nonsense: list[dict[str, Any]] = [
        {"keys": [public], "threshold": 0},
        {"keys": [public], "threshold": 2},
        {"keys": [public, public]},
        {"revoked": ["not a fingerprint"]},
        {"revoked": [public.fingerprint.upper()]},
        {"now": datetime.datetime(2030, 1, 1)},
        {"now": float("nan")},
        {"now": float("inf")},
    ]
    for arguments in nonsense:
        with pytest.raises(ValueError, match=r"."):
            signedvfs.TrustPolicy(**arguments)


def test_arguments_of_the_wrong_type_are_type_errors(key: signedvfs.PrivateKey) -> None:
    wrong: list[dict[str, Any]] = [
        {"keys": [key]},
        {"keys": "MCow"},
        {"keys": [b"MCow"]},
        {"names": "app"},
        {"names": [1]},
        {"min_serial": {"app": "1"}},
        {"min_serial": {1: 1}},
        {"revoked": key.public_key.fingerprint},
        {"revoked": [1]},
        {"now": "noon"},
        {"now": True},
        {"threshold": "1"},
    ]
    for arguments in wrong:
        with pytest.raises(TypeError):
            signedvfs.TrustPolicy(**arguments)


def test_a_negative_minimum_serial_is_refused() -> None:
    with pytest.raises(ValueError, match="minimum serial"):
        signedvfs.TrustPolicy(min_serial={"app": -1})


@pytest.mark.parametrize(
    "now",
    [
        NOON_SECONDS,
        float(NOON_SECONDS) + 0.5,
        NOON,
        NOON.astimezone(datetime.timezone(datetime.timedelta(hours=5))),
        lambda: NOON_SECONDS,
        lambda: NOON,
    ],
)
def test_validity_is_checked_against_the_policys_time(
    now: Any, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    policy = signedvfs.TrustPolicy(key.public_key, now=now)
    hour = datetime.timedelta(hours=1)
    open_at_noon = signed_archive({"a": b""}, not_before=NOON - hour, expires=NOON + hour, at=NOON)
    assert signedvfs.open(open_at_noon, policy).list() == ["a"]
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(signed_archive({"a": b""}, not_before=NOON + hour, at=NOON + hour), policy)
    assert caught.value.code == "NotYetValid"
    expired = signed_archive({"a": b""}, not_before=NOON - 2 * hour, expires=NOON + hour, at=NOON)
    later = signedvfs.TrustPolicy(key.public_key, now=NOON + hour + hour)
    with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
        signedvfs.open(expired, later)
    assert caught.value.code == "Expired"


def test_a_clock_is_asked_once_for_each_archive(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    asked: list[int] = []

    def clock() -> float:
        asked.append(1)
        return time.time()

    archive = signed_archive({"a": b"", "b": b""}, expires=time.time() + 3600)
    vfs = signedvfs.open(archive, signedvfs.TrustPolicy(key.public_key, now=clock))
    vfs.verify_all()
    assert len(asked) == 1


@pytest.mark.parametrize("answer", ["noon", None, datetime.datetime(2030, 1, 1)])
def test_a_clock_that_does_not_know_the_time_is_no_reason_to_open(
    answer: Any, signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    policy = signedvfs.TrustPolicy(key.public_key, now=lambda: answer)
    with pytest.raises(signedvfs.IntegrityCheckError, match="clock") as caught:
        signedvfs.open(signed_archive({"a": b""}), policy)
    assert isinstance(caught.value.__cause__, (TypeError, ValueError))


# I7: an ImportError out of a clock must not look like "no such module".
def test_a_clock_that_raises_is_an_integrity_check_error(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    def clock() -> int:
        raise ImportError("no clock")

    with pytest.raises(signedvfs.IntegrityCheckError) as caught:
        signedvfs.open(signed_archive({"a": b""}), signedvfs.TrustPolicy(key.public_key, now=clock))
    assert isinstance(caught.value.__cause__, ImportError)
    assert caught.value.code == "Clock"
    assert "TrustPolicy(now=...)" in caught.value.advice


def test_ctrl_c_in_a_clock_stays_ctrl_c(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    def clock() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        signedvfs.open(signed_archive({"a": b""}), signedvfs.TrustPolicy(key.public_key, now=clock))


def test_a_clock_that_refers_to_its_policy_is_collected() -> None:
    class Clock:
        policy: signedvfs.TrustPolicy

        def __call__(self) -> int:
            return 0

    clock = Clock()
    clock.policy = signedvfs.TrustPolicy(now=clock)
    gone = weakref.ref(clock)
    del clock
    gc.collect()
    assert gone() is None


# C19: another product signed with the same key.
def test_only_the_named_products_are_accepted(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    policy = signedvfs.TrustPolicy(key.public_key, names={"app"})
    assert signedvfs.open(signed_archive({"a": b""}, name="app"), policy).name == "app"
    for name in ("tool", None):
        with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
            signedvfs.open(signed_archive({"a": b""}, name=name), policy)
        assert caught.value.code == "WrongName"


# C17: an old archive by the same key.
def test_an_older_serial_is_refused(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    policy = signedvfs.TrustPolicy(key.public_key, min_serial={"app": 7})
    assert signedvfs.open(signed_archive({"a": b""}, name="app", serial=7), policy).serial == 7
    for serial in (6, None):
        with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
            signedvfs.open(signed_archive({"a": b""}, name="app", serial=serial), policy)
        assert caught.value.code == "Rollback"


# D12: revoked beats trusted.
def test_a_revoked_key_is_refused_however_it_is_named(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey
) -> None:
    archive = signed_archive({"a": b""})
    for revoked in (key.public_key, key.public_key.fingerprint):
        policy = signedvfs.TrustPolicy(key.public_key, revoked=[revoked])
        with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
            signedvfs.open(archive, policy)
        assert caught.value.code == "KeyRevoked"


def test_a_revoked_key_is_refused_whether_or_not_it_is_trusted(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    both = signed_archive({"a": b""}, keys=[key, other_key])
    trusted, revoked = key.public_key, other_key.public_key
    signedvfs.open(both, signedvfs.TrustPolicy(trusted))
    for name in (revoked, revoked.fingerprint):
        for keys in ([trusted], [trusted, revoked]):
            with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
                signedvfs.open(both, signedvfs.TrustPolicy(keys, revoked=[name]))
            assert caught.value.code == "KeyRevoked"


# C2: k of n.
def test_the_threshold_counts_different_keys(
    signed_archive: SignedArchive, key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    both = signedvfs.TrustPolicy([key.public_key, other_key.public_key], threshold=2)
    vfs = signedvfs.open(signed_archive({"a": b""}, keys=[key, other_key]), both)
    fingerprints = {key.public_key.fingerprint, other_key.public_key.fingerprint}
    assert set(vfs.signers) == set(vfs.signatures) == fingerprints
    with pytest.raises(signedvfs.IntegrityCheckMissing) as caught:
        signedvfs.open(signed_archive({"a": b""}), both)
    assert caught.value.code == "NoTrustedKey"


def test_open_takes_policies_only(signed_archive: SignedArchive) -> None:
    archive = signed_archive({"a": b""})
    with pytest.raises(TypeError, match="policy"):
        signedvfs.open(archive, "trust me")  # type: ignore[arg-type]  # on purpose
