"""How long our programs take for one packet, by BPF_PROG_TEST_RUN. Runs inside a namespace with a device `mip0`.

    python -m bench.dataplane.program_time <<< '{"form": "ipip", "runs": 5}'

Programs and tables are those of the fast path, filled from wishes as the daemon does it. A run changes its packet, so
each is made by itself, and the clock that is read around it is in the figures. Against it: the same program on a packet
that is none of ours.
"""

import json
import socket
import statistics
import struct
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address

from bench.dataplane import wishes
from bench.dataplane.packets import OCTETS, PORT
from bench.dataplane.topology import HOME_ADDRESS, MOBILE_NODE
from bench.dataplane.wishes import Form

from mobileip.dataplane.ebpf.fast_path import EbpfFastPath
from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import ForwardingChange, ForwardingState, Wish
from mobileip.linux import clock
from mobileip.linux.bpf.programs import DECAP_ETHERNET, ENCAP, LoadedPrograms
from mobileip.linux.bpf.syscall import test_run
from mobileip.linux.errors import MachineError
from mobileip.wire.ip.ipv4 import Ipv4Packet, encode_ipv4

DEVICE = "mip0"
TIMES = 2000
"""For one median."""
REDIRECT = 7
"""TC_ACT_REDIRECT: the packet goes on as it should; -1 would leave it to user space."""

SOURCE, STRANGER = IPv4Address("8.0.0.1"), IPv4Address("192.0.2.1")
"""`test_run` takes the first 14 octets for a link-layer header, even where the device has none: an address that begins
with 8.0 looks like the type of IPv4 in it."""

_ETHERNET = bytes(12) + b"\x08\x00"
_INTERFACE = struct.Struct("=40xI")
"""A struct __sk_buff up to `ifindex`."""


def times(form: Form, runs: int) -> dict[str, list[tuple[float, float]]]:
    """Of `encap` and `decap` and each run: nanoseconds for a packet of ours, and for another."""
    until, index = clock.now().boot + 3600, socket.if_nametoindex(DEVICE)
    home, node = wishes.of_home_agent(form, MOBILE_NODE, until), wishes.of_mobile_node(form, until)
    inner = _packet(HOME_ADDRESS)
    device = _INTERFACE.pack(index)
    frames = [_ETHERNET + packet for packet in (_encapsulated(home, inner), _packet(STRANGER))]
    found: dict[str, list[tuple[float, float]]] = {}
    for name, program, state, (ours, other), context in (
        ("encap", ENCAP, home, (inner, _packet(STRANGER)), device),
        ("decap", DECAP_ETHERNET, node, frames, b""),
    ):
        programs = _loaded(state, index)
        try:
            descriptor = programs.program(program)
            if test_run(descriptor, ours, context=context).returned != REDIRECT:
                raise ValueError(f"{name} leaves {form} to user space")
            found[name] = [
                (_median(descriptor, ours, context), _median(descriptor, other, context)) for _ in range(runs)
            ]
        finally:
            programs.close()
    return found


def _loaded(state: Sequence[Wish], device: int) -> LoadedPrograms:
    programs = LoadedPrograms()
    tables = PacketTables.of(ForwardingState.of(state))
    programs.set_device(device)
    if EbpfFastPath(programs, tables, lambda _: None, lambda _: None).begin():
        raise ValueError("the programs' tables can't be written")
    return programs


def _encapsulated(home: Sequence[Wish], packet: bytes) -> bytes:
    port = FakePacketPort()
    engine = UserspaceEngine(DEVICE, FakeKernel(), port)
    engine.apply(ForwardingChange(install=tuple(home)))
    engine.packet_from_device(packet, 0.0)
    return port.outer[0]


def _packet(destination: IPv4Address) -> bytes:
    datagram = struct.pack("!HHHH", PORT, PORT, 8 + OCTETS, 0) + bytes(OCTETS)
    return encode_ipv4(Ipv4Packet(source=SOURCE, destination=destination, protocol=17, payload=datagram))


def _median(program: int, packet: bytes, context: bytes) -> float:
    return statistics.median(test_run(program, packet, context=context).nanoseconds for _ in range(TIMES))


def main() -> int:
    order = json.loads(sys.stdin.readline())
    try:
        print(json.dumps(times(Form(order["form"]), order["runs"])), flush=True)
    except (MachineError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
