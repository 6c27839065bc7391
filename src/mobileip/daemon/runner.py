"""The one loop: something comes in, the node handles it, its outputs are performed, the next deadline is armed."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    DeliveryFailed,
    Event,
    GatewayHeard,
    Link,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    PacketsTold,
    SolicitationArrived,
    TimerExpired,
)
from mobileip.agents.instant import Instant
from mobileip.agents.node import Node
from mobileip.agents.notices import Discarded, Notice
from mobileip.agents.outputs import Output
from mobileip.daemon.perform import Performer
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.news import News
from mobileip.linux import clock, entropy
from mobileip.linux.signalling import Heard
from mobileip.wire.agent_discovery import AgentAdvertisement, decode_icmp
from mobileip.wire.errors import DecodeError
from mobileip.wire.message import decode_message


class Runner:
    """Glue between a machine's callbacks and a node. Single-threaded; every entry is a callback of the event loop.

    `performer` is set before anything can come in. `afterwards` is called after each batch of events.
    """

    performer: Performer

    def __init__(self, node: Node, notify: Callable[[Notice], None], now: Callable[[], Instant] = clock.now) -> None:
        self.node = node
        self.discarded: Counter[str] = Counter()
        self._notify = notify
        self._now = now
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False
        self.afterwards: Callable[[], None] = lambda: None

    def handle(self, *events: Event) -> None:
        """Handles events that came together: all their forwarding in one batch, then all their messages, then
        what is told of them."""
        if self._stopped:
            return
        now = self._now()
        outputs: list[Output] = []
        for event in events:
            outputs += self.node.handle(event, now)
        self.performer.perform(outputs, now.boot)
        self.afterwards()
        self._arm()

    def stop(self) -> None:
        """No event is handled from here on."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def replace(self, node: Node) -> None:
        """Another node (a new configuration) takes over."""
        self.node = node
        self._arm()

    # -- inputs

    def messages(self, heard: Sequence[Heard]) -> None:
        events = [event for one in heard if (event := self._message(one)) is not None]
        if events:
            self.handle(*events)

    def discovery(self, heard: Heard) -> None:
        try:
            message = decode_icmp(heard.octets)
        except DecodeError as error:
            self.undecodable(error, heard.arrival, heard.octets)
            return
        if isinstance(message, AgentAdvertisement):
            self.handle(AdvertisementArrived(advertisement=message, arrival=heard.arrival, entropy=entropy.draw()))
        else:
            self.handle(SolicitationArrived(solicitation=message, arrival=heard.arrival, entropy=entropy.draw()))

    def router(self, interface: str, address: IPv4Address, link_address: bytes) -> None:
        self.handle(
            GatewayHeard(interface=interface, address=address, link_address=link_address, entropy=entropy.draw())
        )

    def delivery_failed(self, destination: IPv4Address, icmp_type: int, icmp_code: int, octets: bytes) -> None:
        self.handle(
            DeliveryFailed(
                destination=destination,
                icmp_type=icmp_type,
                icmp_code=icmp_code,
                octets=octets,
                entropy=entropy.draw(),
            )
        )

    def link_changed(self, link: Link) -> None:
        self.handle(LinkChanged(link=link, entropy=entropy.draw()))

    def link_removed(self, name: str) -> None:
        self.handle(LinkRemoved(name=name, entropy=entropy.draw()))

    def news(self, news: News) -> None:
        """Something that was seen in a tunnel."""
        self.handle(PacketsTold(news=news, entropy=entropy.draw()))

    def undecodable(self, error: DecodeError, arrival: Arrival, octets: bytes) -> None:
        """What no agent can be given is counted, and can be logged with its contents."""
        reason = DropReason(error.reason.value)
        # R5944-1.7-b: "SHOULD record the event in a statistics counter". R3115-1-a
        self.discarded[reason.value] += 1
        # R5944-1.7-a, R3115-1-a: "logging the error, including the contents of the discarded datagram".
        self._notify(Discarded(role="node", reason=reason, detail=error.detail, source=arrival.source, octets=octets))

    def _message(self, heard: Heard) -> MessageArrived | None:
        try:
            decoded = decode_message(heard.octets)
        except DecodeError as error:
            self.undecodable(error, heard.arrival, heard.octets)
            return None
        return MessageArrived(decoded=decoded, arrival=heard.arrival, entropy=entropy.draw())

    # -- time

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.node.next_deadline()
        if deadline is not None:
            delay = max(0.0, deadline.at - self._now().boot)
            # The loop's clock stops in suspend and boot time does not: at resume `linux.sleep_watch` wakes us.
            self._timer = asyncio.get_running_loop().call_later(delay, self._expired)

    def _expired(self) -> None:
        self._timer = None
        self.handle(TimerExpired(entropy=entropy.draw()))


def fields_of(notice: Notice) -> dict[str, object]:
    """A notice as plain words and numbers, its `event` name first."""
    built = msgspec.to_builtins(notice, enc_hook=_plain, builtin_types=(bytes,))
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in built.items()}


def _plain(value: object) -> object:
    if isinstance(value, IPv4Address):
        return str(value)
    raise NotImplementedError(type(value))
