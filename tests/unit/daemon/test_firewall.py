"""The daemon's own rules in the firewall: only where it may, and never without a trace."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.configuration import documents, key_file

from mobileip.daemon import firewall as module
from mobileip.daemon.config_file import parse
from mobileip.daemon.firewall import JOURNAL_NAME, Firewall
from mobileip.linux import firewall_opening
from mobileip.linux.nftables import BaseChain, ChainName, NftError, Ruleset

CHAIN = ChainName("inet", "filter", "input")
CLOSED = Ruleset((BaseChain(CHAIN, "filter", "input", policy="drop"),), {})


class Nft:
    """What was performed; `error`: that it refuses."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.scripts: list[str] = []
        self.error: NftError | None = None
        patch.setattr(module.machine_facts, "default_route_link", lambda: "eth0")
        patch.setattr(module.nftables, "read_ruleset", self.read)
        patch.setattr(firewall_opening, "read_ruleset", self.read)
        patch.setattr(firewall_opening, "perform", self.scripts.append)

    def read(self) -> Ruleset:
        if self.error is not None:
            raise self.error
        return CLOSED


@pytest.fixture
def nft(monkeypatch: pytest.MonkeyPatch) -> Nft:
    return Nft(monkeypatch)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[bool], Firewall]:
    def make(may_open: bool) -> Firewall:
        key_file(tmp_path)
        document = documents()["home_agent"] | {"daemon": {"open_firewall": may_open}}
        return Firewall(parse(document, tmp_path), tmp_path)

    return make


Made = Callable[[bool], Firewall]


def test_by_default_nothing_is_looked_at_and_nothing_changed(nft: Nft, made: Made) -> None:
    nft.error = NftError("there is no nft")
    firewall = made(False)
    firewall.open()
    firewall.close()
    assert (firewall.rules, firewall.trouble, nft.scripts) == ([], "", [])


def test_what_is_in_the_way_is_opened_and_closed(nft: Nft, made: Made) -> None:
    firewall = made(True)
    firewall.open()
    assert firewall.rules[0] == "inet filter input: udp dport 434 accept"
    assert len(nft.scripts) == 1
    firewall.close()
    assert (firewall.rules, firewall.trouble) == ([], "")


def test_what_a_daemon_before_left_goes_even_where_nothing_may_be_opened(nft: Nft, made: Made, tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).touch()
    made(False).open()
    assert not (tmp_path / JOURNAL_NAME).exists()


def test_trouble_is_told_and_stops_nothing(nft: Nft, made: Made, tmp_path: Path) -> None:
    nft.error = NftError("nft refuses")
    firewall = made(True)
    firewall.open()
    assert firewall.trouble == "the firewall could not be opened: nft refuses"
    (tmp_path / JOURNAL_NAME).touch()
    firewall.open()
    assert firewall.trouble == "our rules could not be taken out of the firewall: nft refuses"
    nft.error = None
    firewall.open()
    assert firewall.trouble == ""
