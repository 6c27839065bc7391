r"""The network in which our data plane and a real kernel are the two ends of a tunnel, and who is what in it.

    behind -- ours ======== switch ======== router -- end -- behind
              .2.1          (TAP)   .2.254        .113.2
              namespaces of this machine    |   namespaces of the guest

`ours` has 192.0.2.1, the guest's `end` 203.0.113.2. One of them is the home agent, with the correspondent
(198.51.100.7) behind it; the other the mobile node itself, or a foreign agent with the mobile node (10.1.0.10) behind
it.
"""

import itertools
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, Protocol

import msgspec
from tests.support.data_plane import DataPlane, data_plane
from tests.support.netns import Namespace, namespace, veth
from tests.support.uml.machine import Guest, GuestNamespace

from mobileip.forwarding.model import (
    AgentLink,
    BindingRoute,
    HomeAddress,
    HomeNetwork,
    MobileLink,
    MobileRoute,
    ReturnPath,
    ReverseExit,
    ReverseTunnel,
    TunnelExit,
    VisitorReverse,
    VisitorRoute,
    Wish,
)
from mobileip.forwarding.tunnel import Encapsulation, GreOptions, Tunnel

OURS, THEIRS = IPv4Address("192.0.2.1"), IPv4Address("203.0.113.2")
"""The tunnel's ends."""
ROUTER = IPv4Address("192.0.2.254")
HOME_ADDRESS, HOME_NETWORK = IPv4Address("10.1.0.10"), IPv4Network("10.1.0.0/24")
CORRESPONDENT = IPv4Address("198.51.100.7")
LINK_MTU = 1500
LATER = 1e9
"""Boot time that no test reaches."""
TRANSFER = Path(__file__).parent.parent / "support" / "transfer.py"
TRANSFER_PORT = 5001


class Wire(msgspec.Struct, frozen=True):
    """What lasts for the whole session."""

    switch: Namespace
    guest: Guest


class Form(msgspec.Struct, frozen=True):
    """One encapsulation, in our words and in those of `ip tunnel add`."""

    name: str
    tunnel: Tunnel
    kernel: str

    @property
    def mtu(self) -> int:
        """Of the tunnel."""
        return LINK_MTU - self.tunnel.overhead


def _gre(name: str, kernel: str, **options: object) -> Form:
    tunnel = Tunnel(OURS, THEIRS, Encapsulation.GRE, gre=GreOptions(**options))  # type: ignore[arg-type]  # its own
    return Form(name, tunnel, f"gre {kernel}")


FORMS = {
    form.name: form
    for form in (
        Form("ipip", Tunnel(OURS, THEIRS), "ipip"),
        _gre("gre_keys", "ikey 0.0.0.7 okey 255.255.255.255", sent_key=7, received_key=0xFFFFFFFF),
        _gre("gre_checksum", "csum", with_checksum=True),
        _gre("gre_all", "key 1234 csum seq", sent_key=1234, received_key=1234, with_checksum=True, with_sequence=True),
    )
}


class Roles(Enum):
    """Who is what: ours, and the guest's end."""

    HOME_AGENT_TO_NODE = "home_agent-node"
    HOME_AGENT_TO_FOREIGN_AGENT = "home_agent-foreign_agent"
    NODE_TO_HOME_AGENT = "node-home_agent"
    FOREIGN_AGENT_TO_HOME_AGENT = "foreign_agent-home_agent"

    @property
    def we_encapsulate(self) -> bool:
        return self in (Roles.HOME_AGENT_TO_NODE, Roles.HOME_AGENT_TO_FOREIGN_AGENT)


class Running(Protocol):
    """A program that has printed its first line."""

    def finish(self) -> str: ...
    def kill(self) -> None: ...


class Host(Protocol):
    """A namespace here or in the guest."""

    def run(self, *words: str, check: bool = True) -> str: ...
    def start(self, *words: str) -> Running: ...
    def ip(self, line: str) -> str: ...


