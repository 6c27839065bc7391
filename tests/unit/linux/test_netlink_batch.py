"""Batches against a kernel that refuses what a test wants it to refuse; tests/netns has the real one."""

import errno
import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

import pytest
from tests.support.fake_socket import FakeSocket, maker

from mobileip.dataplane.ports import (
    Action,
    Failure,
    InterfaceAddress,
    KernelObject,
    NeighbourEntry,
    Operation,
    ProxyNeighbour,
    Route,
    Rule,
)
from mobileip.linux import netlink_batch
from mobileip.linux.netlink_batch import LAST_SEQUENCE, MESSAGES_PER_CALL, NLM_F_ACK, NetlinkBatch

ADDRESS = IPv4Address("10.1.0.10")
ROUTE = Route(prefix=IPv4Network("10.1.0.10/32"), interface="x")
RULE = Rule(priority=7430, table=254)
NEIGHBOUR = NeighbourEntry(interface="x", address=ADDRESS, link_address=b"\x02\0\0\0\0\1")
PROXY = ProxyNeighbour(interface="x", address=ADDRESS)
OWN = InterfaceAddress(interface="x", address=IPv4Interface("10.1.0.10/32"))
Asked = tuple[int, int, int]
"""Message type, flags, sequence number."""


def install(*targets: KernelObject) -> list[Operation]:
    return [Operation(Action.INSTALL, target) for target in targets]


def remove(*targets: KernelObject) -> list[Operation]:
    return [Operation(Action.REMOVE, target) for target in targets]


def routes(number: int) -> list[Operation]:
    return install(*(Route(prefix=IPv4Network((0x0A000000 + n, 32)), interface="x") for n in range(number)))


class Kernel:
    """Answers as the kernel does: what it refuses, and what asks for an answer, in one or more reads."""

    def __init__(self, fake: FakeSocket) -> None:
        self.fake = fake
        fake.on_send = self._receive
        self.calls: list[list[Asked]] = []
        self.refusal: Callable[[int], int] = lambda _: 0
        """By the number of the message in its call: an errno."""
        self.one_answer_a_read = False

    def _receive(self, octets: bytes) -> None:
        asked: list[Asked] = []
        position = 0
        while position < len(octets):
            length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", octets, position)
            asked.append((kind, flags, sequence))
            position += length
        assert position == len(octets)
        self.calls.append(asked)
        answers = []
        for number, (_, flags, sequence) in enumerate(asked):
            error = self.refusal(number)
            if error or flags & NLM_F_ACK:
                answers.append(struct.pack("=IHHIIi", 36, 2, 0x100, sequence, 7, -error) + bytes(16))
        self.fake.incoming += answers if self.one_answer_a_read else [b"".join(answers)]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    fake = FakeSocket(number=4711)
    monkeypatch.setattr(netlink_batch.socket, "socket", maker(fake))
    monkeypatch.setattr(netlink_batch.socket, "if_nametoindex", _index)
    return Kernel(fake)


def _index(name: str) -> int:
    if name != "x":
        raise OSError("no interface with this name")
    return 3


def test_one_socket_whose_writes_can_be_told_from_those_of_others(kernel: Kernel) -> None:
    batch = NetlinkBatch()
    assert kernel.fake.arguments == (
        socket.AF_NETLINK,
        socket.SOCK_RAW | socket.SOCK_CLOEXEC,
        socket.NETLINK_ROUTE,
    )
    assert kernel.fake.bound == (0, 0)
    assert batch.port_id == 4711
    batch.close()
    assert kernel.fake.is_closed


def test_nothing_to_do_asks_nothing(kernel: Kernel) -> None:
    assert NetlinkBatch().perform([]) == []
    assert kernel.calls == []


def test_many_operations_are_one_call_and_only_the_last_asks_for_an_answer(kernel: Kernel) -> None:
    assert NetlinkBatch().perform([*install(ROUTE, RULE), *remove(NEIGHBOUR)]) == []
    assert kernel.calls == [[(24, 0x501, 1), (32, 0x601, 2), (29, 0x005, 3)]]


