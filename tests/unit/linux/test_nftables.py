"""What `nft` lists becomes values, whatever it is; tests/netns has the kernel's own rules."""

import json
import subprocess
from pathlib import Path

import pytest

from mobileip.linux import nftables
from mobileip.linux.nftables import (
    BaseChain,
    ChainName,
    NftError,
    NftRule,
    legacy_tables,
    parsed,
    perform,
    read_ruleset,
)

INPUT = ChainName("inet", "filter", "input")

LISTED = {
    "nftables": [
        {"metainfo": {"version": "1.0.6"}},
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {
            "chain": {
                "family": "inet",
                "table": "filter",
                "name": "input",
                "handle": 1,
                "type": "filter",
                "hook": "input",
                "prio": 10,
                "policy": "drop",
            }
        },
        {"chain": {"family": "inet", "table": "filter", "name": "sub", "handle": 2}},
        {"chain": {"family": "ip", "table": "raw", "name": "in", "type": "filter", "hook": "input", "prio": -300}},
        {"chain": {"family": "ip6", "table": "filter", "name": "in", "type": "filter", "hook": "input", "prio": 0}},
        {
            "rule": {
                "family": "inet",
                "table": "filter",
                "chain": "input",
                "handle": 5,
                "comment": "mobileip",
                "expr": [{"accept": None}],
            }
        },
        {"rule": {"family": "inet", "table": "filter", "chain": "sub", "handle": 6, "expr": [{"drop": None}]}},
    ]
}


class Nft:
    """The program: it notes what it was given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[list[str], str]] = []
        self.output, self.complaint, self.result = json.dumps(LISTED).encode(), b"", 0
        self.failure: Exception | None = None
        self.where: str | None = "/usr/sbin/nft"
        patch.setattr(nftables.shutil, "which", lambda _: self.where)
        patch.setattr(nftables.subprocess, "run", self.run)

    def run(self, command: list[str], **options: bytes) -> subprocess.CompletedProcess[bytes]:
        self.calls.append((command[1:], options["input"].decode()))
        if self.failure is not None:
            raise self.failure
        return subprocess.CompletedProcess(command, self.result, self.output, self.complaint)


@pytest.fixture
def nft(monkeypatch: pytest.MonkeyPatch) -> Nft:
    return Nft(monkeypatch)


def test_base_chains_come_in_the_order_of_packets_and_rules_by_chain(nft: Nft) -> None:
    ruleset = read_ruleset()
    assert ruleset.base_chains == (
        BaseChain(ChainName("ip", "raw", "in"), "filter", "input", -300),
        BaseChain(INPUT, "filter", "input", 10, "drop"),
    )
    assert ruleset.rules[INPUT] == [NftRule(INPUT, 5, ({"accept": None},), "mobileip")]
    assert ruleset.commented("mobileip") == ruleset.rules[INPUT]
    assert nft.calls == [(["-j", "-a", "-n", "-t", "list", "ruleset"], "")]


def test_a_script_is_given_whole(nft: Nft) -> None:
    perform("flush ruleset\n")
    assert nft.calls == [(["-f", "-"], "flush ruleset\n")]


@pytest.mark.parametrize("odd", [{}, [], {"nftables": 7}, {"nftables": [7, {"rule": 7}]}])
def test_what_is_no_list_of_rules_holds_none(odd: object) -> None:
    assert not parsed(odd).rules


def test_a_rule_and_a_chain_without_the_usual_fields(nft: Nft) -> None:
    view = {"family": "ip", "hook": "input", "prio": "filter"}
    ruleset = parsed({"nftables": [{"chain": view}, {"rule": {"family": "ip", "expr": None, "handle": None}}]})
    assert ruleset.base_chains[0].priority == 0
    assert [rule.expressions for rules in ruleset.rules.values() for rule in rules] == [()]


def test_no_output_is_no_rules(nft: Nft) -> None:
    nft.output = b""
    assert not read_ruleset().base_chains


def test_what_can_go_wrong_is_one_line_each(nft: Nft) -> None:
    nft.output = b"{"
    with pytest.raises(NftError, match="no JSON"):
        read_ruleset()
    nft.result, nft.complaint = 1, b"Error: no such chain\nadd rule\n^^^\n"
    with pytest.raises(NftError, match=r"nft refuses: Error: no such chain$"):
        perform("x")
    nft.complaint = b""
    with pytest.raises(NftError, match="does not say why"):
        perform("x")
    nft.failure = subprocess.TimeoutExpired("nft", 1.0)
    with pytest.raises(NftError, match="does not work"):
        perform("x")
    nft.where = None
    with pytest.raises(NftError, match="not installed"):
        perform("x")


def test_old_tables_are_named_where_the_kernel_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nftables, "LEGACY_TABLES", tmp_path / "names")
    assert legacy_tables() == ()
    (tmp_path / "names").write_text("filter\nnat\n")
    assert legacy_tables() == ("filter", "nat")
