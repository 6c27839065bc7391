"""The one shape of every agent: an event and the time go in, one list of outputs comes back.

No I/O, no clock, no log, no chance.
"""

from typing import Protocol

from mobileip.agents.events import Event
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.outputs import Output
from mobileip.forwarding.model import ForwardingState


class Agent(Protocol):
    def handle(self, event: Event, now: Instant) -> list[Output]:
        """What follows from `event`. Never raises for anything that came from outside."""
        ...

    def next_deadline(self) -> Deadline | None:
        """When `TimerExpired` is due, and why."""
        ...

    def forwarding(self) -> ForwardingState:
        """The whole wish, for reconciliation."""
        ...
