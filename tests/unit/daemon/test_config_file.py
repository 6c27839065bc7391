"""Whole files: each role's keys, every error with its key and all of them at once."""

import errno
import os
import re
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import documents, key_file
from tools.reference_pages import configuration as reference

from mobileip.agents.offers import AdvertisingConfig
from mobileip.daemon.config_file import Configuration, ConfigurationError, load, parse
from mobileip.daemon.machine import signalling_links
from mobileip.security.association import Algorithm, Associations, ReplayStyle

ROLES = sorted(documents())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key_file(tmp_path)
    return tmp_path


def errors_of(document: dict[str, Any], folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(document, folder)
    return caught.value.errors


def spoiled(role: str, path: str, value: Any) -> dict[str, Any]:
    """A good document with one key set (None: left out). `path` may lead into a table of tables."""
    document = documents()[role]
    table = document
    *way, last = [role, *path.split(".")]
    for step in way:
        found = table[step]
        table = found[0] if isinstance(found, list) else found
    if value is None:
        del table[last]
    else:
        table[last] = value
    return document


@pytest.mark.parametrize("role", ROLES)
def test_a_document_with_what_can_not_be_left_out_is_enough(role: str, folder: Path) -> None:
    configuration = parse(documents()[role], folder)
    assert configuration.roles == (role,)
    assert configuration.daemon.device == "mip0"


def test_all_roles_in_one_file(folder: Path) -> None:
    document = documents()["home_agent"] | documents()["foreign_agent"]
    assert parse(document, folder).roles == ("home_agent", "foreign_agent")


def test_what_a_file_says_is_what_the_agents_get(folder: Path) -> None:
    document = documents()["home_agent"]
    document["home_agent"] |= {"home_link": "eth1", "maximum_lifetime": 60, "maximum_simultaneous_bindings": 3}
    document["home_agent"]["mobile_node"][0] |= {
        "algorithm": "hmac-sha256",
        "replay": "nonces",
        "timestamp_window": 3.5,
    }
    home = parse(document, folder).home_agent
    assert home is not None
    assert (home.home_link, home.maximum_lifetime, home.maximum_simultaneous_bindings) == ("eth1", 60, 3)
    assert (home.address, home.home_network) == (IPv4Address("10.1.0.1"), IPv4Network("10.1.0.0/24"))
    (association,) = home.mobile_nodes[0].associations
    assert (association.algorithm, association.replay) == (Algorithm.HMAC_SHA256, ReplayStyle.NONCES)
    assert (association.spi, association.key, association.timestamp_window) == (256, bytes(16), 3.5)


@pytest.mark.requirement("R5944-3.7.1-a")
def test_a_foreign_agent_has_a_care_of_address_and_what_else_it_is_told(folder: Path) -> None:
    document = documents()["foreign_agent"]
    document["foreign_agent"] |= {
        "foreign_home_on_deregistration": True,
        "nai_registrations": False,
        "default_home_agent": "10.9.0.1",
        "revocation": True,
        "message": "Grüezi",
        "pending_timeout": 9,
    }
    foreign = parse(document, folder).foreign_agent
    assert foreign is not None
    assert str(foreign.care_of_address) == document["foreign_agent"]["care_of_address"]
    assert foreign.foreign_home_on_deregistration
    assert foreign.revocation
    assert not foreign.nai_registrations
    assert (foreign.default_home_agent, foreign.message) == (IPv4Address("10.9.0.1"), "Grüezi")
    assert foreign.pending_timeout == 9.0
    del document["foreign_agent"]["care_of_address"]
    with pytest.raises(ConfigurationError, match="care_of_address: is missing"):
        parse(document, folder)


def test_one_mobile_node_with_two_associations_for_a_change_of_keys(folder: Path) -> None:
    document = documents()["home_agent"]
    node = document["home_agent"]["mobile_node"][0]
    document["home_agent"]["mobile_node"] = [node, node | {"spi": 257}]
    home = parse(document, folder).home_agent
    assert home is not None
    assert [a.spi for a in home.mobile_nodes[0].associations] == [256, 257]


@pytest.mark.requirement("R1256-4.1-a")
@pytest.mark.parametrize("role", ["home_agent", "foreign_agent"])
def test_how_an_agent_advertises(role: str, folder: Path) -> None:
    found = getattr(parse(documents()[role], folder), role)
    assert AdvertisingConfig(**{name: getattr(found, name) for name in AdvertisingConfig.__struct_fields__}) == (
        AdvertisingConfig()
    )
    said: dict[str, Any] = {
        "advertisement_address": "255.255.255.255",
        "advertisement_interval": 600,
        "advertisement_lifetime": 1800,
        "preference_level": -(1 << 31),
        "routes_common_traffic": False,
        "advertise_prefix_lengths": False,
    }
    document = documents()[role]
    document[role] |= said
    found = getattr(parse(document, folder), role)
    assert str(found.advertisement_address) == said.pop("advertisement_address")
    assert {name: getattr(found, name) for name in said} == said


@pytest.mark.requirement("R5944-2.1-c", "R5944-2.1-f", "R1256-4.1-a")
@pytest.mark.parametrize("role", ["home_agent", "foreign_agent"])
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("advertisement_address", "192.0.2.255", "'192.0.2.255' is wrong (expected 224.0.0.1 or 255.255.255.255)"),
        ("advertisement_address", 1, "1 is wrong (expected 224.0.0.1 or 255.255.255.255)"),
        ("advertisement_interval", 1.1, "1.1 s is longer than a third of advertisement_lifetime 3"),
        ("preference_level", 1 << 31, "2147483648 is wrong (expected a number from -2147483648 to 2147483647)"),
    ],
)
def test_how_an_agent_may_not_advertise(role: str, key: str, value: Any, expected: str, folder: Path) -> None:
    assert errors_of(spoiled(role, key, value), folder) == [f"{role}.{key}: {expected}"]


