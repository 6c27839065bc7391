"""How a mobile node knows that a link is its home link (RFC 5944 §2.4.3), and how it stands there (§4.2.1).

Three kinds of evidence, the best first: an advertisement of our own home agent; a router of the home
network; an address inside the home network that the system set. The last is the weakest, since an address
may be left from where the node came from: it counts only when no agent was heard for a while, and no agent
that is heard speaks against it.
"""

from ipaddress import IPv4Address

from mobileip.agents.mobile.attachment import Attachment, CareOf
from mobileip.agents.mobile.config import UNSPECIFIED, MobileNodeConfig
from mobileip.agents.mobile.link import LinkView
from mobileip.agents.mobile.move_detection import KnownAgent


def home_attachment(
    link: LinkView, config: MobileNodeConfig, home_agent: IPv4Address | None, now: float
) -> Attachment | None:
    """The point of attachment "at home" on this link, or None when nothing tells that it is the home link, or when we
    have neither an address to be at home with nor anybody to tell."""
    if home_agent is None or config.home_address == UNSPECIFIED:
        return None
    witness = next((a for a in link.agents.believed() if _is_home_agent(a, home_agent)), None)
    if witness is not None:
        return _at_home(link, config, home_agent, witness, f"our home agent {home_agent} is heard")
    witness = next((a for a in link.agents.believed() if _is_in_home_network(a, config)), None)
    if witness is not None:
        return _at_home(link, config, home_agent, witness, f"router {witness.address} of the home network is heard")
    address = next((i.ip for i in link.addresses if i.ip in config.home_network), None)
    if address is not None and not link.believed_agents() and now >= link.up_since + config.colocated_wait:
        return _at_home(link, config, home_agent, None, f"address {address} lies in the home network")
    return None


def _is_home_agent(agent: KnownAgent, home_agent: IPv4Address) -> bool:
    """By its address, in the header or in its advertisement."""
    # R5944-2.4.3-a: "when it receives an Agent Advertisement from its own home agent".
    return agent.home_agent and (agent.address == home_agent or home_agent in agent.routers)


def _is_in_home_network(agent: KnownAgent, config: MobileNodeConfig) -> bool:
    """A router of the home prefix. An agent that is only foreign must say so by the prefix itself."""
    if agent.prefixes:
        return config.home_network in agent.prefixes
    return not agent.foreign_agent and any(router in config.home_network for router in agent.routers)


def _at_home(
    link: LinkView, config: MobileNodeConfig, home_agent: IPv4Address, witness: KnownAgent | None, reason: str
) -> Attachment:
    return Attachment(
        interface=link.name,
        care_of=CareOf.HOME,
        care_of_address=config.home_address,
        incarnation=link.epoch,
        # The witness is the home agent or forwards to it; asking by ARP would find the way as well, but
        # later.
        first_hop=witness.link_address if witness else None,
        gateway=config.home_gateway or _gateway(link, config, witness) or home_agent,
        reason=reason,
    )


def _gateway(link: LinkView, config: MobileNodeConfig, witness: KnownAgent | None) -> IPv4Address | None:
    routers = witness.routers if witness else (link.gateway,) if link.gateway else ()
    return next((router for router in routers if router in config.home_network), None)
