"""The parts of a machine put together: opened in order, undone in reverse, wired up. All parts are fakes."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.configuration import documents, key_file

from mobileip.agents.events import Link
from mobileip.daemon import machine as module
from mobileip.daemon.config_file import Configuration, parse
from mobileip.daemon.machine import Machine, signalling_links, visiting_links
from mobileip.forwarding.news import EchoAnswered
from mobileip.forwarding.tunnel import Tunnel
from mobileip.linux.errors import MachineError, PortOccupied
from mobileip.linux.turn import PACKETS_PER_WAKE_UP, TURNS_TO_EMPTY

LINK = Link(name="eth1", index=3, carrier=True, link_address=b"\2\0\0\0\0\1")
HERE, ELSEWHERE = IPv4Address("192.0.2.2"), IPv4Address("192.0.2.9")


class Part:
    """Any part: notes what is done with it. Where it can be read, packets are datagrams of a socket pair."""

    def __init__(self, notes: list[str], name: str, *_: Any, **callbacks: Any) -> None:
        self._notes, self._name = notes, name
        self.callbacks = callbacks
        self.port_id = 7
        self.ends = {kind: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for kind in ("", "icmp_")}
        self.repaired = False
        self.refusal: MachineError | None = None
        self.has_offloads = False
        notes.append(f"open {name}")

    def fileno(self) -> int:
        return self.ends[""][0].fileno()

    def icmp_fileno(self) -> int:
        return self.ends["icmp_"][0].fileno()

    @property
    def sources(self) -> list[socket.socket]:
        return [self.ends[""][0]]

    def read(self, source: socket.socket) -> list[tuple[bytes, int]]:
        return [(packet, 3) for packet in self.read_all()]

    def read_all(self) -> list[bytes]:
        packet = self._read("")
        return [] if packet is None else [packet]

    def read_icmp(self) -> bytes | None:
        return self._read("icmp_")

    def _read(self, kind: str) -> bytes | None:
        try:
            return self.ends[kind][0].recv(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def put(self, packet: bytes, kind: str = "") -> None:
        self.ends[kind][1].send(packet)

    def repair(self) -> bool:
        """As a TUN device that somebody deleted: it is another descriptor afterwards."""
        if self.repaired:
            for end in self.ends[""]:
                end.close()
            self.ends[""] = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        if self.refusal is not None:
            raise self.refusal
        return self.repaired

    def __getattr__(self, action: str) -> Callable[..., int]:
        def noted(*arguments: object, **named: object) -> int:
            self._notes.append(" ".join(map(str, [action, self._name, *arguments, *([named] if named else [])])))
            return 0

        return noted

    def free(self) -> None:
        for pair in self.ends.values():
            for end in pair:
                end.close()


class Watch(Part):
    async def start(self) -> None:
        self._notes.append("start watch")

    def links(self) -> dict[str, Link]:
        return {"eth1": LINK}

    def name_of(self, index: int) -> str | None:
        return LINK.name if index == LINK.index else None


PARTS = {
    "TunnelDevice": "device",
    "KernelTables": "kernel",
    "LinkWatch": "watch",
    "RawTunnelSocket": "tunnel",
    "Signalling": "signalling",
    "HomeLinks": "home links",
    "ArpAnswers": "arp answers",
    "RealmDevices": "realms",
    "UdpTunnels": "udp tunnels",
    "UserspaceEngine": "engine",
    "Accelerator": "accelerator",
    "Paths": "paths",
}


class Workshop:
    """Where machines are made of fake parts; one of them may be out of stock."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.notes: list[str] = []
        self.parts: dict[str, Any] = {}
        self.heard: list[object] = []
        self.missing: dict[str, Exception] = {}
        self._folder = folder
        for class_name, name in PARTS.items():
            patch.setattr(module, class_name, self._maker(name))
        key_file(folder)

    def _maker(self, name: str) -> Callable[..., Part]:
        def make(*arguments: Any, **callbacks: Any) -> Part:
            if name in self.missing:
                raise self.missing[name]
            kind = Watch if name == "watch" else Part
            self.parts[name] = kind(self.notes, name, *arguments, **callbacks)
            return self.parts[name]

        return make

    def configuration(self, *roles: str) -> Configuration:
        document: dict[str, Any] = {}
        for role in roles:
            document |= documents()[role]
        return parse(document, self._folder)

    def machine(self) -> Machine:
        return Machine(
            self.configuration("foreign_agent"),
            self._folder,
            None,  # type: ignore[arg-type]  # the fake signalling tells nobody
            on_link=self.heard.append,
            on_link_removed=self.heard.append,
            on_ours_changed=lambda: self.heard.append("changed"),
            on_device_trouble=self.heard.append,
            on_engine=self.heard.append,
            on_event=self.heard.append,
            on_news=self.heard.append,
        )


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(monkeypatch, tmp_path)
    yield made
    for part in made.parts.values():
        part.free()


