"""A Registration Request under a home agent's examination, before the first check."""

from ipaddress import IPv4Address
from typing import Any

from tests.support.home_agent import home_agent_config
from tests.support.messages import (
    CARE_OF_ADDRESS,
    HOME_ADDRESS,
    NTP,
    Signature,
    arrival,
    registration_request,
    signed,
)

from mobileip.agents.home.examination import Examination, Surroundings
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.wire.message import decode_message
from mobileip.wire.registration import RegistrationRequest


def examined(
    *signatures: Signature,
    config: dict[str, Any] | None = None,
    bindings: tuple[MobilityBinding, ...] = (),
    source: IPv4Address = CARE_OF_ADDRESS,
    behind: bytes = b"",
    **fields: Any,
) -> Examination:
    """`behind`: octets behind all signatures."""
    configured = home_agent_config(**(config or {}))
    surroundings = Surroundings(configured)
    decoded = decode_message(signed(registration_request(**fields), *signatures) + behind)
    assert isinstance(decoded.message, RegistrationRequest)
    return Examination(
        surroundings,
        surroundings.nodes.by_home[int(HOME_ADDRESS)],
        bindings,
        request=decoded.message,
        decoded=decoded,
        arrival=arrival(source=source),
        is_unicast=True,
        boot=0.0,
        time=NTP,
        entropy=b"",
    )
