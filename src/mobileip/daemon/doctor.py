"""`mip doctor`: what on this machine stands in the way of Mobile IP. Checks in order, each over the same facts; each
says what is the matter, what was found and what to do.
"""

from collections.abc import Callable, Iterator

from mobileip.control.schema import DoctorView, FindingView
from mobileip.daemon import doctor_firewall
from mobileip.daemon.doctor_facts import Facts, TunnelPath

OK, WARNING, PROBLEM = "ok", "warning", "problem"
"""Best first."""

EBPF, USERSPACE = "ebpf", "userspace"

STRICT = 1
TUNNELS_SHOWN = 10
SMALLEST_COMFORTABLE_MTU = 1280
"""Octets that a tunnel should leave for inner packets: what today's programs count on everywhere (QUIC, IPv6)."""
TCP_HEADERS = 40

Check = Callable[[Facts], Iterator[FindingView]]


def examine(facts: Facts) -> DoctorView:
    findings = [finding for check in CHECKS for finding in check(facts)]
    worst = next((word for word in (PROBLEM, WARNING) if any(f.verdict == word for f in findings)), OK)
    return DoctorView(verdict=worst, daemon_running=facts.no_daemon is None, findings=findings)


def _daemon(facts: Facts) -> Iterator[FindingView]:
    if facts.no_daemon is None:
        yield FindingView(check="daemon", verdict=OK, found="it runs")
        return
    found = f"{facts.no_daemon}: only what needs no daemon is looked at"
    if facts.configuration is None:
        yield FindingView(
            check="daemon",
            verdict=WARNING,
            found=f"{found}, and of the firewall nothing, for no configuration says what has to pass",
            advice="start a daemon (mipd --config FILE), or name its configuration: mip doctor --config FILE",
        )
    else:
        yield FindingView(check="daemon", verdict=WARNING, found=found, advice="start it: mipd --config FILE")


def _abilities(facts: Facts) -> Iterator[FindingView]:
    for what, hint in facts.lacks:
        yield FindingView(check="needs", verdict=PROBLEM, found=what, advice=hint)
    if not facts.lacks:
        found = "capabilities, TUN devices, sysctls and UDP port 434 are to be had"
        yield FindingView(check="needs", verdict=OK, found=found)


def _device(facts: Facts) -> Iterator[FindingView]:
    if facts.device_trouble is not None:
        what, hint = facts.device_trouble
        yield FindingView(check="device", verdict=PROBLEM, found=what, advice=hint)
    else:
        whose = "is ours" if facts.no_daemon is None else "is free, or was left by a daemon of ours"
        yield FindingView(check="device", verdict=OK, found=f"the name {facts.device} {whose}")


def _engine(facts: Facts) -> Iterator[FindingView]:
    engine = facts.engine
    if engine is None:
        return
    if engine.name == EBPF:
        found = f"programs in the kernel forward: {engine.reason}"
        yield FindingView(check="engine", verdict=OK, found=found)
    elif engine.choice == USERSPACE:
        yield FindingView(
            check="engine", verdict=OK, found="the daemon forwards, as was chosen (mip engine auto: faster)"
        )
    else:
        yield FindingView(
            check="engine",
            verdict=WARNING,
            found=f"the daemon forwards by itself, which takes more of the processor: {engine.reason}",
            advice="mend that, then: mip engine auto",
        )


def _forwarding(facts: Facts) -> Iterator[FindingView]:
    if not facts.is_agent:
        return
    if facts.ip_forward:
        yield FindingView(check="ip_forward", verdict=OK, found="this machine forwards packets, as an agent has to")
    elif facts.no_daemon is not None:
        yield FindingView(check="ip_forward", verdict=OK, found="off; the daemon sets it as long as it runs")
    else:
        yield FindingView(
            check="ip_forward",
            verdict=PROBLEM,
            found="someone switched it off since the daemon started: nothing is forwarded",
            advice="sysctl -w net.ipv4.ip_forward=1, and find out who it was (/etc/sysctl.d)",
        )


