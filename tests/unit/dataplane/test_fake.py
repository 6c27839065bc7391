"""The fakes keep the promises of the ports that they stand for."""

import errno
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from tests.support.wishes import HOME_ADDRESS, binding

from mobileip.dataplane.engine import Engine, Repair
from mobileip.dataplane.fake import FakeEngine, FakeKernel, FakePacketPort
from mobileip.dataplane.ports import Action, Failure, InterfaceAddress, Kernel, Operation, PacketPort, Route, Sysctl
from mobileip.forwarding.model import ForwardingChange, ForwardingState
from mobileip.forwarding.tunnel import Tunnel

KERNEL: Kernel = FakeKernel()
TUNNEL = Tunnel(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
PORT: PacketPort = FakePacketPort()
ENGINE: Engine = FakeEngine()

ADDRESS = InterfaceAddress(interface="mip0", address=IPv4Interface(f"{HOME_ADDRESS}/32"))
ROUTE = Route(prefix=IPv4Network("0.0.0.0/0"), interface="mip0", source=HOME_ADDRESS)
ON = Sysctl(path="net/ipv4/ip_forward", value="1")


def install(*targets):
    return [Operation(Action.INSTALL, target) for target in targets]


async def test_the_kernel_keeps_what_was_installed_and_replaces_by_identity():
    kernel = FakeKernel()
    assert kernel.perform(install(ON, Sysctl(path=ON.path, value="0"))) == []
    assert await kernel.actual() == {Sysctl(path=ON.path, value="0")}
    assert kernel.perform([Operation(Action.REMOVE, ON), Operation(Action.REMOVE, ON)]) == []
    assert await kernel.actual() == frozenset()
    assert len(kernel.performed) == 4


async def test_the_kernel_takes_no_route_before_its_source():
    kernel = FakeKernel()
    (refused,) = kernel.perform(install(ROUTE, ADDRESS, ROUTE))
    assert refused == Failure(install(ROUTE)[0], errno.EINVAL, "EINVAL")
    assert await kernel.actual() == {ADDRESS, ROUTE}


async def test_the_kernel_refuses_and_forgets_when_told():
    kernel = FakeKernel()
    kernel.refuse(ON, errno.EPERM)
    assert [failure.errno for failure in kernel.perform(install(ON, ADDRESS))] == [errno.EPERM]
    kernel.lose(ADDRESS)
    kernel.lose(ADDRESS)
    assert await kernel.actual() == frozenset()


def test_the_port_lists_what_left():
    port = FakePacketPort(largest_outer=10)
    assert port.send_outer(bytes(10)) == 0
    assert port.send_outer(bytes(11)) == errno.EMSGSIZE
    assert port.send_frame("eth0", bytes(6), b"frame") == 0
    assert port.send_up(b"up") == 0
    assert (port.outer, port.frames, port.up) == ([bytes(10)], [("eth0", bytes(6), b"frame")], [b"up"])
    assert port.path_mtu(TUNNEL) == 10
    port.told_mtu = 0
    assert port.path_mtu(TUNNEL) == 0


def test_the_port_fails_when_told():
    port = FakePacketPort()
    port.error = errno.ENOBUFS
    assert {port.send_outer(b"x"), port.send_frame("eth0", bytes(6), b"x"), port.send_up(b"x")} == {errno.ENOBUFS}
    assert not port.outer
    assert not port.frames
    assert not port.up


async def test_the_engine_remembers():
    engine = FakeEngine()
    assert engine.name == "fake"
    state = ForwardingState.of([binding()])
    assert await engine.reconcile(state) == []
    assert engine.apply(ForwardingChange(remove=(binding().key,))) == []
    assert engine.state == ForwardingState()
    assert engine.counters() == {"changes": 1}
    assert engine.tunnels() == []
    assert engine.path_mtu(TUNNEL, 3.0) is None
    assert await engine.repair(3.0) == Repair()
    assert engine.repairs == [3.0]


BARE = Route(prefix=IPv4Network("10.1.0.0/24"), interface="mip0")
ELSEWHERE = Route(prefix=IPv4Network("10.2.0.0/24"), interface="eth0")


async def test_the_kernel_removes_the_routes_of_an_address_that_goes():
    kernel = FakeKernel()
    other = InterfaceAddress(interface="mip0", address=IPv4Interface(f"{HOME_ADDRESS + 1}/32"))
    kernel.perform(install(ADDRESS, other, ROUTE, BARE, ELSEWHERE, ON))
    kernel.perform([Operation(Action.REMOVE, ADDRESS)])
    assert await kernel.actual() == {other, BARE, ELSEWHERE, ON}


async def test_the_kernel_removes_all_routes_of_a_device_without_addresses():
    kernel = FakeKernel()
    kernel.perform(install(ADDRESS, ROUTE, BARE, ELSEWHERE, ON))
    kernel.perform([Operation(Action.REMOVE, ADDRESS)])
    assert await kernel.actual() == {ELSEWHERE, ON}
