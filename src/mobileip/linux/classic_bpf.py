"""Classic BPF socket filters: the kernel leaves out what we do not want to see, at no cost to us."""

import ctypes
import socket
import struct
import sys
from collections.abc import Collection, Sequence

from mobileip.wire.tunnel_data import TunnelData

SO_ATTACH_FILTER = 26

# linux/bpf_common.h: load a word, half word, octet; the same behind X; X = IPv4 header length of octet k; jump; end.
LD_W, LD_H, LD_B, LD_H_IND, LD_B_IND, LD_LENGTH = 0x20, 0x28, 0x30, 0x48, 0x50, 0x80
LDX_MSH = 0xB1
JEQ, JGT, JSET, RET = 0x15, 0x25, 0x45, 0x06

KEEP, DROP = "keep", "drop"
"""The two ends of every program."""

ICMP, UDP = 1, 17
UDP_HEADER = 8
ADVERTISEMENT, SOLICITATION = 9, 10
"""ICMP types of router discovery (RFC 1256)."""
ECHO_REPLY = 0
"""RFC 792."""
LATER_FRAGMENT = 0x1FFF
INTERFACE = 0xFFFFF008
"""Where a filter reads by which interface a packet came (SKF_AD_OFF + SKF_AD_IFINDEX)."""
MOST_INTERFACES = 200
"""Of those in one program: a jump passes 255 lines at most."""
PACKET_TYPE = 0xFFFFF004
"""Where a packet socket's filter reads for whom a frame was (SKF_AD_OFF + SKF_AD_PKTTYPE)."""
PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST = 0, 1, 2
ARP_REQUEST = 1

RTM_NEWROUTE, RTM_DELROUTE = 24, 25

Step = str | tuple[int, int] | tuple[int, int, str, str]
"""A label; operation and operand; or a jump: operation, operand, where to if true ("" = on), where to if false."""


def assemble(steps: Sequence[Step]) -> bytes:
    """The program as the kernel wants it (struct sock_filter each), its two ends appended."""
    lines: list[tuple[int, int, str, str]] = []
    labels = {}
    for step in (*steps, KEEP, (RET, 0xFFFFFFFF), DROP, (RET, 0)):
        if isinstance(step, str):
            labels[step] = len(lines)
        else:
            lines.append(step if len(step) == 4 else (*step, "", ""))

    def distance(label: str, line: int) -> int:
        return labels[label] - line - 1 if label else 0

    return b"".join(
        struct.pack("=HBBI", operation, distance(if_true, line), distance(if_false, line), operand)
        for line, (operation, operand, if_true, if_false) in enumerate(lines)
    )


def attach(target: socket.socket, program: bytes) -> None:
    """Raises: OSError when the kernel refuses the program."""
    buffer = ctypes.create_string_buffer(program)
    length = len(program) // 8
    target.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", length, ctypes.addressof(buffer)))


def watched_events(own_port_id: int, own_protocol: int) -> bytes:
    """Netlink events without the routes that we made ourselves (by nlmsg_pid) and without others' routes to anything
    but everywhere: a router's thousands pass unseen.
    """
    return assemble(
        (
            (LD_H, 4),  # nlmsg_type
            (JEQ, _as_loaded(RTM_NEWROUTE, 2), "route", ""),
            (JEQ, _as_loaded(RTM_DELROUTE, 2), "", KEEP),
            "route",
            (LD_W, 12),  # nlmsg_pid
            (JEQ, _as_loaded(own_port_id, 4), DROP, ""),
            (LD_B, 17),  # rtm_dst_len
            (JEQ, 0, KEEP, ""),
            (LD_B, 21),  # rtm_protocol
            (JEQ, own_protocol, KEEP, DROP),
        )
    )


