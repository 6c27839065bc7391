"""What makes two points of attachment the same place."""

from ipaddress import IPv4Address

import msgspec
import pytest
from tests.support.attachments import at_home, colocated, through_agent

from mobileip.agents.mobile.attachment import CareOf


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interface", "eth1"),
        ("care_of", CareOf.COLOCATED),
        ("care_of_address", IPv4Address("198.51.100.77")),
        ("agent", None),
        ("incarnation", 2),
    ],
)
def test_another_place(field: str, value: object) -> None:
    here = through_agent()
    assert msgspec.structs.replace(here, **{field: value}).place != here.place


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_hop", bytes(6)),
        ("gateway", IPv4Address("192.0.2.254")),
        ("gateway_link_address", None),
        ("longest_lifetime", 60),
        ("reason", "because"),
    ],
)
def test_details_that_may_change_at_the_same_place(field: str, value: object) -> None:
    here = through_agent()
    changed = msgspec.structs.replace(here, **{field: value})
    assert changed != here
    assert changed.place == here.place


def test_only_home_is_home() -> None:
    assert at_home().is_home
    assert not through_agent().is_home
    assert not colocated().is_home
