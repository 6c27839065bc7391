"""What agents offer, for tests that are about one part of it."""

from typing import Any

from tests.support.messages import CARE_OF_ADDRESS, HOME_AGENT

from mobileip.agents.offers import Offer


def offer(**fields: Any) -> Offer:
    """Of a foreign agent."""
    defaults: dict[str, Any] = {
        "address": CARE_OF_ADDRESS,
        "foreign_agent": True,
        "care_of_addresses": (CARE_OF_ADDRESS,),
        "registration_lifetime": 1800,
        "interval": 1.0,
        "lifetime": 3,
    }
    return Offer(**(defaults | fields))


def home_offer(**fields: Any) -> Offer:
    return offer(
        **({"address": HOME_AGENT, "home_agent": True, "foreign_agent": False, "care_of_addresses": ()} | fields)
    )
