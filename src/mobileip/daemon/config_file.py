"""TOML file -> configuration of each role: validated whole, every error with its key, all of them at once."""

import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import msgspec

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.mobile.config import UNSPECIFIED, MobileNodeConfig, MoveDetection
from mobileip.agents.offers import ADVERTISEMENT_ADDRESSES, AdvertisingConfig
from mobileip.daemon import config_foreign, config_home, config_mobile
from mobileip.daemon.config_section import Section, in_range, read_integer, read_interface, read_path, read_string
from mobileip.daemon.keys import KeyFileError, looks_like_key, read_key
from mobileip.linux.bpf.attachment import BPF_DIRECTORY
from mobileip.security.association import RESERVED_SPIS, Algorithm, MobilitySecurityAssociation, ReplayStyle

DEFAULT_RUN_DIRECTORY = Path("/run/mip")
LONGEST_LIFETIME = 0xFFFF
LONGEST_MESSAGE = 254
"""Octets of UTF-8 (RFC 4917 §3)."""


class EngineChoice(StrEnum):
    AUTO = "auto"
    EBPF = "ebpf"
    USERSPACE = "userspace"


class LogFormat(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


class DaemonConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is the daemon's own and no role's."""

    device: str = "mip0"
    """Our TUN device."""
    engine: EngineChoice = EngineChoice.AUTO
    bpf_directory: Path = BPF_DIRECTORY
    """In a bpffs: a folder of ours with the fast path's links is made there, where it may be."""
    tunnel_mtu: int = 1480
    """Octets: the path's 1500 less the outer header."""
    run_dir: Path | None = None
    """Control socket, lock and journals; None = $MIP_RUN_DIR, else /run/mip."""
    state_dir: Path | None = None
    """What a home agent remembers; None = /var/lib/mip, or the run directory where that is not the default one or the
    other can't be written."""
    open_firewall: bool = False
    """May the daemon put accept rules into firewall chains that drop what it needs?"""
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

    @property
    def links(self) -> tuple[str, ...]:
        """The interfaces of all roles, each once."""
        home, foreign, mobile = self.home_agent, self.foreign_agent, self.mobile_node
        names = [home.home_link] if home is not None and home.home_link is not None else []
        names += foreign.links if foreign is not None else ()
        names += mobile.links if mobile is not None else ()
        return tuple(dict.fromkeys(names))


class ConfigurationError(Exception):
    """All that is wrong with a file, one line each, as `key: what is wrong (what was expected)`."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def load(path: Path | str) -> Configuration:
    """Reads and validates one file, key files included.

    Raises: `ConfigurationError`.
    """
    file = Path(path)
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"can't be read: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8; digits or brackets by the thousand
        raise ConfigurationError([f"not TOML: {error}"]) from error
    return parse(document, file.parent)


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
    configuration = Configuration(daemon=daemon, home_agent=home, foreign_agent=foreign, mobile_node=mobile)
    if daemon.device in configuration.links:
        errors.append(f"daemon.device: {daemon.device} is one of the links (expected a name for a device of our own)")
    if errors:
        raise ConfigurationError(errors)
    return configuration


def _daemon(section: Section) -> DaemonConfig:
    default = DaemonConfig()
    run_dir = section.take("run_dir", read_path, None, "a folder") if section.has("run_dir") else None
    config = DaemonConfig(
        device=section.take("device", read_interface, default.device, "an interface name") or default.device,
        engine=section.choice("engine", EngineChoice, default.engine),
        bpf_directory=section.take("bpf_directory", read_path, default.bpf_directory, "a folder")
        or default.bpf_directory,
        tunnel_mtu=section.number("tunnel_mtu", default.tunnel_mtu, 576, 65_515),
        run_dir=run_dir,
        state_dir=section.take("state_dir", read_path, None, "a folder") if section.has("state_dir") else None,
        open_firewall=section.flag("open_firewall", default.open_firewall),
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
    expected = "the name of a file with the key; `mip genkey` makes one"
    key_file = section.take("key_file", read_string, None, expected, secret=True)
    if key_file is not None:
        try:
            key = read_key(section.folder / key_file)
        except KeyFileError as error:
            # Errors go to logs and terminals: a key in the place of its file's name is not repeated there.
            is_key = looks_like_key(key_file)
            section.error("key_file", f"is a key itself (expected {expected})" if is_key else str(error))
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


def _peers(
    section: Section, key: str, name: str, read: Callable[[Section, IPv4Address | None], None] | None = None
) -> tuple[tuple[IPv4Address, MobilitySecurityAssociation], ...]:
    """[[section.key]] tables with an address under `name` and an association; `read` takes what else they have."""
    peers: list[tuple[IPv4Address, MobilitySecurityAssociation]] = []
    for entry in section.sections(key):
        address = entry.address(name)
        association = _association(entry)
        if read is not None:
            read(entry, address)
        entry.finish()
        if address is None or association is None:
            continue
        if any(peer == address and known.spi == association.spi for peer, known in peers):
            entry.error("spi", f"{association.spi} is given twice for {address}")
        peers.append((address, association))
    return tuple(peers)


def _home_agent(section: Section) -> HomeAgentConfig | None:
    default = HomeAgentConfig(address=IPv4Address(0), home_network=IPv4Network("0.0.0.0/0"))
    # R5944-3.8.1-a: "Each home agent MUST be configured with an IP address and with the prefix size for the home
    # network."
    address = section.address("address")
    # R5944-3.8.1-a
    network = section.network("home_network")
    options = config_home.options_of(section)
    mobile_nodes = config_home.mobile_nodes_of(
        section,
        _association,
        address=address,
        network=network,
        allow_unauthenticated=options["allow_unauthenticated"],
    )
    foreign_agents = _peers(section, "foreign_agent", "address")
    home_link = (
        section.take("home_link", read_interface, None, "an interface name") if section.has("home_link") else None
    )
    values = {
        "maximum_lifetime": section.number("maximum_lifetime", default.maximum_lifetime, 1, LONGEST_LIFETIME),
        "maximum_simultaneous_bindings": section.number("maximum_simultaneous_bindings", 1, 1, 16),
        "announcements": section.number("announcements", default.announcements, 1, 10),
    }
    advertising = _advertising(section)
    section.finish()
    if address is None or network is None:
        return None
    return config_home.built(
        section,
        address=address,
        home_network=network,
        home_link=home_link,
        mobile_nodes=mobile_nodes,
        foreign_agents=foreign_agents,
        **msgspec.structs.asdict(advertising),
        **values,
        **options,
    )


def _advertising(section: Section) -> AdvertisingConfig:
    """What home agents and foreign agents have in common."""
    default = AdvertisingConfig()
    lifetime = section.number("advertisement_lifetime", default.advertisement_lifetime, 1, 9000)
    interval = section.seconds("advertisement_interval", default.advertisement_interval, 0.05, 1800.0)
    # R5944-2.1-f: the interval "SHOULD be no longer than 1/3 of the advertisement Lifetime".
    if interval > lifetime / 3:
        section.error(
            "advertisement_interval", f"{interval} s is longer than a third of advertisement_lifetime {lifetime}"
        )
    # R5944-2.1-c, R1256-4.1-a
    address = section.take(
        "advertisement_address", _advertisement_address, default.advertisement_address, "224.0.0.1 or 255.255.255.255"
    )
    return AdvertisingConfig(
        advertisement_interval=interval,
        advertisement_lifetime=lifetime,
        advertisement_address=address or default.advertisement_address,
        # R1256-4.1-a: a signed number of 32 bits.
        preference_level=section.number("preference_level", default.preference_level, -(1 << 31), (1 << 31) - 1),
        routes_common_traffic=section.flag("routes_common_traffic", default.routes_common_traffic),
        advertise_prefix_lengths=section.flag("advertise_prefix_lengths", default.advertise_prefix_lengths),
    )


def _advertisement_address(value: object) -> IPv4Address:
    address = IPv4Address(read_string(value))
    if address not in ADVERTISEMENT_ADDRESSES:
        raise ValueError(value)
    return address


def _foreign_agent(section: Section) -> ForeignAgentConfig | None:
    default = ForeignAgentConfig(links=(), care_of_address=IPv4Address(0))
    links = section.interfaces("links")
    # R5944-3.7.1-a: "Each foreign agent MUST be configured with a care-of address."
    care_of_address = section.address("care_of_address")
    forms: config_foreign.KeyForms = {}
    note = partial(config_foreign.note_key_form, forms=forms)
    home_agents = _peers(section, "home_agent", "address", note)
    mobile_nodes = _peers(section, "mobile_node", "home_address")
    values = {
        name: section.number(name, getattr(default, name), low, high)
        for name, low, high in (
            ("registration_lifetime", 1, LONGEST_LIFETIME),
            ("maximum_visitors", 1, 1_000_000),
            ("maximum_pending", 1, 1000),
            ("maximum_pending_total", 1, 1_000_000),
        )
    }
    pending_timeout = section.seconds("pending_timeout", default.pending_timeout, 7.1, 300.0)
    flags = {
        name: section.flag(name, getattr(default, name))
        for name in (
            "registration_required",
            "strict_reserved_bits",
            "foreign_home_on_deregistration",
            "nai_registrations",
            "revocation",
        )
    }
    default_home_agent = section.address("default_home_agent") if section.has("default_home_agent") else None
    message = section.take("message", _read_message, "", f"a text of at most {LONGEST_MESSAGE} octets")
    tunnels = config_foreign.options_of(section)
    advertising = _advertising(section)
    section.finish()
    if not links or care_of_address is None:
        return None
    return config_foreign.built(
        section,
        links=links,
        care_of_address=care_of_address,
        home_agents=home_agents,
        mobile_nodes=mobile_nodes,
        gre_key_forms=tuple(forms.items()),
        **tunnels,
        **msgspec.structs.asdict(advertising),
        pending_timeout=pending_timeout,
        **flags,
        default_home_agent=default_home_agent,
        message=message or "",
        **values,
    )


def _read_message(value: object) -> str:
    text = read_string(value)
    in_range(len(text.encode()), 0, LONGEST_MESSAGE)
    return text


def _mobile_node(section: Section) -> MobileNodeConfig | None:
    home_address = config_mobile.home_address_of(section)
    network = section.network("home_network")
    home_agent = config_mobile.home_agent_of(section, network)
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
    options = config_mobile.options_of(section, links)
    section.finish()
    is_known = home_address is not None and home_address != UNSPECIFIED
    if is_known and network is not None and home_address not in network:
        section.error("home_address", f"{home_address} is not in home_network {network}")
    if is_known and home_address == home_agent:
        section.error("home_address", f"{home_address} is the home agent's address")
    if home_address is not None and home_agent is not None:
        config_mobile.check(section, home_address, home_agent, options)
    # R5944-3.6-a: it "MUST be configured with a netmask and a Mobility Security Association".
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
        **options,
    )
