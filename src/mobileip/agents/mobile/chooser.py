"""The one chooser above all links: which point of attachment to register at.

What has not just refused us; then what an operator wants; home; then the link with the most points; then a
foreign agent before a co-located care-of address; then what is chosen already, so that agents that share a
link are not changed for nothing.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface

import msgspec

from mobileip.agents.mobile.attachment import ALL_AGENTS, Attachment, CareOf, Place, TunnelOffer
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.mobile.home import home_attachment
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.move_detection import KnownAgent
from mobileip.wire.registration import INFINITE_LIFETIME


def candidates(
    link: LinkView,
    config: MobileNodeConfig,
    home_agent: IPv4Address | None,
    registered_at: Container[Place],
    now: float,
) -> list[Attachment]:
    """Every point of attachment that this link offers now, the better ones of one kind first. `home_agent`: where
    requests go that no foreign agent relays, None: nowhere."""
    if not link.up:
        return []
    home = home_attachment(link, config, home_agent, now)
    if home is not None:
        return [home]
    return [*_foreign_agents(link, registered_at), *_colocated(link, config, home_agent, registered_at, now)]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for a link and against it, see `standing.py`."""

    points: int = 0
    is_wanted: bool = False
    """An operator wants the node there now."""
    is_preferred: bool = False
    """An operator prefers it to all others."""
    is_leaving: bool = False
    """It will go down soon."""
    why: str = ""
    """How the points came together, in words."""


def choose(
    offers: Iterable[Attachment], current: Place | None, refused: Container[Place], links: Mapping[str, Standing]
) -> Attachment | None:
    """The best of all links' candidates; of equals the first."""
    return min(
        offers,
        key=lambda offer: (
            offer.place in refused and not offer.is_home,
            not links[offer.interface].is_wanted,
            links[offer.interface].is_leaving,
            not links[offer.interface].is_preferred,
            not offer.is_home,
            -links[offer.interface].points,
            # R5944-2.4-n: agents that advertise themselves as such are preferred.
            offer.care_of is not CareOf.FOREIGN_AGENT,
            # R5944-3.6-f: their advertisements "SHOULD NOT cause a mobile node to attempt a new registration".
            offer.place != current,
        ),
        default=None,
    )


def next_candidate_at(link: LinkView, config: MobileNodeConfig, now: float) -> float | None:
    """When time alone will make an address a candidate; None when it won't."""
    ready_at = link.up_since + config.colocated_wait
    return ready_at if link.up and link.addresses and ready_at > now else None


def _has_waited(link: LinkView, config: MobileNodeConfig, offer: tuple[IPv4Address, IPv4Address], now: float) -> bool:
    """For agents. `offer`: an address and its gateway."""
    return now >= link.up_since + config.colocated_wait or not link.waits_for_agents(*offer)


def _foreign_agents(link: LinkView, registered_at: Container[Place]) -> Iterator[Attachment]:
    # What appeared last is the likeliest to be where we are.
    for agent in sorted(link.believed_agents(), key=lambda agent: -agent.incarnation):
        if not agent.foreign_agent:
            continue
        # R5944-2.4-m: "the mobile node SHOULD pick the first address for its initial registration attempt"
        # and "MAY retry the attempt with each subsequent advertised address in turn".
        for care_of_address in agent.care_of_addresses:
            offer = _through_agent(link, agent, care_of_address)
            if _accepts(agent, offer.place, registered_at):
                yield offer


def _through_agent(link: LinkView, agent: KnownAgent, care_of_address: IPv4Address) -> Attachment:
    return Attachment(
        interface=link.name,
        care_of=CareOf.FOREIGN_AGENT,
        care_of_address=care_of_address,
        incarnation=agent.incarnation,
        agent=agent.address,
        first_hop=agent.link_address,
        # R5944-4.2.1-a: "it MAY use its foreign agent as a first-hop router", whose link-layer address is known;
        # other routers of its advertisement could only be asked for by ARP.
        gateway=agent.address,
        gateway_link_address=agent.link_address,
        longest_lifetime=agent.registration_lifetime,
        offer=agent.offer,
        reason=f"foreign agent {agent.address} {'was here before' if agent.is_expected else 'is heard'}",
    )


def _colocated(
    link: LinkView,
    config: MobileNodeConfig,
    home_agent: IPv4Address | None,
    registered_at: Container[Place],
    now: float,
) -> Iterator[Attachment]:
    if not config.colocated:
        return
    # R5944-2.4.1-a, R5944-3.1-b: with R set "the mobile node SHOULD register through the foreign agent, even when the
    # mobile node might be able to acquire its own co-located care-of address".
    demanding = [agent for agent in link.believed_agents() if agent.registration_required and agent.foreign_agent]
    demanding = demanding or _known_by_link_alone(link, config)
    # R5944-1.7-e: "located on the link identified by the network prefix of this care-of address": it is the link's own.
    for address in link.addresses:
        gateway = _gateway(link, address, home_agent)
        # RFC 5944 §3.6.1.2: the home address in place of a care-of address means something else.
        if gateway is None or address.ip == config.home_address:
            continue
        if not _has_waited(link, config, (address.ip, gateway), now):
            continue
        for through in demanding or (None,):
            if through is None and home_agent is None:
                continue
            offer = _with_own_address(link, address.ip, gateway, through)
            if through is None or _accepts(through, offer.place, registered_at):
                yield offer


def _known_by_link_alone(link: LinkView, config: MobileNodeConfig) -> list[KnownAgent]:
    """The agent that the configuration tells of, and no advertisement."""
    link_address = dict(config.agent_link_addresses).get(link.name)
    if link_address is None:
        return []
    # R5944-3.6.1.1-d: "If the IP address is not known, [...] the mobile node MUST send the Registration Request to the
    # 'All Mobility Agents' multicast group". R5944-3.6.1.1-e: by "the unicast link-layer address" of the agent.
    agent = KnownAgent(
        # R5944-3.6.1.1-d
        address=ALL_AGENTS,
        # R5944-3.6.1.1-e
        link_address=link_address,
        incarnation=link.epoch,
        registration_lifetime=INFINITE_LIFETIME,
    )
    return [agent]


def _accepts(agent: KnownAgent, place: Place, registered_at: Container[Place]) -> bool:
    """RFC 5944 §2.1.1: a busy agent "will not accept registrations from additional mobile nodes"."""
    return agent.registration_lifetime > 0 and (not agent.busy or place in registered_at)


def _with_own_address(
    link: LinkView, address: IPv4Address, gateway: IPv4Address, through: KnownAgent | None
) -> Attachment:
    return Attachment(
        interface=link.name,
        care_of=CareOf.COLOCATED,
        # R5944-A-b: the other end of a point-to-point link is neither a care-of address nor our home agent.
        care_of_address=address,
        # RFC 5944 §2.4.4: when the agent has rebooted "the mobile node SHOULD register again".
        incarnation=through.incarnation if through else link.epoch,
        agent=through.address if through else None,
        first_hop=through.link_address if through else None,
        gateway=gateway,
        # R5944-4.2.1-c
        gateway_link_address=link.neighbour(gateway),
        longest_lifetime=through.registration_lifetime if through else INFINITE_LIFETIME,
        offer=through.offer if through else TunnelOffer(),
        reason=f"address {address} was set" + (f", agent {through.address} demands registration" if through else ""),
    )


def _gateway(link: LinkView, address: IPv4Interface, home_agent: IPv4Address | None) -> IPv4Address | None:
    """The way out. Without one an address is of use only where the home agent itself is a neighbour."""
    return link.gateway or (home_agent if home_agent is not None and home_agent in address.network else None)
