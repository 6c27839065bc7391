"""From a packet that a machine hears to the event that its agents are given."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mobileip.agents.events import AdvertisementArrived, Arrival, Event, MessageArrived, SolicitationArrived
from mobileip.sim.packet import ADVERTISEMENT, SOLICITATION, Packet
from mobileip.wire.agent_discovery import decode_icmp
from mobileip.wire.message import decode_message

# A foreign agent decodes the octets that the home agent decodes after it. The function is pure, so once is enough.
_decode_message = lru_cache(maxsize=4096)(decode_message)


def event_of(packet: Packet, interface: str, draw_entropy: Callable[[], bytes], *, is_frame: bool) -> Event:
    """The event of a control message or of router discovery that came in by `interface`: in a frame, or routed.

    Raises: `DecodeError` for octets that are no message; then no entropy is drawn.
    """
    content, arrival = _heard(packet, interface, is_frame=is_frame)
    entropy = draw_entropy()
    if packet.kind == ADVERTISEMENT:
        return AdvertisementArrived(advertisement=content, arrival=arrival, entropy=entropy)
    if packet.kind == SOLICITATION:
        return SolicitationArrived(solicitation=content, arrival=arrival, entropy=entropy)
    return MessageArrived(decoded=content, arrival=arrival, entropy=entropy)


def _heard(packet: Packet, interface: str, *, is_frame: bool) -> tuple[Any, Arrival]:
    """What the packet says and how it came; the first receiver's is kept for those who hear it by a link of the same
    name."""
    if packet.event is None or packet.event[1].interface != interface:
        packet.event = (_decoded(packet), _arrival(packet, interface, packet.link_source if is_frame else None))
    content, arrival = packet.event
    return content, arrival


def _decoded(packet: Packet) -> object:
    if packet.kind in (ADVERTISEMENT, SOLICITATION):
        return decode_icmp(packet.payload)
    return _decode_message(packet.payload)


def _arrival(packet: Packet, interface: str, link_source: bytes | None) -> Arrival:
    return Arrival(
        interface=interface,
        source=packet.source,
        destination=packet.destination,
        source_port=packet.source_port,
        destination_port=packet.destination_port,
        ttl=packet.ttl,
        link_source=link_source,
    )
