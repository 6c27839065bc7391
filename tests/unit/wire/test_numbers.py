"""Assigned numbers: what the registries and the texts fix, and who issues a Reply code."""

from enum import IntEnum

import pytest

from mobileip.wire.numbers import (
    MOBILE_IP_UDP_PORT,
    AdvertisementExtensionType,
    ExtensionType,
    Issuer,
    MessageType,
    ReplyCode,
)


def test_port() -> None:
    assert MOBILE_IP_UDP_PORT == 434


@pytest.mark.parametrize("registry", [MessageType, ExtensionType, AdvertisementExtensionType, ReplyCode])
def test_every_number_is_one_octet_and_given_once(registry: type[IntEnum]) -> None:
    assert all(0 <= number <= 255 for number in registry)
    assert len(registry.__members__) == len(list(registry))  # no alias


@pytest.mark.parametrize("code", [0, 1])
def test_accepted(code: int) -> None:
    assert ReplyCode(code).is_accepted


@pytest.mark.parametrize("code", [c for c in ReplyCode if c > 1])
def test_every_other_code_denies(code: ReplyCode) -> None:
    assert not code.is_accepted


@pytest.mark.parametrize(
    ("code", "issuer"),
    [
        (0, Issuer.HOME_AGENT),
        (1, Issuer.HOME_AGENT),
        (64, Issuer.FOREIGN_AGENT),
        (109, Issuer.FOREIGN_AGENT),
        (110, Issuer.GATEWAY_FOREIGN_AGENT),
        (111, Issuer.GATEWAY_FOREIGN_AGENT),
        (112, Issuer.FOREIGN_AGENT),
        (127, Issuer.FOREIGN_AGENT),
        (128, Issuer.HOME_AGENT),
        (133, Issuer.HOME_AGENT),
        (192, Issuer.HOME_AGENT),
        (193, Issuer.GATEWAY_FOREIGN_AGENT),
        (194, Issuer.FOREIGN_AGENT),  # RFC 5944 §3.7.2, in spite of its range
    ],
)
def test_issuer(code: int, issuer: Issuer) -> None:
    assert ReplyCode(code).issued_by is issuer


@pytest.mark.parametrize("code", [c for c in ReplyCode if c > 1])
def test_a_code_is_issued_by_whom_its_name_begins_with(code: ReplyCode) -> None:
    issuers = {"FA": Issuer.FOREIGN_AGENT, "HA": Issuer.HOME_AGENT, "GFA": Issuer.GATEWAY_FOREIGN_AGENT}
    assert code.issued_by is issuers[code.name.split("_")[0]]
