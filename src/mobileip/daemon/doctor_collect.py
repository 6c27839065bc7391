"""Looks everything up that `mip doctor` judges: in a running daemon, or without one (`python -m
mobileip.daemon.doctor_collect`, which prints the view as JSON).
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address
from itertools import islice
from pathlib import Path

import msgspec

from mobileip.control.schema import EngineView
from mobileip.daemon.config_file import Configuration, ConfigurationError, load
from mobileip.daemon.doctor import examine
from mobileip.daemon.doctor_facts import Facts, TunnelPath
from mobileip.daemon.machine import Machine
from mobileip.linux import capabilities, machine_facts, nftables
from mobileip.linux.errors import MachineError
from mobileip.linux.nftables import NftError, Ruleset
from mobileip.linux.tun import is_foreign

TUNNELS_LOOKED_AT = 1000
"""Each may cost a question to the kernel."""
VISITORS_LOOKED_AT = 10

EXIT_CONFIGURATION = 7


async def of_daemon(
    configuration: Configuration,
    machine: Machine,
    *,
    device_trouble: MachineError | None,
    engine: EngineView,
    opened: Sequence[str],
    visitors: Sequence[IPv4Address],
    clock_offset: float,
    now: float,
) -> Facts:
    """`now`: boot time, s."""
    ruleset, trouble = await asyncio.to_thread(_ruleset)
    uplink = machine_facts.default_route_link()
    return Facts(
        configuration=configuration,
        device_trouble=None if device_trouble is None else (str(device_trouble), device_trouble.hint),
        engine=engine,
        ip_forward=machine_facts.ip_forward(),
        reverse_path_filters=machine_facts.reverse_path_filters(_links(configuration)),
        uplink=uplink,
        uplink_address=machine_facts.primary_address(uplink) if uplink is not None else None,
        ruleset=ruleset,
        ruleset_trouble=trouble,
        legacy_tables=nftables.legacy_tables(),
        opened=tuple(opened),
        visitors=tuple(visitors[:VISITORS_LOOKED_AT]),
        tunnels=_tunnels(machine, now),
        clock_offset=clock_offset,
    )


def without_daemon(configuration: Configuration | None, why: str) -> Facts:
    ruleset, trouble = _ruleset() if configuration is not None else (None, "")
    uplink = machine_facts.default_route_link()
    device = configuration.daemon.device if configuration is not None else Facts().device
    taken = f"the name {device} is taken by a device that is not ours"
    return Facts(
        configuration=configuration,
        no_daemon=why,
        lacks=tuple((str(lack), lack.hint) for lack in capabilities.lacks()),
        device_trouble=(taken, "rename that device, or name ours anew ([daemon] device)")
        if is_foreign(device)
        else None,
        ip_forward=machine_facts.ip_forward(),
        reverse_path_filters=machine_facts.reverse_path_filters(_links(configuration)) if configuration else {},
        uplink=uplink,
        uplink_address=machine_facts.primary_address(uplink) if uplink is not None else None,
        ruleset=ruleset,
        ruleset_trouble=trouble,
        legacy_tables=nftables.legacy_tables(),
    )


def _ruleset() -> tuple[Ruleset | None, str]:
    try:
        return nftables.read_ruleset(), ""
    except NftError as error:
        return None, str(error)


def _links(configuration: Configuration) -> tuple[str, ...]:
    return (*configuration.links, configuration.daemon.device)


def _tunnels(machine: Machine, now: float) -> tuple[TunnelPath, ...]:
    """Each once, however many mobile nodes it is for."""
    distinct = dict.fromkeys(use.tunnel for use in machine.engine.tunnels())
    return tuple(
        TunnelPath(
            tunnel.remote,
            tunnel.encapsulation.value + (" in UDP" if tunnel.udp is not None else ""),
            tunnel.overhead,
            machine.engine.path_mtu(tunnel, now),
        )
        for tunnel in islice(distinct, TUNNELS_LOOKED_AT)
    )


def main(arguments: list[str] | None = None) -> int:
    command = argparse.ArgumentParser(prog="mip doctor", description="What can be said without a daemon, as JSON.")
    command.add_argument("--why", default="no daemon answers", help="why none is asked")
    command.add_argument("--config", type=Path, metavar="FILE", help="what a daemon would be started with")
    options = command.parse_args(arguments)
    try:
        configuration = load(options.config) if options.config is not None else None
    except ConfigurationError as error:
        for line in error.errors:
            sys.stderr.write(f"mip: {options.config}: {line}\n")
        return EXIT_CONFIGURATION
    sys.stdout.write(msgspec.json.encode(examine(without_daemon(configuration, options.why))).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
