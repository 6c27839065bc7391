import pytest
from tests.support.wishes import HOME_ADDRESS, HOME_AGENT, VISITOR_LINK_ADDRESS, binding

from mobileip.dataplane.ledger import Ledger
from mobileip.dataplane.plan import objects_of, plan
from mobileip.dataplane.ports import Action, NeighbourEntry, Rule
from mobileip.forwarding.model import AgentLink, ForwardingState, HomeAddress, MobileLink, Neighbour

ONE = HomeAddress(address=HOME_ADDRESS)
OTHER = HomeAddress(address=HOME_ADDRESS + 1)


def entered(*wishes):
    ledger = Ledger("mip0")
    operations = ledger.change([(wish.key, None, wish) for wish in wishes])
    return ledger, operations


def test_a_wish_is_installed_whole():
    ledger, operations = entered(ONE)
    assert {operation.target for operation in operations} == set(objects_of(ONE, "mip0"))
    assert set(ledger.wanted.values()) == plan(ForwardingState.of([ONE]), "mip0")


def test_a_binding_costs_the_kernel_nothing():
    assert entered(binding())[1] == []


def test_what_is_shared_stays_until_the_last_goes():
    ledger, _ = entered(ONE, OTHER)
    first = ledger.change([(ONE.key, ONE, None)])
    assert not [o for o in first if isinstance(o.target, Rule)]
    last = ledger.change([(OTHER.key, OTHER, None)])
    assert len([o for o in last if isinstance(o.target, Rule) and o.action is Action.REMOVE]) == 4
    assert not ledger.wanted


def test_a_wish_stated_again_is_installed_again():
    # The kernel flushes the routes of a link that goes down; the agent that registers again states the same wish.
    ledger, first = entered(ONE)
    assert ledger.change([(ONE.key, ONE, ONE)]) == first


def test_only_what_the_new_wish_no_longer_needs_is_removed():
    home = MobileLink(interface="eth0", answers_arp=True)
    away = MobileLink(interface="eth0", answers_arp=False)
    ledger, _ = entered(home)
    removed = [o.target.path for o in ledger.change([(home.key, home, away)]) if o.action is Action.REMOVE]
    assert removed == ["net/ipv4/conf/all/arp_ignore", "net/ipv4/conf/all/arp_announce"]


def test_a_wish_that_loses_against_another_changes_nothing_until_that_one_goes():
    strong = Neighbour(interface="eth0", address=HOME_AGENT, link_address=VISITOR_LINK_ADDRESS)
    ledger, _ = entered(strong)
    loser = NeighbourEntry(interface="eth0", address=HOME_AGENT, link_address=bytes(6))
    ledger._claims.claim(("neighbour", "eth0", HOME_AGENT), ("Z", ""), loser)
    (operation,) = ledger.change([(strong.key, strong, None)])
    assert operation.action is Action.INSTALL
    assert operation.target == loser


def test_a_name_that_no_interface_has_changes_nothing():
    ledger, _ = entered(ONE)
    before = dict(ledger.wanted)
    with pytest.raises(ValueError, match="no interface"):
        ledger.change([(ONE.key, ONE, None), (("AgentLink", "a/b"), None, AgentLink(interface="a/b"))])
    assert ledger.wanted == before


def test_removing_a_key_that_was_never_held_does_nothing():
    ledger, _ = entered(ONE)
    assert ledger.change([(OTHER.key, None, None)]) == []
