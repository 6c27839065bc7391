"""Rules of ours go in together, and exactly they come out."""

from pathlib import Path

import pytest

from mobileip.linux import firewall_opening
from mobileip.linux.firewall_opening import FirewallOpening, Opening
from mobileip.linux.nftables import ChainName, NftError, NftRule, Ruleset

INPUT = ChainName("inet", "filter", "input")
RULE = Opening(INPUT, "udp dport 434")


class Filter:
    """The kernel's: what `nft` was told, and what it lists."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.scripts: list[str] = []
        self.listed: list[list[NftRule]] = [[]]
        """One look after another; the last stays."""
        self.refusals = 0
        patch.setattr(firewall_opening, "perform", self.perform)
        patch.setattr(firewall_opening, "read_ruleset", self.read)

    def read(self) -> Ruleset:
        rules = self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]
        return Ruleset((), {INPUT: rules})

    def perform(self, script: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise NftError("nft refuses")
        self.scripts.append(script)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Filter:
    return Filter(monkeypatch)


def rule(handle: int, comment: str = "mobileip") -> NftRule:
    return NftRule(INPUT, handle, (), comment)


def test_a_life(kernel: Filter, tmp_path: Path) -> None:
    opening = FirewallOpening(tmp_path / "journal")
    opening.open([RULE])
    assert kernel.scripts == ['insert rule inet filter input udp dport 434 accept comment "mobileip"\n']
    assert opening.rules == (RULE,)
    assert (tmp_path / "journal").read_text() == "inet filter input: udp dport 434 accept\n"
    kernel.listed = [[rule(4), rule(5, "others'"), rule(7)]]
    opening.close()
    assert kernel.scripts[1:] == [
        "delete rule inet filter input handle 4\ndelete rule inet filter input handle 7\n",
    ]
    assert opening.rules == ()
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_open_or_to_close_runs_nothing(kernel: Filter, tmp_path: Path) -> None:
    opening = FirewallOpening(tmp_path / "journal")
    opening.open([])
    opening.close()
    assert kernel.scripts == []
    assert list(tmp_path.iterdir()) == []


def test_rules_that_others_took_out_are_no_fault(kernel: Filter, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")
    FirewallOpening(tmp_path / "journal").close()
    assert kernel.scripts == []
    assert list(tmp_path.iterdir()) == []


def test_a_change_between_look_and_removal_is_looked_at_again(kernel: Filter, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")
    kernel.listed, kernel.refusals = [[rule(4), rule(7)], [rule(7)]], 1
    FirewallOpening(tmp_path / "journal").close()
    assert kernel.scripts == ["delete rule inet filter input handle 7\n"]


def test_what_stays_is_remembered(kernel: Filter, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")
    kernel.listed, kernel.refusals = [[rule(4)]], 2
    with pytest.raises(NftError):
        FirewallOpening(tmp_path / "journal").close()
    assert (tmp_path / "journal").exists()
    kernel.refusals = 1
    opening = FirewallOpening(tmp_path / "journal")
    with pytest.raises(NftError):
        opening.open([RULE])
    assert opening.rules == ()
