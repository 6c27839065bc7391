"""What a lab's routers do to packets beside forwarding them: network address translation, ingress filtering.

`nft` writes it; a NAT forgets its mappings by a message to the kernel's connection tracking.
"""

import shutil
import socket
import struct
import subprocess

from mobileip.lab import netns
from mobileip.lab.errors import LabError
from mobileip.lab.topology import Node

NETLINK_NETFILTER = 12
CT_DELETE = 1 << 8 | 2
"""NFNL_SUBSYS_CTNETLINK and IPCTNL_MSG_CT_DELETE; without attributes it means all connections."""
NLM_F_REQUEST_AND_ACK = 0x1 | 0x4
_HEADER = struct.Struct("=IHHII")
_FAMILY = struct.Struct("=BBH")
"""struct nfgenmsg: family, version, resource."""


def script(node: Node) -> str:
    """For `nft -f -`; empty for a node that only forwards."""
    chains = []
    if node.nat is not None:
        hook = "type nat hook postrouting priority 100;"
        chains.append(f'chain nat {{ {hook} oifname "{node.nat}" masquerade random; }}')
    if node.ingress_filter is not None:
        address = node.interfaces[node.ingress_filter].address
        network = address.network if address is not None else None
        hook = "type filter hook forward priority 0;"
        chains.append(f'chain ingress {{ {hook} iifname "{node.ingress_filter}" ip saddr != {network} drop; }}')
    return "table ip lab {\n" + "\n".join(chains) + "\n}\n" if chains else ""


def install(namespace: str, node: Node) -> None:
    """Raises LabError with what `nft` said."""
    text = script(node)
    if not text:
        return
    if shutil.which("nft") is None:
        raise LabError("nft is missing (Debian: apt-get install nftables)")
    command = ["nsenter", f"--net={netns.path(namespace)}", "nft", "-f", "-"]
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise LabError(f"nft: {done.stderr.strip()}")


def forget_connections(namespace: str) -> None:
    """A NAT there loses its mappings: the next packet of each flow gets another port. Raises OSError."""
    body = _FAMILY.pack(socket.AF_INET, 0, 0)
    message = _HEADER.pack(16 + len(body), CT_DELETE, NLM_F_REQUEST_AND_ACK, 1, 0) + body
    with netns.inside(namespace), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as asking:
        asking.send(message)
        answer = asking.recv(4096)
    (number,) = struct.unpack_from("=i", answer, 16)
    if number:
        raise OSError(-number, "the kernel's connection tracking refused")
