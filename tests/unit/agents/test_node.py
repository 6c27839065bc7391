"""A node in one role, in several, and three nodes in conversation."""

from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import msgspec
import pytest
from tests.support.foreign_agent import (
    AGENT_ADDRESS,
    LINK,
    MAC,
    MOBILE_FOREIGN,
    OWN_MAC,
    UPLINK,
    foreign_agent_config,
    link_changed,
    reply,
    request,
    solicitation,
)
from tests.support.home_agent import HOME_NETWORK, home_agent_config
from tests.support.messages import CARE_OF_ADDRESS, HOME_ADDRESS, HOME_AGENT, MOBILE_HOME, arrived
from tests.support.playbook import Playbook, discovery, message, notice

from mobileip.agents.events import (
    AdvertisementArrived,
    Arrival,
    DeregisterCommanded,
    Event,
    GatewayHeard,
    LinkRemoved,
    MessageArrived,
    RegisterCommanded,
    SolicitationArrived,
    Started,
    Stopping,
)
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.mobile.config import MobileNodeConfig
from mobileip.agents.node import Node
from mobileip.agents.notices import (
    BindingCreated,
    BindingRemoved,
    Discarded,
    RegistrationDenied,
    VisitorAdded,
    VisitorRemoved,
)
from mobileip.agents.outputs import ChangeForwarding, Departure, Output, SendDiscovery, SendMessage
from mobileip.forwarding.drop_reason import DropReason
from mobileip.wire.agent_discovery import AgentAdvertisement, AgentSolicitation
from mobileip.wire.message import decode_message
from mobileip.wire.registration import RegistrationReply, RegistrationRequest

HOME_LINK = "home0"
TUNNEL_DATA = bytes((4, 4, 0, 0))
"""A Registration Revocation (RFC 3543 §3.3) of nothing in particular."""


def router(**fields: Any) -> Playbook:
    """Home agent and foreign agent in one node, everything up, advertisements of the start forgotten."""
    home = HomeAgent(home_agent_config(home_link=HOME_LINK))
    play = Playbook(Node(home=home, foreign=ForeignAgent(foreign_agent_config(**fields))))
    play.given(
        Started(),
        link_changed(HOME_LINK, addresses=(IPv4Interface("10.1.0.1/24"),)),
        link_changed(LINK),
        link_changed(UPLINK),
    )
    return play.forget()


def mobile_node_config(**fields: Any) -> MobileNodeConfig:
    defaults: dict[str, Any] = {
        "home_address": HOME_ADDRESS,
        "home_agent": HOME_AGENT,
        "home_network": HOME_NETWORK,
        "links": ("wlan0",),
        "association": MOBILE_HOME,
    }
    return MobileNodeConfig(**(defaults | fields))


def mobile() -> Playbook:
    play = Playbook(Node(mobile=MobileNode(mobile_node_config())))
    return play.given(Started(), link_changed("wlan0", link_address=MAC)).forget()


def node_of(play: Playbook) -> Node:
    assert isinstance(play.agent, Node)
    return play.agent


# -- one role, none


def test_a_node_in_no_role_has_nothing_to_do() -> None:
    play = Playbook(Node())
    play.given(Started(), link_changed(), RegisterCommanded(), DeregisterCommanded(), Stopping())
    play.given(solicitation(), LinkRemoved(name=LINK)).expect_nothing()
    assert play.agent.next_deadline() is None
    assert not play.agent.forwarding().wishes


@pytest.mark.requirement("R5944-1.7-b")
def test_what_finds_no_role_is_discarded_by_name() -> None:
    play = Playbook(Node())
    lost = notice(Discarded, role="node", reason=DropReason.NOT_FOR_US)
    play.given(request(), reply()).expect(lost, lost)
    assert node_of(play).counters == {"discarded_not_for_us": 2}


