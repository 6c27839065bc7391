"""Deciding where to register: what has ended, what is offered, and what follows from another choice."""

from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.chooser import candidates
from mobileip.agents.mobile.former import expire_former
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.handovers import Handovers
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.session import ask_others, end_session_when_due
from mobileip.agents.mobile.standing import decide
from mobileip.agents.mobile.state import Announcing, NodeState
from mobileip.agents.notices import AgentLost, Attached, RegistrationLost

ANNOUNCEMENTS = 3
ANNOUNCEMENT_INTERVAL = 1.0
"""R5944-4.6-j: the gratuitous ARP "SHOULD be retransmitted a small number of times", in parallel with the request
(R5944-4.6-k)."""

UNANSWERED_ATTEMPTS = 3
UNANSWERED_WAIT = 30.0
"""After 1 + 2 + 4 s without an answer another place is tried, if there is one: a foreign agent waits 7 s
itself (RFC 5944 §3.7.1). Where there is none, the requests here go on."""


def expire(state: NodeState, handovers: Handovers, now: float, out: Outbox) -> None:
    """Ends what time ends: agents no longer heard, registrations, waits."""
    for link in state.links.values():
        for agent in link.agents.expire(now):
            if agent.is_agent:
                handovers.happened("agent_lost", now)
                out.notify(AgentLost(interface=link.name, agent=agent.address, cause="lifetime"))
    for registration in state.registrations.values():
        ended = registration.expire(now)
        if ended is not None:
            out.notify(RegistrationLost(care_of_address=ended.attachment.care_of_address, cause="expired"))
        _renew_when_due(registration, now)
    expire_former(state, now)
    _be_alone_when_due(state, now)
    end_session_when_due(state, now)
    _note_silence(state, now)


def pursue_best(state: NodeState, handovers: Handovers, now: float, out: Outbox) -> None:
    """Chooses among all that is offered, and begins what follows."""
    registered_at = state.registered_at()
    offers = [
        offer
        for link in state.links.values()
        for offer in candidates(link, state.config, state.direct_to, registered_at, now)
        if state.wanted or offer.is_home
    ]
    target = state.registration.target if state.registration else None
    place, avoided = target.place if target else None, state.refusals.avoided(now)
    best = decide(state, offers, place, avoided, now)
    if best is None:
        state.has_other = False
        _without_offer(state, now)
        return
    state.has_other = any(offer.place != best.place and offer.place not in avoided for offer in offers)
    registration = state.registrations[best.interface]
    if state.active is not None and state.active != best.interface:
        state.registrations[state.active].leave()
        state.changed_at = now
    state.active = best.interface
    # R5944-2.4.2-a, R5944-3.6-d: "whenever it detects a change in its network connectivity". R5944-3.6-e
    if not registration.pursues(best.place):
        begin(state, registration, best, now)
        handovers.decided(best, now)
        state.count("attachments")
        out.notify(
            Attached(
                interface=best.interface,
                care_of=best.care_of,
                care_of_address=best.care_of_address,
                reason=best.reason,
            )
        )
    elif registration.state is State.DENIED and now >= registration.wait_until:
        begin(state, registration, best, now)
    else:
        registration.refresh(best)


def begin(state: NodeState, registration: Registration, target: Attachment, now: float) -> None:
    """Pursues a point of attachment from the beginning."""
    registration.pursue(target, now)
    state.announcing = Announcing(target.interface, now, ANNOUNCEMENTS) if target.is_home else None


def _renew_when_due(registration: Registration, now: float) -> None:
    if registration.state is not State.REGISTERED or registration.binding is None:
        return
    if now >= registration.binding.renew_at:
        registration.renew(now)


def _be_alone_when_due(state: NodeState, now: float) -> None:
    """After a change with S the home agent sends to both places, until it is asked without S (RFC 5944 §3.8.2.2)."""
    registration = state.registration
    if state.alone_at is None or now < state.alone_at:
        return
    state.alone_at = None
    if registration is not None and registration.state is State.REGISTERED:
        registration.renew(now)


def _note_silence(state: NodeState, now: float) -> None:
    registration = state.registration
    if registration is None or registration.target is None:
        return
    is_asking = registration.state in (State.REGISTERING, State.RENEWING) and state.is_unanswered(registration, now)
    if is_asking and registration.attempt == UNANSWERED_ATTEMPTS:
        state.refusals.note(registration.target.place, UNANSWERED_WAIT, now, avoid=True)
        ask_others(state, registration)


def _without_offer(state: NodeState, now: float) -> None:
    registration = state.registration
    if registration is None or state.active is None:
        return
    if registration.state in (State.DEREGISTERING, State.DEREGISTERED):
        return
    target, link = registration.target, state.links[state.active]
    if target is not None and target.is_home and link.up and target.incarnation == link.epoch:
        # The home agent fell silent, and nothing tells that we are elsewhere. RFC 5944 §4.2.1: at home the
        # node "operates without the support of mobility services"; it does not lose its network because the
        # home agent restarts.
        if registration.state is State.DENIED and now >= registration.wait_until:
            begin(state, registration, target, now)
        return
    registration.leave()
    state.active = None
