"""Neighbours that nobody has answered for: of a kernel that a test makes up; tests/netns has the real one."""

import errno
import socket
import struct

import pytest
from tests.support.fake_socket import FakeSocket, maker

from mobileip.agents.events import Link
from mobileip.linux import unresolved as module
from mobileip.linux.netlink_dump import NLMSG_DONE, NLMSG_ERROR, RTM_GETNEIGH
from mobileip.linux.netlink_encode import RTM_DELNEIGH
from mobileip.linux.unresolved import Unresolved, forget

ONE, OTHER = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 9))
INCOMPLETE, REACHABLE = 0x01, 0x02
RTM_NEWNEIGH = 28


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def entry(address: bytes, state: int) -> bytes:
    head = struct.pack("=BxxxiHBB", socket.AF_INET, 7, state, 0, 0)
    return message(RTM_NEWNEIGH, head + struct.pack("=HH", 8, 1) + address)


def kernel(monkeypatch: pytest.MonkeyPatch, *pieces: bytes) -> FakeSocket:
    fake = FakeSocket()
    fake.incoming = list(pieces)
    monkeypatch.setattr(module.socket, "socket", maker(fake))
    return fake


def test_who_has_not_answered_is_forgotten_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = entry(ONE, INCOMPLETE) + entry(OTHER, REACHABLE), message(NLMSG_DONE, bytes(4))
    fake = kernel(monkeypatch, first, second)
    assert forget(7) == 1
    question, removal = fake.sent
    assert struct.unpack_from("=HH", question, 4) == (RTM_GETNEIGH, 0x301)
    assert question[28:] == struct.pack("=HHI", 8, 8, 7), "of that interface alone"
    assert struct.unpack_from("=HH", removal, 4) == (RTM_DELNEIGH, 0x1)
    assert struct.unpack_from("=Bxxxi", removal, 16) == (socket.AF_INET, 7)
    assert removal[28:] == struct.pack("=HH", 8, 1) + ONE
    assert fake.is_closed


def link(name: str = "eth0", changes: int = 1, *, carrier: bool = True) -> Link:
    return Link(name=name, index=7, carrier=carrier, carrier_changes=changes)


def test_when_a_carrier_comes_and_at_no_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(module, "forget", asked.append)
    unresolved = Unresolved(frozenset({"eth0"}))
    unresolved.link_changed(link(changes=1))
    unresolved.link_changed(link(changes=2, carrier=False))
    unresolved.link_changed(link("eth1", 5))
    unresolved.link_changed(link("eth1", 6))
    assert not asked
    unresolved.link_changed(link(changes=3))
    assert asked == [7]
    unresolved.link_changed(link(changes=3))
    assert asked == [7]
    unresolved.link_changed(link(changes=5))
    assert asked == [7, 7], "it went and came between two pictures"


def test_a_kernel_that_refuses_costs_what_waits_a_second_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> int:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(module, "forget", refuse)
    unresolved = Unresolved(frozenset({"eth0"}))
    unresolved.link_changed(link(changes=2, carrier=False))
    unresolved.link_changed(link(changes=3))


def test_an_error_ends_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = kernel(monkeypatch, message(NLMSG_ERROR, struct.pack("=i", -errno.EOPNOTSUPP) + bytes(16)))
    assert forget(7) == 0
    assert len(fake.sent) == 1
