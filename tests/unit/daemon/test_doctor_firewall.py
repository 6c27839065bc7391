"""What has to pass a firewall, what is in its way, and the commands that would open it; tests/netns tries them."""

from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file

from mobileip.control.schema import FindingView
from mobileip.daemon.config_file import Configuration, parse
from mobileip.daemon.doctor import examine
from mobileip.daemon.doctor_facts import Facts
from mobileip.daemon.doctor_firewall import openings
from mobileip.linux.nftables import BaseChain, ChainName, NftRule, Ruleset

Configured = Callable[..., Configuration]

ANSWERS = {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": [2, 4]}}
ACCEPT, MASQUERADE = {"accept": None}, {"masquerade": None}
UNKNOWN = {"xt": None}


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """A configuration of one role with these keys."""
    key_file(tmp_path)

    def make(role: str, **changed: Any) -> Configuration:
        document: dict[str, Any] = documents()[role]
        document[role] |= changed
        return parse(document, tmp_path)

    return make


def closed(hook: str, *rules: list[Any], name: ChainName | None = None, kind: str = "filter") -> Ruleset:
    """A chain that drops by its policy (or, for nat, accepts)."""
    chain = name or ChainName("inet", "filter", hook)
    policy = "accept" if kind == "nat" else "drop"
    listed = [NftRule(chain, handle, tuple(expressions)) for handle, expressions in enumerate(rules, 1)]
    return Ruleset((BaseChain(chain, kind, hook, policy=policy),), {chain: listed})


def facts(configuration: Configuration | None, ruleset: Ruleset | None, **known: Any) -> Facts:
    return Facts(configuration=configuration, ruleset=ruleset, **({"uplink": "eth0"} | known))


def bad(given: Facts) -> list[FindingView]:
    return [f for f in examine(given).findings if f.check in ("firewall", "NAT") and f.verdict != "ok"]


def whats(given: Facts) -> list[tuple[str, str]]:
    """Verdict and advice of what is not well."""
    return [(finding.verdict, finding.advice) for finding in bad(given)]


IN, FORWARD, OUT = (f"nft insert rule inet filter {hook}" for hook in ("input", "forward", "output"))
IPIP_ONLY = {"encapsulations": ["ipip"]}


# -- what has to pass


def test_a_home_agent_needs_requests_and_what_goes_into_and_out_of_its_tunnels(configured: Configured) -> None:
    agent = configured("home_agent", **IPIP_ONLY, home_link="eth1")
    assert whats(facts(agent, closed("input"))) == [
        ("problem", f"{IN} udp dport 434 accept"),
        ("problem", f"{IN} meta l4proto 4 accept"),
    ]
    assert whats(facts(agent, closed("output"))) == [
        ("problem", f"{OUT} udp sport 434 accept"),
        ("problem", f"{OUT} meta l4proto 4 accept"),
    ]
    assert whats(facts(agent, closed("forward"))) == [
        ("problem", f'{FORWARD} oifname "mip0" accept'),
        ("problem", f'{FORWARD} oifname "mip0" accept'),
        ("problem", f'{FORWARD} iifname "mip0" accept'),
    ]


def test_a_home_agent_without_reverse_tunnels_hears_no_tunnel(configured: Configured) -> None:
    agent = configured("home_agent", reverse_tunnel="refused", nat_traversal=False)
    assert whats(facts(agent, closed("input"))) == [("problem", f"{IN} udp dport 434 accept")]
    assert whats(facts(agent, closed("forward"))) == [("problem", f'{FORWARD} oifname "mip0" accept')]


def test_where_only_answers_pass_a_home_agent_serves_nobody(configured: Configured) -> None:
    told = whats(facts(configured("home_agent", **IPIP_ONLY), closed("input", [ANSWERS, ACCEPT])))
    assert [verdict for verdict, _ in told] == ["problem", "warning"]


def test_where_only_answers_pass_a_foreign_agent_registers_but_hears_no_tunnel(configured: Configured) -> None:
    told = bad(facts(configured("foreign_agent", **IPIP_ONLY), closed("input", [ANSWERS, ACCEPT])))
    assert [finding.verdict for finding in told] == ["warning", "problem"]
    assert "but answers to what we sent" in told[0].found


def test_a_foreign_agents_visitors_are_forwarded(configured: Configured) -> None:
    agent = configured("foreign_agent")
    assert whats(facts(agent, closed("forward"))) == [
        ("problem", f'{FORWARD} oifname "mip0" accept'),
        ("problem", f'{FORWARD} iifname "eth1" accept'),
    ]
    only_reverse = configured("foreign_agent", reverse_tunnel="required")
    assert len(whats(facts(only_reverse, closed("forward")))) == 1
    only_straight = configured("foreign_agent", reverse_tunnel="off", **IPIP_ONLY)
    assert whats(facts(only_straight, closed("forward"))) == [("problem", f'{FORWARD} iifname "eth1" accept')]
    assert whats(facts(only_straight, closed("output"))) == [("problem", f"{OUT} udp sport 434 accept")]


def test_a_foreign_agent_behind_a_nat_has_its_tunnels_in_udp(configured: Configured) -> None:
    agent = configured("foreign_agent", behind_nat=True)
    assert whats(facts(agent, closed("input"))) == [("problem", f"{IN} udp dport 434 accept")]


def test_a_mobile_node_gets_on_behind_a_firewall_for_answers(configured: Configured) -> None:
    node = configured("mobile_node")
    told = whats(facts(node, closed("input", [ANSWERS, ACCEPT])))
    assert {verdict for verdict, _ in told} == {"warning"}
    one_way = configured("mobile_node", reverse_tunnel="off", nat_traversal="off")
    told = whats(facts(one_way, closed("input", [ANSWERS, ACCEPT])))
    assert [verdict for verdict, _ in told] == ["warning", "problem"]
    by_agents = configured("mobile_node", colocated=False)
    assert whats(facts(by_agents, closed("input"))) == [("problem", f"{IN} udp dport 434 accept")]


def test_what_can_not_be_told_is_a_warning(configured: Configured) -> None:
    told = bad(facts(configured("home_agent", **IPIP_ONLY), closed("input", [UNKNOWN, ACCEPT])))
    assert {finding.verdict for finding in told} == {"warning"}
    assert "may drop UDP port 434" in told[0].found


def test_a_rule_that_drops_is_named(configured: Configured) -> None:
    told = bad(facts(configured("home_agent"), closed("input", [{"drop": None}])))
    assert "its rule with handle 1" in told[0].found


def test_an_unknown_uplink_matches_no_rule_for_sure(configured: Configured) -> None:
    by_link = [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}}, ACCEPT]
    told = whats(facts(configured("home_agent"), closed("input", by_link), uplink=None))
    assert {verdict for verdict, _ in told} == {"warning"}


