"""What a home agent wants to be remembered beyond the end of its process: values, small and without secrets.

An agent says by outputs (`outputs.Remember`, `outputs.Forget`) what is to be remembered, one record for each mobile
node, and gets all of it back with its first event (`events.Started`). Addresses are numbers, times boot time in
seconds, both as they were; what a machine's restart made of the times is told by `Remembered`.

The records are a format: whoever changes one of them raises `FORMAT`, and a pinned test says so.
"""

from typing import Annotated

import msgspec

from mobileip.forwarding.tunnel import Encapsulation
from mobileip.security.key_reference import KeyReference

FORMAT = 1
"""Of all records together."""

_U16 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
_U32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
_U64 = Annotated[int, msgspec.Meta(ge=0)]
_Time = Annotated[float, msgspec.Meta(gt=-1e12, lt=1e12)]
_Interface = Annotated[str, msgspec.Meta(pattern=r"^(?!\.{1,2}$)[^\s/:]{1,15}$")]


class _Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class TunnelRecord(_Record, frozen=True):
    """A `forwarding.tunnel.Tunnel` from the home agent; `ports`: in UDP, ours and theirs."""

    remote: _U32
    encapsulation: Encapsulation
    sent_key: _U32 | None
    received_key: _U32 | None
    with_checksum: bool
    with_sequence: bool
    ports: tuple[_U16, _U16] | None


class TermsRecord(_Record, frozen=True):
    """The home agent's `RevocationTerms`."""

    peer: _U32
    peer_timestamp: _U32
    own_timestamp: _U32
    inform: bool
    is_direct: bool
    key: KeyReference
    foreign_agent: _U32 | None


class BindingRecord(_Record, frozen=True):
    """A `MobilityBinding`."""

    care_of_address: _U32
    registered_at: _Time
    lifetime: _U16
    identification: _U64
    request_identification: _U64
    key: KeyReference | None
    """None: its Request was not authenticated."""
    decapsulation_by_mobile_node: bool
    reverse_tunneling: bool
    broadcast_datagrams: bool
    simultaneous_bindings: bool
    tunnel: TunnelRecord | None
    """None: IP-in-IP between home agent and care-of address."""
    revocation: TermsRecord | None


class DeregistrationRecord(_Record, frozen=True):
    """The last accepted one."""

    request_identification: _U64
    care_of_address: _U32
    identification: _U64
    at: _Time


class RevokedRecord(_Record, frozen=True):
    """The latest binding that a foreign agent revoked."""

    care_of_address: _U32
    foreign_agent: _U32 | None
    timestamp: _U32
    inform: bool


class SeriesRecord(_Record, frozen=True):
    """Revocations of ours that nobody has acknowledged yet. `at`: when the next one is due."""

    binding: BindingRecord
    inform: bool
    attempt: _U16
    identifiers: tuple[_U32, ...]
    at: _Time


class MobileNodeRecord(_Record, frozen=True, tag=1):
    """All about one mobile node."""

    name: _U32 | str
    """Its home address, or the NAI of one that has none of its own."""
    nai: str | None
    home_address: _U32
    """That it has, or had last; 0: it never had one."""
    home_agent: _U32
    latest: _U64 | None
    nonce: _U32 | None
    refused: tuple[tuple[_U64, _U64], ...]
    """These three: `security.replay.Freshness`."""
    bindings: tuple[BindingRecord, ...]
    deregistration: DeregistrationRecord | None
    revoked: RevokedRecord | None
    series: tuple[SeriesRecord, ...]


class HomeAgentRecord(_Record, frozen=True, tag=2):
    """What belongs to no single mobile node."""

    return_paths: tuple[_Interface, ...]
    floor: _U64 | None
    """No timestamp up to this one is fresh, whatever is known of a mobile node."""
    name: str = ""


Record = MobileNodeRecord | HomeAgentRecord


def must_be_on_disk(record: Record) -> bool:
    """Whether it may not even be lost when the machine loses power: it tells of a Request whose time is yet to come.
    All others are too old for ever once the machine runs again (`HomeAgentRecord.floor`)."""
    return isinstance(record, MobileNodeRecord) and bool(record.refused)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """`time`: the home agent's time of day (64-bit NTP format) at boot time `boot`."""

    boot: float
    time: int


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was remembered; nothing at the first start ever."""

    records: tuple[Record, ...] = ()
    at: Moment | None = None
    """When the latest record was made. None: there is none."""
    is_same_boot: bool = True
    """Whether boot time is still the one of the records."""
    is_complete: bool = True
    """False: something that was to be remembered may be missing."""