def _reverse_path_filter(facts: Facts) -> Iterator[FindingView]:
    strict = [link for link, value in facts.reverse_path_filters.items() if value == STRICT]
    for link in strict:
        if facts.no_daemon is not None:
            found = f"strict on {link}; the daemon sets 2 (loose) there as long as it runs"
            yield FindingView(check="rp_filter", verdict=OK, found=found)
        else:
            yield FindingView(
                check="rp_filter",
                verdict=PROBLEM,
                found=f"strict on {link}: packets from home addresses are dropped without a trace",
                advice=f"sysctl -w net.ipv4.conf.{link}.rp_filter=2 (0 is of no use where `all` is 1)",
            )
    if facts.reverse_path_filters and not strict:
        links = ", ".join(facts.reverse_path_filters)
        by_whom = " (the daemon sets 2 on its links and puts the old value back)" if facts.no_daemon is None else ""
        yield FindingView(check="rp_filter", verdict=OK, found=f"not strict on {links}{by_whom}")


def _default_route(facts: Facts) -> Iterator[FindingView]:
    if facts.configuration is None or facts.configuration.foreign_agent is None:
        return
    if facts.uplink is not None:
        yield FindingView(check="default route", verdict=OK, found=f"by {facts.uplink}")
    else:
        yield FindingView(
            check="default route",
            verdict=WARNING,
            found="there is none: even a loose rp_filter drops visitors whose home network no route leads to",
            advice="ip route add default via GATEWAY, or a route to each home network",
        )


def _path_mtu(facts: Facts) -> Iterator[FindingView]:
    if facts.configuration is None:
        return
    findings = [_tunnel(facts.configuration.daemon.tunnel_mtu, path) for path in facts.tunnels]
    findings.sort(key=lambda finding: finding.verdict == OK)
    yield from findings[:TUNNELS_SHOWN]
    rest = findings[TUNNELS_SHOWN:]
    if rest:
        narrow = sum(finding.verdict != OK for finding in rest)
        found = f"{len(rest)} more tunnels, {narrow} of them by narrow paths"
        yield FindingView(check="path MTU", verdict=WARNING if narrow else OK, found=found)


def _tunnel(inner: int, path: TunnelPath) -> FindingView:
    """`inner`: what our device takes."""
    name = f"tunnel to {path.remote} ({path.form}, {path.overhead} octets around each packet)"
    if path.mtu is None:
        return FindingView(check="path MTU", verdict=OK, found=f"{name}: nothing is known of its path yet")
    room = path.mtu - path.overhead
    if room >= inner:
        found = f"{name}: the path takes {path.mtu}, enough for the device's {inner}"
        return FindingView(check="path MTU", verdict=OK, found=found)
    found = (
        f"{name}: the path takes {path.mtu}, so {room} of the device's {inner}; TCP is told to send segments of "
        f'{room - TCP_HEADERS}, senders of larger packets hear "fragmentation needed, {room}"'
    )
    if room >= SMALLEST_COMFORTABLE_MTU:
        return FindingView(check="path MTU", verdict=OK, found=found)
    return FindingView(
        check="path MTU",
        verdict=WARNING,
        found=found,
        advice=f"programs that count on {SMALLEST_COMFORTABLE_MTU} octets may fail here: widen the path, or set "
        f"[daemon] tunnel_mtu = {max(room, 576)} so that they learn it at once",
    )


def _clock(facts: Facts) -> Iterator[FindingView]:
    node = facts.configuration.mobile_node if facts.configuration is not None else None
    if node is None or facts.no_daemon is not None:
        return
    window = node.association.timestamp_window
    if abs(facts.clock_offset) > window:
        yield FindingView(
            check="clock",
            verdict=WARNING,
            found=f"ours is {-facts.clock_offset:+.0f} s off the home agent's, more than the window of {window:g} s: "
            "the first registration after each start is denied (133) and costs one more round trip",
            advice="run NTP on both machines",
        )
    else:
        yield FindingView(check="clock", verdict=OK, found="it agrees with the home agent's, as far as it told")


CHECKS: tuple[Check, ...] = (
    _daemon,
    _abilities,
    _device,
    _engine,
    _forwarding,
    _reverse_path_filter,
    _default_route,
    *doctor_firewall.CHECKS,
    _path_mtu,
    _clock,
)
