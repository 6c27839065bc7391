"""docs/reference/configuration.md: the parser is asked what it takes, by documents that note which keys it looks for.

Type and range are what it says it expected when a key is wrong; defaults are what it makes of the shortest document.
What a key means, and its unit, is written here, and must be about exactly the keys that the parser knows.
"""

import re
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from tools.reference_pages.common import code, codes, same_keys, table

from mobileip.daemon.config_file import Configuration, ConfigurationError, parse
from mobileip.security.association import MobilitySecurityAssociation

PAGE = "configuration.md"

ADDRESS, OTHER = "203.0.113.1", "203.0.113.10"
ASSOCIATION = {"spi": 256, "key_file": "key"}
SHORTEST: dict[str, dict[str, object]] = {
    "home_agent": {
        "address": ADDRESS,
        "home_network": "203.0.113.0/24",
        "mobile_node": [{"home_address": OTHER, **ASSOCIATION}],
        "foreign_agent": [{"address": "192.0.2.2", **ASSOCIATION}],
    },
    "foreign_agent": {
        "links": ["eth1"],
        "care_of_address": "192.0.2.2",
        "home_agent": [{"address": ADDRESS, **ASSOCIATION}],
        "mobile_node": [{"home_address": OTHER, **ASSOCIATION}],
    },
    "mobile_node": {
        "home_address": OTHER,
        "home_agent": "203.0.113.2",
        "home_network": "203.0.113.0/24",
        "links": ["eth0"],
        **ASSOCIATION,
        "foreign_agent": [{"address": "192.0.2.2", **ASSOCIATION}],
    },
    "daemon": {},
}

HEARD = ("home_agent.home_link", "foreign_agent.links", "mobile_node.links")
"""The links that are listened on are opened once, at the start."""

SHARED = {
    "spi": ("", "Security Parameter Index: names the association to the peer; the same number at both ends."),
    "key_file": (
        "",
        (
            "File with the key, relative to the configuration's folder: hexadecimal digits, or `hex:`, `base64:`, "
            "`text:` in front. Readable by its owner alone."
        ),
    ),
    "algorithm": ("", "How messages are signed; the same at both ends."),
    "replay": (
        "",
        "How freshness is shown (RFC 5944 §5.7), between mobile node and home agent only; the same at both ends.",
    ),
    "timestamp_window": ("s", "At the home agent, with timestamps: how far the clocks may differ."),
}

