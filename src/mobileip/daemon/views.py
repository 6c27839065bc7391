"""Inner state -> the published language. Nothing of the core's types passes here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isinf

import msgspec

from mobileip.agents.foreign.snapshot import ForeignAgentSnapshot, Visitor
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.snapshot import HomeAgentSnapshot, MobilityBinding
from mobileip.agents.mobile.snapshot import HeardAgent, MobileNodeSnapshot
from mobileip.agents.notices import HandedOver
from mobileip.control.schema import (
    AgentView,
    BindingView,
    HandoverView,
    LinkView,
    RegistrationView,
    TunnelView,
    VisitorView,
)
from mobileip.dataplane.engine import TunnelUse
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.errors import MachineError
from mobileip.wire.numbers import ReplyCode

Clock = Callable[[float], str]
"""Boot time, seconds -> RFC 3339."""


def wall_clock(boot_now: float) -> Clock:
    """How boot times read on the wall at this moment."""
    offset = datetime.now(UTC).timestamp() - boot_now

    def read(boot: float) -> str:
        return datetime.fromtimestamp(boot + offset, UTC).isoformat(timespec="milliseconds")

    return read


def code_name(code: int) -> str:
    """A reply code in words."""
    try:
        return ReplyCode(code).name.lower().replace("_", " ")
    except ValueError:
        return "unknown code"


def _remaining(expires_at: float, now: float) -> float | None:
    """None = for ever (a Lifetime of 0xffff, RFC 5944 §3.3)."""
    return None if isinf(expires_at) else round(max(0.0, expires_at - now), 3)


def link_address(octets: bytes) -> str:
    return octets.hex(":")


def binding(entry: MobilityBinding, now: float, clock: Clock) -> BindingView:
    return BindingView(
        home_address=str(entry.home_address),
        care_of_address=str(entry.care_of_address),
        home_agent=str(entry.home_agent),
        encapsulation=entry.tunnel.encapsulation.value,
        lifetime_seconds=entry.lifetime,
        remaining_seconds=_remaining(entry.expires_at, now),
        registered_at=clock(entry.registered_at),
        spi=entry.spi,
        colocated=entry.decapsulation_by_mobile_node,
        nai=entry.nai,
        revocation=entry.revocation is not None,
        reverse_tunnel=entry.has_reverse_tunnel,
        udp_endpoint=_udp_endpoint(entry.tunnel),
    )


def _udp_endpoint(tunnel: Tunnel) -> str | None:
    """Where a tunnel in UDP leads, as we see it."""
    if tunnel.udp is None:
        return None
    return f"{tunnel.remote}:{tunnel.udp.remote or '?'}"


def visitor(entry: Visitor, now: float, clock: Clock) -> VisitorView:
    return VisitorView(
        home_address=str(entry.home_address),
        home_agent=str(entry.home_agent),
        care_of_address=str(entry.care_of_address),
        interface=entry.interface,
        link_address=link_address(entry.link_address),
        lifetime_seconds=entry.lifetime,
        remaining_seconds=_remaining(entry.expires_at, now),
        registered_at=clock(entry.registered_at),
        nai=entry.nai,
        revocation=entry.revocation is not None,
        encapsulation=entry.encapsulation + (" in udp" if entry.udp_tunnel else ""),
        reverse_tunnel=_delivery(entry),
    )


def _delivery(entry: Visitor) -> str:
    """How what a visitor sends comes to its reverse tunnel (RFC 3024 §5)."""
    if not entry.reverse_tunnel:
        return "no"
    return "direct" if entry.delivery is None else "encapsulating"


def agent(entry: HeardAgent, now: float) -> AgentView:
    roles = [name for name, is_role in (("home", entry.home_agent), ("foreign", entry.foreign_agent)) if is_role]
    return AgentView(
        address=str(entry.address),
        interface=entry.interface,
        link_address=link_address(entry.link_address),
        roles=roles,
        care_of_addresses=[str(address) for address in entry.care_of_addresses],
        busy=entry.busy,
        registration_lifetime_seconds=entry.registration_lifetime,
        sequence_number=entry.sequence_number,
        heard_seconds_ago=round(now - entry.heard_at, 3),
        remaining_seconds=round(entry.expires_at - now, 3),
    )


AT_HOME = "at_home"
NOT_UNDERSTOOD = "not_understood"


def is_in_force(node: MobileNodeSnapshot, now: float) -> bool:
    """Whether packets for the home address reach the node: at home without a binding, else by one that lasts."""
    current = node.registration
    return current is not None and (node.state == AT_HOME or current.expires_at > now)


def registration(node: MobileNodeSnapshot, now: float) -> RegistrationView:
    current = node.registration
    in_force = is_in_force(node, now)
    lifetime = current.granted_lifetime if current else None
    tunnel = current.tunnel if current and in_force else None
    return RegistrationView(
        home_address=str(node.home_address),
        home_agent=str(node.home_agent),
        state=node.state,
        registered=in_force,
        care_of=current.care_of if current else None,
        care_of_address=str(current.care_of_address) if current else None,
        interface=current.interface if current else None,
        agent=str(current.agent) if current and current.agent else None,
        granted_lifetime_seconds=lifetime,
        remaining_seconds=_remaining(current.expires_at, now) if current and in_force and lifetime else None,
        last_denial=node.last_denial,
        clock_offset_seconds=node.clock_offset,
        encapsulation=tunnel.encapsulation if tunnel else None,
        reverse_tunnel=tunnel.reverse if tunnel else None,
        nat_traversal=tunnel.nat_traversal if tunnel else None,
        keepalive_seconds=tunnel.keepalive_interval if tunnel else None,
    )


def links(node: MobileNodeSnapshot, now: float) -> list[LinkView]:
    return [
        LinkView(
            name=entry.name,
            state=entry.state,
            addresses=[str(address) for address in entry.addresses],
            score=entry.score,
            why=entry.why,
            metered=entry.metered,
            leaving=entry.leaving,
            wanted=entry.name == node.wanted_link,
            preferred=entry.name == node.preferred_link,
            trusted_in_seconds=None if entry.trusted_at is None else round(max(0.0, entry.trusted_at - now), 3),
            delay_seconds=None if entry.delay is None else round(entry.delay, 6),
            loss=None if entry.loss is None else round(entry.loss, 3),
        )
        for entry in node.links
    ]


def handover(notice: HandedOver, at: float, clock: Clock) -> HandoverView:
    fields: dict[str, object] = msgspec.to_builtins(notice, enc_hook=str)
    return HandoverView(time=clock(at), **{name: fields[name] for name in HANDOVER_FIELDS})  # type: ignore[arg-type]


HANDOVER_FIELDS = [name for name in HandoverView.__struct_fields__ if name != "time"]
"""As they are in the notice."""


_DIRECTIONS = {
    "BindingRoute": "to the mobile node",
    "BroadcastRoute": "broadcasts to the mobile node",
    "ReverseExit": "from the mobile node",
    "VisitorRoute": "to the visitor",
    "VisitorReverse": "from the visitor",
    "TunnelExit": "to us",
    "ReverseTunnel": "from us",
    "BroadcastExit": "broadcasts to us",
}


def tunnel(use: TunnelUse, now: float) -> TunnelView:
    kind, subject = use.wish
    words = subject.split("/")
    return TunnelView(
        local=str(use.tunnel.local),
        remote=str(use.tunnel.remote),
        encapsulation=use.tunnel.encapsulation.value,
        home_address=words[0] if kind == "BroadcastExit" or len(words) == 1 else words[1],
        direction=_DIRECTIONS.get(kind, kind),
        packets=use.packets,
        octets=use.octets,
        last_packet_seconds_ago=round(max(0.0, now - use.at), 3) if use.packets else None,
    )


def verdict(
    home: HomeAgentSnapshot | None, foreign: ForeignAgentSnapshot | None, node: MobileNodeSnapshot | None, now: float
) -> str:
    """The first line of `mip status`: how things are, in words."""
    parts = []
    if node is not None:
        parts.append(_node_verdict(node, now))
    if home is not None:
        parts.append(f"home agent {home.address} serves {_count(len(home.bindings), 'binding')}")
    if foreign is not None:
        busy = ", busy" if foreign.busy else ""
        parts.append(f"foreign agent {foreign.care_of_address} has {_count(len(foreign.visitors), 'visitor')}{busy}")
    return "; ".join(parts)


def _node_verdict(node: MobileNodeSnapshot, now: float) -> str:
    current = node.registration
    if current is None or not is_in_force(node, now):
        return f"{node.home_address} is not registered ({node.state.replace('_', ' ')})"
    if current.care_of == "home":
        return f"{node.home_address} is at home on {current.interface}"
    how = f"foreign agent {current.agent}" if current.care_of == "foreign_agent" else "co-located"
    left = "for ever" if isinf(current.expires_at) else f"{_duration(current.expires_at - now)} left"
    where = f"{current.care_of_address} via home agent {node.home_agent}"
    return f"registered at {where}, {how} on {current.interface}, {left}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} m"
    return f"{seconds / 3600:.0f} h"


def trouble_of(lost: MachineError | None) -> list[str]:
    """The warning that there is no tunnel device now."""
    if lost is None:
        return []
    hint = f"; {lost.hint}" if lost.hint else ""
    return [f"there is no tunnel device, no tunnelled packet passes: {lost}{hint}; it is tried again"]


def warnings(
    home: HomeAgentConfig | None,
    node: MobileNodeSnapshot | None,
    failures: Mapping[str, int],
    unsent: Mapping[str, int],
    code_names: Callable[[int], str],
) -> list[str]:
    """What an operator should look at, each with a hint."""
    found = []
    if home is not None and home.allow_unauthenticated:
        found.append(
            "UNAUTHENTICATED REGISTRATIONS ARE ACCEPTED (home_agent.allow_unauthenticated = true): anybody can take "
            "the packets of a mobile node without a key; for teaching labs alone"
        )
    if node is not None and node.last_denial is not None:
        found.append(f"the last registration was denied: {node.last_denial} ({code_names(node.last_denial)})")
    if node is not None and abs(node.clock_offset) > 1:
        found.append(f"our clock is {-node.clock_offset:+.0f} s off the home agent's: run NTP on both")
    tunnel = node.registration.tunnel if node is not None and node.registration is not None else None
    if tunnel is not None and tunnel.nat_traversal == NOT_UNDERSTOOD:
        found.append("the home agent knows no tunnels in UDP (RFC 3519): if there is a NAT, nothing comes through")
    found += [f"the kernel refused {count} times: {text}" for text, count in sorted(failures.items())]
    found += [f"{count} messages could not be sent: {text}" for text, count in sorted(unsent.items())]
    return found
