"""What is to be heard beside our device and our tunnels: told to the ears when it changes, and only then."""

from collections.abc import Mapping
from ipaddress import IPv4Address

from mobileip.dataplane.ports import Ears
from mobileip.dataplane.userspace.tables import PacketTables
from mobileip.forwarding.model import ArpAnswer


class Hearing:
    """`ears`, if there are any, follow `tables`."""

    def __init__(self, ears: Ears | None, tables: PacketTables) -> None:
        self._ears = ears
        self._tables = tables
        self._links: Mapping[str, bool] = {}
        self._answers: frozenset[ArpAnswer] = frozenset()
        self._in_udp: frozenset[IPv4Address] = frozenset()
        self._realms: frozenset[int] = frozenset()

    def follow(self) -> None:
        """To be called after each change of the tables."""
        if self._ears is None:
            return
        links, answers = self._tables.listeners.links, frozenset(self._tables.arp_answers.values())
        if links != self._links:
            self._links = links
            self._ears.listen(links)
        if answers != self._answers:
            self._answers = answers
            self._ears.answer_arp(answers)
        in_udp = self._tables.exits.addresses_in_udp
        if in_udp != self._in_udp:
            self._in_udp = in_udp
            self._ears.hear_udp(in_udp)
        realms = self._tables.realms
        if realms != self._realms:
            self._realms = realms
            self._ears.open_realms(realms)
