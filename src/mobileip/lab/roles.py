"""The configuration files of the daemons, made from the topology: at most ten lines for each role."""

import json
import secrets
from pathlib import Path

from mobileip.lab.topology import Setting, Topology

SPI = 256
"""The first that RFC 5944 §1.6 does not reserve."""
_KEY_OCTETS = 16

Settings = dict[str, dict[str, dict[str, Setting]]]
"""Node -> table -> key -> value: what shall differ from the topology's roles."""


def configuration(topology: Topology, node: str, settings: Settings) -> str:
    """The TOML text of a node's daemon."""
    tables = {name: dict(table) for name, table in topology.nodes[node].roles.items()}
    for name, table in settings.get(node, {}).items():
        tables.setdefault(name, {}).update(table)
    return "\n".join(_table(topology, name, table) for name, table in tables.items())


def _table(topology: Topology, name: str, table: dict[str, Setting]) -> str:
    lines = [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    if name == "mobile_node" and "spi" not in table:
        lines += [f"spi = {SPI}", f'key_file = "{_key_file(str(table["home_address"]))}"']
    if name == "home_agent":
        lines += ["mobile_node = [", *_served(topology, str(table["address"])), "]"]
    return "\n".join(lines) + "\n"


def _served(topology: Topology, home_agent: str) -> list[str]:
    return [
        f'  {{ home_address = "{address}", spi = {SPI}, key_file = "{_key_file(address)}" }},'
        for address in _home_addresses(topology, home_agent)
    ]


def _home_addresses(topology: Topology, home_agent: str) -> list[str]:
    tables = [node.roles["mobile_node"] for node in topology.nodes.values() if "mobile_node" in node.roles]
    return [str(table["home_address"]) for table in tables if table["home_agent"] == home_agent]


def _key_file(home_address: str) -> str:
    return f"{home_address}.key"


def write_all(topology: Topology, settings: Settings, folder: Path) -> None:
    """Writes mipd.toml and the key files (0600) into `folder`/NODE of every node that runs a daemon."""
    keys: dict[str, str] = {}
    for node in topology.daemons():
        own = folder / node
        own.mkdir(parents=True, exist_ok=True)
        (own / "mipd.toml").write_text(configuration(topology, node, settings))
        for address in _addresses_keyed_at(topology, node):
            key = keys.setdefault(address, secrets.token_hex(_KEY_OCTETS))
            file = own / _key_file(address)
            file.touch(mode=0o600)
            file.write_text(f"{key}\n")


def _addresses_keyed_at(topology: Topology, node: str) -> list[str]:
    roles = topology.nodes[node].roles
    addresses = []
    if "mobile_node" in roles:
        addresses.append(str(roles["mobile_node"]["home_address"]))
    if "home_agent" in roles:
        addresses += _home_addresses(topology, str(roles["home_agent"]["address"]))
    return addresses
