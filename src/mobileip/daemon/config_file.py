"""TOML file -> configuration of each role: validated whole, every error with its key, all of them at once."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import msgspec

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.home.config import HomeAgentConfig, MobileNodeEntry
from mobileip.agents.mobile.config import MobileNodeConfig, MoveDetection
from mobileip.daemon.config_section import Section, in_range, read_integer, read_interface, read_string
from mobileip.daemon.keys import KeyFileError, read_key
from mobileip.security.association import RESERVED_SPIS, Algorithm, MobilitySecurityAssociation, ReplayStyle

DEFAULT_RUN_DIRECTORY = Path("/run/mip")
LONGEST_LIFETIME = 0xFFFF


class EngineChoice(StrEnum):
    AUTO = "auto"
    USERSPACE = "userspace"


class LogFormat(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


class DaemonConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is the daemon's own and no role's."""

    device: str = "mip0"
    """Our TUN device."""
    engine: EngineChoice = EngineChoice.AUTO
    tunnel_mtu: int = 1480
    """Octets: the path's 1500 less the outer header."""
    run_dir: Path | None = None
    """Control socket, lock and sysctl journal; None = $MIP_RUN_DIR, else /run/mip."""
    log_level: str = "info"
    log_format: LogFormat = LogFormat.LOGFMT


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file. At least one role."""

    daemon: DaemonConfig = DaemonConfig()
    home_agent: HomeAgentConfig | None = None
    foreign_agent: ForeignAgentConfig | None = None
    mobile_node: MobileNodeConfig | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(name for name in ("home_agent", "foreign_agent", "mobile_node") if getattr(self, name) is not None)


class ConfigurationError(Exception):
    """All that is wrong with a file, one line each, as `key: what is wrong (what was expected)`."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def load(path: Path) -> Configuration:
    """Reads and validates one file, key files included.

    Raises: `ConfigurationError`.
    """
    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8; digits or brackets by the thousand
        raise ConfigurationError([f"{path}: not TOML: {error}"]) from error
    return parse(document, path.parent)


def parse(document: Mapping[str, object], folder: Path) -> Configuration:
    """Validates a document; key files are relative to `folder`.

    Raises: `ConfigurationError`.
    """
    errors: list[str] = []
    top = Section(document, "", folder, errors)
    daemon = _daemon(top.section("daemon")) if "daemon" in document else DaemonConfig()
    home = _home_agent(top.section("home_agent")) if "home_agent" in document else None
    foreign = _foreign_agent(top.section("foreign_agent")) if "foreign_agent" in document else None
    mobile = _mobile_node(top.section("mobile_node")) if "mobile_node" in document else None
    top.finish()
    if not errors and home is None and foreign is None and mobile is None:
        errors.append("no role: one of [home_agent], [foreign_agent], [mobile_node] is expected")
    if home is not None and mobile is not None and home.address == mobile.home_agent:
        errors.append("mobile_node.home_agent: is this machine's own home agent: a node can't visit itself")
    if errors:
        raise ConfigurationError(errors)
    return Configuration(daemon=daemon, home_agent=home, foreign_agent=foreign, mobile_node=mobile)


def _daemon(section: Section) -> DaemonConfig:
    default = DaemonConfig()
    run_dir = (
        section.take("run_dir", lambda v: Path(read_string(v)), Path(), "a folder") if section.has("run_dir") else None
    )
    config = DaemonConfig(
        device=section.take("device", read_interface, default.device, "an interface name") or default.device,
        engine=section.choice("engine", EngineChoice, default.engine),
        tunnel_mtu=section.number("tunnel_mtu", default.tunnel_mtu, 576, 65_515),
        run_dir=run_dir,
        log_level=section.take("log_level", _level, default.log_level, "debug, info, warning or error") or "info",
        log_format=section.choice("log_format", LogFormat, default.log_format),
    )
    section.finish()
    return config


