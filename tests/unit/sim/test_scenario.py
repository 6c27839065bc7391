from pathlib import Path

import pytest

from mobileip.sim.scenario import Model, Scenario, ScenarioError, check, load, networks, parse, shipped
from mobileip.sim.wires import Wire


def errors(document: dict[str, object]) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        parse(document)
    return raised.value.errors


def test_nothing_said_is_a_scenario() -> None:
    assert parse({}) == Scenario()


def test_what_is_said_is_read() -> None:
    read = parse(
        {
            "title": "t",
            "seed": 7,
            "duration": 30,
            "mobile": {"nodes": 3, "replay": "nonces"},
            "moves": {"model": "script", "step": [{"at": 1, "to": "foreign1"}]},
            "access": {"loss": 0.5},
        }
    )
    assert (read.title, read.seed, read.duration) == ("t", 7, 30.0)
    assert (read.mobile.nodes, read.mobile.replay) == (3, "nonces")
    assert read.moves.model is Model.SCRIPT
    assert read.moves.step[0].to == "foreign1"
    assert read.access == Wire(loss=0.5)


def test_every_error_is_told_with_its_key() -> None:
    found = errors(
        {
            "duration": -1.0,
            "mobile": {"nodes": 0, "lifetme": 3},
            "access": {"loss": 2.0, "mtu": 10},
            "moves": 5,
            "core": {"delay": "long"},
            "nonsense": 1,
        }
    )
    assert [line.split(":")[0] for line in found] == [
        "duration",
        "mobile.nodes",
        "mobile.lifetme",
        "access.loss",
        "access.mtu",
        "moves",
        "core.delay",
        "nonsense",
    ]
    assert "mobile.lifetme: unknown key (did you mean lifetime?)" in found
    assert "moves: expected a table [moves]" in found


def test_a_step_needs_a_time_and_a_place() -> None:
    assert "Object missing required field `to`" in errors({"moves": {"step": [{"at": 1.0}]}})[0]


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"warm_up": 60.0, "duration": 60.0}, "warm_up"),
        ({"foreign": {"interval": 2.0, "lifetime": 3}}, "foreign.interval"),
        ({"foreign": {"agents": 0}, "home": {"link": False}}, "foreign.agents"),
        ({"foreign": {"nodes_per_agent": 1}, "mobile": {"nodes": 20_000}}, "foreign.nodes_per_agent"),
        ({"moves": {"step": [{"at": 1.0, "to": "foreign9"}]}}, "moves.step[0].to"),
        ({"moves": {"step": [{"at": 1.0, "to": "home", "node": 1}]}}, "moves.step[0].node"),
        ({"traffic": {"streams": 2}}, "traffic.streams"),
        ({"foreign": {"agents": 0}, "attack": {"flood": 1.0}}, "attack"),
    ],
)
def test_parts_that_do_not_fit_together(document: dict[str, object], key: str) -> None:
    assert [line.split(":")[0] for line in errors(document)] == [key]


def test_what_is_changed_later_is_held_to_the_limits_too() -> None:
    with pytest.raises(ScenarioError, match="duration"):
        check(Scenario(duration=-5.0))


def test_networks_have_names() -> None:
    read = parse({"home": {"agents": 2}, "plain": {"networks": 1}})
    assert networks(read) == ["home", "home2", "foreign1", "foreign2", "plain1"]


def test_as_many_agents_as_the_nodes_need() -> None:
    assert parse({"mobile": {"nodes": 101}, "foreign": {"nodes_per_agent": 50}}).foreign_agents == 3


def test_the_calm_time_is_two_lifetimes_where_nothing_is_said() -> None:
    assert parse({"mobile": {"lifetime": 90}}).calm_time == 180.0
    assert parse({"calm": 5}).calm_time == 5.0


def test_a_file_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text("seed = 5\n[mobile]\nnodes = 2\n")
    assert load(str(file)).mobile.nodes == 2


@pytest.mark.parametrize("content", [None, "seed = ", "seed = 1\n\xff"])
def test_a_file_that_is_none(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "my.toml"
    if content is not None:
        file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"my\.toml"):
        load(str(file))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_what_ships_is_valid_and_says_what_it_is(name: str) -> None:
    assert load(name).title
    assert shipped()[name].startswith(f"# {name}: ")


class TestTraces:
    SCENARIO = (
        'mobile.links = ["radio1"]\nmoves = { model = "script", trace = "there.csv", step = [{at = 1, to = "home"}] }\n'
    )

    def read(self, folder: Path, trace: str | bytes | None) -> Scenario:
        (folder / "train.toml").write_text(self.SCENARIO)
        if trace is not None:
            (folder / "there.csv").write_bytes(trace if isinstance(trace, bytes) else trace.encode())
        return load(str(folder / "train.toml"))

    def test_are_steps_behind_those_of_the_file(self, tmp_path: Path) -> None:
        read = self.read(tmp_path, "at,link,to,announced\n2.5,radio1,foreign1,\n9,,nowhere,1.5\n")
        assert [(step.at, step.link, step.to, step.announced) for step in read.moves.step] == [
            (1.0, "", "home", 0.0),
            (2.5, "radio1", "foreign1", 0.0),
            (9.0, "", "nowhere", 1.5),
        ]

    @pytest.mark.parametrize(
        ("trace", "error"),
        [
            (None, "moves.trace: there.csv: No such file or directory"),
            ("at,when\n", "moves.trace: there.csv: line 1: no column 'when' is known"),
            (b"at,to\n1,\xff\n", "moves.trace: there.csv: 'utf-8' codec can't decode"),
            ("at,to\n1,foreign9\n", "moves.step[1].to: no network 'foreign9'"),
            ("at,link,to\n1,radio7,home\n", "moves.step[1].link: nodes have no 'radio7' (they have radio1)"),
            ("at,to\n-1,home\n", "moves.step: "),
        ],
    )
    def test_are_validated_like_the_rest(self, tmp_path: Path, trace: str | bytes | None, error: str) -> None:
        with pytest.raises(ScenarioError) as raised:
            self.read(tmp_path, trace)
        assert raised.value.errors[0].startswith(error)


def test_links_have_names_of_their_own_and_outages_befall_what_there_is() -> None:
    found = errors(
        {
            "mobile": {"links": ["a", "a"]},
            "faults": {"outage": [{"network": "foreign9", "at": 1, "seconds": 2}]},
        }
    )
    assert found == ["faults.outage[0].network: no network 'foreign9'", "mobile.links: two of them have one name"]
    assert errors({"mobile": {"links": []}})[0].startswith("mobile.links: ")
