"""What a mobile node sends now: solicitations, gratuitous ARPs, requests, each within its limit."""

from mobileip.agents.instant import Instant
from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.discovery import solicitation
from mobileip.agents.mobile.draws import Draws
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.pursuit import ANNOUNCEMENT_INTERVAL
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.requests import Outstanding, request
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.wishes import home_target
from mobileip.agents.notices import RegistrationLost, RegistrationSent
from mobileip.agents.outputs import AnnounceAddress

DEREGISTRATION_ATTEMPTS = 4
"""Unanswered deregistrations by command before the binding is left to its lifetime."""


def solicit(state: NodeState, now: float, out: Outbox, draws: Draws) -> None:
    """Searches on every link where no agent is heard."""
    for link in state.links.values():
        if not link.up or (not link.probing and not _is_searched(state, link)):
            link.solicitor.stop()
            continue
        link.solicitor.search(now)
        if link.solicitor.due is not None and now >= link.solicitor.due:
            out.discoveries.append(solicitation(link.name, state.config.home_address))
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
    """Gratuitous ARP on the home link. RFC 5944 §4.6: the first one before the request, the others in
    parallel with it."""
    announcing, home = state.announcing, home_target(state)
    if announcing is None or home is None or home.interface != announcing.interface:
        state.announcing = None
        return
    if now < announcing.due:
        return
    out.announcements.append(AnnounceAddress(interface=announcing.interface, address=state.config.home_address))
    announcing.due = now + ANNOUNCEMENT_INTERVAL
    announcing.left -= 1
    if not announcing.left:
        state.announcing = None


def transmit(state: NodeState, now: Instant, out: Outbox, entropy: bytes) -> None:
    """Sends the active link's request if it is due and the limit of one per second allows it."""
    registration = state.registration
    if registration is None or registration.target is None or registration.send_at is None:
        return
    if now.boot < max(registration.send_at, state.limit.ready_at(now.boot)):
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
    if registration.unanswered is None:
        identification = state.maker.make(boot=now.boot, ntp=now.ntp, entropy=entropy)
    else:
        identification = state.maker.remake(registration.unanswered, boot=now.boot, ntp=now.ntp, entropy=entropy)
    outstanding = Outstanding(
        attachment=target,
        home_agent=state.home_agent,
        identification=identification,
        lifetime=registration.lifetime_to_request(state.config.requested_lifetime),
        sent_at=now.boot,
        corrections=state.corrections,
    )
    care_of_address = registration.care_of_address_to_request(state.config.home_address)
    out.messages.append(request(outstanding, state.config, care_of_address))
    registration.sent(outstanding, now.boot)
    state.limit.take(now.boot)
    state.count("requests_sent")
    out.notify(
        RegistrationSent(
            home_agent=state.home_agent,
            care_of_address=care_of_address,
            interface=target.interface,
            lifetime=outstanding.lifetime,
            attempt=registration.attempt,
        )
    )
