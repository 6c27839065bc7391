"""The loop's glue, with a performer that records and a clock that stands."""

import asyncio
from ipaddress import IPv4Address
from typing import Any

import pytest
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, arrival, instant, registration_request, signed

from mobileip.agents.events import (
    AdvertisementArrived,
    DeliveryFailed,
    Event,
    GatewayHeard,
    Link,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    SolicitationArrived,
    TimerExpired,
)
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.notices import Discarded, Notice, Registered
from mobileip.agents.outputs import Notify, Output
from mobileip.daemon.runner import Runner, fields_of
from mobileip.forwarding.drop_reason import DropReason
from mobileip.linux.signalling import Heard
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation, RouterAddress, encode_icmp

NOTICE = Notify(Registered(care_of="home", care_of_address=HOME_ADDRESS, interface="eth0", lifetime=0))


class FakeNode:
    """Records what it is given; `deadline` is what it asks for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.deadline: Deadline | None = None

    def handle(self, event: Event, now: Instant) -> list[Output]:
        self.events.append(event)
        return [NOTICE]

    def next_deadline(self) -> Deadline | None:
        return self.deadline


class FakePerformer:
    def __init__(self) -> None:
        self.batches: list[list[Output]] = []

    def perform(self, outputs: list[Output], now: float) -> None:
        self.batches.append(outputs)


class Desk:
    """A runner between a fake node and a fake performer."""

    def __init__(self) -> None:
        self.node, self.performer = FakeNode(), FakePerformer()
        self.notices: list[Notice] = []
        self.now = 100.0
        self.runner = Runner(self.node, self.notices.append, lambda: instant(self.now))  # type: ignore[arg-type]
        self.runner.performer = self.performer  # type: ignore[assignment]

    @property
    def event(self) -> Any:
        (event,) = self.node.events
        return event


def heard(octets: bytes) -> Heard:
    return Heard(octets, arrival())


REQUEST = signed(registration_request())


def test_messages_that_came_together_are_performed_together() -> None:
    desk = Desk()
    desk.runner.messages([heard(REQUEST), heard(REQUEST)])
    assert [type(event) for event in desk.node.events] == [MessageArrived] * 2
    assert desk.performer.batches == [[NOTICE, NOTICE]]
    one, other = desk.node.events
    assert len(one.entropy) == 32
    assert one.entropy != other.entropy


@pytest.mark.requirement("R5944-1.7-a", "R5944-1.7-b", "R3115-1-a")
def test_what_is_no_message_is_counted_told_and_stops_nothing() -> None:
    desk = Desk()
    desk.runner.messages([heard(b"\x63"), heard(REQUEST), heard(b"")])
    assert len(desk.node.events) == 1
    assert dict(desk.runner.discarded) == {"unknown_message_type": 1, "truncated": 1}
    first = desk.notices[0]
    assert isinstance(first, Discarded)
    assert (first.reason, first.octets) == (DropReason.UNKNOWN_MESSAGE_TYPE, b"\x63")


def test_whoever_looks_afterwards_sees_what_was_performed() -> None:
    desk = Desk()
    seen: list[int] = []
    desk.runner.afterwards = lambda: seen.append(len(desk.performer.batches))
    desk.runner.messages([heard(REQUEST), heard(REQUEST)])
    assert seen == [1]


def test_nothing_but_nonsense_wakes_nobody() -> None:
    desk = Desk()
    desk.runner.messages([heard(b"")])
    assert desk.performer.batches == []


def test_router_discovery() -> None:
    for message, kind in (
        (AgentSolicitation(), SolicitationArrived),
        (AgentAdvertisement(lifetime=3, routers=(RouterAddress(HOME_AGENT),)), AdvertisementArrived),
    ):
        desk = Desk()
        desk.runner.discovery(heard(encode_icmp(message)))
        assert type(desk.event) is kind
    desk = Desk()
    desk.runner.discovery(heard(b"\x09"))
    assert desk.node.events == []
    assert sum(desk.runner.discarded.values()) == 1


def test_what_the_machine_tells() -> None:
    link = Link(name="eth0", index=2, carrier=True)
    desk = Desk()
    desk.runner.link_changed(link)
    desk.runner.link_removed("eth0")
    desk.runner.router("eth0", IPv4Address("192.0.2.1"), b"\x02\0\0\0\0\1")
    changed, removed, gateway = desk.node.events
    assert isinstance(changed, LinkChanged)
    assert changed.link == link
    assert isinstance(removed, LinkRemoved)
    assert isinstance(gateway, GatewayHeard)
    assert (gateway.interface, gateway.link_address) == ("eth0", b"\x02\0\0\0\0\1")


async def test_the_node_is_woken_at_its_deadline_and_not_again() -> None:
    desk = Desk()
    woken = asyncio.Event()
    original = desk.node.handle

    def handle(event: Event, now: Instant) -> list[Output]:
        if isinstance(event, TimerExpired):
            desk.node.deadline = None
            woken.set()
        return original(event, now)

    desk.node.handle = handle  # type: ignore[method-assign]
    desk.node.deadline = Deadline(desk.now - 5, "long ago")
    desk.runner.link_removed("eth0")
    await asyncio.wait_for(woken.wait(), 10)
    assert [type(event) for event in desk.node.events] == [LinkRemoved, TimerExpired]
    assert desk.runner._timer is None


async def test_an_earlier_deadline_takes_the_place_of_a_later_one() -> None:
    desk = Desk()
    desk.node.deadline = Deadline(desk.now + 1000, "later")
    desk.runner.link_removed("eth0")
    first = desk.runner._timer
    assert first is not None
    desk.node.deadline = Deadline(desk.now + 500, "earlier")
    desk.runner.link_removed("eth0")
    assert first.cancelled()
    assert desk.runner._timer is not None
    desk.runner.stop()


async def test_after_the_end_nothing_is_handled() -> None:
    desk = Desk()
    desk.node.deadline = Deadline(desk.now + 1000, "later")
    desk.runner.link_removed("eth0")
    timer = desk.runner._timer
    desk.runner.stop()
    assert timer is not None
    assert timer.cancelled()
    desk.runner.link_removed("eth1")
    assert len(desk.node.events) == 1


async def test_without_a_deadline_there_is_nothing_to_stop() -> None:
    desk = Desk()
    desk.runner.stop()
    desk.runner.link_removed("eth0")
    assert desk.node.events == []


async def test_another_node_takes_over() -> None:
    desk = Desk()
    other = FakeNode()
    other.deadline = Deadline(desk.now + 1000, "later")
    desk.runner.replace(other)  # type: ignore[arg-type]
    assert desk.runner._timer is not None
    desk.runner.link_removed("eth0")
    assert desk.node.events == []
    assert len(other.events) == 1
    desk.runner.stop()


def test_a_notice_as_plain_fields() -> None:
    notice = Discarded(
        role="node", reason=DropReason.BAD_VALUE, detail="x", source=IPv4Address("192.0.2.1"), octets=b"\x01\x02"
    )
    assert fields_of(notice) == {
        "event": "discarded",
        "role": "node",
        "reason": "bad_value",
        "detail": "x",
        "source": "192.0.2.1",
        "octets": "0102",
    }


def test_a_message_that_could_not_be_delivered_is_an_event() -> None:
    desk = Desk()
    desk.runner.delivery_failed(HOME_AGENT, 3, 1, REQUEST)
    event = desk.event
    assert isinstance(event, DeliveryFailed)
    assert (event.destination, event.icmp_type, event.icmp_code, event.octets) == (HOME_AGENT, 3, 1, REQUEST)
    assert len(event.entropy) == 32


def test_a_notice_with_what_is_no_plain_value_is_a_mistake_of_ours() -> None:
    strange = Registered(care_of="home", care_of_address=object(), interface="eth0", lifetime=0)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        fields_of(strange)
