"""What a packet filter would do with a packet that is described, not sent: rules are read as the kernel reads them.

Pure. Where a rule asks for something that the description does not say, nobody knows whether it matches: a rule that
would accept then makes the answer `UNSURE` instead of `BLOCKED`, and one that would drop (an invalid state, a list of
bad addresses) is passed over. iptables' own matches are listed by name alone; a rule that accepts by connection state
and by no protocol is taken for the one that lets answers in.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import msgspec

from mobileip.linux.nftables import BaseChain, ChainName, Expression, NftRule, Ruleset

NEW, ESTABLISHED = 8, 2
"""States of connection tracking as `nft -n` writes them."""
UDP, IPV4 = 17, 2
TRANSPORTS = {"tcp": 6, "udp": UDP, "udplite": 136, "sctp": 132, "dccp": 33, "icmp": 1, "ah": 51, "esp": 50}

Packet = Mapping[str, int | str | IPv4Address]
"""What is known of it: iifname, oifname, l4proto, saddr, daddr, sport, dport, state, mark; by the names of nft. What is
not there is unknown."""


class Fate(StrEnum):
    PASSES = "passes"
    UNSURE = "unsure"
    BLOCKED = "blocked"


class Obstacle(msgspec.Struct, frozen=True):
    """A base chain that drops a packet. `rule` None: by its policy."""

    chain: BaseChain
    fate: Fate
    rule: NftRule | None = None


class Rewriting(msgspec.Struct, frozen=True):
    """A rule that changes a packet's source address; not `is_sure`: perhaps."""

    rule: NftRule
    is_sure: bool


def obstacles(ruleset: Ruleset, hook: str, packet: Packet) -> list[Obstacle]:
    """The base chains at a hook which this packet does not get through."""
    found = []
    for chain in ruleset.base_chains:
        if chain.hook != hook or chain.kind == "nat":
            continue
        walk = _Walk(ruleset, packet, sought=("accept", "queue"))
        verdict = walk.through(chain.name) or chain.policy
        if verdict == "drop":
            fate = Fate.UNSURE if walk.perhaps is not None else Fate.BLOCKED
            found.append(Obstacle(chain, fate, walk.decided_by))
    return found


def rewritings(ruleset: Ruleset, packet: Packet) -> list[Rewriting]:
    """Rules by which the packet would leave (hook postrouting) with another source address."""
    found = []
    for chain in ruleset.base_chains:
        if chain.hook == "postrouting" and chain.kind == "nat":
            walk = _Walk(ruleset, packet, sought=("rewrite",))
            if walk.through(chain.name) == "rewrite" and walk.decided_by is not None:
                found.append(Rewriting(walk.decided_by, is_sure=True))
            elif walk.perhaps is not None:
                found.append(Rewriting(walk.perhaps, is_sure=False))
    return found


class _Walk:
    """One packet through one base chain. `perhaps`: a rule that would have given a verdict that is sought, if it had
    matched for sure."""

    def __init__(self, ruleset: Ruleset, packet: Packet, sought: Sequence[str]) -> None:
        self._ruleset = ruleset
        self._packet = packet
        self._sought = sought
        self.perhaps: NftRule | None = None
        self.decided_by: NftRule | None = None

    def through(self, chain: ChainName, visited: frozenset[ChainName] = frozenset()) -> str | None:
        """The verdict; None when the packet comes out at the end."""
        if chain in visited:
            return None  # the kernel allows no loops
        may_have_left = False
        for rule in self._ruleset.rules.get(chain, ()):
            matches, (verdict, target) = _read(rule, self._packet)
            if matches is False:
                continue
            if target is not None:
                verdict = self._followed(verdict, ChainName(chain.family, chain.table, target), visited | {chain})
            if verdict is None:
                continue
            if matches is None:
                may_have_left |= verdict == "return" and target is None
                self._perhaps(rule, verdict)
            elif verdict == "return":
                return None
            elif verdict == "queue" or may_have_left:
                # A program decides, or the packet may have been through with this chain before: it goes on as well.
                self._perhaps(rule, verdict)
                return None
            else:
                self.decided_by = self.decided_by or rule
                return verdict
        return None

    def _followed(self, how: str | None, target: ChainName, visited: frozenset[ChainName]) -> str | None:
        """The verdict of a chain that is jumped to. One that was gone to does not come back to the rules behind."""
        return self.through(target, visited) or ("return" if how == "goto" else None)

    def _perhaps(self, rule: NftRule, verdict: str) -> None:
        """What a rule may have decided, or a chain that may have been entered: nothing for sure."""
        self.decided_by = None
        if verdict in self._sought:
            self.perhaps = self.perhaps or rule


