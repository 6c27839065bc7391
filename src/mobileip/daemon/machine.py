"""One machine's inputs and outputs in one object: sockets, TUN, watcher, engine; opened in an order to undo."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from mobileip.agents.events import Event, Link
from mobileip.daemon.accelerator import Accelerator
from mobileip.daemon.config_file import Configuration
from mobileip.daemon.device_keeper import DeviceKeeper, OnTrouble
from mobileip.daemon.paths import Paths
from mobileip.dataplane.userspace.engine import UserspaceEngine
from mobileip.forwarding.model import ArpAnswer
from mobileip.forwarding.news import News
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux import clock
from mobileip.linux.arp_answers import ArpAnswers
from mobileip.linux.bpf.attachment import Attachments
from mobileip.linux.home_links import HomeLinks
from mobileip.linux.kernel_tables import KernelTables
from mobileip.linux.raw_tunnel import RawTunnelSocket
from mobileip.linux.realm_devices import RealmDevices
from mobileip.linux.signalling import Receivers, Signalling
from mobileip.linux.sysctl import SysctlJournal
from mobileip.linux.tun import TunnelDevice
from mobileip.linux.turn import PACKETS_PER_WAKE_UP, until_nothing_waits
from mobileip.linux.udp_tunnels import UdpTunnels
from mobileip.linux.unresolved import Unresolved
from mobileip.linux.watch import LinkWatch


def signalling_links(configuration: Configuration) -> Sequence[str]:
    """Links that are heard by packet sockets: where a mobile node may have no address."""
    return configuration.links


def visiting_links(configuration: Configuration) -> frozenset[str]:
    """Those of them where a mobile node listens, and no agent."""
    home, foreign, mobile = configuration.home_agent, configuration.foreign_agent, configuration.mobile_node
    served = {home.home_link} if home is not None else set()
    served.update(foreign.links if foreign is not None else ())
    return frozenset(mobile.links if mobile is not None else ()) - served


class Machine:
    """Opens everything that a daemon needs. Also the `PacketPort`, the `Ears` and the `Queues` of the
    userspace path.

    Raises: `linux.errors.MachineError` with one clear line; nothing stays open then.
    """

    def __init__(
        self,
        configuration: Configuration,
        run_directory: Path,
        receivers: Receivers,
        *,
        on_link: Callable[[Link], None],
        on_link_removed: Callable[[str], None],
        on_ours_changed: Callable[[], None],
        on_news: Callable[[News], None],
        on_device_trouble: OnTrouble,
        on_engine: Callable[[str], None],
        on_event: Callable[[Event], None],
    ) -> None:
        settings = configuration.daemon
        self._on_link = on_link
        self._on_link_removed = on_link_removed
        self._on_ours_changed = on_ours_changed
        self._on_news = on_news
        self._is_emptying = False
        with ExitStack() as undo:
            self.device = TunnelDevice(settings.device, settings.tunnel_mtu, with_offloads=True)
            undo.callback(self.device.close)
            self.kernel = KernelTables(settings.device, SysctlJournal(run_directory / "sysctl.journal"))
            undo.callback(self.kernel.close)
            self.watch = LinkWatch(
                settings.device,
                self.kernel.port_id,
                on_link=self._link_changed,
                on_link_removed=self._link_removed,
                on_ours_changed=self._ours_changed,
            )
            undo.callback(self.watch.stop)
            self._tunnel = RawTunnelSocket()
            undo.callback(self._tunnel.close)
            self.signalling = Signalling(
                signalling_links(configuration), self.watch, receivers, visiting_links(configuration)
            )
            undo.callback(self.signalling.stop)
            self.paths = Paths(self.signalling.send_icmp, on_event)
            undo.pop_all()
        self._keeper = DeviceKeeper(self.device, self._read_device, self._ours_changed, on_device_trouble)
        self._home_links = HomeLinks(self._broadcast_heard)
        self._unresolved = Unresolved(visiting_links(configuration))
        self._arp_answers = ArpAnswers(self._link_address_of)
        self._udp_tunnels = UdpTunnels(self._read_tunnel)
        self._realms = RealmDevices(settings.device, settings.tunnel_mtu, on_packet=self._packet_of_realm)
        self.engine = UserspaceEngine(settings.device, self.kernel, self, self, self._told, queues=self)
        self.accelerator = Accelerator(
            settings.engine,
            self.engine,
            Attachments(run_directory, settings.device, settings.bpf_directory),
            device_index=self._device_index,
            links=self.watch.links,
            path_mtu=self.path_mtu,
            notify=on_engine,
        )

    async def start(self) -> None:
        """From here on packets, messages and link events come in. To be called when all is reconciled: what a former
        daemon left besides goes."""
        loop = asyncio.get_running_loop()
        self.signalling.start()
        self.paths.start()
        await self.watch.start()
        for source in self._tunnel.sources:
            loop.add_reader(source, self._read_tunnel, source)
        loop.add_reader(self._tunnel.icmp_fileno(), self._read_icmp)
        self._keeper.start()
        self.kernel.clear_leftovers()
        self._realms.remove_leftovers()

    def stop(self) -> None:
        """Closes everything; what is in the kernel's tables stays."""
        loop = asyncio.get_running_loop()
        for source in self._tunnel.sources:
            loop.remove_reader(source)
        loop.remove_reader(self._tunnel.icmp_fileno())
        self._keeper.stop()
        self.watch.stop()
        self.paths.stop()
        self.signalling.stop()
        self._home_links.stop()
        self._arp_answers.stop()
        self._realms.stop()
        self._udp_tunnels.stop()
        self._tunnel.close()
        self.kernel.close()
        self.device.close()

    # -- PacketPort

    def send_outer(self, packet: bytes) -> int:
        return self._tunnel.write(packet)

    def send_outers(self, packets: Sequence[bytes]) -> tuple[int, int]:
        return self._tunnel.write_all(packets)

    def path_mtu(self, tunnel: Tunnel) -> int:
        return self._tunnel.path_mtu(tunnel.local, tunnel.remote)

    def send_frame(self, interface: str, link_address: bytes, packet: bytes) -> int:
        return self.signalling.send_frame(interface, link_address, packet)

    def send_frames(self, interface: str, link_address: bytes, packets: Sequence[bytes]) -> tuple[int, int]:
        return self.signalling.send_frames(interface, link_address, packets)

    def send_up(self, packet: bytes) -> int:
        return self.device.write(packet)

    def send_ups(self, packets: Sequence[bytes], *, onwards: bool) -> tuple[int, int]:
        return self.device.write_all(packets, onwards=onwards)

    # -- Ears

    def listen(self, links: Mapping[str, bool]) -> None:
        self._home_links.want(links)

    def answer_arp(self, answers: frozenset[ArpAnswer]) -> None:
        self._arp_answers.answer(answers)

    def hear_udp(self, addresses: frozenset[IPv4Address]) -> None:
        self._udp_tunnels.hear(addresses)

    def open_realms(self, realms: frozenset[int]) -> None:
        self._realms.open(realms)
        self.accelerator.realms_opened(self._realms.indices())

    # -- Queues

    def empty_device(self) -> None:
        with self._emptying():
            until_nothing_waits(self._read_device)
            self._realms.empty()

    def empty_tunnels(self) -> None:
        with self._emptying():
            for source in (*self._tunnel.sources, *self._udp_tunnels.sources):
                until_nothing_waits(partial(self._read_tunnel, source))

    def take_turn(self) -> None:
        with self._emptying():
            self._read_device()
            self._realms.take_turn()
            for source in (*self._tunnel.sources, *self._udp_tunnels.sources):
                self._read_tunnel(source)

    @contextmanager
    def _emptying(self) -> Iterator[None]:
        self._is_emptying = True
        try:
            yield
        finally:
            self._is_emptying = False

    def _told(self, news: News) -> None:
        """Agents have asked for the change that queues are emptied for: they hear the news when that is done."""
        if self._is_emptying:
            asyncio.get_running_loop().call_soon(self._on_news, news)
        else:
            self._on_news(news)

    # -- readers

    def _link_changed(self, link: Link) -> None:
        self._unresolved.link_changed(link)
        self.signalling.link_changed(link.name, link.index)
        self._home_links.link_changed(link.name, link.index)
        self.accelerator.link_changed(link)
        self._arp_answers.link_changed(link.name, link.index)
        self._on_link(link)

    def _link_removed(self, name: str) -> None:
        self.signalling.link_removed(name)
        self._home_links.link_removed(name)
        self.accelerator.link_removed(name)
        self._arp_answers.link_removed(name)
        self._on_link_removed(name)

    def _ours_changed(self) -> None:
        """The device first: routes into it can be repaired only when it is there and up."""
        if self._keeper.changed():
            self.accelerator.device_changed()
            self._on_ours_changed()

    def _device_index(self) -> int:
        try:
            return socket.if_nametoindex(self.device.name)
        except OSError:
            return 0

    def _link_address_of(self, name: str) -> bytes | None:
        link = self.watch.links().get(name)
        return link.link_address if link else None

    def _broadcast_heard(self, interface: str, packet: bytes) -> None:
        self.engine.broadcast_from_link(interface, packet, clock.now().boot)

    def _read_device(self) -> bool:
        """Whether anything was there."""
        found = self.device.read_all()
        if not found:
            return False
        now = clock.now().boot
        if self.device.has_offloads:
            self.engine.reads_from_device(found, now)
        else:
            for packet in found:
                self.engine.packet_from_device(packet, now)
        return True

    def _read_tunnel(self, source: socket.socket) -> bool:
        """Whether anything was there."""
        found = self._tunnel.read(source)
        if found:
            names = {index: self.watch.name_of(index) for index in {index for _, index in found}}
            self.engine.packets_from_tunnel([(packet, names[index]) for packet, index in found], clock.now().boot)
        return bool(found)

    def _packet_of_realm(self, packet: bytes, realm: int) -> None:
        self.engine.packet_from_device(packet, clock.now().boot, realm)

    def _read_icmp(self) -> None:
        now = clock.now().boot
        for _ in range(PACKETS_PER_WAKE_UP):
            packet = self._tunnel.read_icmp()
            if packet is None:
                return
            self.engine.icmp_packet(packet, now)