ABOUT: dict[str, tuple[str, str]] = {
    "daemon.device": ("", "Name of the daemon's TUN device."),
    "daemon.engine": (
        "",
        (
            "What forwards packets: programs in the kernel (`ebpf`) or the daemon (`userspace`); `auto`: programs "
            "where the machine takes them. Where `ebpf` can't be had the daemon runs too, forwards itself and warns. "
            "`mip engine` changes it until the daemon ends."
        ),
    ),
    "daemon.bpf_directory": (
        "",
        (
            "Where a bpffs is mounted: the daemon makes a folder there, so that programs attached by tcx stay so "
            "when it ends or dies. Where it can't, they are attached by clsact filters."
        ),
    ),
    "daemon.tunnel_mtu": ("octets", "MTU of the device: the path's, less 20 for the outer header."),
    "daemon.run_dir": ("", "Folder of control socket, lock and journals; `--run-dir` goes before it."),
    "daemon.state_dir": (
        "",
        "Folder of what [a home agent remembers](../explanation/restarts.md) across its own end and the machine's.",
    ),
    "daemon.open_firewall": (
        "",
        "While the daemon runs: accept rules of ours where the firewall drops [what it needs](../howto/firewall.md)?",
    ),
    "daemon.log_level": ("", "The least level that is logged; `-v` means `debug`."),
    "daemon.log_format": ("", "`key=value` words or one JSON object a line, on standard error."),
    "home_agent.address": ("", "Our address: where mobile nodes register, and the tunnels' near end."),
    "home_agent.home_network": ("", "Prefix of the home addresses."),
    "home_agent.home_link": ("", "Interface of the home network."),
    "home_agent.mobile_node": ("", "A mobile node that is served; several of one address are several valid keys."),
    "home_agent.foreign_agent": ("", "A foreign agent that shares a key with us."),
    "home_agent.maximum_lifetime": ("s", "The longest registration that is granted; 65535 is for ever."),
    "home_agent.maximum_simultaneous_bindings": (
        "",
        "Care-of addresses that one node may have at once; with 1 the S bit is ignored and code 1 says so.",
    ),
    "home_agent.advertisement_interval": (
        "s",
        "The longest time between two advertisements on the home link; at most a third of `advertisement_lifetime`.",
    ),
    "home_agent.advertisement_lifetime": ("s", "How long an advertisement may be believed."),
    "home_agent.advertisement_address": (
        "",
        "Where advertisements for all go: `224.0.0.1`, or `255.255.255.255` where nodes don't hear multicasts.",
    ),
    "home_agent.preference_level": (
        "",
        "Of our addresses as default routers (RFC 1256); -2147483648 says that none is to be used as one.",
    ),
    "home_agent.routes_common_traffic": (
        "",
        "False: advertise ICMP code 16, a router for registered mobile nodes only.",
    ),
    "home_agent.advertise_prefix_lengths": (
        "",
        "Whether prefix lengths are told: by all agents of a subnet, or by none (RFC 5944 §2.3).",
    ),
    "home_agent.announcements": ("", "Gratuitous ARPs on the home link at each change, one a second."),
    "home_agent.strict_reserved_bits": ("", "Deny requests with a reserved bit set (code 134); else it is ignored."),
    "home_agent.require_foreign_home_authentication": (
        "",
        "Deny what is relayed by a foreign agent that shares no key with us (code 132).",
    ),
    "home_agent.foreign_home_on_deregistration": (
        "",
        "Sign answers to deregistrations for the foreign agent too, as those of RFC 3344 want; RFC 5944 forbids it.",
    ),
    "home_agent.forward_broadcasts": (
        "",
        "Copy broadcasts of the home network to the mobile nodes that ask for them (B); else the bit is ignored.",
    ),
    "home_agent.forwarded_groups": (
        "",
        (
            "Multicast groups on the home network, as prefixes, that are copied as its broadcasts are: to the mobile "
            "nodes that ask for those (B)."
        ),
    ),
    "home_agent.reverse_tunnel": (
        "",
        (
            "Reverse tunnels (RFC 3024). `required`: requests without T are denied (code 138); `required_if_private`: "
            "those from private home addresses are; `refused`: those with T are (code 137)."
        ),
    ),
    "home_agent.encapsulations": (
        "",
        "What tunnels may look like; requests for others are denied (code 139). `ipip` always belongs to it.",
    ),
    "home_agent.gre_checksum": ("", "Put a checksum into the GRE packets that we send (RFC 2784)."),
    "home_agent.gre_sequence": ("", "Number the GRE packets that we send (RFC 2890)."),
    "home_agent.nat_traversal": (
        "",
        (
            "Tunnel in UDP to those behind a NAT (RFC 3519), else deny them (code 129). `false` where reverse tunnels "
            "are refused."
        ),
    ),
    "home_agent.force_udp": ("", "Mobile nodes may have a tunnel in UDP without a NAT too; else code 129."),
    "home_agent.handover_grace": (
        "s",
        "How long after a change packets still come by the reverse tunnel of the care-of address that was left.",
    ),
    "home_agent.keepalive_interval": (
        "s",
        "How often mobile nodes are told to remind their NAT of a tunnel in UDP; 0 leaves it to them.",
    ),
    "home_agent.nat_maximum_lifetime": (
        "s",
        "The longest registration with a tunnel in UDP: a NAT that forgets goes unnoticed no longer (RFC 3519 §5.2).",
    ),
    "home_agent.address_pool": (
        "",
        "Home addresses for mobile nodes that are known by `nai` alone, each lent while a binding lives (RFC 2794).",
    ),
    "home_agent.revocation": (
        "",
        "Registration revocation (RFC 3543) with foreign agents that share a key with us, and direct mobile nodes.",
    ),
    "home_agent.redirect_to": (
        "",
        "Another home agent, for mobile nodes that want any and are not registered here (RFC 4433, code 143).",
    ),
    "home_agent.identity": ("", "Our host name, told to mobile nodes that are not registered (RFC 3846)."),
    "home_agent.message": ("", "Words for people, sent along with every answer and revocation (RFC 4917)."),
    "home_agent.allow_unauthenticated": (
        "",
        (
            "**Dangerous.** Serve mobile nodes without a key; for teaching labs, with loopback, private or "
            "documentation addresses only. Anybody can register in their name."
        ),
    ),
    "home_agent.mobile_node.home_address": (
        "",
        "Its home address, inside `home_network`. With `nai` it may be left out: it gets one of `address_pool`.",
    ),
    "home_agent.mobile_node.nai": ("", "Its name, a Network Access Identifier (RFC 2794)."),
    "home_agent.mobile_node.message": ("", "Words for people, instead of those for all."),
    "home_agent.foreign_agent.address": ("", "Its care-of address: what its requests come from."),
    "foreign_agent.links": ("", "Interfaces on which mobile nodes visit."),
    "foreign_agent.care_of_address": ("", "Our address; one for all visitors."),
    "foreign_agent.home_agent": ("", "A home agent that shares a key with us."),
    "foreign_agent.mobile_node": ("", "A visitor that shares a key with us."),
    "foreign_agent.registration_lifetime": ("s", "The longest registration that is advertised and relayed (code 69)."),
    "foreign_agent.advertisement_interval": (
        "s",
        "The longest time between two advertisements on a link; at most a third of `advertisement_lifetime`.",
    ),
    "foreign_agent.advertisement_lifetime": ("s", "How long an advertisement may be believed."),
    "foreign_agent.advertisement_address": (
        "",
        "Where advertisements for all go: `224.0.0.1`, or `255.255.255.255` where nodes don't hear multicasts.",
    ),
    "foreign_agent.preference_level": (
        "",
        "Of our addresses as default routers (RFC 1256); -2147483648 says that none is to be used as one.",
    ),
    "foreign_agent.routes_common_traffic": (
        "",
        "False: advertise ICMP code 16, a router for registered mobile nodes only.",
    ),
    "foreign_agent.advertise_prefix_lengths": (
        "",
        "Whether prefix lengths are told: by all agents of a subnet, or by none (RFC 5944 §2.3).",
    ),
    "foreign_agent.registration_required": ("", "Advertise R: also nodes with a co-located address register with us."),
    "foreign_agent.maximum_visitors": ("", "With so many we advertise busy, and deny further ones (code 66)."),
    "foreign_agent.maximum_pending": ("", "Requests of one link-layer address without an answer yet (code 66)."),
    "foreign_agent.maximum_pending_total": ("", "Requests without an answer yet (code 66)."),
    "foreign_agent.pending_timeout": ("s", "How long the home agent's answer is waited for (code 78)."),
    "foreign_agent.foreign_home_on_deregistration": (
        "",
        "Sign deregistrations for the home agent too, as those of RFC 3344 want; RFC 5944 forbids it.",
    ),
    "foreign_agent.nai_registrations": (
        "",
        "Relay requests without a home address, known by the node's name, its NAI (else code 96).",
    ),
    "foreign_agent.default_home_agent": ("", "Where requests for any home agent go; without it they get code 90."),
    "foreign_agent.revocation": (
        "",
        (
            "Registration revocation with the home agents that share a key with us. Every mobile node has to register "
            "with us then (R), and none with a co-located address (code 65)."
        ),
    ),
    "foreign_agent.message": ("", "Words for people, sent along with every answer to a mobile node."),
    "foreign_agent.strict_reserved_bits": ("", "Deny requests with a reserved bit set (code 70); else it is ignored."),
    "foreign_agent.reverse_tunnel": (
        "",
        "Tunnel what visitors send to their home agents (RFC 3024)? `off`: no (code 74); `required`: always (code 75).",
    ),
    "foreign_agent.encapsulating_delivery": (
        "",
        "Let visitors choose by packet what is tunnelled, by encapsulating it for us (RFC 3024 §5.2; else code 79).",
    ),
    "foreign_agent.refuse_private_addresses": (
        "",
        "Serve private home addresses (RFC 1918) with a reverse tunnel only (else code 75).",
    ),
    "foreign_agent.encapsulations": (
        "",
        "What tunnels may look like; advertised, and requests for others are denied (code 72). `ipip` is always there.",
    ),
    "foreign_agent.prefer_gre": ("", "GRE with keys for all visitors, asked for or not (RFC 6245)."),
    "foreign_agent.gre_key_form": (
        "",
        "How home agents are told GRE keys: as RFC 6245 has it, as 3GPP2 networks have it, or not at all.",
    ),
    "foreign_agent.early_delivery": (
        "",
        (
            "Deliver what a home agent tunnels for a mobile node whose registration is under way: its packets may be "
            "here before its Reply. Never to two who ask with one home address, and never in place of a visitor."
        ),
    ),
    "foreign_agent.behind_nat": (
        "",
        "We are behind a NAT: ask for tunnels in UDP (RFC 3519), and deny requests without a reverse tunnel (code 75).",
    ),
    "foreign_agent.nat_keeps_addresses": (
        "",
        "The NAT leaves home addresses alone and nobody filters them: no reverse tunnel is needed.",
    ),
    "foreign_agent.keepalive_interval": (
        "s",
        "After so long without a request the NAT is reminded of a tunnel in UDP; a home agent may want it sooner.",
    ),
    "foreign_agent.home_agent.gre_key_form": ("", "How this one is told GRE keys, if otherwise."),
    "foreign_agent.home_agent.address": ("", "Its address."),
    "foreign_agent.mobile_node.home_address": ("", "Its home address."),
    "mobile_node.home_address": (
        "",
        "Our address for ever, inside `home_network`. With `nai` it may be left out: the home agent assigns one.",
    ),
    "mobile_node.home_agent": (
        "",
        (
            "Address of the home agent. `discover`: ask all of the home network. `assign`: let one of the home domain "
            "be assigned, `assign-anywhere`: any (RFC 4433); both need `nai`."
        ),
    ),
    "mobile_node.home_network": ("", "Prefix of the home network: where its routers are heard, the node is at home."),
    "mobile_node.home_gateway": ("", "Default gateway at home."),
    "mobile_node.links": ("", "Interfaces to use, best first."),
    "mobile_node.foreign_agent": ("", "A foreign agent that shares a key with us."),
    "mobile_node.requested_lifetime": ("s", "Asked for; agents may grant less. 65535 is for ever."),
    "mobile_node.move_detection": (
        "",
        (
            "`prefix`: an agent with another prefix on the same link means that we have moved; `lifetime`: only the "
            "end of the current agent's advertisements does (RFC 5944 §2.4.2)."
        ),
    ),
    "mobile_node.colocated": ("", "Whether an address of ours on a link may serve as care-of address."),
    "mobile_node.colocated_wait": ("s", "How long after link-up an agent is waited for before that is done."),
    "mobile_node.solicit_maximum_interval": ("s", "The longest time between solicitations that nobody answers."),
    "mobile_node.deregister_on_stop": ("", "Whether `mip stop` and SIGINT give the registration up."),
    "mobile_node.nai": ("", "Our name, a Network Access Identifier (RFC 2794)."),
    "mobile_node.home_agent_nai": ("", "The home agent's own name, for foreign agents that need it (RFC 3846)."),
    "mobile_node.agent_link_addresses": (
        "",
        (
            'An agent that does not advertise, known by its link-layer address: `{ eth0 = "02:00:00:00:00:01" }`. '
            "An address of ours is registered through it."
        ),
    ),
    "mobile_node.solicitation_address": ("", "Where solicitations go (RFC 1256)."),
    "mobile_node.preferred_home_agent": ("", "The home agent that we would like to be assigned."),
    "mobile_node.simultaneous_bindings": ("", "Ask to keep the earlier place when another one is registered (S)."),
    "mobile_node.broadcasts": ("", "Ask for the broadcasts of the home network (B)."),
    "mobile_node.revocation": (
        "",
        "Let the home agent tell us when it ends a registration of an address of ours (RFC 3543).",
    ),
    "mobile_node.reverse_tunnel": (
        "",
        (
            "What we send goes through the home agent too (RFC 3024): wherever it can be had (`auto`), or else we do "
            "not register (`required`), or nowhere (`off`)."
        ),
    ),
    "mobile_node.delivery": (
        "",
        "How it reaches a foreign agent: it tunnels all, or what we encapsulate to it. Multicasts need the latter.",
    ),
    "mobile_node.direct_destinations": (
        "",
        "Prefixes that go direct, not through the reverse tunnel. Behind a foreign agent only with `encapsulating`.",
    ),
    "mobile_node.encapsulation": ("", "What to ask for; who has none but IP-in-IP gives us that."),
    "mobile_node.nat_traversal": (
        "",
        "Ask for a tunnel in UDP (RFC 3519) with an address of ours: where a NAT is seen (`auto`), or in any case.",
    ),
    "mobile_node.keepalive_interval": (
        "s",
        "The first interval of keepalives in such a tunnel, if the home agent tells none; longer ones are tried.",
    ),
    "mobile_node.hysteresis": (
        "points",
        "By how much another link has to be better to be taken while the one in use works.",
    ),
    "mobile_node.hold_down": (
        "s",
        (
            "How long a link that was lost has to be there again until it is preferred to one that works, and the "
            "shortest time between two changes that nothing forces. A link whose path dies while it is up is tried "
            "again after this time, and after twice as long each time that this does not last, up to a minute."
        ),
    ),
    "mobile_node.handover_grace": (
        "s",
        "How long after a change packets are still taken out of the tunnel that was left.",
    ),
    "mobile_node.probing": (
        "",
        (
            "Watch the paths to the home agent by ICMP echo requests: where it answers them (`auto`), or not at all "
            "(`off`). A path that is dead without a sign is left at once only with them."
        ),
    ),
    "mobile_node.probe_interval": ("s", "Between two of them by the link in use while packets pass."),
    "mobile_node.idle_probe_interval": ("s", "Between two of them otherwise."),
    "mobile_node.link": (
        "",
        (
            "`[mobile_node.link.wwan0]` and so on, for some of `links`: `preference` (points for it, -10000 to 10000, "
            "default 0), `cost` (points against it, 0 to 10000, default 0), `metered` (boolean, default `false`: what "
            "passes it is paid for). The order of `links` counts 100 points for each place. `same_agent` (boolean, "
            "default `false`): it leads to the same foreign agent each time, which is asked at once when it is back, "
            "[before it is heard](../explanation/handovers.md#break-before-make)."
        ),
    ),
    "mobile_node.coarse_identification": (
        "",
        "For home agents that keep Identifications in floating point: the eleven lowest bits are zero.",
    ),
    "mobile_node.allow_unauthenticated": (
        "",
        (
            "**Dangerous.** Believe a home agent that signs nothing; for teaching labs, with loopback, private or "
            "documentation addresses only. Whoever sees a request can answer it."
        ),
    ),
    "mobile_node.foreign_agent.address": ("", "The address that it advertises from."),
}

