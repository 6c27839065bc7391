"""A described packet meets rules as `nft -j -n` lists them."""

from ipaddress import IPv4Address
from typing import Any

import pytest

from mobileip.linux.nftables import Ruleset, parsed
from mobileip.linux.packet_filter import ESTABLISHED, NEW, Fate, Packet, obstacles, rewritings

SIGNALLING: Packet = {"iifname": "eth0", "oifname": "", "l4proto": 17, "dport": 434, "state": NEW, "mark": 0}
TUNNELLED: Packet = {"iifname": "eth0", "oifname": "", "l4proto": 4, "state": NEW}

ACCEPT, DROP = {"accept": None}, {"drop": None}


def meta(key: str, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": {"meta": {"key": key}}, "right": right}}


def payload(protocol: str, field: str, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": {"payload": {"protocol": protocol, "field": field}}, "right": right}}


def state(right: Any) -> dict[str, Any]:
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": right}}


UNKNOWN = {"match": {"op": "==", "left": {"fib": {"result": "type", "flags": ["daddr"]}}, "right": 2}}


def ruleset(
    *rules: list[Any], policy: str = "drop", hook: str = "input", kind: str = "filter", **others: Any
) -> Ruleset:
    """One base chain, `base`, with these rules; `others`: further chains."""
    base = {"family": "inet", "table": "t", "name": "base", "type": kind, "hook": hook, "prio": 0, "policy": policy}
    chains = [{"chain": base}]
    chains += [{"chain": {"family": "inet", "table": "t", "name": name}} for name in others]
    listed = [
        {"rule": {"family": "inet", "table": "t", "chain": name, "handle": number, "expr": expressions}}
        for name, entries in {"base": rules, **others}.items()
        for number, expressions in enumerate(entries, 1)
    ]
    return parsed({"nftables": [*chains, *listed]})


def fate(found: Ruleset, packet: Packet = SIGNALLING) -> Fate:
    met = obstacles(found, "input", packet)
    return met[0].fate if met else Fate.PASSES


# -- policies and verdicts


def test_without_rules_the_policy_decides() -> None:
    assert fate(ruleset()) is Fate.BLOCKED
    assert obstacles(ruleset(), "input", SIGNALLING)[0].rule is None
    assert fate(ruleset(policy="accept")) is Fate.PASSES


def test_other_hooks_and_nat_chains_drop_nothing_here() -> None:
    assert fate(ruleset(hook="output")) is Fate.PASSES
    assert fate(ruleset(kind="nat")) is Fate.PASSES


@pytest.mark.parametrize("last", [DROP, {"reject": {"type": "icmpx"}}, {"xt": {"type": "target", "name": "REJECT"}}])
def test_a_rule_at_the_end_that_drops_is_named(last: dict[str, Any]) -> None:
    met = obstacles(ruleset([{"counter": {}}, {"log": {}}, last], policy="accept"), "input", SIGNALLING)
    assert met[0].fate is Fate.BLOCKED
    assert met[0].rule is not None
    assert met[0].rule.handle == 1


def test_the_first_rule_that_matches_decides() -> None:
    assert fate(ruleset([ACCEPT], [DROP])) is Fate.PASSES
    assert fate(ruleset([DROP], [ACCEPT])) is Fate.BLOCKED


# -- what matches


@pytest.mark.parametrize(
    "matching",
    [
        [meta("iifname", "eth0")],
        [meta("iifname", "eth*")],
        [meta("iif", "eth0")],
        [meta("iifname", {"set": ["lo", "eth0"]})],
        [meta("iifname", "lo", "!=")],
        [meta("l4proto", {"set": [4, 17]})],
        [meta("nfproto", 2)],
        [meta("mark", 0)],
        [payload("udp", "dport", 434)],
        [payload("th", "dport", {"set": [{"range": [430, 440]}, 53]})],
        [payload("udp", "dport", {"set": [{"elem": {"val": 434, "timeout": 5}}]})],
        [payload("ip", "protocol", 17)],
        [state([2, 8])],
        [state(8), payload("udp", "dport", 434), {"notrack": None}],
    ],
    ids=str,
)
def test_a_match_that_is_the_packets(matching: list[Any]) -> None:
    assert fate(ruleset([*matching, ACCEPT])) is Fate.PASSES


@pytest.mark.parametrize(
    "other",
    [
        meta("iifname", "eth1"),
        meta("iifname", {"set": ["lo", "wg*"]}),
        meta("iifname", "eth0", "!="),
        meta("nfproto", 10),
        payload("tcp", "dport", 434),
        payload("tcp", "dport", 22, "!="),
        payload("icmp", "type", 8),
        payload("ip6", "saddr", "fe80::1"),
        payload("udp", "dport", {"range": [1, 400]}),
        state([2, 4]),
    ],
    ids=str,
)
def test_a_match_that_is_not(other: dict[str, Any]) -> None:
    assert fate(ruleset([other, ACCEPT])) is Fate.BLOCKED
    assert fate(ruleset([UNKNOWN, other, ACCEPT])) is Fate.BLOCKED


@pytest.mark.parametrize(
    "unknown",
    [
        UNKNOWN,
        payload("ip", "saddr", {"prefix": {"addr": "10.0.0.0", "len": 8}}),
        payload("udp", "dport", "@ports"),
        payload("udp", "dport", {"concat": [1, 2]}),
        payload("udp", "dport", {"range": ["a", 2]}),
        meta("iifname", {"prefix": {"addr": "10.0.0.0", "len": 8}}),
        meta("skuid", 0),
        {"match": {"op": "==", "left": {"ct": {"key": "mark"}}, "right": 0}},
        {"match": {"op": "==", "left": {"concat": []}, "right": 0}},
        {"match": {"op": "==", "left": {}, "right": 0}},
        {"match": None},
        {"limit": {"rate": 5, "per": "second"}},
        {"xt": None},
        {"xt": {"type": "match", "name": "recent"}},
        {},
    ],
    ids=str,
)
def test_what_can_not_be_known_is_no_certain_acceptance_and_no_drop(unknown: dict[str, Any]) -> None:
    assert fate(ruleset([unknown, ACCEPT])) is Fate.UNSURE
    assert fate(ruleset([unknown, DROP], policy="accept")) is Fate.PASSES
    assert fate(ruleset([unknown, DROP])) is Fate.BLOCKED
    assert fate(ruleset([unknown, ACCEPT], [ACCEPT])) is Fate.PASSES


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ("192.0.2.7", True),
        ({"prefix": {"addr": "192.0.2.0", "len": 24}}, True),
        ({"range": ["192.0.2.1", "192.0.2.9"]}, True),
        ("192.0.2.8", False),
        ({"prefix": {"addr": "10.0.0.0", "len": 8}}, False),
    ],
)
def test_addresses(right: Any, expected: bool) -> None:
    packet = {**SIGNALLING, "saddr": IPv4Address("192.0.2.7")}
    assert fate(ruleset([payload("ip", "saddr", right), ACCEPT]), packet) is (Fate.PASSES if expected else Fate.BLOCKED)


