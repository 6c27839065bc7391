"""Accept rules of ours in others' firewall chains, where the administrator allows it: put in at the start, taken out at
the end. Each bears our comment, and nothing without it is ever touched.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from mobileip.linux.nftables import ChainName, NftError, NftRule, perform, read_ruleset

COMMENT = "mobileip"


class Opening(msgspec.Struct, frozen=True, order=True):
    """A rule of ours: packets that match it are accepted in this chain."""

    chain: ChainName
    match: str
    """As `nft` wants it: `udp dport 434`."""

    def __str__(self) -> str:
        return f"{self.chain}: {self.match} accept"

    @property
    def command(self) -> str:
        """What puts it in, before all rules that are there."""
        return f'insert rule {self.chain} {self.match} accept comment "{COMMENT}"'


class FirewallOpening:
    """`journal` is a file that exists as long as there may be rules of ours; its folder exists."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self.rules: tuple[Opening, ...] = ()
        """What is in the firewall by our doing, as far as nobody else took it out."""

    def open(self, openings: Iterable[Opening]) -> None:
        """Puts all of these in, or none.

        Raises: `NftError`.
        """
        rules = tuple(openings)
        if not rules:
            return
        self._journal.write_text("".join(f"{rule}\n" for rule in rules))  # before the first of them is there
        perform("".join(f"{rule.command}\n" for rule in rules))
        self.rules = rules

    def close(self) -> None:
        """Takes out all that bears our comment, whoever of us put it in; no program runs when nothing was put in.

        Raises: `NftError`, and the next start tries again.
        """
        if not self._journal.exists():
            return
        ours = read_ruleset().commented(COMMENT)
        if ours:
            try:
                perform(_removal(ours))
            except NftError:  # others changed something between our look and our removal
                perform(_removal(read_ruleset().commented(COMMENT)))
        self.rules = ()
        self._journal.unlink(missing_ok=True)


def _removal(rules: Iterable[NftRule]) -> str:
    return "".join(f"delete rule {rule.chain} handle {rule.handle}\n" for rule in rules)