def test_what_is_too_much_for_one_call_is_several_with_one_count(kernel: Kernel) -> None:
    assert NetlinkBatch().perform(routes(MESSAGES_PER_CALL + 2)) == []
    assert [len(call) for call in kernel.calls] == [MESSAGES_PER_CALL, 2]
    numbers = [sequence for call in kernel.calls for _, _, sequence in call]
    assert numbers == list(range(1, MESSAGES_PER_CALL + 3))


@pytest.mark.parametrize("one_answer_a_read", [False, True])
def test_refusals_are_told_and_do_not_stop_the_rest(kernel: Kernel, one_answer_a_read: bool) -> None:
    kernel.one_answer_a_read = one_answer_a_read
    kernel.refusal = {1: errno.EINVAL, 3: errno.EPERM}.get  # type: ignore[assignment] - None is no refusal
    operations = routes(4)
    assert NetlinkBatch().perform(operations) == [
        Failure(operations[1], errno.EINVAL, "Invalid argument"),
        Failure(operations[3], errno.EPERM, "Operation not permitted"),
    ]


def test_an_interface_that_is_not_there_is_a_failure_of_its_own(kernel: Kernel) -> None:
    nowhere = Route(prefix=ROUTE.prefix, interface="nowhere")
    operations = [*install(nowhere, ROUTE), *remove(nowhere)]
    assert NetlinkBatch().perform(operations) == [Failure(operations[0], errno.ENODEV, "No such device")]
    assert kernel.calls == [[(24, 0x505, 1)]]


def test_when_no_interface_is_there_nothing_is_sent(kernel: Kernel) -> None:
    assert len(NetlinkBatch().perform(install(Route(prefix=ROUTE.prefix, interface="nowhere")))) == 1
    assert kernel.calls == []


@pytest.mark.parametrize(
    ("target", "number"),
    [
        (ROUTE, errno.ESRCH),
        (ROUTE, errno.ENODEV),
        (RULE, errno.ENOENT),
        (NEIGHBOUR, errno.ENOENT),
        (NEIGHBOUR, errno.ENODEV),
        (PROXY, errno.ENOENT),
        (PROXY, errno.ENODEV),
        (OWN, errno.EADDRNOTAVAIL),
        (OWN, errno.ENODEV),
    ],
)
def test_removing_what_is_not_there_is_no_failure(kernel: Kernel, target: KernelObject, number: int) -> None:
    kernel.refusal = lambda _: number
    assert NetlinkBatch().perform(remove(target)) == []


@pytest.mark.parametrize(
    ("operations", "number"),
    [
        (remove(ROUTE), errno.EPERM),
        (install(ROUTE), errno.ESRCH),
        (remove(RULE), errno.EEXIST),
        (install(ROUTE), errno.EEXIST),
    ],
)
def test_the_same_errors_elsewhere_are_failures(kernel: Kernel, operations: list[Operation], number: int) -> None:
    kernel.refusal = lambda _: number
    assert [failure.errno for failure in NetlinkBatch().perform(operations)] == [number]


def test_a_rule_that_is_there_already_is_as_we_want_it(kernel: Kernel) -> None:
    kernel.refusal = lambda _: errno.EEXIST
    assert NetlinkBatch().perform(install(RULE)) == []


def test_the_numbers_begin_again_before_they_are_too_large(kernel: Kernel) -> None:
    batch = NetlinkBatch()
    batch._sequence = LAST_SEQUENCE - 1
    for _ in range(3):
        assert batch.perform(routes(2)) == []
    assert [call[0][2] for call in kernel.calls] == [LAST_SEQUENCE, 1, 3]


def test_what_is_no_answer_is_passed_over(kernel: Kernel) -> None:
    # An event of another kind, and a piece too short for an answer.
    kernel.fake.incoming = [struct.pack("=IHHIIi", 20, 24, 0, 1, 0, 0), bytes(16)]
    assert NetlinkBatch().perform(install(ROUTE)) == []
