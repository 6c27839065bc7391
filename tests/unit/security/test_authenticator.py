"""Authenticators: vectors, coverage, and what must not pass (RFC 5944 §3.5.1)."""

import subprocess
from hashlib import md5

import pytest
from tests.support import vectors

from mobileip.security.association import Algorithm, MobilitySecurityAssociation
from mobileip.security.authenticator import sign, verify
from mobileip.wire.extensions.authentication import (
    AuthenticationExtension,
    ForeignHomeAuthentication,
    MobileAaaAuthentication,
    MobileForeignAuthentication,
    MobileHomeAuthentication,
)
from mobileip.wire.message import decode_message

KEY = bytes(range(16))
REQUEST = bytes.fromhex("010207080a0100050a010001c0000201e000000012345678830b6d6e40686f6d652e6e6574")
"""Fixed part and a Network Access Identifier extension."""


def association(
    algorithm: Algorithm = Algorithm.HMAC_MD5, spi: int = 256, key: bytes = KEY
) -> MobilitySecurityAssociation:
    return MobilitySecurityAssociation(spi=spi, key=key, algorithm=algorithm)


def passes(
    octets: bytes,
    shared: MobilitySecurityAssociation,
    kind: type[AuthenticationExtension] = MobileHomeAuthentication,
) -> bool:
    decoded = decode_message(octets)
    return all(verify(decoded, offset, extension, shared) for offset, extension in decoded.find(kind))


VECTORS = {
    # Computed with hmac and hashlib alone over the octets above: type 32, length 20, SPI 256, authenticator.
    Algorithm.HMAC_MD5: "2014000001002e8c231f30f671afadfe0d4bc47c3ff1",
    Algorithm.KEYED_MD5: "20140000010063294ec510f4cee9d65dab7d5b53221c",
    Algorithm.KEYED_MD5_RFC2002: "201400000100fe43ed463bdbf3bc3bb54a664036518a",
}


@pytest.mark.requirement("R5944-3.5.1-a", "R5944-3.5.1-d", "R5944-5.1-a", "R5944-5.1-d")
@pytest.mark.parametrize("algorithm", VECTORS)
def test_vector(algorithm: Algorithm) -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association(algorithm))
    assert signed == REQUEST + bytes.fromhex(VECTORS[algorithm])
    assert passes(signed, association(algorithm))


def test_vector_of_a_generalized_one_behind_everything_else() -> None:
    octets = REQUEST + vectors.MOBILE_HOME_HMAC_MD5 + vectors.CHALLENGE
    shared = association(spi=0x200)
    signed = sign(octets, MobileAaaAuthentication, shared)
    assert signed == octets + vectors.MOBILE_AAA_HMAC_MD5
    assert passes(signed, shared, MobileAaaAuthentication)
    assert passes(signed, association())


def test_these_vectors_are_those_of_the_other_tests() -> None:
    assert vectors.REQUEST_FIXED + vectors.NAI == REQUEST
    assert vectors.KEY == KEY
    assert {
        Algorithm.HMAC_MD5: vectors.MOBILE_HOME_HMAC_MD5.hex(),
        Algorithm.KEYED_MD5: vectors.MOBILE_HOME_KEYED_MD5.hex(),
        Algorithm.KEYED_MD5_RFC2002: vectors.MOBILE_HOME_KEYED_MD5_RFC2002.hex(),
    } == VECTORS


@pytest.mark.parametrize(("algorithm", "length"), [(Algorithm.HMAC_SHA1, 20), (Algorithm.HMAC_SHA256, 32)])
def test_length_counts_spi_and_authenticator(algorithm: Algorithm, length: int) -> None:
    extension = sign(REQUEST, MobileHomeAuthentication, association(algorithm))[len(REQUEST) :]
    assert extension[1] == 4 + length
    assert len(extension) == 6 + length


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [(Algorithm.HMAC_MD5, "md5"), (Algorithm.HMAC_SHA1, "sha1"), (Algorithm.HMAC_SHA256, "sha256")],
)
def test_openssl_agrees_on_hmac(algorithm: Algorithm, digest: str) -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association(algorithm))
    covered = signed[: len(REQUEST) + 6]
    command = ["openssl", "dgst", f"-{digest}", "-mac", "HMAC", "-macopt", f"hexkey:{KEY.hex()}", "-binary"]
    assert subprocess.run(command, input=covered, stdout=-1, check=True).stdout == signed[len(covered) :]


@pytest.mark.oracle
@pytest.mark.parametrize(("algorithm", "spi_octets"), [(Algorithm.KEYED_MD5, 4), (Algorithm.KEYED_MD5_RFC2002, 0)])
def test_openssl_agrees_on_keyed_md5(algorithm: Algorithm, spi_octets: int) -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association(algorithm))
    covered = KEY + signed[: len(REQUEST) + 2 + spi_octets] + KEY
    digest = subprocess.run(["openssl", "dgst", "-md5", "-binary"], input=covered, stdout=-1, check=True).stdout
    assert digest == signed[-16:]


