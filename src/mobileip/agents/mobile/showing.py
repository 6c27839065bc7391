"""What a mobile node shows of itself, made from what it remembers."""

import msgspec

from mobileip.agents.mobile.chooser import Standing
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.keepalives import Keepalives
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.registration import Binding, Registration
from mobileip.agents.mobile.snapshot import LinkSnapshot, MobileNodeSnapshot, RegistrationSnapshot, TunnelSnapshot
from mobileip.agents.mobile.standing import standings
from mobileip.agents.mobile.state import NodeState
from mobileip.agents.mobile.terms import is_reversed


def snapshot_of(state: NodeState, keepalives: Keepalives) -> MobileNodeSnapshot:
    links = standings(state)
    return MobileNodeSnapshot(
        home_address=state.config.home_address,
        home_agent=state.home_agent,
        state=_state(state),
        registration=_registration(state, keepalives),
        agents=tuple(agent for link in state.links.values() for agent in link.heard()),
        links=tuple(_link(state, link, links[link.name]) for link in state.links.values() if link.exists),
        wanted_link=state.wanted_link,
        preferred_link=state.preferred_link,
        last_denial=state.last_denial,
        clock_offset=state.clock_offset,
        counters=dict(state.counters),
    )


def _shown(state: NodeState) -> Registration | None:
    lingering = (r for r in state.registrations.values() if r.state is State.LINGERING)
    return state.registration or next(lingering, None)


def _state(state: NodeState) -> State:
    registration = _shown(state)
    if registration is not None:
        return registration.state
    return State.SEARCHING if state.wanted else State.DEREGISTERED


def _link(state: NodeState, link: LinkView, standing: Standing) -> LinkSnapshot:
    registration, quality, shown = state.registrations[link.name], link.quality, link.snapshot()
    carries = registration.binding is not None or registration.home is not None
    return msgspec.structs.replace(
        shown,
        state="registered" if carries and shown.state not in ("down", "dead", "verified") else shown.state,
        score=standing.points,
        why=standing.why,
        metered=state.config.preference_of(link.name).metered,
        leaving=link.leaving,
        trusted_at=link.trusted_at or None,
        delay=quality.delay if quality.is_verified else None,
        loss=quality.loss if quality.is_verified else None,
    )


def _registration(state: NodeState, keepalives: Keepalives) -> RegistrationSnapshot | None:
    registration = _shown(state)
    if registration is None:
        return None
    binding = registration.binding
    attachment = registration.target or registration.home or (binding.attachment if binding else None)
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
        tunnel=_tunnel(state, keepalives, binding) if binding and is_in_force else None,
    )


def _tunnel(state: NodeState, keepalives: Keepalives, binding: Binding) -> TunnelSnapshot:
    agreement = binding.agreement
    return TunnelSnapshot(
        encapsulation=agreement.terms.encapsulation.value,
        reverse=is_reversed(agreement, state.config),
        delivery=agreement.terms.delivery.value,
        nat_traversal=agreement.udp.value,
        keepalive_interval=keepalives.interval() if agreement.in_udp else None,
    )
