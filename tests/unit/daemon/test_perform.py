"""Outputs are performed: forwarding first, in one batch, then messages in order, then notices."""

import errno
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any

import pytest

from mobileip.agents.events import Event, LinkUsed
from mobileip.agents.memory import HomeAgentRecord, Moment
from mobileip.agents.notices import AgentLost, Notice
from mobileip.agents.outputs import (
    AnnounceAddress,
    AskActivity,
    AskLinkUse,
    ChangeForwarding,
    Departure,
    Forget,
    Notify,
    Remember,
    SendDiscovery,
    SendKeepalive,
    SendMessage,
    SendProbe,
)
from mobileip.daemon.perform import Performer, merge
from mobileip.dataplane.ports import Action, Failure, Operation, Sysctl
from mobileip.forwarding.model import AgentLink, ForwardingChange, ForwardingState, HomeAddress, Wish
from mobileip.forwarding.news import News
from mobileip.wire.agent_discovery import AgentSolicitation

FAILURE = Failure(Operation(Action.INSTALL, Sysctl(path="a", value="1")), 1, "no")
DEPARTURE = Departure(destination=IPv4Address("192.0.2.1"))
NOW = 100.0
NOTICE = AgentLost(interface="eth0", agent=IPv4Address("192.0.2.1"), cause="link")


class Recorder:
    """Engine, sender and listeners: all that happens, in order."""

    def __init__(self, result: int = 0, failures: Sequence[Failure] = ()) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._result = result
        self._failures = list(failures)

    def apply(self, change: ForwardingChange) -> list[Failure]:
        self.calls.append(("apply", change))
        return self._failures

    def send(self, octets: bytes, departure: Departure) -> int:
        self.calls.append(("send", octets, departure))
        return self._result

    def send_icmp(self, octets: bytes, departure: Departure) -> int:
        self.calls.append(("icmp", octets, departure))
        return self._result

    def announce(self, interface: str, address: IPv4Address, link_address: bytes | None) -> int:
        self.calls.append(("announce", interface, address, link_address))
        return self._result

    def notify(self, notice: Notice) -> None:
        self.calls.append(("notify", notice))

    def send_keepalive(self, *arguments: object) -> None:
        self.calls.append(("keepalive", *arguments))

    def settle(self) -> None:
        self.calls.append(("settle",))

    def activity(self, home_address: IPv4Address) -> Any:
        return ("activity of", home_address)

    def on_news(self, news: News) -> None:
        self.calls.append(("news", news))

    def probe(self, departure: Departure, number: int) -> None:
        self.calls.append(("probe", departure, number))

    def use(self, interface: str) -> LinkUsed | None:
        return LinkUsed(interface=interface, sent=3, received=4) if interface == "eth0" else None

    def on_event(self, event: Event) -> None:
        self.calls.append(("event", event))

    def write(self, outputs: Sequence[Remember | Forget]) -> None:
        self.calls.append(("write", list(outputs)))

    def report(self, failures: Sequence[Failure]) -> None:
        self.calls.append(("report", list(failures)))


def performer(recorder: Recorder) -> Performer:
    return Performer(
        recorder,  # type: ignore[arg-type]
        recorder,
        recorder,
        recorder,
        notify=recorder.notify,
        report=recorder.report,
        on_news=recorder.on_news,
        on_event=recorder.on_event,
    )


def change(*install: Wish, remove: tuple[tuple[str, str], ...] = ()) -> ForwardingChange:
    return ForwardingChange(install=install, remove=remove)


ETH0, ETH1 = AgentLink(interface="eth0"), AgentLink(interface="eth1")
HOME = HomeAddress(address=IPv4Address("10.1.0.10"))


def test_forwarding_first_then_messages_in_order_then_what_is_told_of_them() -> None:
    recorder = Recorder()
    performer(recorder).perform(
        [
            SendMessage(octets=b"\x03", departure=DEPARTURE),
            ChangeForwarding(change(ETH0)),
            Notify(NOTICE),
            AnnounceAddress(interface="eth0", address=IPv4Address("10.1.0.10"), link_address=b"\x02"),
            ChangeForwarding(change(ETH1)),
            SendDiscovery(message=AgentSolicitation(), departure=DEPARTURE),
        ],
        NOW,
    )
    assert [call[0] for call in recorder.calls] == ["icmp", "apply", "send", "announce", "settle", "notify"]
    assert recorder.calls[1][1] == change(ETH0, ETH1)
    assert recorder.calls[3][1:] == ("eth0", IPv4Address("10.1.0.10"), b"\x02")
    assert recorder.calls[0][1][0] == 10  # ICMP Router Solicitation