DEFAULT_IN_WORDS = {
    "daemon.run_dir": "`$MIP_RUN_DIR`, else `/run/mip`",
    "daemon.state_dir": "`/var/lib/mip`; the run directory where that is not `/run/mip` or this can't be written",
    "home_agent.home_link": "none: a virtual network",
    "home_agent.address_pool": "none",
    "home_agent.forwarded_groups": "none",
    "foreign_agent.default_home_agent": "none",
    "foreign_agent.message": "none",
    "foreign_agent.encapsulations": "all three",
    "foreign_agent.home_agent.gre_key_form": "as for all",
    "home_agent.encapsulations": "all three",
    "home_agent.identity": "none",
    "home_agent.message": "none",
    "home_agent.redirect_to": "none",
    "home_agent.mobile_node.nai": "none",
    "home_agent.mobile_node.message": "that for all",
    "mobile_node.nai": "none",
    "mobile_node.direct_destinations": "none",
    "mobile_node.link": "none",
    "mobile_node.home_agent_nai": "none",
    "mobile_node.preferred_home_agent": "none",
    "mobile_node.agent_link_addresses": "none",
    "mobile_node.home_gateway": "the home agent, or the router that advertises there",
}


class Key(NamedTuple):
    """`expected` as the parser says it; `many`: a table that may be there several times."""

    path: str
    expected: str
    required: bool
    is_table: bool
    many: bool

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


