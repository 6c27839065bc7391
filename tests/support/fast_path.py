"""The shipped programs on real devices in a namespace of their own, with the tables that user space would give them.

Not by BPF_PROG_TEST_RUN: that puts the IPv4 header of every packet 14 octets behind its beginning, and what leaves a
TUN device, or comes in by one, has nothing there. What the programs let pass, drop or send on is read where the next
one in the kernel would have it; a packet takes about 7 microseconds.

    mip0, mip1  the TUN devices of realm 0 and 1, with `mip_encap`; what it leaves is read from their descriptors
    eth0        a link to the routers (everything is behind it), with `mip_decap_ethernet`
    eth1        the visitors' link
    ppp0        a TUN device as a link without link-layer header, with `mip_decap_raw`
"""

import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv4Address
from typing import NamedTuple

from tests.support.netns import Namespace, namespace, veth

from mobileip.dataplane.ebpf.fast_path import EbpfFastPath
from mobileip.dataplane.ebpf.layout import DROP_REASONS
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.dataplane.userspace.tunnels import Path
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import Key, Wish
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.bpf.programs import DECAP_ETHERNET, DECAP_RAW, ENCAP, LoadedPrograms
from mobileip.linux.bpf.syscall import BPF_TCX_EGRESS, BPF_TCX_INGRESS, create_link
from mobileip.linux.tun import TunnelDevice

IPV4 = 0x0800
FRAME_HEADER = 14
LONGEST = 1 << 16
PATIENCE = 10.0
"""Until a packet that is nowhere is a failure, s."""

GATEWAY, GATEWAY_LINK_ADDRESS = IPv4Address("10.99.0.2"), bytes.fromhex("0200000000fe")
OURS = IPv4Address("203.0.113.9")
"""An address of the machine."""
NARROW_PATH, NARROW_MTU = IPv4Address("203.0.113.200"), 1300
"""An address to which our own route takes less than the link."""
ROUTE_MTU, DEVICE_MTU = 1500, 9000

NOTHING_FURTHER = "add table ip t; add chain ip t c { type filter hook prerouting priority -300; policy drop; }"
"""For nft: what the programs left or handed to the stack ends there, and comes back by no way."""


class Left(NamedTuple):
    """To user space, or the next program."""

    octets: bytes


class Dropped(NamedTuple):
    reason: DropReason


class Sent(NamedTuple):
    """A frame by a link; `octets` without its header."""

    link: str
    to: bytes
    octets: bytes


class Up(NamedTuple):
    """Into our own stack, by the tunnel device."""

    octets: bytes


Seen = Left | Dropped | Sent | Up


