"""One wish as a record: each value in its place, and what the programs can't do left to user space."""

import pytest
from tests.support.wishes import CARE_OF, FORMS, HOME_ADDRESS, HOME_AGENT, TO_CARE_OF, turned

from mobileip.dataplane.ebpf.compile import (
    BY_ROUTE,
    BY_USER,
    INTO_STACK,
    LATEST,
    Onwards,
    entry,
    entry_key,
    exit_key,
    exit_record,
    frame_to,
    nanoseconds,
)
from mobileip.dataplane.ebpf.layout import ENCAPSULATIONS, ENTRY, ENTRY_KEY, EXIT, EXIT_KEY, Direction, Way
from mobileip.dataplane.ebpf.ports import LinkFacts
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts

HOME, LOCAL, REMOTE = HOME_ADDRESS.packed, HOME_AGENT.packed, CARE_OF.packed
OWN, OTHERS = bytes.fromhex("020000000001"), bytes.fromhex("020000000007")
NONE = bytes(6)
WAY_IN_ENTRY, WAY_IN_EXIT = 12, 6


def test_a_way_into_a_tunnel_in_udp_names_ports_counter_and_copies() -> None:
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.MINIMAL, udp=UdpPorts(434, 61_000))
    ports = ((434).to_bytes(2), (61_000).to_bytes(2))
    minimal = ENCAPSULATIONS[Encapsulation.MINIMAL]
    expected = (9, LOCAL, REMOTE, *ports, bytes(4), 5, 0, NONE, NONE, minimal, 0, Way.ROUTE, 3, 0, 32)
    assert ENTRY.unpack(entry(tunnel, 9, 5, BY_ROUTE, 3)) == expected


def test_a_way_into_a_keyed_tunnel_names_the_key_that_is_sent() -> None:
    tunnel = Tunnel(HOME_AGENT, CARE_OF, Encapsulation.GRE, GreOptions(sent_key=0, received_key=8))
    onwards = Onwards(Way.FRAME, 3, OTHERS, OWN, 1400)
    gre = ENCAPSULATIONS[Encapsulation.GRE]
    expected = (9, LOCAL, REMOTE, bytes(2), bytes(2), bytes(4), 5, 3, OTHERS, OWN, gre, 1, Way.FRAME, 1, 1400, 28)
    assert ENTRY.unpack(entry(tunnel, 9, 5, onwards)) == expected


@pytest.mark.parametrize("form", FORMS)
def test_sums_and_orders_are_for_user_space_but_where_no_tunnel_is_needed(form: tuple) -> None:
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    is_slow = tunnel.gre.with_checksum or tunnel.gre.with_sequence
    expected = Way.USER if is_slow else Way.ROUTE
    assert ENTRY.unpack(entry(tunnel, 1, 1, BY_ROUTE))[WAY_IN_ENTRY] == expected
    assert ENTRY.unpack(entry(tunnel, 1, 1, INTO_STACK))[WAY_IN_ENTRY] == Way.STACK
    assert ENTRY.unpack(entry(tunnel, 1, 1, Onwards(Way.VISITOR)))[WAY_IN_ENTRY] == Way.VISITOR


@pytest.mark.parametrize("form", FORMS)
def test_what_leaves_a_tunnel_is_known_by_what_its_other_end_sends(form: tuple) -> None:
    tunnel = Tunnel(HOME_AGENT, CARE_OF, *form)
    end = turned(tunnel)
    source, destination, key, source_port, destination_port, inner, direction, has_key = EXIT_KEY.unpack(
        exit_key(end, HOME, Direction.TO_MOBILE_NODE)
    )
    _, local, remote, local_port, remote_port, sent_key, *rest = ENTRY.unpack(entry(tunnel, 1, 1, BY_ROUTE))
    assert (source, destination, key, source_port, destination_port) == (
        local,
        remote,
        sent_key,
        local_port,
        remote_port,
    )
    assert (inner, direction, has_key) == (HOME, Direction.TO_MOBILE_NODE, rest[5])


def test_an_exit_says_where_packets_go_and_how_large_they_may_be() -> None:
    onwards = Onwards(Way.VISITOR, 3, OTHERS, OWN, 1400)
    assert EXIT.unpack(exit_record(TO_CARE_OF, 9, 5, onwards)) == (9, 5, 3, OTHERS, OWN, 0, Way.VISITOR, 1400, 20)


def test_an_entry_is_found_by_address_realm_direction_and_copy() -> None:
    key = entry_key(HOME, Direction.FROM_MOBILE_NODE, realm=7)
    assert ENTRY_KEY.unpack(key) == (HOME, 7, Direction.FROM_MOBILE_NODE, 0)
    assert ENTRY_KEY.unpack(entry_key(HOME, Direction.TO_MOBILE_NODE, 2)) == (HOME, 0, Direction.TO_MOBILE_NODE, 2)


def test_frames_need_a_link_with_link_layer_addresses_and_one_to_send_to() -> None:
    facts = LinkFacts(3, OWN)
    assert frame_to(facts, OTHERS, Way.VISITOR) == Onwards(Way.VISITOR, 3, OTHERS, OWN)
    assert frame_to(None, OTHERS, Way.VISITOR) is BY_USER
    assert frame_to(LinkFacts(3, None), OTHERS, Way.FRAME) is BY_USER
    assert frame_to(facts, OTHERS + OTHERS, Way.FRAME) is BY_USER


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1.0, 0), (0.0, 0), (1.5, 1_500_000_000), (1e11, LATEST), (1e300, LATEST), (float("inf"), LATEST)],
)
def test_ends_of_lifetimes_are_within_what_the_programs_can_count(seconds: float, expected: int) -> None:
    assert nanoseconds(seconds) == expected
