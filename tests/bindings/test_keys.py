"""Keys: making, loading, saving, comparing, and what must not happen to them."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest

import signedvfs


def _der(key: signedvfs.PublicKey) -> bytes:
    return base64.b64decode("".join(key.pem.splitlines()[1:-1]))


@pytest.mark.parametrize(
    ("algorithm", "bits"), [("ed25519", 256), ("ecdsa-p256", 256), ("ecdsa-p384", 384)]
)
def test_every_algorithm_makes_its_keys(algorithm: Any, bits: int) -> None:
    public = signedvfs.PrivateKey.generate(algorithm).public_key
    assert (public.algorithm, public.bits) == (algorithm, bits)


def test_rsa_keys_have_the_bits_that_are_asked_for() -> None:
    public = signedvfs.PrivateKey.generate("rsa-pss", bits=2048).public_key
    assert (public.algorithm, public.bits) == ("rsa-pss", 2048)


def test_an_unknown_algorithm_is_a_value_error_that_lists_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match=r"'dsa'.*'ed25519', 'ecdsa-p256', 'ecdsa-p384', 'rsa-pss'"
    ):
        signedvfs.PrivateKey.generate("dsa")  # type: ignore[arg-type]  # on purpose


def test_a_small_rsa_key_is_not_made() -> None:
    with pytest.raises(ValueError, match="1024"):
        signedvfs.PrivateKey.generate("rsa-pss", bits=1024)


def test_the_fingerprint_is_the_sha256_of_the_der_key(key: signedvfs.PrivateKey) -> None:
    assert key.public_key.fingerprint == hashlib.sha256(_der(key.public_key)).hexdigest()


def test_a_public_key_is_its_base64(key: signedvfs.PrivateKey) -> None:
    public = key.public_key
    text = base64.b64encode(_der(public)).decode()
    assert repr(public) == f"signedvfs.PublicKey('{text}')"
    assert eval(repr(public), {"signedvfs": signedvfs}) == public
    assert pickle.loads(pickle.dumps(public)) == public
    assert copy.deepcopy(public) == public


def test_equal_keys_are_equal_and_hash_alike(
    key: signedvfs.PrivateKey, other_key: signedvfs.PrivateKey
) -> None:
    again = signedvfs.PublicKey.from_pem(key.public_key.pem)
    assert again == key.public_key
    assert hash(again) == hash(key.public_key)
    assert {again, key.public_key} == {again}
    assert again != other_key.public_key
    assert again != again.fingerprint


@pytest.mark.parametrize(
    "text",
    ["", "MCow", "no base64", "\n", "A" * 4096, "MCowBQYDK2VwAyEA\N{GREEK SMALL LETTER ALPHA}"],
)
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(signedvfs.KeyFileError) as caught:
        signedvfs.PublicKey(text)
    assert caught.value.code == "BadKey"


def test_a_key_has_one_spelling(key: signedvfs.PrivateKey) -> None:
    text = base64.b64encode(_der(key.public_key)).decode()
    for other in (text + "\n", " " + text, text.rstrip("="), text + "AAAA"):
        with pytest.raises(signedvfs.KeyFileError):
            signedvfs.PublicKey(other)


# D6: a small-order Ed25519 key, which some signature fits whatever the message.
def test_a_key_that_vouches_for_anything_is_refused() -> None:
    identity = bytes.fromhex("302a300506032b6570032100" + "01" + "00" * 31)
    with pytest.raises(signedvfs.KeyFileError) as caught:
        signedvfs.PublicKey(base64.b64encode(identity).decode())
    assert caught.value.code == "WeakKey"


def test_public_keys_load_from_any_kind_of_path(key: signedvfs.PrivateKey, tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(key.public_key.pem)
    for path in (file, str(file), os.fsencode(file)):
        assert signedvfs.PublicKey.load(path) == key.public_key


def test_a_path_with_undecodable_bytes_works(key: signedvfs.PrivateKey, tmp_path: Path) -> None:
    file = os.fsencode(tmp_path) + b"/\xff\xfe.key"
    key.save(file)
    assert signedvfs.PrivateKey.load(os.fsdecode(file)).public_key == key.public_key


def test_a_path_with_a_nul_is_a_value_error(key: signedvfs.PrivateKey, tmp_path: Path) -> None:
    # B3: a NUL hides the rest of a name.
    with pytest.raises(ValueError, match="null"):
        signedvfs.PublicKey.load(str(tmp_path) + "/a\0b")
    with pytest.raises(ValueError, match="null"):
        key.save(str(tmp_path) + "/a\0b")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_key_file_is_a_file_not_found_error(tmp_path: Path) -> None:
    for load in (signedvfs.PublicKey.load, signedvfs.PrivateKey.load):
        with pytest.raises(FileNotFoundError, match="absent"):
            load(tmp_path / "absent")


def test_a_key_file_is_a_regular_file(key: signedvfs.PrivateKey, tmp_path: Path) -> None:
    # F1, F2: none of these is waited for, or read without end
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    for path, kind in (
        (tmp_path / "fifo", "a pipe"),
        (tmp_path / "link", "a pipe"),
        (tmp_path, "a directory"),
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
    ):
        for load in (signedvfs.PublicKey.load, signedvfs.PrivateKey.load):
            with pytest.raises(signedvfs.KeyFileError, match=kind) as caught:
                load(path)
            assert caught.value.code == "BadKey"
        with pytest.raises((ValueError, OSError)):
            key.save(path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["fifo", "link"]


def test_what_a_key_file_asks_for_is_bounded(tmp_path: Path) -> None:
    # 2^31 rounds of PBKDF2 take twenty minutes: this test ends, so nothing is derived.
    def der(tag: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        return bytes([tag, len(content)]) + content

    salt, rounds = der(4, b"s" * 16), der(2, (2**31).to_bytes(5, "big"))
    pbkdf2 = der(0x30, bytes.fromhex("06092a864886f70d01050c"), der(0x30, salt, rounds))
    aes = bytes.fromhex("301d060960864801650304012a041000112233445566778899aabbccddeeff")
    pbes2 = der(0x30, bytes.fromhex("06092a864886f70d01050d"), der(0x30, pbkdf2, aes))
    text = base64.b64encode(der(0x30, pbes2, der(4, b"k" * 16))).decode()
    label = "ENCRYPTED PRIVATE KEY-----"
    (tmp_path / "key").write_text(f"-----BEGIN {label}\n{text}\n-----END {label}\n")
    with pytest.raises(signedvfs.KeyFileError, match=r"2147483648 rounds.* 10000000 at") as caught:
        signedvfs.PrivateKey.load(tmp_path / "key", "password")
    assert caught.value.code == "BadKey"


def test_a_public_key_is_not_loaded_from_a_private_one(
    key: signedvfs.PrivateKey, tmp_path: Path
) -> None:
    key.save(tmp_path / "key")
    with pytest.raises(signedvfs.KeyFileError):
        signedvfs.PublicKey.load(tmp_path / "key")


@pytest.mark.parametrize("password", [None, "p\N{LATIN SMALL LETTER A WITH DIAERESIS}ss", b"\xff!"])
def test_a_saved_key_loads_with_its_password_only(
    password: str | bytes | None, key: signedvfs.PrivateKey, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    key.save(file, password)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (b"ENCRYPTED" in file.read_bytes()) == (password is not None)
    assert signedvfs.PrivateKey.load(file, password).public_key == key.public_key
    if password is not None:
        for wrong in (None, "wrong", b""):
            with pytest.raises(signedvfs.KeyFileError) as caught:
                signedvfs.PrivateKey.load(file, wrong)
            assert caught.value.code == "WrongPassword"


def test_a_password_of_another_type_is_a_type_error(
    key: signedvfs.PrivateKey, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match="password"):
        key.save(tmp_path / "key", 1234)  # type: ignore[arg-type]  # on purpose
    assert list(tmp_path.iterdir()) == []


def test_saving_never_replaces_a_file(key: signedvfs.PrivateKey, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"precious")
    with pytest.raises(ValueError, match="key"):
        key.save(file)
    assert file.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [file]


def test_saving_into_a_missing_directory_is_an_os_error(
    key: signedvfs.PrivateKey, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        key.save(tmp_path / "absent" / "key")
    assert list(tmp_path.iterdir()) == []


def test_private_keys_stay_where_they_are(key: signedvfs.PrivateKey) -> None:
    assert repr(key) == f"<signedvfs.PrivateKey {key.public_key.fingerprint}>"
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled or copied"):
            leak(key)


def test_keys_are_immutable(key: signedvfs.PrivateKey) -> None:
    for target, name in ((key, "public_key"), (key.public_key, "fingerprint"), (key, "extra")):
        with pytest.raises(AttributeError):
            setattr(target, name, "x")


def test_key_errors_are_value_errors_and_no_verdict_on_an_archive() -> None:
    assert issubclass(signedvfs.KeyFileError, ValueError)
    assert not issubclass(signedvfs.KeyFileError, signedvfs.IntegrityCheckError)


def test_an_rsa_key_is_made_of_its_numbers() -> None:
    key = signedvfs.PrivateKey.generate("rsa-pss", bits=2048).public_key
    der = base64.b64decode("".join(key.pem.splitlines()[1:-1]))
    # RFC 8017, appendix A.1.1: the modulus and 65537 end the SubjectPublicKeyInfo.
    modulus = int.from_bytes(der[-261:-5], "big")
    assert signedvfs.PublicKey.from_numbers(modulus) == key
    assert signedvfs.PublicKey.from_numbers(modulus, 65537).fingerprint == key.fingerprint
    with pytest.raises(signedvfs.KeyFileError):
        signedvfs.PublicKey.from_numbers(modulus, 2)
    with pytest.raises(signedvfs.KeyFileError):
        signedvfs.PublicKey.from_numbers(15)
    with pytest.raises(signedvfs.KeyFileError):
        signedvfs.PublicKey.from_numbers(0)
    with pytest.raises(ValueError, match="negative"):
        signedvfs.PublicKey.from_numbers(-modulus)
