"""Holds what a node does against what a case says, step by step, and tells the first difference in words."""

from typing import Any

from tests.conformance.language import Case, CaseError, Condition, Line, equal, show
from tests.conformance.stage import Stage, notices, wishes

from mobileip.agents.outputs import AnnounceAddress, Output, SendDiscovery, SendKeepalive, SendMessage
from mobileip.wire.message import decode_message

_SEEN = (SendMessage, SendDiscovery, AnnounceAddress, SendKeepalive)
"""What others would see on a wire: it is expected whole and in order."""


def play(case: Case) -> Stage:
    """The stage as the case leaves it.

    Raises: AssertionError with the line and what came instead; CaseError for a case that makes no sense.
    """
    stage = Stage(case)
    steps = list(case.steps)
    while steps:
        line = steps.pop(0)
        if line.sign == ">":
            stage.perform(line)
            expected = []
            while steps and steps[0].sign == "<":
                expected.append(steps.pop(0))
            _expect(stage, expected)
        elif line.sign == "=":
            _check_fact(stage, line)
        else:
            raise CaseError(f"line {line.number}: an output without an event before it")
    return stage


def _expect(stage: Stage, lines: list[Line]) -> None:
    """The outputs of one event. Where no line says what is seen, it is of no interest."""
    outputs, undecoded = stage.take()
    told = notices(outputs)
    told += [{"event": "discarded", "reason": reason, "source": source} for reason, source in undecoded]
    installed, removed = wishes(outputs)
    seen = [output for output in outputs if isinstance(output, _SEEN)]
    about_seen = [line for line in lines if line.verb not in ("notice", "discard", "install", "remove", "among")]
    for line in lines:
        if line.verb in ("notice", "discard"):
            _expect_notice(line, told)
        elif line.verb == "install":
            _expect_wish(line, installed)
        elif line.verb == "remove":
            assert any(name.startswith(line.words[0]) for name in removed), f"line {line.number}: removed: {removed}"
    for line in about_seen:
        if line.verb == "nothing":
            assert not seen, f"line {line.number}: nothing was to be seen, but:\n{_shown(seen)}"
            continue
        assert seen, f"line {line.number}: no {line.verb} came; told: {told}"
        problem = stage.complaint(line, seen[0])
        assert problem is None, f"line {line.number}: {problem}\n{_shown(seen)}\ntold: {told}"
        seen = seen[1:]
    assert not about_seen or not seen, f"after line {about_seen[-1].number} more came:\n{_shown(seen)}"


def _expect_notice(line: Line, told: list[dict[str, Any]]) -> None:
    """`notice EVENT field=...`, or `discard REASON`."""
    wanted = {"event": "discarded", "reason": line.words[0]} if line.verb == "discard" else {"event": line.words[0]}
    conditions = (*(Condition(name, "=", word) for name, word in wanted.items()), *line.conditions)
    for fields in told:
        if all(each.field in fields and each.holds(fields[each.field]) for each in conditions):
            return
    raise AssertionError(f"line {line.number}: no notice {' '.join(map(str, conditions))}; told: {told}")


def _expect_wish(line: Line, installed: list[Any]) -> None:
    kind = line.words[0]
    for wish in installed:
        if type(wish).__name__ == kind and all(c.holds(getattr(wish, c.field)) for c in line.conditions):
            return
    raise AssertionError(f"line {line.number}: no {kind} of that kind was installed: {installed}")


def _check_fact(stage: Stage, line: Line) -> None:
    """`= name value` or `= name<value`; a counter that nobody counted is 0."""
    facts = stage.facts()
    for condition in line.conditions:
        value = facts.get(condition.field, 0)
        assert condition.holds(value), f"line {line.number}: {condition}, it is {show(value)}; {facts}"
    if line.words:
        value = facts.get(line.verb, 0)
        assert equal(value, line.words[0]), f"line {line.number}: {line.verb} is {show(value)}; {facts}"
    elif not line.conditions:
        raise CaseError(f"line {line.number}: a fact has a name and a value")


def _shown(outputs: list[Output]) -> str:
    lines = []
    for output in outputs:
        if isinstance(output, SendMessage):
            lines.append(f"  {decode_message(output.octets).message}\n    {output.departure}")
        else:
            lines.append(f"  {output}")
    return "\n".join(lines)
