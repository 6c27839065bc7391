"""A mobile node takes in advertisements that tell nothing new by a short way: nobody can see which way it took."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mobile_node import FOREIGN_1, FOREIGN_2, HOME, NONCES, Scene

from mobileip.agents.events import (
    AdvertisementArrived,
    DeregisterCommanded,
    RegisterCommanded,
    Started,
    Stopping,
    TimerExpired,
)
from mobileip.agents.mobile.agent import MobileNode
from mobileip.agents.mobile.config import MoveDetection

LINKS = ("eth0", "eth1")
Action = Callable[[Scene], Any]


class Thorough(MobileNode):
    """Goes the long way always."""

    def _is_no_news(self, event: AdvertisementArrived, now: float) -> bool:
        return False


def said_again(agent_number: int, name: str, seconds: float, times: int) -> Action:
    """An agent advertises as agents do: the same, again and again, with the next number."""
    agent = (FOREIGN_1, FOREIGN_2, HOME)[agent_number]

    def act(scene: Scene) -> None:
        for _ in range(times):
            scene.wait(seconds)
            scene.hear(agent, name, 10 + int(scene.now * 10))

    return act


def answered(code: int, lifetime: int | None) -> Action:
    def act(scene: Scene) -> None:
        if scene.requests_so_far:
            fields = {} if lifetime is None else {"lifetime": lifetime}
            scene.answer(code, **fields)

    return act


links = st.sampled_from(LINKS)
actions = st.one_of(
    st.builds(
        said_again, st.integers(0, 2), links, st.sampled_from([0.0, 0.01, 0.3, 1.0, 1.5, 4.0, 50.0]), st.integers(1, 4)
    ),
    st.builds(
        said_again, st.integers(0, 2), links, st.sampled_from([0.0, 0.01, 0.3, 1.0, 1.5, 4.0, 50.0]), st.integers(1, 4)
    ),
    st.builds(answered, st.sampled_from([0, 66, 129, 131, 133]), st.sampled_from([None, 5, 60])),
    links.map(lambda name: lambda scene: scene.up(name)),
    links.map(lambda name: lambda scene: scene.down(name)),
    links.map(lambda name: lambda scene: scene.flap(name) if name in scene.links else None),
    links.map(lambda name: lambda scene: scene.dhcp(name=name)),
    links.map(lambda name: lambda scene: scene.deny(FOREIGN_1, 66) if scene.requests_so_far else None),
    links.map(lambda name: lambda scene: scene.hear(FOREIGN_1.but(busy=True), name, 60000)),
    st.sampled_from([0.0, 0.4, 1.0, 3.5, 20.0]).map(lambda seconds: lambda scene: scene.wait(seconds)),
    st.sampled_from([RegisterCommanded, DeregisterCommanded, TimerExpired, Stopping]).map(
        lambda kind: lambda scene: scene.handle(kind())
    ),
)


def play(kind: type[MobileNode], story: list[Action], fields: dict[str, Any]) -> list[object]:
    scene = Scene(started=False, links=LINKS, **fields)
    scene.node = kind(scene.config)
    seen: list[object] = []
    for action in (lambda scene: scene.handle(TimerExpired()), lambda scene: scene.up(), *story):
        action(scene)
        seen += [scene.node.next_deadline(), scene.node.snapshot(), scene.node.forwarding()]
    return [*seen, *scene.history]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(actions, min_size=4, max_size=40),
    st.fixed_dictionaries(
        {
            "move_detection": st.sampled_from(MoveDetection),
            "requested_lifetime": st.sampled_from([1, 30, 1800]),
        },
        optional={"association": st.just(NONCES)},
    ),
)
def test_the_short_way_is_the_same_as_the_long_one(story: list[Action], fields: dict[str, Any]) -> None:
    def begun(scene: Scene) -> None:
        scene.handle(Started())

    story = [begun, *story]
    assert play(MobileNode, story, fields) == play(Thorough, story, fields)


def test_the_short_way_is_taken(monkeypatch: Any) -> None:
    scene = Scene()
    scene.register()
    scene.wait(1.1)  # the probe of its path stays unanswered
    monkeypatch.setattr(MobileNode, "_take_in", None)
    for number in range(11, 20):
        scene.now += 1.0
        before = scene.node.next_deadline()
        assert scene.hear(FOREIGN_1, sequence_number=number) == []
        assert scene.node.heard_no_news
        after = scene.node.next_deadline()
        assert before is not None
        assert after is not None
        assert after >= before
    assert scene.node.snapshot().counters["advertisements_heard"] == 10
    deadline = scene.node.next_deadline()
    assert deadline is not None
    assert deadline.at == scene.now + FOREIGN_1.lifetime