@pytest.mark.parametrize(
    ("role", "path", "value", "expected"),
    [
        ("home_agent", "address", None, "home_agent.address: is missing"),
        ("home_agent", "address", "10.1.0", "home_agent.address: '10.1.0' is wrong"),
        ("home_agent", "home_network", "10.1.0.1/24", "home_agent.home_network: '10.1.0.1/24' is wrong"),
        ("home_agent", "home_link", "a/b", "home_agent.home_link: 'a/b' is wrong (expected an interface name)"),
        ("home_agent", "maximum_lifetime", 0, "home_agent.maximum_lifetime: 0 is wrong"),
        ("home_agent", "maximum_simultaneous_bindings", 17, "home_agent.maximum_simultaneous_bindings: 17 is wrong"),
        ("home_agent", "announcements", 0, "home_agent.announcements: 0 is wrong"),
        ("home_agent", "advertisement_interval", 2, "home_agent.advertisement_interval: 2.0 s is longer than a third"),
        ("home_agent", "strict_reserved_bits", 1, "home_agent.strict_reserved_bits: 1 is wrong"),
        (
            "home_agent",
            "mobile_node.home_address",
            "10.2.0.1",
            "home_agent.mobile_node[0].home_address: 10.2.0.1 is not in",
        ),
        (
            "home_agent",
            "mobile_node.home_address",
            "10.1.0.1",
            "home_agent.mobile_node[0].home_address: 10.1.0.1 is the home",
        ),
        ("home_agent", "mobile_node.home_address", None, "home_agent.mobile_node[0].home_address: is missing"),
        ("home_agent", "mobile_node.spi", 255, "home_agent.mobile_node[0].spi: 255 is wrong"),
        ("home_agent", "mobile_node.spi", None, "home_agent.mobile_node[0].spi: is missing"),
        ("home_agent", "mobile_node.key_file", "nowhere", "home_agent.mobile_node[0].key_file: "),
        ("home_agent", "mobile_node.algorithm", "rot13", "home_agent.mobile_node[0].algorithm: 'rot13' is wrong"),
        ("home_agent", "mobile_node.replay", "hope", "home_agent.mobile_node[0].replay: 'hope' is wrong"),
        ("home_agent", "mobile_node.timestamp_window", 0, "home_agent.mobile_node[0].timestamp_window: 0 is wrong"),
        ("home_agent", "foreign_agent.address", 1, "home_agent.foreign_agent[0].address: 1 is wrong"),
        ("home_agent", "foreign_agent", {}, "home_agent.foreign_agent: expected tables [[home_agent.foreign_agent]]"),
        ("foreign_agent", "links", [], "foreign_agent.links: [] is wrong"),
        ("foreign_agent", "care_of_address", None, "foreign_agent.care_of_address: is missing"),
        ("foreign_agent", "maximum_pending", 0, "foreign_agent.maximum_pending: 0 is wrong"),
        ("foreign_agent", "pending_timeout", 1, "foreign_agent.pending_timeout: 1 is wrong"),
        ("foreign_agent", "pending_timeout", 7, "foreign_agent.pending_timeout: 7 is wrong"),
        ("foreign_agent", "message", "x" * 255, "foreign_agent.message: 'xxx"),
        ("foreign_agent", "message", 1, "foreign_agent.message: 1 is wrong"),
        ("foreign_agent", "default_home_agent", "224.0.0.1", "foreign_agent.default_home_agent: '224.0.0.1' is wrong"),
        ("foreign_agent", "registration_required", "yes", "foreign_agent.registration_required: 'yes' is wrong"),
        ("foreign_agent", "home_agent.spi", 0, "foreign_agent.home_agent[0].spi: 0 is wrong"),
        ("mobile_node", "links", "eth0", "mobile_node.links: 'eth0' is wrong"),
        ("mobile_node", "home_network", None, "mobile_node.home_network: is missing"),
        ("mobile_node", "home_address", "10.2.0.1", "mobile_node.home_address: 10.2.0.1 is not in home_network"),
        ("mobile_node", "home_address", "10.1.0.1", "mobile_node.home_address: 10.1.0.1 is the home agent's address"),
        ("mobile_node", "home_gateway", "x", "mobile_node.home_gateway: 'x' is wrong"),
        ("mobile_node", "move_detection", "luck", "mobile_node.move_detection: 'luck' is wrong"),
        ("mobile_node", "requested_lifetime", 65536, "mobile_node.requested_lifetime: 65536 is wrong"),
        ("mobile_node", "colocated_wait", -1, "mobile_node.colocated_wait: -1 is wrong"),
        ("mobile_node", "lynks", [], "mobile_node.lynks: unknown key (did you mean links?)"),
    ],
)
def test_one_wrong_key_is_one_error_that_names_it(
    role: str, path: str, value: Any, expected: str, folder: Path
) -> None:
    (error,) = errors_of(spoiled(role, path, value), folder)
    assert error.startswith(expected)