def test_a_stateful_firewall_lets_answers_in() -> None:
    found = ruleset([state([2, 4]), ACCEPT])
    assert fate(found, TUNNELLED) is Fate.BLOCKED
    assert fate(found, {**TUNNELLED, "state": ESTABLISHED}) is Fate.PASSES


# -- jumps and maps


def test_chains_are_entered_and_left() -> None:
    jump, goto = {"jump": {"target": "sub"}}, {"goto": {"target": "sub"}}
    assert fate(ruleset([jump], sub=[[payload("udp", "dport", 434), ACCEPT]])) is Fate.PASSES
    assert fate(ruleset([jump], [ACCEPT], sub=[[{"return": None}], [DROP]])) is Fate.PASSES
    assert fate(ruleset([jump], [ACCEPT], sub=[])) is Fate.PASSES
    assert fate(ruleset([goto], [ACCEPT], sub=[])) is Fate.BLOCKED
    assert fate(ruleset([goto], sub=[[ACCEPT]])) is Fate.PASSES
    assert fate(ruleset([jump], [ACCEPT], sub=[[DROP]])) is Fate.BLOCKED


def test_a_jump_that_may_not_be_taken_decides_nothing() -> None:
    jump, goto = {"jump": {"target": "sub"}}, {"goto": {"target": "sub"}}
    assert fate(ruleset([UNKNOWN, jump], sub=[[ACCEPT]])) is Fate.UNSURE
    assert fate(ruleset([UNKNOWN, jump], [ACCEPT], sub=[[DROP]])) is Fate.PASSES
    assert fate(ruleset([UNKNOWN, goto], [ACCEPT], sub=[])) is Fate.PASSES
    met = obstacles(ruleset([UNKNOWN, jump], sub=[[DROP]]), "input", SIGNALLING)
    assert met[0].rule is None


