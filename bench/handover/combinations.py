"""What is measured, by name: KIND.FROM-TO.DELAY.RATE, such as `make_before_break.fa-colocated.1ms.50pps`."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    MAKE_BEFORE_BREAK = "make_before_break"
    BREAK_BEFORE_MAKE = "break_before_make"


class Place(msgspec.Struct, frozen=True):
    """Where an interface is plugged in, and the address that it has there."""

    name: str
    network: str
    address: str | None = None
    gateway: str | None = None


FA_1, FA_2 = Place("fa", "foreign1"), Place("fa", "foreign2")
COLOCATED_1 = Place("colocated", "visited1", "10.3.1.7/24", "10.3.1.1")
COLOCATED_2 = Place("colocated", "visited2", "10.3.2.7/24", "10.3.2.1")
HOME = Place("home", "home")


class Pair(msgspec.Struct, frozen=True):
    """The places of the two interfaces; a handover goes from one to the other, the next one back."""

    first: Place
    second: Place

    @property
    def names(self) -> tuple[str, str]:
        """Of the handover to the second, and of that to the first."""
        return f"{self.first.name}-{self.second.name}", f"{self.second.name}-{self.first.name}"


PAIRS = {
    "fa-fa": Pair(FA_1, FA_2),
    "fa-colocated": Pair(FA_1, COLOCATED_2),
    "colocated-colocated": Pair(COLOCATED_1, COLOCATED_2),
    "home-fa": Pair(HOME, FA_2),
    "home-colocated": Pair(HOME, COLOCATED_2),
}
ENGINES = ("ebpf", "userspace")
COMPETITORS = ("wireguard-go", "openvpn")
"""As engines' names in results; they know no agents, so both their links have addresses of their networks."""
COMPETITORS_PAIR = "colocated-colocated"
RATES = (50, 5000)
RUNS = {1: 100, 20: 20, 100: 20}
"""By the one-way delay to the home agent in ms: handovers of each name."""


class Part(msgspec.Struct, frozen=True):
    """What is measured in one laboratory."""

    kind: Kind
    pair: str
    delay_ms: int
    engine: str

    @property
    def names(self) -> tuple[str, ...]:
        """Of its handovers: one to and one fro; one alone where both places are alike."""
        return tuple(dict.fromkeys(PAIRS[self.pair].names))

    @property
    def name(self) -> str:
        return f"{self.kind}.{self.pair}.{self.delay_ms}ms.{self.engine}"


def everything() -> list[Part]:
    found = []
    for delay in RUNS:
        for kind in Kind:
            found += [Part(kind, pair, delay, engine) for pair in PAIRS for engine in ENGINES]
            found += [Part(kind, COMPETITORS_PAIR, delay, engine) for engine in COMPETITORS]
    return found
