"""A scenario: TOML in, values out, validated whole: every error with its key, all of them at once."""

import difflib
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from mobileip.security.association import ReplayStyle
from mobileip.sim.trace import TraceError, read_trace
from mobileip.sim.wires import Wire

SHIPPED = Path(__file__).parent / "scenarios"

Part = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=1e7)]
Rate = Annotated[float, Meta(ge=0, le=10_000)]
Lifetime = Annotated[int, Meta(ge=1, le=65534)]
LinkName = Annotated[str, Meta(pattern="^[a-z][a-z0-9]{0,14}$")]

MOST_NODES = 200_000
MOST_AGENTS = 16_000


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Home(_Table, frozen=True, kw_only=True):
    """Home agents; mobile nodes belong to them in turn."""

    agents: Annotated[int, Meta(ge=1, le=16)] = 1
    link: bool = True
    """A real home link, where nodes can be at home; else a virtual network."""
    maximum_lifetime: Lifetime = 1800
    handover_grace: Annotated[float, Meta(ge=0, le=60)] = 2.0
    """How long the reverse tunnel of a care-of address that was left is still heard, s."""


class Foreign(_Table, frozen=True, kw_only=True):
    """Networks with a foreign agent."""

    agents: Annotated[int, Meta(ge=0, le=MOST_AGENTS)] = 2
    nodes_per_agent: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """If not 0: as many agents as that asks for, instead of `agents`."""
    interval: Annotated[float, Meta(ge=0.05, le=1800)] = 1.0
    """Between advertisements, s."""
    lifetime: Annotated[int, Meta(ge=1, le=9000)] = 3
    """Of an advertisement, s."""
    registration_lifetime: Lifetime = 1800
    maximum_visitors: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    keys: bool = False
    """Whether foreign agents and home agents share associations."""
    early_delivery: bool = True
    """Whether what is tunnelled for a node is delivered before the Reply is here."""


class Plain(_Table, frozen=True, kw_only=True):
    """Networks without an agent: a co-located care-of address comes by DHCP."""

    networks: Annotated[int, Meta(ge=0, le=32)] = 0
    address_after: Seconds = 0.5


class Mobile(_Table, frozen=True, kw_only=True):
    nodes: Annotated[int, Meta(ge=1, le=MOST_NODES)] = 1
    lifetime: Lifetime = 300
    """Asked for."""
    replay: ReplayStyle = ReplayStyle.TIMESTAMPS
    start: Seconds = 1.0
    """Nodes are plugged in one by one over so many seconds."""
    links: Annotated[tuple[LinkName, ...], Meta(min_length=1, max_length=8)] = ("eth0",)
    """Interfaces of each node, best first."""
    reverse_tunnel: bool = False
    """Whether what they send goes through the tunnel too, which agents offer then; else it goes straight."""


class Model(StrEnum):
    RANDOM = "random"
    """Each node leaves its network every so often, for any other."""
    ROUND = "round"
    """Each node goes from one network to the next, in their order."""
    NEIGHBOUR = "neighbour"
    """Each node goes to the network before or behind its own, as along a street."""
    SCRIPT = "script"
    """Only what [[moves.step]] says."""


class Step(_Table, frozen=True, kw_only=True):
    at: Seconds
    node: Annotated[int, Meta(ge=0)] = 0
    link: str = ""
    """One of mobile.links; the first of them where nothing is said."""
    to: str
    """home, foreign1, plain1, ...; nowhere unplugs; silence: it looks plugged in, and nothing passes any more."""
    silent: bool = False
    """Without a carrier event."""
    announced: Seconds = 0.0
    """So long before, a link manager says that the link will go down; 0: nobody does."""


class Moves(_Table, frozen=True, kw_only=True):
    model: Model = Model.RANDOM
    every: Annotated[float, Meta(gt=0, le=1e6)] = 60.0
    """Mean time that a node stays, s."""
    silent: Part = 0.0
    """Part of the moves without a carrier event; never into or out of a network without an agent."""
    gap: Seconds = 0.1
    """How long the cable is out."""
    home: bool = True
    """Whether nodes go home too, where there is a home link."""
    trace: str = ""
    """A CSV file beside the scenario's with more steps, see `trace.py`."""
    step: tuple[Step, ...] = ()


class Clocks(_Table, frozen=True, kw_only=True):
    drift: Annotated[float, Meta(ge=0, le=10_000)] = 20.0
    """Largest, parts per million either way. Without any, what happens a whole second later has the same fraction of a
    second in its Identification, as on no real machine."""
    ahead: Seconds = 0.0
    """Largest difference at the start, either way."""
    jump_every: Seconds = 0.0
    """Mean time between jumps of any clock; 0: none."""
    jump: Seconds = 30.0
    """Largest, either way."""


class Outage(_Table, frozen=True, kw_only=True):
    """Nothing passes between a network and the core, though its agent is heard as before."""

    network: str
    at: Seconds
    seconds: Annotated[float, Meta(gt=0, le=1e7)]