class Noting(dict[str, object]):
    """A table that notes which of its keys are looked for."""

    def __init__(self, values: dict[str, object]) -> None:
        super().__init__(values)
        self.asked: dict[str, None] = {}

    def __contains__(self, key: object) -> bool:
        self.asked[str(key)] = None
        return super().__contains__(key)

    def __getitem__(self, key: str) -> object:
        self.asked[key] = None
        return super().__getitem__(key)

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        self.asked[key] = None
        return super().get(key, default)


class _Wrong:
    def __repr__(self) -> str:
        return "WRONG"


def _errors(document: dict[str, object]) -> list[str]:
    try:
        parse(document, Path())
    except ConfigurationError as error:
        return error.errors
    return []


def _around(trail: tuple[Key, ...], leaf: dict[str, object]) -> dict[str, object]:
    """A document with `leaf` as the table at the end of the trail."""
    inside: dict[str, object] = leaf
    for key in reversed(trail):
        inside = {key.name: [inside] if key.many else inside}
    return inside


def _explore(trail: tuple[Key, ...] = ()) -> Iterator[Key]:
    """Every key in the table at the end of the trail, those of the tables in it behind it."""
    noting = Noting({})
    missing = _errors(_around(trail, noting))
    prefix = "".join(f"{key.name}[0]." if key.many else f"{key.name}." for key in trail)
    plain = "".join(f"{key.name}." for key in trail)
    for name in noting.asked:
        complaint = next(e for e in _errors(_around(trail, {name: _Wrong()})) if e.startswith(f"{prefix}{name}: "))
        expected = re.search(r"\(expected (.*)\)$", complaint)
        is_table = "expected a table" in complaint
        many = "expected tables" in complaint
        required = any(error.startswith(f"{prefix}{name}: is missing") for error in missing)
        key = Key(f"{plain}{name}", expected[1] if expected else "", required, is_table or many, many)
        yield key
        if key.is_table:
            yield from _explore((*trail, key))


