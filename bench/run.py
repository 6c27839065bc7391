"""Benchmarks as ratios of two things measured in one run, alternately; results in bench/results/NAME.json.

Absolute figures drift with the machine and its load; a ratio of two neighbours in time does not. Each pair is run
several times; medians count, and the spread is told.
"""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from mobileip.agents.events import Arrival, MessageArrived, Started
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.instant import Instant
from mobileip.agents.outputs import Output, Remember
from mobileip.daemon.store import Store
from mobileip.dataplane.fake import FakeKernel, FakePacketPort
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import BindingRoute, ForwardingChange
from mobileip.forwarding.tunnel import Tunnel
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.authenticator import sign
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.ip.ipip import encapsulate
from mobileip.wire.ip.ipv4 import Ipv4Packet, encode_ipv4
from mobileip.wire.message import decode_message, encode_message
from mobileip.wire.registration import RegistrationRequest

RESULTS = Path(__file__).parent / "results"
RUNS = 7

Work = Callable[[], int]
"""Does something and returns how often."""

HOME_AGENT, CARE_OF = IPv4Address("10.0.0.1"), IPv4Address("192.0.2.1")
KEY = MobilitySecurityAssociation(spi=256, key=bytes(range(16)))
NODES, PACKETS = 10_000, 50_000
BATCH = 64
"""Messages that a socket gives at once, when there are many."""
FIRST_NODE = int(IPv4Address("10.1.0.0"))


def rate(work: Work) -> float:
    start = time.perf_counter()
    return work() / (time.perf_counter() - start)


def compare(name: str, unit: str, pairs: Iterator[tuple[Work, Work]]) -> None:
    """Runs pairs of (ours, the thing it is measured against) and writes medians."""
    measured = [(rate(ours), rate(baseline)) for ours, baseline in pairs]
    ratios = sorted(ours / baseline for ours, baseline in measured)
    result = {
        "name": name,
        "value": round(statistics.median(ours for ours, _ in measured)),
        "unit": unit,
        "baseline": round(statistics.median(baseline for _, baseline in measured)),
        "ratio": round(statistics.median(ratios), 4),
        "runs": len(measured),
        "spread": [round(ratios[0], 4), round(ratios[-1], 4)],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"{name}: {result['value']:,} {unit}; against {result['baseline']:,}: {result['ratio']} {result['spread']}")


def registrations() -> Iterator[tuple[Work, Work]]:
    """A home agent's whole work for a renewal (decode, checks, binding, reply) against the two HMACs in it."""
    nodes = [IPv4Address(FIRST_NODE + i) for i in range(NODES)]
    entries = tuple(MobileNodeEntry(home_address=node, associations=(KEY,)) for node in nodes)
    network = IPv4Network("10.1.0.0/16")
    agent = HomeAgent(HomeAgentConfig(address=HOME_AGENT, home_network=network, mobile_nodes=entries))
    agent.handle(Started(), Instant(0.0, 0))
    arrival = Arrival(interface="eth0", source=CARE_OF, source_port=434, destination=HOME_AGENT, destination_port=434)
    for run in range(1, RUNS + 1):
        now = Instant(2.0 * run, 2 * run << 32)
        requests = [_request(node, now.ntp) for node in nodes]

        def handle(now: Instant = now, requests: list[bytes] = requests) -> int:
            for octets in requests:
                agent.handle(MessageArrived(decoded=decode_message(octets), arrival=arrival), now)
            return len(requests)

        def authenticate(requests: list[bytes] = requests) -> int:
            for octets in requests:
                sign(octets[:24], MobileHomeAuthentication, KEY)
                sign(octets[:20], MobileHomeAuthentication, KEY)
            return len(requests)

        yield handle, authenticate


def remembered_registrations() -> Iterator[tuple[Work, Work]]:
    """The same renewals in any order, in batches as a socket gives them: each batch is written to the store before
    its replies would leave, against the same without."""
    nodes = [IPv4Address(FIRST_NODE + i) for i in range(NODES)]
    entries = tuple(MobileNodeEntry(home_address=node, associations=(KEY,)) for node in nodes)
    config = HomeAgentConfig(address=HOME_AGENT, home_network=IPv4Network("10.1.0.0/16"), mobile_nodes=entries)
    arrival = Arrival(interface="eth0", source=CARE_OF, source_port=434, destination=HOME_AGENT, destination_port=434)
    chance = Random(5)  # noqa: S311 - an order, no secret
    with TemporaryDirectory(dir=RESULTS) as folder:
        store = Store(Path(folder), print)
        ours, baseline = HomeAgent(config), HomeAgent(config)
        ours.handle(Started(remembered=store.remembered()), Instant(0.0, 0))
        baseline.handle(Started(), Instant(0.0, 0))

        def renew(agent: HomeAgent, now: Instant, requests: list[bytes]) -> int:
            for start in range(0, len(requests), BATCH):
                outputs: list[Output] = []
                for octets in requests[start : start + BATCH]:
                    outputs += agent.handle(MessageArrived(decoded=decode_message(octets), arrival=arrival), now)
                kept = [output for output in outputs if isinstance(output, Remember)]
                if kept:
                    store.write(kept)
            return len(requests)

        for run in range(RUNS + 1):
            now = Instant(2.0 * (run + 1), 2 * (run + 1) << 32)
            chance.shuffle(nodes)
            requests = [_request(node, now.ntp) for node in nodes]
            pair = partial(renew, ours, now, requests), partial(renew, baseline, now, requests)
            if run:
                yield pair
            else:
                [work() for work in pair]  # the bindings are made: no renewals yet
        store.close()


def _request(node: IPv4Address, identification: int) -> bytes:
    request = RegistrationRequest(
        lifetime=1800,
        home_address=node,
        home_agent=HOME_AGENT,
        care_of_address=CARE_OF,
        identification=identification,
    )
    return sign(encode_message(request), MobileHomeAuthentication, KEY)


def userspace_path() -> Iterator[tuple[Work, Work]]:
    """Packets from the device into a tunnel, all checks on, against writing the outer header alone."""
    node = IPv4Address(FIRST_NODE)
    engine = UserspaceEngine("mip0", FakeKernel(), FakePacketPort())
    tunnel = Tunnel(local=HOME_AGENT, remote=CARE_OF)
    engine.apply(ForwardingChange(install=(BindingRoute(home_address=node, tunnels=(tunnel,), expires_at=1e9),)))
    source = IPv4Address("198.51.100.1")
    packet = encode_ipv4(Ipv4Packet(source=source, destination=node, protocol=17, payload=bytes(1200)))
    local, remote = HOME_AGENT.packed, CARE_OF.packed

    def forward() -> int:
        for _ in range(PACKETS):
            engine.packet_from_device(packet, 1.0)
        return PACKETS

    def encapsulate_only() -> int:
        for number in range(PACKETS):
            encapsulate(packet, local, remote, identification=number & 0xFFFF)
        return PACKETS

    for _ in range(RUNS):
        yield forward, encapsulate_only


if __name__ == "__main__":
    compare("home_agent_registrations", "registrations/s", registrations())
    compare("home_agent_remembered_registrations", "registrations/s", remembered_registrations())
    compare("userspace_path", "packets/s", userspace_path())
