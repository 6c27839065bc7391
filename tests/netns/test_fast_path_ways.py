"""Ways that packets take on the fast path: links without a link-layer header, a care-of address of our own, copies, and
paths that take less than was thought."""

import fcntl
import os
import select
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest
from tests.support.eventually import eventually
from tests.support.netns import Namespace
from tests.support.numbered import Ear, Stream, streams, whole
from tests.support.tunnel_ends import (
    CARE_OF,
    CORRESPONDENT,
    HOME_ADDRESS,
    HOME_AGENT,
    VISITED_LINK,
    World,
    cable,
    end,
    of_foreign_agent,
    of_home_agent,
    of_mobile_node,
    of_network,
    packets,
    plain_namespace,
    visit,
    without_offloads,
    world,
)
from tests.support.wishes import turned

from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.linux.tun import IFF_NO_PI, IFF_TUN, TUNSETIFF

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

TUNNEL = Tunnel(HOME_AGENT, CARE_OF)
FORMS = {
    "ipip": TUNNEL,
    "gre": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(sent_key=7, received_key=8)),
    "udp": Tunnel(HOME_AGENT, CARE_OF, udp=UdpPorts(434, 434)),
    "minimal": Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL),
}


@pytest.fixture
def there() -> Iterator[World]:
    """Links complete checksums, as network cards do: the userspace engine of the other end looks at packets too."""
    with world() as made:
        without_offloads(made.correspondent, "c0")
        without_offloads(made.far, "e0")
        yield made


def tun(where: Namespace, name: str, address: str) -> int:
    """A link without a link-layer header; the descriptor is its cable."""
    with where.entered():
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    where.ip(f"address add {address} dev {name}")
    where.ip(f"link set {name} up")
    return descriptor


@contextmanager
def raw_link(one: tuple[Namespace, str, str], other: tuple[Namespace, str, str]) -> Iterator[None]:
    """Between two TUN devices, like a modem's raw IP link."""
    ends = [tun(*one), tun(*other)]
    onward = dict(zip(ends, reversed(ends), strict=True))
    stopping = os.eventfd(0, os.EFD_CLOEXEC)

    def relay() -> None:
        while True:
            ready, _, _ = select.select([*ends, stopping], [], [])
            if stopping in ready:
                return
            for descriptor in ready:
                os.write(onward[descriptor], os.read(descriptor, 1 << 16))

    thread = threading.Thread(target=relay)
    thread.start()
    try:
        yield
    finally:
        os.eventfd_write(stopping, 1)
        thread.join()
        for descriptor in (*ends, stopping):
            os.close(descriptor)


@pytest.mark.parametrize("engine", ["ebpf", "userspace"])
@pytest.mark.parametrize("form", FORMS)
def test_a_link_without_link_layer_header_carries_tunnels_both_ways(there: World, form: str, engine: str) -> None:
    there.far.ip("link set e0 down")
    there.far.ip(f"address del {CARE_OF}/24 dev e0")
    tunnel = FORMS[form]
    with raw_link((there.home_agent, "ppp0", "192.0.2.17/30"), (there.far, "wwan0", f"{CARE_OF}/32")):
        there.home_agent.ip(f"route add {CARE_OF}/32 dev ppp0")
        there.far.ip("route add default dev wwan0")
        with end(there.home_agent, engine) as agent, end(there.far, engine) as node:
            agent.wish(of_network(), *of_home_agent(tunnel))
            node.wish(*of_mobile_node(turned(tunnel)))
            assert (agent.engine, node.engine) == (engine, engine)
            with streams(there.correspondent, CORRESPONDENT, there.far, HOME_ADDRESS) as both:
                for _ in range(20):
                    both[0].one_more()
                whole(both)
            if engine == "ebpf":
                assert packets(there.home_agent) == packets(there.far) == (0, 0), "user space had none"


