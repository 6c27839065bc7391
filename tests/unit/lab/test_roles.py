"""The daemons' configuration files."""

import stat
import tomllib
from pathlib import Path

import pytest

from mobileip.lab import roles, topology

EVERY_DAEMON = [(name, node) for name in topology.names() for node in topology.load(name).daemons()]


@pytest.mark.parametrize(("name", "node"), EVERY_DAEMON)
def test_a_role_needs_at_most_ten_lines(name: str, node: str) -> None:
    loaded = topology.load(name)
    text = roles.configuration(loaded, node, {})
    tables = [part for part in text.split("\n\n") if part.strip()]
    assert len(tables) == len(loaded.nodes[node].roles)
    for table in tables:
        assert len(table.strip().splitlines()) <= 10


def test_a_home_agent_serves_the_mobile_nodes_that_name_it() -> None:
    text = roles.configuration(topology.load("two-nodes"), "ha", {})
    served = tomllib.loads(text)["home_agent"]["mobile_node"]
    assert served == [
        {"home_address": "10.1.0.10", "spi": 256, "key_file": "10.1.0.10.key"},
        {"home_address": "10.1.0.11", "spi": 256, "key_file": "10.1.0.11.key"},
    ]


def test_a_mobile_node_has_its_spi_and_key() -> None:
    table = tomllib.loads(roles.configuration(topology.load("roaming"), "mn", {}))["mobile_node"]
    assert table == {
        "home_address": "10.1.0.10",
        "home_agent": "10.1.0.1",
        "home_network": "10.1.0.0/24",
        "links": ["eth0"],
        "spi": 256,
        "key_file": "10.1.0.10.key",
    }


def test_settings_add_and_replace() -> None:
    settings: roles.Settings = {"fa1": {"foreign_agent": {"registration_lifetime": 20}, "daemon": {"tunnel_mtu": 1400}}}
    read = tomllib.loads(roles.configuration(topology.load("roaming"), "fa1", settings))
    assert read == {
        "foreign_agent": {"links": ["eth1"], "care_of_address": "192.0.2.6", "registration_lifetime": 20},
        "daemon": {"tunnel_mtu": 1400},
    }


def test_the_environment_chooses_the_engine_of_every_daemon_whose_settings_do_not() -> None:
    loaded = topology.load("roaming")
    given: roles.Settings = {"fa1": {"daemon": {"engine": "userspace"}}, "ha": {"daemon": {"tunnel_mtu": 1400}}}
    chosen = roles.with_engine(loaded, given, "ebpf")
    read = {node: tomllib.loads(roles.configuration(loaded, node, chosen))["daemon"] for node in loaded.daemons()}
    assert read.pop("fa1") == {"engine": "userspace"}
    assert read.pop("ha") == {"engine": "ebpf", "tunnel_mtu": 1400}
    assert set(map(str, read.values())) == {"{'engine': 'ebpf'}"}


@pytest.mark.parametrize("engine", [None, ""])
def test_without_a_choice_no_daemon_is_told_an_engine(engine: str | None) -> None:
    assert roles.with_engine(topology.load("roaming"), {}, engine) == {}


def test_a_mobile_node_without_an_address_is_served_by_its_name() -> None:
    own = {"home_address": roles.TO_BE_ASSIGNED, "nai": "mn@example.net", "home_agent": "assign"}
    settings: roles.Settings = {"mn": {"mobile_node": {**own}}}
    loaded = topology.load("roaming")
    table = tomllib.loads(roles.configuration(loaded, "mn", settings))["mobile_node"]
    served = tomllib.loads(roles.configuration(loaded, "ha", settings))["home_agent"]["mobile_node"]
    assert "home_address" not in table
    assert (table["nai"], table["home_agent"]) == ("mn@example.net", "assign")
    assert served == [{"nai": "mn@example.net", "spi": 256, "key_file": table["key_file"]}]


def test_two_roles_make_two_tables() -> None:
    read = tomllib.loads(roles.configuration(topology.load("router"), "router", {}))
    assert set(read) == {"home_agent", "foreign_agent"}


def test_both_ends_get_the_same_key_in_files_that_no_one_else_reads(tmp_path: Path) -> None:
    roles.write_all(topology.load("two-nodes"), {}, tmp_path)
    first, second = (tmp_path / "ha" / f"10.1.0.{number}.key" for number in (10, 11))
    assert first.read_text() == (tmp_path / "mn1" / "10.1.0.10.key").read_text()
    assert second.read_text() == (tmp_path / "mn2" / "10.1.0.11.key").read_text()
    assert first.read_text() != second.read_text()
    assert len(bytes.fromhex(first.read_text())) == 16
    for file in tmp_path.rglob("*.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(file.parent.name for file in tmp_path.rglob("mipd.toml")) == ["fa1", "ha", "mn1", "mn2"]
