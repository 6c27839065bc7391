"""Whether the path in use is whole: a link may be up and lead nowhere, and no event tells.

The home agent is asked by ICMP echo requests, often while packets pass and seldom otherwise. Once it has answered by a
path, three in a row that stay unanswered mean that this path is dead: its point of attachment is avoided for a while,
and the chooser does the rest. A home agent that answers none is not judged by it. Where there is nothing to change to
it is asked once, so that a million nodes with one link each cost it nothing.

How long an answer takes is learnt from all that come, and remembered with the place. One that comes when it is waited
for no more is late and not lost: it tells that the way is long, and that the path is whole.
"""

import math
from collections import deque
from ipaddress import IPv4Address
from typing import NamedTuple

import msgspec

from mobileip.agents.mobile.attachment import Attachment, CareOf, Place
from mobileip.agents.mobile.config import Probing
from mobileip.agents.mobile.link import LinkView, Quality
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import PathNoticed
from mobileip.agents.outputs import AskLinkUse, Departure, SendProbe

UNANSWERED = 3
"""Probes in a row that mean that a path is dead."""
SHORTEST_ANSWER_TIME, ANSWER_MARGIN = 0.2, 0.05
"""Seconds: an answer is waited for at least as long, or half as long again as usual and a little more."""
UNKNOWN_ANSWER_TIME = 1.0
"""Seconds, where no answer has told yet how long one takes; what RFC 6298 §2.1 begins with."""
LATEST = 10.0
"""Seconds after which an answer tells nothing any more."""
LOOK = 1.0
"""Seconds between two looks at whether packets pass, while none do."""
MOST_RESULTS, ENOUGH_RESULTS = 32, 8
"""Probes by which loss is judged."""
SMOOTHING = 1 / 8
BUSY_SENT, BUSY_RECEIVED = 2.0, 8.0
"""Packets per second, beside probes and answers, that are traffic; agents advertise, and neighbours ask by ARP."""
KEPT = 60.0
"""Seconds for which what was found of a link counts that is not used."""
LINGER = 1.0
"""Seconds for which a link still counts as used when nothing passes any more: a path that has died is silent too."""
MOST_PROVEN = 16
"""Places of which is remembered that answers came there, and after how long."""
SEQUENCES = 1 << 16
UNKNOWN = Quality()


class Waiting(NamedTuple):
    """A probe: when it left, and until when its answer is waited for. That is settled when it leaves, so that only
    time decides when it is lost, and no message that happens to come in."""

    sent_at: float
    until: float


