"""What a Request would become."""

from typing import Any

import msgspec
from tests.support.foreign_agent import (
    MAC,
    OTHER_HOME_ADDRESS,
    OTHER_HOME_AGENT,
    OTHER_MAC,
    foreign_agent_config,
    pending,
    request,
    visitor,
)
from tests.support.messages import HOME_AGENT

from mobileip.agents.foreign.candidates import Candidates
from mobileip.agents.foreign.config import GreKeyForm
from mobileip.agents.foreign.pending import PendingRegistrations
from mobileip.agents.foreign.snapshot import PendingRegistration
from mobileip.agents.foreign.surroundings import Surroundings
from mobileip.agents.foreign.visitors import VisitorList
from mobileip.forwarding.tunnel import Encapsulation
from mobileip.wire.message import Decoded
from mobileip.wire.registration import RegistrationRequest

GRE: dict[str, Any] = {"encapsulation": Encapsulation.GRE}


class Made:
    """Candidates of an agent that has GRE, with nobody here yet."""

    def __init__(self, **fields: Any) -> None:
        config = foreign_agent_config(**({"encapsulations": tuple(Encapsulation)} | fields))
        self.visitors = VisitorList()
        self.registrations = PendingRegistrations(10, 10)
        self.candidates = Candidates(Surroundings(config), self.visitors, self.registrations)

    def of(self, **fields: Any) -> PendingRegistration:
        link_address = fields.get("link_source", MAC)
        event = msgspec.structs.replace(request(**fields), entropy=bytes((0, 0, 0, 7)))
        message, decoded = event.decoded.message, event.decoded
        assert isinstance(message, RegistrationRequest)
        return self.candidates.of(event, Decoded(message, decoded.octets, decoded.offsets), link_address, 0.0)


def test_a_plain_request() -> None:
    assert Made().of() == pending()


def test_a_gre_tunnel_gets_a_key_that_no_other_of_that_home_agent_has() -> None:
    made = Made()
    assert made.of(gre_encapsulation=True) == pending(received_key=7, **GRE)
    made.visitors.put(visitor(home_address=OTHER_HOME_ADDRESS, received_key=7))
    made.registrations.add(pending(home_address=OTHER_HOME_ADDRESS, received_key=8))
    made.registrations.add(pending(home_address=OTHER_HOME_ADDRESS, home_agent=OTHER_HOME_AGENT, received_key=9))
    assert made.of(gre_encapsulation=True).received_key == 9
    assert made.of(gre_encapsulation=True, home_agent=OTHER_HOME_AGENT).received_key == 7


def test_who_is_here_keeps_its_key() -> None:
    made = Made()
    made.visitors.put(visitor(received_key=77))
    assert made.of(gre_encapsulation=True).received_key == 77
    assert made.of(gre_encapsulation=True, link_source=OTHER_MAC).received_key == 7
    made.registrations.add(pending(received_key=78))
    assert made.of(gre_encapsulation=True).received_key == 78
    made.visitors.put(visitor())
    made.registrations.remove(pending())
    assert made.of(gre_encapsulation=True).received_key == 7


def test_some_home_agents_are_told_no_keys() -> None:
    made = Made(gre_key_forms=((HOME_AGENT, GreKeyForm.NONE),))
    assert made.of(gre_encapsulation=True) == pending(**GRE)
    assert made.of(gre_encapsulation=True, home_agent=OTHER_HOME_AGENT).received_key == 7
