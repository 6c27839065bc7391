"""The exit of a reverse tunnel outlives its binding for a while."""

from ipaddress import IPv4Address
from typing import Any

from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT

from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.grace import GraceExits
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.home.wishes import Bindings, BindingWishes
from mobileip.forwarding.model import ForwardingChange, ForwardingState, Key, ReverseExit
from mobileip.forwarding.tunnel import Tunnel, UdpPorts

HOME = int(HOME_ADDRESS)
NEXT = CARE_OF_ADDRESS + 1


def binding(care_of_address: IPv4Address = CARE_OF_ADDRESS, **fields: Any) -> MobilityBinding:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "care_of_address": care_of_address,
        "home_agent": HOME_AGENT,
        "tunnel": Tunnel(HOME_AGENT, care_of_address),
        "lifetime": 1800,
        "registered_at": 0.0,
        "expires_at": 1800.0,
        "identification": 1,
        "request_identification": 1,
        "spi": 256,
        "reverse_tunneling": True,
    }
    return MobilityBinding(**(defaults | fields))


class Life:
    """Of one mobile node's bindings, with the sum of all changes."""

    def __init__(self, grace: float = 2.0) -> None:
        config = HomeAgentConfig(address=HOME_AGENT, home_network="10.1.0.0/24")  # type: ignore[arg-type]
        self.wishes = BindingWishes(config)
        self.grace = GraceExits(grace, self.wishes)
        self.bindings: Bindings = ()
        self.sum = ForwardingState()

    def become(self, *after: MobilityBinding, now: float) -> ForwardingChange:
        change = self.wishes.change(self.bindings, after) or ForwardingChange()
        change = self.grace.soften(change, HOME, self.bindings, now)
        self.bindings = after
        self.apply(change)
        return change

    def apply(self, change: ForwardingChange) -> None:
        self.sum = self.sum.apply(change)
        assert self.sum == ForwardingState.of((*self.grace, *self.wishes.of(self.bindings)))

    def remove(self, keys: tuple[Key, ...]) -> None:
        self.apply(ForwardingChange(remove=keys))

    @property
    def exits(self) -> dict[IPv4Address, float]:
        """Other ends and when they end."""
        found = [wish for wish in self.sum.wishes.values() if isinstance(wish, ReverseExit)]
        return {wish.tunnel.remote: wish.expires_at for wish in found}


def test_after_a_move_both_ends_are_heard_for_a_while() -> None:
    life = Life()
    life.become(binding(), now=0.0)
    life.become(binding(NEXT), now=10.0)
    assert life.exits == {CARE_OF_ADDRESS: 12.0, NEXT: 1800.0}
    assert life.grace.next_deadline() == 12.0
    assert life.grace.expire(11.9) == ()
    life.remove(life.grace.expire(12.0))
    assert life.exits == {NEXT: 1800.0}


def test_who_came_home_is_heard_through_the_tunnel_for_a_while() -> None:
    life = Life()
    life.become(binding(), now=0.0)
    life.become(now=10.0)
    assert life.exits == {CARE_OF_ADDRESS: 12.0}


def test_never_longer_than_was_granted() -> None:
    life = Life()
    life.become(binding(expires_at=11.0), now=0.0)
    life.become(now=10.0)
    assert life.exits == {CARE_OF_ADDRESS: 11.0}


def test_who_comes_back_has_the_exit_of_the_binding() -> None:
    life = Life()
    life.become(binding(), now=0.0)
    life.become(binding(NEXT), now=10.0)
    life.become(binding(expires_at=2000.0), now=11.0)
    assert life.exits == {CARE_OF_ADDRESS: 2000.0, NEXT: 13.0}
    life.remove(life.grace.expire(12.5))
    assert life.exits == {CARE_OF_ADDRESS: 2000.0, NEXT: 13.0}
    life.remove(life.grace.end(HOME))
    assert life.exits == {CARE_OF_ADDRESS: 2000.0}
    assert life.grace.end(HOME) == ()


def test_a_renewal_changes_nothing_of_it() -> None:
    life = Life()
    life.become(binding(), now=0.0)
    life.become(binding(NEXT), now=10.0)
    life.become(binding(NEXT, expires_at=1900.0), now=11.0)
    assert life.exits == {CARE_OF_ADDRESS: 12.0, NEXT: 1900.0}


def test_two_that_were_left() -> None:
    life = Life()
    life.become(binding(), now=0.0)
    life.become(binding(NEXT), now=10.0)
    life.become(binding(NEXT + 1), now=11.0)
    assert life.exits == {CARE_OF_ADDRESS: 12.0, NEXT: 13.0, NEXT + 1: 1800.0}
    life.remove(life.grace.expire(12.0))
    assert life.exits == {NEXT: 13.0, NEXT + 1: 1800.0}


def test_without_grace_there_is_none() -> None:
    life = Life(grace=0.0)
    life.become(binding(), now=0.0)
    life.become(binding(NEXT), now=10.0)
    assert life.exits == {NEXT: 1800.0}


def test_a_tunnel_that_was_half_bound_has_never_been_heard() -> None:
    life = Life()
    life.become(binding(tunnel=Tunnel(HOME_AGENT, CARE_OF_ADDRESS, udp=UdpPorts(434, 0))), now=0.0)
    life.become(binding(NEXT), now=10.0)
    assert life.exits == {NEXT: 1800.0}


def test_without_a_reverse_tunnel_nothing_was_heard() -> None:
    life = Life()
    life.become(binding(reverse_tunneling=False), now=0.0)
    life.become(now=10.0)
    assert life.exits == {}
