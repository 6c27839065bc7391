from array import array
from ipaddress import IPv4Address

import pytest
from tests.support.simulated import Stage

from mobileip.agents.notices import Discarded, Registered, RegistrationDenied, RegistrationSent
from mobileip.forwarding.drop_reason import DropReason
from mobileip.sim.meter import Meter, quantile
from mobileip.sim.packet import REQUEST, Packet

CARE_OF = IPv4Address("172.16.0.1")
SENT = RegistrationSent(
    home_agent=IPv4Address("10.0.0.1"), care_of_address=CARE_OF, interface="eth0", lifetime=60, attempt=1
)
GRANTED = Registered(care_of="foreign_agent", care_of_address=CARE_OF, interface="eth0", lifetime=60)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_registration_takes_from_its_first_request_to_its_reply(stage: Stage) -> None:
    meter, host = Meter(), stage.node.host
    meter.noticed(host, SENT)
    stage.run(1.0)
    meter.noticed(host, RegistrationSent(**{f: getattr(SENT, f) for f in SENT.__struct_fields__} | {"attempt": 2}))
    stage.run(0.5)
    meter.noticed(host, GRANTED)
    meter.noticed(host, GRANTED)
    assert list(meter.registrations) == [1.5]


def test_a_handover_takes_from_the_new_link_to_the_right_reply(stage: Stage) -> None:
    meter, host = Meter(), stage.node.host
    meter.moved("mobile0", 0.0, IPv4Address("172.16.0.2"))
    meter.noticed(host, GRANTED)
    assert list(meter.handovers) == []
    meter.moved("mobile0", 0.0, CARE_OF)
    stage.run(0.25)
    meter.noticed(host, GRANTED)
    assert list(meter.handovers) == [0.25]


def test_a_handover_that_another_move_ended_is_none(stage: Stage) -> None:
    meter, host = Meter(), stage.node.host
    meter.moved("mobile0", 0.0, CARE_OF)
    meter.left("mobile0")
    meter.noticed(host, GRANTED)
    assert list(meter.handovers) == []


def test_messages_denials_and_discards_are_counted_by_role(stage: Stage) -> None:
    meter, host = Meter(), stage.node.host
    meter.sent_by(host, Packet(kind=REQUEST, payload=bytes(52), source=CARE_OF, destination=CARE_OF))
    meter.noticed(host, RegistrationDenied(role="mobile_node", home_address=CARE_OF, code=133, reason=""))
    meter.noticed(host, Discarded(role="mobile_node", reason=DropReason.REPLAYED, detail="", source=CARE_OF))
    assert meter.sent == {("mobile", "request"): 1}
    assert meter.octets == {("mobile", "request"): 80}
    assert meter.denials == {("mobile", 133): 1}
    assert meter.discards == {("mobile", "replayed"): 1}


def test_counting_can_begin_later(stage: Stage) -> None:
    meter, host = Meter(), stage.node.host
    meter.moved("mobile0", 0.0, CARE_OF)
    for notice in (SENT, GRANTED):
        meter.noticed(host, notice)
    meter.sent_by(host, Packet(kind=REQUEST, payload=bytes(52), source=CARE_OF, destination=CARE_OF))
    meter.begin(5.0)
    assert meter.begun_at == 5.0
    assert (len(meter.registrations), len(meter.handovers)) == (0, 0)
    assert (dict(meter.sent), dict(meter.octets), dict(meter.notices)) == ({}, {}, {})


def test_the_largest_tables_are_kept(stage: Stage) -> None:
    meter = Meter()
    stage.go("foreign1")
    meter.sample(stage.world, 1)
    stage.go(None)
    meter.sample(stage.world, 1)
    assert meter.peaks["bindings of a home agent"] == 1
    assert meter.peaks["visitors of a foreign agent"] == 1
    assert meter.peaks["agents heard by a mobile node"] == 1


@pytest.mark.parametrize(("part", "value"), [(0.0, 1.0), (0.5, 3.0), (0.95, 5.0), (1.0, 5.0)])
def test_quantiles(part: float, value: float) -> None:
    assert quantile(array("d", [5, 1, 3, 2, 4]), part) == value


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile(array("d"), 0.5) is None