def test_a_request_waits_until_arp_is_as_it_has_to_be() -> None:
    recorder = Recorder()
    departure = Departure(destination=HOME.address, interface="eth0", link_destination=b"\x02" * 6)
    request = SendMessage(octets=b"\x01", departure=departure)
    announcement = AnnounceAddress(interface="eth0", address=HOME.address, link_address=None)
    performer(recorder).perform([announcement, request, ChangeForwarding(change(ETH0))], NOW)
    assert [call[0] for call in recorder.calls] == ["apply", "announce", "send", "settle"]


def test_what_may_go_ahead_waits_for_nothing_but_memory() -> None:
    recorder = Recorder()
    reply = SendMessage(octets=b"\x03", departure=DEPARTURE, ahead=True)
    remember = Remember(HomeAgentRecord((), None), Moment(1.0, 2))
    outputs = [remember, ChangeForwarding(change(ETH0)), SendMessage(octets=b"\x01", departure=DEPARTURE), reply]
    performer(recorder).perform(outputs, NOW)
    assert [call[0] for call in recorder.calls] == ["write", "send", "apply", "send", "settle"]
    assert recorder.calls[1][1] == reply.octets


def test_what_is_to_be_remembered_is_written_at_once_before_anything_else() -> None:
    recorder = Recorder()
    remember = Remember(HomeAgentRecord((), None), Moment(1.0, 2))
    performer(recorder).perform(
        [
            ChangeForwarding(change(ETH0)),
            SendMessage(octets=b"\x03", departure=DEPARTURE),
            remember,
            Notify(NOTICE),
            Forget(7),
        ],
        NOW,
    )
    assert [call[0] for call in recorder.calls] == ["write", "apply", "send", "settle", "notify"]
    assert recorder.calls[0][1] == [remember, Forget(7)]


def test_nothing_to_be_remembered_writes_nothing() -> None:
    recorder = Recorder()
    performer(recorder).perform([Notify(NOTICE)], NOW)
    assert [call[0] for call in recorder.calls] == ["notify"]


def test_a_tunnel_is_used_and_asked_about() -> None:
    recorder = Recorder()
    keepalive = SendKeepalive(home_address=HOME.address, home_agent=IPv4Address("192.0.2.1"), identifier=1, sequence=7)
    performer(recorder).perform([keepalive, AskActivity(home_address=HOME.address)], NOW)
    assert recorder.calls == [
        ("keepalive", HOME.address, IPv4Address("192.0.2.1"), 7, NOW),
        ("news", ("activity of", HOME.address)),
    ]


def test_no_change_asks_nothing_of_the_engine() -> None:
    recorder = Recorder()
    performer(recorder).perform([Notify(NOTICE)], NOW)
    assert "apply" not in [call[0] for call in recorder.calls]


def test_what_the_kernel_refuses_is_reported_and_the_rest_goes_on() -> None:
    recorder = Recorder(failures=[FAILURE])
    performer(recorder).perform([ChangeForwarding(change(ETH0)), Notify(NOTICE)], NOW)
    assert [call[0] for call in recorder.calls] == ["apply", "report", "settle", "notify"]


def test_messages_that_did_not_go_are_counted_by_reason() -> None:
    one = performer(Recorder(result=errno.ENETUNREACH))
    one.perform([SendMessage(octets=b"", departure=DEPARTURE)] * 2, NOW)
    assert dict(one.unsent) == {"Network is unreachable": 2}


@pytest.mark.parametrize(
    "changes",
    [
        [change(ETH0)],
        [change(ETH0), change(ETH1)],
        [change(ETH0), change(remove=(ETH0.key,))],
        [change(ETH0), change(remove=(ETH0.key,)), change(ETH0)],
        [change(remove=(ETH0.key,)), change(ETH0)],
        [change(ETH0, HOME), change(ETH1, remove=(HOME.key,))],
    ],
)
def test_merged_changes_have_the_effect_of_all(changes: list[ForwardingChange]) -> None:
    for start in (ForwardingState(), ForwardingState.of([ETH0, HOME])):
        state = start
        for each in changes:
            state = state.apply(each)
        assert start.apply(merge(changes)) == state


def test_a_path_is_probed_and_the_machine_is_asked_nothing_more() -> None:
    recorder = Recorder(result=errno.ENETUNREACH)
    made = performer(recorder)
    made.perform([SendProbe(departure=DEPARTURE, number=7)], NOW)
    assert recorder.calls == [("probe", DEPARTURE, 7)]
    assert made.unsent == {}, "a probe that does not go is no message that somebody waits for"


def test_the_use_of_a_link_is_told_at_once_if_there_is_such_a_link() -> None:
    recorder = Recorder()
    performer(recorder).perform([AskLinkUse(interface="eth0"), AskLinkUse(interface="gone"), Notify(NOTICE)], NOW)
    assert recorder.calls == [("event", LinkUsed(interface="eth0", sent=3, received=4)), ("notify", NOTICE)]
