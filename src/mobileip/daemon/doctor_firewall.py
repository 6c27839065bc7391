"""The firewall's part of `mip doctor`: what has to pass for the roles of a configuration, what stands in its way, and
the rules that would let it pass.
"""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

import msgspec

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.foreign.config import ReverseTunnels as Offered
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.config import ReverseTunnels as Allowed
from mobileip.agents.mobile.config import MobileNodeConfig, ReverseTunnelling
from mobileip.control.schema import FindingView
from mobileip.daemon.doctor_facts import Facts
from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.linux.firewall_opening import COMMENT, Opening
from mobileip.linux.nftables import Ruleset
from mobileip.linux.packet_filter import (
    ESTABLISHED,
    NEW,
    UDP,
    Fate,
    Obstacle,
    Packet,
    Rewriting,
    obstacles,
    rewritings,
)
from mobileip.wire.ip.ipv4 import PROTOCOL_GRE, PROTOCOL_IPIP, PROTOCOL_MINIMAL
from mobileip.wire.numbers import MOBILE_IP_UDP_PORT

OK, WARNING, PROBLEM = "ok", "warning", "problem"

PROTOCOLS = {
    Encapsulation.IPIP: PROTOCOL_IPIP,
    Encapsulation.GRE: PROTOCOL_GRE,
    Encapsulation.MINIMAL: PROTOCOL_MINIMAL,
}
NAMES = {PROTOCOL_IPIP: "4 (IP-in-IP)", PROTOCOL_GRE: "47 (GRE)", PROTOCOL_MINIMAL: "55 (minimal encapsulation)"}

STRANGER = IPv4Address("203.0.113.1")
"""Stands for a visitor's home address as long as there is none: it belongs to no network of this machine."""


class Need(msgspec.Struct, frozen=True):
    """Packets that have to pass a hook."""

    what: str
    hook: str
    packet: Packet
    match: str
    """Of a rule that would let them pass, as `nft` wants it."""
    why: str
    """What does not work when they don't."""
    answers_suffice: bool = False
    """Whether most works where only answers to what we sent may pass."""


def needs(facts: Facts) -> tuple[Need, ...]:
    """What has to pass for this configuration, each once."""
    configuration = facts.configuration
    if configuration is None:
        return ()
    found: list[Need] = []
    if configuration.home_agent is not None:
        found += _home_agent(facts, configuration.home_agent)
    if configuration.foreign_agent is not None:
        found += _foreign_agent(facts, configuration.foreign_agent)
    if configuration.mobile_node is not None:
        found += _mobile_node(configuration.mobile_node)
    return tuple({(need.hook, need.match, need.what): need for need in reversed(found)}.values())[::-1]


def _home_agent(facts: Facts, config: HomeAgentConfig) -> Iterator[Need]:
    yield _signalling("input", facts.uplink, "no Registration Request arrives")
    yield _signalling("output", facts.uplink, "no Registration Reply leaves")
    has_reverse_tunnels = config.reverse_tunnel is not Allowed.REFUSED
    for protocol in _protocols(config.encapsulations):
        yield _tunnelled("output", facts.uplink, protocol, "such tunnels bring nothing to mobile nodes")
        if has_reverse_tunnels:
            yield _tunnelled(
                "input", facts.uplink, protocol, "such reverse tunnels bring nothing", answers_suffice=True
            )
    yield _forwarded(facts.uplink, facts.device, f'oifname "{facts.device}"', "nothing reaches a mobile node away")
    if config.home_link is not None:
        match = f'oifname "{facts.device}"'
        yield _forwarded(config.home_link, facts.device, match, "its neighbours at home don't reach it")
    if has_reverse_tunnels:
        yield _forwarded(facts.device, facts.uplink, f'iifname "{facts.device}"', "reverse tunnels lead nowhere")


