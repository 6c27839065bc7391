"""What a part's handovers cost, in figures: pure, from what both ends saw."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec
from bench.handover.combinations import Part
from bench.handover.drops import Counters
from bench.handover.evaluate import Cost, Stream, Way, Window, costs, percentile, united, windows
from bench.handover.quality import call
from bench.handover.verdict import broken

LOSSES_TOLD = 20


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """Times in ns of CLOCK_MONOTONIC."""

    name: str
    """From where to where: `fa-colocated`."""
    left: int
    """The old link was unplugged, or the command was given."""
    began: int
    """Link-up, or the command was given."""
    done: int
    """The mobile node's daemon said so."""


class Lab(msgspec.Struct, frozen=True, kw_only=True):
    """What the laboratory says of itself and of all handovers of a part."""

    worst_added_ms: float
    """How late its wires were at worst."""
    late: Sequence[tuple[int, int]]
    """From when to when (ns) they were."""
    sender_late_ms: float
    """How late a stream's packet left at worst."""
    idle_percent: float
    """Of the processors."""
    drops: Counters
    """Those of the laboratory itself."""
    ours: Counters
    """All others: of daemons and kernels."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One stream, both ways, in the handovers from one place to another."""

    name: str
    engine: str
    runs: int
    lost: int
    lost_up: int
    lost_down: int
    handovers_with_loss: int
    lost_by_bench: int
    """Packets that the bench's own sockets refused or had no room for; not among `lost`."""
    lost_at_ms: dict[Way, list[float]]
    """When the packets lost had left, after the change began (before it: less than 0); the first ones."""
    duplicates: int
    duplicates_outside: int
    latest_duplicate_ms: float
    reordered: int
    reordered_ms_max: float
    """How long after a packet with a greater number, at worst."""
    silence_ms_median: float
    silence_ms_max: float
    first_packet_ms_median: float
    """From link-up to the first packet that left after it and came, at the mobile node; the later one of both ways."""
    first_packet_ms_p99: float
    first_up_ms_median: float
    first_down_ms_median: float
    never_came: int
    """Handovers after which no packet came, one way or the other; each counts as its whole window above."""
    delay_ms: float
    path_difference_ms: float
    """Between the delays of the way that was left and of the new one, at worst."""
    mos: float
    wire_worst_added_ms: float
    sender_late_ms: float
    idle_percent: float
    """Of the processors, meanwhile: where it is near 0, times are those of a machine that could not follow."""
    lab_drops: Counters
    """Of the whole part (both directions, all streams): the laboratory's own, which are no one else's fault."""
    drops: Counters
    """Of the whole part: what daemons and kernels dropped, by place and name."""
    broken: list[str] = []
    """What had to hold, and did not."""


def results(
    part: Part,
    names: tuple[str, ...],
    handovers: Sequence[Handover],
    finished: int,
    *,
    streams: Sequence[Stream],
    lab: Lab,
) -> Iterator[Result]:
    """For each of `names` and each rate; `streams`: up and down of a rate after one another."""
    changes = [(one.left, one.began, one.done) for one in handovers]
    spans = windows(changes, finished, lead(part.delay_ms))
    by_stream = [costs(one, spans, united(lab.late)) for one in streams]
    for name in names:
        mine = [index for index, handover in enumerate(handovers) if handover.name == name]
        for up, down in zip(range(0, len(streams), 2), range(1, len(streams), 2), strict=True):
            rate = round(1e9 / streams[up].interval)
            chosen = {
                Way.UP: [by_stream[up][index] for index in mine],
                Way.DOWN: [by_stream[down][index] for index in mine],
            }
            title = f"{part.kind}.{name}.{part.delay_ms}ms.{rate}pps"
            made = _result(title, part.engine, chosen, [spans[index] for index in mine], lab)
            yield msgspec.structs.replace(made, broken=broken(part.kind, rate, part.delay_ms, made))


def lead(delay_ms: float) -> int:
    """ns before a change from which on packets are its own: longer than one is on its way, over the wire twice."""
    return int((100 + 4 * delay_ms) * 1e6)


def _result(name: str, engine: str, by_way: dict[Way, list[Cost]], spans: Sequence[Window], lab: Lab) -> Result:
    both = list(chain(*by_way.values()))
    lost = {way: sum(each.lost for each in by_way[way]) for way in Way}
    firsts = {
        way: [
            each.first_ms if each.first_ms is not None else (span.end - span.began) / 1e6
            for each, span in zip(by_way[way], spans, strict=True)
        ]
        for way in Way
    }
    later = [max(pair) for pair in zip(*firsts.values(), strict=True)]
    silences = [each.silence_ms for each in both]
    delay = percentile([each.delay_ms for each in both], 0.5)
    return Result(
        name=name,
        engine=engine,
        runs=len(spans),
        lost=sum(lost.values()),
        lost_up=lost[Way.UP],
        lost_down=lost[Way.DOWN],
        handovers_with_loss=sum(any(each.lost for each in pair) for pair in zip(*by_way.values(), strict=True)),
        lost_by_bench=sum(each.lost_by_bench for each in both),
        lost_at_ms={way: [ms for each in by_way[way] for ms in each.missing_ms][:LOSSES_TOLD] for way in Way},
        duplicates=sum(each.duplicates for each in both),
        duplicates_outside=sum(each.duplicates_outside for each in both),
        latest_duplicate_ms=max(each.latest_duplicate_ms for each in both),
        reordered=sum(each.reordered for each in both),
        reordered_ms_max=max(each.reordered_ms for each in both),
        silence_ms_median=round(percentile(silences, 0.5), 1),
        silence_ms_max=round(max(silences), 1),
        first_packet_ms_median=round(percentile(later, 0.5), 1),
        first_packet_ms_p99=round(percentile(later, 0.99), 1),
        first_up_ms_median=round(percentile(firsts[Way.UP], 0.5), 1),
        first_down_ms_median=round(percentile(firsts[Way.DOWN], 0.5), 1),
        never_came=sum(each.first_ms is None for each in both),
        delay_ms=round(delay, 1),
        path_difference_ms=round(max(abs(each.delay_before_ms - each.delay_after_ms) for each in both), 1),
        mos=round(call(delay, sum(lost.values()), sum(each.sent for each in both)), 2),
        wire_worst_added_ms=round(lab.worst_added_ms, 1),
        sender_late_ms=round(lab.sender_late_ms, 1),
        idle_percent=lab.idle_percent,
        lab_drops=lab.drops,
        drops=lab.ours,
    )
