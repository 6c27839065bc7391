"""A router's link-layer address out of a DHCP answer that the system's client received: what ARP would have asked for.

RFC 5944 §4.6: a mobile node away from home "MUST NOT transmit any broadcast ARP Request". Where the DHCP server is the
router itself, its answer has already told everything.
"""

from ipaddress import IPv4Address

MAGIC = b"\x63\x82\x53\x63"
OPTIONS_START = 240
OPTION_PAD, OPTION_ROUTER, OPTION_END = 0, 3, 255
BOOTREPLY = 2


def router_of(payload: bytes) -> IPv4Address | None:
    """The first router (option 3, RFC 2132 §3.5) of a DHCP answer; None for anything else, malformed or not."""
    if len(payload) < OPTIONS_START or payload[0] != BOOTREPLY or payload[236:240] != MAGIC:
        return None
    position = OPTIONS_START
    while position < len(payload) and payload[position] != OPTION_END:
        if payload[position] == OPTION_PAD:
            position += 1
            continue
        if position + 2 > len(payload):
            return None
        length = payload[position + 1]
        value = payload[position + 2 : position + 2 + length]
        if payload[position] == OPTION_ROUTER and len(value) == length >= 4:
            return IPv4Address(value[:4])
        position += 2 + length
    return None
