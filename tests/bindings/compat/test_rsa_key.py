"""RSAKey: what signedimp's programs do with it, and what nobody should."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

import signedvfs
from signedvfs.compat import signedimp
from signedvfs.compat.signedimp import RSAKey
from tests.bindings.compat.fixtures import (
    FIXTURES,
    PASSWORD,
    key_of_fixture,
    private_key_of_fixture,
)
from tests.support.archives import MANIFEST, members_of, write_archive

_MESSAGE = b"a message\n"


@pytest.fixture(scope="module")
def private() -> RSAKey:
    """The key that signed what signedimp made."""
    return private_key_of_fixture()


def test_the_names_are_all_there() -> None:
    assert all(getattr(signedimp, name) is not None for name in signedimp.__all__)
    assert signedimp.HASHFILE_NAME == MANIFEST
    assert signedimp.IntegrityCheckError is signedvfs.IntegrityCheckError
    assert issubclass(signedimp.IntegrityCheckFailed, signedimp.IntegrityCheckError)
    assert issubclass(signedimp.IntegrityCheckMissing, signedimp.IntegrityCheckError)
    assert not issubclass(signedimp.IntegrityCheckError, (ImportError, OSError, ValueError))


def test_a_key_is_the_one_that_signedimp_wrote(private: RSAKey) -> None:
    key = key_of_fixture()
    assert key.fingerprint() == (FIXTURES / "key.fingerprint").read_text().strip()
    assert key_of_fixture("other").fingerprint() != key.fingerprint()
    assert (key.pub_exponent, key.priv_exponent, key.size) == (65537, None, 2048)
    assert key.modulus.bit_length() == 2048
    assert private.get_public_key() == key == private_key_of_fixture().get_public_key()
    assert private != key
    assert private.priv_exponent is not None
    same = RSAKey(private.modulus, private.pub_exponent, private.priv_exponent)
    assert same == private
    assert hash(same) == hash(private) != hash(key)
    assert key != key.fingerprint()


def test_a_public_key_is_what_its_repr_and_its_pickle_say() -> None:
    key = key_of_fixture()
    schemes = RSAKey(
        key.modulus,
        key.pub_exponent,
        default_padding_scheme="pss-sha1",
        allowed_padding_schemes=["pss-sha1"],
    )
    for one in (key, schemes):
        for again in (
            eval(repr(one), {"RSAKey": RSAKey}),
            pickle.loads(pickle.dumps(one)),
            copy.deepcopy(one),
        ):
            assert again == one
            assert repr(again) == repr(one)


def test_a_private_key_gets_into_no_text_and_no_pickle(private: RSAKey) -> None:
    assert private.fingerprint() in repr(private)
    assert str(private.priv_exponent) not in repr(private)
    assert not re.search(r"\d{60}", repr(private))
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="private"):
            leak(private)


def test_keys_are_made_with_2048_bits_at_least() -> None:
    made = RSAKey.generate()
    assert made.size == 2048
    assert made.get_public_key().verify(_MESSAGE, made.sign(_MESSAGE))
    for bits in (512, 1024, 2047):
        with pytest.raises(ValueError, match=str(bits)):
            RSAKey.generate(bits)


@pytest.mark.parametrize(
    "change",
    [
        lambda key: (key.modulus >> 1024 | 1, 65537),
        lambda key: (key.modulus, 1),
        lambda key: (key.modulus, 3),
        lambda key: (key.modulus - 1, 65537),
        lambda key: (key.modulus, 65537, 1),
        lambda key: (key.modulus, 65537, key.priv_exponent + 2),
        lambda key: (key.modulus, 65537, 2**60000),
    ],
)
def test_weak_and_contradictory_numbers_are_refused(change: Any, private: RSAKey) -> None:
    with pytest.raises(signedvfs.KeyFileError) as caught:
        RSAKey(*change(private))
    assert caught.value.code in ("WeakKey", "BadKey")


@pytest.mark.parametrize("numbers", [(0, 65537), (-5, 65537), (5.5, 3), ("5", 3), (15, 3, 0)])
def test_numbers_have_to_be_numbers(numbers: Any) -> None:
    with pytest.raises((TypeError, ValueError, signedvfs.KeyFileError)):
        RSAKey(*numbers)


def test_it_signs_and_verifies_messages(private: RSAKey) -> None:
    signature = private.sign(_MESSAGE)
    assert signature.startswith(b"pss-sha256:")
    key = private.get_public_key()
    assert key.verify(_MESSAGE, signature)
    assert key.verify(bytearray(_MESSAGE), memoryview(signature))
    assert not key.verify(_MESSAGE + b"!", signature)
    assert not key_of_fixture("other").verify(_MESSAGE, signature)
    with pytest.raises(ValueError, match="public key"):
        key.sign(_MESSAGE)
    with pytest.raises(TypeError):
        private.sign("text")  # type: ignore[arg-type]  # on purpose


def test_any_changed_byte_of_a_signature_is_noticed(private: RSAKey) -> None:
    signature = private.sign(_MESSAGE)
    for at in range(0, len(signature), 3):
        changed = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not private.verify(_MESSAGE, changed)
    for short in (b"", b":", b"pss-sha256", b"pss-sha256:", signature[:-1], signature + b"\0"):
        assert not private.verify(_MESSAGE, short)


def test_signatures_of_signedimp_verify_but_for_raw_ones(private: RSAKey) -> None:
    message = (FIXTURES / "message.txt").read_bytes()
    old = (FIXTURES / "message.pss-sha1").read_bytes()
    assert private.verify(message, old)
    assert not private.verify(message + b" ", old)
    assert not key_of_fixture("other").verify(message, old)
    raw = (FIXTURES / "message.raw").read_bytes()
    assert raw.startswith(b"raw:")
    assert not private.verify(message, raw)
    # The same number under another name is no better.
    for scheme in (b"pss-sha1:", b"pss-sha256:", b""):
        assert not private.verify(message, scheme + raw[4:])


def test_schemes_that_there_are_not_are_refused(private: RSAKey) -> None:
    numbers = private.modulus, private.pub_exponent
    for scheme, words in (("raw", "textbook"), ("pkcs1", "unknown"), ("pss-sha1", "verified only")):
        with pytest.raises(ValueError, match=words):
            private.sign(_MESSAGE, scheme)
    for scheme in ("raw", "none"):
        with pytest.raises(ValueError, match="padding scheme"):
            RSAKey(*numbers, default_padding_scheme=scheme)
    with pytest.raises(TypeError):
        RSAKey(*numbers, allowed_padding_schemes="pss-sha256")
    with pytest.raises(ValueError, match="random"):
        RSAKey(*numbers, randbytes=bytes)
    with pytest.raises(ValueError, match="random"):
        RSAKey.generate(randbytes=bytes)
    assert RSAKey(*numbers, randbytes=os.urandom) == private.get_public_key()


def test_allowed_schemes_are_the_only_ones(private: RSAKey) -> None:
    signature = private.sign(_MESSAGE)
    old = (FIXTURES / "message.pss-sha1").read_bytes()
    new_only = RSAKey(private.modulus, 65537, allowed_padding_schemes=["pss-sha256", "raw"])
    old_only = RSAKey(
        private.modulus, 65537, private.priv_exponent, allowed_padding_schemes=["pss-sha1"]
    )
    assert new_only.verify(_MESSAGE, signature)
    assert not new_only.verify(_MESSAGE, old)
    assert not new_only.verify(_MESSAGE, (FIXTURES / "message.raw").read_bytes())
    assert old_only.verify(_MESSAGE, old)
    assert not old_only.verify(_MESSAGE, signature)
    with pytest.raises(ValueError, match="allowed"):
        old_only.sign(_MESSAGE)


def test_there_is_no_textbook_rsa() -> None:
    assert not hasattr(RSAKey, "encrypt")
    assert not hasattr(RSAKey, "decrypt")


# C20: the owner of a key can be asked to sign a text that somebody else chose.
def test_a_signature_of_a_message_fits_no_manifest(private: RSAKey, tmp_path: Path) -> None:
    archive = tmp_path / "app.zip"
    write_archive(archive, {"a.py": b"value = 1\n"})
    signedvfs.sign(archive, private.private_key)
    signed = members_of(archive)
    line, _, rest = signed[MANIFEST].partition(b"\n\n")
    header = b"".join(one + b"\n" for one in rest.split(b"\n")[:2])
    statement = b"signedvfs manifest v1\0" + hashlib.sha256(header).digest()
    genuine = base64.b64decode(line.split(b" ")[1])
    policy = signedvfs.TrustPolicy([private.public_key])
    signedvfs.open(archive, policy).verify_all()

    for text in (statement, header, rest, b""):
        value = private.sign(text).partition(b":")[2]
        forged = line.split(b" ")[0] + b" " + base64.b64encode(value) + b"\n\n" + rest
        write_archive(archive, {**signed, MANIFEST: forged})
        with pytest.raises(signedvfs.IntegrityCheckFailed) as caught:
            signedvfs.open(archive, policy)
        assert caught.value.code == "BadSignature"
        # And the other way round.
        for scheme in (b"pss-sha256:", b"pss-sha1:"):
            assert not private.verify(text, scheme + genuine)


def test_a_signature_of_an_old_manifest_is_none_of_a_message(private: RSAKey) -> None:
    text = members_of(FIXTURES / "sha1.zip")[MANIFEST]
    line, _, content = text.partition(b"\n\n")
    signature = base64.b64decode(line.split(b" ")[1])
    assert signature.startswith(b"pss-sha1:")
    assert content.startswith(b"sha1\n")
    assert not private.verify(content, signature)


def test_keys_go_over_to_signedvfs(private: RSAKey, tmp_path: Path) -> None:
    assert RSAKey.from_key(private.public_key) == private.get_public_key()
    assert RSAKey.from_key(private.private_key) == private
    private.private_key.save(tmp_path / "app.key", "password")
    loaded = signedvfs.PrivateKey.load(tmp_path / "app.key", "password")
    assert RSAKey.from_key(loaded) == private
    with pytest.raises(ValueError, match="public key"):
        _ = private.get_public_key().private_key
    for other in (signedvfs.PrivateKey.generate(), signedvfs.PrivateKey.generate().public_key):
        with pytest.raises(ValueError, match="not RSA"):
            RSAKey.from_key(other)


def test_key_files_need_their_password() -> None:
    for wrong in ("", "The old passwore", b"\xff"):
        with pytest.raises(signedvfs.KeyFileError) as caught:
            RSAKey.load_from_file(FIXTURES / "key.encrypted", wrong)
        assert caught.value.code == "WrongPassword"
    with pytest.raises(TypeError, match="password"):
        RSAKey.load_from_file(FIXTURES / "key.encrypted", None)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(FileNotFoundError):
        RSAKey.load_from_file(FIXTURES / "absent", PASSWORD)
    with pytest.raises(signedvfs.KeyFileError) as caught:
        RSAKey.load_from_file(FIXTURES / "small.encrypted", PASSWORD)
    assert caught.value.code == "WeakKey"


def test_pickles_of_signedimp_are_read_and_not_unpickled(tmp_path: Path) -> None:
    data = (FIXTURES / "key.pickle").read_bytes()
    assert RSAKey.from_pickle(data) == key_of_fixture()
    mark = tmp_path / "mark"
    call = b"cos\nsystem\n(S'touch %s'\ntR" % os.fsencode(mark)
    assert not isinstance(pickle.loads(call + b"."), Exception)  # so it is one that does something
    assert mark.exists()
    mark.unlink()
    end = data.rindex(b"b.")
    for hostile in (
        call + b".",
        call + b"0" + data,
        data[:end] + call + data[end:],
        data[:-1] + call + b".",
        data.replace(b"RSAKey", b"system"),
        (FIXTURES / "key.pickle2").read_bytes(),
        pickle.dumps(key_of_fixture()),
        b"",
        bytes(1 << 17),
    ):
        with pytest.raises(signedvfs.KeyFileError) as caught:
            RSAKey.from_pickle(hostile)
        assert caught.value.code == "BadKey"
    assert not mark.exists()
