"""One end of a tunnel as a process: the daemon's machine parts without agents. Runs inside its namespace.

    python -m bench.dataplane.endpoint ENGINE <<< '{"end": "home_agent", "form": "ipip", "care_of": "10.0.3.2"}'

One order comes in, one answer goes out when its wishes are in force; the end of the input ends it.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import msgspec
from bench.dataplane import wishes
from bench.dataplane.topology import FOREIGN_AGENT, HOME_ADDRESS, HOME_AGENT, HOME_NETWORK, MOBILE_LINK, VISITED_LINK
from bench.dataplane.wishes import End, Form

from mobileip.agents.foreign.config import ForeignAgentConfig
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.daemon.config_file import Configuration, DaemonConfig, EngineChoice
from mobileip.daemon.machine import Machine
from mobileip.forwarding.model import ForwardingChange, ForwardingState, Wish
from mobileip.linux import clock
from mobileip.linux.errors import MachineError
from mobileip.linux.signalling import Receivers
from mobileip.security.association import MobilitySecurityAssociation

LIFETIME = 86_400.0
WISHES_PER_CHANGE = 50_000


class Order(msgspec.Struct, frozen=True):
    end: End
    form: Form
    care_of: str = ""
    """Of a home agent's mobile nodes."""
    bindings: int = 1
    visitor: str = ""
    """A foreign agent's: the link-layer address, in hexadecimal digits."""


class Answer(msgspec.Struct, frozen=True):
    engine: str
    reason: str
    """Why it is this one."""
    seconds: float
    """Until the wishes were in force."""
    refused: tuple[str, ...] = ()


def wishes_of(order: Order, until: float) -> list[Wish]:
    """All but those for a home agent's silent mobile nodes."""
    match order.end:
        case End.HOME_AGENT:
            return wishes.of_home_agent(order.form, IPv4Address(order.care_of), until)
        case End.MOBILE_NODE:
            return wishes.of_mobile_node(order.form, until)
        case End.FOREIGN_AGENT:  # no other
            return wishes.of_foreign_agent(order.form, bytes.fromhex(order.visitor), until)


def configuration(order: Order, engine: str) -> Configuration:
    """With the links of its role, where the daemon opens sockets that see packets pass."""
    daemon = DaemonConfig(engine=EngineChoice(engine))
    match order.end:
        case End.HOME_AGENT:
            return Configuration(daemon=daemon)  # of a virtual home network
        case End.MOBILE_NODE:
            node = MobileNodeConfig(
                home_address=HOME_ADDRESS,
                home_agent=HOME_AGENT,
                home_network=HOME_NETWORK,
                links=(MOBILE_LINK,),
                association=MobilitySecurityAssociation(spi=256, key=bytes(16)),
            )
            return Configuration(daemon=daemon, mobile_node=node)
        case End.FOREIGN_AGENT:  # no other
            agent = ForeignAgentConfig(links=(VISITED_LINK,), care_of_address=FOREIGN_AGENT)
            return Configuration(daemon=daemon, foreign_agent=agent)


async def live(order: Order, engine: str, run_directory: Path, orders: asyncio.StreamReader) -> None:
    machine = Machine(
        configuration(order, engine),
        run_directory,
        Receivers(_ignore, _ignore, _ignore, _ignore, _ignore),
        on_link=_ignore,
        on_link_removed=_ignore,
        on_ours_changed=_ignore,
        on_news=_ignore,
        on_device_trouble=_ignore,
        on_engine=_ignore,
        on_event=_ignore,
    )
    await machine.start()
    machine.accelerator.start()
    try:
        start, until = time.perf_counter(), clock.now().boot + LIFETIME
        failures = await machine.engine.reconcile(ForwardingState.of(wishes_of(order, until)))
        if order.bindings > 1:
            others = wishes.of_others(order.form, IPv4Address(order.care_of), order.bindings - 1, until)
            for batch in _batches(others):
                failures += machine.engine.apply(ForwardingChange(install=batch))
        refused = tuple(f"{failure}" for failure in failures[:3])
        answer = Answer(machine.engine.name, machine.accelerator.reason, time.perf_counter() - start, refused)
        print(msgspec.json.encode(answer).decode(), flush=True)
        await orders.read()
        machine.accelerator.remove()
        await machine.engine.reconcile(ForwardingState())
    finally:
        machine.stop()


def _batches(found: Iterable[Wish]) -> Iterator[tuple[Wish, ...]]:
    iterator = iter(found)
    while batch := tuple(itertools.islice(iterator, WISHES_PER_CHANGE)):
        yield batch


def _ignore(*_: object) -> None:
    pass


async def main(engine: str) -> int:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    try:
        order = msgspec.json.decode(await orders.readline(), type=Order)
        with tempfile.TemporaryDirectory() as folder:
            await live(order, engine, Path(folder), orders)
    except (MachineError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
