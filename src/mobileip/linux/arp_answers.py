"""The one ARP Request for its home address that a mobile node away from home may answer (RFC 5944 §4.6).

The kernel answers none then (`arp_ignore`), and knows nothing of who asks.
"""

import struct
from collections.abc import Callable
from ipaddress import IPv4Address

from mobileip.forwarding.model import ArpAnswer
from mobileip.linux.classic_bpf import arp_requests_to_us_alone
from mobileip.linux.link_readers import LinkReaders
from mobileip.linux.links import ARP_REPLY, ETH_P_ARP, LinkSocket, arp_packet

BATCH = 16
"""Requests handled at one wake-up."""

Answers = frozenset[ArpAnswer]

_REQUEST = struct.Struct("!8x6s4s6x4s")
"""Sender's link-layer and protocol address, target's protocol address."""


class ArpAnswers(LinkReaders[None]):
    """`link_address_of` knows our own link-layer address on a link.

    A socket once opened stays: a node that comes again answers sooner, and hears little where it answers nobody.
    """

    def __init__(self, link_address_of: Callable[[str], bytes | None]) -> None:
        super().__init__()
        self._link_address_of = link_address_of
        self._answers: Answers = frozenset()
        self._links: set[str] = set()

    def answer(self, answers: Answers) -> None:
        """These from now on, and no others."""
        self._answers = answers
        self._links |= {answer.interface for answer in answers}
        self.want(dict.fromkeys(self._links))

    def socket_for(self, name: str, wanted: None) -> LinkSocket:
        return LinkSocket(name, arp_requests_to_us_alone(), (), ETH_P_ARP)

    def read(self, link: LinkSocket, wanted: None) -> None:
        answers = frozenset(answer for answer in self._answers if answer.interface == link.interface)
        own = self._link_address_of(link.interface)
        for frame in link.frames(BATCH):
            if own is not None and len(frame.packet) >= _REQUEST.size:
                reply = reply_to(frame.packet, frame.link_source, answers, own)
                if reply is not None:
                    # R5944-4.6-r: "the mobile node MUST use a unicast ARP Reply to respond to the foreign agent."
                    link.send(reply, frame.link_source, ETH_P_ARP)


def reply_to(request: bytes, asker: bytes, answers: Answers, own: bytes) -> bytes | None:
    """The reply to a request that `asker` sent to us alone, if it is due one."""
    sender_link_address, sender, target = _REQUEST.unpack_from(request)
    # R5944-4.6-q: it "MUST NOT reply to ARP Requests in which the target IP address is its own home address unless the
    # ARP Request is unicast by a foreign agent with which the mobile node is attempting to register or [...] has an
    # unexpired registration."
    if not any(asker == answer.link_address and target == answer.home_address.packed for answer in answers):
        return None
    return arp_packet(ARP_REPLY, (own, IPv4Address(target)), (sender_link_address, IPv4Address(sender)))
