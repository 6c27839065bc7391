"""ICMP errors about relayed Requests."""

from ipaddress import IPv4Address

import pytest
from tests.support.foreign_agent import OTHER_HOME_ADDRESS, OTHER_HOME_AGENT, pending, request
from tests.support.messages import HOME_AGENT, NTP

from mobileip.agents.events import DeliveryFailed
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.undelivered import code_of, concerned

REQUEST = request().decoded.octets


def failed(quoted: bytes, destination: IPv4Address = HOME_AGENT) -> DeliveryFailed:
    return DeliveryFailed(destination=destination, icmp_type=3, icmp_code=3, octets=quoted)


@pytest.mark.parametrize(
    ("icmp", "code"),
    [
        ((3, 0), 80),
        ((3, 1), 81),
        ((3, 3), 82),
        ((3, 6), 80),
        ((3, 7), 81),
        ((3, 2), 88),
        ((3, 13), 88),
        ((11, 0), 88),
        ((12, 0), 88),
        ((4, 0), None),
        ((5, 1), None),
    ],
)
def test_codes(icmp: tuple[int, int], code: int | None) -> None:
    assert code_of(*icmp) == code


def test_whom_an_error_concerns() -> None:
    registrations = PendingRegistrations(10, 10)
    mine, later = pending(), pending(identification=NTP + 1)
    other = pending(home_address=OTHER_HOME_ADDRESS)
    elsewhere = pending(identification=NTP + 2, home_agent=OTHER_HOME_AGENT)
    dynamic = pending(identification=NTP + 3, home_agent=IPv4Address(0), relayed_to=OTHER_HOME_AGENT)
    for entry in (mine, later, other, elsewhere, dynamic):
        registrations.add(entry)
    assert concerned(failed(REQUEST), registrations) == [mine]
    assert concerned(failed(REQUEST[:24]), registrations) == [mine]
    assert concerned(failed(REQUEST[:23]), registrations) == [mine, later]
    assert concerned(failed(REQUEST[:8]), registrations) == [mine, later]
    assert concerned(failed(REQUEST[:7]), registrations) == [mine, later, other]
    assert concerned(failed(b""), registrations) == [mine, later, other]
    assert concerned(failed(b"", OTHER_HOME_AGENT), registrations) == [elsewhere, dynamic]
    assert concerned(failed(REQUEST, OTHER_HOME_AGENT), registrations) == []
    assert concerned(failed(bytes((7, *19 * (0,)))), registrations) == []