# -- whose firewall it is


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("input", "ufw allow 434/udp (if ufw is in use), or: iptables -I INPUT -p udp --dport 434 -j ACCEPT"),
        ("input", "iptables -I INPUT -p 4 -j ACCEPT"),
        ("output", "ufw allow out 434/udp (if ufw is in use), or: iptables -I OUTPUT -p udp --sport 434 -j ACCEPT"),
        ("forward", "ufw route allow out on mip0 (if ufw is in use), or: iptables -I FORWARD -o mip0 -j ACCEPT"),
        ("forward", "ufw route allow in on mip0 (if ufw is in use), or: iptables -I FORWARD -i mip0 -j ACCEPT"),
    ],
)
def test_chains_of_iptables(configured: Configured, hook: str, expected: str) -> None:
    ruleset = closed(hook, name=ChainName("ip", "filter", hook.upper()))
    assert expected in [advice for _, advice in whats(facts(configured("home_agent"), ruleset))]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("input", "firewall-cmd --add-port=434/udp (with --permanent it lasts)"),
        ("input", "firewall-cmd --add-protocol=4 (with --permanent it lasts)"),
        ("forward", "firewall-cmd --zone=trusted --add-interface=mip0 (with --permanent it lasts)"),
    ],
)
def test_chains_of_firewalld(configured: Configured, hook: str, expected: str) -> None:
    ruleset = closed(hook, name=ChainName("inet", "firewalld", f"filter_{hook}"))
    told = whats(facts(configured("home_agent"), ruleset))
    assert any(advice.startswith(expected) for _, advice in told)


def test_a_firewall_that_can_not_be_seen(configured: Configured) -> None:
    agent = configured("home_agent")
    (told,) = bad(facts(agent, None, ruleset_trouble="nft is not installed"))
    assert (told.verdict, "nft is not installed" in told.found) == ("warning", True)
    (told,) = bad(facts(agent, Ruleset(), legacy_tables=("filter",)))
    assert "iptables-legacy" in told.advice
    assert bad(facts(None, None)) == []
    assert bad(facts(None, Ruleset())) == []


