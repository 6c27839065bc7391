"""Labs whose mobile node lacks something that its home agent or its foreign agent gives it, or whose agents know more
of each other than the topologies say.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from mobileip.lab.laboratory import Lab
from mobileip.lab.roles import SPI, TO_BE_ASSIGNED, Settings

NAI = "mn@example.net"
POOL = ("10.1.0.100", "10.1.0.109")
HOME_AGENT = "10.1.0.1"

NAMED: Settings = {
    "mn": {"mobile_node": {"home_address": TO_BE_ASSIGNED, "nai": NAI}},
    "ha": {"home_agent": {"address_pool": "-".join(POOL)}},
}
"""The mobile node has a name alone."""

REVOKING: Settings = {
    "ha": {"home_agent": {"revocation": True}},
    "fa1": {"foreign_agent": {"revocation": True}},
    "fa2": {"foreign_agent": {"revocation": True}},
}


@contextmanager
def plugged_into(network: str, topology: str, name: str, **options: object) -> Iterator[Lab]:
    """A lab whose daemons start when the mobile node is in that network already."""
    with Lab(topology, name=name, daemons=False, **options) as lab:  # type: ignore[arg-type]  # Lab's own keywords
        lab.move("mn", network)
        yield lab


def share_key(lab: Lab, foreign_agent: str) -> None:
    """Before the daemons start: a Mobility Security Association of that foreign agent and the home agent."""
    key = secrets.token_hex(16)
    care_of_address = lab.topology.nodes[foreign_agent].roles["foreign_agent"]["care_of_address"]
    for node, table, peer in (
        ("ha", "home_agent.foreign_agent", care_of_address),
        (foreign_agent, "foreign_agent.home_agent", HOME_AGENT),
    ):
        daemon = lab.daemon(node)
        file = daemon.folder / f"{foreign_agent}.key"
        file.touch(mode=0o600)
        file.write_text(key)
        with daemon.configuration.open("a") as configuration:
            configuration.write(f'\n[[{table}]]\naddress = "{peer}"\nspi = {SPI}\nkey_file = "{file.name}"\n')
