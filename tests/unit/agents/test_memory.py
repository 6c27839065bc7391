"""The format of what is remembered: pinned, and nothing else is taken for it."""

from typing import Any

import msgspec
import pytest
from tests.support.kept import DECODER

from mobileip.agents.memory import (
    FORMAT,
    BindingRecord,
    DeregistrationRecord,
    HomeAgentRecord,
    MobileNodeRecord,
    RevokedRecord,
    SeriesRecord,
    TermsRecord,
    TunnelRecord,
    must_be_on_disk,
)
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.key_reference import KeyReference

KEY = KeyReference(256, b"mark")
BINDING = BindingRecord(
    0xC0000202,
    1.5,
    1800,
    0xE000000012345678,
    0xE000000012345677,
    KEY,
    decapsulation_by_mobile_node=True,
    reverse_tunneling=False,
    broadcast_datagrams=True,
    simultaneous_bindings=False,
    tunnel=TunnelRecord(1, Encapsulation.GRE, 2, None, True, False, (434, 0)),
    revocation=TermsRecord(1, 2, 3, True, False, KEY, None),
)
NODE = MobileNodeRecord(
    0x0A01000A,
    "mn@example.net",
    0x0A01000A,
    0x0A010001,
    5,
    None,
    ((6, 7),),
    (BINDING,),
    DeregistrationRecord(1, 2, 3, 4.0),
    RevokedRecord(1, None, 2, False),
    (SeriesRecord(BINDING, True, 1, (2, 3), 9.0),),
)
NODE_OCTETS = (
    "9c01ce0a01000aae6d6e406578616d706c652e6e6574ce0a01000ace0a01000105c091920607919ccec0000202cb3ff8"
    "000000000000cd0708cfe000000012345678cfe00000001234567792cd0100c4046d61726bc3c2c3c29701a367726502"
    "c0c3c292cd01b20097010203c3c292cd0100c4046d61726bc094010203cb40100000000000009401c002c291959ccec0"
    "000202cb3ff8000000000000cd0708cfe000000012345678cfe00000001234567792cd0100c4046d61726bc3c2c3c297"
    "01a367726502c0c3c292cd01b20097010203c3c292cd0100c4046d61726bc0c301920203cb4022000000000000"
)
HOME_AGENT_OCTETS = "940291a46574683007a0"


def test_a_record_comes_back_from_its_octets() -> None:
    for record in (NODE, HomeAgentRecord(("eth0",), 7), HomeAgentRecord((), None)):
        assert DECODER.decode(msgspec.msgpack.encode(record)) == record


def test_the_format_is_pinned() -> None:
    """Another result means another format: raise FORMAT, and say in the changelog that old files are kept aside."""
    assert FORMAT == 1
    assert msgspec.msgpack.encode(NODE).hex() == NODE_OCTETS
    assert msgspec.msgpack.encode(HomeAgentRecord(("eth0",), 7)).hex() == HOME_AGENT_OCTETS


@pytest.mark.parametrize(
    "change",
    [
        {"name": -1},
        {"home_address": 1 << 32},
        {"nonce": -1},
        {"bindings": (msgspec.structs.replace(BINDING, registered_at=float("inf")),)},
        {"bindings": (msgspec.structs.replace(BINDING, registered_at=float("nan")),)},
        {"bindings": (msgspec.structs.replace(BINDING, lifetime=1 << 16),)},
    ],
)
def test_a_damaged_record_is_none(change: dict[str, Any]) -> None:
    octets = msgspec.msgpack.encode(msgspec.structs.replace(NODE, **change))
    with pytest.raises(msgspec.ValidationError):
        DECODER.decode(octets)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a:b", "sixteen-octets-x"])
def test_what_no_interface_can_be_called_is_no_way_of_packets(name: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        DECODER.decode(msgspec.msgpack.encode(HomeAgentRecord((name,), None)))


def test_what_tells_of_a_time_to_come_must_not_be_lost() -> None:
    assert must_be_on_disk(NODE)
    assert not must_be_on_disk(msgspec.structs.replace(NODE, refused=()))
    assert not must_be_on_disk(HomeAgentRecord((), 5))