def mobility_signalling(udp_port: int, dhcp_ports: tuple[int, int]) -> bytes:
    """On a cooked packet socket (octet 0 = IPv4 header): UDP to `udp_port` (but no tunnelled data), router discovery,
    and UDP from the first to the second of `dhcp_ports`.
    """
    server_port, client_port = dhcp_ports
    return assemble(
        (
            (LD_B, 9),  # protocol
            (JEQ, ICMP, "", "not ICMP"),
            (LDX_MSH, 0),
            (LD_B_IND, 0),  # ICMP type
            (JEQ, ADVERTISEMENT, KEEP, ""),
            (JEQ, SOLICITATION, KEEP, DROP),
            "not ICMP",
            (JEQ, UDP, "", DROP),
            (LD_H, 6),
            (JSET, LATER_FRAGMENT, DROP, ""),  # it has no ports
            (LDX_MSH, 0),
            (LD_H_IND, 2),  # destination port
            (JEQ, udp_port, "message", ""),
            (JEQ, client_port, "", DROP),
            (LD_H_IND, 0),  # source port
            (JEQ, server_port, KEEP, DROP),
            "message",
            (LD_H_IND, 4),  # UDP length
            (JGT, UDP_HEADER, "", KEEP),  # an empty message is a message: it has no type to load
            (LD_B_IND, UDP_HEADER),  # message type
            (JEQ, TunnelData.TYPE, DROP, KEEP),
        )
    )


def tunnelled_data(udp_port: int) -> bytes:
    """On a raw socket for UDP (octet 0 = IPv4 header): Tunnel Data messages to `udp_port` (RFC 3519 §3.3)."""
    return assemble(
        (
            (LDX_MSH, 0),
            (LD_H_IND, 2),  # destination port
            (JEQ, udp_port, "", DROP),
            (LD_B_IND, UDP_HEADER),  # message type
            (JEQ, TunnelData.TYPE, KEEP, DROP),
        )
    )


def all_but_tunnelled_data(heard_otherwise: Collection[int] = ()) -> bytes:
    """On a UDP socket (octet 0 = UDP header). `heard_otherwise`: indices of interfaces from which nothing is wanted; of
    very many only the first ones."""
    indices = sorted(heard_otherwise)[:MOST_INTERFACES]
    where: list[Step] = [(LD_W, INTERFACE)] if indices else []
    return assemble(
        (
            *where,
            *((JEQ, index, DROP, "") for index in indices),
            (LD_LENGTH, 0),
            (JGT, UDP_HEADER, "", KEEP),  # an empty message is a message: it has no type to load
            (LD_B, UDP_HEADER),  # message type
            (JEQ, TunnelData.TYPE, DROP, KEEP),
        )
    )


def echo_replies(identifier: int) -> bytes:
    """On a raw socket for ICMP (octet 0 = IPv4 header): answers to echo requests with that identifier."""
    return assemble(
        (
            (LDX_MSH, 0),
            (LD_B_IND, 0),  # ICMP type
            (JEQ, ECHO_REPLY, "", DROP),
            (LD_H_IND, 4),  # identifier
            (JEQ, identifier, KEEP, DROP),
        )
    )


def home_broadcasts(udp_port: int, dhcp_ports: tuple[int, int], *, groups: bool) -> bytes:
    """On a cooked packet socket: frames to everybody, with `groups` also those to multicast groups, but none of what
    only makes sense on the link itself: router discovery, DHCP, and mobility signalling to `udp_port`.
    """
    server_port, client_port = dhcp_ports
    return assemble(
        (
            (LD_B, PACKET_TYPE),
            (JEQ, PACKET_BROADCAST, "for all", ""),
            (JEQ, PACKET_MULTICAST, "for all" if groups else DROP, DROP),
            "for all",
            (LD_H, 6),
            (JSET, LATER_FRAGMENT, KEEP, ""),  # it has no ports
            (LD_B, 9),  # protocol
            (LDX_MSH, 0),
            (JEQ, ICMP, "", "not ICMP"),
            (LD_B_IND, 0),  # ICMP type
            (JEQ, ADVERTISEMENT, DROP, ""),
            (JEQ, SOLICITATION, DROP, KEEP),
            "not ICMP",
            (JEQ, UDP, "", KEEP),
            (LD_H_IND, 2),  # destination port
            (JEQ, udp_port, DROP, ""),
            (JEQ, server_port, DROP, ""),
            (JEQ, client_port, DROP, KEEP),
        )
    )


def arp_requests_to_us_alone() -> bytes:
    """On a cooked packet socket for ARP."""
    return assemble(((LD_B, PACKET_TYPE), (JEQ, PACKET_HOST, "", DROP), (LD_H, 6), (JEQ, ARP_REQUEST, KEEP, DROP)))


def _as_loaded(value: int, octets: int) -> int:
    """Netlink's numbers are in host order; the filter loads in network order."""
    return int.from_bytes(value.to_bytes(octets, sys.byteorder))