def _foreign_agent(facts: Facts, config: ForeignAgentConfig) -> Iterator[Need]:
    why = "only answers of home agents arrive: no revocation, and no tunnel in UDP that they begin"
    yield _signalling("input", facts.uplink, why, answers_suffice=True)
    yield _signalling("output", facts.uplink, "no Registration Request is relayed")
    has_reverse_tunnels = config.reverse_tunnel is not Offered.OFF
    for protocol in () if config.behind_nat else _protocols(config.encapsulations):
        yield _tunnelled("input", facts.uplink, protocol, "such tunnels bring nothing to visitors")
        if has_reverse_tunnels:
            yield _tunnelled("output", facts.uplink, protocol, "such reverse tunnels take nothing from visitors")
    for link in config.links:
        if has_reverse_tunnels:
            match = f'oifname "{facts.device}"'
            yield _forwarded(link, facts.device, match, "nothing comes from visitors by a reverse tunnel")
        if not config.needs_reverse_tunnel:
            yield _forwarded(link, facts.uplink, f'iifname "{link}"', "what visitors send straight goes nowhere")


def _mobile_node(config: MobileNodeConfig) -> Iterator[Need]:
    for link in config.links:
        why = "no home agent can revoke a registration"
        yield _signalling("input", link, why, answers_suffice=True)
        yield _signalling("output", link, "no Registration Request leaves")
        if not config.colocated:
            continue
        is_two_way = config.reverse_tunnel is not ReverseTunnelling.OFF
        for protocol in _protocols((Encapsulation.IPIP, config.encapsulation)):
            why = "nothing arrives by such a tunnel with a co-located care-of address, unless it is in UDP"
            yield _tunnelled("input", link, protocol, why, answers_suffice=is_two_way)
            if is_two_way:
                yield _tunnelled("output", link, protocol, "nothing leaves by such a reverse tunnel")


def _protocols(encapsulations: tuple[Encapsulation, ...]) -> list[int]:
    return sorted({PROTOCOLS[encapsulation] for encapsulation in encapsulations})


def _signalling(hook: str, link: str | None, why: str, *, answers_suffice: bool = False) -> Need:
    packet = _packet(hook, link, l4proto=UDP, dport=MOBILE_IP_UDP_PORT, sport=MOBILE_IP_UDP_PORT)
    match = f"udp {'dport' if hook == 'input' else 'sport'} {MOBILE_IP_UDP_PORT}"
    return Need(f"UDP port {MOBILE_IP_UDP_PORT}", hook, packet, match, why, answers_suffice)


def _tunnelled(hook: str, link: str | None, protocol: int, why: str, *, answers_suffice: bool = False) -> Need:
    packet = _packet(hook, link, l4proto=protocol)
    return Need(f"protocol {NAMES[protocol]}", hook, packet, f"meta l4proto {protocol}", why, answers_suffice)


def _packet(hook: str, link: str | None, **known: int) -> Packet:
    """A new one that comes in or leaves; an unknown link (None) matches no rule for sure, and none not."""
    ours = SIGNALLING_MARK if hook == "output" else 0
    here, there = ("iifname", "oifname") if hook == "input" else ("oifname", "iifname")
    packet: dict[str, int | str | IPv4Address] = {there: "", "state": NEW, "mark": ours, **known}
    if link is not None:
        packet[here] = link
    return packet


def _forwarded(one: str | None, other: str | None, match: str, why: str) -> Need:
    packet: dict[str, int | str | IPv4Address] = {"state": NEW}
    packet.update((key, link) for key, link in (("iifname", one), ("oifname", other)) if link is not None)
    return Need(f"what goes from {one or 'elsewhere'} to {other or 'elsewhere'}", "forward", packet, match, why)


# -- what it comes to


def openings(facts: Facts) -> list[Opening]:
    """Accept rules for the chains that drop what has to pass: UDP port 434, tunnel protocols, our own device."""
    if facts.ruleset is None:
        return []
    found = [
        Opening(obstacle.chain.name, need.match)
        for need in needs(facts)
        if need.hook != "forward" or facts.device in need.packet.values()
        for obstacle in obstacles(facts.ruleset, need.hook, need.packet)
        if obstacle.fate is Fate.BLOCKED
    ]
    return list(dict.fromkeys(found))