def test_a_chain_that_may_have_been_left_before_decides_nothing() -> None:
    """As ufw's: what is for a local address returns, all else is dropped; and nobody knows what is local."""
    not_local = [[{"xt": {"type": "match", "name": "addrtype"}}, {"return": None}], [DROP]]
    jump = {"jump": {"target": "not_local"}}
    assert fate(ruleset([jump], [payload("udp", "dport", 434), ACCEPT], not_local=not_local)) is Fate.PASSES
    assert fate(ruleset([jump], not_local=not_local)) is Fate.BLOCKED
    assert obstacles(ruleset([jump], not_local=not_local), "input", SIGNALLING)[0].rule is None
    assert fate(ruleset([jump], not_local=[*not_local[:1], [ACCEPT]])) is Fate.UNSURE


@pytest.mark.parametrize("name", ["conntrack", "state"])
def test_iptables_lets_answers_in_by_a_match_that_is_listed_by_name_alone(name: str) -> None:
    by_state = {"xt": {"type": "match", "name": name}}
    answers = ruleset([meta("iifname", "eth0"), by_state, {"counter": {}}, ACCEPT], [by_state, DROP])
    assert fate(answers) is Fate.BLOCKED
    assert fate(answers, {**SIGNALLING, "state": ESTABLISHED}) is Fate.PASSES
    assert fate(ruleset([payload("udp", "dport", 434), by_state, ACCEPT])) is Fate.UNSURE
    assert fate(ruleset([meta("l4proto", 17), by_state, ACCEPT])) is Fate.UNSURE
    assert fate(ruleset([by_state, DROP], [ACCEPT])) is Fate.PASSES


def test_chains_that_lead_into_one_another_end() -> None:
    assert fate(ruleset([{"jump": {"target": "a"}}], a=[[{"jump": {"target": "a"}}]])) is Fate.BLOCKED


def test_a_packet_that_a_program_judges_may_pass() -> None:
    assert fate(ruleset([{"queue": {"num": 1}}])) is Fate.UNSURE


def vmap(key: dict[str, Any], data: Any) -> dict[str, Any]:
    return {"vmap": {"key": key, "data": data}}


STATE = {"ct": {"key": "state"}}


def test_verdict_maps() -> None:
    states = vmap(STATE, {"set": [[2, {"accept": None}], [1, {"drop": None}], [8, {"jump": {"target": "new"}}]]})
    assert fate(ruleset([states], new=[[ACCEPT]])) is Fate.PASSES
    assert fate(ruleset([states], new=[[DROP]])) is Fate.BLOCKED
    assert fate(ruleset([vmap(STATE, {"set": [[2, {"accept": None}], "odd"]})])) is Fate.BLOCKED
    assert fate(ruleset([vmap(STATE, "@map")], [ACCEPT])) is Fate.PASSES
    unknown = vmap({"ct": {"key": "mark"}}, {"set": [[1, {"drop": None}], [2, {"accept": None}]]})
    assert fate(ruleset([unknown])) is Fate.UNSURE


# -- source addresses


def nat(*rules: list[Any]) -> Ruleset:
    return ruleset(*rules, policy="accept", hook="postrouting", kind="nat")


LEAVING: Packet = {"oifname": "eth0", "saddr": IPv4Address("192.0.2.7"), "state": NEW}


@pytest.mark.parametrize("target", [{"masquerade": None}, {"snat": {"addr": "192.0.2.1"}}])
def test_a_rule_that_rewrites_is_found(target: dict[str, Any]) -> None:
    (found,) = rewritings(nat([meta("oifname", "eth0"), target]), LEAVING)
    assert found.is_sure
    assert found.rule.handle == 1
    (found,) = rewritings(nat([UNKNOWN, target]), LEAVING)
    assert not found.is_sure


def test_what_is_exempt_or_elsewhere_is_not_rewritten() -> None:
    masquerade = [meta("oifname", "eth0"), {"masquerade": None}]
    assert rewritings(nat([payload("ip", "saddr", "192.0.2.7"), ACCEPT], masquerade), LEAVING) == []
    assert rewritings(nat([meta("oifname", "eth1"), {"masquerade": None}]), LEAVING) == []
    assert rewritings(ruleset([{"masquerade": None}], hook="postrouting"), LEAVING) == []