def _level(value: object) -> str:
    if value not in ("debug", "info", "warning", "error"):
        raise ValueError(value)
    return read_string(value)


def _association(section: Section) -> MobilitySecurityAssociation | None:
    """spi, key_file, algorithm, replay, timestamp_window of any table."""
    spi = section.take("spi", _spi, None, "a number from 256 to 4294967295; 0-255 are reserved, RFC 5944 §1.6")
    key: bytes | None = None
    key_file = section.take("key_file", read_string, None, "the name of a file with the key; `mip genkey` makes one")
    if key_file is not None:
        try:
            key = read_key(section.folder / key_file)
        except KeyFileError as error:
            section.error("key_file", str(error))
    algorithm = section.choice("algorithm", Algorithm, Algorithm.HMAC_MD5)
    replay = section.choice("replay", ReplayStyle, ReplayStyle.TIMESTAMPS)
    window = section.seconds("timestamp_window", 7.0, 0.001, 3600.0)
    if spi is None or key is None:
        return None
    return MobilitySecurityAssociation(spi=spi, key=key, algorithm=algorithm, replay=replay, timestamp_window=window)


def _spi(value: object) -> int:
    spi = in_range(read_integer(value), 0, 0xFFFFFFFF)
    if spi in RESERVED_SPIS:
        raise ValueError(spi)
    return spi


def _peers(section: Section, key: str, name: str) -> tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...]:
    """[[section.key]] tables with an address under `name` and an association."""
    peers = []
    for entry in section.sections(key):
        address = entry.address(name)
        association = _association(entry)
        entry.finish()
        if address is not None and association is not None:
            peers.append((address, association))
    return tuple(peers)


def _home_agent(section: Section) -> HomeAgentConfig | None:
    default = HomeAgentConfig(address=IPv4Address(0), home_network=IPv4Network("0.0.0.0/0"))
    address = section.address("address")
    network = section.network("home_network")
    nodes: dict[IPv4Address, tuple[MobilitySecurityAssociation, ...]] = {}
    for entry in section.sections("mobile_node"):
        home_address = entry.address("home_address")
        association = _association(entry)
        entry.finish()
        if home_address is None:
            continue
        if network is not None and home_address not in network:
            entry.error("home_address", f"{home_address} is not in home_network {network}")
        if home_address == address:
            entry.error("home_address", f"{home_address} is the home agent's own address")
        if association is not None:
            if any(known.spi == association.spi for known in nodes.get(home_address, ())):
                entry.error("spi", f"{association.spi} is given twice for {home_address}")
            nodes[home_address] = (*nodes.get(home_address, ()), association)
    foreign_agents = _peers(section, "foreign_agent", "address")
    home_link = (
        section.take("home_link", read_interface, None, "an interface name") if section.has("home_link") else None
    )
    values = {
        "maximum_lifetime": section.number("maximum_lifetime", default.maximum_lifetime, 1, LONGEST_LIFETIME),
        "maximum_simultaneous_bindings": section.number("maximum_simultaneous_bindings", 1, 1, 16),
        "advertisement_lifetime": section.number("advertisement_lifetime", default.advertisement_lifetime, 1, 9000),
        "announcements": section.number("announcements", default.announcements, 1, 10),
    }
    strict = section.flag("strict_reserved_bits", False)
    require = section.flag("require_foreign_home_authentication", False)
    interval = _interval(section, default.advertisement_interval, values["advertisement_lifetime"])
    section.finish()
    if address is None or network is None:
        return None
    return HomeAgentConfig(
        address=address,
        home_network=network,
        home_link=home_link,
        mobile_nodes=tuple(MobileNodeEntry(home_address=a, associations=s) for a, s in nodes.items()),
        foreign_agents=foreign_agents,
        advertisement_interval=interval,
        strict_reserved_bits=strict,
        require_foreign_home_authentication=require,
        maximum_lifetime=values["maximum_lifetime"],
        maximum_simultaneous_bindings=values["maximum_simultaneous_bindings"],
        advertisement_lifetime=values["advertisement_lifetime"],
        announcements=values["announcements"],
    )