def _visible(facts: Facts) -> Iterator[FindingView]:
    if facts.configuration is None:
        return
    if facts.ruleset is None:
        yield FindingView(
            check="firewall",
            verdict=WARNING,
            found=f"what it lets pass can't be seen: {facts.ruleset_trouble}",
            advice="install nftables, run mip doctor again; UDP port 434 and the tunnels' protocols have to pass",
        )
    if facts.legacy_tables:
        yield FindingView(
            check="firewall",
            verdict=WARNING,
            found=f"old tables of iptables can't be seen by nft: {', '.join(facts.legacy_tables)}",
            advice="look with iptables-legacy -S; UDP port 434 and the tunnels' protocols have to pass",
        )


def _opened(facts: Facts) -> Iterator[FindingView]:
    for rule in facts.opened:
        found = f"opened by the daemon until it ends ([daemon] open_firewall): {rule}"
        yield FindingView(check="firewall", verdict=OK, found=found)
    if facts.configuration is None or facts.ruleset is None:
        return
    missing = len(facts.opened) - len(facts.ruleset.commented(COMMENT))
    if missing > 0:
        found = f"{missing} of these rules are gone: someone loaded the firewall anew"
        yield FindingView(check="firewall", verdict=WARNING, found=found, advice="mip restart puts them back")
    elif not facts.configuration.daemon.open_firewall and (rules := openings(facts)):
        found = (
            f"with [daemon] open_firewall = true the daemon would open it for itself, by {len(rules)} rules of its own"
        )
        yield FindingView(check="firewall", verdict=OK, found=found)


def _passing(facts: Facts) -> Iterator[FindingView]:
    if facts.ruleset is None:
        return
    for hook, words in (("input", "comes in"), ("output", "leaves"), ("forward", "is forwarded")):
        of_hook = [need for need in needs(facts) if need.hook == hook]
        findings = [finding for need in of_hook for finding in _judged(facts.ruleset, need)]
        yield from findings
        if of_hook and not findings:
            names = ", ".join(dict.fromkeys(need.what for need in of_hook))
            yield FindingView(check="firewall", verdict=OK, found=f"{words}: {names}")


def _judged(ruleset: Ruleset, need: Need) -> Iterator[FindingView]:
    for obstacle in obstacles(ruleset, need.hook, need.packet):
        where = f"chain {obstacle.chain.name} ({_by(obstacle)})"
        advice = _advice(obstacle, need)
        if obstacle.fate is Fate.UNSURE:
            found = f"{where} may drop {need.what}: it depends on what can't be told from here. Then {need.why}"
            yield FindingView(check="firewall", verdict=WARNING, found=found, advice=advice)
            continue
        answers = obstacles(ruleset, need.hook, {**need.packet, "state": ESTABLISHED})
        only_answers = need.answers_suffice and obstacle.chain not in [other.chain for other in answers]
        exception = " but answers to what we sent" if only_answers else ""
        found = f"{where} drops {need.what}{exception}: {need.why}"
        yield FindingView(check="firewall", verdict=WARNING if only_answers else PROBLEM, found=found, advice=advice)


def _by(obstacle: Obstacle) -> str:
    return "its policy" if obstacle.rule is None else f"its rule with handle {obstacle.rule.handle}"


def _advice(obstacle: Obstacle, need: Need) -> str:
    """The command for whoever manages that chain; at last the one that always works, until the next reload."""
    chain = obstacle.chain.name
    nft = f"nft insert rule {chain} {need.match} accept"
    if chain.table == "firewalld":
        return f"{_firewalld(need)} (with --permanent it lasts), or: {nft}"
    if chain.table == "filter" and chain.name in ("INPUT", "FORWARD", "OUTPUT"):
        words = need.match.split()
        option = {"udp": f"-p udp --{words[1]} {words[-1]}", "meta": f"-p {words[-1]}"}.get(
            words[0], f"-{words[0][0]} {words[-1].strip(chr(34))}"
        )
        ufw = f"ufw {_ufw(need)} (if ufw is in use), or: " if _ufw(need) else ""
        return f"{ufw}iptables -I {chain.name} {option} -j ACCEPT"
    return nft


