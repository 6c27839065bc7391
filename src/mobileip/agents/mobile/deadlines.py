"""When a mobile node wants to be woken, and why. Each time here is taken off by what its waking does."""

import math
from collections.abc import Iterator

from mobileip.agents.instant import Deadline
from mobileip.agents.mobile.chooser import next_candidate_at
from mobileip.agents.mobile.fsm import State
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.state import NodeState


def end_of_agents(state: NodeState) -> Deadline | None:
    """When the next agent is believed no more. Each advertisement moves it, so it is kept apart from the others."""
    if not state.started or state.stopping:
        return None
    ends = [(at, link.name) for link in state.links.values() if (at := link.agents.next_expiry()) is not None]
    if not ends:
        return None
    at, name = min(ends)
    return Deadline(at, f"an agent's lifetime on {name}")


def standing_deadlines(state: NodeState, now: float) -> Iterator[Deadline]:
    """All others: advertisements that tell nothing new leave them as they are. `now` is the time of the last event
    (boot time, seconds)."""
    if not state.started or state.stopping:
        return
    for link in state.links.values():
        yield from _of_link(state, link, now)
    yield from _of_registrations(state)
    refusal_end = state.refusals.next_end(now)
    if refusal_end is not None:
        yield Deadline(refusal_end, "a refusal's wait ends")
    if state.announcing is not None:
        yield Deadline(state.announcing.due, "gratuitous ARP")


def _of_link(state: NodeState, link: LinkView, now: float) -> Iterator[Deadline]:
    if link.solicitor.due is not None:
        yield Deadline(link.solicitor.due, f"solicitation on {link.name}")
    ready_at = next_candidate_at(link, state.config, now)
    if ready_at is not None:
        yield Deadline(ready_at, f"no agent heard on {link.name}")


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
    if active.state is State.DENIED:
        yield Deadline(active.wait_until, "a denied request's wait ends")
