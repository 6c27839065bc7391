"""A program for a network namespace of its own: walks an engine from state to state on the real kernel's tables.

After each step what is there must be what is wanted, repairing must find nothing to do, and in the end the machine must
look as before. It ends with an error where that does not hold.
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.wishes import HOME_ADDRESS, HOME_AGENT, HOME_NETWORK, states

from mobileip.dataplane.engine import Repair
from mobileip.dataplane.fake import FakePacketPort
from mobileip.dataplane.ports import InterfaceAddress, Rule
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ForwardingState, HomeAddress, HomeNetwork, MobileRoute
from mobileip.linux.kernel_tables import KernelTables
from mobileip.linux.sysctl import SysctlJournal
from mobileip.linux.tun import TunnelDevice

sound_states = states.map(
    lambda state: ForwardingState.of(
        [
            *state.wishes.values(),
            *(HomeAddress(address=w.home_address) for w in state.wishes.values() if isinstance(w, MobileRoute)),
        ]
    )
)


def run(command: str) -> str:
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


def picture() -> list[str]:
    """Everything that we might have changed, as text."""
    sysctls = sorted(
        f"{path} = {path.read_text().strip()}"
        for folder in ("conf", "neigh")
        for path in Path("/proc/sys/net/ipv4", folder).rglob("*")
        if path.is_file()
    )
    tables = [
        run(c)
        for c in ("ip -4 -d route show table all", "ip rule", "ip neigh show nud permanent", "ip neigh show proxy")
    ]
    return [*tables, *sysctls, Path("/proc/sys/net/ipv4/ip_forward").read_text()]


def walk(engine: UserspaceEngine, kernel: KernelTables) -> None:
    loop = asyncio.new_event_loop()

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(sound_states, min_size=1, max_size=3))
    def walk_one(path: list[ForwardingState]) -> None:
        assert loop.run_until_complete(engine.reconcile(path[0])) == []
        before = path[0]
        for after in [*path, ForwardingState()]:
            assert engine.apply(before.change_to(after)) == []
            assert loop.run_until_complete(kernel.actual()) == engine.wanted
            assert loop.run_until_complete(engine.repair(0.0)) == Repair()
            before = after

    walk_one()
    loop.run_until_complete(lose_and_repair(engine, kernel))
    loop.close()


async def lose_and_repair(engine: UserspaceEngine, kernel: KernelTables) -> None:
    """What others remove comes back, the routes that the kernel flushes with their link too."""
    route = MobileRoute(
        home_address=HOME_ADDRESS, interface="eth0", gateway=HOME_AGENT, gateway_link_address=b"\2\0\0\0\0\1"
    )
    state = ForwardingState.of([HomeAddress(address=HOME_ADDRESS), route, HomeNetwork(prefix=HOME_NETWORK)])
    assert await engine.reconcile(state) == []
    for command, restored in (
        ("ip rule del priority 7431", 1),
        ("ip -4 addr flush dev mip0", 4),  # the address, and with it every route of the device
        ("ip link set eth0 down", 1),  # the neighbour, which may be on a link that is down
        ("ip link set eth0 up", 1),  # the route, which may not
    ):
        run(command)
        repair = await engine.repair(0.0)
        assert repair.restored == restored, (command, repair)
    assert await kernel.actual() == engine.wanted
    assert {type(target) for target in engine.wanted} >= {InterfaceAddress, Rule}
    assert await engine.reconcile(ForwardingState()) == []


def main() -> None:
    run("ip link set lo up")
    for name in ("eth0", "eth1"):
        run(f"ip link add {name} type veth peer name {name}-peer")
        run(f"ip link set {name}-peer up")
        run(f"ip link set {name} up")
    # The second one is that of realm 1, which a daemon makes when it is wished for.
    devices = [TunnelDevice(name, 1480) for name in ("mip0", "mip0-1")]
    before = picture()
    with tempfile.TemporaryDirectory() as folder:
        kernel = KernelTables("mip0", SysctlJournal(Path(folder, "sysctl.journal")))
        walk(UserspaceEngine("mip0", kernel, FakePacketPort()), kernel)
        kernel.close()
    after = picture()
    if before != after:
        sys.exit(f"left behind: {set(after) - set(before)}, lost: {set(before) - set(after)}")
    for device in devices:
        device.close()


if __name__ == "__main__":
    main()
