"""Pending registrations."""

from ipaddress import IPv4Address
from math import inf

from tests.support.foreign_agent import OTHER_HOME_ADDRESS, OTHER_HOME_AGENT, OTHER_MAC, pending
from tests.support.messages import HOME_ADDRESS, HOME_AGENT, NTP

from mobileip.agents.foreign.pending import PendingRegistrations


def some() -> PendingRegistrations:
    return PendingRegistrations(of_one=2, total=3)


def test_found_by_home_address_and_low_half() -> None:
    registrations = some()
    registrations.add(pending())
    assert registrations.answered_by(HOME_ADDRESS, NTP, None) == pending()
    assert registrations.answered_by(HOME_ADDRESS, NTP ^ 1 << 40, None) == pending()
    assert registrations.answered_by(HOME_ADDRESS, NTP + 1, None) is None
    assert registrations.answered_by(OTHER_HOME_ADDRESS, NTP, None) is None
    assert registrations.waits_for(HOME_ADDRESS, HOME_AGENT)
    assert not registrations.waits_for(OTHER_HOME_ADDRESS, HOME_AGENT)
    assert (len(registrations), list(registrations)) == (1, [pending()])


def test_of_one_home_address_the_nai_tells_apart() -> None:
    registrations = PendingRegistrations(10, 10)
    entries = {nai: pending(nai=nai) for nai in ("one@example.net", "two@example.net")}
    for entry in entries.values():
        registrations.add(entry)
    assert len(registrations) == 2
    for nai, entry in entries.items():
        assert registrations.answered_by(HOME_ADDRESS, NTP, nai) is entry
        assert registrations.same_as(pending(nai=nai)) is entry
    assert registrations.answered_by(HOME_ADDRESS, NTP, None) is entries["one@example.net"]
    assert registrations.answered_by(HOME_ADDRESS, NTP, "three@example.net") is entries["one@example.net"]


def test_of_one_home_address_the_home_agent_tells_apart() -> None:
    registrations = some()
    one, two = pending(), pending(home_agent=OTHER_HOME_AGENT, link_address=OTHER_MAC)
    registrations.add(one)
    registrations.add(two)
    assert registrations.answered_by(HOME_ADDRESS, NTP, None, (HOME_AGENT,)) is one
    assert registrations.answered_by(HOME_ADDRESS, NTP, None, (OTHER_HOME_AGENT, HOME_AGENT)) is two
    assert registrations.answered_by(HOME_ADDRESS, NTP, None) is one
    registrations.remove(one)
    assert not registrations.waits_for(HOME_ADDRESS, HOME_AGENT)
    assert registrations.waits_for(HOME_ADDRESS, OTHER_HOME_AGENT)


def test_without_a_home_address_the_nai_is_all_there_is() -> None:
    nobody = pending(home_address=IPv4Address(0), nai="mn@example.net")
    registrations = some()
    registrations.add(nobody)
    for home_address in (HOME_ADDRESS, IPv4Address(0)):
        assert registrations.answered_by(home_address, NTP, "mn@example.net") is nobody
        assert registrations.answered_by(home_address, NTP + 1, "mn@example.net") is None
        assert registrations.answered_by(home_address, NTP, "other@example.net") is None
        assert registrations.answered_by(home_address, NTP, None) is None


def test_limits_for_one_and_for_all() -> None:
    registrations = some()
    for number in range(2):
        assert registrations.has_room_for(pending(identification=NTP + number))
        registrations.add(pending(identification=NTP + number))
    assert not registrations.has_room_for(pending(identification=NTP + 2))
    others = [pending(identification=NTP + n, link_address=OTHER_MAC) for n in (2, 3)]
    assert registrations.has_room_for(others[0])
    registrations.add(others[0])
    assert not registrations.has_room_for(others[1])
    assert registrations.has_room_for(pending())
    assert not registrations.has_room_for(pending(link_address=OTHER_MAC))


def test_a_repetition_takes_the_place_of_the_first() -> None:
    registrations = some()
    registrations.add(pending())
    later = pending(received_at=1.0, expires_at=8.0)
    registrations.add(later)
    assert (len(registrations), list(registrations)) == (1, [later])
    assert registrations.expire(7.5) == []
    assert registrations.next_deadline() == 8.0


def test_removed_ones_leave_room() -> None:
    registrations = some()
    registrations.add(pending())
    registrations.add(pending(identification=NTP + 1))
    registrations.remove(pending())
    registrations.remove(pending())
    assert len(registrations) == 1
    assert registrations.has_room_for(pending())
    registrations.remove(pending(identification=NTP + 1))
    assert (len(registrations), list(registrations), registrations.next_deadline()) == (0, [], inf)


def test_they_expire_in_order() -> None:
    registrations = some()
    registrations.add(pending(expires_at=9.0))
    registrations.add(pending(identification=NTP + 1, expires_at=8.0))
    assert registrations.next_deadline() == 8.0
    assert [p.expires_at for p in registrations.expire(10.0)] == [8.0, 9.0]
    assert len(registrations) == 0


def test_others_of_no_address_are_not_superseded() -> None:
    registrations = PendingRegistrations(10, 10)
    first, second = (pending(home_address=IPv4Address(0), nai=f"{n}@example.net") for n in ("one", "two"))
    registrations.add(first)
    registrations.add(second)
    registrations.supersede(second)
    assert list(registrations) == [first]


def test_an_accepted_one_supersedes_what_was_before_it() -> None:
    registrations = PendingRegistrations(10, 10)
    entries = [pending(identification=NTP + number) for number in range(3)]
    elsewhere = pending(identification=NTP + 7, home_agent=OTHER_HOME_AGENT)
    for entry in (elsewhere, *entries):
        registrations.add(entry)
    registrations.supersede(entries[1])
    assert list(registrations) == [elsewhere, entries[2]]
    registrations.supersede(pending(home_address=OTHER_HOME_ADDRESS))
    assert len(registrations) == 2
