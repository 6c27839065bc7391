"""The mobile node. Theory of operation:

A node has links, each with its own picture of the system's settings, its own heard agents, its own search
(`link.py`) and its own registration (`registration.py`, moved only by the table in `fsm.py`). One chooser
stands above them: from all that the links offer it picks one point of attachment, and the registration of
that link pursues it. An attachment is a value; when anything happens that could mean another network (a
flap, a rebooted or returned agent), its incarnation changes, so it is another value, and another value is
registered anew. That is the whole of move detection's effect.

Every event goes the same way: take it in, end what time has ended, choose, then send what is due. So a
request leaves in the very call in which its advertisement was heard or its address was set, unless the limit
of one per second holds it up. Forwarding is derived from the state afterwards, and the difference comes out
first.

A registration in force is ended by three things only: the home agent's authenticated word (a revocation, or an
acceptance behind which the foreign agent says that it does not serve us, are among them), its lifetime, the loss
of the link. Advertisements and foreign agents' denials may start another registration beside it, no more.

What is ignored on purpose: ICMP redirects (RFC 5944 §3.6 forbids to follow them; the room linux turns them
off), challenges. What is ugly:
two networks with the same prefix, or a home prefix that is also used elsewhere (192.168.1.0/24), can't be
told apart by prefixes.
"""

import math

from mobileip.agents.events import (
    AdvertisementArrived,
    DeregisterCommanded,
    Event,
    GatewayHeard,
    HandoverCommanded,
    LinkAnnounced,
    LinkChanged,
    LinkRemoved,
    LinkUsed,
    MessageArrived,
    PacketsTold,
    PreferCommanded,
    ProbeAnswered,
    RegisterCommanded,
    Resumed,
    Started,
    Stopping,
)
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.mobile.answers import Answers, discard
from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.deadlines import end_of_agents, standing_deadlines
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.former import keep_former
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.handovers import Handovers
from mobileip.agents.mobile.keepalives import Keepalives
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.link_events import link_changed, link_removed
from mobileip.agents.mobile.move_detection import Heard, complaint
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.paths import PathProbes
from mobileip.agents.mobile.pursuit import begin, expire, pursue_best
from mobileip.agents.mobile.registration import PURSUING
from mobileip.agents.mobile.replies import Complaint
from mobileip.agents.mobile.showing import snapshot_of
from mobileip.agents.mobile.snapshot import MobileNodeSnapshot
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.transmission import announce, send_request, solicit, transmit
from mobileip.agents.mobile.wishes import carrier_of, home_target, wishes
from mobileip.agents.notices import AgentHeard, AgentLost, UnauthenticatedAllowed
from mobileip.agents.outputs import Output
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import ForwardingState


