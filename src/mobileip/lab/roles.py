"""The configuration files of the daemons, made from the topology: at most ten lines for each role."""

import json
import secrets
from pathlib import Path

from mobileip.lab.topology import Setting, Topology

SPI = 256
"""The first that RFC 5944 §1.6 does not reserve."""
TO_BE_ASSIGNED = "0.0.0.0"  # noqa: S104 - no address to bind to
"""As a mobile node's `home_address`: it has a name (`nai`) alone, and its home agent assigns an address."""
_KEY_OCTETS = 16

ENGINE_VARIABLE = "MIP_LAB_ENGINE"
"""In the environment of whoever builds a lab: the engine of all its daemons (auto | ebpf | userspace)."""

Settings = dict[str, dict[str, dict[str, Setting]]]
"""Node -> table -> key -> value: what shall differ from the topology's roles."""


def with_engine(topology: Topology, settings: Settings, engine: str | None) -> Settings:
    """The settings, with this engine wherever they name none."""
    if not engine:
        return settings
    chosen = dict(settings)
    for node in topology.daemons():
        tables = settings.get(node, {})
        chosen[node] = {**tables, "daemon": {"engine": engine, **tables.get("daemon", {})}}
    return chosen


def configuration(topology: Topology, node: str, settings: Settings) -> str:
    """The TOML text of a node's daemon."""
    tables = _tables(topology, node, settings)
    return "\n".join(_text(topology, node, name, settings) for name in tables)


def _tables(topology: Topology, node: str, settings: Settings) -> dict[str, dict[str, Setting]]:
    tables = {name: dict(table) for name, table in topology.nodes[node].roles.items()}
    for name, table in settings.get(node, {}).items():
        tables.setdefault(name, {}).update(table)
    return tables


def _text(topology: Topology, node: str, name: str, settings: Settings) -> str:
    table = _tables(topology, node, settings)[name]
    written = {key: value for key, value in table.items() if (key, value) != ("home_address", TO_BE_ASSIGNED)}
    lines = [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in written.items())]
    if name == "mobile_node" and "spi" not in table:
        lines += [f"spi = {SPI}", f'key_file = "{_key_file(_home_address(topology, node))}"']
    if name == "home_agent":
        lines += ["mobile_node = [", *_served(topology, str(table["address"]), settings), "]"]
    return "\n".join(lines) + "\n"


def _served(topology: Topology, home_agent: str, settings: Settings) -> list[str]:
    lines = []
    for node in _mobile_nodes(topology, home_agent):
        table = _tables(topology, node, settings)["mobile_node"]
        known_by = "nai" if table["home_address"] == TO_BE_ASSIGNED else "home_address"
        key_file = _key_file(_home_address(topology, node))
        lines.append(f'  {{ {known_by} = "{table[known_by]}", spi = {SPI}, key_file = "{key_file}" }},')
    return lines


def _mobile_nodes(topology: Topology, home_agent: str) -> list[str]:
    """Those that name it in the topology, whatever the settings have them ask for."""
    tables = {name: node.roles["mobile_node"] for name, node in topology.nodes.items() if "mobile_node" in node.roles}
    return [name for name, table in tables.items() if table["home_agent"] == home_agent]


def _home_address(topology: Topology, node: str) -> str:
    """In the topology: what its key is filed under."""
    return str(topology.nodes[node].roles["mobile_node"]["home_address"])


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
        served = _mobile_nodes(topology, str(roles["home_agent"]["address"]))
        addresses += [_home_address(topology, name) for name in served]
    return addresses