class _Path:
    """What is known of the path from one point of attachment. Times are boot time, seconds."""

    def __init__(self, attachment: Attachment, delay: float | None) -> None:
        self.attachment = attachment
        self.delay = delay
        """How long answers take, there and back, s, from those that have come by it, now or the last time that we were
        there; None: none has."""
        self.sent: dict[int, Waiting] = {}
        """Probes whose answer is waited for, by number."""
        self._late: dict[int, Waiting] = {}
        """Those that are given up."""
        self._late_by = 0.0
        """How long an answer took that came too late, s, and less with each that comes in time: one that is late makes
        us patient at once, but no link is judged by it alone."""
        self.probe_at = -math.inf
        self.unanswered = 0
        """In a row."""
        self.is_dead = False
        self.is_busy = False
        self._busy_at = -math.inf
        self._is_verified = False
        self._results: deque[bool] = deque(maxlen=MOST_RESULTS)
        self._used: tuple[float, int, int] | None = None
        """At the last look: when it was, packets sent and received."""
        self._own = self._answers = 0
        """Probes and answers since then."""

    def probed(self, number: int, now: float) -> None:
        self.sent[number] = Waiting(now, now + self.answer_time)
        self.probe_at = now
        self._own += 1

    def used(self, sent: int, received: int, now: float) -> None:
        """What has passed the link since it exists."""
        if self._used is not None and now > self._used[0]:
            at, sent_before, received_before = self._used
            went = (sent - sent_before - self._own) / (now - at)
            came = (received - received_before - self._answers) / (now - at)
            if went >= BUSY_SENT or came >= BUSY_RECEIVED:
                self._busy_at = now
            self.is_busy = now < self._busy_at + LINGER
        self._used, self._own, self._answers = (now, sent, received), 0, 0

    def answered(self, number: int, now: float) -> bool:
        """Whether that was a probe of ours; earlier ones are not waited for any more."""
        is_late = number in self._late
        waiting = self._late.get(number) or self.sent.get(number)
        if waiting is None:
            return False
        self._answers += 1
        self.sent = _after(waiting, self.sent)
        self._late = _after(waiting, self._late)
        took = now - waiting.sent_at
        self.delay = took if self.delay is None else self.delay + SMOOTHING * (took - self.delay)
        self._late_by = took if is_late else self._late_by / 2
        self._results.append(True)
        self.unanswered, self.is_dead, self._is_verified = 0, False, True
        return True

    def give_up(self, now: float) -> bool:
        """What was not answered in time is lost; whether something was."""
        lost = {number: waiting for number, waiting in self.sent.items() if now >= waiting.until}
        for number in lost:
            del self.sent[number]
            self.unanswered += 1
            self._results.append(False)
        given_up = self._late | lost
        self._late = {number: waiting for number, waiting in given_up.items() if now < waiting.sent_at + LATEST}
        return bool(lost)

    @property
    def is_known(self) -> bool:
        """It was asked about."""
        return self.probe_at > -math.inf

    @property
    def _is_proven(self) -> bool:
        """An answer has come by it, now or the last time that we were there."""
        return self.delay is not None

    @property
    def has_died(self) -> bool:
        """It was whole, and is so no more."""
        return self._is_proven and not self.is_dead and self.unanswered >= UNANSWERED

    @property
    def is_in_doubt(self) -> bool:
        """It was whole, and a probe is lost: the next ones are to tell soon, whether packets pass or not."""
        return self._is_proven and 0 < self.unanswered < UNANSWERED

    @property
    def answer_time(self) -> float:
        if self.delay is None:
            return UNKNOWN_ANSWER_TIME
        return max(SHORTEST_ANSWER_TIME, 1.5 * max(self.delay, self._late_by) + ANSWER_MARGIN)

    def quality(self, now: float) -> Quality:
        is_enough = len(self._results) >= ENOUGH_RESULTS
        return Quality(
            delay=self.delay or 0.0,
            loss=self._results.count(False) / len(self._results) if is_enough else 0.0,
            is_verified=self._is_verified,
            is_dead=self.is_dead,
            found_at=now,
        )


