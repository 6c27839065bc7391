"""A running daemon as one object: agents, machine, loop and feed put together, started and ended in order."""

import asyncio
import os
from collections.abc import Callable, Iterator
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path

import msgspec

from mobileip.agents.events import DeregisterCommanded, RegisterCommanded, Started, Stopping, TimerExpired
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.memory import Remembered
from mobileip.agents.node import Node
from mobileip.control.schema import (
    AgentView,
    BindingView,
    DoctorView,
    EngineView,
    ErrorView,
    HandoverView,
    LinkView,
    RegistrationView,
    RevokedView,
    StatusView,
    TrafficView,
    TunnelView,
    VisitorView,
)
from mobileip.control.server import ControlServer
from mobileip.daemon import clearing, doctor_collect, link_commands, metrics, views
from mobileip.daemon.build import build_node
from mobileip.daemon.config_file import Configuration
from mobileip.daemon.doctor import examine
from mobileip.daemon.engine_switch import EngineSwitch
from mobileip.daemon.firewall import Firewall
from mobileip.daemon.machine import Machine, signalling_links, visiting_links
from mobileip.daemon.packet_trace import PacketTrace
from mobileip.daemon.perform import Performer
from mobileip.daemon.publishing import Listener, Publisher
from mobileip.daemon.repair import Repairer
from mobileip.daemon.runner import Runner
from mobileip.daemon.store import Store, state_directory
from mobileip.daemon.succession import Succession
from mobileip.forwarding.model import ForwardingState
from mobileip.linux import clock, entropy
from mobileip.linux.errors import MachineError
from mobileip.linux.signalling import Receivers
from mobileip.linux.socket_path import require_free

SOCKET_NAME = "mipd.sock"


class End(Enum):
    """How a daemon ends."""

    REMOVE = "remove"
    """Farewells, then nothing of ours stays on the machine (`mip stop`, SIGINT)."""
    LEAVE = "leave"
    """What bears our mark stays for the next daemon to adopt (SIGTERM, what a service restart sends)."""
    RESTART = "restart"
    """As LEAVE, and this process becomes the next daemon (`mip restart`)."""