def test_the_links_that_are_heard(workshop: Workshop) -> None:
    assert signalling_links(workshop.configuration("home_agent")) == ()
    assert signalling_links(workshop.configuration("home_agent", "foreign_agent")) == ("eth1",)


def test_the_links_where_only_a_mobile_node_listens(workshop: Workshop) -> None:
    assert visiting_links(workshop.configuration("home_agent", "foreign_agent")) == frozenset()
    assert visiting_links(workshop.configuration("mobile_node")) == {"eth0"}
    both = workshop.configuration("foreign_agent", "mobile_node")
    assert both.mobile_node is not None
    shared = msgspec.structs.replace(both.mobile_node, links=("eth0", "eth1"))
    assert visiting_links(msgspec.structs.replace(both, mobile_node=shared)) == {"eth0"}


OPENED = ["device", "kernel", "watch", "tunnel", "signalling", "paths"]
"""In this order."""


@pytest.mark.parametrize("missing", OPENED)
def test_what_was_opened_is_closed_when_the_next_is_not_to_be_had(missing: str, workshop: Workshop) -> None:
    workshop.missing[missing] = PortOccupied("in use")
    with pytest.raises(MachineError, match="in use"):
        workshop.machine()
    before = OPENED[: OPENED.index(missing)]
    closed = [f"{'stop' if name in ('watch', 'signalling') else 'close'} {name}" for name in reversed(before)]
    assert workshop.notes == [f"open {name}" for name in before] + closed


async def test_everything_is_closed_at_the_end(workshop: Workshop) -> None:
    machine = workshop.machine()
    await machine.start()
    workshop.notes.clear()
    machine.stop()
    assert set(workshop.notes) >= {"stop watch", "stop signalling", "close tunnel", "close kernel", "close device"}
    workshop.parts["device"].put(b"too late")
    await asyncio.sleep(0)
    assert not [note for note in workshop.notes if "engine" in note]


