"""What the programs have counted, told by wish and tunnel."""

from collections.abc import Sequence
from ipaddress import IPv4Address

from mobileip.dataplane.ebpf.counters import NEVER, Counters
from mobileip.forwarding.drop_reason import DropReason
from mobileip.forwarding.model import BindingRoute
from mobileip.forwarding.tunnel import Tunnel

HOME_AGENT, CARE_OF = IPv4Address("10.1.0.1"), IPv4Address("192.0.2.2")
FIRST, SECOND = Tunnel(HOME_AGENT, CARE_OF), Tunnel(HOME_AGENT, CARE_OF + 1)
KEY, OTHER = ("BindingRoute", "0/10.1.0.10"), ("BindingRoute", "0/10.1.0.11")


class Places:
    """Stands in for `ebpf.ports.Programs`: counters by place."""

    def __init__(self) -> None:
        self.counted: dict[int, tuple[int, int, int]] = {}

    def read_use(self, index: int) -> tuple[int, int, int]:
        return self.counted.get(index, (0, 0, 0))

    def read_uses(self, count: int) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        packets, octets, last = zip(*(self.read_use(place) for place in range(count)), strict=True)
        return packets, octets, last

    def clear_use(self, index: int) -> None:
        self.counted.pop(index, None)

    def drops(self) -> Sequence[int]:
        return 1, 2, 3

    def totals(self) -> Sequence[tuple[int, int]]:
        return (1, 10), (2, 20), (3, 30)


def bench() -> tuple[Places, Counters]:
    places = Places()
    return places, Counters(places)  # type: ignore[arg-type]  # counters ask for nothing else


def test_each_wish_and_tunnel_has_a_place_of_its_own() -> None:
    _, counters = bench()
    assert [counters.place(KEY, FIRST), counters.place(KEY, SECOND), counters.place(OTHER, FIRST)] == [1, 2, 3]
    assert (counters.place(KEY, SECOND), counters.highest) == (2, 3)


def test_what_is_idle_is_left_out() -> None:
    places, counters = bench()
    assert counters.uses() == []
    counters.place(KEY, FIRST)
    places.counted[counters.place(KEY, SECOND)] = (3, 300, 2_500_000_000)
    assert counters.uses() == [(KEY, SECOND, 3, 300, 2.5)]
    assert (counters.last(KEY), counters.last(OTHER)) == (2.5, NEVER)


def test_a_place_that_is_free_again_begins_with_nothing() -> None:
    places, counters = bench()
    places.counted[counters.place(KEY, FIRST)] = (3, 300, 1)
    places.counted[counters.place(KEY, SECOND)] = (5, 500, 1)
    route = BindingRoute(home_address=IPv4Address("10.1.0.10"), tunnels=(SECOND,), expires_at=1.0)
    counters.follow(KEY, route)
    assert counters.place(OTHER, FIRST) == 1
    assert [use[:3] for use in counters.uses()] == [(KEY, SECOND, 5)]
    counters.follow(KEY, None)
    counters.follow(KEY, None)
    assert counters.uses() == []


def test_drops_and_totals_have_names() -> None:
    _, counters = bench()
    assert counters.drops() == {DropReason.EXPIRED: 1, DropReason.CONGESTION: 2, DropReason.SEND_FAILED: 3}
    assert counters.totals() == {"encapsulated": (1, 10), "decapsulated": (2, 20), "straight": (3, 30)}
