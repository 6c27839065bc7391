"""Schema 1 of the control API. Only additions; times are RFC 3339 with plain `_seconds` numbers beside them."""

import msgspec

SCHEMA = 1


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer that is no success.

    `code`: usage | not_running | not_found | timeout | forbidden | configuration | failed.
    """

    code: str
    message: str
    hint: str = ""


class EngineView(msgspec.Struct, frozen=True, kw_only=True):
    """What forwards packets, and why. `name`: ebpf | userspace; `choice`: auto | ebpf | userspace."""

    name: str
    reason: str
    choice: str = "auto"
    attached_by: str | None = None


class RegistrationView(msgspec.Struct, frozen=True, kw_only=True):
    """A mobile node's registration now. `state` is the node's; `care_of`: home | foreign_agent | colocated."""

    home_address: str
    home_agent: str
    state: str
    registered: bool
    care_of: str | None = None
    care_of_address: str | None = None
    interface: str | None = None
    agent: str | None = None
    granted_lifetime_seconds: int | None = None
    remaining_seconds: float | None = None
    last_denial: int | None = None
    clock_offset_seconds: float = 0.0
    encapsulation: str | None = None
    """Of a registration in force away from home, as what follows: ipip | gre | minimal."""
    reverse_tunnel: bool | None = None
    nat_traversal: str | None = None
    """agreed: the tunnel is in UDP; declined: no NAT is seen; not_understood: by the home agent; not_asked."""
    keepalive_seconds: float | None = None
    """How often the NAT is reminded of a tunnel in UDP."""


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a mobile node. `state`: down | up | addressed | agent_heard | registered | verified | dead."""

    name: str
    state: str
    addresses: list[str] = []
    score: int = 0
    why: str = ""
    metered: bool = False
    leaving: bool = False
    wanted: bool = False
    preferred: bool = False
    trusted_in_seconds: float | None = None
    delay_seconds: float | None = None
    loss: float | None = None


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the way that a mobile node's packets take. `trigger` as in the event `handed_over`; `from_care_of`
    and `to_care_of`: home | foreign_agent | colocated."""

    number: int
    time: str
    trigger: str
    reason: str
    from_interface: str | None = None
    from_care_of: str | None = None
    from_address: str | None = None
    to_interface: str
    to_care_of: str
    to_address: str
    make_before_break: bool
    detection_ms: float
    waiting_ms: float
    registration_ms: float
    silence_ms: float


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """One screen: a verdict, what runs, what should worry."""

    schema: int = SCHEMA
    verdict: str
    warnings: list[str] = []
    roles: list[str]
    engine: EngineView
    device: str
    pid: int
    uptime_seconds: float
    home_agent: str | None = None
    bindings: int | None = None
    care_of_address: str | None = None
    visitors: int | None = None
    busy: bool | None = None
    registration: RegistrationView | None = None
    links: list[LinkView] = []
    firewall: list[str] = []
    """Rules that the daemon put into the firewall, until it ends."""


class BindingView(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a home agent's binding list."""

    home_address: str
    care_of_address: str
    home_agent: str
    encapsulation: str
    lifetime_seconds: int
    remaining_seconds: float | None
    registered_at: str
    spi: int
    colocated: bool
    reverse_tunnel: bool = False
    udp_endpoint: str | None = None
    nai: str | None = None
    revocation: bool = False


class VisitorView(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a foreign agent's visitor list."""

    home_address: str
    home_agent: str
    care_of_address: str
    interface: str
    link_address: str
    lifetime_seconds: int
    remaining_seconds: float | None
    registered_at: str
    encapsulation: str = "ipip"
    """ipip | gre | minimal; "ipip in udp" and so on behind a NAT."""
    reverse_tunnel: str = "no"
    """no | direct | encapsulating: whether what it sends is tunnelled, and which of it."""
    nai: str | None = None
    revocation: bool = False


class RevokedView(msgspec.Struct, frozen=True, kw_only=True):
    """What a command ended: all bindings of a mobile node, or a visitor. It is over here, whoever else is told.

    `told`: the other sides that a Registration Revocation (RFC 3543) goes to, until they acknowledge it (events
    `revocation_sent`, `revocation_ended`). `not_told`: those that did not agree on revocation when the mobile node
    registered; they find out by themselves.
    """

    home_address: str
    revoked: int
    told: list[str] = []
    not_told: list[str] = []


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that a mobile node hears."""

    address: str
    interface: str
    link_address: str
    roles: list[str]
    care_of_addresses: list[str]
    busy: bool
    registration_lifetime_seconds: int
    sequence_number: int
    heard_seconds_ago: float
    remaining_seconds: float


class TunnelView(msgspec.Struct, frozen=True, kw_only=True):
    """One tunnel end with its use."""

    local: str
    remote: str
    encapsulation: str
    home_address: str | None = None
    direction: str = ""
    packets: int = 0
    octets: int = 0
    last_packet_seconds_ago: float | None = None


class PacketView(msgspec.Struct, frozen=True, kw_only=True):
    """A packet that went into a tunnel or came out of it, as it is inside. `direction`: into | out of."""

    time: str
    unix_nanoseconds: int
    direction: str
    local: str
    remote: str
    encapsulation: str
    source: str
    destination: str
    protocol: int
    length: int
    octets: str


class LostView(msgspec.Struct, frozen=True, kw_only=True):
    """So many packets are missing at this place of the stream: they came faster than they were read."""

    lost: int


class TrafficView(msgspec.Struct, frozen=True, kw_only=True):
    """Counters of each role, and of the packets."""

    home_agent: dict[str, int] | None = None
    foreign_agent: dict[str, int] | None = None
    mobile_node: dict[str, int] | None = None
    packets: dict[str, int] = {}
    discarded: dict[str, int] = {}


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at by `mip doctor`."""

    check: str
    verdict: str
    found: str
    advice: str = ""


class DoctorView(msgspec.Struct, frozen=True, kw_only=True):
    """What on this machine stands in the way of Mobile IP."""

    schema: int = SCHEMA
    verdict: str
    daemon_running: bool
    findings: list[FindingView] = []


class DoneView(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was taken on."""

    done: str
