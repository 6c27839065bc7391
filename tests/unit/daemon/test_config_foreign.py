"""[foreign_agent]: what visitors are offered, and how home agents are told."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from tests.support.configuration import ASSOCIATION, documents, key_file

from mobileip.agents.foreign.config import ForeignAgentConfig, GreKeyForm, ReverseTunnels
from mobileip.daemon.config_file import ConfigurationError, parse
from mobileip.forwarding.tunnel import Encapsulation


def foreign_agent(folder: Path, **keys: Any) -> ForeignAgentConfig:
    key_file(folder)
    document = documents()["foreign_agent"]
    document["foreign_agent"] |= keys
    config = parse(document, folder).foreign_agent
    assert config is not None
    return config


def errors(folder: Path, **keys: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        foreign_agent(folder, **keys)
    return str(caught.value)


def test_what_is_left_out_is_offered(tmp_path: Path) -> None:
    config = foreign_agent(tmp_path)
    assert config.reverse_tunnel is ReverseTunnels.OFFERED
    assert config.encapsulations == tuple(Encapsulation)
    assert (config.encapsulating_delivery, config.behind_nat, config.prefer_gre) == (True, False, False)


def test_options(tmp_path: Path) -> None:
    config = foreign_agent(
        tmp_path,
        reverse_tunnel="required",
        encapsulating_delivery=False,
        refuse_private_addresses=True,
        encapsulations=["ipip", "gre", "gre"],
        prefer_gre=True,
        gre_key_form="3gpp2",
        behind_nat=True,
        nat_keeps_addresses=True,
        keepalive_interval=40,
    )
    assert config.reverse_tunnel is ReverseTunnels.REQUIRED
    assert config.encapsulations == (Encapsulation.IPIP, Encapsulation.GRE)
    assert (config.gre_key_form, config.keepalive_interval) == (GreKeyForm.THREE_GPP2, 40.0)
    assert config.refuse_private_addresses
    assert not config.encapsulating_delivery
    assert config.behind_nat
    assert config.nat_keeps_addresses
    assert config.prefer_gre


def test_each_home_agent_may_be_told_keys_in_its_own_form(tmp_path: Path) -> None:
    one, two = {"address": "10.1.0.1", **ASSOCIATION}, {"address": "10.9.0.1", **ASSOCIATION}
    config = foreign_agent(tmp_path, home_agent=[one, two | {"gre_key_form": "none"}])
    assert config.gre_key_forms == ((IPv4Address("10.9.0.1"), GreKeyForm.NONE),)
    wrong = errors(tmp_path, home_agent=[one | {"gre_key_form": "cisco"}])
    assert "foreign_agent.home_agent[0].gre_key_form: 'cisco' is wrong" in wrong
    assert "address: is missing" in errors(tmp_path, home_agent=[ASSOCIATION | {"gre_key_form": "none"}])


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"encapsulations": "gre"}, "foreign_agent.encapsulations: 'gre' is wrong"),
        ({"encapsulations": ["l2tp"]}, "foreign_agent.encapsulations: ['l2tp'] is wrong"),
        ({"encapsulations": ["gre"]}, "foreign_agent.encapsulations: ipip is not among them"),
        ({"encapsulations": ["ipip"], "prefer_gre": True}, "foreign_agent.prefer_gre: gre is not among"),
        ({"behind_nat": True, "reverse_tunnel": "off"}, "foreign_agent.behind_nat: nobody could register"),
        ({"reverse_tunnel": "yes"}, "foreign_agent.reverse_tunnel: 'yes' is wrong"),
        ({"keepalive_interval": 9}, "foreign_agent.keepalive_interval: 9 is wrong"),
    ],
)
def test_what_is_refused(tmp_path: Path, keys: dict[str, Any], error: str) -> None:
    assert error in errors(tmp_path, **keys)