@pytest.mark.parametrize("engine", ["ebpf", "userspace"])
def test_a_visitor_of_our_own_gets_its_packets_straight(there: World, engine: str) -> None:
    """Home agent and foreign agent are one; there and back no tunnel is needed."""
    own = Tunnel(IPv4Address("10.1.0.1"), HOME_AGENT)
    with plain_namespace() as visitor:
        address = visit(there.home_agent, visitor)
        without_offloads(visitor, "m0")
        with end(there.home_agent, engine, served=VISITED_LINK) as agent:
            agent.wish(of_network(), *of_home_agent(own), *of_foreign_agent(turned(own), address))
            with streams(there.correspondent, CORRESPONDENT, visitor, HOME_ADDRESS) as both:
                for _ in range(20):
                    both[0].one_more()
                whole(both)
            counted = agent.counted()
            assert counted["straight_packets"] == sum(stream.sent for stream in both)
            assert counted["encapsulated_packets"] == counted["decapsulated_packets"] == 0
            assert (packets(there.home_agent) == (0, 0)) is (engine == "ebpf")


@pytest.mark.parametrize("engine", ["ebpf", "userspace"])
def test_each_of_several_care_of_addresses_gets_one_copy_of_each_packet(there: World, engine: str) -> None:
    other_care_of = IPv4Address("203.0.114.2")
    other_tunnel = Tunnel(HOME_AGENT, other_care_of)
    with plain_namespace() as second:
        cable((there.router, "r2", "203.0.114.1/24"), (second, "e0", f"{other_care_of}/24"))
        second.ip("route add default via 203.0.114.1")
        first_end, second_end = end(there.far, engine), end(second, engine)
        with end(there.home_agent, engine) as agent, first_end as one, second_end as two:
            agent.wish(of_network(), *of_home_agent(TUNNEL, other_tunnel))
            one.wish(*of_mobile_node(turned(TUNNEL)))
            two.wish(*of_mobile_node(turned(other_tunnel)))
            heard = Ear(second, 5001), Ear(there.far, 5001)
            stream = Stream(there.correspondent, CORRESPONDENT, HOME_ADDRESS, heard[0], rate=200.0, port=5001)
            try:
                eventually(lambda: stream.sent > 30)
            finally:
                stream.stop()
                heard[1].stop()
            assert [ear.came for ear in heard] == [dict.fromkeys(range(stream.sent), 1)] * 2
            assert agent.counted()["encapsulated_packets"] == 2 * stream.sent
            uses = agent.do(lambda machine: {use.tunnel: use.packets for use in machine.engine.tunnels()})
            assert {uses[tunnel] for tunnel in (TUNNEL, other_tunnel)} == {stream.sent}
            assert (packets(there.home_agent) == (0, 0)) is (engine == "ebpf")


def ping(there: World, octets: int) -> str:
    """One echo request of this length that must not be fragmented; what `ping` says."""
    command = ["ping", "-n", "-c1", "-W5", "-M", "do", "-s", str(octets - 28), str(HOME_ADDRESS)]
    return there.correspondent.run("sh", "-c", f"{' '.join(command)} || true")


def test_what_is_too_big_is_answered_and_a_narrower_path_is_learnt(there: World) -> None:
    there.router.sysctl("net/ipv4/icmp_ratelimit", "0")
    with end(there.home_agent) as agent, end(there.far) as node:
        agent.wish(of_network(), *of_home_agent(TUNNEL))
        node.wish(*of_mobile_node(turned(TUNNEL)))
        assert "1 received" in ping(there, 1480)
        assert packets(there.home_agent) == (0, 0)
        assert "mtu = 1480" in ping(there, 1481), "the answer is user space's"
        there.router.ip("link set r1 mtu 1400")
        ping(there, 1480)  # dies on the way, and is told to the home agent
        eventually(lambda: agent.do(lambda machine: machine.engine.path_mtu(TUNNEL, 0.0)) == 1400)
        assert "mtu = 1380" in ping(there, 1480)
        passed = packets(there.home_agent)
        assert "1 received" in ping(there, 1380)
        assert packets(there.home_agent) == passed, "what fits goes by the fast path again"
