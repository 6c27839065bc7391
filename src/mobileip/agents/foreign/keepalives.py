"""Keepalives of tunnels in UDP (RFC 3519 §4.9): a NAT must not forget where the home agents' packets go.

All tunnels to one home agent go through one mapping of the NAT, port 434 to port 434, so one keepalive serves them all.
It is an echo request from a visitor: only those pass the home agent's check of reverse tunnels, whose answer then comes
back to the visitor, which asked for nothing and ignores it. Data are not looked at: at worst there is one small packet
too many in each interval.
"""

from ipaddress import IPv4Address

from mobileip.agents.deadlines import Deadlines
from mobileip.agents.foreign.snapshot import Visitor
from mobileip.agents.outputs import Output, SendKeepalive

IDENTIFIER = 434
"""Of our echo requests."""


class Keepalives:
    """Times are boot time, seconds."""

    def __init__(self) -> None:
        self._visitors: dict[IPv4Address, dict[IPv4Address, Visitor]] = {}
        """Of each home agent those with a tunnel in UDP, by home address; without empty ones."""
        self._deadlines: Deadlines[IPv4Address] = Deadlines()
        self._sequence = 0

    def put(self, visitor: Visitor, now: float) -> None:
        """A visitor as it is now."""
        if not visitor.udp_tunnel:
            self.remove(visitor)
            return
        self._visitors.setdefault(visitor.home_agent, {})[visitor.home_address] = visitor
        # RFC 3519 §4.9: "The MN or FA will send its first keepalive message at the earliest K seconds after the
        # registration request was sent."
        self._wait(visitor.home_agent, now)

    def remove(self, visitor: Visitor) -> None:
        """A visitor that is one no more."""
        here = self._visitors.get(visitor.home_agent, {})
        here.pop(visitor.home_address, None)
        if not here and self._visitors.pop(visitor.home_agent, None) is not None:
            self._deadlines.cancel(visitor.home_agent)

    def sent(self, home_agent: IPv4Address, now: float) -> None:
        """A Request went through the same mapping."""
        if home_agent in self._visitors:
            self._wait(home_agent, now)

    def due(self, now: float) -> list[Output]:
        """R3519-4.9-b: "For each mobility binding which has UDP tunnelling established, the non-HA endpoint of the
        Mobile-IP UDP tunnel MUST send a keepalive packet if no other packet to the HA has been sent in K seconds."
        """
        outputs: list[Output] = []
        for home_agent in self._deadlines.take_due(now):
            here = self._visitors[home_agent].values()
            visitor = next((each for each in here if each.reverse_tunnel), next(iter(here)))
            self._sequence = (self._sequence + 1) & 0xFFFF
            # R3519-4.9-a, R3519-4.9-c, R3519-4.9-d: "a properly UDP encapsulated ICMP echo request directed to the home
            # agent".
            outputs.append(
                SendKeepalive(
                    home_address=visitor.home_address,
                    home_agent=home_agent,
                    identifier=IDENTIFIER,
                    sequence=self._sequence,
                )
            )
            self._wait(home_agent, now)
        return outputs

    def next_deadline(self) -> float:
        """When the next is due, infinite when none is."""
        return self._deadlines.next()

    def _wait(self, home_agent: IPv4Address, now: float) -> None:
        shortest = min(each.keepalive_interval for each in self._visitors[home_agent].values())
        self._deadlines.set(home_agent, now + shortest)
