"""The moves of the demo, as data, and what is measured of each."""

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A move: `care_of` is what the mobile node shall use there."""

    origin: str
    network: str
    care_of: str
    silent: bool = False


PHASES = (
    Step(origin="home", network="foreign1", care_of="foreign_agent"),
    Step(origin="foreign1", network="foreign2", care_of="foreign_agent", silent=True),
    Step(origin="foreign2", network="visited", care_of="colocated"),
    Step(origin="visited", network="behind", care_of="colocated"),
    Step(origin="behind", network="home", care_of="home"),
)


class Phase(msgspec.Struct, frozen=True, kw_only=True, rename={"origin": "from", "network": "to"}):
    """Times in milliseconds from the move; None = it did not happen (no agent is heard in a network without one).

    `lost` and `silence_ms` are those of the stream's worse direction.
    """

    origin: str
    network: str
    care_of: str
    link_up_ms: float
    agent_heard_ms: float | None
    reply_ms: float | None
    first_packet_ms: float | None
    lost: int
    silence_ms: float
    tunnel: str | None = None
    """What carries the node's packets: ipip | udp; None at home."""
    reverse_tunnel: bool = False
    """Whether what the node sends goes by the home agent too."""


class Download(msgspec.Struct, frozen=True, kw_only=True):
    complete: bool
    checksum_equal: bool
    octets: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The content of build/demo.json."""

    engine: str
    phases: tuple[Phase, ...]
    download: Download
    verdict: str
    """pass | fail"""
