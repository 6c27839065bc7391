"""What agents offer on their links."""

from ipaddress import IPv4Address

import pytest
from tests.support.foreign_agent import BARE_LINK, LINK
from tests.support.messages import CARE_OF_ADDRESS
from tests.support.offers import home_offer, offer

from mobileip.agents.offers import ADVERTISEMENT_ADDRESSES, LIMITED_BROADCAST, combine


@pytest.mark.requirement("R5944-2.1.1-f")
def test_an_agent_offers_service_as_home_agent_or_as_foreign_agent() -> None:
    with pytest.raises(ValueError, match="home agent or as foreign agent"):
        offer(foreign_agent=False)


@pytest.mark.requirement("R5944-2.1.1-b")
def test_a_foreign_agent_offers_a_care_of_address() -> None:
    with pytest.raises(ValueError, match="no care-of address"):
        offer(care_of_addresses=())


@pytest.mark.requirement("R5944-2.1-c")
@pytest.mark.parametrize("address", ["192.0.2.255", "224.0.0.2", "192.0.2.1"])
def test_advertisements_for_all_go_to_one_group_or_to_the_limited_broadcast_address(address: str) -> None:
    with pytest.raises(ValueError, match=f"not {address}"):
        offer(advertisement_address=IPv4Address(address))
    assert [offer(advertisement_address=fit).advertisement_address for fit in ADVERTISEMENT_ADDRESSES] == list(
        ADVERTISEMENT_ADDRESSES
    )


def test_two_agents_on_one_link_make_one_offer() -> None:
    home = home_offer(registration_lifetime=600, interval=2.0, lifetime=6)
    foreign = offer(registration_required=True)
    for order in (({LINK: home}, {LINK: foreign, BARE_LINK: foreign}), ({LINK: foreign}, {LINK: home})):
        combined = combine(order)
        assert set(combined) == set(order[0]) | set(order[1])
        both = combined[LINK]
        assert (both.home_agent, both.foreign_agent, both.care_of_addresses) == (True, True, (CARE_OF_ADDRESS,))
        assert (both.registration_lifetime, both.registration_required) == (1800, True)
        assert (both.interval, both.lifetime) == (1.0, 3)
        assert both.address == order[0][LINK].address


@pytest.mark.parametrize("tunnel", ["reverse_tunneling", "minimal_encapsulation", "gre_encapsulation", "udp_tunneling"])
def test_the_tunnels_of_either_agent_are_offered(tunnel: str) -> None:
    for order in ((home_offer(), offer(**{tunnel: True})), (offer(**{tunnel: True}), home_offer())):
        both = order[0].together_with(order[1])
        assert getattr(both, tunnel)
    assert not getattr(home_offer().together_with(offer()), tunnel)


def test_two_agents_on_one_link_advertise_in_the_way_of_the_first() -> None:
    home = home_offer(advertisement_address=LIMITED_BROADCAST, preference_level=7, prefix_lengths=False)
    both = combine(({LINK: home}, {LINK: offer(routes_common_traffic=False)}))[LINK]
    assert (both.advertisement_address, both.preference_level) == (LIMITED_BROADCAST, 7)
    assert (both.prefix_lengths, both.routes_common_traffic) == (False, False)
