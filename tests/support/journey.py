"""A simulated journey of one node with several links: what its links did, what it did, and which packets were lost."""

from bisect import bisect_right
from math import inf
from typing import Any, NamedTuple

import msgspec

from mobileip.agents.notices import HandedOver, Notice, PathNoticed, RegistrationSent
from mobileip.sim.host import Host
from mobileip.sim.scenario import NOWHERE, Scenario, parse
from mobileip.sim.simulation import Simulation
from mobileip.sim.traffic import Stream

INSTANT = 1e-6
"""Sums of fractions are not exact; seconds."""


class Stay(NamedTuple):
    """A link is plugged in; virtual time, s. `announced`: its end was."""

    link: str
    network: str
    begin: float
    end: float
    announced: float


class Cut(NamedTuple):
    """The link in use was lost while it was in use; `resumed`: when the node was registered by the next one."""

    at: float
    resumed: float
    stay: Stay
    record: HandedOver


class Journey(Simulation):
    """Everything is watched as ever; besides it is remembered."""

    def __init__(self, scenario: Scenario) -> None:
        self.records: list[tuple[float, HandedOver]] = []
        self.requests: list[float] = []
        self.deaths: list[tuple[float, str]] = []
        """When which link's path was found dead."""
        super().__init__(scenario)

    def noticed(self, host: Host, notice: Notice) -> None:
        super().noticed(host, notice)
        if host.role != "mobile":
            return
        now = self.world.schedule.now
        match notice:
            case HandedOver():
                self.records.append((now, notice))
            case RegistrationSent():
                self.requests.append(now)
            case PathNoticed(state="dead", interface=interface):
                self.deaths.append((now, interface))
            case _:
                pass

    def run_for(self, seconds: float) -> "Journey":
        """Without a calm end."""
        self.world.start()
        for part in (self.moves, self.streams, self.faults):
            part.start()
        self.world.schedule.run(seconds)
        return self

    # -- how long things take, by the scenario's wires

    @property
    def round_trip(self) -> float:
        """From the node to its home agent and back, s."""
        return 2 * (self.scenario.access.delay + self.scenario.core.delay)

    @property
    def down_way(self) -> float:
        """From the correspondent over the home agent to the node, s."""
        return 2 * self.scenario.core.delay + self.scenario.access.delay

    def usable_from(self, stay: Stay) -> float:
        """When the node can register there at the earliest: a solicitation's answer, or an address, is there."""
        access, plain = self.scenario.access, self.scenario.plain
        return stay.begin + (2 * access.delay if stay.network.startswith("foreign") else plain.address_after)

    # -- what happened

    @property
    def down(self) -> Stream:
        (stream,) = self.streams.by_name.values()
        return stream

    @property
    def up(self) -> Stream:
        (stream,) = self.streams.upwards.values()
        return stream

    @property
    def stays(self) -> list[Stay]:
        """What the trace says, in order of their begin."""
        found, open_stays = [], {}
        for step in sorted(self.scenario.moves.step, key=lambda step: step.at):
            before = open_stays.pop(step.link, None)
            if before is not None:
                found.append(before._replace(end=step.at, announced=step.announced))
            if step.to != NOWHERE:
                open_stays[step.link] = Stay(step.link, step.to, step.at, inf, 0.0)
        return sorted([*found, *open_stays.values()], key=lambda stay: stay.begin)

    def in_use(self, at: float) -> str | None:
        """The link by which the node was registered just before that time."""
        place = bisect_right([when for when, _ in self.records], at - INSTANT)
        return self.records[place - 1][1].to_interface if place else None

    def cuts(self) -> list[Cut]:
        """Every loss of the link in use."""
        found = []
        for stay in self.stays:
            if stay.end > self.world.schedule.now or self.in_use(stay.end) != stay.link:
                continue
            resumed, record = next((at, record) for at, record in self.records if at > stay.end)
            found.append(Cut(stay.end, resumed, stay, record))
        return sorted(found)

    def covered(self, at: float) -> list[Stay]:
        """Where the node's links were at a time."""
        return [stay for stay in self.stays if stay.begin <= at < stay.end]

    def gaps(self) -> list[tuple[float, Stay]]:
        """Times without any link: when each began, and what ended it."""
        found, end = [], 0.0
        for stay in self.stays:
            if end and stay.begin > end:
                found.append((end, stay))
            end = max(end, stay.end)
        return found


def journey(scenario: Scenario, **mobile: Any) -> Journey:
    """One that is not begun; `mobile` is changed."""
    return Journey(msgspec.structs.replace(scenario, mobile=msgspec.structs.replace(scenario.mobile, **mobile)))


def two_links(networks: tuple[str, str], steps: list[dict[str, Any]], **tables: Any) -> Journey:
    """Links `wifi` (preferred) and `lte`, plugged in at 1 s and 1.5 s; fifty packets a second both ways."""
    begin = [
        {"at": at, "link": link, "to": to} for at, link, to in zip((1.0, 1.5), ("wifi", "lte"), networks, strict=True)
    ]
    document: dict[str, Any] = {
        "duration": 1000.0,
        "home": {"link": False},
        "mobile": {"links": ["wifi", "lte"], "start": 0.0},
        "plain": {"networks": 2, "address_after": 0.3},
        "core": {"delay": 0.015},
        "moves": {"model": "script", "step": [*begin, *steps]},
        "traffic": {"streams": 1, "every": 0.02, "both_ways": True},
    }
    return Journey(parse(document | tables))
