"""Gratuitous ARP: repeated, a second apart, ended by newer state (RFC 5944 §4.6)."""

from ipaddress import IPv4Address
from math import inf

from mobileip.agents.home.announcements import Announcements
from mobileip.agents.outputs import AnnounceAddress

A, B = IPv4Address("10.1.0.10"), IPv4Address("10.1.0.11")
MAC = b"\x02\0\0\0\0\x01"


def announcement(address: IPv4Address, link_address: bytes | None = None) -> AnnounceAddress:
    return AnnounceAddress(interface="home0", address=address, link_address=link_address)


def test_first_at_once_the_others_a_second_apart() -> None:
    announcements = Announcements("home0", 3)
    assert announcements.begin(A, None, 10.0) == [announcement(A)]
    assert announcements.next_deadline() == 11.0
    assert announcements.due(10.9) == []
    assert announcements.due(11.0) == [announcement(A)]
    assert announcements.due(11.0) == []
    assert announcements.due(12.5) == [announcement(A)]
    assert announcements.next_deadline() == inf
    assert announcements.due(99.0) == []


def test_newer_state_replaces_the_series() -> None:
    announcements = Announcements("home0", 3)
    announcements.begin(A, None, 0.0)
    assert announcements.begin(A, MAC, 0.5) == [announcement(A, MAC)]
    assert announcements.next_deadline() == 1.5
    assert announcements.due(1.0) == []
    assert announcements.due(1.5) == [announcement(A, MAC)]
    assert announcements.due(5.0) == [announcement(A, MAC)]
    assert announcements.next_deadline() == inf


def test_ended_series_is_silent() -> None:
    announcements = Announcements("home0", 3)
    announcements.begin(A, None, 0.0)
    announcements.begin(B, None, 0.0)
    announcements.end(A)
    announcements.end(A)
    assert announcements.due(1.0) == [announcement(B)]
    announcements.end(B)
    assert announcements.next_deadline() == inf


def test_nothing_is_announced_on_a_virtual_network() -> None:
    announcements = Announcements(None, 3)
    assert announcements.begin(A, None, 0.0) == []
    assert announcements.next_deadline() == inf
    assert announcements.due(1.0) == []


def test_single_announcement_is_not_repeated() -> None:
    announcements = Announcements("home0", 1)
    assert len(announcements.begin(A, None, 0.0)) == 1
    assert announcements.next_deadline() == inf
