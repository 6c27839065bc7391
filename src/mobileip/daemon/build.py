"""The agents of a configuration."""

from mobileip.agents.foreign.agent import ForeignAgent
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.node import Node
from mobileip.daemon.config_file import Configuration


def build_node(configuration: Configuration) -> Node:
    """Fresh: they know nothing yet."""
    home, foreign, mobile = configuration.home_agent, configuration.foreign_agent, configuration.mobile_node
    return Node(
        home=HomeAgent(home) if home is not None else None,
        foreign=ForeignAgent(foreign) if foreign is not None else None,
        mobile=MobileNode(mobile) if mobile is not None else None,
    )
