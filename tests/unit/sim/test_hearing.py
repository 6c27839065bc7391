from ipaddress import IPv4Address

import pytest

from mobileip.agents.events import AdvertisementArrived, MessageArrived, SolicitationArrived
from mobileip.sim.hearing import event_of
from mobileip.sim.packet import ADVERTISEMENT, OTHER, REQUEST, SOLICITATION, Packet
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation, encode_icmp
from mobileip.wire.errors import DecodeError

LINK_SOURCE = b"\x02\0\0\0\0\x01"


def packet(kind: str, payload: bytes) -> Packet:
    return Packet(
        kind=kind,
        payload=payload,
        source=IPv4Address(1),
        destination=IPv4Address(2),
        source_port=5,
        ttl=1,
        link_source=LINK_SOURCE,
    )


@pytest.mark.parametrize(
    ("kind", "payload", "event"),
    [
        (REQUEST, b"\x01" + bytes(23), MessageArrived),
        (SOLICITATION, encode_icmp(AgentSolicitation()), SolicitationArrived),
        (ADVERTISEMENT, encode_icmp(AgentAdvertisement(lifetime=3)), AdvertisementArrived),
    ],
)
def test_each_kind_is_an_event_of_its_own(kind: str, payload: bytes, event: type) -> None:
    heard = event_of(packet(kind, payload), "eth0", lambda: b"e", is_frame=True)
    assert type(heard) is event
    assert heard.entropy == b"e"
    assert isinstance(heard, MessageArrived | SolicitationArrived | AdvertisementArrived)
    arrival = heard.arrival
    assert (arrival.interface, arrival.link_source, arrival.ttl) == ("eth0", LINK_SOURCE, 1)
    assert (arrival.source, arrival.destination, arrival.source_port) == (IPv4Address(1), IPv4Address(2), 5)


def test_what_was_routed_has_no_link_layer_source() -> None:
    heard = event_of(packet(REQUEST, b"\x01" + bytes(23)), "eth0", lambda: b"", is_frame=False)
    assert isinstance(heard, MessageArrived)
    assert heard.arrival.link_source is None


def test_receivers_share_what_was_decoded_but_not_by_which_link_it_came() -> None:
    shared = packet(REQUEST, b"\x01" + bytes(23))
    one, again, other = (event_of(shared, name, lambda: b"", is_frame=True) for name in ("eth0", "eth0", "eth1"))
    assert isinstance(one, MessageArrived)
    assert isinstance(again, MessageArrived)
    assert isinstance(other, MessageArrived)
    assert one.decoded is again.decoded
    assert other.arrival.interface == "eth1"


def test_octets_that_are_no_message_cost_no_entropy() -> None:
    drawn: list[bytes] = []

    def draw() -> bytes:
        drawn.append(b"")
        return b""

    with pytest.raises(DecodeError):
        event_of(packet(OTHER, b"\x99"), "eth0", draw, is_frame=True)
    assert drawn == []
