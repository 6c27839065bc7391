"""JSON of the control API as text for people: aligned columns, durations in words, plain text alone."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

Row = Mapping[str, object]
Column = tuple[str, Callable[[Row], str]]


def text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value) or "-"
    return str(value)


def duration(value: object) -> str:
    """Seconds as people say them; None = for ever."""
    if not isinstance(value, int | float) or not isfinite(value):
        return "for ever"
    seconds = int(value)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def field(name: str) -> Callable[[Row], str]:
    return lambda row: text(row.get(name))


def seconds(name: str) -> Callable[[Row], str]:
    return lambda row: duration(row.get(name))


def ago(name: str) -> Callable[[Row], str]:
    """Seconds since something happened; None: it never did."""
    return lambda row: "never" if row.get(name) is None else f"{duration(row.get(name))} ago"


def tunnel(row: Row) -> str:
    """A binding's tunnel: how packets are encapsulated, where it leads if it is one in UDP, and which ways."""
    endpoint = row.get("udp_endpoint")
    udp = f" in UDP to {endpoint}" if endpoint else ""
    return f"{row.get('encapsulation')}{udp}" + (", both ways" if row.get("reverse_tunnel") else "")


def milliseconds(name: str, factor: float = 1) -> Callable[[Row], str]:
    """`factor`: of what the field counts."""

    def read(row: Row) -> str:
        value = row.get(name)
        return f"{value * factor:.1f} ms" if isinstance(value, int | float) and isfinite(value) else "-"

    return read


def loss(row: Row) -> str:
    value = row.get("loss")
    return f"{value * 100:.0f} %" if isinstance(value, int | float) and isfinite(value) else "-"


def way(prefix: str) -> Callable[[Row], str]:
    """One end of a handover: the link and what kind of care-of address."""

    def read(row: Row) -> str:
        link = row.get(f"{prefix}_interface")
        return "-" if link is None else f"{text(link)} {text(row.get(f'{prefix}_care_of')).replace('_', ' ')}"

    return read


COLUMNS: dict[str, Sequence[Column]] = {
    "bindings": (
        ("HOME ADDRESS", field("home_address")),
        ("NAI", field("nai")),
        ("CARE-OF ADDRESS", field("care_of_address")),
        ("KIND", lambda row: "co-located" if row.get("colocated") else "foreign agent"),
        ("TUNNEL", tunnel),
        ("LEFT", seconds("remaining_seconds")),
        ("SPI", field("spi")),
    ),
    "visitors": (
        ("HOME ADDRESS", field("home_address")),
        ("NAI", field("nai")),
        ("HOME AGENT", field("home_agent")),
        ("LINK", field("interface")),
        ("LINK ADDRESS", field("link_address")),
        ("ENCAPSULATION", field("encapsulation")),
        ("REVERSE TUNNEL", field("reverse_tunnel")),
        ("LEFT", seconds("remaining_seconds")),
    ),
    "agents": (
        ("AGENT", field("address")),
        ("LINK", field("interface")),
        ("ROLES", field("roles")),
        ("CARE-OF ADDRESSES", field("care_of_addresses")),
        ("BUSY", field("busy")),
        ("HEARD", ago("heard_seconds_ago")),
    ),
    "tunnels": (
        ("LOCAL", field("local")),
        ("REMOTE", field("remote")),
        ("TUNNEL", field("encapsulation")),
        ("HOME ADDRESS", field("home_address")),
        ("DIRECTION", field("direction")),
        ("PACKETS", field("packets")),
        ("OCTETS", field("octets")),
    ),
    "links": (
        ("LINK", field("name")),
        ("STATE", lambda row: text(row.get("state")).replace("_", " ")),
        ("SCORE", field("score")),
        ("DELAY", milliseconds("delay_seconds", 1000)),
        ("LOSS", loss),
        ("WHY", field("why")),
    ),
    "handovers": (
        ("TIME", lambda row: text(row.get("time"))[:23].replace("T", " ")),
        ("FROM", way("from")),
        ("TO", way("to")),
        ("TRIGGER", lambda row: text(row.get("trigger")).replace("_", " ")),
        ("DETECTION", milliseconds("detection_ms")),
        ("WAITING", milliseconds("waiting_ms")),
        ("REGISTRATION", milliseconds("registration_ms")),
        ("SILENCE", milliseconds("silence_ms")),
        ("REASON", field("reason")),
    ),
}


STATISTICS: dict[str, Sequence[Column]] = {"tunnels": (("LAST PACKET", ago("last_packet_seconds_ago")),)}
"""Columns that come with -s."""

