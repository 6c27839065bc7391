"""A tunnel in UDP is kept alive and watched (RFC 3519 §4.9, §4.10): NATs forget what is not used, and more than that.

The data plane tells when it is asked when something was sent and heard last; so nothing is sent while the node itself
sends, and what programs send without hearing anything is noticed. Then one keepalive asks the home agent whether the
tunnel is whole: of a stream in one direction nothing else could tell. What stays unanswered makes the node register
again, which tells the home agent the NAT's new address and port.
"""

import math
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.keepalive_interval import LONGEST, IntervalSearch
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import Binding, Registration
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import TunnelSilent
from mobileip.agents.outputs import AskActivity, SendKeepalive
from mobileip.forwarding.news import EchoAnswered, News, TunnelActivity

IDENTIFIER = 0x4D49
"""Of our echo requests: programs that ping the home agent have others."""
ANSWER_TIME, LONGEST_ANSWER_TIME = 0.5, 2.0
"""Seconds until a keepalive is sent again: twice the time that a registration took, within these."""
TRANSMISSIONS, HURRIED_TRANSMISSIONS = 3, 2
"""Keepalives without an answer; fewer where a stream was heard until a moment ago."""
STREAM = 3
"""Looks in a row at each of which something new had been heard: a stream, whose end one keepalive asks about."""
SILENCE = 1.0
"""Seconds of sending without hearing anything, after which the node registers again."""
PROBED_AFTER = 0.5
"""Seconds of that after which the home agent is asked."""
BUSY_LOOK, IDLE_LOOK = 0.5, 1.0
"""Seconds between two looks at the tunnel while the node sends, and while it does not."""
BUSY = 2.0
"""Seconds for which a node that has sent something counts as sending."""
SLACK = 0.01
OWN = 0.05
"""What was sent as near as that to a keepalive of ours was the keepalive."""
FIRST_PAUSE = 2.0
"""Seconds until the node registers again for silence that the last registration did not end; doubled each time."""
MOST_ROUTERS = 16
NEVER = -math.inf

Router = tuple[str, IPv4Address, bytes | None, int]


class _Question(msgspec.Struct, frozen=True):
    """A keepalive that is not answered yet."""

    router: Router
    first: int
    """Sequence number of its first transmission."""
    sent_at: float
    """When it was sent last."""
    transmissions: int
    most: int
    """Transmissions without an answer that mean that the tunnel is broken."""
    unused: float
    """Seconds for which the tunnel had not been used before."""


