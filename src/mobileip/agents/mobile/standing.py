"""How good each link is, in points, and whether a better one is worth a change now.

Points are counted once for all links, so that their differences mean something: the configured order, what the user
says for or against a link, and what probes have found of its path. A change that nothing forces has to be worth
`hysteresis` points, is not made to a link that was lost until that has been there again for `hold_down` seconds, nor
within `hold_down` of the one before. So a link that comes and goes moves nobody, and who is moved knows why. A
link whose path dies while it looks up is tried again after `hold_down`, and each time that this does not last, after
twice as long.
"""

from collections.abc import Mapping, Sequence

from mobileip.agents.mobile.attachment import Attachment, Place
from mobileip.agents.mobile.chooser import Standing, choose
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.registration import Registration
from mobileip.agents.mobile.state import NodeState

RANK, METERED = 100, 30
"""Points for each place in the configured order, and against what is paid for."""
LOSS, DELAY, MOST_DELAY = 200, 100.0, 50
"""Points against a path where all is lost, and for each second there and back, up to."""
PATIENCE = 1
"""Requests that are unanswered where we are when a link counts as one that does not work."""


def standings(state: NodeState) -> dict[str, Standing]:
    """Of every link, as it is now."""
    return {name: _standing(state, link) for name, link in state.links.items()}


def decide(
    state: NodeState, offers: Sequence[Attachment], current: Place | None, avoided: set[Place], now: float
) -> Attachment | None:
    """The point of attachment to be at now."""
    links, here = standings(state), state.registration
    can_stay = here is not None and current is not None and _works(state, here, now)
    while True:
        best = choose(offers, current, avoided, links)
        kept = [offer for offer in offers if offer.interface == state.active] if can_stay else []
        stay = choose(kept, current, avoided, links)
        if best is None or stay is None or best.interface == stay.interface:
            return best
        if _is_forced(best, stay, avoided, links):
            return best
        if now >= state.links[best.interface].trusted_at:
            return best if _is_worth_it(state, best, stay, links, now) else stay
        # It was lost, and is not proven yet.
        offers = [offer for offer in offers if offer.interface != best.interface]


def next_trust_at(state: NodeState, now: float) -> float | None:
    """When time alone will make another link worth a change; None when it won't."""
    times = [link.trusted_at for link in state.links.values() if link.up]
    times.append(state.changed_at + state.config.hold_down)
    return min((at for at in times if at > now), default=None)


def _standing(state: NodeState, link: LinkView) -> Standing:
    said = state.config.preference_of(link.name)
    parts = {
        "order": RANK * (len(state.ranks) - 1 - state.ranks[link.name]),
        "preference": said.preference,
        "cost": -said.cost,
        "metered": -METERED * said.metered,
        "loss": -round(LOSS * link.quality.loss),
        "delay": -min(round(DELAY * link.quality.delay), MOST_DELAY),
    }
    return Standing(
        points=sum(parts.values()),
        is_wanted=state.wanted_link == link.name,
        is_preferred=state.preferred_link == link.name,
        is_leaving=link.leaving,
        why=", ".join(f"{name} {points:+d}" for name, points in parts.items() if points),
    )


def _works(state: NodeState, registration: Registration, now: float) -> bool:
    """Whether anything works where the node is."""
    unanswered = registration.attempt - (not state.is_unanswered(registration, now))
    return registration.binding is not None or registration.home is not None or unanswered < PATIENCE


def _is_forced(best: Attachment, stay: Attachment, avoided: set[Place], links: Mapping[str, Standing]) -> bool:
    """Whether somebody wants it, or it can't be helped."""
    there, here = links[best.interface], links[stay.interface]
    wish = (there.is_wanted, there.is_preferred, there.is_leaving, best.place in avoided)
    return wish != (here.is_wanted, here.is_preferred, here.is_leaving, stay.place in avoided)


def _is_worth_it(
    state: NodeState, best: Attachment, stay: Attachment, links: Mapping[str, Standing], now: float
) -> bool:
    gain = links[best.interface].points - links[stay.interface].points
    is_better = best.is_home > stay.is_home or gain > state.config.hysteresis
    return is_better and now >= state.changed_at + state.config.hold_down
