"""Associations: what may be one, and how they are found (RFC 5944 §1.6, §3.2)."""

from ipaddress import IPv4Address

import pytest

from mobileip.security.association import Algorithm, Associations, MobilitySecurityAssociation, ReplayStyle

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


def shared(spi: int, key: bytes = b"key") -> MobilitySecurityAssociation:
    return MobilitySecurityAssociation(spi=spi, key=key)


@pytest.mark.requirement("R5944-1.6-b")
@pytest.mark.parametrize("spi", [0, 1, 2, 255])
def test_reserved_spi_is_refused(spi: int) -> None:
    with pytest.raises(ValueError, match="reserved"):
        shared(spi)


@pytest.mark.parametrize("spi", [-1, 1 << 32])
def test_spi_has_32_bits(spi: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        shared(spi)


@pytest.mark.requirement("R5944-1.6-b")
@pytest.mark.parametrize("spi", [256, 0xFFFFFFFF])
def test_smallest_and_largest_spi(spi: int) -> None:
    assert shared(spi).spi == spi


def test_empty_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the key is empty$"):
        shared(256, b"")


@pytest.mark.requirement("R5944-3.5.1-d", "R5944-5.1-a", "R5944-5.7-a", "R5944-5.7-b")
def test_defaults_are_the_mandatory_ones() -> None:
    association = shared(256)
    assert association.algorithm is Algorithm.HMAC_MD5
    assert association.replay is ReplayStyle.TIMESTAMPS
    assert association.timestamp_window == 7.0


def test_key_is_never_shown() -> None:
    assert "secret" not in repr(shared(256, b"secret")) + str(shared(256, b"secret"))


@pytest.mark.requirement("R5944-3.2-a")
def test_found_by_peer_and_spi() -> None:
    old, new, other = shared(256), shared(300), shared(256, b"other")
    associations = Associations([(HERE, old), (HERE, new), (THERE, other), (b"mn@home.net", new)])
    assert associations.find(HERE, 256) is old
    assert associations.find(HERE, 300) is new
    assert associations.find(THERE, 256) is other
    assert associations.find(b"mn@home.net", 300) is new
    assert associations.find(HERE, 301) is None
    assert associations.find(IPv4Address("192.0.2.3"), 256) is None


def test_first_is_the_one_configured_first() -> None:
    old, new = shared(300), shared(256)
    associations = Associations([(HERE, old), (HERE, new)])
    assert associations.first(HERE) is old
    assert associations.first(THERE) is None


def test_membership_and_size_count_peers() -> None:
    associations = Associations([(HERE, shared(256)), (HERE, shared(257))])
    assert HERE in associations
    assert THERE not in associations
    assert len(associations) == 1
    assert not Associations()


def test_same_spi_twice_for_one_peer_is_refused() -> None:
    with pytest.raises(ValueError, match="SPI 256"):
        Associations([(HERE, shared(256)), (HERE, shared(256, b"other"))])
