"""The TUN device and the raw tunnel sockets.

here:  mip0 (10.1.0.10/32),  x (192.0.2.77/24) ---- y  far (192.0.2.1/24)
"""

import errno
import select
import socket
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.support.capture import Wire
from tests.support.netns import Namespace, namespace, veth
from tests.support.unprivileged import without_capabilities

from mobileip.dataplane.ports import SIGNALLING_MARK
from mobileip.linux.errors import DeviceUnavailable
from mobileip.linux.raw_tunnel import RawTunnelSocket
from mobileip.linux.tun import TunnelDevice, is_foreign, remove_leftover
from mobileip.wire.ip.icmp import encode as encode_icmp
from mobileip.wire.ip.ipip import encapsulate
from mobileip.wire.ip.ipv4 import DONT_FRAGMENT, PROTOCOL_ICMP, PROTOCOL_UDP, Ipv4Packet, decode_ipv4, encode_ipv4
from mobileip.wire.ip.udp import encode_udp

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

HOME, OTHER = IPv4Address("10.1.0.10"), IPv4Address("203.0.113.5")
CARE_OF, AGENT = IPv4Address("192.0.2.77"), IPv4Address("192.0.2.1")
PATIENCE = 10


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made, made.entered():
        yield made


@pytest.fixture
def device(here: Namespace) -> Iterator[TunnelDevice]:
    opened = TunnelDevice("mip0", 1480)
    here.ip(f"address add {HOME}/32 dev mip0")
    yield opened
    opened.close()