@cache
def keys() -> dict[str, Key]:
    """Every key that the parser knows, by its path."""
    return {key.path: key for key in _explore()}


@cache
def _shortest() -> Configuration:
    """What the parser makes of the shortest tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "key")
        path.write_text("00" * 16)
        path.chmod(0o600)
        return parse(SHORTEST, Path(folder))


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.path in DEFAULT_IN_WORDS:
        return DEFAULT_IN_WORDS[key.path]
    role = key.path.partition(".")[0]
    if key.name in SHARED:
        value: object = getattr(MobilitySecurityAssociation(spi=256, key=b"x"), key.name)
    else:
        value = getattr(getattr(_shortest(), role), key.name)
    if isinstance(value, bool):
        return code(str(value).lower())
    return code(f"{value:g}" if isinstance(value, float) else value)


TYPES = (
    ("a number from (.*) to (.*?)(;.*)?$", "integer"),
    ("seconds from (.*) to (.*)$", "number"),
    ("true or false$", "boolean"),
    ("an IPv4 address", "address"),
    ("224.0.0.1 or 255.255.255.255$", "address"),
    ("a prefix", "prefix"),
    ("an interface name$", "interface name"),
    ("interface names", "array of interface names"),
    ("a list of", "array of strings"),
    ("a folder$", "path"),
    ("a name such as", "string"),
    ("link-layer addresses by interface$", "table"),
    ("preferences by interface$", "tables"),
    ("a text of", "string"),
    ("a host name", "string"),
    ("two addresses", "string"),
    ("the name of a file", "path"),
)


def _type_and_range(key: Key) -> tuple[str, str]:
    """Raises: ValueError for an expectation that is not among `TYPES`."""
    choices = re.fullmatch(r"one of (.*)|(debug, info, warning or error)", key.expected)
    if choices:
        return "string", ", ".join(code(word) for word in re.split(r", | or ", choices[1] or choices[2]))
    for pattern, name in TYPES:
        found = re.match(pattern, key.expected)
        if found:
            bounds = found.groups()[:2]
            return name, f"{float(bounds[0]):.10g} to {float(bounds[1]):.10g}" if bounds else ""
    raise ValueError(f"{key.path}: what type is {key.expected!r}?")


def _reload(key: Key) -> str:
    """See `daemon.service.Service.reconfigure`."""
    if (key.path.startswith("daemon.") and key.path != "daemon.engine") or key.path in HEARD:
        return "restart"
    return "yes"


HEAD = ("key", "type", "unit", "range", "default", "reload", "meaning")


def _row(key: Key) -> list[str]:
    unit, sentence = ABOUT.get(key.path) or SHARED[key.name]
    if key.is_table:
        return [code(f"[[{key.path}]]"), "tables", "", "", "none", _reload(key), sentence]
    type_name, limits = _type_and_range(key)
    return [code(key.name), type_name, unit, limits, _default(key), _reload(key), sentence]


def _of_table(path: str) -> list[str]:
    """The rows of one table: its own keys, an association's as one row, then the tables in it."""
    mine = [key for key in keys().values() if key.path.rpartition(".")[0] == path]
    rows = [_row(key) for key in mine if not key.is_table and key.name not in SHARED]
    if any(key.name in SHARED for key in mine):
        rows.append([codes(SHARED), "", "", "", "", "yes", "[The association](#associations)."])
    return table(HEAD, rows + [_row(key) for key in mine if key.is_table])


def _association() -> list[str]:
    """Raises: ValueError when the tables with an association differ in it."""
    shared = [key for key in keys().values() if key.name in SHARED]
    if len({(key.name, key.expected, key.required) for key in shared}) != len(SHARED):
        raise ValueError("associations are not the same everywhere")
    return table(HEAD, [_row(key) for key in shared[: len(SHARED)]])


def _tables() -> list[str]:
    """Raises: ValueError when ABOUT and SHARED are not about exactly the parser's keys."""
    own = [key.path for key in keys().values() if "." in key.path and key.name not in SHARED]
    same_keys(f"{__name__}.ABOUT", ABOUT, own)
    same_keys(f"{__name__}.SHARED", SHARED, {k.name for k in keys().values() if k.path not in ABOUT and "." in k.path})
    return [key.path for key in keys().values() if key.is_table]


BLOCKS = {path: partial(_of_table, path) for path in _tables()} | {"association": _association}
