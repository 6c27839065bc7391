"""A journal is read back as it was written, also after `kill -9`; what can't be believed is one line and no estate."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from math import inf
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.wishes import HOME_ADDRESS, binding, changes, states, visitor

from mobileip.daemon import wish_journal
from mobileip.daemon.inheritance import Estate, Heir
from mobileip.daemon.wish_journal import KINDS, NAME, WishJournal
from mobileip.forwarding.model import ForwardingChange, ForwardingState

HEIR = Heir(foreign_agent="192.0.2.2", mobile_node="10.1.0.10")


class Journals:
    """Those of one run directory, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.troubles: list[str] = []
        self.made: list[WishJournal] = []

    @property
    def file(self) -> Path:
        return self.folder / NAME

    def open(self) -> WishJournal:
        self.made.append(WishJournal(self.folder, self.troubles.append))
        return self.made[-1]

    def begun(self, *wishes: object, until: float = inf) -> WishJournal:
        journal = self.open()
        journal.begin(HEIR, wishes, until)
        return journal

    def read(self) -> Estate | None:
        return self.open().read()


@pytest.fixture
def journals(tmp_path: Path) -> Iterator[Journals]:
    made = Journals(tmp_path)
    yield made
    for journal in made.made:
        journal.close()


def wishes_in(estate: Estate | None) -> set[object]:
    assert estate is not None
    return set(estate.wishes)


def test_without_a_file_there_is_no_estate_and_no_trouble(journals: Journals) -> None:
    assert journals.read() is None
    assert journals.troubles == []


def test_who_left_it_is_told(journals: Journals) -> None:
    journals.begun(visitor(), until=90.5).close()
    expected = Estate(foreign_agent="192.0.2.2", mobile_node="10.1.0.10", wishes=(visitor(),), registered_until=90.5)
    assert journals.read() == expected
    assert journals.file.stat().st_mode & 0o777 == 0o600


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(states, st.lists(changes, max_size=4))
def test_what_was_noted_is_read_back_but_for_what_others_restore(
    journals: Journals, state: ForwardingState, steps: list[ForwardingChange]
) -> None:
    journal = journals.begun(*state.wishes.values())
    for change in steps:
        journal.note(change)
        state = state.apply(change)
    journal.close()
    assert wishes_in(journals.read()) == {wish for wish in state.wishes.values() if isinstance(wish, KINDS)}
    assert journals.troubles == []


def test_a_lifetime_without_end(journals: Journals) -> None:
    journals.begun(visitor(expires_at=inf)).close()
    assert wishes_in(journals.read()) == {visitor(expires_at=inf)}


def test_the_end_of_the_registration_is_noted_when_it_changes(journals: Journals) -> None:
    journal = journals.begun(until=10.0)
    for until in (10.0, 20.0, 30.0):
        journal.note_registration(until)
    journal.close()
    estate = journals.read()
    assert estate is not None
    assert estate.registered_until == 30.0


