"""Conversations with an agent: `given` an event, `expect` these outputs. Plain calls, one after the other.

    play = Playbook(agent)
    play.given(Started(), *link_events).expect(...)
    play.given(arrived(octets)).expect(message(RegistrationReply, code=0), notice(BindingCreated))
    play.wait(3.5).expect(...)            # every deadline on the way is kept
    play.expect_nothing()

An expected output is an output (compared whole) or an `Expected`: the kind and those fields that matter. The
outputs must be there in order, and nothing besides, but outputs of kinds that the playbook ignores.

At each step the playbook also checks what must hold for every agent: the changes of forwarding so far make up
the whole wish (law 2), and no deadline is left that has already come.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

import msgspec
from tests.support.messages import instant

from mobileip.agents.agent import Agent
from mobileip.agents.events import Event, TimerExpired
from mobileip.agents.instant import Instant
from mobileip.agents.notices import Notice
from mobileip.agents.outputs import (
    AnnounceAddress,
    ChangeForwarding,
    Departure,
    Notify,
    Output,
    SendDiscovery,
    SendMessage,
)
from mobileip.forwarding.model import ForwardingState
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation
from mobileip.wire.message import Message, decode_message

_MOST_WAKE_UPS = 10_000


class Expected:
    """Accepts an output when every named condition holds. Conditions are shown when they fail."""

    def __init__(self, name: str, accepts: Callable[[Output], bool]) -> None:
        self.name = name
        self.accepts = accepts

    def __repr__(self) -> str:
        return self.name


def _describe(kind: type, fields: dict[str, Any]) -> str:
    return f"{kind.__name__}({', '.join(f'{name}={value!r}' for name, value in fields.items())})"


def _agrees(value: Any, fields: dict[str, Any]) -> bool:
    return all(_equal(getattr(value, name), wanted) for name, wanted in fields.items())


def _equal(value: Any, wanted: Any) -> bool:
    """Addresses may be written as text; a condition may be a function."""
    if isinstance(value, IPv4Address) and isinstance(wanted, str):
        return str(value) == wanted
    return bool(wanted(value)) if callable(wanted) else bool(value == wanted)


_DEPARTURE_NAMES = {
    "to": "destination",
    "frm": "source",
    "to_port": "destination_port",
    "from_port": "source_port",
    "on": "interface",
    "frame_to": "link_destination",
    "ttl": "ttl",
}


def _split(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    departure = {_DEPARTURE_NAMES[name]: v for name, v in fields.items() if name in _DEPARTURE_NAMES}
    return {name: v for name, v in fields.items() if name not in _DEPARTURE_NAMES}, departure


def message(kind: type[Message], **fields: Any) -> Expected:
    """A control message: its fields, and those of its departure as `to`, `frm`, `to_port`, `from_port`, `on`,
    `frame_to`, `ttl`."""
    wanted, departure = _split(fields)

    def accepts(output: Output) -> bool:
        if not isinstance(output, SendMessage):
            return False
        sent = decode_message(output.octets).message
        return isinstance(sent, kind) and _agrees(sent, wanted) and _agrees(output.departure, departure)

    return Expected(_describe(kind, fields), accepts)


def discovery(kind: type[AgentAdvertisement | AgentSolicitation], **fields: Any) -> Expected:
    """A solicitation or advertisement; fields of the Mobility Agent Advertisement Extension may be named
    too."""
    wanted, departure = _split(fields)

    def accepts(output: Output) -> bool:
        if not isinstance(output, SendDiscovery) or not isinstance(output.message, kind):
            return False
        sent = output.message
        own = {name: value for name, value in wanted.items() if hasattr(sent, name)}
        rest = {name: value for name, value in wanted.items() if name not in own}
        mobility = sent.mobility if isinstance(sent, AgentAdvertisement) else None
        return _agrees(sent, own) and _agrees(mobility, rest) and _agrees(output.departure, departure)

    return Expected(_describe(kind, fields), accepts)


def notice(kind: type[Notice], **fields: Any) -> Expected:
    """A notice of one kind."""
    return Expected(
        _describe(kind, fields),
        lambda output: (
            isinstance(output, Notify) and isinstance(output.notice, kind) and _agrees(output.notice, fields)
        ),
    )


def forwarding(*, install: tuple[type, ...] = (), remove: tuple[str, ...] = ()) -> Expected:
    """A change of forwarding: the kinds of the wishes installed, the subjects of those removed."""

    def accepts(output: Output) -> bool:
        return (
            isinstance(output, ChangeForwarding)
            and tuple(type(wish) for wish in output.change.install) == install
            and tuple(subject for _, subject in output.change.remove) == remove
        )

    kinds = ", ".join(kind.__name__ for kind in install)
    return Expected(f"ChangeForwarding(install=[{kinds}], remove={list(remove)})", accepts)


def announcement(**fields: Any) -> Expected:
    """A gratuitous ARP."""
    return Expected(
        _describe(AnnounceAddress, fields),
        lambda output: isinstance(output, AnnounceAddress) and _agrees(output, fields),
    )


def sent_messages(outputs: list[Output]) -> list[tuple[Message, Departure]]:
    """The control messages among `outputs`, decoded, with their departures."""
    return [
        (decode_message(output.octets).message, output.departure)
        for output in outputs
        if isinstance(output, SendMessage)
    ]


class Playbook:
    """One conversation. `now` is boot time, seconds; `ignore`: kinds of outputs that no expectation is
    about."""

    def __init__(
        self,
        agent: Agent,
        *,
        now: float = 0.0,
        ntp_ahead: float = 0.0,
        ignore: tuple[type[Output], ...] = (),
        entropy: bytes = b"",
    ) -> None:
        self.agent = agent
        self.now = now
        self.ntp_ahead = ntp_ahead
        self.ignore = ignore
        self.entropy = entropy
        self.outputs: list[Output] = []
        """Not yet expected."""
        self.history: list[tuple[Event, Instant, list[Output]]] = []
        self._state = ForwardingState()

    # -- what happens

    def given(self, *events: Event, after: float = 0.0) -> "Playbook":
        """Events, one right after the other, `after` seconds from now (deadlines on the way are kept)."""
        if after:
            self.wait(after)
        for event in events:
            self._step(event)
        return self

    def wait(self, seconds: float) -> "Playbook":
        """Time passes; the agent is woken at each of its deadlines."""
        end = self.now + seconds
        for _ in range(_MOST_WAKE_UPS):
            deadline = self.agent.next_deadline()
            if deadline is None or deadline.at > end:
                self.now = end
                return self
            self.now = max(self.now, deadline.at)
            self._step(TimerExpired())
        raise AssertionError(f"woken {_MOST_WAKE_UPS} times, last for {deadline}")

    def _step(self, event: Event) -> None:
        if self.entropy and not event.entropy:
            event = msgspec.structs.replace(event, entropy=self.entropy)
        now = instant(self.now, self.ntp_ahead)
        outputs = self.agent.handle(event, now)
        self.history.append((event, now, outputs))
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, ChangeForwarding):
                self._state = self._state.apply(output.change)
        assert self._state == self.agent.forwarding(), "law 2: the changes make up the whole wish"
        deadline = self.agent.next_deadline()
        assert deadline is None or deadline.at > self.now, f"a deadline that has come was left: {deadline}"

    # -- what follows

    def expect(self, *expected: Output | Expected) -> "Playbook":
        """These outputs, in this order, since the last expectation."""
        outputs = self._take()
        if len(outputs) != len(expected) or not all(map(_fits, expected, outputs)):
            raise AssertionError(_comparison(expected, outputs))
        return self

    def expect_nothing(self) -> "Playbook":
        return self.expect()

    def expect_among(self, *expected: Output | Expected) -> "Playbook":
        """These outputs in this order; others may stand before, between and behind them."""
        outputs = self._take()
        left = iter(outputs)
        if not all(any(_fits(wanted, output) for output in left) for wanted in expected):
            raise AssertionError(_comparison(expected, outputs))
        return self

    def forget(self) -> "Playbook":
        """Outputs so far are not what the test is about."""
        self.outputs = []
        return self

    def replay(self, agent: Agent) -> None:
        """Law 1: another agent makes the same of the same events and times."""
        for event, now, outputs in self.history:
            assert agent.handle(event, now) == outputs

    def _take(self) -> list[Output]:
        outputs = [output for output in self.outputs if not isinstance(output, self.ignore)]
        self.outputs = []
        return outputs


def _fits(expected: Output | Expected, output: Output) -> bool:
    return expected.accepts(output) if isinstance(expected, Expected) else expected == output


def _comparison(expected: tuple[Output | Expected, ...], outputs: list[Output]) -> str:
    lines = ["expected:", *(f"  << {wanted!r}" for wanted in expected), "got:"]
    for output in outputs:
        shown = decode_message(output.octets).message if isinstance(output, SendMessage) else output
        departure = f"  {output.departure!r}" if isinstance(output, SendMessage) else ""
        lines.append(f"  << {shown!r}{departure}")
    return "\n".join(lines)
