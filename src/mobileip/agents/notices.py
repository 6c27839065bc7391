"""What operators should learn: the one vocabulary of log, metrics and event feed (`event` is the tag)."""

from ipaddress import IPv4Address

import msgspec

from mobileip.forwarding.drop_reason import DropReason


def _tag(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class _Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=_tag):
    pass


class Discarded(_Notice, frozen=True, kw_only=True):
    """A message was silently discarded (RFC 5944 §1.7: count it, be able to log it with its contents)."""

    role: str
    reason: DropReason
    detail: str
    source: IPv4Address
    octets: bytes = b""


# -- discovery, both agents


class SolicitationBroadcast(_Notice, frozen=True, kw_only=True):
    """A node solicits agents by broadcast where we advertise by multicast (RFC 1256 §4.3); told once for each link."""

    interface: str
    source: IPv4Address


# -- home agent


class BindingCreated(_Notice, frozen=True, kw_only=True):
    home_address: IPv4Address
    care_of_address: IPv4Address
    lifetime: int


class BindingChanged(_Notice, frozen=True, kw_only=True):
    """The mobile node moved: same home address, new care-of address."""

    home_address: IPv4Address
    care_of_address: IPv4Address
    previous_care_of_address: IPv4Address
    lifetime: int


class BindingRenewed(_Notice, frozen=True, kw_only=True):
    home_address: IPv4Address
    care_of_address: IPv4Address
    lifetime: int


class BindingRemoved(_Notice, frozen=True, kw_only=True):
    """`cause`: deregistered | expired | replaced (by one without the S bit) | revoked."""

    home_address: IPv4Address
    care_of_address: IPv4Address
    cause: str


class TunnelMoved(_Notice, frozen=True, kw_only=True):
    """The end of a tunnel in UDP is elsewhere now: a NAT gave a mobile node another address or port, which its renewal
    came from, or its first keepalive (`previous_port` 0: it had not been known)."""

    home_address: IPv4Address
    care_of_address: IPv4Address
    address: IPv4Address
    port: int
    previous_address: IPv4Address
    previous_port: int


class RegistrationDenied(_Notice, frozen=True, kw_only=True):
    """We (home or foreign agent) refused, or (mobile node) were refused."""

    role: str
    home_address: IPv4Address
    code: int
    reason: str


class BindingsRestored(_Notice, frozen=True, kw_only=True):
    """A home agent that was started again goes on with these bindings; `expired` ended meanwhile."""

    bindings: int
    expired: int


class BindingNotRestored(_Notice, frozen=True, kw_only=True):
    """A binding from before the start that the configuration has no place for; `cause`: not_configured | name_changed |
    home_agent_changed | key_changed | address_taken."""

    home_address: IPv4Address
    care_of_address: IPv4Address
    cause: str


# -- foreign agent


class VisitorAdded(_Notice, frozen=True, kw_only=True):
    home_address: IPv4Address
    home_agent: IPv4Address
    interface: str
    lifetime: int


class VisitorRemoved(_Notice, frozen=True, kw_only=True):
    """`cause`: deregistered | expired | revoked."""

    home_address: IPv4Address
    home_agent: IPv4Address
    cause: str


# -- mobile node


class AgentHeard(_Notice, frozen=True, kw_only=True):
    interface: str
    agent: IPv4Address
    care_of_addresses: tuple[IPv4Address, ...]


class AgentLost(_Notice, frozen=True, kw_only=True):
    """`cause`: lifetime | link | rebooted."""

    interface: str
    agent: IPv4Address
    cause: str


class LinkNoticed(_Notice, frozen=True, kw_only=True):
    """`state`: up | down | addressed | removed."""

    interface: str
    state: str


class Attached(_Notice, frozen=True, kw_only=True):
    """The chooser decided for a point of attachment; `care_of`: home | foreign_agent | colocated; `reason` in words."""

    interface: str
    care_of: str
    care_of_address: IPv4Address
    reason: str


class RegistrationSent(_Notice, frozen=True, kw_only=True):
    """`attempt` counts from 1 and starts again with every new registration."""

    home_agent: IPv4Address
    care_of_address: IPv4Address
    interface: str
    lifetime: int
    attempt: int


class Registered(_Notice, frozen=True, kw_only=True):
    """The home agent agreed; lifetime in seconds, 0 = at home."""

    care_of: str
    care_of_address: IPv4Address
    interface: str
    lifetime: int