@pytest.mark.requirement("R5944-1.7-a", "R3115-1-a")
def test_messages_of_kinds_that_no_role_knows_yet() -> None:
    play = Playbook(Node(home=HomeAgent(home_agent_config()), foreign=ForeignAgent(foreign_agent_config())))
    lost = notice(Discarded, role="node", reason=DropReason.NOT_FOR_US, octets=TUNNEL_DATA)
    play.given(arrived(TUNNEL_DATA, interface=LINK)).expect(lost)


def test_a_mobile_node_hears_others_but_not_itself() -> None:
    play = mobile()
    heard = AdvertisementArrived(
        advertisement=AgentAdvertisement(lifetime=3),
        arrival=Arrival(interface="wlan0", source=AGENT_ADDRESS, destination=IPv4Address("224.0.0.1"), link_source=MAC),
    )
    gateway = GatewayHeard(interface="wlan0", address=AGENT_ADDRESS, link_address=OWN_MAC)
    play.given(heard, gateway, RegisterCommanded()).forget()
    assert node_of(play).mobile is not None
    agents = [
        msgspec.structs.replace(heard, arrival=msgspec.structs.replace(heard.arrival, link_source=link_source))
        for link_source in (MAC, OWN_MAC)
    ]
    before = node_of(play).mobile.snapshot().counters  # type: ignore[union-attr]  # asserted above
    play.given(agents[0])
    assert node_of(play).mobile.snapshot().counters == before  # type: ignore[union-attr]
    play.given(agents[1])
    assert node_of(play).mobile.snapshot().counters != before  # type: ignore[union-attr]


def test_replies_go_to_the_mobile_node_on_its_links() -> None:
    play = mobile().forget()
    play.given(reply(interface="wlan0")).expect_among(notice(Discarded, role="mobile_node"))


# -- two agents in one node


def test_one_advertisement_for_both_agents_of_a_link() -> None:
    home = HomeAgent(home_agent_config(home_link=LINK))
    play = Playbook(Node(home=home, foreign=ForeignAgent(foreign_agent_config())))
    play.given(Started(), link_changed(addresses=(IPv4Interface("10.1.0.1/24"),)))
    adverts = [output for output in play.outputs if isinstance(output, SendDiscovery)]
    assert len(adverts) == 1
    play.expect_among(discovery(AgentAdvertisement, home_agent=True, foreign_agent=True, frm=HOME_AGENT))


def test_each_link_has_the_bits_of_what_serves_it() -> None:
    play = router()
    play.given(solicitation(interface=HOME_LINK)).expect(
        discovery(AgentAdvertisement, home_agent=True, foreign_agent=False, frm=HOME_AGENT)
    )
    play.given(solicitation()).expect(
        discovery(AgentAdvertisement, home_agent=False, foreign_agent=True, frm=AGENT_ADDRESS, busy=False)
    )
    play.given(solicitation(interface=UPLINK)).expect_nothing()


@pytest.mark.requirement("R1256-4.2-a", "R5944-1.7-b")
def test_a_solicitation_with_another_code_is_none() -> None:
    play = router()
    strange = msgspec.structs.replace(solicitation(), solicitation=AgentSolicitation(code=1))
    play.given(strange).expect(notice(Discarded, role="node", reason=DropReason.BAD_VALUE))
    assert node_of(play).counters == {"discarded_bad_value": 1}


def test_what_we_solicit_ourselves_is_not_answered() -> None:
    router().given(solicitation(link_source=OWN_MAC)).expect_nothing()


def test_advertisements_tell_when_the_foreign_agent_is_busy() -> None:
    play = router(maximum_visitors=0)
    play.given(solicitation()).expect(discovery(AgentAdvertisement, busy=True))


def test_advertisements_of_others_are_nothing_to_an_agent() -> None:
    heard = AdvertisementArrived(
        advertisement=AgentAdvertisement(lifetime=3),
        arrival=Arrival(interface=LINK, source=HOME_ADDRESS, destination=IPv4Address("224.0.0.1")),
    )
    router().given(heard).expect_nothing()