class HostHere(Namespace):
    """With what a namespace of the guest can do."""

    def run(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}"
        return done.stdout

    def start(self, *words: str) -> Running:
        process = subprocess.Popen(self.command(*words), text=True, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        return StartedHere(process)


class StartedHere:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def finish(self) -> str:
        output, _ = self._process.communicate()
        assert self._process.returncode == 0
        return output

    def kill(self) -> None:
        """Harmless when it has ended."""
        self._process.kill()
        self._process.communicate()


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The correspondent and the mobile node, wherever they are, and what is between them."""

    roles: Roles
    form: Form
    reverse: bool
    plane: DataPlane
    guest: Guest
    ours: HostHere
    router: Host
    end: GuestNamespace
    correspondent: Host
    mobile: Host

    def ping(self, words: str = "", *, to: IPv4Address = HOME_ADDRESS, by: Host | None = None) -> str:
        """What `ping` prints, whether it is answered or not; from the correspondent unless `by` is another.

        Once more where nothing was heard of an echo that is to be answered, and we dropped none: a machine without a
        core loses frames.
        """
        options = ["-n", "-c1", "-W10", *words.split()]
        host, before = by or self.correspondent, self.plane.drops()
        said = host.run("ping", *options, str(to), check=False)
        if "100% packet loss" in said and "From " not in said and "-W" not in words and self.plane.drops() == before:
            said = host.run("ping", *options, str(to), check=False)
        return said

    def carry(self, protocol: str, octets: int, *, to_mobile: bool = True) -> None:
        """Raises: AssertionError unless what arrives is what was sent."""
        hosts = (self.correspondent, CORRESPONDENT), (self.mobile, HOME_ADDRESS)
        (sender, source), (receiver, address) = hosts if to_mobile else hosts[::-1]
        words = (protocol, str(address), str(TRANSFER_PORT))
        receiving = receiver.start("python3", str(TRANSFER), "receive", *words)
        try:
            sender.run("python3", str(TRANSFER), "send", protocol, str(source), *words[1:], str(octets))
        except AssertionError:
            receiving.kill()
            raise
        receiving.finish()

    def through(self, *, back: bool = False) -> int:
        """Octets that the kernel's tunnel device has seen of what goes to the mobile node (or comes back from it): of
        those that it sends, many segments may be one packet to it."""
        side = "rx" if self.roles.we_encapsulate is not back else "tx"
        link = msgspec.json.decode(self.end.ip("-s -j link show dev tunnel"))[0]
        return int(link["stats64"][side]["bytes"])

    def through_ours(self, *, back: bool = False) -> int:
        """The same as our data plane has counted it."""
        return self.plane.counters()[
            "encapsulated_octets" if self.roles.we_encapsulate is not back else "decapsulated_octets"
        ]

    def narrow(self, mtu: int) -> None:
        """Of the link between the router and the guest's end."""
        self.router.ip(f"link set link0 mtu {mtu}")
        self.end.ip(f"link set eth0 mtu {mtu}")

    def unreachables_heard(self) -> int:
        """Destination Unreachable messages that the kernel's end has received."""
        counts = self.end.run("cat", "/proc/net/snmp")
        names, values = (line.split() for line in counts.splitlines() if line.startswith("Icmp: "))
        return int(values[names.index("InDestUnreachs")])


_GUEST = """
ip -batch - <<END
netns add end
netns add behind
link add link0 type veth peer name eth0 netns end
address add 203.0.113.1/24 dev link0
link set link0 up
END
ip -n end -batch - <<END
link set lo up
address add 203.0.113.2/24 dev eth0
link set eth0 up
route add default via 203.0.113.1
link add behind type veth peer name eth0 netns behind
link set behind up
tunnel add tunnel local 203.0.113.2 remote 192.0.2.1 ttl 64 mode {kernel}
link set tunnel up
END
ip -n behind link set eth0 up
nsenter --net=/run/netns/end ethtool -K eth0 tx off >/dev/null
"""
"""One process for many commands: the guest starts one in 10 ms. Its namespaces forward since its first one does.

The kernel leaves the checksum of GRE to the network card; through a veth and a TAP it would reach us uncomputed.
"""
_GUEST_AFTER = """
ip -batch - <<END
link delete link0
netns delete end
netns delete behind
route flush proto boot
END
"""
_GUEST_HOME_AGENT = """
ip -batch - <<END
route add 198.51.100.0/24 via 203.0.113.2
route add 10.1.0.0/24 via 203.0.113.2
END
ip -n end -batch - <<END
route add 10.1.0.10 dev tunnel
address add 198.51.100.1/24 dev behind
END
ip -n behind -batch - <<END
address add 198.51.100.7/24 dev eth0
route add default via 198.51.100.1
END
"""
_GUEST_NODE = """
ip route add 198.51.100.0/24 via 192.0.2.1
ip -n end -batch - <<END
address add 10.1.0.10/32 dev tunnel
route replace default via 203.0.113.1 src 10.1.0.10
END
"""
_GUEST_FOREIGN_AGENT = """
ip route add 198.51.100.0/24 via 192.0.2.1
ip -n end -batch - <<END
address add 10.99.0.1/24 dev behind
route add 10.1.0.10 dev behind
END
ip -n behind -batch - <<END
address add 10.1.0.10/32 dev eth0
route add default via 10.99.0.1 dev eth0 onlink
END
"""
_GUEST_NODE_REVERSE = """
ip -n end -batch - <<END
route add 192.0.2.1 via 203.0.113.1
route replace default dev tunnel src 10.1.0.10
END
"""
_GUEST_FOREIGN_AGENT_REVERSE = """
ip -n end -batch - <<END
route add default dev tunnel table 7
rule add from 10.1.0.10 table 7
END
"""
_GUEST_ROLES = {
    Roles.HOME_AGENT_TO_NODE: (_GUEST_NODE, _GUEST_NODE_REVERSE),
    Roles.HOME_AGENT_TO_FOREIGN_AGENT: (_GUEST_FOREIGN_AGENT, _GUEST_FOREIGN_AGENT_REVERSE),
    Roles.NODE_TO_HOME_AGENT: (_GUEST_HOME_AGENT, ""),
    Roles.FOREIGN_AGENT_TO_HOME_AGENT: (_GUEST_HOME_AGENT, ""),
}
"""What makes the guest's side so, and what besides for a reverse tunnel."""
_ports = itertools.count(1)


@contextmanager
def world(wire: Wire, roles: Roles, form: Form, *, reverse: bool = False) -> Iterator[World]:
    """Everything in place and empty: no neighbour is known, no path MTU learnt.

    What the mobile node sends goes by ordinary routing, or `reverse`: by the tunnel.
    """
    guest = wire.guest
    with ExitStack() as undo:
        ours, behind = (HostHere(undo.enter_context(namespace()).name) for _ in range(2))
        port = f"port{next(_ports)}"
        veth(ours, "net", wire.switch, port)
        wire.switch.ip(f"link set {port} master br0")
        ours.ip("link set net address 02:00:00:00:00:01")  # the same each time: the guest has it in its ARP cache
        ours.ip(f"address add {OURS}/24 dev net")
        ours.ip(f"route add default via {ROUTER}")
        veth(ours, "behind", behind, "eth0")
        undo.callback(guest.run, "sh", "-c", _GUEST_AFTER)
        plainly, besides = _GUEST_ROLES[roles]
        guest.script(_GUEST.format(kernel=form.kernel) + plainly + (besides if reverse else ""))
        plane = undo.enter_context(data_plane(ours, ["behind"]))
        plane.wish(*_become(roles, form.tunnel, ours, behind, reverse=reverse))
        end, beyond = GuestNamespace(guest, "end"), GuestNamespace(guest, "behind")
        correspondent, mobile = {
            Roles.HOME_AGENT_TO_NODE: (behind, end),
            Roles.HOME_AGENT_TO_FOREIGN_AGENT: (behind, beyond),
            Roles.NODE_TO_HOME_AGENT: (beyond, ours),
            Roles.FOREIGN_AGENT_TO_HOME_AGENT: (beyond, behind),
        }[roles]
        yield World(
            roles=roles,
            form=form,
            reverse=reverse,
            plane=plane,
            guest=guest,
            ours=ours,
            router=guest,
            end=end,
            correspondent=correspondent,
            mobile=mobile,
        )


def _become(roles: Roles, tunnel: Tunnel, ours: HostHere, behind: HostHere, *, reverse: bool) -> tuple[Wish, ...]:
    """Addresses of our side, and what its agents would wish for."""
    held: dict[str, Any] = {"home_address": HOME_ADDRESS, "tunnel": tunnel, "expires_at": LATER}
    match roles:
        case Roles.HOME_AGENT_TO_NODE | Roles.HOME_AGENT_TO_FOREIGN_AGENT:
            ours.ip("address add 198.51.100.1/24 dev behind")
            behind.ip(f"address add {CORRESPONDENT}/24 dev eth0")
            behind.ip("route add default via 198.51.100.1")
            return (
                HomeNetwork(prefix=HOME_NETWORK),
                BindingRoute(home_address=HOME_ADDRESS, tunnels=(tunnel,), expires_at=LATER),
                ReverseExit(**held) if reverse else ReturnPath(interface="net"),
            )
        case Roles.NODE_TO_HOME_AGENT:
            return (
                HomeAddress(address=HOME_ADDRESS),
                MobileLink(interface="net", answers_arp=False),
                TunnelExit(**held),
                ReverseTunnel(**held)
                if reverse
                else MobileRoute(home_address=HOME_ADDRESS, interface="net", gateway=ROUTER),
            )
        case Roles.FOREIGN_AGENT_TO_HOME_AGENT:
            ours.ip("address add 10.99.0.1/24 dev behind")
            behind.ip(f"address add {HOME_ADDRESS}/32 dev eth0")
            behind.ip("route add default via 10.99.0.1 dev eth0 onlink")
            link = {"interface": "behind", "link_address": behind.link_address("eth0")}
            wishes = (AgentLink(interface="behind"), VisitorRoute(**held, **link))
            return (*wishes, VisitorReverse(**held, **link)) if reverse else wishes
