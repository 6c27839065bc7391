"""Debian's wireguard-go and OpenVPN in the same laboratory: the server at the home agent's place, the client on the
mobile node, which has its home address inside the tunnel; both follow the client to whatever address it sends from.

They do not choose links. What a network manager would do is done here for them, at once: the default route goes to the
link that is to be used, by the command or when it has a carrier; and what waits for an ARP answer on the link without
one is given up, or it would fill the tunnel's socket for a second and more. Reverse-path filters are loose at the
mobile node, as our own daemon sets them and Debian's systemd does.
"""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.dataplane.errors import BenchError
from bench.handover.combinations import Kind, Pair, Part
from bench.handover.laboratory import (
    CORRESPONDENT,
    CORRESPONDENT_ADDRESS,
    HOME_ADDRESS,
    LINKS,
    NODE,
    PATIENCE,
    SETTLE,
    System,
    bare,
)

from mobileip.lab import netns
from mobileip.lab.laboratory import Lab
from mobileip.lab.plan import Step

SERVER, SERVER_ADDRESS = "ha", "192.0.2.2"
INSIDE = "10.9.0.1"
"""The server's end of the tunnel."""
CORRESPONDENTS = "198.51.100.0/24"
CHOSEN_METRIC = 50
"""Before those of the laboratory's default routes."""
PORT = 51820
DEVICES = {NODE: "hop-mn", SERVER: "hop-ha"}
"""Unlike one another: wireguard-go's sockets are in one folder, whatever the namespace."""


class DefaultRoute:
    """What a network manager does for a tunnel that knows no links."""

    def __init__(self, lab: Lab, pair: Pair) -> None:
        self._lab = lab
        self._gateways = dict(zip(LINKS, (str(pair.first.gateway), str(pair.second.gateway)), strict=True))

    def choose(self, link: str) -> None:
        self._do(self._route(link))

    def came_up(self, link: str) -> None:
        (other,) = set(LINKS) - {link}
        self._do(self._route(link), f"neigh flush dev {other}")

    def _route(self, link: str) -> str:
        return f"route replace default via {self._gateways[link]} dev {link} metric {CHOSEN_METRIC}"

    def _do(self, *lines: str) -> None:
        netns.ip(Step(namespace=self._lab.namespace(NODE), lines=lines))

    def done(self, link: str, since: float) -> int:
        return time.monotonic_ns()


@contextlib.contextmanager
def competitor(part: Part, pair: Pair) -> Iterator[tuple[Lab, System]]:
    """With its tunnel up over the first link."""
    with bare(part, pair) as lab, tempfile.TemporaryDirectory(prefix="mip-handover-") as folder:
        netns.set_sysctls(lab.namespace(SERVER), {"net/ipv4/ip_forward": "1"})
        netns.set_sysctls(lab.namespace(NODE), {"net/ipv4/conf/all/rp_filter": "2"})
        system = DefaultRoute(lab, pair)
        system.choose(LINKS[0])
        TUNNELS[part.engine](lab, Path(folder))
        for node, line in (
            (NODE, f"route replace {CORRESPONDENTS} dev {DEVICES[NODE]} src {HOME_ADDRESS}"),
            (SERVER, f"route replace {HOME_ADDRESS} dev {DEVICES[SERVER]}"),
        ):
            netns.ip(Step(namespace=lab.namespace(node), lines=(line,)))
        _until(partial(_answers, lab), f"{part.engine} lets nothing through")
        if part.kind is Kind.BREAK_BEFORE_MAKE:
            lab.unplug(NODE, LINKS[1])
        time.sleep(SETTLE)
        yield lab, system


def _openvpn(lab: Lab, folder: Path) -> None:
    """Point to point with a static key; `--float`: the server answers where the client was heard last."""
    key = folder / "static.key"
    subprocess.run(["openvpn", "--genkey", "secret", str(key)], check=True, capture_output=True)
    common = ["--dev-type", "tun", "--proto", "udp4", "--secret", str(key), "--cipher", "AES-256-CBC", "--verb", "1"]
    ends = {
        SERVER: ["--float", "--port", str(PORT), "--ifconfig", INSIDE, HOME_ADDRESS],
        NODE: ["--nobind", "--remote", SERVER_ADDRESS, str(PORT), "--ifconfig", HOME_ADDRESS, INSIDE],
    }
    for node, words in ends.items():
        lab.spawn(node, "openvpn", "openvpn", "--dev", DEVICES[node], *common, *words)
        _until(partial(_is_there, lab, node, "UP"), f"openvpn at {node} does not begin")


def _wireguard_go(lab: Lab, folder: Path) -> None:
    keys = {node: _wg("genkey") for node in DEVICES}
    for node, device in DEVICES.items():
        (folder / node).write_text(keys[node])
        lab.spawn(node, "wireguard-go", "wireguard-go", "--foreground", device)
        _until(partial(_is_there, lab, node), f"wireguard-go at {node} does not begin")
    public = {node: _wg("pubkey", text_in=key).strip() for node, key in keys.items()}
    both = {
        SERVER: ["listen-port", str(PORT), "peer", public[NODE], "allowed-ips", f"{HOME_ADDRESS}/32"],
        NODE: ["peer", public[SERVER], "endpoint", f"{SERVER_ADDRESS}:{PORT}", "allowed-ips", "0.0.0.0/0"],
    }
    for node, words in both.items():
        lab.run(node, "wg", "set", DEVICES[node], "private-key", str(folder / node), *words)
    for node, address in ((SERVER, INSIDE), (NODE, HOME_ADDRESS)):
        lines = (f"address add {address}/32 dev {DEVICES[node]}", f"link set {DEVICES[node]} up")
        netns.ip(Step(namespace=lab.namespace(node), lines=lines))


TUNNELS: dict[str, Callable[[Lab, Path], None]] = {"wireguard-go": _wireguard_go, "openvpn": _openvpn}


def _wg(word: str, text_in: str | None = None) -> str:
    return subprocess.run(["wg", word], input=text_in, check=True, capture_output=True, text=True).stdout


def _is_there(lab: Lab, node: str, flag: str = "") -> bool:
    done = lab.run(node, "ip", "-o", "link", "show", "dev", DEVICES[node], check=False)
    return done.returncode == 0 and flag in done.stdout


def _answers(lab: Lab) -> bool:
    words = ["ping", "-n", "-c", "1", "-W", "1", "-I", CORRESPONDENT_ADDRESS, HOME_ADDRESS]
    # From the mobile node first: the server does not know where it is.
    back = ["ping", "-n", "-c", "1", "-W", "1", "-I", HOME_ADDRESS, CORRESPONDENT_ADDRESS]
    return (
        not lab.run(NODE, *back, check=False).returncode and not lab.run(CORRESPONDENT, *words, check=False).returncode
    )


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise BenchError(otherwise)
        time.sleep(0.05)
