"""A mobile node's state as a record, and back."""

from ipaddress import IPv4Address
from math import inf

import msgspec
import pytest
from tests.support.home_agent import FOREIGN_HOME, home_agent_config
from tests.support.kept import DECODER
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, KEY, MOBILE_HOME
from tests.support.revocable import binding, terms

from mobileip.agents.home.config import MobileNodeEntry
from mobileip.agents.home.nodes import Deregistration, ServedMobileNode
from mobileip.agents.home.records import (
    binding_of,
    deregistration_of,
    ended_of,
    ends_at,
    freshness_of,
    record_of,
)
from mobileip.agents.home.revocations import Series
from mobileip.agents.home.revoked import Ended
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.memory import MobileNodeRecord
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel, UdpPorts
from mobileip.security.association import MobilitySecurityAssociation
from mobileip.security.key_reference import KeyReference, reference_to
from mobileip.security.replay import Freshness
from mobileip.wire.registration import INFINITE_LIFETIME

HOME, AGENT = int(HOME_ADDRESS), int(HOME_AGENT)
PLAIN = binding(revocation=None, identification=1 << 63, request_identification=1 << 62)


def node() -> ServedMobileNode:
    return ServedMobileNode(MobileNodeEntry(home_address=HOME_ADDRESS, associations=(MOBILE_HOME,)), True)


def record(
    *bindings: MobilityBinding,
    of: ServedMobileNode | None = None,
    ended: Ended | None = None,
    series: tuple[Series, ...] = (),
) -> MobileNodeRecord:
    """Through its octets."""
    made = record_of(of or node(), HOME, AGENT, bindings=bindings, ended=ended, series=series)
    decoded = DECODER.decode(msgspec.msgpack.encode(made))
    assert decoded == made
    return decoded


def find(reference: KeyReference, foreign_agent: int | None) -> MobilitySecurityAssociation | None:
    known = {int(CARE_OF_ADDRESS): FOREIGN_HOME, None: MOBILE_HOME}[foreign_agent]
    return known if reference_to(known) == reference else None


def back(made: MobileNodeRecord, number: int = 0, shift: float = 0.0) -> MobilityBinding:
    return binding_of(made.bindings[number], HOME_ADDRESS, None, config=home_agent_config(), find=find, shift=shift)


@pytest.mark.parametrize(
    "one",
    [
        PLAIN,
        binding(),
        binding(revocation=terms(is_direct=True, association=MOBILE_HOME, foreign_agent=None)),
        binding(spi=0, revocation=None),
        msgspec.structs.replace(PLAIN, lifetime=INFINITE_LIFETIME, expires_at=inf),
        msgspec.structs.replace(PLAIN, decapsulation_by_mobile_node=True, reverse_tunneling=True),
        msgspec.structs.replace(PLAIN, broadcast_datagrams=True, simultaneous_bindings=True),
        *(
            msgspec.structs.replace(PLAIN, tunnel=Tunnel(HOME_AGENT, IPv4Address("203.0.113.9"), kind, gre, udp))
            for kind, gre, udp in (
                (Encapsulation.IPIP, GreOptions(), UdpPorts(434, 50000)),
                (Encapsulation.IPIP, GreOptions(), UdpPorts(434, 0)),
                (Encapsulation.MINIMAL, GreOptions(), None),
                (Encapsulation.GRE, GreOptions(1, 2, with_checksum=True, with_sequence=True), UdpPorts(434, 1)),
                (Encapsulation.GRE, GreOptions(), None),
            )
        ),
    ],
)
def test_a_binding_comes_back_as_it_was(one: MobilityBinding) -> None:
    assert back(record(one)) == one


def test_several_bindings_keep_their_order() -> None:
    other = msgspec.structs.replace(
        PLAIN, care_of_address=CARE_OF_ADDRESS + 1, tunnel=Tunnel(HOME_AGENT, CARE_OF_ADDRESS + 1)
    )
    made = record(PLAIN, other)
    assert [back(made, 0), back(made, 1)] == [PLAIN, other]
    assert record().bindings == ()


def test_times_are_moved_to_those_of_another_boot() -> None:
    made = record(PLAIN)
    moved = back(made, shift=-30.0)
    assert (moved.registered_at, moved.expires_at) == (-30.0, 70.0)
    assert ends_at(made.bindings[0], -30.0) == 70.0


def test_without_the_key_of_its_terms_a_binding_has_none() -> None:
    stranger = msgspec.structs.replace(FOREIGN_HOME, key=b"another")
    made = record(binding(revocation=terms(association=stranger)))
    assert back(made) == binding(revocation=None)


def test_no_secret_is_in_it() -> None:
    octets = msgspec.msgpack.encode(record(binding()))
    assert KEY not in octets
    assert FOREIGN_HOME.key not in octets


def test_what_a_node_has_sent_comes_back() -> None:
    served = node()
    served.freshness = Freshness(1 << 63, 7, ((1, 2), (5, 5)))
    assert freshness_of(record(of=served)) == served.freshness
    assert deregistration_of(record(), 0.0) is None
    served.deregistration = Deregistration(1, CARE_OF_ADDRESS, 2, 3.0)
    last = deregistration_of(record(of=served), 1.0)
    assert last is not None
    assert (last.request_identification, last.care_of_address, last.identification, last.at) == (
        1,
        CARE_OF_ADDRESS,
        2,
        4.0,
    )


@pytest.mark.parametrize("agent", [None, CARE_OF_ADDRESS])
def test_what_a_foreign_agent_has_revoked_comes_back(agent: IPv4Address | None) -> None:
    ended = Ended(CARE_OF_ADDRESS, agent, 7, inform=True)
    assert ended_of(record(ended=ended)) == ended
    assert ended_of(record()) is None


def test_a_series_of_revocations_is_told_with_its_binding() -> None:
    one = binding()
    series = Series(one, terms(), None, inform=True)
    series.attempt, series.at = 2, 9.0
    series.identifiers += [1001, 1003]
    (told,) = record(series=(series,)).series
    assert (told.inform, told.attempt, told.identifiers, told.at) == (True, 2, (1000, 1001, 1003), 9.0)
    assert binding_of(told.binding, HOME_ADDRESS, None, config=home_agent_config(), find=find, shift=0.0) == one
