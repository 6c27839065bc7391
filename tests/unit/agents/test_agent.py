"""Every agent has one shape, and so has a node of them."""

from mobileip.agents.advertising import Advertiser
from mobileip.agents.agent import Agent
from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.node import Node


def test_the_agents_have_the_shape_of_agents() -> None:
    shape = {name for name in vars(Agent) if not name.startswith("_")}
    assert shape == {"handle", "next_deadline", "forwarding"}
    for kind in (HomeAgent, ForeignAgent, MobileNode, Advertiser, Node):
        assert shape <= set(dir(kind)), kind
