"""Laws 1, 2 and 3 for the home agent: random lives of three mobile nodes, honest and forged messages, time passing."""

import msgspec
from hypothesis import given, settings
from tests.support.home_agent_life import NODES, NONCES, Life, Step, configs, live, nothing, steps
from tests.support.messages import MOBILE_HOME

from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.outputs import ChangeForwarding, Notify, Output, SendMessage
from mobileip.forwarding.model import BindingRoute, ForwardingState, ReverseExit
from mobileip.security.authenticator import verify
from mobileip.wire.extensions.authentication import MobileHomeAuthentication
from mobileip.wire.message import decode_message
from mobileip.wire.registration import RegistrationReply


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_same_events_and_times_give_the_same_outputs(config: HomeAgentConfig, history: list[Step]) -> None:
    first, second = live(config, history, nothing), live(config, history, nothing)
    assert first.outputs == second.outputs
    assert first.agent.snapshot() == second.agent.snapshot()
    assert first.agent.next_deadline() == second.agent.next_deadline()


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_changes_add_up_to_the_whole_wish(config: HomeAgentConfig, history: list[Step]) -> None:
    state = ForwardingState()

    def check(life: Life, outputs: list[Output], _authentic: bool) -> None:
        nonlocal state
        for output in outputs:
            if isinstance(output, ChangeForwarding):
                state = state.apply(output.change)
        assert state == life.agent.forwarding()

    live(config, history, check)


@settings(deadline=None, max_examples=300)
@given(configs, steps)
def test_what_is_not_authentic_changes_nothing_but_counters(config: HomeAgentConfig, history: list[Step]) -> None:
    def check(life: Life, outputs: list[Output], authentic: bool) -> None:
        if authentic:
            return
        assert all(isinstance(output, SendMessage | Notify) for output in outputs)
        after = life.agent.snapshot()
        assert msgspec.structs.replace(after, counters={}) == msgspec.structs.replace(life.before, counters={})
        assert sum(after.counters.values()) == sum(life.before.counters.values()) + 1

    live(config, history, check)


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_forged_messages_change_no_later_outcome(config: HomeAgentConfig, history: list[Step]) -> None:
    """The same life without what was forged ends with the same bindings."""
    honest = [step for step in history if step[0] in ("request", "wait")]
    mixed = [step for step in history if step[0] in ("request", "wait", "forge", "spoil", "truncate", "reflect")]
    assert (
        live(config, mixed, nothing).agent.snapshot().bindings
        == live(config, honest, nothing).agent.snapshot().bindings
    )


@settings(deadline=None, max_examples=200)
@given(configs, steps)
def test_every_answer_is_signed_and_every_binding_is_sound(config: HomeAgentConfig, history: list[Step]) -> None:
    def check(life: Life, outputs: list[Output], _authentic: bool) -> None:
        for output in outputs:
            if isinstance(output, SendMessage):
                decoded = decode_message(output.octets)
                assert isinstance(decoded.message, RegistrationReply)
                ((offset, extension),) = decoded.find(MobileHomeAuthentication)
                association = {256: MOBILE_HOME, 300: NONCES}[extension.spi]
                assert verify(decoded, offset, extension, association)
                assert output.departure.source == config.address
        bindings = life.agent.snapshot().bindings
        assert all(b.expires_at > life.boot for b in bindings)
        assert all(b.lifetime <= config.maximum_lifetime for b in bindings)
        for node in NODES:
            of_node = [b for b in bindings if b.home_address == node]
            assert len(of_node) <= config.maximum_simultaneous_bindings
            assert len({b.care_of_address for b in of_node}) == len(of_node)
        deadline = life.agent.next_deadline()
        earliest = min((b.expires_at for b in bindings), default=float("inf"))
        assert earliest == float("inf") or (deadline is not None and deadline.at <= earliest)
        routes = [w for w in life.agent.forwarding().wishes.values() if isinstance(w, BindingRoute)]
        assert {route.home_address for route in routes} == {b.home_address for b in bindings if not b.is_half_bound}
        tunnels = {tunnel for route in routes for tunnel in route.tunnels}
        assert tunnels == {b.tunnel for b in bindings if not b.is_half_bound}
        exits = [w for w in life.agent.forwarding().wishes.values() if isinstance(w, ReverseExit)]
        ends = {(b.home_address, b.tunnel.remote, b.tunnel.udp) for b in bindings if b.has_reverse_tunnel}
        heard = {(w.home_address, w.tunnel.remote, w.tunnel.udp): w.expires_at for w in exits}
        assert heard.keys() >= ends
        assert all(at <= life.boot + config.handover_grace for end, at in heard.items() if end not in ends)
        assert {w.tunnel.encapsulation for w in exits} <= set(config.encapsulations)

    live(config, history, check)