class FastPathMachine:
    """`tables` is what user space knows, `fast` what keeps the programs' tables equal to it."""

    def __init__(self, inside: Namespace, outside: Namespace, stack: ExitStack) -> None:
        self.programs = LoadedPrograms()
        stack.callback(self.programs.close)
        self._watched: dict[int, Callable[[], Seen]] = {}
        self._poll = select.poll()
        self._drops = list(self.programs.drops())
        self._link_address = inside.link_address("eth0")
        with inside.entered():
            self._facts = {
                name: LinkFacts(socket.if_nametoindex(name), inside.link_address(name)) for name in ("eth0", "eth1")
            }
            for name in ("mip0", "mip1"):
                device = _device(stack, name)
                self._watch(device.fileno(), lambda device=device: Left(os.read(device.fileno(), LONGEST)))
            self._raw = _device(stack, "ppp0")
            self._sender = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            # Bound to one protocol, they see what their device received and the programs there did not take.
            self._watch_link(stack, "mip0", Up)
            self._watch_link(stack, "ppp0", Left)
            self._watch_link(stack, "eth0", lambda frame: Left(frame[FRAME_HEADER:]))
            self._attach(stack)
        with outside.entered():
            self._outside = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
            self._outside.bind(("out0", 0))
            for name, peer in (("eth0", "out0"), ("eth1", "out1")):
                self._watch_link(stack, peer, lambda frame, name=name: Sent(name, frame[:6], frame[FRAME_HEADER:]))
        self.tables = PacketTables()
        self.fast = self._fast_path()
        self._kept: Sequence[Path] = ()

    def _attach(self, stack: ExitStack) -> None:
        self.programs.set_device(socket.if_nametoindex("mip0"))
        self.programs.set_realm(socket.if_nametoindex("mip1"), 1)
        for name, direction, program in (
            ("mip0", BPF_TCX_EGRESS, ENCAP),
            ("mip1", BPF_TCX_EGRESS, ENCAP),
            ("eth0", BPF_TCX_INGRESS, DECAP_ETHERNET),
            ("ppp0", BPF_TCX_INGRESS, DECAP_RAW),
        ):
            link = create_link(self.programs.program(program), socket.if_nametoindex(name), direction)
            stack.callback(os.close, link)

    def _watch(self, descriptor: int, read: Callable[[], Seen]) -> None:
        self._watched[descriptor] = read
        self._poll.register(descriptor, select.POLLIN)

    def _watch_link(self, stack: ExitStack, name: str, meaning: Callable[[bytes], Seen]) -> None:
        link = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        link.bind((name, IPV4))
        self._watch(link.fileno(), lambda: meaning(link.recv(LONGEST)))

    # -- what it knows

    def _fast_path(self) -> EbpfFastPath:
        def link_towards(tunnel: object) -> tuple[LinkFacts, int]:
            return self._facts["eth0"], ROUTE_MTU

        return EbpfFastPath(self.programs, self.tables, self._facts.get, link_towards)

    def wish(self, *wishes: Wish) -> None:
        """The machine knows these wishes from now on, and nothing of those before."""
        self.change(dict.fromkeys(self.tables.wishes))
        for path in self.tables.ends.paths():
            path.mtu_until = path.unreachable_until = 0.0
            self.learnt(path)
        for place in range(self.fast.counters.highest + 1):
            self.programs.clear_use(place)
        self.tables = PacketTables(mtu_to)
        self.fast = self._fast_path()
        self.tables.ends.on_path = self.learnt
        self.change({wish.key: wish for wish in wishes})

    def change(self, wishes: Mapping[Key, Wish | None]) -> None:
        before = {key: self.tables.wishes.get(key) for key in wishes}
        self.tables.put(wishes)
        assert self.fast.enter({key: (before[key], wish) for key, wish in wishes.items()}) == 0

    def learn(self, paths: Sequence[Path]) -> None:
        """What routers told of these paths is known."""
        self._kept = paths
        for path in paths:
            self.learnt(path)

    def learnt(self, path: Path) -> None:
        assert self.fast.path_changed(path) == 0

    # -- packets

    def into(self, packet: bytes, realm: int = 0) -> list[Seen]:
        """What became of a packet that was routed into the device of a realm: one thing, or a copy for each tunnel."""
        with suppress(OSError):  # ENOBUFS: the program dropped it
            self._sender.sendto(packet, (f"mip{realm}", IPV4))
        first = self._next(packet)
        route = self.tables.route(packet[16:20]) if isinstance(first, Sent) and not realm else None
        return [first, *(self._next(packet) for _ in route[1].tunnels[1:])] if route is not None else [first]

    def out_of(self, packet: bytes, *, raw: bool = False) -> Seen:
        """What became of a packet that came in by a link: eth0, or the one without link-layer header."""
        if raw:
            assert self._raw.write(packet) == 0
        else:
            self._outside.send(self._link_address + GATEWAY_LINK_ADDRESS + IPV4.to_bytes(2) + packet)
        return self._next(packet)

    def _next(self, packet: bytes) -> Seen:
        end = time.monotonic() + PATIENCE
        wait = 0  # nearly always it is there
        while True:
            for descriptor, _ in self._poll.poll(wait):
                return self._watched[descriptor]()
            for number, count in enumerate(self.programs.drops()):
                if count != self._drops[number]:
                    self._drops[number] += 1
                    return Dropped(DROP_REASONS[number])
            wait = 1
            assert time.monotonic() < end, f"the packet is nowhere: {packet.hex()}"

    def is_quiet(self) -> bool:
        """Whether nothing more of any packet is to be seen."""
        return not self._poll.poll(0) and self._drops == list(self.programs.drops())


def mtu_to(tunnel: Tunnel) -> int:
    """What our own route to its other end takes."""
    return NARROW_MTU if tunnel.remote == NARROW_PATH else ROUTE_MTU


def _device(stack: ExitStack, name: str) -> TunnelDevice:
    device = TunnelDevice(name, DEVICE_MTU)
    stack.callback(device.close)
    return device


@contextmanager
def fast_path_machine() -> Iterator[FastPathMachine]:
    with ExitStack() as stack:
        inside, outside = stack.enter_context(namespace("mip-fast")), stack.enter_context(namespace("mip-fast-out"))
        veth(inside, "eth0", outside, "out0")
        veth(inside, "eth1", outside, "out1")
        outside.ip(f"link set out0 mtu {DEVICE_MTU}")
        for line in (
            "address add 10.99.0.1/24 dev eth0",
            f"address add {OURS}/32 dev lo",
            f"neighbour add {GATEWAY} lladdr {GATEWAY_LINK_ADDRESS.hex(':')} dev eth0 nud permanent",
            f"link set eth0 mtu {DEVICE_MTU}",
            # Locked: others count for what is sent from here, not for what is forwarded.
            f"route add default via {GATEWAY} mtu lock {ROUTE_MTU}",
            f"route add {NARROW_PATH} via {GATEWAY} mtu lock {NARROW_MTU}",
        ):
            inside.ip(line)
        inside.sysctl("net/ipv4/conf/all/forwarding", "1")
        inside.run("nft", NOTHING_FURTHER)
        yield FastPathMachine(inside, outside, stack)
