"""What the namespace tests say of a lab in one word each: registered, reachable, silent by ARP."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mobileip.lab.capture import Frame
from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import ENGINE_VARIABLE
from mobileip.wire.errors import DecodeError
from mobileip.wire.ip.ipv4 import Ipv4Packet, decode_ipv4

HOME_ADDRESS = "10.1.0.10"
CORRESPONDENT = "198.51.100.10"
PATIENCE_SECONDS = 20.0
"""How long a condition may take on a slow machine; nothing is measured by it."""

CARE_OF = {
    "home": "home",
    "foreign1": "foreign_agent",
    "foreign2": "foreign_agent",
    "foreign": "foreign_agent",
    "visited": "colocated",
    "behind": "colocated",
    "filtered": "colocated",
    "far": "colocated",
}


def eventually(condition: Callable[[], object], what: str, patience: float = PATIENCE_SECONDS) -> None:
    """Fails with `what` when the condition does not come true."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.05)


def go(lab: Lab, network: str, *, node: str = "mn", silent: bool = False) -> None:
    """Moves a node and waits until it is registered from there."""
    move = lab.move(node, network, silent=silent)
    lab.events(node).wait_for("registered", after=move.started, care_of=CARE_OF[network])


def reachable(lab: Lab, address: str = HOME_ADDRESS, *, source: str = "cn") -> bool:
    """An echo request is answered, of one each 0.2 s for ten seconds at most."""
    return lab.run(source, "ping", "-n", "-q", "-c1", "-i0.2", "-w10", address, check=False).returncode == 0


def registration(lab: Lab, node: str = "mn") -> dict[str, object]:
    view = lab.daemon(node).ask("registration")
    assert isinstance(view, dict)
    return view


def counters(lab: Lab, node: str, role: str) -> dict[str, int]:
    return dict(lab.daemon(node).ask("traffic")[role] or {})


def packets(frames: list[Frame]) -> Iterator[tuple[Frame, Ipv4Packet]]:
    """The IPv4 packets of a capture."""
    for frame in frames:
        if frame.ether_type == 0x0800:
            try:
                yield frame, decode_ipv4(frame.payload)
            except DecodeError:
                continue


def arp_of(frames: list[Frame], link_address: bytes) -> list[bytes]:
    """ARP messages that a node sent."""
    return [f.payload for f in frames if f.ether_type == 0x0806 and f.source == link_address]


def icmp_types(frames: list[Frame]) -> set[int]:
    return {packet.payload[0] for _, packet in packets(frames) if packet.protocol == 1 and packet.payload}


def engines(lab: Lab) -> dict[str, tuple[str, str]]:
    """The engine of each daemon that runs, and why it is that one."""
    daemons = {node: lab.daemon(node) for node in lab.topology.daemons()}
    running = {node: daemon.ask("status")["engine"] for node, daemon in daemons.items() if daemon.process is not None}
    return {node: (engine["name"], engine["reason"]) for node, engine in running.items()}


def _no_other_engine(lab: Lab) -> None:
    """What the environment has chosen is what runs: a fallback would let tests pass that prove nothing."""
    chosen = os.environ.get(ENGINE_VARIABLE)
    if chosen in {"ebpf", "userspace"}:
        others = {node: engine for node, engine in engines(lab).items() if engine[0] != chosen}
        assert not others, f"{chosen} was chosen"


@contextmanager
def roaming(topology: str, name: str, **options: object) -> Iterator[Lab]:
    """A lab whose mobile nodes are all registered (at home) when it begins."""
    with Lab(topology, name=name, **options) as lab:  # type: ignore[arg-type]  # Lab's own keywords
        for node, entry in lab.topology.nodes.items():
            if "mobile_node" in entry.roles:
                lab.events(node).wait_for("registered")
        _no_other_engine(lab)
        yield lab
        _no_other_engine(lab)
