"""What `mip doctor` knows when it judges: everything was looked up before, so that judging is a pure function."""

from collections.abc import Mapping
from ipaddress import IPv4Address

import msgspec

from mobileip.control.schema import EngineView
from mobileip.daemon.config_file import Configuration
from mobileip.linux.nftables import Ruleset


class TunnelPath(msgspec.Struct, frozen=True):
    """A tunnel in use. `mtu`: the largest outer packet that its path is known to take; None: nothing is known."""

    remote: IPv4Address
    form: str
    """ipip, gre in udp, ..."""
    overhead: int
    mtu: int | None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    configuration: Configuration | None = None
    """None: no daemon answers, and no file was named."""
    no_daemon: str | None = None
    """Why no daemon tells; None: one does."""
    lacks: tuple[tuple[str, str], ...] = ()
    """What a daemon needs and would not get here, each with a hint."""
    device_trouble: tuple[str, str] | None = None
    """What is the matter with our tunnel device, and a hint."""
    engine: EngineView | None = None
    """What forwards packets; None: no daemon tells."""
    ip_forward: bool = True
    reverse_path_filters: Mapping[str, int] = {}
    """Link -> what holds there, for the links that matter (and are there)."""
    uplink: str | None = None
    """The link of the default route."""
    uplink_address: IPv4Address | None = None
    """What masquerading would write into packets that leave by it."""
    ruleset: Ruleset | None = None
    ruleset_trouble: str = ""
    """Why the packet filter can't be seen."""
    legacy_tables: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    """Rules that the daemon put into the firewall."""
    visitors: tuple[IPv4Address, ...] = ()
    """Some of a foreign agent's."""
    tunnels: tuple[TunnelPath, ...] = ()
    clock_offset: float = 0.0
    """The home agent's clock less ours, s."""

    @property
    def device(self) -> str:
        return self.configuration.daemon.device if self.configuration is not None else "mip0"

    @property
    def is_agent(self) -> bool:
        return self.configuration is not None and (
            self.configuration.home_agent is not None or self.configuration.foreign_agent is not None
        )
