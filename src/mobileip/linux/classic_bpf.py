"""Classic BPF socket filters: the kernel leaves out what we do not want to see, at no cost to us."""

import ctypes
import socket
import struct
from collections.abc import Sequence

SO_ATTACH_FILTER = 26

# linux/bpf_common.h and linux/filter.h
LD_W, LD_H, LD_B = 0x20, 0x28, 0x30
LDX_MSH = 0xB1
LD_H_IND = 0x48
JEQ, JSET, RET = 0x15, 0x45, 0x06
KEEP, DROP = 0xFFFFFFFF, 0

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, operand."""

NOTHING: Sequence[Instruction] = ((RET, 0, 0, DROP),)


def attach(target: socket.socket, program: Sequence[Instruction]) -> None:
    """Raises: OSError when the kernel refuses the program."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    target.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer)))


def skip_netlink_port(port_id: int) -> Sequence[Instruction]:
    """Everything but netlink messages that were caused by `port_id` (nlmsg_pid, octets 12-15, host order)."""
    as_loaded = int.from_bytes(port_id.to_bytes(4, "little"), "big")  # the filter loads in network order
    return ((LD_W, 0, 0, 12), (JEQ, 0, 1, as_loaded), (RET, 0, 0, DROP), (RET, 0, 0, KEEP))


def mobility_signalling(udp_port: int, dhcp_server_port: int) -> Sequence[Instruction]:
    """On a cooked packet socket (offset 0 = IPv4 header): UDP to `udp_port`, DHCP answers, router discovery."""
    return (
        (LD_B, 0, 0, 9),  # protocol
        (JEQ, 0, 4, 1),  # ICMP?
        (LDX_MSH, 0, 0, 0),  # X = header length
        (0x50, 0, 0, 0),  # type = octet [X]
        (JEQ, 9, 0, 9),
        (JEQ, 8, 9, 10),
        (JEQ, 0, 8, 17),  # UDP?
        (LD_H, 0, 0, 6),
        (JSET, 6, 0, 0x1FFF),  # a later fragment has no ports
        (LDX_MSH, 0, 0, 0),
        (LD_H_IND, 0, 0, 2),  # destination port
        (JEQ, 2, 0, udp_port),
        (LD_H_IND, 0, 0, 0),  # source port
        (JEQ, 0, 1, dhcp_server_port),
        (RET, 0, 0, KEEP),
        (RET, 0, 0, DROP),
    )
