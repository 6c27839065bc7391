"""What a mobile node sends now: solicitations, gratuitous ARPs, requests, each within its limit."""

from ipaddress import IPv4Address

import msgspec

from mobileip.agents.instant import Instant
from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.discovery import solicitation
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.extras import extras_of
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.pursuit import ANNOUNCEMENT_INTERVAL
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.requests import Outstanding, request
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.terms import Terms, terms_of
from mobileip.agents.mobile.wishes import home_target
from mobileip.agents.notices import RegistrationLost, RegistrationSent
from mobileip.agents.outputs import AnnounceAddress

DEREGISTRATION_ATTEMPTS = 4
"""Unanswered deregistrations by command before the binding is left to its lifetime."""


def solicit(state: NodeState, now: float, out: Outbox, draws: Draws) -> None:
    """Searches on every link where no agent is heard."""
    for link in state.links.values():
        # R5944-2.4-b, R5944-2.4.2.1-c, R1256-5.3-c
        if not link.up or (not link.probing and not _is_searched(state, link)):
            link.solicitor.stop()
            continue
        link.solicitor.search(now)
        if link.solicitor.due is not None and now >= link.solicitor.due:
            out.discoveries.append(
                solicitation(link.name, state.config.home_address, state.config.solicitation_address)
            )
            link.solicitor.sent(now, draws.fraction())
            link.probing = False
            state.count("solicitations_sent")


def _is_searched(state: NodeState, link: LinkView) -> bool:
    """RFC 5944 §2.4: no agent is heard, and no care-of address "has been determined through [...] other
    means"."""
    if link.believed_agents():
        return False
    target = state.registration.target if state.registration and state.active == link.name else None
    return target is None or (target.care_of is not CareOf.COLOCATED and target.first_hop is not None)


def announce(state: NodeState, now: float, out: Outbox) -> None:
    """Gratuitous ARP on the home link. The first one before the request, the others in parallel with it."""
    announcing, home = state.announcing, home_target(state)
    if announcing is None or home is None or home.interface != announcing.interface:
        state.announcing = None
        return
    if now < announcing.due:
        return
    # R5944-4.6-i, R5944-4.6-u, R5944-2.4.3-c, R5944-3.6.2.2-b, R5944-4.6-a
    out.announcements.append(AnnounceAddress(interface=announcing.interface, address=state.config.home_address))
    # R5944-4.6-j, R5944-4.6-k
    announcing.due = now + ANNOUNCEMENT_INTERVAL
    announcing.left -= 1
    if not announcing.left:
        state.announcing = None


def transmit(state: NodeState, now: Instant, out: Outbox, entropy: bytes) -> None:
    """Sends the active link's request if it is due and the limit of one per second allows it."""
    registration = state.registration
    if registration is None or registration.target is None:
        return
    withdrawn = registration.withdraw
    if withdrawn is not None and registration.state is State.DENIED and now.boot >= state.limit.ready_at(now.boot):
        registration.withdraw = None
        _withdraw(state, withdrawn, now, out, entropy)
    # R5944-3.6-g, R5944-2.4.2-b, R5944-3.6.3-d: never twice within a second.
    if registration.send_at is None or now.boot < max(registration.send_at, state.limit.ready_at(now.boot)):
        return
    if registration.state is State.DEREGISTERING and registration.attempt >= DEREGISTRATION_ATTEMPTS:
        give_up_deregistration(registration, out)
        return
    send_request(state, registration.target, now, out, entropy)


def give_up_deregistration(registration: Registration, out: Outbox) -> None:
    """The home agent did not agree: what it holds ends with its lifetime, for us it is gone."""
    binding = registration.binding
    registration.give_up()
    if binding is not None:
        out.notify(RegistrationLost(care_of_address=binding.attachment.care_of_address, cause="deregistered"))


def send_request(state: NodeState, target: Attachment, now: Instant, out: Outbox, entropy: bytes) -> None:
    """Sends one request of the registration at `target`."""
    registration = state.registrations[target.interface]
    unanswered = registration.to_repeat(now.boot)
    if unanswered is None:
        identification = state.maker.make(boot=now.boot, ntp=now.ntp, entropy=entropy)
        registration.began_at_ntp = now.ntp
    else:
        # R5944-3.6.3-a
        identification = state.maker.remake(unanswered, boot=now.boot, ntp=now.ntp, entropy=entropy)
    care_of_address = registration.care_of_address_to_request(state.config.home_address)
    outstanding = Outstanding(
        attachment=target,
        home_agent=state.home_agent,
        identification=identification,
        # R5944-3.6.2.3-b
        lifetime=registration.lifetime_to_request(
            min(state.config.requested_lifetime, state.refusals.longest(target.place, now.boot))
        ),
        sent_at=now.boot,
        corrections=state.corrections,
        home_address=state.config.home_address,
        terms=_terms(state, target, care_of_address, now.boot),
    )
    registration.sent(outstanding, now.boot, state.round_trip)
    _send(state, outstanding, care_of_address, registration, out)


def _withdraw(state: NodeState, place: Attachment, now: Instant, out: Outbox, entropy: bytes) -> None:
    """R4636-5-a: the home agent accepted and the foreign agent did not: "the mobile node SHOULD then send a
    deregistration message to the home agent". Once: an answer is of no consequence."""
    registration = state.registrations[place.interface]
    outstanding = Outstanding(
        attachment=place,
        home_agent=state.home_agent,
        identification=state.maker.make(boot=now.boot, ntp=now.ntp, entropy=entropy),
        lifetime=0,
        sent_at=now.boot,
        corrections=state.corrections,
        home_address=state.config.home_address,
        terms=_terms(state, place, place.care_of_address, now.boot),
        withdraws=True,
    )
    registration.outstanding.append(outstanding)
    # R4636-5-a
    _send(state, outstanding, place.care_of_address, registration, out)


def _terms(state: NodeState, place: Attachment, care_of_address: IPv4Address, now: float) -> Terms:
    terms = terms_of(state.config, place, state.amendments.at(place, state.home_agent, now))
    # R3519-3.1.5-a: with the extension "the 'D' bit [...] MUST be set": a Request that deletes all bindings has no D.
    return msgspec.structs.replace(terms, udp=None) if care_of_address == state.config.home_address else terms


def _send(
    state: NodeState, outstanding: Outstanding, care_of_address: IPv4Address, registration: Registration, out: Outbox
) -> None:
    extras = extras_of(state, outstanding, registration.began_at_ntp)
    out.messages.append(request(outstanding, state.config, care_of_address, extras))
    state.limit.take(outstanding.sent_at)
    state.count("requests_sent")
    out.notify(
        RegistrationSent(
            home_agent=state.home_agent,
            care_of_address=care_of_address,
            interface=outstanding.attachment.interface,
            lifetime=outstanding.lifetime,
            attempt=registration.attempt,
        )
    )