class Service:
    """`on_end` is called when an operator asks for the end over the control API; an answer says why it can't be done.

    Raises: `linux.errors.MachineError` when the machine lacks something; nothing is changed then.
    """

    def __init__(
        self, configuration: Configuration, run_directory: Path, on_end: Callable[[End], ErrorView | None]
    ) -> None:
        require_free(run_directory / SOCKET_NAME)
        self.configuration = configuration
        self._run_directory = run_directory
        self._on_end = on_end
        self._publisher = publisher = Publisher(configuration.daemon.device)
        self._publish, self._report = publisher.publish, publisher.report
        self._runner = Runner(build_node(configuration), publisher.notify)
        self._started_at = clock.now().boot
        self._machine = Machine(
            configuration,
            run_directory,
            Receivers(
                on_messages=self._runner.messages,
                on_discovery=self._runner.discovery,
                on_router=self._runner.router,
                on_undecodable=self._runner.undecodable,
                on_delivery_failed=self._runner.delivery_failed,
            ),
            on_link=self._runner.link_changed,
            on_link_removed=self._runner.link_removed,
            on_ours_changed=self._ours_changed,
            on_news=self._runner.news,
            on_device_trouble=publisher.device_trouble,
            on_engine=lambda reason: self._engine.changed(reason),  # noqa: PLW0108 - it is made after the machine
            on_event=self._runner.handle,
        )
        self._engine = EngineSwitch(self._machine.engine, self._machine.accelerator, self._publish)
        self._firewall = Firewall(configuration, run_directory)
        self._repairer = Repairer(self._machine.engine, publisher.repaired, publisher.not_repaired)
        self._succession = Succession(self._machine.engine, configuration, run_directory, self._publish, self._report)
        self._store = Store(state_directory(configuration.daemon, run_directory), publisher.memory_trouble)
        self._runner.performer = Performer(
            self._succession,
            self._machine.signalling,
            self._store,
            self._machine.paths,
            notify=publisher.notify,
            report=publisher.report,
            on_news=self._runner.news,
            on_event=self._runner.handle,
        )
        self._server = ControlServer(run_directory / SOCKET_NAME, self, publisher.feed, PacketTrace(self._machine).feed)

    # -- life

    async def start(self) -> None:
        """Repairs what a crash left, then hears, answers and forwards.

        Raises: `linux.errors.MachineError`; nothing of ours stays on the machine then.
        """
        try:
            await self._start()
        except BaseException as error:
            await self.stop(End.REMOVE)
            if isinstance(error, OSError):
                raise MachineError(f"can't start: {error}", "nothing was left behind") from error
            raise

    async def _start(self) -> None:
        self._machine.device.persist(True)  # from now on, so that `kill -9` leaves it with its addresses and routes
        self._succession.inherit(self._runner.node)
        self._runner.handle(Started(entropy=entropy.draw(), remembered=self._remembered(None)))
        self._report(await self._succession.reconcile(self._runner.node.forwarding()))
        self._firewall.open()
        if self._firewall.rules:
            self._publish({"event": "firewall_opened", "rules": self._firewall.rules})
        self._tell_of_firewall_trouble()
        await self._machine.start()
        self._runner.afterwards = self._look_after_inheritance  # not before the links are known
        self._look_after_inheritance()
        self._machine.accelerator.start()
        await self._server.start()

    async def stop(self, end: End) -> None:
        """Ends in the way asked for; afterwards the object is of no more use.

        Raises: `linux.errors.MachineError` when something could not be removed; nothing is held open then either.
        """
        await self._repairer.stop()
        await self._server.stop()
        self._machine.device.persist(end is not End.REMOVE)
        try:
            await self._leave(end)
        except OSError as error:
            raise MachineError(f"can't clean up: {error}", "the next start repairs what was left") from error
        finally:
            self._succession.stop(leave=end is not End.REMOVE)
            self._store.close()
            self._machine.stop()

    def _look_after_inheritance(self) -> None:
        self._succession.look(self._runner.node.mobile, self._machine.watch.links())

    async def _leave(self, end: End) -> None:
        if end is End.REMOVE:
            self._runner.handle(Stopping(entropy=entropy.draw()))
            await self._bid_farewell()
            self._runner.stop()
            self._machine.accelerator.remove()
            self._report(await self._machine.engine.reconcile(ForwardingState()))
            self._machine.kernel.restore_sysctls()
            self._close_firewall()
        else:
            self._runner.stop()
            self._machine.accelerator.leave()

    def _close_firewall(self) -> None:
        rules = self._firewall.rules
        self._firewall.close()
        if rules and not self._firewall.trouble:
            self._publish({"event": "firewall_closed", "rules": rules})
        self._tell_of_firewall_trouble()

    def _tell_of_firewall_trouble(self) -> None:
        if self._firewall.trouble:
            self._publish({"event": "firewall_trouble", "reason": self._firewall.trouble})

    async def _bid_farewell(self) -> None:
        """A mobile node's deregistration may have to wait, for a second at most (RFC 5944 §3.6.3)."""
        mobile = self._runner.node.mobile
        if mobile is not None and mobile.farewell_at is not None:
            await asyncio.sleep(max(0.0, mobile.farewell_at - clock.now().boot))
            self._runner.handle(TimerExpired(entropy=entropy.draw()))

    async def reconfigure(self, configuration: Configuration) -> None:
        """Takes a new configuration over; a role whose configuration is the same keeps its agent, and so its state.

        Raises: ValueError when something differs that only a restart can change ([daemon] but for its engine, or the
        links heard).
        """
        daemon, engine = self.configuration.daemon, configuration.daemon.engine
        if configuration.daemon != msgspec.structs.replace(daemon, engine=engine):
            raise ValueError("[daemon] differs: restart to change it")
        if set(signalling_links(configuration)) != set(signalling_links(self.configuration)):
            raise ValueError("the links that are heard differ: restart to change them")
        old, new = self._runner.node, build_node(configuration)
        kept = Node(
            home=old.home if configuration.home_agent == self.configuration.home_agent else new.home,
            foreign=old.foreign if configuration.foreign_agent == self.configuration.foreign_agent else new.foreign,
            mobile=old.mobile if configuration.mobile_node == self.configuration.mobile_node else new.mobile,
            predecessor=old,
        )
        self.configuration = configuration
        self._machine.signalling.visiting_links = visiting_links(configuration)
        self._runner.replace(kept)
        self._succession.reconfigure(configuration)
        self._runner.handle(Started(entropy=entropy.draw(), remembered=self._remembered(old.home)))
        for link in self._machine.watch.links().values():
            self._runner.link_changed(link)
        self._report(await self._succession.reconcile(kept.forwarding()))
        if engine is not daemon.engine:
            await self._engine.choose(engine)  # where it can't be had, a warning says so

    def _remembered(self, old: HomeAgent | None) -> Remembered | None:
        """For a home agent that is new."""
        home = self._runner.node.home
        return None if home is None or home is old else self._store.remembered()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """`listener` gets every event of the feed as a dict; the answer ends the subscription."""
        return self._publisher.subscribe(listener)

    # -- Backend of the control API

    def status(self) -> StatusView:
        node, now = self._runner.node, clock.now().boot
        home = node.home.snapshot() if node.home is not None else None
        foreign = node.foreign.snapshot() if node.foreign is not None else None
        mobile = node.mobile.snapshot() if node.mobile is not None else None
        return StatusView(
            verdict=views.verdict(home, foreign, mobile, now),
            warnings=[
                *views.trouble_of(self._publisher.lost),
                *self._engine.warnings,
                *filter(None, [self._firewall.trouble]),
                *self._store.troubles,
                *views.warnings(
                    self.configuration.home_agent,
                    mobile,
                    self._publisher.failures,
                    self._runner.performer.unsent,
                    views.code_name,
                ),
            ],
            roles=list(self.configuration.roles),
            engine=self._engine.view(),
            device=self.configuration.daemon.device,
            pid=os.getpid(),
            uptime_seconds=round(now - self._started_at, 3),
            home_agent=str(home.address) if home is not None else None,
            bindings=len(home.bindings) if home is not None else None,
            care_of_address=str(foreign.care_of_address) if foreign is not None else None,
            visitors=len(foreign.visitors) if foreign is not None else None,
            busy=foreign.busy if foreign is not None else None,
            registration=views.registration(mobile, now) if mobile is not None else None,
            links=views.links(mobile, now) if mobile is not None else [],
            firewall=self._firewall.rules,
        )

    def engine(self) -> EngineView:
        return self._engine.view()

    async def choose_engine(self, name: str) -> EngineView | ErrorView:
        return await self._engine.choose(name)

    def bindings(self) -> list[BindingView]:
        home, now = self._runner.node.home, clock.now().boot
        if home is None:
            return []
        wall = views.wall_clock(now)
        return [views.binding(entry, now, wall) for entry in home.snapshot().bindings]

    def visitors(self) -> list[VisitorView]:
        foreign, now = self._runner.node.foreign, clock.now().boot
        wall = views.wall_clock(now)
        return [] if foreign is None else [views.visitor(entry, now, wall) for entry in foreign.snapshot().visitors]

    def agents(self) -> list[AgentView]:
        mobile, now = self._runner.node.mobile, clock.now().boot
        return [] if mobile is None else [views.agent(entry, now) for entry in mobile.snapshot().agents]

    def registration(self) -> RegistrationView | None:
        mobile = self._runner.node.mobile
        return None if mobile is None else views.registration(mobile.snapshot(), clock.now().boot)

    def links(self) -> list[LinkView]:
        mobile = self._runner.node.mobile
        return [] if mobile is None else views.links(mobile.snapshot(), clock.now().boot)

    def handovers(self) -> list[HandoverView]:
        wall = views.wall_clock(clock.now().boot)
        return [views.handover(notice, at, wall) for at, notice in self._publisher.handovers.latest()]

    def metrics(self) -> str:
        return metrics.text(self.status(), self.traffic(), self._publisher.handovers)

    def tunnels(self, *, idle: bool = False) -> Iterator[TunnelView]:
        now = clock.now().boot
        return (views.tunnel(use, now) for use in self._machine.engine.tunnels(idle=idle) if idle or use.packets)

    def traffic(self) -> TrafficView:
        node = self._runner.node
        return TrafficView(
            home_agent=node.home.snapshot().counters if node.home is not None else None,
            foreign_agent=node.foreign.snapshot().counters if node.foreign is not None else None,
            mobile_node=node.mobile.snapshot().counters if node.mobile is not None else None,
            packets=dict(self._machine.engine.counters()),
            discarded=dict(self._runner.discarded),
        )

    async def doctor(self) -> DoctorView:
        mobile, foreign = self._runner.node.mobile, self._runner.node.foreign
        visitors = foreign.snapshot().visitors if foreign is not None else ()
        facts = await doctor_collect.of_daemon(
            self.configuration,
            self._machine,
            device_trouble=self._publisher.lost,
            engine=self._engine.view(),
            opened=self._firewall.rules,
            visitors=[visitor.home_address for visitor in visitors if not visitor.reverse_tunnel],
            clock_offset=mobile.snapshot().clock_offset if mobile is not None else 0.0,
            now=clock.now().boot,
        )
        return examine(facts)

    def command(self, name: str) -> ErrorView | None:
        if name == "stop":
            return self._on_end(End.REMOVE)
        if name == "restart":
            return self._on_end(End.RESTART)
        if self._runner.node.mobile is None:
            return ErrorView(code="not_found", message=f"{name}: this daemon is no mobile node")
        if name == "register":
            self._runner.handle(RegisterCommanded(entropy=entropy.draw()))
        else:
            self._runner.handle(DeregisterCommanded(entropy=entropy.draw()))
        return None

    def clear(self, name: str, home_address: IPv4Address) -> RevokedView | ErrorView:
        return clearing.clear(self._runner.node, self._runner.handle, name, home_address)

    def link_command(self, action: str, interface: str | None) -> ErrorView | None:
        return link_commands.command(self._runner.node, self._runner.handle, action, interface)

    # -- what happens

    def _ours_changed(self) -> None:
        """Others changed or removed something of ours."""
        self._repairer.wake()
