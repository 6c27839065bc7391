"""A binding whose foreign agent wants to know when it is revoked."""

from typing import Any

from tests.support.home_agent import FOREIGN_HOME
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT

from mobileip.agents.home.snapshot import MobilityBinding, RevocationTerms
from mobileip.forwarding.tunnel import Tunnel


def terms(**fields: Any) -> RevocationTerms:
    defaults: dict[str, Any] = {
        "peer": CARE_OF_ADDRESS,
        "peer_timestamp": 7,
        "own_timestamp": 1000,
        "inform": True,
        "is_direct": False,
        "association": FOREIGN_HOME,
        "foreign_agent": CARE_OF_ADDRESS,
    }
    return RevocationTerms(**(defaults | fields))


def binding(**fields: Any) -> MobilityBinding:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "care_of_address": CARE_OF_ADDRESS,
        "home_agent": HOME_AGENT,
        "tunnel": Tunnel(HOME_AGENT, CARE_OF_ADDRESS),
        "lifetime": 100,
        "registered_at": 0.0,
        "expires_at": 100.0,
        "identification": 1,
        "spi": 256,
        "revocation": terms(),
    }
    return MobilityBinding(**(defaults | fields))
