"""The journal of sysctls, and the start-up checks.

here:  x ---- z  (both in one namespace)
"""

import ctypes
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.netns import Namespace, namespace, veth
from tests.support.unprivileged import without_capabilities

from mobileip.linux import capabilities
from mobileip.linux.sysctl import SysctlJournal

pytestmark = [pytest.mark.netns, pytest.mark.no_engine]

ARP_IGNORE, RP_FILTER = "net/ipv4/conf/x/arp_ignore", "net/ipv4/conf/x/rp_filter"
IP_FORWARD, FORWARDING = "net/ipv4/ip_forward", "net/ipv4/conf/x/forwarding"
ACCEPT_REDIRECTS = "net/ipv4/conf/all/accept_redirects"


@pytest.fixture
def here() -> Iterator[Namespace]:
    with namespace() as made, made.entered():
        veth(made, "x", made, "z")
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sysctl.journal"


def test_values_are_set_and_restored(here: Namespace, file: Path) -> None:
    here.sysctl(RP_FILTER, "1")
    journal = SysctlJournal(file)
    assert journal.set([(ARP_IGNORE, "1")]) == [0]
    assert journal.set([(RP_FILTER, "2")]) == [0]
    assert journal.current() == {ARP_IGNORE: "1", RP_FILTER: "2"}
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER)) == ("1", "2")
    assert journal.restore([ARP_IGNORE]) == [0]
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER)) == ("0", "2")
    journal.restore_all()
    assert here.sysctl(RP_FILTER) == "1"
    assert not file.exists()


def test_the_old_value_is_written_down_before_the_new_one_is_set(
    here: Namespace, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written_down = {}

    def write(path: str, value: str) -> int:
        written_down[path] = msgspec.json.decode(file.read_bytes())["old"][path]
        return 0

    monkeypatch.setattr("mobileip.linux.sysctl._write", write)
    SysctlJournal(file).set([(ARP_IGNORE, "1")])
    assert written_down == {ARP_IGNORE: "0"}


def test_the_first_old_value_counts(here: Namespace, file: Path) -> None:
    journal = SysctlJournal(file)
    journal.set([(ARP_IGNORE, "1")])
    journal.set([(ARP_IGNORE, "2")])
    journal.restore_all()
    assert here.sysctl(ARP_IGNORE) == "0"


def test_a_crash_is_made_up_for(here: Namespace, file: Path) -> None:
    SysctlJournal(file).set([(ARP_IGNORE, "1")])
    after = SysctlJournal(file)
    assert after.current() == {ARP_IGNORE: "1"}
    after.set([(ARP_IGNORE, "1")])
    after.restore_all()
    assert here.sysctl(ARP_IGNORE) == "0"


def test_what_others_set_meanwhile_stays(here: Namespace, file: Path) -> None:
    journal = SysctlJournal(file)
    journal.set([(ARP_IGNORE, "1")])
    here.sysctl(ARP_IGNORE, "2")
    assert journal.current() == {ARP_IGNORE: "2"}
    journal.restore_all()
    assert here.sysctl(ARP_IGNORE) == "2"
    assert not file.exists()


def test_an_interface_that_vanished_is_no_error(here: Namespace, file: Path) -> None:
    journal = SysctlJournal(file)
    journal.set([(ARP_IGNORE, "1")])
    journal.set([(RP_FILTER, "2")])
    here.ip("link delete x")
    assert journal.current() == {}
    assert journal.restore([ARP_IGNORE]) == [0]
    journal.restore_all()
    assert not file.exists()
    assert journal.set([(ARP_IGNORE, "1")]) == [errno.ENOENT]
    assert not file.exists()


def test_a_journal_of_another_namespace_is_ignored(here: Namespace, file: Path) -> None:
    SysctlJournal(file).set([(ARP_IGNORE, "1")])
    with namespace() as other, other.entered():
        veth(other, "x", other, "z")
        other.sysctl(ARP_IGNORE, "1")
        there = SysctlJournal(file)
        assert there.current() == {}
        there.restore_all()
        assert other.sysctl(ARP_IGNORE) == "1"


@pytest.mark.parametrize("octets", [b"", b"{", b'{"namespace": 1}', b"\0\xff"])
def test_a_damaged_journal_is_ignored(here: Namespace, file: Path, octets: bytes) -> None:
    file.write_bytes(octets)
    assert SysctlJournal(file).current() == {}


def test_ip_forward_changes_nothing_else_for_good(here: Namespace, file: Path) -> None:
    before = here.sysctl(ACCEPT_REDIRECTS)
    journal = SysctlJournal(file)
    journal.set([(FORWARDING, "1")])
    journal.set([(IP_FORWARD, "1")])
    assert here.sysctl(ACCEPT_REDIRECTS) == before
    assert journal.restore([IP_FORWARD]) == [0]
    assert here.sysctl(FORWARDING) == "1", "still asked for"
    assert here.sysctl(ACCEPT_REDIRECTS) == before
    journal.set([(IP_FORWARD, "1")])
    journal.restore_all()
    assert (here.sysctl(FORWARDING), here.sysctl(IP_FORWARD), here.sysctl(ACCEPT_REDIRECTS)) == ("0", "0", before)


def test_a_link_that_forwarded_before_forwards_after(here: Namespace, file: Path) -> None:
    here.sysctl(FORWARDING, "1")
    journal = SysctlJournal(file)
    journal.set([(FORWARDING, "1")])
    journal.set([(IP_FORWARD, "1")])
    journal.restore_all()
    assert (here.sysctl(FORWARDING), here.sysctl(IP_FORWARD)) == ("1", "0")


def test_what_changes_at_once_is_written_down_at_once(
    here: Namespace, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda path, octets: (written.append(octets), write(path, octets))[1])
    journal = SysctlJournal(file)
    wanted = [(ARP_IGNORE, "1"), ("net/ipv4/conf/gone0/arp_ignore", "1"), (RP_FILTER, "2"), (IP_FORWARD, "nonsense")]
    assert journal.set(wanted) == [0, errno.ENOENT, 0, errno.EINVAL]
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER)) == ("1", "2")
    assert journal.set(wanted[:3]) == [0, errno.ENOENT, 0]
    assert len(written) == 1, "what it has already is not written again"
    assert journal.restore([ARP_IGNORE, RP_FILTER]) == [0, 0]
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER)) == ("0", "0")
    assert len(written) == 1, "nobody who moves waits for the file"