def _firewalld(need: Need) -> str:
    link = need.match.split()[-1].strip('"')
    match need.hook, need.match.split()[0]:
        case "forward", _:
            return f"firewall-cmd --zone=trusted --add-interface={link}"
        case _, "udp":
            return f"firewall-cmd --add-port={MOBILE_IP_UDP_PORT}/udp"
        case _:
            return f"firewall-cmd --add-protocol={link}"


def _ufw(need: Need) -> str:
    direction, _, link = need.match.partition(" ")
    if need.hook == "forward":
        return f"route allow {'in' if direction == 'iifname' else 'out'} on {link.strip(chr(34))}"
    if direction == "udp":
        return f"allow {'out ' if need.hook == 'output' else ''}{MOBILE_IP_UDP_PORT}/udp"
    return ""  # ufw knows no such protocols; its before.rules take the line of iptables


# -- rewritten source addresses


def _rewritten(facts: Facts) -> Iterator[FindingView]:
    configuration = facts.configuration
    if configuration is None or facts.ruleset is None:
        return
    home, foreign = configuration.home_agent, configuration.foreign_agent
    ends = [home.address] if home is not None else []
    ends += [foreign.care_of_address] if foreign is not None else []
    for end in dict.fromkeys(ends):
        yield from _rewritten_tunnels(facts, facts.ruleset, end)
    if home is not None and home.reverse_tunnel is not Allowed.REFUSED:
        packet = _leaving(facts, home.home_network.network_address + 1, iifname=facts.device)
        for found in rewritings(facts.ruleset, packet):
            exempt = _exempt(found, f'iifname "{facts.device}"')
            yield _rewriting(found, "what mobile nodes send by reverse tunnels", "it bears another address", exempt)
    if foreign is not None and not foreign.needs_reverse_tunnel:
        for link in foreign.links:
            yield from _rewritten_visitors(facts, facts.ruleset, link)


def _rewritten_tunnels(facts: Facts, ruleset: Ruleset, end: IPv4Address) -> Iterator[FindingView]:
    packet = _leaving(facts, end, l4proto=PROTOCOL_IPIP, mark=SIGNALLING_MARK, iifname="")
    for found in rewritings(ruleset, packet):
        if not (end == facts.uplink_address and _is_masquerade(found)):
            why = "the other end drops what comes from elsewhere"
            yield _rewriting(found, f"tunnel packets from {end}", why, _exempt(found, f"ip saddr {end}"))


def _rewritten_visitors(facts: Facts, ruleset: Ruleset, link: str) -> Iterator[FindingView]:
    for visitor in facts.visitors or (STRANGER,):
        who = f"what visitors on {link} send" if visitor == STRANGER else f"what {visitor} sends"
        why = "it bears our address, so connections to home addresses break"
        advice = f"let it rewrite the addresses of {link}'s own network alone: ip saddr NETWORK masquerade"
        for found in rewritings(ruleset, _leaving(facts, visitor, iifname=link)):
            yield _rewriting(found, who, why, advice)


def _leaving(facts: Facts, source: IPv4Address, **known: int | str) -> Packet:
    packet: dict[str, int | str | IPv4Address] = {"saddr": source, "state": NEW, **known}
    if facts.uplink is not None:
        packet["oifname"] = facts.uplink
    return packet


def _is_masquerade(found: Rewriting) -> bool:
    """Then the new address is the link's own."""
    by_iptables = {"type": "target", "name": "MASQUERADE"}
    return any(
        "masquerade" in expression or expression.get("xt") == by_iptables for expression in found.rule.expressions
    )


def _exempt(found: Rewriting, match: str) -> str:
    return f"nft insert rule {found.rule.chain} {match} accept"


def _rewriting(found: Rewriting, what: str, why: str, advice: str) -> FindingView:
    rule = found.rule
    words = "rewrites" if found.is_sure else "may rewrite"
    return FindingView(
        check="NAT",
        verdict=PROBLEM if found.is_sure else WARNING,
        found=f"rule {rule.handle} of {rule.chain} {words} the source address of {what}: {why}",
        advice=advice,
    )


CHECKS: tuple[Callable[[Facts], Iterator[FindingView]], ...] = (_visible, _opened, _passing, _rewritten)
