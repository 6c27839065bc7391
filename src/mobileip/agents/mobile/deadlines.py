"""When a mobile node wants to be woken, and why. Each time here is taken off by what its waking does."""

import math
from collections.abc import Iterator

from mobileip.agents.instant import Deadline
from mobileip.agents.mobile.chooser import next_candidate_at
from mobileip.agents.mobile.former import former_ends_at
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.paths import quality_ends_at
from mobileip.agents.mobile.standing import next_trust_at
from mobileip.agents.mobile.state import NodeState


def end_of_agents(state: NodeState) -> Deadline | None:
    """When the next agent is believed no more. Each advertisement moves it, so it is kept apart from the others."""
    if not state.started or state.stopping:
        return None
    earliest, name = math.inf, ""
    for link in state.links.values():
        at = link.agents.next_expiry()
        if at is not None and (at < earliest or (at == earliest and link.name < name)):
            earliest, name = at, link.name
    if not name:
        return None
    return Deadline(earliest, f"an agent's lifetime on {name}")


def standing_deadlines(state: NodeState, now: float) -> Iterator[Deadline]:
    """All others: advertisements that tell nothing new leave them as they are. `now` is the time of the last event
    (boot time, seconds)."""
    if state.farewell_at is not None:
        yield Deadline(state.farewell_at, "farewell")
    if not state.started or state.stopping:
        return
    if state.session_ends_at is not None and state.session_ends_at < math.inf:
        yield Deadline(state.session_ends_at, "what was assigned ends")
    for link in state.links.values():
        yield from _of_link(state, link, now)
    yield from _of_registrations(state)
    yield from _of_changes(state, now)
    refusal_end = state.refusals.next_end(now)
    if refusal_end is not None:
        yield Deadline(refusal_end, "a refusal's wait ends")
    if state.announcing is not None:
        yield Deadline(state.announcing.due, "gratuitous ARP")


def _of_changes(state: NodeState, now: float) -> Iterator[Deadline]:
    former = former_ends_at(state)
    if former < math.inf:
        yield Deadline(former, "an exit that was left ends")
    if state.alone_at is not None:
        yield Deadline(state.alone_at, "a former binding is given up")
    trust = next_trust_at(state, now)
    if trust is not None:
        yield Deadline(trust, "a better link may be trusted")


def _of_link(state: NodeState, link: LinkView, now: float) -> Iterator[Deadline]:
    if link.solicitor.due is not None:
        yield Deadline(link.solicitor.due, f"solicitation on {link.name}")
    ready_at = next_candidate_at(link, state.config, now)
    if ready_at is not None:
        yield Deadline(ready_at, f"no agent heard on {link.name}")
    quality_end = quality_ends_at(link)
    if quality_end is not None:
        yield Deadline(quality_end, f"what was found of {link.name} is old")


def _of_registrations(state: NodeState) -> Iterator[Deadline]:
    for registration in state.registrations.values():
        binding = registration.binding
        if binding is not None and binding.expires_at < math.inf:
            yield Deadline(binding.expires_at, "registration ends")
            if registration.state is State.REGISTERED:
                yield Deadline(binding.renew_at, "registration is renewed")
    active = state.registration
    if active is None:
        return
    if active.send_at is not None:
        yield Deadline(max(active.send_at, state.limit.ready_at(active.send_at)), "request")
    if active.withdraw is not None and active.state is State.DENIED:
        yield Deadline(state.limit.ready_at(0.0), "a binding is withdrawn")
    if active.state is State.DENIED:
        yield Deadline(active.wait_until, "a denied request's wait ends")
