"""`mip lab demo`: builds the lab, roams, measures, judges, cleans up."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from mobileip.lab import state
from mobileip.lab.demo import drawing, measure, sequence, table
from mobileip.lab.demo.phases import PHASES, Download, Phase, Result, Step
from mobileip.lab.demo.traffic import Traffic
from mobileip.lab.errors import LabError
from mobileip.lab.feed import Event
from mobileip.lab.laboratory import Lab
from mobileip.lab.moves import Move

_REGISTERED_SECONDS = 15.0
_ANSWER_SECONDS = 5.0
_STAY_SECONDS = 4.0
"""At least so long the node stays in each network."""
_SETTLE_SECONDS = 2.0
"""Before the first move: the node sends at most one request a second, and has just registered at home."""
_LONGEST_SILENCE_SECONDS = 1.0
"""Once registered, the node answers echoes (ten a second) without a longer break."""
_IN_FLIGHT_SECONDS = 0.25
"""A packet sent so shortly before a move may be lost by it; sent so shortly before a look, it may be under way."""
_SNAP_OCTETS = 192


class Demo:
    """One run. `say` prints a line."""

    def __init__(self, lab: Lab, say: Callable[[str], None]) -> None:
        self._lab = lab
        self._say = say
        role = lab.topology.nodes["mn"].roles["mobile_node"]
        self.home_address = str(role["home_address"])
        self._home_agent = str(role["home_agent"])
        self._complaints: list[str] = []
        self._changes: list[sequence.Change] = []

    def run(self, build: Path) -> Result:
        """Everything between the lab's up and down. Raises LabError when the node does not even start at home."""
        lab = self._lab
        engine = str(lab.daemon("mn").ask("status")["engine"]["name"])
        lab.events("mn").wait_for("registered", care_of="home", timeout=_REGISTERED_SECONDS)
        self._say(f"mn is registered at home, home address {self.home_address}, engine {engine}\n")
        capture = lab.capture(("mn", "eth0"), ("ha", "eth0"), snap_octets=_SNAP_OCTETS)
        traffic = Traffic(lab, home_address=self.home_address, correspondent=_address(lab, "cn"), python=sys.executable)
        self._wait_answer(traffic, 0.0, "at home, before the first move")
        time.sleep(_SETTLE_SECONDS)
        self._say(table.heading())
        moves, phases = [], []
        for step in PHASES:
            if not traffic.is_downloading():
                self._complaints.append(f"the download ended before the move to {step.network}")
            move = lab.move("mn", step.network, silent=step.silent)
            moves.append(move)
            phases.append(self._phase(step, move, traffic))
            self._say(table.row(phases[-1]))
        download = traffic.finish()
        self._judge_download(download, traffic)
        capture.close()
        self._say("\n" + self._summary(traffic, moves[0].started, download))
        result = Result(
            engine=engine, phases=tuple(phases), download=download, verdict="fail" if self._complaints else "pass"
        )
        build.mkdir(parents=True, exist_ok=True)
        (build / "demo.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
        (build / "demo.svg").write_text(drawing.draw(result))
        flows = (traffic.to_mobile_node(), traffic.from_mobile_node())
        (build / "demo-sequence.svg").write_text(sequence.draw(self._changes, *flows))
        capture.save(build / "demo.pcap")
        return result

    def _phase(self, step: Step, move: Move, traffic: Traffic) -> Phase:
        feed = self._lab.events("mn")
        try:
            registered: Event | None = feed.wait_for(
                "registered",
                after=move.started,
                timeout=_REGISTERED_SECONDS,
                where=lambda event: self._fits(step, event),
            )
        except LabError as error:
            registered = None
            self._complaints.append(f"{step.network}: {error}")
        if registered is not None:
            self._wait_answer(traffic, registered["boot_seconds"], f"in {step.network}")
        time.sleep(max(0.0, move.started + _STAY_SECONDS - _boot()))
        heard = next((event for event in feed.events(move.started) if self._is_agent_of(step, event)), None)
        flows = (traffic.to_mobile_node(), traffic.from_mobile_node())
        end = _boot() - _IN_FLIGHT_SECONDS
        if registered and traffic.echoes().silence(registered["boot_seconds"], end) > _LONGEST_SILENCE_SECONDS:
            self._complaints.append(f"mn did not answer at its home address throughout {step.network}")
        begin = move.started - _IN_FLIGHT_SECONDS
        self._changes.append(
            sequence.Change(
                label=f"{step.origin} → {step.network}",
                started=move.started,
                link_up=move.link_up,
                registered=registered["boot_seconds"] if registered else None,
            )
        )
        view = self._lab.daemon("mn").ask("registration")
        if step.network == "behind" and _tunnel(view) != "udp":
            self._complaints.append("behind the NAT the tunnel is not in UDP")
        return Phase(
            origin=step.origin,
            network=step.network,
            care_of=step.care_of,
            link_up_ms=round((move.link_up - move.started) * 1e3, 1),
            agent_heard_ms=measure.milliseconds(heard["boot_seconds"] if heard else None, move.started),
            reply_ms=measure.milliseconds(registered["boot_seconds"] if registered else None, move.started),
            first_packet_ms=measure.milliseconds(flows[0].first_arrival(move.started), move.started),
            lost=max(flow.lost(begin, end) for flow in flows),
            silence_ms=round(max(flow.silence(begin, end) for flow in flows) * 1e3, 1),
            tunnel=_tunnel(view),
            reverse_tunnel=bool(view["reverse_tunnel"]),
        )

    def _fits(self, step: Step, event: Event) -> bool:
        """Is this the registration of that network, not a renewal of the one before?"""
        if event["care_of"] != step.care_of:
            return False
        agent = self._agent_of(step.network)
        return agent is None or step.care_of != "foreign_agent" or event["care_of_address"] == agent

    def _is_agent_of(self, step: Step, event: Event) -> bool:
        if event["event"] != "agent_heard" or step.care_of == "colocated":
            return False
        if step.care_of == "home":
            return bool(event["agent"] == self._home_agent)
        return self._agent_of(step.network) in event["care_of_addresses"]

    def _agent_of(self, network: str) -> str | None:
        """The care-of address that a network's foreign agent offers."""
        for node in self._lab.topology.nodes.values():
            role = node.roles.get("foreign_agent")
            if role and any(end.network == network for end in node.interfaces.values()):
                return str(role["care_of_address"])
        return None

    def _wait_answer(self, traffic: Traffic, after: float, where: str) -> None:
        """Until an echo asked after `after` was answered, and the stream runs both ways."""
        give_up = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < give_up:
            flows = (traffic.echoes(), traffic.to_mobile_node(), traffic.from_mobile_node())
            if all(flow.first_arrival(after) is not None for flow in flows):
                return
            time.sleep(0.05)
        self._complaints.append(f"mn did not answer at its home address {where}")

    def _judge_download(self, download: Download, traffic: Traffic) -> None:
        if not download.complete:
            self._complaints.append(f"the download stopped at {download.octets} octets")
        if not download.checksum_equal:
            self._complaints.append("the checksums differ")
        clients = traffic.server_clients() | traffic.from_mobile_node().sources | traffic.echoes().sources
        if clients != {self.home_address}:
            self._complaints.append(f"the correspondent saw {sorted(clients)} instead of the home address")

    def _summary(self, traffic: Traffic, begin: float, download: Download) -> str:
        end = _boot() - _IN_FLIGHT_SECONDS
        flows = (traffic.to_mobile_node(), traffic.from_mobile_node())
        sent = sum(len(flow.sent) for flow in flows)
        lost = sum(flow.lost(begin - _IN_FLIGHT_SECONDS, end) for flow in flows)
        whole = "complete" if download.complete else "NOT COMPLETE"
        equal = "equal" if download.checksum_equal else "DIFFERENT"
        lines = [
            f"download: {whole}, checksum {equal}",
            f"  {download.octets} octets by plain curl; the server saw {', '.join(sorted(traffic.server_clients()))}",
            f"stream: {sent} packets both ways, {lost} lost",
        ]
        if (report := self._lab.wires()) is not None:
            lanes = [lane for pair in report.wires.values() for lane in pair]
            worst = max(lane.worst_added_ms for lane in lanes)
            lines.append(
                f"wires: at worst {worst:.1f} ms late, {sum(lane.overflowed for lane in lanes)} frames dropped"
            )
        return "\n".join([*lines, *(f"wrong: {complaint}" for complaint in self._complaints)])


def _tunnel(view: dict[str, Any]) -> str | None:
    return "udp" if view["nat_traversal"] == "agreed" else view["encapsulation"]


def _address(lab: Lab, node: str) -> str:
    return str(next(end.address.ip for end in lab.topology.nodes[node].interfaces.values() if end.address))


def _boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(*, build: Path, name: str, rp_filter: int, as_json: bool) -> int:
    """Returns 0 only when everything held. Whatever happens, nothing of the lab stays."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    started = time.monotonic()

    def say(line: str) -> None:
        print(line, file=sys.stderr if as_json else sys.stdout, flush=True)

    lab = Lab("roaming", name=name, rp_filter=rp_filter)
    with state.locked(f"{name}-run", wait=False):
        lab.down()  # what a demo that was killed left
        say("mip lab demo: a mobile node roams; nothing but its cable is touched")
        try:
            lab.up()
            say(f"the lab is up: {len(lab.topology.nodes)} nodes, {time.monotonic() - started:.1f} s")
            result = Demo(lab, say).run(build)
        finally:
            lab.down()
    files = f"{build}/demo.json, demo.pcap, demo.svg, demo-sequence.svg"
    say(f"verdict: {result.verdict} ({time.monotonic() - started:.0f} s; {files})")
    if as_json:
        print(msgspec.json.encode(result).decode())
    return 0 if result.verdict == "pass" else 1