@pytest.mark.parametrize("path", [path for path, key in reference.keys().items() if not key.is_table])
def test_every_key_that_there_is_says_what_it_expects(path: str, folder: Path) -> None:
    role, _, key = path.partition(".")
    day = date(2026, 1, 1)  # TOML has dates, and no key of ours takes one
    document = documents()["mobile_node"] | {"daemon": {key: day}} if role == "daemon" else spoiled(role, key, day)
    (error,) = errors_of(document, folder)
    assert re.sub(r"\[0]", "", error).startswith(f"{path}: ")
    assert error.endswith(f"is wrong (expected {reference.keys()[path].expected})")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("device", "a/b"),
        ("engine", "steam"),
        ("bpf_directory", ""),
        ("tunnel_mtu", 575),
        ("open_firewall", "yes"),
        ("run_dir", 7),
        ("run_dir", ""),
        ("run_dir", "a\0b"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("nothing", 1),
    ],
)
def test_the_daemons_own_keys(key: str, value: Any, folder: Path) -> None:
    document = documents()["mobile_node"] | {"daemon": {key: value}}
    (error,) = errors_of(document, folder)
    assert error.startswith(f"daemon.{key}: ")


def test_a_firewall_is_opened_only_where_that_is_allowed(folder: Path) -> None:
    assert not parse(documents()["mobile_node"], folder).daemon.open_firewall
    assert parse(documents()["mobile_node"] | {"daemon": {"open_firewall": True}}, folder).daemon.open_firewall


