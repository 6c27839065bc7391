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


COLUMNS: dict[str, Sequence[Column]] = {
    "bindings": (
        ("HOME ADDRESS", field("home_address")),
        ("CARE-OF ADDRESS", field("care_of_address")),
        ("KIND", lambda row: "co-located" if row.get("colocated") else "foreign agent"),
        ("TUNNEL", field("encapsulation")),
        ("LEFT", seconds("remaining_seconds")),
        ("SPI", field("spi")),
    ),
    "visitors": (
        ("HOME ADDRESS", field("home_address")),
        ("HOME AGENT", field("home_agent")),
        ("LINK", field("interface")),
        ("LINK ADDRESS", field("link_address")),
        ("LEFT", seconds("remaining_seconds")),
    ),
    "agents": (
        ("AGENT", field("address")),
        ("LINK", field("interface")),
        ("ROLES", field("roles")),
        ("CARE-OF ADDRESSES", field("care_of_addresses")),
        ("BUSY", field("busy")),
        ("HEARD", lambda row: duration(row.get("heard_seconds_ago")) + " ago"),
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
}


def table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """Left-aligned columns two spaces apart."""
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
    reason = f"{engine.get('name')} ({engine.get('reason')})" if isinstance(engine, dict) else "-"
    entries = [
        ("roles", text(view.get("roles")).replace("_", " ")),
        ("engine", reason),
        ("device", text(view.get("device"))),
    ]
    links = view.get("links")
    if isinstance(links, list):
        entries += [_link(link) for link in links if isinstance(link, dict)]
    entries += [("running", f"{duration(view.get('uptime_seconds'))}, process {view.get('pid')}")]
    return "\n".join([*lines, pairs(entries)])


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
    entries.append(("clock offset", f"{view.get('clock_offset_seconds')} s"))
    return pairs(entries)


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