class MobileNode:
    """Implements `agents.agent.Agent`. Pure: the same events at the same times give the same outputs (law
    1)."""

    def __init__(self, config: MobileNodeConfig) -> None:
        self.config = config
        self._state = NodeState(config)
        self._keepalives = Keepalives()
        self._paths = PathProbes()
        self._handovers = Handovers()
        self._forwarding = ForwardingState()
        self._now = 0.0
        """Boot time of the last event."""
        self._due: Deadline | None = None
        """The earliest deadline but the ends of heard agents, once it was asked for."""
        self._due_is_known = False
        self.heard_no_news = False
        """Whether the last event was an advertisement that told nothing new: `next_deadline` is not earlier then than
        it was before."""

    def handle(self, event: Event, now: Instant) -> list[Output]:
        """What follows from `event`. Never raises for anything that came from outside."""
        self.heard_no_news = isinstance(event, AdvertisementArrived) and self._is_no_news(event, now.boot)
        if self.heard_no_news:
            return []
        self._due_is_known = False
        state, out, draws = self._state, Outbox(), Draws(event.entropy)
        revoked = state.revoked
        self._take_in(event, now, out, draws)
        if state.started:
            expire(state, self._handovers, now.boot, out)
        if state.stopping:
            self._bid_farewell(now, out, event.entropy)
        if state.started and not state.stopping:
            if self._paths.judge(state, now.boot, out):
                self._handovers.happened("path_dead", now.boot)
            pursue_best(state, self._handovers, now.boot, out)
            self._paths.attend(state, carrier_of(state), now.boot, out)
            self._keepalives.attend(state, carrier_of(state), now.boot, out)
            announce(state, now.boot, out)
            transmit(state, now, out, event.entropy)
            solicit(state, now.boot, out, draws)
        if out.messages:
            self._signalled(now.boot)
        if state.started:
            self._handovers.look(state, now.boot, out)
        wanted = wishes(state)
        is_over = state.stopping or not state.wanted or state.revoked is not revoked
        if not is_over and keep_former(state, self._forwarding, wanted, now.boot):
            wanted = wishes(state)
        change = self._forwarding.change_to(wanted)
        self._forwarding = wanted
        return out.outputs(change)

    @property
    def farewell_at(self) -> float | None:
        """When the last message leaves, after `Stopping`; None: it has left, or there is none. Boot time, seconds."""
        return self._state.farewell_at

    @property
    def has_settled(self) -> bool:
        """Whether it knows where it is since it was started: what it wishes for is all that there is to wish for."""
        state = self._state
        knows = carrier_of(state) is not None or home_target(state) is not None
        return knows or state.stopping or not state.wanted

    @property
    def registered_until(self) -> float:
        """When what is in force away from home ends (boot time, s); infinite when nothing is."""
        carrier = carrier_of(self._state)
        return carrier.binding.expires_at if carrier is not None and carrier.binding is not None else math.inf

    def next_deadline(self) -> Deadline | None:
        """The earliest of all times at which something is due; may lie in the past, then it is due now."""
        due, end = self._due_next(), end_of_agents(self._state)
        return due if end is None else end if due is None else min(due, end)

    def forwarding(self) -> ForwardingState:
        """The whole wish: the sum of all changes given out (law 2)."""
        return self._forwarding

    def snapshot(self) -> MobileNodeSnapshot:
        """What operators see."""
        return snapshot_of(self._state, self._keepalives)

    # -- events

    def _signalled(self, now: float) -> None:
        registration = self._state.registration
        self._keepalives.signalled(now)
        if registration is not None and registration.target is not None:
            self._handovers.requested(registration.target, now)

    def _due_next(self) -> Deadline | None:
        if not self._due_is_known:
            is_at_work = self._state.started and not self._state.stopping
            looks = ((self._keepalives.due, "a look at the tunnel"), (self._paths.due, "a look at the path"))
            ours = [Deadline(at, why) for at, why in looks if is_at_work and at is not None]
            self._due = min((*standing_deadlines(self._state, self._now), *ours), default=None)
            self._due_is_known = True
        return self._due

    def _is_no_news(self, event: AdvertisementArrived, now: float) -> bool:
        """Whether an advertisement only says again what is known, at a time at which nothing is due; then it has been
        noted, and everything else would come out as it did at the last event.

        A node hears ten such advertisements, or a thousand, for each that tells something.
        """
        state, view = self._state, self._state.links.get(event.arrival.interface)
        if view is None or not view.up or event.arrival.link_source == view.link_address or not state.started:
            return False
        due, asking = self._due_next(), state.registration
        if state.stopping or (due is not None and due.at <= now):
            return False
        for link in state.links.values():
            if link.agents.has_expired(now):
                return False
        if asking is not None and asking.send_at is not None and asking.send_at <= now:
            return False  # silence is noted then, whether or not a request may leave
        if not view.agents.hear_again(event.advertisement, event.arrival, now):
            return False
        self._now = now
        state.count("advertisements_heard")
        return True

    def _take_in(self, event: Event, now: Instant, out: Outbox, draws: Draws) -> None:
        """What the surroundings tell."""
        state = self._state
        self._now = now.boot
        match event:
            case LinkChanged(link=link) if link.name in state.links:
                link_changed(state, self._handovers, link, now.boot, out)
            case LinkRemoved(name=name) if name in state.links:
                link_removed(state, self._handovers, name, now.boot, out)
            case GatewayHeard() if event.interface in state.links:
                state.links[event.interface].learn_neighbour(event.address, event.link_address)
            case AdvertisementArrived() if event.arrival.interface in state.links:
                self._advertisement_arrived(state.links[event.arrival.interface], event, out)
            case MessageArrived():
                Answers(state, now, out, draws).hear(event.decoded, event.arrival)
            case PacketsTold() | ProbeAnswered() | LinkUsed():
                self._learn(event, now.boot, out)
            case _:
                self._obey(event, now, out)

    def _learn(self, event: PacketsTold | ProbeAnswered | LinkUsed, now: float, out: Outbox) -> None:
        """What packets tell."""
        match event:
            case PacketsTold(news=news):
                self._keepalives.hear(news, self._state, now)
            case ProbeAnswered(interface=interface, number=number):
                if self._paths.answered(interface, number, self._state, now, out):
                    self._handovers.happened("path_proven", now)
            case LinkUsed(interface=interface, sent=sent, received=received):  # no other
                self._paths.used(interface, sent, received, now)

    def _obey(self, event: Event, now: Instant, out: Outbox) -> None:
        """What operators, programs and the machine want."""
        match event:
            case Started():
                self._start(out)
            case RegisterCommanded() | DeregisterCommanded():
                self._commanded(event)
            case HandoverCommanded() | PreferCommanded() | LinkAnnounced():
                self._wished(event, now.boot)
            case Resumed():
                self._resumed(now.boot)
            case Stopping():
                self._stop(now, out, event.entropy)
            case _:
                pass

    def _commanded(self, event: RegisterCommanded | DeregisterCommanded) -> None:
        if isinstance(event, RegisterCommanded):
            self._register_commanded()
        else:
            self._state.wanted = False
            # R3543-4-a, R3543-4.2.4-a, R3543-4.2.4-b: it sends no revocation.
            self._deregister()

    def _wished(self, event: HandoverCommanded | PreferCommanded | LinkAnnounced, now: float) -> None:
        """Somebody outside knows or wants something about a link. What is no link of ours is nothing to us."""
        state, name = self._state, event.interface
        if name is not None and name not in state.links:
            return
        match event:
            case HandoverCommanded():
                state.wanted_link = name
                self._handovers.happened("command", now)
            case PreferCommanded():
                state.preferred_link = name
                self._handovers.happened("preference", now)
            case LinkAnnounced(interface=interface, leaving=leaving):  # no other
                state.links[interface].leaving = leaving
                self._handovers.happened("leaving", now)
        if name is not None and state.links[name].up:
            state.links[name].solicitor.probe(now)

    def _resumed(self, now: float) -> None:
        """As if every link had come up just now."""
        for view in self._state.links.values():
            if view.up:
                view.connected(now)
        self._handovers.happened("resumed", now)

    def _start(self, out: Outbox) -> None:
        self._state.started = True
        self._handovers.happened("started", self._now)
        if self.config.allow_unauthenticated:
            out.notify(UnauthenticatedAllowed(home_agent=self.config.home_agent))

    def _advertisement_arrived(self, view: LinkView, event: AdvertisementArrived, out: Outbox) -> None:
        arrival, advertisement = event.arrival, event.advertisement
        if not view.up or arrival.link_source == view.link_address is not None:
            return  # Not connected yet, or our own advertisement: this machine is an agent as well.
        self._state.count("advertisements_heard")
        problem = complaint(advertisement, arrival)
        # R1256-5.2-a. R5944-2.4-o: reserved bits are no problem, they "MUST" be ignored.
        if problem is not None:
            discard(self._state, Complaint(DropReason.BAD_ADVERTISEMENT, problem), arrival.source, b"", out)
            return
        binding = self._state.registrations[view.name].binding
        registered_with = binding.attachment.agent if binding else None
        # R5944-2.4-l: "Mobile nodes MUST process received Agent Advertisements".
        heard = view.agents.hear(advertisement, arrival, self._now, registered_with)
        if heard is Heard.RETURNED:
            # Both may be here, or we are back: whoever is here answers.
            view.probing = True
            view.solicitor.restart(self._now)
        mobility = advertisement.mobility
        if mobility is None or heard is Heard.SAME:
            return
        if heard in (Heard.REBOOTED, Heard.WITHDRAWN):
            cause = "rebooted" if heard is Heard.REBOOTED else "lifetime"
            self._handovers.happened("agent_rebooted" if heard is Heard.REBOOTED else "agent_lost", self._now)
            out.notify(AgentLost(interface=view.name, agent=arrival.source, cause=cause))
        if heard is not Heard.WITHDRAWN:
            view.agent_is_here()
            if heard is not Heard.REBOOTED:
                self._handovers.happened("agent_heard", self._now)
            out.notify(
                AgentHeard(
                    interface=view.name,
                    agent=arrival.source,
                    care_of_addresses=mobility.care_of_addresses,
                )
            )

    def _register_commanded(self) -> None:
        state = self._state
        state.wanted = True
        if state.session_ends_at is None:
            state.forget_home_agent()
        state.refusals.clear()
        state.amendments.clear()
        registration = state.registration
        if registration is None or registration.target is None:
            for link in state.links.values():
                if link.up:
                    link.solicitor.probe(self._now)
        elif registration.state in (State.REGISTERING, State.REGISTERED, State.RENEWING):
            registration.renew(self._now)
        elif registration.state in PURSUING:
            begin(state, registration, registration.target, self._now)

    def _deregister(self) -> Attachment | None:
        """Begins to deregister what may be registered away from home; returns where."""
        state = self._state
        lingering = [n for n, other in state.registrations.items() if other.state is State.LINGERING]
        state.active = state.active or next(iter(lingering), None)
        registration = state.registration
        if registration is None or registration.state in (State.DEREGISTERING, State.DEREGISTERED):
            return None
        if registration.target is not None and registration.target.is_home:
            return None
        registration.deregister(self._now)
        return registration.target

    def _stop(self, now: Instant, out: Outbox, entropy: bytes) -> None:
        state = self._state
        state.stopping = True
        if not state.started or not state.config.deregister_on_stop:
            return
        if self._deregister() is not None:
            state.farewell_at = state.limit.ready_at(now.boot)
            self._bid_farewell(now, out, entropy)

    def _bid_farewell(self, now: Instant, out: Outbox, entropy: bytes) -> None:
        """One deregistration, unless a request left a moment ago; then whoever stops us may wait for it: a second at
        most (R5944-3.6.3-d)."""
        state, registration = self._state, self._state.registration
        if state.farewell_at is None or now.boot < state.farewell_at:
            return
        state.farewell_at = None
        if registration is not None and registration.target is not None and registration.state is State.DEREGISTERING:
            send_request(state, registration.target, now, out, entropy)