def test_the_daemons_own_keys_taken(folder: Path) -> None:
    settings = {"device": "tun7", "engine": "userspace", "tunnel_mtu": 1400, "run_dir": "/run/x", "log_level": "debug"}
    daemon = parse(documents()["mobile_node"] | {"daemon": settings | {"log_format": "json"}}, folder).daemon
    assert (daemon.device, daemon.tunnel_mtu, daemon.run_dir) == ("tun7", 1400, Path("/run/x"))
    assert (daemon.engine.value, daemon.log_level, daemon.log_format.value) == ("userspace", "debug", "json")


def test_all_errors_come_at_once(folder: Path) -> None:
    document = documents()["mobile_node"] | documents()["home_agent"] | {"daemon": {"device": ""}, "hoem_agent": {}}
    document["mobile_node"] |= {"spi": 1, "home_address": "x", "x": 1}
    document["home_agent"]["address"] = "y"
    keys = [error.partition(":")[0] for error in errors_of(document, folder)]
    assert keys == [
        "daemon.device",
        "home_agent.address",
        "mobile_node.home_address",
        "mobile_node.spi",
        "mobile_node.x",
        "hoem_agent",
    ]


def test_one_spi_twice_for_one_node(folder: Path) -> None:
    document = documents()["home_agent"]
    document["home_agent"]["mobile_node"] *= 2
    assert errors_of(document, folder) == ["home_agent.mobile_node[1].spi: 256 is given twice for 10.1.0.10"]


@pytest.mark.parametrize(
    ("role", "table", "address"),
    [
        ("home_agent", "foreign_agent", "192.0.2.1"),
        ("foreign_agent", "home_agent", "10.1.0.1"),
        ("foreign_agent", "mobile_node", "10.1.0.10"),
        ("mobile_node", "foreign_agent", "192.0.2.1"),
    ],
)
def test_one_spi_twice_for_one_peer(role: str, table: str, address: str, folder: Path) -> None:
    document = documents()[role]
    peer = document[role][table][0]
    document[role][table] = [peer, peer | {"spi": 257}, peer]
    assert errors_of(document, folder) == [f"{role}.{table}[2].spi: 256 is given twice for {address}"]
    document[role][table] = [peer, peer | {"spi": 257}]
    peers = Associations(getattr(getattr(parse(document, folder), role), f"{table}s"))
    assert [peers.find(IPv4Address(address), spi) is not None for spi in (256, 257, 258)] == [True, True, False]


@pytest.mark.parametrize("role", ["foreign_agent", "mobile_node"])
def test_a_device_that_is_one_of_the_links(role: str, folder: Path) -> None:
    document = documents()[role]
    (link,) = document[role]["links"]
    assert errors_of(document | {"daemon": {"device": link}}, folder) == [
        f"daemon.device: {link} is one of the links (expected a name for a device of our own)"
    ]


def test_one_link_may_serve_several_roles(folder: Path) -> None:
    document = documents()["home_agent"] | documents()["foreign_agent"] | documents()["mobile_node"]
    document["home_agent"] |= {"address": "10.1.0.2", "home_link": "eth0"}
    document["foreign_agent"]["links"] = ["eth1", "eth0"]
    configuration = parse(document, folder)
    assert configuration.links == ("eth0", "eth1")
    assert signalling_links(configuration) == configuration.links


