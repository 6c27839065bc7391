import pytest
from tests.support.packets import packet
from tests.support.wishes import CARE_OF, HOME_AGENT, TO_CARE_OF

from mobileip.dataplane.userspace.tunnels import NO_MTU, Binding, Exit, Leg, Path, TunnelEnd, Use
from mobileip.wire.ip.ipip import encapsulate
from mobileip.wire.ip.ipv4 import PROTOCOL_IPIP, decode_ipv4

END = TunnelEnd(TO_CARE_OF, Path())


@pytest.mark.requirement("R2003-3.1-a", "R2003-3.1-b", "R5944-4.1-a", "R5944-4.2.3-e")
@pytest.mark.parametrize("tos", [0, 0xB8, 0xFF])
@pytest.mark.parametrize("dont_fragment", [True, False])
@pytest.mark.parametrize("identification", [1, 0x7FFF, 0xFFFF])
def test_the_outer_header(tos, dont_fragment, identification):
    inner = packet(tos=tos, dont_fragment=dont_fragment)
    outer = decode_ipv4(END.encapsulate(inner, identification))
    assert (outer.source, outer.destination, outer.protocol) == (HOME_AGENT, CARE_OF, PROTOCOL_IPIP)
    assert outer.tos == tos
    assert outer.dont_fragment is dont_fragment
    assert not outer.is_fragment
    assert outer.identification == identification
    assert outer.ttl == 64
    assert outer.payload == inner


def test_the_same_octets_as_the_room_wire_makes():
    inner = packet(tos=3, dont_fragment=True)
    made = encapsulate(inner, HOME_AGENT.packed, CARE_OF.packed, identification=9)
    assert END.encapsulate(inner, 9) == made


def test_a_fragment_bears_no_fragment_field_outside():
    inner = packet(fragment=0x2010)
    assert not decode_ipv4(END.encapsulate(inner, 1)).is_fragment


def test_a_new_end_knows_no_mtu_and_a_new_use_nothing():
    assert Path().mtu == NO_MTU
    use = Use()
    assert (use.packets, use.octets) == (0, 0)
    leg = Leg(END, use)
    assert Binding((leg,), 3.0).legs == (leg,)
    assert Exit(END, 3.0, use).interface is None