def test_a_visitor_of_our_own_home_agent() -> None:
    play = router()
    [relayed] = play.given(request()).outputs
    assert isinstance(relayed, SendMessage)
    assert (relayed.departure.destination, relayed.departure.source) == (HOME_AGENT, CARE_OF_ADDRESS)
    play.forget().given(arrived(relayed.octets, interface="lo"))
    answer = play.outputs[-1]
    assert isinstance(answer, SendMessage)
    play.expect_among(notice(BindingCreated), message(RegistrationReply, code=1, to=CARE_OF_ADDRESS))
    play.given(arrived(answer.octets, interface="lo", source=HOME_AGENT, destination=CARE_OF_ADDRESS))
    play.expect_among(notice(VisitorAdded), message(RegistrationReply, code=1, frame_to=MAC, on=LINK))
    kinds = {key[0] for key in play.agent.forwarding().wishes}
    assert kinds == {"HomeNetwork", "AgentLink", "BindingRoute", "Interception", "VisitorRoute"}
    assert node_of(play).home is not None
    assert node_of(play).foreign is not None
    play.wait(1900.0).expect_among(notice(BindingRemoved), notice(VisitorRemoved))


def test_a_mobile_node_that_is_at_home_asks_the_home_agent() -> None:
    play = router()
    at_home = {"interface": HOME_LINK, "destination": HOME_AGENT, "care_of_address": HOME_ADDRESS, "lifetime": 0}
    play.given(request(**at_home)).expect_among(message(RegistrationReply, code=1))


def test_the_deadline_is_the_earliest_of_all() -> None:
    play = router()
    deadline = play.agent.next_deadline()
    assert deadline is not None
    assert deadline.reason == "agent advertisement"


def test_the_node_says_farewell_on_all_its_links() -> None:
    play = router().given(Stopping())
    play.expect_among(
        discovery(AgentAdvertisement, lifetime=0, on=HOME_LINK), discovery(AgentAdvertisement, lifetime=0, on=LINK)
    )


# -- the next node


@pytest.mark.requirement("R5944-2.3.2-a", "R5944-2.3.2-b")
def test_sequence_numbers_go_on_with_the_same_agents_and_begin_anew_with_others() -> None:
    play = router().wait(10.0)
    old = node_of(play)
    assert old.sequence_number > 10
    assert Node(home=old.home, foreign=old.foreign, predecessor=old).sequence_number == old.sequence_number
    fresh = ForeignAgent(foreign_agent_config())
    assert Node(home=old.home, foreign=fresh, predecessor=old).sequence_number == 0
    assert Node(home=old.home, foreign=old.foreign).sequence_number == 0


# -- three nodes