class Keepalives:
    """Of the registration that carries traffic. Times are boot time, seconds."""

    def __init__(self) -> None:
        self.due: float | None = None
        """When to look at the tunnel again; None: it is not in UDP."""
        self._searches: dict[Router, IntervalSearch] = {}
        self._answering: set[Router] = set()
        """Where keepalives were answered."""
        self._registered_at = NEVER
        self._router: Router | None = None
        self._sequence = 0
        self._question: _Question | None = None
        self._asks = False
        """A keepalive is due now."""
        self._sent_at = NEVER
        """When the node itself sent something into the tunnel."""
        self._own_at = NEVER
        """When a keepalive or a Request left."""
        self._keepalive_at = NEVER
        self._heard_at = NEVER
        self._heard_looks = 0
        self._is_direct = False
        """Signalling and data go the same way."""
        self._unheard_since: float | None = None
        """Since when the node sends, for all we know, without hearing anything."""
        self._repaired_at = NEVER
        """When the node registered again for silence."""
        self._pause = 0.0
        self._lost: str | None = None
        """Why it has to register again now."""

    # -- what is told

    def hear(self, news: News, state: NodeState, now: float) -> None:
        """Something was seen in a tunnel."""
        match news:
            case TunnelActivity(home_address=home_address) if home_address == state.config.home_address:
                self._judge(news, state, now)
            case EchoAnswered(home_address=home_address, identifier=identifier) if (
                home_address == state.config.home_address and identifier == IDENTIFIER
            ):
                self._answered(news.sequence, now)
            case _:
                pass

    def signalled(self, now: float) -> None:
        """A message left; it went the way of the tunnel, unless an agent relays it."""
        if self._is_direct:
            self._own_at = now

    def interval(self) -> float | None:
        """Seconds; None: the tunnel is not in UDP."""
        search = self._searches.get(self._router) if self._router else None
        return search.interval if search is not None and self.due is not None else None

    # -- what is done

    def attend(self, state: NodeState, carrier: Registration | None, now: float, out: Outbox) -> None:
        """Looks after the tunnel, at every event."""
        binding = carrier.binding if carrier is not None else None
        # R3519-4.7-a. Without a NAT none are sent.
        if carrier is None or binding is None or not binding.agreement.in_udp:
            self.due = None
            self._registered_at = NEVER
            return
        router = _router_of(binding)
        if (binding.registered_at, router) != (self._registered_at, self._router):
            self._begin(state, binding, router, now)
        if self._asks:
            self._asks = False
            self._send(state, binding, router, now, out)
        if self._lost is not None:
            cause, self._lost = self._lost, None
            self._register_again(carrier, binding, cause, now, out)
        if self.due is not None and now >= self.due:
            out.questions.append(AskActivity(home_address=state.config.home_address))
            self.due = now + IDLE_LOOK  # unless the answer says otherwise

    def _begin(self, state: NodeState, binding: Binding, router: Router, now: float) -> None:
        """The home agent has accepted a registration: it knows where we are."""
        self._registered_at, self._router = binding.registered_at, router
        self._question = self._unheard_since = self._lost = None
        told = binding.agreement.keepalive_interval
        search = self._searches.pop(router, None)
        # R3519-4.10-c, R3519-4.10-d: behind another NAT it "SHOULD return to its original keepalive interval".
        if search is None or search.told != told:
            search = IntervalSearch(state.config.keepalive_interval, told)
        if len(self._searches) >= MOST_ROUTERS:
            self._answering.discard(next(iter(self._searches)))
            self._searches.pop(next(iter(self._searches)))
        self._searches[router] = search
        self._is_direct = binding.attachment.agent is None
        self._own_at = max(self._own_at, binding.registered_at)
        self.due = now + BUSY_LOOK
        # R3519-4.4-h, R3519-6.1.2-b: through a foreign agent it "MUST send a keepalive as soon as its registration has
        # been accepted": the home agent does not know the port before.
        self._asks = not self._is_direct

    def _send(self, state: NodeState, binding: Binding, router: Router, now: float, out: Outbox) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        question = self._question
        if question is None:
            unused = now - max(self._sent_at, self._own_at, self._heard_at)
            most = HURRIED_TRANSMISSIONS if self._heard_looks >= STREAM else TRANSMISSIONS
            self._question, self._heard_looks = _Question(router, self._sequence, now, 1, most, unused), 0
        else:
            self._question = msgspec.structs.replace(question, sent_at=now, transmissions=question.transmissions + 1)
        self._own_at = self._keepalive_at = now
        # R3519-4.9-a, R3519-4.9-d, R3519-4.6-i: an echo request from the home address to the home agent.
        out.keepalives.append(
            SendKeepalive(
                home_address=state.config.home_address,
                home_agent=binding.home_agent,
                identifier=IDENTIFIER,
                sequence=self._sequence,
            )
        )
        self.due = now + _answer_time(state)
        state.count("keepalives_sent")

    def _register_again(self, carrier: Registration, binding: Binding, cause: str, now: float, out: Outbox) -> None:
        was_of_use = self._heard_at > self._repaired_at or carrier.state is not State.REGISTERED
        self._pause = FIRST_PAUSE if was_of_use else min(max(FIRST_PAUSE, 2 * self._pause), LONGEST)
        self._repaired_at = now
        if carrier.state is not State.REGISTERED:
            return  # it asks already, or something else is wanted
        out.notify(TunnelSilent(care_of_address=binding.attachment.care_of_address, cause=cause))
        # R3519-4.10-a: it "SHOULD re-register with the home agent".
        carrier.renew(now)

    # -- what follows from it

    def _judge(self, activity: TunnelActivity, state: NodeState, now: float) -> None:
        search = self._searches.get(self._router) if self._router else None
        if self.due is None or search is None:
            return
        if activity.sent_at > self._keepalive_at + OWN:
            self._sent_at = activity.sent_at
        if activity.heard_at > self._heard_at:
            self._heard_at = activity.heard_at
            self._heard_looks += 1
            is_cut_off = False
        else:
            is_cut_off = self._heard_looks >= STREAM
            self._heard_looks = self._heard_looks if is_cut_off else 0
        if self._sent_at <= self._heard_at:
            self._unheard_since = None
        elif self._unheard_since is None or self._unheard_since < self._heard_at:
            self._unheard_since = self._sent_at
        if now < self._paused_until():
            self.due = min(self._paused_until(), now + IDLE_LOOK)
            return
        goes_on = self._unheard_since is not None and self._sent_at > self._unheard_since
        unheard = now - self._unheard_since if goes_on and self._unheard_since is not None else 0.0
        used_at = max(self._sent_at, self._own_at)
        # R3519-4.9-b, R3519-3.2-b: "if no other packet to the HA has been sent in K seconds".
        is_due = now >= used_at + search.interval
        question = self._question
        is_cut_off = is_cut_off and now - self._heard_at >= PROBED_AFTER - SLACK
        if question is None:
            self._asks = is_due or is_cut_off or unheard >= PROBED_AFTER - SLACK
        elif now >= question.sent_at + _answer_time(state) - SLACK:
            is_unheard = unheard >= SILENCE - SLACK
            if is_unheard or question.transmissions >= question.most:
                self._lose(search, "unheard" if is_unheard else "unanswered")
            else:
                self._asks = True
        self.due = self._next_look(search, used_at, now)

    def _next_look(self, search: IntervalSearch, used_at: float, now: float) -> float:
        looks = [now + (BUSY_LOOK if now < max(self._sent_at, self._heard_at) + BUSY else IDLE_LOOK)]
        looks.append(used_at + search.interval)
        if self._unheard_since is not None:
            looks += [self._unheard_since + PROBED_AFTER, self._unheard_since + SILENCE]
        return min(look for look in looks if look > now)

    def _paused_until(self) -> float:
        """A registration that was answered has not ended the silence: whoever sends may not want to hear anything, and
        the home agent not to answer."""
        return self._repaired_at + self._pause if self._heard_at <= self._repaired_at else NEVER

    def _lose(self, search: IntervalSearch, cause: str) -> None:
        question, self._question = self._question, None
        self._lost, self._unheard_since = cause, None
        if question is not None and self._router in self._answering:
            search.lost(question.unused)

    def _answered(self, sequence: int, now: float) -> None:
        question = self._question
        if question is None or (sequence - question.first) & 0xFFFF >= question.transmissions:
            return
        self._question = None
        self._unheard_since = None
        self._heard_at = max(self._heard_at, now)
        self.due = now + BUSY_LOOK
        self._answering.add(question.router)
        self._searches[question.router].answered(question.unused)


def _answer_time(state: NodeState) -> float:
    return min(max(ANSWER_TIME, 2 * state.round_trip), LONGEST_ANSWER_TIME)


def _router_of(binding: Binding) -> Router:
    """The same router has the same NAT behind it; without its link-layer address another network may look the same."""
    attachment = binding.attachment
    number = 0 if attachment.gateway_link_address else attachment.incarnation
    return (attachment.interface, attachment.gateway, attachment.gateway_link_address, number)
