import pytest

from mobileip.sim.trace import TraceError, read_trace

TRACE = """\
# synthetic
at,node,link,to,silent,announced

12.5,1,radio1,foreign2,true,
25,,radio2,nowhere,,1.5
"""


def test_each_line_is_a_step() -> None:
    assert read_trace(TRACE) == [
        {"at": 12.5, "node": 1, "link": "radio1", "to": "foreign2", "silent": True},
        {"at": 25.0, "link": "radio2", "to": "nowhere", "announced": 1.5},
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("# nothing\n", "there is no line with the names of columns"),
        ("at,when\n", "line 1: no column 'when' is known"),
        ("#\nat,to\n1,home,2\n", "line 3: 3 cells, expected are 2"),
        ("at,to\n1,home\nlate,home\n", "line 3: at: 'late' is wrong"),
        ("at,silent\n1,perhaps\n", "line 2: silent: 'perhaps' is wrong"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, error: str) -> None:
    with pytest.raises(TraceError) as raised:
        read_trace(text)
    assert str(raised.value).startswith(error)