def test_going_to_and_fro_writes_nothing(here: Namespace, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = SysctlJournal(file)
    journal.set([(ARP_IGNORE, "1")])
    journal.restore([ARP_IGNORE])
    journal.set([(RP_FILTER, "2")])
    monkeypatch.setattr(Path, "write_bytes", lambda *_: pytest.fail("it is in the file"))
    journal.restore([RP_FILTER])
    journal.set([(ARP_IGNORE, "1")])
    journal.restore([ARP_IGNORE])
    journal.set([(RP_FILTER, "2")])
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER)) == ("0", "2")


def test_a_tidy_journal_has_what_is_ours(here: Namespace, file: Path) -> None:
    journal = SysctlJournal(file)
    journal.set([(ARP_IGNORE, "1"), (RP_FILTER, "2")])
    journal.restore([ARP_IGNORE])
    journal.tidy()
    assert list(msgspec.json.decode(file.read_bytes())["old"]) == [RP_FILTER]
    journal.restore([RP_FILTER])
    journal.tidy()
    assert not file.exists()


def test_what_cannot_be_written_down_is_not_set(here: Namespace, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    journal = SysctlJournal(folder / "sysctl.journal")
    assert journal.set([(ARP_IGNORE, "1"), (RP_FILTER, "2")]) == [errno.ENOENT] * 2
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER), journal.current()) == ("0", "0", {})
    folder.mkdir()
    assert journal.set([(ARP_IGNORE, "1")]) == [0]
    assert journal.set([(RP_FILTER, "2")]) == [0]
    journal.restore([ARP_IGNORE])
    folder.rename(tmp_path / "elsewhere")
    journal.tidy()  # can't, and says nothing: a timer calls it
    (tmp_path / "elsewhere").rename(folder)
    journal.tidy()
    assert list(msgspec.json.decode((folder / "sysctl.journal").read_bytes())["old"]) == [RP_FILTER]
    journal.restore_all()
    assert (here.sysctl(ARP_IGNORE), here.sysctl(RP_FILTER)) == ("0", "0")