_Verdict = tuple[str | None, str | None]
"""accept | drop | return | goto | queue | rewrite, None: goes on; and the chain to go on in."""

_NO_VERDICT: _Verdict = (None, None)
_PLAIN = {
    "accept": "accept",
    "drop": "drop",
    "reject": "drop",
    "return": "return",
    "queue": "queue",
    "masquerade": "rewrite",
    "snat": "rewrite",
}
_XT = {"REJECT": "drop", "DROP": "drop", "ACCEPT": "accept", "MASQUERADE": "rewrite", "SNAT": "rewrite"}
_HARMLESS = frozenset(
    {"counter", "log", "mangle", "notrack", "ct helper", "set", "flow", "jump", "goto", "continue", *_PLAIN}
)
"""Expressions that change nothing about whether what follows is done."""


def _read(rule: NftRule, packet: Packet) -> tuple[bool | None, _Verdict]:
    """Whether a rule matches (None: unknown), and what it does then."""
    matches: bool | None = True
    verdict = _NO_VERDICT
    by_state = False
    for expression in rule.expressions:
        (kind, body), *_ = expression.items() or [("", None)]
        if kind == "xt" and _is_state_match(body):
            by_state = True
        elif kind == "match":
            matches = _both(matches, _matches(body, packet))
        elif kind == "vmap":
            known, verdict = _mapped(body, packet)
            matches = _both(matches, known)
        elif kind == "xt":
            is_target, verdict = _extension(body)
            matches = _both(matches, True if is_target else None)
        else:
            matches = _both(matches, True if kind in _HARMLESS else None)
            verdict = _verdict_of(expression) if kind in _HARMLESS else verdict
        if matches is False:
            break
    if by_state:
        lets_answers_in = verdict[0] == "accept" and not any(_names_protocol(e) for e in rule.expressions)
        matches = _both(matches, packet.get("state") == ESTABLISHED if lets_answers_in else None)
    return matches, verdict


def _is_state_match(body: Any) -> bool:
    return isinstance(body, dict) and body.get("type") == "match" and body.get("name") in ("conntrack", "state")


def _names_protocol(expression: Expression) -> bool:
    left = expression["match"].get("left") if isinstance(expression.get("match"), dict) else None
    return isinstance(left, dict) and ("payload" in left or left.get("meta") == {"key": "l4proto"})


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _verdict_of(expression: Expression) -> _Verdict:
    for kind, body in expression.items():
        if kind in ("jump", "goto") and isinstance(body, dict):
            return kind, str(body.get("target"))
        if kind in _PLAIN:
            return _PLAIN[kind], None
    return _NO_VERDICT


def _extension(body: Any) -> tuple[bool, _Verdict]:
    """What iptables-nft writes for a match or a target that nft has no words for; older ones don't name it."""
    name = body.get("name") if isinstance(body, dict) else None
    if isinstance(body, dict) and body.get("type") == "target":
        return True, (_XT.get(str(name)), None)
    return False, _NO_VERDICT