def _interval(section: Section, default: float, lifetime: int) -> float:
    interval = section.seconds("advertisement_interval", default, 0.05, 1800.0)
    if interval > lifetime / 3:
        # RFC 5944 §2.1: the interval "SHOULD be no longer than 1/3 of the advertisement Lifetime".
        section.error(
            "advertisement_interval", f"{interval} s is longer than a third of advertisement_lifetime {lifetime}"
        )
    return interval


def _foreign_agent(section: Section) -> ForeignAgentConfig | None:
    default = ForeignAgentConfig(links=(), care_of_address=IPv4Address(0))
    links = section.interfaces("links")
    care_of_address = section.address("care_of_address")
    home_agents = _peers(section, "home_agent", "address")
    mobile_nodes = _peers(section, "mobile_node", "home_address")
    values = {
        name: section.number(name, getattr(default, name), low, high)
        for name, low, high in (
            ("registration_lifetime", 1, LONGEST_LIFETIME),
            ("advertisement_lifetime", 1, 9000),
            ("maximum_visitors", 1, 1_000_000),
            ("maximum_pending", 1, 1000),
            ("maximum_pending_total", 1, 1_000_000),
        )
    }
    pending_timeout = section.seconds("pending_timeout", default.pending_timeout, 7.0, 300.0)
    required = section.flag("registration_required", False)
    strict = section.flag("strict_reserved_bits", False)
    interval = _interval(section, default.advertisement_interval, values["advertisement_lifetime"])
    section.finish()
    if not links or care_of_address is None:
        return None
    return ForeignAgentConfig(
        links=links,
        care_of_address=care_of_address,
        home_agents=home_agents,
        mobile_nodes=mobile_nodes,
        advertisement_interval=interval,
        pending_timeout=pending_timeout,
        registration_required=required,
        strict_reserved_bits=strict,
        registration_lifetime=values["registration_lifetime"],
        advertisement_lifetime=values["advertisement_lifetime"],
        maximum_visitors=values["maximum_visitors"],
        maximum_pending=values["maximum_pending"],
        maximum_pending_total=values["maximum_pending_total"],
    )


def _mobile_node(section: Section) -> MobileNodeConfig | None:
    home_address = section.address("home_address")
    home_agent = section.address("home_agent")
    network = section.network("home_network")
    gateway = section.address("home_gateway") if section.has("home_gateway") else None
    links = section.interfaces("links")
    association = _association(section)
    foreign_agents = _peers(section, "foreign_agent", "address")
    lifetime = section.number("requested_lifetime", 1800, 1, LONGEST_LIFETIME)
    move_detection = section.choice("move_detection", MoveDetection, MoveDetection.BY_PREFIX)
    wait = section.seconds("colocated_wait", 0.2, 0.0, 60.0)
    solicit = section.seconds("solicit_maximum_interval", 60.0, 1.0, 3600.0)
    colocated = section.flag("colocated", True)
    deregister = section.flag("deregister_on_stop", True)
    section.finish()
    if home_address is not None and network is not None and home_address not in network:
        section.error("home_address", f"{home_address} is not in home_network {network}")
    if home_address is not None and home_address == home_agent:
        section.error("home_address", f"{home_address} is the home agent's address")
    if home_address is None or home_agent is None or network is None or association is None or not links:
        return None
    return MobileNodeConfig(
        home_address=home_address,
        home_agent=home_agent,
        home_network=network,
        home_gateway=gateway,
        links=links,
        association=association,
        foreign_agents=foreign_agents,
        requested_lifetime=lifetime,
        move_detection=move_detection,
        colocated=colocated,
        colocated_wait=wait,
        solicit_maximum_interval=solicit,
        deregister_on_stop=deregister,
    )
