"""When a mobile node solicits agents on one link (RFC 5944 §2.4), and with what."""

from ipaddress import IPv4Address

from mobileip.agents.mobile.rate import RateLimit
from mobileip.agents.outputs import Departure, SendDiscovery
from mobileip.wire.agent_discovery import AgentSolicitation

ALL_ROUTERS = IPv4Address("224.0.0.2")
"""RFC 1256 §5.1; agents must have joined it (§4.3), which is not so sure of 224.0.0.11."""
ALL_ROUTERS_LINK_ADDRESS = bytes.fromhex("01005e000002")
"""RFC 1112 §6.4: the Ethernet address of the group."""

BROADCAST_LINK_ADDRESS = b"\xff" * 6
INITIAL_SOLICITATIONS = 3
"""R5944-2.4-d: after them "the rate at which Solicitations are sent MUST be reduced"."""
INITIAL_INTERVAL = 1.0
"""R5944-2.4-c: "MAY send three initial solicitations at a maximum rate of one per second while searching
for an agent"."""
JITTER = 0.2
"""Of the nominal time. Only upwards, since one per second is a maximum."""


class Solicitor:
    """The solicitations of one search on one link. Times are boot time, seconds.

    The first one leaves at once. RFC 1256 §5.1 has a host wait for a random part of MAX_SOLICITATION_DELAY
    (1 s) so that many hosts that start together, after a power failure, do not all solicit together. A
    carrier that returns on one node's link is no such event: RFC 5944 §2.4 calls it a "positive indication
    that it has moved to a new link", and waiting would be the largest part of the time for which a moving
    node is cut off.
    """

    __slots__ = ("_limit", "_maximum_interval", "_sent", "due")

    def __init__(self, maximum_interval: float) -> None:
        self._maximum_interval = maximum_interval
        # R5944-2.4-c, R5944-2.4-j: "The rate at which a mobile node sends solicitations MUST be limited", also where
        # the carrier flaps faster than that: three in a row, and one per second on average.
        self._limit = RateLimit(INITIAL_INTERVAL, burst=INITIAL_SOLICITATIONS)
        self._sent = 0
        self.due: float | None = None

    def restart(self, now: float) -> None:
        """A positive indication of a new link: a search from its beginning."""
        # R5944-2.4-i: "increase the rate at which it will send solicitations when it next begins searching".
        self._sent = 0
        self.due = self._limit.ready_at(now)

    def search(self, now: float) -> None:
        """Goes on with the search, or begins one."""
        # R5944-2.4-h: "While still searching for an agent, the mobile node MUST NOT increase the rate".
        if self.due is None:
            self.restart(now)

    def probe(self, now: float) -> None:
        """One more solicitation now, because an operator wants it. It takes the place of the next one, and the
        back-off goes on from there: no rate is raised by asking often (R5944-2.4-h)."""
        self.due = self._limit.ready_at(now)

    def stop(self) -> None:
        """What was sought is there."""
        # R5944-2.4-b, R1256-5.3-c
        self.due = None

    def sent(self, now: float, fraction: float) -> None:
        """One left now; `fraction` in [0, 1) is the chance for the next time."""
        self._limit.take(now)
        self._sent += 1
        # R5944-2.4-e: "Subsequent solicitations MUST be sent using a binary exponential backoff mechanism,
        # doubling the interval between consecutive solicitations".
        doublings = max(0, self._sent - INITIAL_SOLICITATIONS + 1)
        # R5944-2.4-e, R5944-2.4-f: "up to a maximum interval", which the configuration chooses for the medium.
        interval = min(INITIAL_INTERVAL * 2 ** min(doublings, 32), self._maximum_interval)
        # R5944-2.4-k: "MUST randomize the solicitation times around their nominal values".
        self.due = now + interval * (1 + JITTER * fraction)


def solicitation(interface: str, home_address: IPv4Address, destination: IPv4Address = ALL_ROUTERS) -> SendDiscovery:
    """A solicitation whose answer comes to the home address, unicast, so that no rate limit of multicasts
    holds it up.

    RFC 5944 §2.3 forbids agents to ask for a neighbour's address as its source.
    """
    # R5944-2.4-a: "A mobile node MUST implement Agent Solicitation".
    return SendDiscovery(
        message=AgentSolicitation(),
        departure=Departure(
            # R1256-5.1-a
            destination=destination,
            source=home_address,
            interface=interface,
            link_destination=ALL_ROUTERS_LINK_ADDRESS if destination.is_multicast else BROADCAST_LINK_ADDRESS,
            # R5944-2-a, R5944-2.2-a: "the IP TTL field MUST be set to 1".
            ttl=1,
        ),
    )
