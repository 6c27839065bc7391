"""Reads of whole kernel tables by rtnetlink: some 100,000 objects a second, in pieces between which the loop goes on.

The library's dumps (some 13,000 objects/s here) would take half a minute for a home agent's 200,000 routes.
"""

import asyncio
import errno
import os
import socket
import struct

from mobileip.linux.netlink_decode import messages

RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH, RTM_GETRULE = 18, 22, 26, 30, 34
NLM_F_REQUEST, NLM_F_DUMP, NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
NLMSG_ERROR, NLMSG_DONE = 2, 3
SOL_NETLINK, NETLINK_GET_STRICT_CHK = 270, 12

PIECE = 1 << 17
"""Octets; the kernel fills at most 32 KiB of it at a time."""
ATTEMPTS = 3
"""A table that changes during its dump is read again, but not for ever: what was missed, the next look finds."""

_HEADER = struct.Struct("=IHHII")


async def dump(kind: int, request: bytes) -> list[bytes]:
    """The bodies of all messages that the kernel answers to one dump request (`kind` is RTM_GET...).

    Raises: OSError when the kernel refuses.
    """
    bodies: list[bytes] = []
    for _ in range(ATTEMPTS):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE) as netlink:
            # Strict: the kernel honours the request's fields as a filter.
            netlink.setsockopt(SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
            netlink.send(_HEADER.pack(16 + len(request), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + request)
            bodies, consistent = await _answers(netlink)
        if consistent:
            break
    return bodies


async def _answers(netlink: socket.socket) -> tuple[list[bytes], bool]:
    """All bodies, and whether the table stayed as it was while it was read."""
    loop = asyncio.get_running_loop()
    bodies: list[bytes] = []
    consistent = True
    while True:
        for message in messages(await loop.sock_recv(netlink, PIECE)):
            consistent = consistent and not message.flags & NLM_F_DUMP_INTR
            if message.kind not in (NLMSG_DONE, NLMSG_ERROR):
                bodies.append(message.body)
                continue
            # Both begin with an error number, negative or 0: what a dump is refused for stands in its last message.
            number = -int(struct.unpack_from("=i", message.body)[0])
            if number == errno.ENOENT:  # a routing table that nobody has used yet
                return [], True
            if number > 0:
                raise OSError(number, os.strerror(number))
            return bodies, consistent
