"""The order in which one event's outputs are given out (RFC 5944 §4.6)."""

import pytest
from tests.support.attachments import asked, colocated, through_agent
from tests.support.messages import HOME_ADDRESS
from tests.support.mobile_node import config

from mobileip.agents.mobile.attachment import Attachment
from mobileip.agents.mobile.discovery import solicitation
from mobileip.agents.mobile.outbox import Outbox
from mobileip.agents.mobile.requests import request
from mobileip.agents.notices import LinkNoticed
from mobileip.agents.outputs import AnnounceAddress, ChangeForwarding, Notify, SendMessage
from mobileip.forwarding.model import ForwardingChange, HomeAddress, MobileLink

INSTALL = ForwardingChange(install=(HomeAddress(address=HOME_ADDRESS),))


def test_nothing_comes_out_of_an_empty_one() -> None:
    assert Outbox().outputs(ForwardingChange()) == []


def test_forwarding_then_gratuitous_arp_then_what_is_sent_then_notices() -> None:
    out = Outbox()
    notice = LinkNoticed(interface="eth0", state="up")
    discovery = solicitation("eth0", HOME_ADDRESS)
    message = request(asked(), config(), HOME_ADDRESS)
    announcement = AnnounceAddress(interface="eth0", address=HOME_ADDRESS)
    out.notify(notice)
    out.discoveries.append(discovery)
    out.messages.append(message)
    out.announcements.append(announcement)
    assert out.outputs(INSTALL) == [ChangeForwarding(INSTALL), announcement, message, discovery, Notify(notice)]


@pytest.mark.parametrize(("place", "may"), [(through_agent(), True), (colocated(), False)])
@pytest.mark.requirement("R5944-4.6-t", "R5944-4.6-u")
def test_a_request_to_an_agent_goes_ahead_where_arp_stays_as_it_is(place: Attachment, may: bool) -> None:
    link = MobileLink(interface="eth0", answers_arp=False)

    def is_ahead(change: ForwardingChange, *announcements: AnnounceAddress) -> bool:
        out = Outbox()
        out.messages.append(request(asked(place), config(), HOME_ADDRESS))
        out.announcements += announcements
        (message,) = [each for each in out.outputs(change) if isinstance(each, SendMessage)]
        return message.ahead

    assert is_ahead(INSTALL) is may
    assert is_ahead(ForwardingChange()) is may
    assert not is_ahead(ForwardingChange(install=(link,)))
    assert not is_ahead(ForwardingChange(), AnnounceAddress(interface="eth0", address=HOME_ADDRESS))


def test_a_removal_alone_is_a_change() -> None:
    change = ForwardingChange(remove=(("HomeAddress", str(HOME_ADDRESS)),))
    assert Outbox().outputs(change) == [ChangeForwarding(change)]
