"""Floods: whatever anybody can send without a key leaves a foreign agent with bounded, expiring state."""

import random
from ipaddress import IPv4Address

from tests.support.foreign_agent import foreign_agent_config, link_changed, reply, request, solicitation
from tests.support.messages import NTP, instant

from mobileip.agents.events import MessageArrived, Started
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.node import Node
from mobileip.agents.outputs import SendMessage
from mobileip.wire.message import decode_message

NUMBER = 10_000


def strangers(chance: random.Random) -> list[MessageArrived]:
    """Requests from random link-layer addresses, for random home addresses and home agents."""
    return [
        request(
            home_address=IPv4Address(chance.getrandbits(32)),
            home_agent=IPv4Address(chance.getrandbits(32)),
            identification=chance.getrandbits(64),
            link_source=bytes((2, *chance.randbytes(5))),
        )
        for _ in range(NUMBER)
    ]


def test_requests_from_everywhere_leave_no_more_than_the_limit() -> None:
    config = foreign_agent_config()
    agent = ForeignAgent(config)
    agent.handle(Started(), instant(0.0))
    sent = 0
    for number, event in enumerate(strangers(random.Random(1))):
        outputs = agent.handle(event, instant(number * 1e-4))
        sent += sum(isinstance(output, SendMessage) for output in outputs)
    snapshot = agent.snapshot()
    assert len(snapshot.pending) == config.maximum_pending_total
    assert snapshot.visitors == ()
    assert len(agent._denials) <= config.maximum_pending_total
    assert sent <= NUMBER
    assert len(agent._pending._deadlines._heap) <= 2 * config.maximum_pending_total + 64
    agent.handle(link_changed(), instant(60.0))
    assert agent.snapshot().pending == ()
    assert agent._pending._number_by_link_address == {}
    assert agent.next_deadline() is None


def test_requests_of_one_node_leave_five() -> None:
    agent = ForeignAgent(foreign_agent_config())
    denials = 0
    for number in range(NUMBER):
        outputs = agent.handle(request(identification=NTP + number), instant(number * 1e-4))
        codes = [decode_message(o.octets).message for o in outputs if isinstance(o, SendMessage)]
        denials += sum(message.TYPE == 3 for message in codes)
    assert len(agent.snapshot().pending) == 5
    assert denials == 1


def test_one_request_again_and_again_keeps_one_entry_and_one_deadline() -> None:
    agent = ForeignAgent(foreign_agent_config())
    event = request()
    for number in range(NUMBER):
        agent.handle(event, instant(number * 1e-4))
    assert len(agent.snapshot().pending) == 1
    assert len(agent._pending._deadlines._heap) <= 66


def test_replies_that_nobody_asked_for_leave_nothing() -> None:
    agent = ForeignAgent(foreign_agent_config())
    agent.handle(request(), instant(0.0))
    before = agent.snapshot()
    for number in range(1, NUMBER):
        agent.handle(reply(identification=NTP + number), instant(number * 1e-4))
    after = agent.snapshot()
    assert (after.pending, after.visitors) == (before.pending, before.visitors)
    assert after.counters["discarded_unexpected_reply"] == NUMBER - 1


def test_counters_have_few_names() -> None:
    agent = ForeignAgent(foreign_agent_config())
    for event in strangers(random.Random(2)):
        agent.handle(event, instant(0.0))
    assert len(agent.snapshot().counters) < 10


def test_solicitations_from_everywhere_leave_nothing_at_all() -> None:
    chance = random.Random(3)
    node = Node(foreign=ForeignAgent(foreign_agent_config()))
    node.handle(link_changed(), instant(0.0))
    answered = 0
    for number in range(NUMBER):
        event = solicitation(link_source=bytes((2, *chance.randbytes(5))))
        answered += len(node.handle(event, instant(number * 1e-4)))
    assert answered <= 10 + 20 + 11