class Faults(_Table, frozen=True, kw_only=True):
    """Mean times between faults of any machine of a kind, s; 0: never."""

    reboot_home_every: Seconds = 0.0
    reboot_foreign_every: Seconds = 0.0
    reboot_mobile_every: Seconds = 0.0
    suspend_every: Seconds = 0.0
    """Of mobile nodes."""
    down: Seconds = 5.0
    """How long a machine is off at most."""
    outage: tuple[Outage, ...] = ()


class Streams(_Table, frozen=True, kw_only=True):
    streams: Annotated[int, Meta(ge=0, le=10_000)] = 0
    """To the first so many nodes."""
    both_ways: bool = False
    """Each of these nodes sends such a stream too."""
    every: Annotated[float, Meta(ge=0.001, le=3600)] = 0.02
    octets: Annotated[int, Meta(ge=40, le=9000)] = 200
    """Of the whole packet."""


class Attack(_Table, frozen=True, kw_only=True):
    """Messages per second, from a station on a foreign network each time another."""

    replay: Rate = 0.0
    forge: Rate = 0.0
    reflect: Rate = 0.0
    deny: Rate = 0.0
    advertise: Rate = 0.0
    flood: Rate = 0.0

    @property
    def any(self) -> bool:
        return any(msgspec.structs.astuple(self))


class Scenario(_Table, frozen=True, kw_only=True):
    title: str = ""
    seed: int = 1
    duration: Annotated[float, Meta(gt=0, le=1e7)] = 60.0
    """With moves, faults and attacks."""
    warm_up: Seconds = 0.0
    """Figures are counted from here: without the crowd of first registrations."""
    calm: Seconds = 0.0
    """After that without: at its end everybody must have converged. 0: two lifetimes."""
    home: Home = Home()
    foreign: Foreign = Foreign()
    plain: Plain = Plain()
    mobile: Mobile = Mobile()
    moves: Moves = Moves()
    access: Wire = Wire()
    """Links on which mobile nodes are."""
    core: Wire = Wire(delay=0.01)
    clocks: Clocks = Clocks()
    faults: Faults = Faults()
    traffic: Streams = Streams()
    attack: Attack = Attack()

    @property
    def foreign_agents(self) -> int:
        per_agent = self.foreign.nodes_per_agent
        return ceil(self.mobile.nodes / per_agent) if per_agent else self.foreign.agents

    @property
    def calm_time(self) -> float:
        return self.calm or 2.0 * self.mobile.lifetime


class _WireLimits(_Table, frozen=True, kw_only=True):
    """What a file may say of a wire."""

    delay: Annotated[float, Meta(ge=0.00001, le=10)]
    jitter: Annotated[float, Meta(ge=0, le=10)]
    loss: Part
    duplicate: Part
    reorder: Part
    mtu: Annotated[int, Meta(ge=88, le=65535)]


