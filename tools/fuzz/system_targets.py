"""What the system's own parts hand us: netlink, a DHCP client's answers, the configuration file."""

import struct
import tempfile
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from tools.fuzz.target import Refused, Target

from mobileip.daemon.config_file import ConfigurationError, load
from mobileip.dataplane.ports import Action, InterfaceAddress, NeighbourEntry, Operation, ProxyNeighbour, Route, Rule
from mobileip.linux import netlink_decode
from mobileip.linux.dhcp import MAGIC, router_of
from mobileip.linux.link_table import LinkTable
from mobileip.linux.netlink_encode import encode

A, HOME = IPv4Address("192.0.2.1"), IPv4Address("10.1.0.5")


def _router_of_dhcp(octets: bytes) -> bytes:
    router = router_of(octets)
    if router is None:
        raise Refused
    return octets if router.packed in octets[240:] else b""


_NAMES = {2: "eth0", 7: "mip0"}
_DECODERS = (
    netlink_decode.route,
    netlink_decode.rule,
    netlink_decode.address,
    netlink_decode.neighbour,
    netlink_decode.proxy_neighbour,
)


def _netlink(octets: bytes) -> bytes:
    """Every message, through the table of links and through the decoders of dumps, whatever it is about."""
    table = LinkTable("mip0", 1)
    for message in netlink_decode.messages(octets):
        table.apply(message)
        for decode in _DECODERS:
            decode(message.body, _NAMES)
    table.pictures()
    return octets


def _netlink_message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body + bytes(-len(body) % 4)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


_LINK = struct.pack("=BxHiII", 0, 1, 2, 0x10043, 0) + _attribute(3, b"eth0\0") + _attribute(1, bytes(6))
_DEFAULT_ROUTE = struct.pack("=8BI", 2, 0, 0, 0, 254, 3, 0, 1, 0)
_MULTIPATH = _attribute(9, struct.pack("=HBBi", 16, 0, 0, 2) + _attribute(5, A.packed))
_KERNEL_OBJECTS = (
    Route(prefix=IPv4Network("10.0.0.0/8"), interface="eth0", table=7434, gateway=A, source=HOME, metric=5),
    Rule(priority=7430, table=7434, mark=1, source=HOME, udp_ports=(434, 434), suppress_prefix_length=0),
    NeighbourEntry(interface="eth0", address=A, link_address=bytes(6)),
    ProxyNeighbour(interface="eth0", address=HOME),
    InterfaceAddress(interface="mip0", address=IPv4Interface("10.1.0.5/32")),
)
_EVENTS = [
    _netlink_message(16, _LINK),
    _netlink_message(24, _DEFAULT_ROUTE + _attribute(4, struct.pack("=I", 2)) + _attribute(5, A.packed), 0x100),
    _netlink_message(24, _DEFAULT_ROUTE + _MULTIPATH),
]
for _object in _KERNEL_OBJECTS:
    _kind, _flags, _body = encode(Operation(Action.INSTALL, _object), {n: i for i, n in _NAMES.items()}.__getitem__)
    _EVENTS.append(_netlink_message(_kind, _body, _flags))


_FOLDER = tempfile.TemporaryDirectory(prefix="mobileip-fuzz-")
"""For the configuration and the key file that it names; it goes with the process."""
_FILE, _KEY_FILE = Path(_FOLDER.name) / "mip.toml", Path(_FOLDER.name) / "key"
_KEY_FILE.touch(0o600)
_KEY_FILE.write_text("000102030405060708090a0b0c0d0e0f")

_CONFIGURATION = b"""
[daemon]
device = "mip0"
tunnel_mtu = 1480
log_level = "info"
log_format = "json"
[home_agent]
address = "10.1.0.1"
home_network = "10.1.0.0/24"
home_link = "eth1"
maximum_lifetime = 1800
advertisement_interval = 1
strict_reserved_bits = false
[[home_agent.mobile_node]]
home_address = "10.1.0.5"
spi = 256
key_file = "key"
algorithm = "hmac-md5"
replay = "nonces"
timestamp_window = 7.0
[foreign_agent]
links = ["eth0"]
care_of_address = "192.0.2.1"
[[foreign_agent.home_agent]]
address = "10.1.0.1"
spi = 300
key_file = "key"
[mobile_node]
home_address = "10.2.0.5"
home_agent = "10.2.0.1"
home_network = "10.2.0.0/24"
home_gateway = "10.2.0.1"
links = ["eth2", "wlan0"]
spi = 256
key_file = "key"
move_detection = "prefix"
colocated_wait = 0.2
"""


def _configuration(octets: bytes) -> bytes:
    _FILE.write_bytes(octets)
    load(_FILE)
    return octets


TARGETS = (
    Target(
        name="dhcp",
        again=_router_of_dhcp,
        seeds=(b"\2\1\6\0" + bytes(232) + MAGIC + b"\x35\1\5\0\1\4\xff\xff\xff\0\3\4" + A.packed + b"\xff",),
        refusals=(Refused,),
    ),
    Target(name="netlink", again=_netlink, seeds=(*_EVENTS, b"".join(_EVENTS)), refusals=()),
    Target(
        name="configuration",
        again=_configuration,
        seeds=(_CONFIGURATION,),
        refusals=(ConfigurationError,),
        is_text=True,
    ),
)