@pytest.mark.parametrize("name", ["/nowhere/key", "nowhere/key"])
def test_key_files_are_found_from_the_folder_of_the_configuration(name: str, folder: Path) -> None:
    document = spoiled("mobile_node", "key_file", str(folder / "key"))
    del document["mobile_node"]["foreign_agent"]
    assert parse(document, Path("/")).roles == ("mobile_node",)
    (error,) = errors_of(spoiled("mobile_node", "key_file", name), folder)
    assert error == f"mobile_node.key_file: {folder / name}: No such file or directory"


@pytest.mark.parametrize("value", ["00112233445566778899aabbccddeeff", "text:hunter2", ["hunter2"], {"hunter2": 1}])
def test_a_key_in_the_place_of_its_files_name_is_not_repeated(value: Any, folder: Path) -> None:
    (error,) = errors_of(spoiled("mobile_node", "key_file", value), folder)
    assert error.startswith("mobile_node.key_file: is ")
    assert "(expected the name of a file with the key; `mip genkey` makes one)" in error
    assert "hunter2" not in error
    assert "0011" not in error


@pytest.mark.parametrize("name", [*sorted(documents()), "daemon"])
@pytest.mark.parametrize("value", [[], [[]], 1, "x", None, True, float("nan")])
def test_what_is_no_table_where_one_is_expected(name: str, value: Any, folder: Path) -> None:
    errors = errors_of({name: value}, folder)
    assert errors[0] == f"{name}: expected a table [{name}]"
    assert all(error.startswith(f"{name}.") for error in errors[1:])


def test_a_file_without_a_role(folder: Path) -> None:
    (error,) = errors_of({}, folder)
    assert error.startswith("no role: ")


def test_a_node_can_not_visit_itself(folder: Path) -> None:
    document = documents()["home_agent"] | documents()["mobile_node"]
    assert errors_of(document, folder) == [
        "mobile_node.home_agent: is this machine's own home agent: a node can't visit itself"
    ]


def test_no_secret_stands_in_an_error(folder: Path) -> None:
    key_file(folder, "feedfeedfeed", mode=0o644)
    (error,) = errors_of(documents()["mobile_node"] | {"daemon": {}}, folder)[:1]
    assert "feed" not in "".join(errors_of(documents()["mobile_node"], folder)) + error


# -- files


def test_a_file_is_read_with_its_key_files_beside_it(folder: Path) -> None:
    path = folder / "mn.toml"
    path.write_text(
        '[mobile_node]\nhome_address = "10.1.0.10"\nhome_agent = "10.1.0.1"\nhome_network = "10.1.0.0/24"\n'
        'links = ["eth0"]\nspi = 256\nkey_file = "key"\n'
    )
    configuration = load(path)
    assert isinstance(configuration, Configuration)
    assert configuration.roles == ("mobile_node",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[mobile_node", "not TOML"),
        (b"\xff\xfe", "not TOML"),
        (b"x = " + b"9" * 5000, "not TOML"),
        (b"x = " + b"[" * 3000, "not TOML"),
        (b"", "no role"),
    ],
)
def test_what_is_no_configuration_is_one_line(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=expected) as caught:
        load(path)
    assert len(caught.value.errors) == 1


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path / "mn.toml")
    assert caught.value.errors == ["can't be read: Permission denied"]


def test_a_file_may_be_named_by_a_string(folder: Path) -> None:
    (folder / "fa.toml").write_text('[foreign_agent]\nlinks = ["eth1"]\ncare_of_address = "192.0.2.1"\n')
    assert load(str(folder / "fa.toml")).roles == ("foreign_agent",)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load(tmp_path / "nothing.toml")
    with pytest.raises(ConfigurationError, match="Is a directory"):
        load(tmp_path)
