"""Ways to tunnel, each laid over the topology for a while: our own engines, the kernel's vxlan, OpenVPN."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec
from bench.dataplane.cores import tunnel_core
from bench.dataplane.errors import BenchError
from bench.dataplane.helper import Helper, Program
from bench.dataplane.topology import (
    CORRESPONDENT,
    FOREIGN_AGENT,
    HOME_ADDRESS,
    HOME_AGENT,
    MOBILE_LINK,
    MOBILE_NODE,
    Place,
    Topology,
)
from bench.dataplane.traffic import Way
from bench.dataplane.wishes import End, Form

from mobileip.lab.daemon import PRIORITY

AS_SERVICE = (*PRIORITY, "unshare", "--mount", "sh", "-c", 'mount -t bpf bpf /sys/fs/bpf; exec "$@"', "sh")
"""How systemd starts the daemon: with its unit's priority, and a bpffs where systemd mounts one."""
START_SECONDS = 300.0
"""A million bindings take their time to come."""
_OTHER_TABLE = 100
_NEAR, _FAR = "10.8.0.1", "10.8.0.2"
"""Inside a tunnel that is none of ours: the home agent's address and the mobile node's."""


PLAIN = Way(str(CORRESPONDENT), str(MOBILE_NODE))
BACK = Way(str(MOBILE_NODE), str(CORRESPONDENT))


class Scene(msgspec.Struct, frozen=True):
    """`subject` is its part of the results' names: `ipip.home_agent.ebpf.1e6`, `vxlan`."""

    subject: str
    sender: Place = Place.CORRESPONDENT
    receiver: Place = Place.MOBILE_NODE
    plain: Way = PLAIN
    measured: Way = Way(str(CORRESPONDENT), _FAR)

    @property
    def plain_is_elsewhere(self) -> bool:
        """Whether plain packets pass machines where nothing of the tunnel is."""
        return False

    @contextmanager
    def laid(self, topology: Topology) -> Iterator[None]:
        """The tunnel is there, for a while."""
        yield

    def on_its_core(self, place: Place) -> tuple[str, ...]:
        """In front of a command that is one end of the tunnel."""
        takes_in = (place is Place.HOME_AGENT) is (self.sender is Place.CORRESPONDENT)
        return "taskset", "--cpu-list", str(tunnel_core(takes_in=takes_in))


class Vxlan(Scene, frozen=True):
    @contextmanager
    def laid(self, topology: Topology) -> Iterator[None]:
        ends = ((Place.HOME_AGENT, HOME_AGENT, MOBILE_NODE, _NEAR), (Place.MOBILE_NODE, MOBILE_NODE, HOME_AGENT, _FAR))
        for place, local, remote, inside in ends:
            topology.ip(
                place,
                f"link add vx0 mtu 1450 type vxlan id 7 local {local} remote {remote} dstport 4789",
                f"address add {inside}/24 dev vx0",
                "link set vx0 up",
            )
        _route_back(topology, "vx0")
        yield


class OpenVpn(Scene, frozen=True):
    """Point to point, without cipher and without authentication: what remains is what the tunnel itself costs."""

    @contextmanager
    def laid(self, topology: Topology) -> Iterator[None]:
        ends = (
            (Place.HOME_AGENT, HOME_AGENT, MOBILE_NODE, _NEAR, _FAR),
            (Place.MOBILE_NODE, MOBILE_NODE, HOME_AGENT, _FAR, _NEAR),
        )
        with ExitStack() as undo:
            for place, local, remote, inside, peer in ends:
                words = f"--dev tun7 --proto udp4 --local {local} --remote {remote} --ifconfig {inside} {peer}"
                options = f"{words} --cipher none --auth none --verb 3"
                program = Program(topology, place, "openvpn", *options.split(), prefix=self.on_its_core(place))
                undo.callback(program.close, politely=False)
                while b"net_iface_up" not in program.line(20.0):
                    pass  # its log
            _route_back(topology, "tun7")
            yield