class HandedOver(_Notice, frozen=True, kw_only=True):
    """The mobile node's packets take another way: what led to it and how long each part took, in milliseconds.

    `trigger`: started | link_up | link_lost | agent_heard | agent_lost | agent_rebooted | address_set | address_lost |
    better_link | path_dead | path_proven | leaving | command | preference | refused | resumed. `from_care_of` and
    `to_care_of`: home | foreign_agent | colocated; none where nothing carried packets.
    """

    number: int
    """Counts the handovers since the start, from 1."""
    trigger: str
    reason: str
    """Why it is where it is now, in words."""
    from_interface: str | None = None
    from_care_of: str | None = None
    from_address: IPv4Address | None = None
    to_interface: str
    to_care_of: str
    to_address: IPv4Address
    make_before_break: bool
    """The former way carried packets until this one did."""
    detection_ms: float
    """From what happened to the link until the decision."""
    waiting_ms: float
    """Until the Request left."""
    registration_ms: float
    """Until its Reply was here."""
    silence_ms: float
    """For how long no way was there, for all that the node knows."""


class PathNoticed(_Notice, frozen=True, kw_only=True):
    """Probes tell of a link's path to the home agent: `state`: verified | dead."""

    interface: str
    state: str


class RegistrationLost(_Notice, frozen=True, kw_only=True):
    """`cause`: expired | link | deregistered | revoked."""

    care_of_address: IPv4Address
    cause: str


class TunnelAgreed(_Notice, frozen=True, kw_only=True):
    """How the tunnel of a new registration runs, where that differs from before. `nat_traversal`: agreed (the tunnel is
    in UDP), declined (no NAT is seen), not_understood (by the home agent: behind a NAT nothing would come through),
    not_asked. `delivery` to a foreign agent: direct | encapsulating."""

    care_of_address: IPv4Address
    encapsulation: str
    reverse_tunnel: bool
    delivery: str
    nat_traversal: str


class TunnelSilent(_Notice, frozen=True, kw_only=True):
    """The mobile node registers again because its tunnel in UDP seems broken; `cause`: unanswered (keepalives) |
    unheard (it sends, and hears nothing)."""

    care_of_address: IPv4Address
    cause: str


class RequestAmended(_Notice, frozen=True, kw_only=True):
    """After a denial of our tunnel the mobile node asks again, otherwise. `amendment`: without_reverse_tunnel |
    with_reverse_tunnel | direct_delivery | ip_in_ip | udp_not_forced | without_udp."""

    code: int
    reason: str
    amendment: str


class ClockCorrected(_Notice, frozen=True, kw_only=True):
    """Our offset to the home agent's clock was corrected after code 133 (RFC 5944 §5.7.1); seconds."""

    offset: float


class HomeAgentChosen(_Notice, frozen=True, kw_only=True):
    """`cause`: discovered (code 136, RFC 5944 §3.6.1.2) | assigned | redirected (RFC 4433)."""

    home_agent: IPv4Address
    cause: str


class HomeAddressAssigned(_Notice, frozen=True, kw_only=True):
    """The home agent gave us an address (RFC 2794 §2)."""

    home_address: IPv4Address


class MessageShown(_Notice, frozen=True, kw_only=True):
    """A text for people (RFC 4917); `sender`: home_agent | foreign_agent."""

    sender: str
    text: str


class UnauthenticatedAllowed(_Notice, frozen=True, kw_only=True):
    """The mobile node believes a home agent that signs nothing, or the home agent mobile nodes that don't
    (`allow_unauthenticated`): anybody can end a registration, or take its packets."""

    home_agent: IPv4Address


# -- revocation (RFC 3543), both agents


class RevocationSent(_Notice, frozen=True, kw_only=True):
    """`attempt` counts from 1."""

    role: str
    home_address: IPv4Address
    peer: IPv4Address
    attempt: int


class RevocationEnded(_Notice, frozen=True, kw_only=True):
    """`cause`: acknowledged | gave_up."""

    role: str
    home_address: IPv4Address
    peer: IPv4Address
    cause: str


Notice = (
    Discarded
    | SolicitationBroadcast
    | BindingCreated
    | BindingChanged
    | BindingRenewed
    | BindingRemoved
    | BindingsRestored
    | BindingNotRestored
    | TunnelMoved
    | RegistrationDenied
    | VisitorAdded
    | VisitorRemoved
    | AgentHeard
    | AgentLost
    | LinkNoticed
    | Attached
    | RegistrationSent
    | Registered
    | HandedOver
    | PathNoticed
    | RegistrationLost
    | TunnelAgreed
    | TunnelSilent
    | RequestAmended
    | ClockCorrected
    | HomeAgentChosen
    | HomeAddressAssigned
    | MessageShown
    | UnauthenticatedAllowed
    | RevocationSent
    | RevocationEnded
)