@pytest.mark.requirement("R5944-3.5.1-a")
@pytest.mark.parametrize("algorithm", Algorithm)
def test_every_covered_octet_counts(algorithm: Algorithm) -> None:
    shared = association(algorithm)
    signed = sign(REQUEST, MobileHomeAuthentication, shared)
    decoded = decode_message(signed)
    ((offset, extension),) = decoded.find(MobileHomeAuthentication)
    spi_covered = algorithm is not Algorithm.KEYED_MD5_RFC2002
    for position in range(offset + (6 if spi_covered else 2)):
        octets = bytearray(signed)
        octets[position] ^= 0x01
        assert not verify(type(decoded)(decoded.message, bytes(octets), decoded.offsets), offset, extension, shared)


def test_every_octet_of_the_authenticator_counts() -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association())
    for position in range(len(signed) - 16, len(signed)):
        octets = bytearray(signed)
        octets[position] ^= 0x80
        assert not passes(bytes(octets), association())


def test_what_follows_is_not_covered() -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association())
    assert passes(signed + bytes.fromhex("84080102030405060708"), association())


def test_a_later_extension_covers_the_earlier_ones() -> None:
    second = association(spi=300, key=b"foreign")
    signed = sign(sign(REQUEST, MobileHomeAuthentication, association()), ForeignHomeAuthentication, second)
    assert passes(signed, association())
    assert passes(signed, second, ForeignHomeAuthentication)
    octets = bytearray(signed)
    octets[len(REQUEST) + 6] ^= 1  # within the first authenticator
    assert not passes(bytes(octets), second, ForeignHomeAuthentication)


def test_each_kind_is_another_authenticator() -> None:
    kinds = (MobileHomeAuthentication, MobileForeignAuthentication, ForeignHomeAuthentication)
    signed = [sign(REQUEST, kind, association()) for kind in kinds]
    assert len({octets[-16:] for octets in signed}) == len(kinds)
    assert all(passes(octets, association(), kind) for octets, kind in zip(signed, kinds, strict=True))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_another_key_fails(algorithm: Algorithm) -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association(algorithm))
    assert not passes(signed, association(algorithm, key=KEY + b"\x01"))


@pytest.mark.requirement("R5944-3.5.1-c")
def test_another_algorithm_fails() -> None:
    signed = sign(REQUEST, MobileHomeAuthentication, association())
    assert [passes(signed, association(other)) for other in Algorithm] == [True, False, False, False, False]


@pytest.mark.requirement("R5944-3.5.1-b")
def test_another_spi_fails_even_where_it_is_not_covered() -> None:
    shared = association(Algorithm.KEYED_MD5_RFC2002)
    signed = sign(REQUEST, MobileHomeAuthentication, shared)
    assert not passes(signed, association(Algorithm.KEYED_MD5_RFC2002, spi=257))


@pytest.mark.parametrize("length", [0, 1, 15, 17])
def test_authenticator_of_another_length_fails(length: int) -> None:
    decoded = decode_message(sign(REQUEST, MobileHomeAuthentication, association()))
    ((offset, extension),) = decoded.find(MobileHomeAuthentication)
    other = (extension.authenticator + b"\0")[:length]
    assert not verify(decoded, offset, MobileHomeAuthentication(256, other), association())


@pytest.mark.requirement("R5944-3.5.1-c")
@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("spi", [256, 257, 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_spi_can_stand_for_any_algorithm(spi: int, algorithm: Algorithm) -> None:
    shared = association(algorithm, spi=spi)
    signed = sign(REQUEST, MobileHomeAuthentication, shared)
    assert passes(signed, shared)
    others = [association(other, spi=spi) for other in Algorithm if other is not algorithm]
    assert not any(passes(signed, other) for other in others)


def hmac_md5(key: bytes, text: bytes) -> bytes:
    """RFC 2104 §2, step by step."""
    padded = (md5(key, usedforsecurity=False).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = md5(bytes(octet ^ 0x36 for octet in padded) + text, usedforsecurity=False).digest()
    return md5(bytes(octet ^ 0x5C for octet in padded) + inner, usedforsecurity=False).digest()


@pytest.mark.requirement("R5944-5.1-b", "R5944-5.1-c")
@pytest.mark.parametrize(
    "key",
    [bytes(16), b"\xff" * 16, bytes(range(256)), bytes(range(64)), b"\0" + b"\n" * 31, b"\0"],
    ids=["zeros", "ones", "256 octets", "a block", "line ends", "one octet"],
)
def test_keys_have_any_octets_and_any_length(key: bytes) -> None:
    shared = association(key=key)
    signed = sign(REQUEST, MobileHomeAuthentication, shared)
    assert signed[-16:] == hmac_md5(key, signed[:-16])
    assert passes(signed, shared)
