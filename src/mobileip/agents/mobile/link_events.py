"""What follows from the system's news of a link: it is up, down, gone, or has other addresses."""

from mobileip.agents.events import Link
from mobileip.agents.mobile.attachment import CareOf
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.handovers import Handovers
from mobileip.agents.mobile.link import LinkTurn, LinkView
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.notices import AgentLost, LinkNoticed, RegistrationLost


def link_changed(state: NodeState, handovers: Handovers, link: Link, now: float, out: Outbox) -> None:
    """The whole new picture of a link of ours."""
    view = state.links[link.name]
    before = view.addresses
    turn = view.update(link, now)
    if turn is LinkTurn.DOWN:
        _disconnected(state, handovers, view, now, out)
        out.notify(LinkNoticed(interface=view.name, state="down"))
    elif turn is not LinkTurn.NOTHING:
        handovers.happened("link_up", now)
        out.notify(LinkNoticed(interface=view.name, state="up"))
    if view.up and view.addresses and view.addresses != before:
        handovers.happened("address_set", now)
        out.notify(LinkNoticed(interface=view.name, state="addressed"))
    _miss_care_of_address(state, handovers, view, now, out)


def link_removed(state: NodeState, handovers: Handovers, name: str, now: float, out: Outbox) -> None:
    view = state.links[name]
    view.remove()
    _disconnected(state, handovers, view, now, out)
    out.notify(LinkNoticed(interface=name, state="removed"))


def _disconnected(state: NodeState, handovers: Handovers, view: LinkView, now: float, out: Outbox) -> None:
    """The link is down: everything that hung on it is lost at once."""
    handovers.happened("link_lost", now)
    if state.wanted_link == view.name:
        state.wanted_link = None
    registration = state.registrations[view.name]
    view.remember_agent()
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


def _miss_care_of_address(state: NodeState, handovers: Handovers, view: LinkView, now: float, out: Outbox) -> None:
    """A co-located care-of address that the system took away carries nothing any more."""
    registration = state.registrations[view.name]
    attachment = registration.binding.attachment if registration.binding else None
    if attachment is None or attachment.care_of is not CareOf.COLOCATED:
        return
    if not view.has_address(attachment.care_of_address):
        registration.end_binding(now)
        handovers.happened("address_lost", now)
        out.notify(RegistrationLost(care_of_address=attachment.care_of_address, cause="link"))
