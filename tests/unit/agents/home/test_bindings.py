"""The binding list and its deadlines."""

from ipaddress import IPv4Address
from math import inf

from tests.support.messages import CARE_OF_ADDRESS, HOME_AGENT

from mobileip.agents.home.bindings import BindingTable
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.forwarding.tunnel import Tunnel

A, B = 1, 2


def binding(home: int, expires_at: float, care_of: IPv4Address = CARE_OF_ADDRESS) -> MobilityBinding:
    return MobilityBinding(
        home_address=IPv4Address(home),
        care_of_address=care_of,
        home_agent=HOME_AGENT,
        tunnel=Tunnel(HOME_AGENT, care_of),
        lifetime=1,
        registered_at=0.0,
        expires_at=expires_at,
        identification=0,
        spi=256,
    )


def test_empty_table_wants_nothing() -> None:
    table = BindingTable()
    assert table.of(A) == ()
    assert table.next_deadline() == inf
    assert table.expire(1e9) == []
    assert list(table) == []


def test_bindings_end_at_their_time() -> None:
    table = BindingTable()
    first, second = binding(A, 10.0), binding(B, 20.0)
    table.put(A, (first,))
    table.put(B, (second,))
    assert list(table) == [(first,), (second,)]
    assert table.next_deadline() == 10.0
    assert table.expire(9.999) == []
    assert table.expire(10.0) == [(A, (first,))]
    assert table.of(A) == ()
    assert table.next_deadline() == 20.0
    assert table.expire(100.0) == [(B, (second,))]
    assert table.next_deadline() == inf


def test_renewed_binding_is_looked_at_early_and_ends_late() -> None:
    table = BindingTable()
    table.put(A, (binding(A, 10.0),))
    renewed = binding(A, 30.0)
    table.put(A, (renewed,))
    assert table.next_deadline() == 10.0
    assert table.expire(10.0) == []
    assert table.of(A) == (renewed,)
    assert table.next_deadline() == 30.0
    assert table.expire(30.0) == [(A, (renewed,))]


def test_shortened_binding_ends_early() -> None:
    table = BindingTable()
    table.put(A, (binding(A, 30.0),))
    table.put(A, (binding(A, 5.0),))
    assert table.next_deadline() == 5.0
    assert len(table.expire(5.0)) == 1
    assert table.next_deadline() == inf
    assert table.expire(30.0) == []


def test_removed_binding_leaves_no_deadline() -> None:
    table = BindingTable()
    table.put(A, (binding(A, 5.0),))
    table.put(A, ())
    table.put(A, ())
    assert table.next_deadline() == inf
    assert table.expire(5.0) == []


def test_made_anew_after_removal() -> None:
    table = BindingTable()
    table.put(A, (binding(A, 5.0),))
    table.put(A, ())
    table.put(A, (binding(A, 9.0),))
    assert table.expire(5.0) == []
    assert table.next_deadline() == 9.0


def test_several_bindings_of_one_node_end_one_by_one() -> None:
    table = BindingTable()
    early, late = binding(A, 5.0), binding(A, 9.0, IPv4Address("198.51.100.2"))
    table.put(A, (late, early))
    assert table.expire(5.0) == [(A, (early,))]
    assert table.of(A) == (late,)
    assert table.expire(9.0) == [(A, (late,))]


def test_infinite_binding_never_ends() -> None:
    table = BindingTable()
    table.put(A, (binding(A, inf),))
    assert table.next_deadline() == inf
    assert table.expire(1e12) == []
    assert len(table.of(A)) == 1


def test_lifetimes_that_shrink_and_grow_do_not_fill_the_heap() -> None:
    table = BindingTable()
    now = 0.0
    for _ in range(1000):
        table.put(A, (binding(A, now + 1800),))
        table.put(A, (binding(A, now + 1),))
        now += 1
        table.expire(now)
    table.put(A, (binding(A, now + 1800),))
    table.put(B, (binding(B, inf),))
    assert len(table._deadlines._heap) <= 70
    assert table.next_deadline() == now + 1800