class Village:
    """Nodes whose messages reach each other at once: one mobile node on the foreign agent's LINK, one home agent
    behind the UPLINK."""

    def __init__(self) -> None:
        shared = {"mobile_nodes": ((HOME_ADDRESS, MOBILE_FOREIGN),)}
        associations = ((AGENT_ADDRESS, MOBILE_FOREIGN),)
        self.home = Playbook(Node(home=HomeAgent(home_agent_config())))
        self.foreign = Playbook(Node(foreign=ForeignAgent(foreign_agent_config(**shared))))
        self.mobile = Playbook(
            Node(mobile=MobileNode(mobile_node_config(foreign_agents=associations))), entropy=bytes(range(32))
        )
        self.sent: list[Output] = []
        self.home.given(Started(), link_changed("eth0", addresses=(IPv4Interface("10.1.0.1/24"),)))
        self.foreign.given(Started(), link_changed(LINK), link_changed(UPLINK))
        self.mobile.given(Started(), link_changed("wlan0", link_address=MAC))
        self.exchange()

    def exchange(self) -> None:
        """Delivers until nobody has anything to say."""
        players = (self.mobile, self.foreign, self.home)
        while any(play.outputs for play in players):
            for play in players:
                outputs, play.outputs = play.outputs, []
                self.sent += outputs
                for output in outputs:
                    self._deliver(play, output)

    def wait(self, seconds: float, step: float = 0.05) -> None:
        for _ in range(round(seconds / step)):
            for play in (self.mobile, self.foreign, self.home):
                play.wait(step)
            self.exchange()

    def _deliver(self, sender: Playbook, output: Output) -> None:
        if not isinstance(output, SendMessage | SendDiscovery):
            return
        receiver, interface, link_source = self._way(sender, output.departure)
        arrival = Arrival(
            interface=interface,
            source=output.departure.source or IPv4Address(0),
            destination=output.departure.destination,
            source_port=output.departure.source_port,
            destination_port=output.departure.destination_port,
            ttl=output.departure.ttl,
            link_source=link_source,
        )
        receiver.given(_event(output, arrival))

    def _way(self, sender: Playbook, departure: Departure) -> tuple[Playbook, str, bytes | None]:
        if sender is self.mobile:
            return self.foreign, LINK, MAC
        if sender is self.home:
            return self.foreign, UPLINK, None
        return (self.mobile, "wlan0", OWN_MAC) if departure.link_destination else (self.home, "eth0", None)


def _event(output: SendMessage | SendDiscovery, arrival: Arrival) -> Event:
    if isinstance(output, SendMessage):
        return MessageArrived(decoded=decode_message(output.octets), arrival=arrival)
    if isinstance(output.message, AgentAdvertisement):
        return AdvertisementArrived(advertisement=output.message, arrival=arrival)
    return SolicitationArrived(solicitation=output.message, arrival=arrival)


@pytest.fixture(name="village")
def _village() -> Village:
    return Village()


def _snapshots(village: Village) -> tuple[int, int, str]:
    home, foreign, mobile = (node_of(play) for play in (village.home, village.foreign, village.mobile))
    assert home.home is not None
    assert foreign.foreign is not None
    assert mobile.mobile is not None
    return (
        len(home.home.snapshot().bindings),
        len(foreign.foreign.snapshot().visitors),
        mobile.mobile.snapshot().state,
    )


def test_a_mobile_node_registers_renews_and_leaves(village: Village) -> None:
    village.wait(5.0)
    bindings, visitors, state = _snapshots(village)
    assert (bindings, visitors, state.lower()) == (1, 1, "registered")
    codes = [
        decoded.code
        for output in village.sent
        if isinstance(output, SendMessage)
        and isinstance(decoded := decode_message(output.octets).message, RegistrationReply)
    ]
    assert set(codes) == {1}
    assert not [o for o in village.sent if notice(RegistrationDenied).accepts(o) or notice(Discarded).accepts(o)]
    village.mobile.given(DeregisterCommanded())
    village.exchange()
    village.wait(5.0)
    assert _snapshots(village)[:2] == (0, 0)
    assert any(isinstance(output, ChangeForwarding) for output in village.sent)


def test_a_rebooted_foreign_agent_gets_its_visitor_back(village: Village) -> None:
    village.wait(5.0)
    assert _snapshots(village)[:2] == (1, 1)
    village.foreign.agent = Node(foreign=ForeignAgent(village_config(village)))
    now = village.foreign.now
    village.foreign = Playbook(village.foreign.agent, now=now)
    village.foreign.given(Started(), link_changed(LINK), link_changed(UPLINK))
    village.exchange()
    village.wait(5.0)
    assert _snapshots(village)[:2] == (1, 1)
    requests = [
        output
        for output in village.sent
        if isinstance(output, SendMessage)
        and isinstance(decode_message(output.octets).message, RegistrationRequest)
        and output.departure.link_destination == OWN_MAC
    ]
    assert len(requests) >= 2


def village_config(village: Village) -> Any:
    foreign = node_of(village.foreign).foreign
    assert foreign is not None
    return foreign.config
