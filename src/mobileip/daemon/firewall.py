"""The firewall as the daemon changes it, only where `[daemon] open_firewall = true` allows it: for what its roles need
and a chain drops, accept rules with our comment, from the start to the end.
"""

from pathlib import Path

from mobileip.daemon.config_file import Configuration
from mobileip.daemon.doctor_facts import Facts
from mobileip.daemon.doctor_firewall import openings
from mobileip.linux import machine_facts, nftables
from mobileip.linux.firewall_opening import FirewallOpening
from mobileip.linux.nftables import NftError

JOURNAL_NAME = "firewall.opened"


class Firewall:
    def __init__(self, configuration: Configuration, run_directory: Path) -> None:
        self._configuration = configuration
        self._opening = FirewallOpening(run_directory / JOURNAL_NAME)
        self.trouble = ""
        """Why it could not be changed as it should be."""

    @property
    def rules(self) -> list[str]:
        """What we put in."""
        return [str(rule) for rule in self._opening.rules]

    def open(self) -> None:
        """First what a daemon before us left goes; then what the configuration allows us to open is opened."""
        self.close()
        if self.trouble or not self._configuration.daemon.open_firewall:
            return
        try:
            ruleset = nftables.read_ruleset()
            uplink = machine_facts.default_route_link()
            facts = Facts(configuration=self._configuration, ruleset=ruleset, uplink=uplink)
            self._opening.open(openings(facts))
        except (NftError, OSError) as error:
            self.trouble = f"the firewall could not be opened: {error}"

    def close(self) -> None:
        """Nothing of ours stays in it. A daemon that leaves what it made to the next does not call it."""
        self.trouble = ""
        try:
            self._opening.close()
        except (NftError, OSError) as error:
            self.trouble = f"our rules could not be taken out of the firewall: {error}"
