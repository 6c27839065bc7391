"""What agents ask for, done: one function for each kind of output. What is to be remembered first, in one transaction,
then what may go ahead, forwarding, and everything else in order.

So no reply promises what a crash would forget, or what packets would not wait for until it is installed, and all
changes of one batch are one system call.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from itertools import filterfalse
from typing import Protocol

from mobileip.agents.events import Event, LinkUsed
from mobileip.agents.notices import Notice
from mobileip.agents.outputs import (
    AnnounceAddress,
    AskActivity,
    AskLinkUse,
    ChangeForwarding,
    Departure,
    Forget,
    Notify,
    Output,
    Remember,
    SendDiscovery,
    SendKeepalive,
    SendMessage,
    SendProbe,
)
from mobileip.dataplane.ports import Failure
from mobileip.forwarding.model import ForwardingChange, Key, Wish
from mobileip.forwarding.news import News, TunnelActivity
from mobileip.wire.agent_discovery import AgentSolicitation, encode_icmp

_KEPT = (Remember, Forget)


class Sender(Protocol):
    """Where messages leave; `linux.signalling.Signalling` in a daemon. Each returns the errno, 0 when it went."""

    def send(self, octets: bytes, departure: Departure) -> int: ...
    def send_icmp(self, octets: bytes, departure: Departure) -> int: ...
    def announce(self, interface: str, address: IPv4Address, link_address: bytes | None) -> int: ...


class Forwarder(Protocol):
    """Where wishes go: an engine, as far as agents need it."""

    def apply(self, change: ForwardingChange) -> list[Failure]: ...
    def settle(self) -> None:
        """Messages have left after a change: packets that wait go their way, and what else was to wait for that is
        done."""
        ...

    def send_keepalive(self, home_address: IPv4Address, home_agent: IPv4Address, sequence: int, now: float) -> None: ...
    def activity(self, home_address: IPv4Address) -> TunnelActivity: ...


class Paths(Protocol):
    """Where the paths by single links are looked at; `daemon.paths.Paths` in a daemon."""

    def probe(self, departure: Departure, number: int) -> None: ...
    def use(self, interface: str) -> LinkUsed | None:
        """None: there is no such link (any more)."""
        ...


class Memory(Protocol):
    """Where what must outlive the process is kept; `daemon.store.Store` in a daemon. It never fails: what it can't keep
    is its own trouble."""

    def write(self, outputs: Sequence[Remember | Forget]) -> None: ...


class Performer:
    def __init__(
        self,
        engine: Forwarder,
        sender: Sender,
        memory: Memory,
        paths: Paths,
        *,
        notify: Callable[[Notice], None],
        report: Callable[[Sequence[Failure]], None],
        on_news: Callable[[News], None],
        on_event: Callable[[Event], None],
    ) -> None:
        self._engine = engine
        self._sender = sender
        self._memory = memory
        self._paths = paths
        self._notify = notify
        self._report = report
        self._on_news = on_news
        self._on_event = on_event
        self.unsent: Counter[str] = Counter()
        """Messages that the machine refused, by its reason: retransmission heals them, an operator wants to know."""

    def perform(self, outputs: Sequence[Output], now: float) -> None:
        """All outputs of one batch of events; `now` is boot time, s. What others wait for goes first: solicitations,
        and messages that may go ahead, then forwarding, then other messages, and then what is told of them (the log,
        events). Where forwarding has changed, packets that it leads to us do not wait for that.
        """
        kept = [output for output in outputs if isinstance(output, _KEPT)]
        if kept:
            self._memory.write(kept)
        for output in filter(goes_ahead, outputs):
            self._send(output, now)
        changes = [output.change for output in outputs if isinstance(output, ChangeForwarding)]
        if changes:
            self._change(merge(changes))
        for output in filterfalse(goes_ahead, outputs):
            self._send(output, now)
        if changes:
            self._engine.settle()
        for output in outputs:
            if isinstance(output, Notify):
                self._notify(output.notice)

    def _change(self, change: ForwardingChange) -> None:
        failures = self._engine.apply(change)
        if failures:
            self._report(failures)

    def _send(self, output: Output, now: float) -> None:
        match output:
            case SendMessage() | SendDiscovery() | AnnounceAddress():
                self._count(self._sent(output))
            case SendKeepalive() | SendProbe():
                self._echo(output, now)
            case AskActivity() | AskLinkUse():
                self._answer(output)
            case ChangeForwarding() | Remember() | Forget() | Notify():  # no other
                pass  # that is done before, or after

    def _echo(self, request: SendKeepalive | SendProbe, now: float) -> None:
        """Through the tunnel, or by a link; what does not go stays unanswered, and that is what it is for."""
        match request:
            case SendKeepalive(home_address=home_address, home_agent=home_agent, sequence=sequence):
                self._engine.send_keepalive(home_address, home_agent, sequence, now)
            case SendProbe(departure=departure, number=number):  # no other
                self._paths.probe(departure, number)

    def _answer(self, question: AskActivity | AskLinkUse) -> None:
        """At once."""
        match question:
            case AskActivity(home_address=home_address):
                self._on_news(self._engine.activity(home_address))
            case AskLinkUse(interface=interface):  # no other
                used = self._paths.use(interface)
                if used is not None:
                    self._on_event(used)

    def _sent(self, output: SendMessage | SendDiscovery | AnnounceAddress) -> int:
        match output:
            case SendMessage(octets=octets, departure=departure):
                return self._sender.send(octets, departure)
            case SendDiscovery(message=message, departure=departure):
                return self._sender.send_icmp(encode_icmp(message), departure)
            case AnnounceAddress(interface=interface, address=address, link_address=link_address):  # no other
                return self._sender.announce(interface, address, link_address)

    def _count(self, number: int) -> None:
        if number:
            self.unsent[os.strerror(number)] += 1


def goes_ahead(output: Output) -> bool:
    """Of forwarding: what an agent says of a message, and a solicitation, which no table of ours leads."""
    match output:
        case SendMessage(ahead=ahead):
            return ahead
        case SendDiscovery(message=message):
            return isinstance(message, AgentSolicitation)
        case _:
            return False


def merge(changes: Sequence[ForwardingChange]) -> ForwardingChange:
    """One change with the effect of all, one after the other."""
    if len(changes) == 1:
        return changes[0]
    install: dict[Key, Wish] = {}
    remove: dict[Key, None] = {}
    for change in changes:
        for key in change.remove:
            install.pop(key, None)
            remove[key] = None
        for wish in change.install:
            remove.pop(wish.key, None)
            install[wish.key] = wish
    return ForwardingChange(install=tuple(install.values()), remove=tuple(remove))