@pytest.fixture
def far(here: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(here, "x", made, "y")
        here.ip(f"address add {CARE_OF}/24 dev x")
        made.ip(f"address add {AGENT}/24 dev y")
        yield made


@pytest.fixture
def tunnel(far: Namespace) -> Iterator[RawTunnelSocket]:
    opened = RawTunnelSocket()
    yield opened
    opened.close()


def next_of(tunnel: RawTunnelSocket) -> bytes:
    """The next IP-in-IP packet."""
    source = tunnel.sources[0]
    assert select.select([source], [], [], PATIENCE)[0], "nothing came"
    ((octets, interface),) = tunnel.read(source)
    assert interface > 0
    return octets


def packet(payload: bytes, source: IPv4Address, destination: IPv4Address, fragment: int = 0) -> bytes:
    content = encode_udp(source, destination, 7000, 7001, payload)
    return encode_ipv4(
        Ipv4Packet(source=source, destination=destination, protocol=PROTOCOL_UDP, payload=content, fragment=fragment)
    )


def read_from(descriptor: int, read: Callable[[], bytes | None]) -> bytes:
    assert select.select([descriptor], [], [], PATIENCE)[0], "nothing came"
    octets = read()
    assert octets is not None
    return octets


def test_packets_pass_both_ways(here: Namespace, device: TunnelDevice) -> None:
    here.ip("route add 203.0.113.0/24 dev mip0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.bind((str(HOME), 7001))
        program.settimeout(PATIENCE)
        program.sendto(b"out", (str(OTHER), 7000))
        out = decode_ipv4(read_from(device.fileno(), device.read))
        assert (out.source, out.destination, out.payload[8:]) == (HOME, OTHER, b"out")
        assert device.read() is None
        assert device.write(packet(b"in", OTHER, HOME)) == 0
        assert program.recvfrom(100) == (b"in", (str(OTHER), 7000))


def test_a_device_is_up_with_its_mtu_and_without_ipv6(here: Namespace, device: TunnelDevice) -> None:
    shown = here.ip("link show dev mip0")
    assert "mtu 1480" in shown
    assert ",UP,LOWER_UP" in shown
    assert here.sysctl("net/ipv6/conf/mip0/disable_ipv6") == "1"


def test_a_device_that_others_took_down_is_brought_up_again(here: Namespace, device: TunnelDevice) -> None:
    here.ip("link set mip0 down mtu 1400")
    assert device.write(packet(b"in", OTHER, HOME)) == errno.EIO
    assert device.read() is None
    assert device.repair() is False
    assert device.write(packet(b"in", OTHER, HOME)) == 0
    assert "mtu 1480" in here.ip("link show dev mip0")


def test_a_device_that_others_deleted_is_made_anew(here: Namespace, device: TunnelDevice) -> None:
    here.ip("link delete mip0")
    assert device.repair() is True
    here.ip(f"address add {HOME}/32 dev mip0")
    here.ip("route add 203.0.113.0/24 dev mip0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as program:
        program.sendto(b"out", (str(OTHER), 7000))
    assert b"out" in read_from(device.fileno(), device.read)


def test_a_device_that_others_renamed_is_made_anew(here: Namespace, device: TunnelDevice) -> None:
    device.persist(True)
    here.ip("link set mip0 down")
    here.ip("link set mip0 name theirs")
    assert device.repair() is True
    assert "theirs" not in here.ip("link show")
    assert device.write(packet(b"in", OTHER, HOME)) == 0


def test_a_device_of_others_with_our_name_is_left_alone_and_ours_comes_when_it_goes(
    here: Namespace, device: TunnelDevice
) -> None:
    here.ip("link delete mip0")
    here.ip("link add mip0 mtu 1400 type veth peer name other")
    before = here.ip("link show mip0")
    for _ in range(2):
        with pytest.raises(DeviceUnavailable, match="the name mip0 is taken"):
            device.repair()
    assert here.ip("link show mip0") == before
    device.persist(True)
    here.ip("link delete mip0")
    assert device.repair() is True
    assert device.write(packet(b"in", OTHER, HOME)) == 0


def test_a_device_that_can_not_be_made_anew(
    here: Namespace, device: TunnelDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.ip("link delete mip0")
    monkeypatch.setattr("mobileip.linux.tun.CONTROL", tmp_path / "tun")
    with pytest.raises(DeviceUnavailable, match="no TUN device"):
        device.repair()
    assert device.read() is None
    assert device.write(b"") == errno.EBADF
    device.close()


def test_a_persistent_device_that_others_deleted_is_persistent_again(here: Namespace, device: TunnelDevice) -> None:
    device.persist(True)
    here.ip("link delete mip0")
    assert device.repair() is True
    device.close()
    assert "mip0" in here.ip("link show")
    remove_leftover("mip0")


def test_a_leftover_is_adopted_with_its_routes(here: Namespace) -> None:
    first = TunnelDevice("mip0", 1480)
    first.persist(True)
    here.ip("route add 203.0.113.0/24 dev mip0")
    first.close()
    second = TunnelDevice("mip0", 1400)
    assert "203.0.113.0/24 dev mip0" in here.ip("route")
    assert "mtu 1400" in here.ip("link show dev mip0")
    second.close()
    remove_leftover("mip0")
    assert "mip0" not in here.ip("link")
    remove_leftover("mip0")  # nothing left


def test_a_name_is_foreign_only_where_another_kind_of_device_has_it(here: Namespace) -> None:
    assert not is_foreign("mip0")
    leftover = TunnelDevice("mip0", 1480)
    assert not is_foreign("mip0")
    leftover.persist(True)
    leftover.close()
    assert not is_foreign("mip0")
    assert "mip0" in here.ip("link"), "it was only looked at"
    here.ip("link delete mip0")
    here.ip("link add mip0 type veth peer name other")
    assert is_foreign("mip0")


def test_a_leftover_that_somebody_holds_stays(here: Namespace, device: TunnelDevice) -> None:
    remove_leftover("mip0")
    assert "mip0" in here.ip("link")


def test_a_second_daemon_gets_one_clear_line(device: TunnelDevice) -> None:
    with pytest.raises(DeviceUnavailable, match="the device mip0 is held by another process") as caught:
        TunnelDevice("mip0", 1480)
    assert caught.value.hint == "is another mipd running here?"


@pytest.mark.parametrize("name", ["", "sixteen-octets-x"])
def test_a_name_that_no_device_can_have(here: Namespace, name: str) -> None:
    with pytest.raises(DeviceUnavailable, match="no device can be named"):
        TunnelDevice(name, 1480)


def test_a_name_that_another_kind_of_device_has(here: Namespace, far: Namespace) -> None:
    with pytest.raises(DeviceUnavailable, match="the name x is taken by a device that is not ours"):
        TunnelDevice("x", 1480)


def test_no_tun_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobileip.linux.tun.CONTROL", tmp_path / "tun")
    with pytest.raises(DeviceUnavailable, match=r"no TUN device: .*No such file") as caught:
        TunnelDevice("mip0", 1480)
    assert "CONFIG_TUN" in caught.value.hint


def test_without_rights(here: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert without_capabilities(RawTunnelSocket) == "PermissionMissing: may not open raw sockets"
    making = "PermissionMissing: may not make the device mip0"
    assert without_capabilities(lambda: TunnelDevice("mip0", 1480)) == making
    (tmp_path / "tun").touch(mode=0)
    monkeypatch.setattr("mobileip.linux.tun.CONTROL", tmp_path / "tun")
    opening = f"PermissionMissing: may not open {tmp_path}/tun"
    assert without_capabilities(lambda: TunnelDevice("mip0", 1480)) == opening


def test_a_tunnel_packet_is_received_whole(tunnel: RawTunnelSocket, far: Namespace) -> None:
    inner = packet(b"through the tunnel", OTHER, HOME)
    outer = encapsulate(inner, AGENT.packed, CARE_OF.packed, identification=7)
    with Wire(far, "y") as wire:
        wire.send(outer)
        assert next_of(tunnel) == outer
        assert tunnel.read(tunnel.sources[0]) == []


def test_fragments_of_a_tunnel_packet_are_put_together_by_the_kernel(tunnel: RawTunnelSocket, far: Namespace) -> None:
    inner = packet(bytes(2000), OTHER, HOME)
    first, second = (
        encode_ipv4(
            Ipv4Packet(
                source=AGENT, destination=CARE_OF, protocol=4, payload=piece, identification=9, fragment=fragment
            )
        )
        for piece, fragment in ((inner[:1400], 0x2000), (inner[1400:], 1400 // 8))
    )
    with Wire(far, "y") as wire:
        wire.send(second)
        wire.send(first)
        assert decode_ipv4(next_of(tunnel)).payload == inner


def test_no_answer_says_that_the_protocol_is_unreachable(
    here: Namespace, tunnel: RawTunnelSocket, far: Namespace
) -> None:
    inner = packet(b"for nobody", OTHER, IPv4Address("10.99.0.1"))
    with Wire(far, "y") as wire:
        outer = encapsulate(inner, AGENT.packed, CARE_OF.packed, identification=7)
        wire.send(outer, destination=here.link_address("x"))
        next_of(tunnel)
        closed_port = packet(b"nobody listens", AGENT, CARE_OF)
        wire.send(closed_port, destination=here.link_address("x"))
        frames = wire.until(lambda frame: frame[23:24] == b"\x01" and b"nobody listens" in frame)
        assert sum(frame[23] == PROTOCOL_ICMP for frame in frames) == 1


def test_our_packets_go_by_the_main_table(here: Namespace, tunnel: RawTunnelSocket, far: Namespace) -> None:
    here.ip("rule add priority 7000 lookup 100")
    here.ip("route add unreachable default table 100")
    outer = encapsulate(packet(b"by main", HOME, OTHER), CARE_OF.packed, AGENT.packed, identification=3)
    assert tunnel.write(outer) == errno.EHOSTUNREACH
    here.ip(f"rule add priority 6999 fwmark {SIGNALLING_MARK} lookup main")
    with Wire(far, "y") as wire:
        assert tunnel.write(outer) == 0
        assert wire.until(lambda frame: b"by main" in frame)[-1][14:] == outer
        # ICMP of ours about packets: the kernel fills in the source.
        assert tunnel.write(packet(b"no source", IPv4Address(0), AGENT)) == 0
        filled = wire.until(lambda frame: b"no source" in frame)[-1][14:]
        assert decode_ipv4(filled).source == CARE_OF


def test_a_packet_that_does_not_fit_is_refused(here: Namespace, tunnel: RawTunnelSocket) -> None:
    outer = encapsulate(packet(bytes(1500), HOME, OTHER), CARE_OF.packed, AGENT.packed, identification=3)
    assert tunnel.write(outer) == errno.EMSGSIZE
    here.ip("route add 192.0.2.1/32 dev x mtu 1200")
    inner = packet(bytes(1250), HOME, OTHER, fragment=DONT_FRAGMENT)
    outer = encapsulate(inner, CARE_OF.packed, AGENT.packed, identification=3)
    assert tunnel.write(outer) == errno.EMSGSIZE
    assert tunnel.write(packet(b"", CARE_OF, OTHER)) == errno.ENETUNREACH


def test_the_path_mtu_is_the_kernels(here: Namespace, tunnel: RawTunnelSocket) -> None:
    assert tunnel.path_mtu(CARE_OF, AGENT) == 1500
    here.ip("route add 192.0.2.1/32 dev x mtu 1200")
    assert tunnel.path_mtu(CARE_OF, AGENT) == 1200
    assert tunnel.path_mtu(CARE_OF, OTHER) == 0


def test_icmp_errors_are_read_and_nothing_else(tunnel: RawTunnelSocket, far: Namespace) -> None:
    with Wire(far, "y") as wire:
        for kind in (8, 3, 9, 11):
            wire.send(
                encode_ipv4(
                    Ipv4Packet(
                        source=AGENT,
                        destination=CARE_OF,
                        protocol=PROTOCOL_ICMP,
                        payload=encode_icmp(kind, 0, 0, bytes(28)),
                    )
                )
            )
        kinds = [read_from(tunnel.icmp_fileno(), tunnel.read_icmp)[20] for _ in range(2)]
        assert kinds == [3, 11]
        assert tunnel.read_icmp() is None
