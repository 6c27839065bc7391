"""How many packets have passed a link."""

import errno
import os
import socket
import struct
from typing import NamedTuple

from mobileip.linux.netlink_decode import attributes, messages
from mobileip.linux.netlink_dump import NLM_F_REQUEST, NLMSG_ERROR

RTM_GETSTATS = 94
IFLA_STATS_LINK_64 = 1
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BxxxII")
"""struct if_stats_msg: family, interface, which statistics."""
_COUNTERS = struct.Struct("=QQ")
"""The first two of struct rtnl_link_stats64: packets received, packets sent."""
LARGEST_ANSWER = 8192


class LinkUse(NamedTuple):
    sent: int
    received: int


def link_use(interface: str) -> LinkUse | None:
    """None: there is no such link (any more).

    By netlink, not by /sys: that shows the network namespace in which it was mounted.

    Raises: OSError when the kernel refuses.
    """
    try:
        index = socket.if_nametoindex(interface)
    except OSError:
        return None
    request = _REQUEST.pack(0, index, 1 << IFLA_STATS_LINK_64 - 1)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE) as netlink:
        netlink.send(_HEADER.pack(_HEADER.size + len(request), RTM_GETSTATS, NLM_F_REQUEST, 1, 0) + request)
        # The kernel has answered when `send` returns.
        (answer, *_) = messages(netlink.recv(LARGEST_ANSWER))
    if answer.kind == NLMSG_ERROR:
        number = -int(struct.unpack_from("=i", answer.body)[0])
        if number == errno.ENODEV:
            return None
        raise OSError(number, os.strerror(number))
    received, sent = _COUNTERS.unpack_from(attributes(answer.body, _REQUEST.size)[IFLA_STATS_LINK_64])
    return LinkUse(sent, received)
