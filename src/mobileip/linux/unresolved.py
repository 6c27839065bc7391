"""Neighbours that were asked for on a link while it had no carrier.

Their question went nowhere, and the kernel asks again only a second after it: whatever is sent to such a neighbour when
the link is up waits for that. Forgotten, it is asked for at once.
"""

import contextlib
import socket
import struct

from mobileip.agents.events import Link
from mobileip.linux.netlink_decode import NEIGHBOUR_HEADER, attributes, messages
from mobileip.linux.netlink_dump import (
    NETLINK_GET_STRICT_CHK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    RTM_GETNEIGH,
    SOL_NETLINK,
)
from mobileip.linux.netlink_encode import NDA_DST, NEIGHBOUR, RTM_DELNEIGH, attribute

NDA_IFINDEX = 8
NUD_INCOMPLETE = 0x01
_HEADER = struct.Struct("=IHHII")
PIECE = 1 << 16


class Unresolved:
    """Of `links`: those of which the gateway is needed as soon as they are up."""

    def __init__(self, links: frozenset[str]) -> None:
        self._links = links
        self._carrier_changes: dict[str, int] = {}

    def link_changed(self, link: Link) -> None:
        """To be told before anybody sends anything because of it."""
        if link.name not in self._links:
            return
        before = self._carrier_changes.get(link.name, link.carrier_changes)
        self._carrier_changes[link.name] = link.carrier_changes
        if link.carrier and link.carrier_changes != before:
            # It speeds up what comes by itself.
            with contextlib.suppress(OSError):
                forget(link.index)


def forget(index: int) -> int:
    """Forgets whoever has not answered yet on the interface `index`; how many these were.

    Raises: OSError when the kernel refuses.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE) as netlink:
        netlink.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        request = NEIGHBOUR.pack(socket.AF_INET, 0, 0, 0, 0) + attribute(NDA_IFINDEX, struct.pack("=I", index))
        netlink.send(_message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, request))
        waiting = _incomplete(netlink)
        for destination in waiting:
            body = NEIGHBOUR.pack(socket.AF_INET, index, 0, 0, 0) + attribute(NDA_DST, destination)
            netlink.send(_message(RTM_DELNEIGH, NLM_F_REQUEST, body))  # has happened when it returns
    return len(waiting)


def _incomplete(netlink: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    while True:  # the kernel has the next piece ready when one was read
        for message in messages(netlink.recv(PIECE)):
            if message.kind in (NLMSG_DONE, NLMSG_ERROR):
                return found
            _, _, state, _, _ = NEIGHBOUR.unpack_from(message.body)
            destination = attributes(message.body, NEIGHBOUR_HEADER).get(NDA_DST)
            if state & NUD_INCOMPLETE and destination is not None:
                found.append(destination)


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body