class PathProbes:
    """Of the registration that carries packets. Times are boot time, seconds."""

    def __init__(self) -> None:
        self.due: float | None = None
        """When to look again; None: there is no path to be watched."""
        self._path: _Path | None = None
        self._proven: dict[Place, float | None] = {}
        """Where an answer came to, the latest last, and after how many seconds: nobody filters it there, so silence
        means something at once when we are there again."""
        self._number = 0

    def used(self, interface: str, sent: int, received: int, now: float) -> None:
        """How many packets have passed a link since it exists."""
        path = self._on(interface)
        if path is not None:
            was_busy = path.is_busy
            path.used(sent, received, now)
            if path.is_busy and not was_busy:
                self.due = now

    def answered(self, interface: str, number: int, state: NodeState, now: float, out: Outbox) -> bool:
        """The home agent answers; whether a path that was dead is whole again."""
        path = self._on(interface)
        was_dead = path is not None and path.is_dead
        if path is None or not path.answered(number, now):
            return False
        link, place = state.links[interface], path.attachment.place
        self._proven.pop(place, None)
        self._proven[place] = path.delay
        if len(self._proven) > MOST_PROVEN:
            del self._proven[next(iter(self._proven))]
        if was_dead:
            state.refusals.forget(place)
        if was_dead or not link.quality.is_verified:
            out.notify(PathNoticed(interface=interface, state="verified"))
        link.quality = path.quality(now)
        return was_dead

    def judge(self, state: NodeState, now: float, out: Outbox) -> bool:
        """Whether the path is found dead now, before anything is chosen."""
        _forget_what_is_old(state, now)
        path = self._path
        if path is None:
            return False
        link = state.links[path.attachment.interface]
        if path.give_up(now):
            link.quality = path.quality(now)
        if not path.has_died:
            return False
        self._die(path, state, link, now, out)
        return True

    def attend(self, state: NodeState, carrier: Registration | None, now: float, out: Outbox) -> None:
        """Looks after the path that packets take, once it is chosen."""
        binding = carrier.binding if carrier is not None else None
        if binding is None or state.config.probing is Probing.OFF:
            self.due = self._path = None
            return
        path = self._path
        if path is None or path.attachment.place != binding.attachment.place:
            path, self.due = _Path(binding.attachment, self._proven.get(binding.attachment.place)), now
            self._path = path
        path.attachment = binding.attachment
        if self.due is None and (state.has_other or path.is_dead):
            self.due = now
        if self.due is not None and now >= self.due:
            self._probe(path, state, binding.home_agent, now, out)

    def _on(self, interface: str) -> _Path | None:
        path = self._path
        return path if path is not None and path.attachment.interface == interface else None

    def _probe(self, path: _Path, state: NodeState, home_agent: IPv4Address, now: float, out: Outbox) -> None:
        config, attachment, has_other = state.config, path.attachment, state.has_other
        if has_other:
            out.questions.append(AskLinkUse(interface=attachment.interface))
        is_urgent = path.is_busy or path.is_in_doubt
        interval = config.probe_interval if has_other and is_urgent else config.idle_probe_interval
        if now >= path.probe_at + interval and (has_other or path.is_dead or not path.is_known):
            self._number = (self._number + 1) % SEQUENCES
            path.probed(self._number, now)
            is_behind_agent = attachment.care_of is CareOf.FOREIGN_AGENT
            departure = Departure(
                source=config.home_address if is_behind_agent else attachment.care_of_address,
                destination=home_agent,
                interface=attachment.interface,
                link_destination=attachment.first_hop if is_behind_agent else attachment.gateway_link_address,
            )
            out.probes.append(SendProbe(departure=departure, number=self._number))
            state.count("probes_sent")
        # How much passes is known by the second look, and that does not wait for as long as an answer may take.
        looks = [at for probe in path.sent.values() for at in (probe.sent_at + SHORTEST_ANSWER_TIME, probe.until)]
        if has_other:
            looks += [path.probe_at + interval, now + LOOK]
        elif path.is_dead:
            looks.append(path.probe_at + interval)
        self.due = min((look for look in looks if look > now), default=None)

    def _die(self, path: _Path, state: NodeState, link: LinkView, now: float, out: Outbox) -> None:
        path.is_dead = True
        link.quality = path.quality(now)
        state.refusals.note(path.attachment.place, state.config.hold_down, now, avoid=True)
        link.died(now)
        self.due = now + LOOK
        out.notify(PathNoticed(interface=link.name, state="dead"))


def _after(answered: Waiting, probes: dict[int, Waiting]) -> dict[int, Waiting]:
    """Those that left later."""
    return {number: later for number, later in probes.items() if later.sent_at > answered.sent_at}


def quality_ends_at(link: LinkView) -> float | None:
    """When what was found of a link's path counts no more (boot time, s); None when nothing was."""
    is_known = msgspec.structs.replace(link.quality, found_at=UNKNOWN.found_at) != UNKNOWN
    return link.quality.found_at + KEPT if is_known else None


def _forget_what_is_old(state: NodeState, now: float) -> None:
    for link in state.links.values():
        end = quality_ends_at(link)
        if end is not None and now >= end:
            link.quality = UNKNOWN