def killed_after(work: Callable[[], object]) -> None:
    """Does it in a process that dies by SIGKILL right then."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_what_was_noted_before_kill_9_is_there_and_what_was_half_noted_is_not(journals: Journals) -> None:
    def work() -> None:
        journal = journals.begun(visitor())
        journal.note(ForwardingChange(install=(visitor(HOME_ADDRESS + 1),)))
        journal._database.execute("BEGIN")  # type: ignore[union-attr]
        journal._database.execute("DELETE FROM wishes")  # type: ignore[union-attr]

    killed_after(work)
    assert wishes_in(journals.read()) == {visitor(), visitor(HOME_ADDRESS + 1)}


def test_a_daemon_that_dies_as_it_begins_leaves_what_the_one_before_left(
    journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.begun(visitor()).close()

    def work() -> None:
        monkeypatch.setattr(WishJournal, "_put", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        journals.begun(visitor(HOME_ADDRESS + 1))

    killed_after(work)
    assert wishes_in(journals.read()) == {visitor()}


def test_a_new_daemon_begins_anew(journals: Journals) -> None:
    journals.begun(visitor()).close()
    journals.begun(visitor(HOME_ADDRESS + 1)).close()
    assert wishes_in(journals.read()) == {visitor(HOME_ADDRESS + 1)}


def test_nothing_stays_where_nothing_is_to_stay(journals: Journals) -> None:
    journal = journals.begun(visitor())
    journal.remove()
    journal.note(ForwardingChange(install=(visitor(),)))
    journal.note_registration(1.0)
    assert list(journals.folder.iterdir()) == []


def test_wishes_of_home_agents_cost_nothing(journals: Journals) -> None:
    journal = journals.begun()
    database = journal._database
    assert database is not None
    before = database.total_changes
    journal.note(ForwardingChange(install=(binding(),), remove=(binding().key,)))
    assert database.total_changes == before


# -- what can't be believed


def spoil(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("PRAGMA user_version = 2", "is of another version (2)"),
        ("UPDATE origin SET boot = 'another'", "is of another boot or network namespace"),
        ("UPDATE origin SET namespace = 1", "is of another boot or network namespace"),
        ("UPDATE origin SET namespace = 'x'", "is damaged"),
        ("UPDATE origin SET registered_until = NULL", "is damaged"),
        ("DELETE FROM origin", "is damaged"),
        ("DROP TABLE wishes", "is damaged"),
        ("UPDATE wishes SET kind = 'Unheard'", "is damaged"),
        ("UPDATE wishes SET kind = 'HomeAddress'", "is damaged"),
        ("UPDATE wishes SET wish = x'80'", "is damaged"),
        ("UPDATE wishes SET wish = 7", "is damaged"),
    ],
)
def test_what_can_not_be_believed_is_one_line_and_the_next_journal_is_good(
    statement: str, complaint: str, journals: Journals
) -> None:
    journals.begun(visitor()).close()
    spoil(journals.file, statement)
    assert journals.read() is None
    (line,) = journals.troubles
    assert line.startswith(f"{journals.file} is ignored: it ")
    assert complaint in line
    journals.begun(visitor()).close()
    assert wishes_in(journals.read()) == {visitor()}
    assert len(journals.troubles) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=200) | st.binary(min_size=1, max_size=60).map(lambda junk: b"SQLite format 3\0" + junk))
def test_any_other_file_is_one_line(journals: Journals, content: bytes) -> None:
    journals.troubles.clear()
    journals.file.write_bytes(content)
    assert journals.read() is None
    assert len(journals.troubles) == 1
    journals.begun(visitor()).close()
    assert wishes_in(journals.read()) == {visitor()}
    assert len(journals.troubles) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.integers(0, 12_287), st.integers(1, 255))
def test_an_octet_that_was_changed_raises_nothing(journals: Journals, position: int, change: int) -> None:
    journals.begun(*(visitor(HOME_ADDRESS + number) for number in range(20))).close()
    octets = bytearray(journals.file.read_bytes())
    octets[position % len(octets)] ^= change
    journals.file.write_bytes(octets)
    journals.read()
    journals.begun(visitor()).close()
    assert wishes_in(journals.read()) == {visitor()}


def test_a_journal_that_can_not_be_written_is_told_once_and_nobody_inherits_from_it(
    journals: Journals, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = journals.begun(visitor())
    assert journal._database is not None
    journal._database.execute("DROP TABLE wishes")
    for _ in range(2):
        journal.note(ForwardingChange(remove=(visitor().key,)))
    (line,) = journals.troubles
    assert "can't be written: no such table: wishes; the next daemon will inherit nothing" in line
    assert journals.read() is None


def test_the_end_of_a_registration_that_can_not_be_written_is_told_too(journals: Journals) -> None:
    journal = journals.begun(visitor())
    assert journal._database is not None
    journal._database.execute("DROP TABLE origin")
    journal.note_registration(7.0)
    assert len(journals.troubles) == 1


def test_a_folder_in_its_place_is_one_line(journals: Journals) -> None:
    journals.file.mkdir()
    assert journals.read() is None
    journals.begun(visitor())
    assert [line.split(":")[0] for line in journals.troubles] == [
        f"{journals.file} is ignored",
        f"{journals.file} can't be written",
    ]


def test_what_a_journal_consists_of_can_be_removed_from_outside(journals: Journals) -> None:
    journals.begun(visitor())
    assert len(list(journals.folder.iterdir())) == 2, "the file and its log"
    wish_journal.remove(journals.folder)
    assert list(journals.folder.iterdir()) == []
