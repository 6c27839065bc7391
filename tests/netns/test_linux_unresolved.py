"""A neighbour that was asked for while the link had no carrier is asked for at once when it has one.

here:  x ---- y  far (192.0.2.1)
"""

import json
import socket
from collections.abc import Iterator

import pytest
from tests.support.eventually import eventually
from tests.support.netns import Namespace, namespace, veth

from mobileip.linux.unresolved import forget

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

FAR = "192.0.2.1"


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made, made.entered():
        yield made


@pytest.fixture
def far(here: Namespace) -> Iterator[Namespace]:
    with namespace() as made:
        veth(here, "x", made, "y")
        here.ip("address add 192.0.2.2/24 dev x")
        made.ip(f"address add {FAR}/24 dev y")
        yield made


def neighbours(here: Namespace) -> dict[str, list[str]]:
    return {entry["dst"]: entry["state"] for entry in json.loads(here.ip("-4 -json neighbour show dev x"))}


def link_is(here: Namespace, state: str) -> bool:
    """Whether the kernel has told of it: a second late at most, and it forgets neighbours itself then."""
    return bool(json.loads(here.ip("-json link show dev x"))[0]["operstate"] == state)


def test_it_is_forgotten_and_then_found(here: Namespace, far: Namespace) -> None:
    index = socket.if_nametoindex("x")
    here.ip("ntable change name arp_cache dev x retrans 60000")  # no second question in this test's time
    here.ip("neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev x nud permanent")
    far.ip("link set y down")
    eventually(lambda: link_is(here, "DOWN"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", (FAR, 9))
        assert neighbours(here)[FAR] == ["INCOMPLETE"]
        assert forget(index) == 1
        assert list(neighbours(here)) == ["192.0.2.77"]
        sender.sendto(b"x", (FAR, 9))
        far.ip("link set y up")
        eventually(lambda: link_is(here, "UP"))
        assert forget(index) == 1
        sender.sendto(b"x", (FAR, 9))  # asks at once; without that when the first question is repeated
        eventually(lambda: neighbours(here)[FAR] == ["REACHABLE"])
    assert forget(index) == 0