def test_what_was_restored_before_a_crash_stays_as_others_set_it(here: Namespace, file: Path) -> None:
    journal = SysctlJournal(file)
    journal.set([(ARP_IGNORE, "1")])
    journal.restore([ARP_IGNORE])
    here.sysctl(ARP_IGNORE, "2")
    after = SysctlJournal(file)
    after.restore_all()
    assert here.sysctl(ARP_IGNORE) == "2"
    assert not file.exists()


def test_a_link_that_is_not_to_forward_does_not_though_the_machine_does(here: Namespace, file: Path) -> None:
    journal = SysctlJournal(file)
    assert journal.set([(IP_FORWARD, "1"), (FORWARDING, "0")]) == [0, 0]
    assert (here.sysctl(IP_FORWARD), here.sysctl(FORWARDING)) == ("1", "0")
    journal.restore_all()
    assert (here.sysctl(IP_FORWARD), here.sysctl(FORWARDING)) == ("0", "0")


def test_a_value_that_the_kernel_refuses(here: Namespace, file: Path) -> None:
    assert SysctlJournal(file).set([(IP_FORWARD, "nonsense")]) == [errno.EINVAL]


def test_read_only_sysctls(here: Namespace, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = os.fork()
    if pid == 0:  # a mount namespace of its own, as a container has
        code = 1
        try:
            os.chdir("/")
            _unshare_mounts_with_read_only_sysctls()
            lines = [str(lack) for lack in capabilities.lacks()]
            good = SysctlJournal(file).set([(ARP_IGNORE, "1")]) == [errno.EROFS] and lines == ["/proc/sys is read-only"]
            code = 0 if good else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert here.sysctl(ARP_IGNORE) == "0"


def _unshare_mounts_with_read_only_sysctls() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    clone_newns, ms_rdonly, ms_remount, ms_bind, ms_private_rec = 0x20000, 1, 32, 4096, 0x44000
    for result in (
        libc.unshare(clone_newns),
        libc.mount(None, b"/", None, ms_private_rec, None),
        libc.mount(b"/proc/sys", b"/proc/sys", None, ms_bind, None),
        libc.mount(None, b"/proc/sys", None, ms_bind | ms_remount | ms_rdonly, None),
    ):
        if result:
            raise OSError(ctypes.get_errno(), "mount")


def test_a_machine_that_has_everything_lacks_nothing(here: Namespace) -> None:
    assert capabilities.missing_capabilities() == []
    assert capabilities.has_tun()
    assert capabilities.lacks() == []


def test_every_lack_is_one_line(here: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "['CAP_NET_BIND_SERVICE', 'CAP_NET_ADMIN', 'CAP_NET_RAW']"
    assert without_capabilities(capabilities.missing_capabilities) == names
    told = without_capabilities(lambda: "\n".join(map(str, capabilities.lacks())))
    assert told.splitlines() == [
        "CAP_NET_BIND_SERVICE is missing (UDP port 434)",
        "CAP_NET_ADMIN is missing (routes, rules and the tunnel device)",
        "CAP_NET_RAW is missing (tunnel packets and signalling frames)",
    ]
    monkeypatch.setattr(capabilities, "CONTROL", tmp_path / "tun")
    assert list(map(str, capabilities.lacks())) == [f"no TUN device: {tmp_path}/tun does not exist"]
    monkeypatch.undo()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as occupant:
        occupant.bind(("127.0.0.1", 434))
        assert list(map(str, capabilities.lacks())) == ["UDP port 434 is in use"]