async def settled(condition: Callable[[], object]) -> None:
    """Lets the loop turn until it holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_packets_reach_the_engine(workshop: Workshop) -> None:
    machine = workshop.machine()
    await machine.start()
    workshop.notes.clear()
    workshop.parts["device"].put(b"down")
    workshop.parts["tunnel"].put(b"in")
    workshop.parts["tunnel"].put(b"error", "icmp_")
    await settled(lambda: len(workshop.notes) == 3)
    workshop.parts["realms"].callbacks["on_packet"](b"of a visitor", 2)
    assert {tuple(note.split(" engine ")[:1]) for note in workshop.notes} == {
        ("packet_from_device",),
        ("packets_from_tunnel",),
        ("icmp_packet",),
    }
    assert any(note.startswith("packets_from_tunnel engine [(b'in', 'eth1')] ") for note in workshop.notes)
    assert any(note.startswith("packet_from_device engine b'of a visitor' ") for note in workshop.notes)
    machine.stop()


async def test_what_a_device_with_offloads_gives_is_handled_together(workshop: Workshop) -> None:
    machine = workshop.machine()
    await machine.start()
    workshop.notes.clear()
    workshop.parts["device"].has_offloads = True
    workshop.parts["device"].put(b"a train")
    await settled(lambda: workshop.notes)
    assert workshop.notes[0].startswith("reads_from_device engine [b'a train'] ")
    machine.stop()


def test_errors_do_not_keep_the_other_descriptors_waiting(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = workshop.machine()
    monkeypatch.setattr(workshop.parts["tunnel"], "read_icmp", lambda: b"more", raising=False)
    workshop.notes.clear()
    machine._read_icmp()
    assert len(workshop.notes) == PACKETS_PER_WAKE_UP


def test_nothing_is_done_where_nothing_came(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.notes.clear()
    machine._read_device()
    machine._read_tunnel(workshop.parts["tunnel"].sources[0])
    assert workshop.notes == []


def test_the_device_is_emptied_at_once(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.notes.clear()
    for packet in (b"1", b"2", b"3"):
        workshop.parts["device"].put(packet)
    machine.empty_device()
    assert [note.split(" ")[2] for note in workshop.notes[:-1]] == ["b'1'", "b'2'", "b'3'"]
    assert workshop.notes[-1] == "empty realms"


def test_all_sockets_of_tunnels_are_emptied_at_once(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.notes.clear()
    for name in ("tunnel", "udp tunnels"):
        for packet in (b"1", b"2"):
            workshop.parts[name].put(packet)
    workshop.parts["tunnel"].read = lambda source: [(p, 3) for p in _waiting(source)]
    machine.empty_tunnels()
    assert [note.split("[")[1].split("]")[0] for note in workshop.notes] == ["(b'1', 'eth1')", "(b'2', 'eth1')"] * 2


def _waiting(source: socket.socket) -> list[bytes]:
    try:
        return [source.recv(2048, socket.MSG_DONTWAIT)]
    except BlockingIOError:
        return []


def test_what_never_ends_is_not_emptied_for_ever(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.parts["device"].read_all = lambda: [b"more"]
    workshop.notes.clear()
    machine.empty_device()
    assert len(workshop.notes) == TURNS_TO_EMPTY + 1


async def test_agents_hear_news_of_emptying_when_the_change_is_done(workshop: Workshop) -> None:
    """They have asked for the change and are not to be asked amid it."""
    machine = workshop.machine()
    engine, news = workshop.parts["engine"], EchoAnswered(home_address=ELSEWHERE, identifier=1, sequence=1)
    engine.packet_from_device = lambda packet, now: machine._told(news)
    workshop.parts["device"].put(b"with news")
    machine.empty_device()
    assert workshop.heard == []
    await settled(lambda: workshop.heard)
    machine._told(news)
    assert workshop.heard == [news, news]


def test_packets_leave_by_their_sockets(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.notes.clear()
    assert machine.send_outer(b"o") == machine.send_frame("eth1", b"m", b"f") == machine.send_up(b"u") == 0
    machine.send_outers([b"o"])
    machine.send_frames("eth1", b"m", [b"f"])
    machine.send_ups([b"u"], onwards=True)
    assert machine.path_mtu(Tunnel(HERE, ELSEWHERE)) == 0
    assert workshop.notes == [
        "write tunnel b'o'",
        "send_frame signalling eth1 b'm' b'f'",
        "write device b'u'",
        "write_all tunnel [b'o']",
        "send_frames signalling eth1 b'm' [b'f']",
        "write_all device [b'u'] {'onwards': True}",
        f"path_mtu tunnel {HERE} {ELSEWHERE}",
    ]


def test_the_sockets_of_a_link_are_there_before_anybody_hears_of_it(workshop: Workshop) -> None:
    workshop.machine()
    workshop.notes.clear()
    watch = workshop.parts["watch"].callbacks
    watch["on_link"](LINK)
    watch["on_link_removed"]("eth1")
    assert workshop.heard == [LINK, "eth1"]
    assert workshop.notes[0] == "link_changed signalling eth1 3"
    assert "link_removed signalling eth1" in workshop.notes


@pytest.mark.parametrize("deleted", [False, True])
async def test_the_device_is_repaired_first_and_read_again(deleted: bool, workshop: Workshop) -> None:
    machine = workshop.machine()
    await machine.start()
    device = workshop.parts["device"]
    device.repaired = deleted
    workshop.notes.clear()
    workshop.parts["watch"].callbacks["on_ours_changed"]()
    assert workshop.heard == ["changed"]
    assert workshop.notes == ["device_changed accelerator"]
    workshop.notes.clear()
    device.put(b"down")
    await settled(lambda: workshop.notes)
    assert workshop.notes[0].startswith("packet_from_device engine b'down'")
    machine.stop()


async def test_a_device_that_is_not_to_be_had_is_told_and_nothing_is_repaired_without_it(workshop: Workshop) -> None:
    machine = workshop.machine()
    await machine.start()
    device = workshop.parts["device"]
    device.refusal = PortOccupied("the name is taken")
    workshop.parts["watch"].callbacks["on_ours_changed"]()
    assert workshop.heard == [device.refusal]
    machine.stop()


def test_what_the_engine_wants_to_hear_and_to_answer(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.notes.clear()
    machine.listen({"eth1": True})
    machine.answer_arp(frozenset())
    machine.open_realms(frozenset())
    assert workshop.notes == [
        "want home links {'eth1': True}",
        "answer arp answers frozenset()",
        "open realms frozenset()",
        "indices realms",
        "realms_opened accelerator 0",
    ]
    assert machine._link_address_of("eth1") == LINK.link_address
    assert machine._link_address_of("eth9") is None


def test_a_broadcast_of_the_home_link_reaches_the_engine(workshop: Workshop) -> None:
    machine = workshop.machine()
    workshop.notes.clear()
    machine._broadcast_heard("eth1", b"b")
    assert workshop.notes[0].startswith("broadcast_from_link engine eth1 b'b' ")
