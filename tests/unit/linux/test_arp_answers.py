"""The ARP Request for its home address that a mobile node away from home answers."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Address

import pytest
from tests.support.link_sockets import FakeLinks

from mobileip.forwarding.model import ArpAnswer
from mobileip.linux import arp_answers as module
from mobileip.linux.arp_answers import ArpAnswers, reply_to
from mobileip.linux.classic_bpf import arp_requests_to_us_alone
from mobileip.linux.links import ARP_REQUEST, ETH_P_ARP, Frame, arp_packet

HOME, AGENT = IPv4Address("10.1.0.10"), IPv4Address("192.0.2.1")
OWN, AGENT_MAC, OTHER_MAC = (bytes((2, 0, 0, 0, 0, n)) for n in (0x10, 1, 2))
ANSWER = ArpAnswer(interface="x", home_address=HOME, link_address=AGENT_MAC)
REQUEST = arp_packet(ARP_REQUEST, (AGENT_MAC, AGENT), (bytes(6), HOME))


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> FakeLinks:
    made = FakeLinks()
    monkeypatch.setattr(module, "LinkSocket", made)
    return made


@pytest.fixture
async def answers(links: FakeLinks) -> AsyncIterator[ArpAnswers]:
    made = ArpAnswers({"x": OWN, "y": None}.get)
    yield made
    made.stop()
    assert links.open == {}


async def processed(links: FakeLinks, *frames: Frame) -> list[tuple[bytes, bytes, int]]:
    """What is sent because of frames, which one turn of the loop reads."""
    links.made[-1].give(*frames)
    for _ in range(3):
        await asyncio.sleep(0)
    return links.made[-1].sent


@pytest.mark.requirement("R5944-4.6-r")
async def test_the_agent_is_answered_alone(answers: ArpAnswers, links: FakeLinks) -> None:
    answers.answer(frozenset((ANSWER,)))
    ((reply, to, protocol),) = await processed(links, Frame(REQUEST + bytes(18), AGENT_MAC, True))
    assert (to, protocol) == (AGENT_MAC, ETH_P_ARP)
    assert reply.hex(" ", 2) == "0001 0800 0604 0002 0200 0000 0010 0a01 000a 0200 0000 0001 c000 0201"


@pytest.mark.requirement("R5944-4.6-q")
@pytest.mark.parametrize(
    ("request_", "asker"),
    [
        (REQUEST, OTHER_MAC),
        (arp_packet(ARP_REQUEST, (AGENT_MAC, AGENT), (bytes(6), HOME + 1)), AGENT_MAC),
    ],
)
def test_nobody_else_is_answered_and_nothing_else(request_: bytes, asker: bytes) -> None:
    assert reply_to(request_, asker, frozenset((ANSWER,)), OWN) is None
    assert reply_to(REQUEST, AGENT_MAC, frozenset((ANSWER,)), OWN) is not None


async def test_odd_octets_are_not_answered(answers: ArpAnswers, links: FakeLinks) -> None:
    answers.answer(frozenset((ANSWER,)))
    assert await processed(links, Frame(REQUEST[:-1], AGENT_MAC, True), Frame(REQUEST, OTHER_MAC, True)) == []


async def test_without_a_link_layer_address_of_our_own_there_is_no_answer(
    answers: ArpAnswers, links: FakeLinks
) -> None:
    answers.answer(frozenset((ArpAnswer(interface="y", home_address=HOME, link_address=AGENT_MAC),)))
    assert await processed(links, Frame(REQUEST, AGENT_MAC, True)) == []


async def test_one_socket_for_each_link_with_an_answer(answers: ArpAnswers, links: FakeLinks) -> None:
    other = ArpAnswer(interface="y", home_address=HOME, link_address=AGENT_MAC)
    answers.answer(frozenset((ANSWER, other)))
    assert links.open == {"x": 3, "y": 4}
    assert links.made[0].arguments == (arp_requests_to_us_alone(), (), ETH_P_ARP)
    answers.answer(frozenset((other,)))
    answers.answer(frozenset((ANSWER, other)))
    assert len(links.made) == 2, "a node that comes again finds it open"


async def test_nobody_is_answered_any_more(answers: ArpAnswers, links: FakeLinks) -> None:
    answers.answer(frozenset((ANSWER,)))
    answers.answer(frozenset((ArpAnswer(interface="y", home_address=HOME, link_address=AGENT_MAC),)))
    links.made[0].give(Frame(REQUEST, AGENT_MAC, True))
    assert await processed(links, Frame(REQUEST, AGENT_MAC, True)) == []
    assert links.made[0].sent == []
