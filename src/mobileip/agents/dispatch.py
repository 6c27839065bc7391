"""Which of a node's roles a message is for. Decided once, here, by where it came from and what it names."""

from enum import Enum
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.events import Arrival, Link
from mobileip.wire.message import Message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest
from mobileip.wire.revocation import RegistrationRevocation, RevocationAcknowledgment

ALL_MOBILITY_AGENTS = IPv4Address("224.0.0.11")
"""R5944-2.3-c: "All mobility agents MUST process packets that they receive addressed to the Mobile-Agents multicast
group"."""


ASSIGNED = IPv4Address(0)
"""A home address that the home agent is to assign (RFC 2794 §2)."""


class Role(Enum):
    HOME_AGENT = "home_agent"
    FOREIGN_AGENT = "foreign_agent"
    MOBILE_NODE = "mobile_node"


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is, as far as that decides whom a message is for. None: not in that role."""

    home_agent: IPv4Address | None = None
    """Address of our home agent."""
    care_of_address: IPv4Address | None = None
    """What our foreign agent offers."""
    foreign_links: frozenset[str] = frozenset()
    home_address: IPv4Address | None = None
    """Of our mobile node; 0.0.0.0: it is assigned, and any that is named on the mobile node's links may be it."""
    mobile_links: frozenset[str] = frozenset()


class OwnLinks:
    """The machine's links, to know our own messages when they come back to us (a loop, a bridge)."""

    __slots__ = ("_links",)

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}

    def change(self, link: Link) -> None:
        self._links[link.name] = link

    def remove(self, name: str) -> None:
        self._links.pop(name, None)

    def sent(self, arrival: Arrival) -> bool:
        """Whether what arrived was sent by ourselves."""
        link_source = arrival.link_source
        return any(
            (link_source is not None and link_source == link.link_address)
            or any(arrival.source == own.ip for own in link.addresses)
            for link in self._links.values()
        )


def role_of(message: Message, arrival: Arrival, roles: Roles, *, is_ours: bool) -> Role | None:
    """The role that is to handle `message`; None: there is none. `is_ours`: we sent it ourselves."""
    match message:
        case RegistrationRequest():
            return _role_of_request(message, arrival, roles, is_ours=is_ours)
        case RegistrationReply():
            return _role_of_reply(message, arrival, roles)
        case RegistrationRevocation():
            return _role_of_revocation(message, roles)
        case RevocationAcknowledgment():
            return _role_of_acknowledgment(arrival, roles)
        case _:
            return None


def _role_of_request(request: RegistrationRequest, arrival: Arrival, roles: Roles, *, is_ours: bool) -> Role | None:
    # A mobile node on a visited link asks the foreign agent; at home, or with a co-located care-of address, its
    # home agent. Where both are we, its care-of address tells: what our foreign agent relays to our home agent
    # comes by the loopback interface.
    if arrival.interface in roles.foreign_links and not is_ours:
        is_offered = request.care_of_address == roles.care_of_address
        is_for_others = roles.home_agent is None or request.home_agent != roles.home_agent
        if is_offered or is_for_others or arrival.destination == ALL_MOBILITY_AGENTS:
            return Role.FOREIGN_AGENT
    return Role.HOME_AGENT if roles.home_agent is not None else None


def _role_of_reply(reply: RegistrationReply, arrival: Arrival, roles: Roles) -> Role | None:
    if roles.home_address in (reply.home_address, ASSIGNED) and arrival.interface in roles.mobile_links:
        return Role.MOBILE_NODE
    return Role.FOREIGN_AGENT if roles.care_of_address is not None else None


def _role_of_revocation(revocation: RegistrationRevocation, roles: Roles) -> Role | None:
    # RFC 3543 §3.3: the A bit tells who sent it. One that comes the wrong way is a reflection: who is here judges that.
    if roles.home_agent is not None and not revocation.from_home_agent:
        return Role.HOME_AGENT
    is_ours = revocation.foreign_domain_address == roles.care_of_address
    if roles.home_address in (revocation.home_address, ASSIGNED) and not is_ours:
        return Role.MOBILE_NODE
    if roles.care_of_address is not None:
        return Role.FOREIGN_AGENT
    return Role.HOME_AGENT if roles.home_agent is not None else None


def _role_of_acknowledgment(arrival: Arrival, roles: Roles) -> Role | None:
    # RFC 3543 §3.4: it comes back to the address that the revocation came from. Mobile nodes send none.
    if roles.care_of_address is not None and arrival.destination != roles.home_agent:
        return Role.FOREIGN_AGENT
    return Role.HOME_AGENT if roles.home_agent is not None else None
