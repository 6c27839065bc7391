"""A mobile node away from home and ARP Requests for its home address.

mobile node:  x (no address) ---- y (192.0.2.1/24)  foreign agent
              mip0 (10.1.0.10/32)
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Address

import pytest
from tests.support.capture import BROADCAST, ETH_P_ARP, Wire, arp_request, is_arp_reply_for
from tests.support.netns import Namespace, namespace, veth

from mobileip.forwarding.model import ArpAnswer
from mobileip.linux.arp_answers import ArpAnswers
from mobileip.linux.tun import TunnelDevice

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

HOME, AGENT, CARE_OF = IPv4Address("10.1.0.10"), IPv4Address("192.0.2.1"), IPv4Address("192.0.2.77")


@pytest.fixture
def node() -> Iterator[Namespace]:
    with namespace() as made:
        with made.entered():
            device = TunnelDevice("mip0", 1480)
        made.ip(f"address add {HOME}/32 dev mip0")
        yield made
        device.close()


@pytest.fixture
def agent(node: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(node, "x", made, "y")
        node.sysctl("net/ipv4/conf/x/arp_ignore", "1")
        made.ip(f"address add {AGENT}/24 dev y")
        yield made


@pytest.fixture
async def answers(node: Namespace, agent: Namespace) -> AsyncIterator[ArpAnswers]:
    made = ArpAnswers(node.link_address)
    with node.entered():
        expected = ArpAnswer(interface="x", home_address=HOME, link_address=agent.link_address("y"))
        made.answer(frozenset((expected,)))
        yield made
        made.stop()


async def replies(wire: Wire, count: int) -> list[bytes]:
    """The first ARP replies for the home address or, to know where an end is, for the care-of address."""
    wanted = (is_arp_reply_for(HOME), is_arp_reply_for(CARE_OF))
    found: list[bytes] = []
    while len(found) < count:
        frames = await asyncio.to_thread(wire.until, lambda frame: any(is_wanted(frame) for is_wanted in wanted))
        found.append(frames[-1])
    return found


@pytest.mark.requirement("R5944-4.6-r", "R5944-4.6-q", "R5944-4.6-s")
@pytest.mark.usefixtures("answers")
async def test_only_the_agents_own_question_to_the_node_alone_is_answered_alone(
    node: Namespace, agent: Namespace
) -> None:
    node.ip(f"address add {CARE_OF}/24 dev x")
    mine = node.link_address("x")
    with Wire(agent, "y") as wire:
        wire.send(arp_request(wire.link_address, AGENT, HOME), ETH_P_ARP, BROADCAST)
        wire.send(arp_request(wire.link_address, AGENT, CARE_OF), ETH_P_ARP, BROADCAST)
        # Nothing came for the home address before this: the kernel answers for its care-of address alone.
        (reply,) = await replies(wire, 1)
        assert reply[28:32] == CARE_OF.packed
        wire.send(arp_request(wire.link_address, AGENT, HOME), ETH_P_ARP, mine)
        (reply,) = await replies(wire, 1)
        assert (reply[:6], reply[6:12]) == (wire.link_address, mine)
        assert reply[14:42] == bytes.fromhex("0001080006040002") + mine + HOME.packed + wire.link_address + AGENT.packed


@pytest.mark.usefixtures("answers")
async def test_a_kernel_that_probes_its_neighbour_finds_it_there(node: Namespace, agent: Namespace) -> None:
    link_address = node.link_address("x").hex(":")
    agent.ip(f"route add {HOME} dev y")
    agent.ip(f"neigh replace {HOME} lladdr {link_address} dev y nud probe")
    async with asyncio.timeout(10):
        while "REACHABLE" not in agent.ip(f"neigh show {HOME} dev y"):
            await asyncio.sleep(0.01)