class ScenarioError(Exception):
    """All that is wrong with a scenario, one line each, as `key: what is wrong`."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def load(name: str) -> Scenario:
    """A shipped scenario by its name, or a file.

    Raises: `ScenarioError`.
    """
    path = SHIPPED / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
    try:
        return parse(tomllib.loads(path.read_text()), path.parent)
    except OSError as error:
        known = ", ".join(sorted(shipped()))
        raise ScenarioError([f"{name}: {error.strerror} (scenarios that come with it: {known})"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError([f"{path}: not TOML: {error}"]) from error


def shipped() -> dict[str, str]:
    """The scenarios that come with the program, by name, with their text."""
    return {path.stem: path.read_text() for path in sorted(SHIPPED.glob("*.toml"))}


def parse(document: Mapping[str, object], folder: Path = Path()) -> Scenario:
    """Validates a whole document; the trace that it may name is in `folder`.

    Raises: `ScenarioError`.
    """
    errors: list[str] = []
    scenario = _read(_with_trace(document, folder, errors), Scenario, "", errors)
    if errors:
        raise ScenarioError(errors)
    check(scenario)
    return scenario


def check(scenario: Scenario) -> None:
    """Whether the parts of a scenario fit together.

    Raises: `ScenarioError`.
    """
    errors = [*_out_of_bounds(scenario), *_contradictions(scenario)]
    if errors:
        raise ScenarioError(errors)


def _out_of_bounds(scenario: Scenario) -> list[str]:
    """What the command line changed is held to the same limits as a file."""
    errors = []
    if not 1 <= scenario.mobile.nodes <= MOST_NODES:
        errors.append(f"mobile.nodes: {scenario.mobile.nodes} is not from 1 to {MOST_NODES}")
    if not 0 < scenario.duration <= 1e7:
        errors.append(f"duration: {scenario.duration:g} s is not above 0 and at most 1e7")
    return errors


def _with_trace(document: Mapping[str, object], folder: Path, errors: list[str]) -> Mapping[str, object]:
    """The steps of the trace behind those of the document."""
    moves = document.get("moves")
    name = moves.get("trace") if isinstance(moves, dict) else None
    if not isinstance(moves, dict) or not name or not isinstance(name, str):
        return document
    try:
        steps = read_trace((folder / name).read_text())
    except OSError as error:
        errors.append(f"moves.trace: {name}: {error.strerror}")
    except (TraceError, UnicodeDecodeError) as error:
        errors.append(f"moves.trace: {name}: {error}")
    else:
        return {**document, "moves": {**moves, "step": [*moves.get("step", ()), *steps]}}
    return document


T = TypeVar("T", bound=msgspec.Struct)


def _read(table: Mapping[str, object], kind: type[T], path: str, errors: list[str]) -> T:
    """One table; what is wrong is noted and left at its default."""
    values: dict[str, object] = {}
    limits = {f.name: f.type for f in msgspec.structs.fields(_WireLimits)} if kind is Wire else {}
    fields = {field.name: limits.get(field.name, field.type) for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        if key not in fields:
            close = difflib.get_close_matches(key, fields, 1)
            errors.append(f"{path}{key}: unknown key" + (f" (did you mean {close[0]}?)" if close else ""))
        elif isinstance(fields[key], type) and issubclass(fields[key], msgspec.Struct):
            if isinstance(value, dict):
                values[key] = _read(value, fields[key], f"{path}{key}.", errors)
            else:
                errors.append(f"{path}{key}: expected a table [{path}{key}]")
        else:
            try:
                values[key] = msgspec.convert(value, fields[key])
            except msgspec.ValidationError as error:
                errors.append(f"{path}{key}: {value!r} is wrong: {error}")
    missing = [name for name in kind.__struct_fields__ if name not in values and _is_required(kind, name)]
    errors += [f"{path}{name}: is missing" for name in missing]
    return kind(**values) if not missing else kind(**values, **dict.fromkeys(missing))


def _is_required(kind: type[msgspec.Struct], name: str) -> bool:
    return next(f.required for f in msgspec.structs.fields(kind) if f.name == name)


def _contradictions(scenario: Scenario) -> list[str]:
    errors = []
    foreign = scenario.foreign
    if scenario.warm_up >= scenario.duration:
        errors.append(f"warm_up: {scenario.warm_up:g} s is not below duration, {scenario.duration:g} s")
    if foreign.interval > foreign.lifetime / 3:
        # RFC 5944 §2.1: "SHOULD be no longer than 1/3 of the advertisement Lifetime".
        errors.append(f"foreign.interval: {foreign.interval} s is longer than a third of foreign.lifetime")
    if scenario.foreign_agents > MOST_AGENTS:
        errors.append(f"foreign.nodes_per_agent: {scenario.foreign_agents} agents, at most {MOST_AGENTS} are possible")
    errors += _lost(scenario)
    if scenario.traffic.streams > scenario.mobile.nodes:
        errors.append(f"traffic.streams: more than there are nodes ({scenario.mobile.nodes})")
    if scenario.attack.any and not scenario.foreign_agents:
        errors.append("attack: attackers sit on foreign networks, and there are none")
    return errors


def _lost(scenario: Scenario) -> list[str]:
    """What names a network, a node or a link that there is not."""
    known = networks(scenario)
    errors = []
    if not known:
        errors.append("foreign.agents: no network at all: nodes need a foreign agent, a plain network or a home link")
    for number, step in enumerate(scenario.moves.step):
        if step.to not in (*known, NOWHERE, SILENCE):
            errors.append(f"moves.step[{number}].to: no network {step.to!r} (there are {', '.join(known)})")
        if step.link and step.link not in scenario.mobile.links:
            links = ", ".join(scenario.mobile.links)
            errors.append(f"moves.step[{number}].link: nodes have no {step.link!r} (they have {links})")
        if step.node >= scenario.mobile.nodes:
            errors.append(f"moves.step[{number}].node: there are only {scenario.mobile.nodes} nodes, counted from 0")
    for number, outage in enumerate(scenario.faults.outage):
        if outage.network not in known:
            errors.append(f"faults.outage[{number}].network: no network {outage.network!r}")
    if len(set(scenario.mobile.links)) < len(scenario.mobile.links):
        errors.append("mobile.links: two of them have one name")
    return errors


NOWHERE, SILENCE = "nowhere", "silence"


def networks(scenario: Scenario) -> list[str]:
    """The names of all networks on which nodes can be; each home agent has a home link of its own."""
    homes = ["home" if n == 0 else f"home{n + 1}" for n in range(scenario.home.agents)] if scenario.home.link else []
    foreign = [f"foreign{n + 1}" for n in range(scenario.foreign_agents)]
    return [*homes, *foreign, *(f"plain{n + 1}" for n in range(scenario.plain.networks))]