SPARSE = {"NAI": "nai"}
"""Column -> field: shown only where some row has something to show in it."""


def table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Left-aligned columns two spaces apart."""
    columns = [(c, read) for c, read in columns if c not in SPARSE or any(row.get(SPARSE[c]) for row in rows)]
    cells = [[title for title, _ in columns]] + [[read(row) for _, read in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)


def pairs(entries: Sequence[tuple[str, str]]) -> str:
    width = max((len(name) for name, _ in entries), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in entries)


def status(view: Row) -> str:
    """The verdict, warnings, then what there is."""
    lines = [text(view.get("verdict"))]
    warnings = view.get("warnings")
    if isinstance(warnings, list):
        lines += [f"warning: {warning}" for warning in warnings]
    engine = view.get("engine")
    reason = f"{text(engine.get('name'))} ({text(engine.get('reason'))})" if isinstance(engine, dict) else "-"
    entries = [
        ("roles", text(view.get("roles")).replace("_", " ")),
        ("engine", reason),
        ("device", text(view.get("device"))),
    ]
    links = view.get("links")
    if isinstance(links, list):
        entries += [_link(link) for link in links if isinstance(link, dict)]
    firewall = view.get("firewall")
    if isinstance(firewall, list):
        entries += [("firewall", f"opened by us: {rule}") for rule in firewall]
    entries += [("running", f"{duration(view.get('uptime_seconds'))}, process {view.get('pid')}")]
    return "\n".join([*lines, pairs(entries)])


def engine(view: Row) -> str:
    entries = [(name, text(view.get(name))) for name in ("name", "reason", "choice")]
    return pairs([*entries, ("attached by", text(view.get("attached_by")))])


def _link(view: Row) -> tuple[str, str]:
    addresses = view.get("addresses")
    words = [text(view.get("state")).replace("_", " ")]
    if isinstance(addresses, list):
        words += [text(address) for address in addresses]
    return f"link {text(view.get('name'))}", " ".join(words)


def registration(view: Row) -> str:
    names = ("state", "registered", "home_address", "home_agent", "care_of", "care_of_address", "interface", "agent")
    entries = [(name.replace("_", " "), text(view.get(name)).replace("_", " ")) for name in names]
    if view.get("registered"):
        entries.append(("left", duration(view.get("remaining_seconds"))))
    if view.get("encapsulation"):
        entries.append(("tunnel", _tunnel(view)))
    entries.append(("clock offset", f"{view.get('clock_offset_seconds')} s"))
    return pairs(entries)


_NAT_TRAVERSAL = {
    "agreed": "in UDP",
    "declined": "not in UDP: no NAT is seen",
    "not_understood": "not in UDP: the home agent knows nothing of it",
}


def _tunnel(view: Row) -> str:
    ways = "both ways" if view.get("reverse_tunnel") else "towards us"
    words = [text(view.get("encapsulation")), ways]
    traversal = _NAT_TRAVERSAL.get(text(view.get("nat_traversal")))
    words += [traversal] if traversal else []
    if view.get("keepalive_seconds"):
        words.append(f"keepalives after {duration(view.get('keepalive_seconds'))}")
    return ", ".join(words)


def revoked(what: str, view: Row) -> str:
    """One line: what is over, and whether the other side learns of it."""
    number = view.get("revoked")
    parts = [f"{text(number)} {what}{'' if number == 1 else 's'} of {text(view.get('home_address'))} revoked"]
    if view.get("told"):
        parts.append(f"{text(view.get('told'))} is being told")
    if view.get("not_told"):
        parts.append(f"{text(view.get('not_told'))} can't be told: revocation was not agreed on at registration")
    return "; ".join(parts)


def traffic(view: Row) -> str:
    """Counters by role, zeroes left out."""
    blocks = []
    for role in ("home_agent", "foreign_agent", "mobile_node", "packets", "discarded"):
        counters = view.get(role)
        if isinstance(counters, dict):
            entries = [(f"  {name}", str(count)) for name, count in sorted(counters.items()) if count]
            blocks.append(role.replace("_", " ") + "\n" + (pairs(entries) if entries else "  nothing yet"))
    return "\n".join(blocks)


def event(view: Row) -> str:
    """One line of the feed."""
    head = f"{text(view.get('time'))[11:23]} {text(view.get('event'))}"
    rest = [f"{k}={text(v)}" for k, v in view.items() if k not in ("schema", "id", "time", "boot_seconds", "event")]
    return " ".join([head, *rest])