class MobileIp(Scene, frozen=True, kw_only=True):
    """One of our engines at both ends."""

    form: Form
    engine: str
    role: End
    bindings: int = 1

    @contextmanager
    def laid(self, topology: Topology) -> Iterator[None]:
        is_visitor = self.role is End.FOREIGN_AGENT
        care_of = str(FOREIGN_AGENT if is_visitor else MOBILE_NODE)
        near = {"end": End.HOME_AGENT, "care_of": care_of, "bindings": self.bindings}
        far: dict[str, str] = {"end": End.MOBILE_NODE}
        if is_visitor:
            visitor = topology.link_address(Place.MOBILE_NODE, MOBILE_LINK).hex()
            far = {"end": End.FOREIGN_AGENT, "visitor": visitor}
            topology.ip(Place.MOBILE_NODE, f"address add {HOME_ADDRESS}/32 dev {MOBILE_LINK}")
        with ExitStack() as undo:
            for place, order in (
                (Place.HOME_AGENT, near),
                (Place.ROUTER if is_visitor else Place.MOBILE_NODE, far),
            ):
                prefix = (*self.on_its_core(place), *AS_SERVICE)
                endpoint = Helper(topology, place, "endpoint", self.engine, prefix=prefix)
                undo.callback(endpoint.close)
                endpoint.tell({"form": self.form, **order})
                answer = endpoint.hear(START_SECONDS)
                if answer["refused"]:
                    raise BenchError(f"{self.subject}: the kernel refuses {answer['refused'][0]}")
                if answer["engine"] != self.engine:
                    raise BenchError(f"{self.subject}: the engine is {answer['engine']}: {answer['reason']}")
            yield


class Bystander(Scene, frozen=True, kw_only=True):
    """Plain packets past machines that have our engine at work: what it costs those that it does not concern."""

    beside: MobileIp
    measured: Way = PLAIN

    @property
    def plain_is_elsewhere(self) -> bool:
        return True

    @contextmanager
    def laid(self, topology: Topology) -> Iterator[None]:
        with self.beside.laid(topology):
            yield


def both_ways(kind: type[Vxlan | OpenVpn], subject: str) -> tuple[Scene, Scene]:
    """To the mobile node, and from it."""
    back = kind(
        f"{subject}.{End.MOBILE_NODE}",
        sender=Place.MOBILE_NODE,
        receiver=Place.CORRESPONDENT,
        plain=BACK,
        measured=Way(_FAR, str(CORRESPONDENT)),
    )
    return kind(subject), back


def mobile_ip(form: Form, role: End, engine: str, bindings: int = 1) -> MobileIp:
    """`role`: where packets come out of the tunnel, or in the case of the mobile node go in.

    home_agent: from the correspondent to a mobile node with a co-located care-of address; foreign_agent: to a visitor;
    mobile_node: back from the mobile node to the correspondent, by the reverse tunnel.
    """
    name = f"{form}.{role}.{engine}" + (f".1e{len(str(bindings)) - 1}" if bindings > 1 else "")
    there = Way(str(CORRESPONDENT), str(HOME_ADDRESS))
    if role is not End.MOBILE_NODE:
        return MobileIp(subject=name, measured=there, form=form, engine=engine, role=role, bindings=bindings)
    return MobileIp(
        subject=name,
        sender=Place.MOBILE_NODE,
        receiver=Place.CORRESPONDENT,
        plain=BACK,
        measured=Way(str(HOME_ADDRESS), str(CORRESPONDENT)),
        form=form,
        engine=engine,
        role=role,
        bindings=bindings,
    )


def _route_back(topology: Topology, interface: str) -> None:
    """What the mobile node answers from inside a tunnel goes into it."""
    topology.ip(
        Place.MOBILE_NODE,
        f"route add default dev {interface} via {_NEAR} table {_OTHER_TABLE}",
        f"rule add priority 101 from {_FAR} table {_OTHER_TABLE}",
    )
