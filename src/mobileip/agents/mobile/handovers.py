"""The record of each change of the way that packets take: what led to it, and how long each part took."""

import msgspec

from mobileip.agents.mobile.attachment import Attachment, Place
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.wishes import carrier_of
from mobileip.agents.notices import HandedOver

STALE = 0.5
"""Seconds after which something that happened is not why a node leaves what works."""


class Decision(msgspec.Struct):
    """Why and when a point of attachment was chosen. Times are boot time, seconds."""

    place: Place
    trigger: str
    happened_at: float
    decided_at: float
    requested_at: float | None = None


class Handovers:
    """What has led to where the node is. Times are boot time, seconds."""

    def __init__(self) -> None:
        self._number = 0
        self._trigger, self._happened_at = "started", 0.0
        self._decision: Decision | None = None
        self._way: Attachment | None = None
        """By which packets went last; None: by none yet."""
        self._silent_since: float | None = None

    def happened(self, trigger: str, now: float) -> None:
        """Something that may lead to a handover; of several the latest counts."""
        self._trigger, self._happened_at = trigger, now

    def decided(self, target: Attachment, now: float) -> None:
        """Another point of attachment was chosen."""
        is_stale = now - self._happened_at > STALE and self._silent_since is None
        trigger, at = ("better_link", now) if is_stale or not self._trigger else (self._trigger, self._happened_at)
        self._decision = Decision(target.place, trigger, at, now)
        self._trigger = ""

    def requested(self, target: Attachment, now: float) -> None:
        """A Request for it leaves; the first one counts."""
        decision = self._decision
        if decision is not None and decision.place == target.place and decision.requested_at is None:
            decision.requested_at = now

    def look(self, state: NodeState, now: float, out: Outbox) -> None:
        """Whether packets take another way now, at the end of each event."""
        way = _confirmed_way(state)
        if way is None:
            if self._silent_since is None:
                self._silent_since = now
            return
        before, silent_since = self._way, self._silent_since
        self._way, self._silent_since = way, None
        if before is not None and before.place == way.place:
            return
        self._record(way, before, silent_since, now, out)

    def _record(
        self, way: Attachment, before: Attachment | None, silent_since: float | None, now: float, out: Outbox
    ) -> None:
        decision = self._decision
        if decision is None or decision.place != way.place:  # the earlier of two requests was answered
            decision = Decision(way.place, "better_link", now, now)
        requested_at = decision.requested_at if decision.requested_at is not None else decision.decided_at
        self._number += 1
        out.notify(
            HandedOver(
                number=self._number,
                trigger=decision.trigger,
                reason=way.reason,
                from_interface=before.interface if before else None,
                from_care_of=before.care_of if before else None,
                from_address=before.care_of_address if before else None,
                to_interface=way.interface,
                to_care_of=way.care_of,
                to_address=way.care_of_address,
                make_before_break=before is not None and silent_since is None,
                detection_ms=_milliseconds(decision.decided_at - decision.happened_at),
                waiting_ms=_milliseconds(requested_at - decision.decided_at),
                registration_ms=_milliseconds(now - requested_at),
                silence_ms=_milliseconds(now - silent_since) if silent_since is not None else 0.0,
            )
        )


def _confirmed_way(state: NodeState) -> Attachment | None:
    """Where the home agent knows us, and we are."""
    for registration in state.registrations.values():
        if registration.home is not None and registration.state in (State.AT_HOME, State.LINGERING):
            return registration.home
    carrier = carrier_of(state)
    return carrier.binding.attachment if carrier is not None and carrier.binding is not None else None


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
