"""A home agent that is killed at any point goes on as if nothing had happened, and no old Request is new to it."""

from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings
from tests.support.home_agent_life import Life, Step, configs, nothing, steps
from tests.support.kept import Kept
from tests.support.messages import NTP, arrived

from mobileip.agents.events import Started
from mobileip.agents.home.agent import HomeAgent
from mobileip.agents.home.config import HomeAgentConfig
from mobileip.agents.home.snapshot import MobilityBinding
from mobileip.agents.instant import Instant
from mobileip.agents.memory import Remembered, must_be_on_disk
from mobileip.agents.outputs import Output, SendMessage
from mobileip.forwarding.model import ReturnPath
from mobileip.wire.numbers import ReplyCode

# The grace of a way that was left is two seconds, and ends with the daemon: it is not remembered.
graceless = configs.map(lambda config: msgspec.structs.replace(config, handover_grace=0.0))

PAUSE = 1.0
"""Seconds in which a machine starts anew, at least."""


class Remembering:
    """A life, and what it wants to be remembered."""

    def __init__(self, config: HomeAgentConfig) -> None:
        self.config = config
        self.kept = Kept()
        self.accepted: dict[bytes, None] = {}
        """Requests with a Reply that says so."""
        self.life = Life(config, self.keep, Remembered())

    def keep(self, life: Life, outputs: list[Output], _authentic: bool) -> None:
        self.kept.take(outputs)
        for output in outputs:
            if isinstance(output, SendMessage) and ReplyCode(output.octets[1]).is_accepted:
                self.accepted[life.received] = None

    def restored(self, kept: Kept | None = None) -> HomeAgent:
        """Another home agent, now, from what was kept."""
        agent = HomeAgent(self.config)
        remembered = (kept or self.kept).remembered()
        agent.handle(Started(remembered=remembered), self.now())
        return agent

    def now(self) -> Instant:
        return Instant(self.life.boot, NTP + round(self.life.boot * 2**32))

    def restart(self) -> None:
        self.life.agent = HomeAgent(self.config)
        self.life.put(Started(remembered=self.kept.remembered()), authentic=True)


def bindings_of(agent: HomeAgent) -> tuple[MobilityBinding, ...]:
    return tuple(sorted(agent.snapshot().bindings, key=lambda binding: binding.home_address))


def shown(agent: HomeAgent) -> Any:
    """All that an agent shows but for what it has counted."""
    snapshot = msgspec.structs.replace(agent.snapshot(), bindings=bindings_of(agent), counters={})
    nodes = [(n.name, n.freshness, n.home_address) for n in agent._surroundings.nodes]
    return snapshot, agent.forwarding(), nodes


def course(agent: HomeAgent) -> Any:
    """Where packets go. Not by which way they come: that is learnt from duplicates too."""
    wishes = agent.forwarding().wishes.values()
    return agent.snapshot().bindings, [wish for wish in wishes if not isinstance(wish, ReturnPath)]


@settings(deadline=None, max_examples=100)
@given(graceless, steps)
def test_what_was_remembered_restores_the_same_snapshot_and_the_same_wishes(
    config: HomeAgentConfig, history: list[Step]
) -> None:
    remembering = Remembering(config)
    for step in history:
        remembering.life.play(step)
        restored = remembering.restored()
        assert shown(restored) == shown(remembering.life.agent)
        live, again = remembering.life.agent.next_deadline(), restored.next_deadline()
        if again is not None:  # announcements are not repeated
            assert live is not None
            assert live.at <= again.at


@settings(deadline=None, max_examples=100)
@given(graceless, steps, st.sets(st.integers(0, 40)))
def test_a_life_with_restarts_has_the_same_course(
    config: HomeAgentConfig, history: list[Step], restarts: set[int]
) -> None:
    plain, broken = Life(config, nothing), Remembering(config)
    for number, step in enumerate(history):
        if number in restarts:
            broken.restart()
        plain.play(step)
        broken.life.play(step)
        assert bindings_of(broken.life.agent) == bindings_of(plain.agent)
        assert broken.life.agent.forwarding() == plain.agent.forwarding()


@settings(deadline=None, max_examples=100)
@given(configs, steps)
def test_killed_at_any_point_it_refuses_every_request_of_before(config: HomeAgentConfig, history: list[Step]) -> None:
    remembering = Remembering(config)
    for step in history:
        remembering.life.play(step)
        restored = remembering.restored()
        before = course(restored)
        for octets in remembering.accepted:
            restored.handle(arrived(octets, entropy=bytes(32)), remembering.now())
        assert course(restored) == before


@settings(deadline=None, max_examples=100)
@given(configs, steps, st.integers(0, 40), st.sampled_from([PAUSE, 3.0, 20.0]))
def test_without_its_latest_records_a_restarted_machine_refuses_them_too(
    config: HomeAgentConfig, history: list[Step], lost: int, pause: float
) -> None:
    """Power was cut: any number of the last transactions is lost, and boot time begins anew."""
    remembering = Remembering(config)
    states = [remembering.kept.copy()]
    for step in history:
        before = dict(remembering.kept.rows)
        remembering.life.play(step)
        changed = [name for name, row in remembering.kept.rows.items() if before.get(name) != row]
        if any(must_be_on_disk(remembering.kept.record(name)) for name in changed):
            states.clear()
        states.append(remembering.kept.copy())
    kept = states[-1 - min(lost, len(states) - 1)]
    agent = HomeAgent(config)
    now = Instant(pause, remembering.now().ntp + round(pause * 2**32))
    agent.handle(Started(remembered=kept.remembered(is_same_boot=False)), now)
    restored = course(agent)
    for octets in remembering.accepted:
        agent.handle(arrived(octets, entropy=bytes([1]) * 32), now)
    assert course(agent) == restored