# -- what the daemon opens


def test_nothing_but_signalling_tunnels_and_our_device_is_opened(configured: Configured) -> None:
    agent = configured("foreign_agent", **IPIP_ONLY)
    assert [str(o) for o in openings(facts(agent, closed("input")))] == [
        "inet filter input: udp dport 434 accept",
        "inet filter input: meta l4proto 4 accept",
    ]
    assert [o.match for o in openings(facts(agent, closed("forward")))] == ['oifname "mip0"']
    home = configured("home_agent", home_link="eth1")
    assert [o.match for o in openings(facts(home, closed("forward")))] == ['oifname "mip0"', 'iifname "mip0"']


def test_a_chain_that_perhaps_lets_it_pass_is_left_alone(configured: Configured) -> None:
    assert openings(facts(configured("home_agent"), closed("input", [UNKNOWN, ACCEPT]))) == []
    assert openings(facts(configured("home_agent"), None)) == []


def test_what_was_opened_is_shown_and_missed_when_it_is_gone(configured: Configured) -> None:
    agent = configured("home_agent")
    chain = ChainName("inet", "filter", "input")
    there = Ruleset((), {chain: [NftRule(chain, 7, (), "mobileip")]})
    shown = examine(facts(agent, there, opened=("inet filter input: udp dport 434 accept",))).findings
    assert any("opened by the daemon until it ends" in finding.found for finding in shown)
    (told,) = bad(facts(agent, Ruleset(), opened=("inet filter input: udp dport 434 accept",)))
    assert told.advice == "mip restart puts them back"


def test_that_it_could_be_opened_is_told(configured: Configured) -> None:
    shown = examine(facts(configured("home_agent"), closed("input"))).findings
    assert any("open_firewall = true" in finding.found for finding in shown)


# -- rewritten addresses


def by(link: str) -> dict[str, Any]:
    return {"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": link}}


POSTROUTING = ChainName("ip", "nat", "post")


def nat(*rules: list[Any]) -> Ruleset:
    return closed("postrouting", *rules, name=POSTROUTING, kind="nat")


def test_tunnels_that_are_rewritten(configured: Configured) -> None:
    agent = configured("home_agent", reverse_tunnel="refused", nat_traversal=False)
    (told,) = bad(facts(agent, nat([by("eth0"), MASQUERADE])))
    assert "tunnel packets from 10.1.0.1" in told.found
    assert (told.verdict, told.advice) == ("problem", "nft insert rule ip nat post ip saddr 10.1.0.1 accept")
    own = IPv4Address("10.1.0.1")
    assert bad(facts(agent, nat([by("eth0"), MASQUERADE]), uplink_address=own)) == []
    by_iptables = {"xt": {"type": "target", "name": "MASQUERADE"}}
    assert bad(facts(agent, nat([by("eth0"), by_iptables]), uplink_address=own)) == []
    assert bad(facts(agent, nat([by("eth0"), by_iptables])))
    assert bad(facts(agent, nat([by("eth0"), {"snat": {"addr": "1.2.3.4"}}]), uplink_address=own))
    assert [f.verdict for f in bad(facts(agent, nat([by("eth0"), MASQUERADE]), uplink=None))] == ["warning"]


def test_reverse_tunnels_that_are_rewritten(configured: Configured) -> None:
    own = IPv4Address("10.1.0.1")
    (told,) = bad(facts(configured("home_agent"), nat([by("eth0"), MASQUERADE]), uplink_address=own))
    assert told.advice == 'nft insert rule ip nat post iifname "mip0" accept'


def test_visitors_that_are_rewritten(configured: Configured) -> None:
    agent, own = configured("foreign_agent"), IPv4Address("192.0.2.1")
    (told,) = bad(facts(agent, nat([by("eth0"), MASQUERADE]), uplink_address=own))
    assert "what visitors on eth1 send" in told.found
    visitors = (IPv4Address("10.1.0.10"),)
    (told,) = bad(facts(agent, nat([by("eth0"), MASQUERADE]), uplink_address=own, visitors=visitors))
    assert "what 10.1.0.10 sends" in told.found
    always_tunnelled = configured("foreign_agent", reverse_tunnel="required")
    assert bad(facts(always_tunnelled, nat([by("eth0"), MASQUERADE]), uplink_address=own)) == []
