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
    Link,
    LinkChanged,
    LinkRemoved,
    MessageArrived,
    PacketsTold,
    RegisterCommanded,
    Started,
    Stopping,
)
from mobileip.agents.instant import Deadline, Instant
from mobileip.agents.mobile.answers import Answers, discard
from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.deadlines import end_of_agents, standing_deadlines
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.keepalives import Keepalives
from mobileip.agents.mobile.link import LinkTurn, LinkView
from mobileip.agents.mobile.move_detection import Heard, complaint
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.pursuit import begin, expire, pursue_best
from mobileip.agents.mobile.registration import PURSUING, Binding, Registration
from mobileip.agents.mobile.replies import Complaint
from mobileip.agents.mobile.snapshot import MobileNodeSnapshot, RegistrationSnapshot, TunnelSnapshot
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.terms import is_reversed
from mobileip.agents.mobile.transmission import announce, send_request, solicit, transmit
from mobileip.agents.mobile.wishes import carrier_of, home_target, wishes
from mobileip.agents.notices import AgentHeard, AgentLost, LinkNoticed, RegistrationLost, UnauthenticatedAllowed
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
        self._take_in(event, now, out, draws)
        if state.started:
            expire(state, now.boot, out)
        if state.stopping:
            self._bid_farewell(now, out, event.entropy)
        if state.started and not state.stopping:
            pursue_best(state, now.boot, out)
            self._keepalives.attend(state, carrier_of(state), now.boot, out)
            announce(state, now.boot, out)
            transmit(state, now, out, event.entropy)
            solicit(state, now.boot, out, draws)
        if out.messages:
            self._keepalives.signalled(now.boot)
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
        state = self._state
        return MobileNodeSnapshot(
            home_address=state.config.home_address,
            home_agent=state.home_agent,
            state=self._shown_state(),
            registration=self._shown_registration(),
            agents=tuple(agent for link in state.links.values() for agent in link.heard()),
            links=tuple(link.snapshot() for link in state.links.values() if link.exists),
            last_denial=state.last_denial,
            clock_offset=state.clock_offset,
            counters=dict(state.counters),
        )

    # -- events

    def _due_next(self) -> Deadline | None:
        if not self._due_is_known:
            tunnel = self._keepalives.due if self._state.started and not self._state.stopping else None
            ours = [] if tunnel is None else [Deadline(tunnel, "a look at the tunnel")]
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
        state = self._state
        self._now = now.boot
        match event:
            case Started():
                self._start(out)
            case LinkChanged(link=link) if link.name in state.links:
                self._link_changed(state.links[link.name], link, out)
            case LinkRemoved(name=name) if name in state.links:
                self._link_removed(state.links[name], out)
            case GatewayHeard() if event.interface in state.links:
                state.links[event.interface].learn_neighbour(event.address, event.link_address)
            case AdvertisementArrived() if event.arrival.interface in state.links:
                self._advertisement_arrived(state.links[event.arrival.interface], event, out)
            case MessageArrived():
                Answers(state, now, out, draws).hear(event.decoded, event.arrival)
            case PacketsTold(news=news):
                self._keepalives.hear(news, state, now.boot)
            case RegisterCommanded() | DeregisterCommanded():
                self._commanded(event)
            case Stopping():
                self._stop(now, out, event.entropy)

    def _commanded(self, event: RegisterCommanded | DeregisterCommanded) -> None:
        if isinstance(event, RegisterCommanded):
            self._register_commanded()
        else:
            self._state.wanted = False
            # R3543-4-a, R3543-4.2.4-a, R3543-4.2.4-b: it sends no revocation.
            self._deregister()

    def _start(self, out: Outbox) -> None:
        self._state.started = True
        if self.config.allow_unauthenticated:
            out.notify(UnauthenticatedAllowed(home_agent=self.config.home_agent))

    def _link_changed(self, view: LinkView, link: Link, out: Outbox) -> None:
        before = view.addresses
        match view.update(link, self._now):
            case LinkTurn.UP:
                out.notify(LinkNoticed(interface=view.name, state="up"))
            case LinkTurn.FLAPPED:
                view.agents.doubt_all()
                out.notify(LinkNoticed(interface=view.name, state="up"))
            case LinkTurn.DOWN:
                self._disconnected(view, out)
                out.notify(LinkNoticed(interface=view.name, state="down"))
        if view.up and view.addresses and view.addresses != before:
            out.notify(LinkNoticed(interface=view.name, state="addressed"))
        self._miss_care_of_address(view, out)

    def _link_removed(self, view: LinkView, out: Outbox) -> None:
        view.remove()
        self._disconnected(view, out)
        out.notify(LinkNoticed(interface=view.name, state="removed"))

    def _disconnected(self, view: LinkView, out: Outbox) -> None:
        """The link is down: everything that hung on it is lost at once."""
        state, registration = self._state, self._state.registrations[view.name]
        for agent in view.agents.forget_all():
            if agent.is_agent:
                out.notify(AgentLost(interface=view.name, agent=agent.address, cause="link"))
        if registration.state is State.SEARCHING:
            return
        if registration.binding is not None:
            lost = registration.binding.attachment.care_of_address
            out.notify(RegistrationLost(care_of_address=lost, cause="link"))
        registration.lose_link()
        if state.active == view.name:
            state.active = None

    def _miss_care_of_address(self, view: LinkView, out: Outbox) -> None:
        """A co-located care-of address that the system took away carries nothing any more."""
        registration = self._state.registrations[view.name]
        attachment = registration.binding.attachment if registration.binding else None
        if attachment is None or attachment.care_of is not CareOf.COLOCATED:
            return
        if not view.has_address(attachment.care_of_address):
            registration.end_binding(self._now)
            out.notify(RegistrationLost(care_of_address=attachment.care_of_address, cause="link"))

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
            out.notify(AgentLost(interface=view.name, agent=arrival.source, cause=cause))
        if heard is not Heard.WITHDRAWN:
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

    # -- what is shown

    def _shown_registration_of(self) -> Registration | None:
        lingering = (r for r in self._state.registrations.values() if r.state is State.LINGERING)
        return self._state.registration or next(lingering, None)

    def _shown_state(self) -> State:
        registration = self._shown_registration_of()
        if registration is not None:
            return registration.state
        return State.SEARCHING if self._state.wanted else State.DEREGISTERED

    def _shown_registration(self) -> RegistrationSnapshot | None:
        registration = self._shown_registration_of()
        if registration is None:
            return None
        binding = registration.binding
        attachment = registration.target or (binding.attachment if binding else None)
        if attachment is None:
            return None
        is_in_force = binding is not None and binding.attachment.place == attachment.place
        return RegistrationSnapshot(
            care_of=attachment.care_of,
            care_of_address=attachment.care_of_address,
            interface=attachment.interface,
            agent=attachment.agent,
            granted_lifetime=binding.lifetime if binding and is_in_force else 0,
            registered_at=binding.registered_at if binding and is_in_force else 0.0,
            expires_at=binding.expires_at if binding and is_in_force else 0.0,
            tunnel=self._shown_tunnel(binding) if binding and is_in_force else None,
        )

    def _shown_tunnel(self, binding: Binding) -> TunnelSnapshot:
        agreement = binding.agreement
        return TunnelSnapshot(
            encapsulation=agreement.terms.encapsulation.value,
            reverse=is_reversed(agreement, self.config),
            delivery=agreement.terms.delivery.value,
            nat_traversal=agreement.udp.value,
            keepalive_interval=self._keepalives.interval() if agreement.in_udp else None,
        )