def _mapped(body: Any, packet: Packet) -> tuple[bool | None, _Verdict]:
    """A verdict map: by the first element that is the packet's; a map with a name has its contents elsewhere."""
    data = body.get("data") if isinstance(body, dict) else None
    elements = data.get("set") if isinstance(data, dict) else None
    if not isinstance(elements, list):
        return None, _NO_VERDICT
    possible = [
        (matches, _verdict_of(element[1]))
        for element in elements
        if isinstance(element, list) and len(element) == 2 and isinstance(element[1], dict)
        if (matches := _matches({"left": body.get("key"), "right": element[0]}, packet)) is not False
    ]
    if not possible:
        return False, _NO_VERDICT
    # Where nobody knows which, the kindest one is looked at: only that may tell whether the packet passes.
    return min(possible, key=lambda each: (each[0] is None, each[1][0] != "accept"))


def _matches(body: Any, packet: Packet) -> bool | None:
    if not isinstance(body, dict):
        return None
    known = _left(body.get("left"), packet)
    if isinstance(known, bool):
        return known
    if known is None:
        return None
    equal = _equals(known, body.get("right"))
    if equal is None:
        return None
    return not equal if body.get("op") == "!=" else equal


def _left(left: Any, packet: Packet) -> int | str | IPv4Address | None:
    """What a match looks at: the packet's value; None: unknown; False: no such header is in the packet."""
    (kind, body), *_ = left.items() if isinstance(left, dict) and left else [("", None)]
    if not isinstance(body, dict):
        return None
    if kind == "meta":
        return _meta(str(body.get("key")), packet)
    if kind == "ct":
        return packet.get("state") if body.get("key") == "state" else None
    return _payload(str(body.get("protocol")), str(body.get("field")), packet) if kind == "payload" else None


_META = {"iifname": "iifname", "iif": "iifname", "oifname": "oifname", "oif": "oifname", "l4proto": "l4proto"}


def _meta(key: str, packet: Packet) -> int | str | IPv4Address | None:
    if key == "nfproto":
        return IPV4
    return packet.get(_META.get(key, key))


def _payload(protocol: str, field: str, packet: Packet) -> int | str | IPv4Address | None:
    if protocol == "ip":
        return packet.get({"protocol": "l4proto"}.get(field, field))
    if protocol in ("ip6", "icmpv6", "arp"):
        return False
    transport = packet.get("l4proto")
    if protocol in TRANSPORTS and transport is not None and transport != TRANSPORTS[protocol]:
        return False
    return packet.get(field) if protocol in ("udp", "th") else None


def _equals(known: int | str | IPv4Address, right: Any) -> bool | None:
    """Whether a value is what is asked for: a value, a prefix, a range, or any of several; None: can't be told."""
    answers = [_is(known, value) for value in _alternatives(right)]
    if True in answers:
        return True
    return None if None in answers else False


def _alternatives(right: Any) -> Iterator[Any]:
    if isinstance(right, dict) and isinstance(right.get("set"), list):
        right = right["set"]
    for value in right if isinstance(right, list) else [right]:
        element = value.get("elem") if isinstance(value, dict) else None
        yield element.get("val") if isinstance(element, dict) else value


def _is(known: int | str | IPv4Address, value: Any) -> bool | None:
    if isinstance(value, dict):
        return _is_within(known, value)
    if isinstance(value, str) and value.startswith("@"):
        return None  # a named set: who knows what is in it
    if isinstance(known, IPv4Address):
        return bool(str(known) == value)
    if isinstance(known, str) and isinstance(value, str) and value.endswith("*"):
        return known.startswith(value[:-1])
    return bool(known == value) if type(known) is type(value) else None


def _is_within(known: int | str | IPv4Address, value: Mapping[str, Any]) -> bool | None:
    try:
        if "prefix" in value:
            network = IPv4Network(f"{value['prefix']['addr']}/{value['prefix']['len']}")
            return bool(known in network) if isinstance(known, IPv4Address) else None
        low, high = value["range"]
        if isinstance(known, IPv4Address):
            return IPv4Address(low) <= known <= IPv4Address(high)
        return bool(low <= known <= high)
    except (KeyError, TypeError, ValueError):
        return None
