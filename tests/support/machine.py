"""What a network namespace looks like: pictures of it are compared, so that nothing stays that was not there before."""

import json
import subprocess
from pathlib import Path

from mobileip.lab.laboratory import Lab

MARK = "77"
"""Route protocol of all that is ours."""

Picture = dict[str, object]

SYSCTLS = Path("/proc/sys/net/ipv4")


def picture(lab: Lab, node: str) -> Picture:
    """Links, addresses, routes of every table, rules, permanent and proxy neighbours, IPv4 sysctls."""
    found: Picture = {}
    for link in _ask(lab, node, "address", "show"):
        addresses = sorted(f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"] if a["family"] == "inet")
        found[f"link {link['ifname']}"] = (link["ifindex"], link["mtu"], sorted(link["flags"]), addresses)
    for what, words in {
        "route": ("route", "show", "table", "all"),
        "rule": ("rule", "show"),
        "neighbour": ("neighbour", "show", "nud", "permanent"),
        "proxy": ("neighbour", "show", "proxy"),
    }.items():
        for entry in _ask(lab, node, *words):
            entry.pop("flags", None)  # `linkdown` while nobody holds our device
            found[f"{what} {json.dumps(entry, sort_keys=True)}"] = True
    found.update(sysctls(lab, node))
    return found


def sysctls(lab: Lab, node: str) -> Picture:
    found: Picture = {}
    with lab.inside(node):
        files = [SYSCTLS / "ip_forward", *SYSCTLS.glob("conf/*/*"), *SYSCTLS.glob("neigh/*/*")]
        for file in files:
            try:
                found[str(file.relative_to(SYSCTLS))] = file.read_text().strip()
            except OSError:
                continue  # write-only, or gone with its interface
    return found


def ours(lab: Lab, node: str) -> set[str]:
    """Names in the picture of what bears our mark, and of our device."""
    return {
        name
        for name in picture(lab, node)
        if f'"protocol": "{MARK}"' in name or name == "link mip0" or (name.startswith("rule") and "743" in name)
    }


def refused(lab: Lab, node: str, *words: str, prefix: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Runs a daemon that ends at once; the namespace must be as before. Words: all but `--config`, `--run-dir`."""
    before = picture(lab, node)
    daemon = lab.daemon(node)
    command = daemon.command
    for name in ("--config", "--run-dir"):
        if name in words:
            command[command.index(name) + 1] = words[words.index(name) + 1]
    done = lab.run(node, *prefix, *command, check=False)
    assert picture(lab, node) == before, "the namespace was changed"
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done


def _ask(lab: Lab, node: str, *words: str) -> list[dict[str, object]]:
    text = lab.run(node, "ip", "-j", *words).stdout
    return [entry for entry in json.loads(text or "[]") if entry]
