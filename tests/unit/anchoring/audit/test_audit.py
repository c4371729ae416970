"""A sound register gives no finding, and the audit names all damage that is planted in one."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from anchoring.audit.findings import AuditReport, Findings
from anchoring.audit.register.submissions import RunningRoot
from anchoring.monitor.copies import EntryCopies
from anchoring.monitor.monitor import Monitor
from anchoring.register.store import Register
from anchoring.register.submissions import FINAL, page_submissions, read_batch_entries
from anchoring.register.tables import BATCH, SUBMISSION
from anchoring.replica.store import Replica
from ledger.crypto.suites import SM3
from ledger.crypto.trees import CountedTree, MerkleTree, leaf_hash
from ledger.encoding.canonical import decode
from ledger.records.submissions import decode_entry
from ledger.registry import acts
from ledger.registry.status import StatusTree, encode_changes
from ledger.verification.receipts import SignedReceipt, decode_signed_receipt
from tests.auditing import audit
from tests.fakes.backups import KeptCopies, back_up
from tests.fakes.department import ISSUER, LOG, NOW, Department, change, licence
from tests.fakes.issuing import City
from tests.fakes.restored import Story


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city with everything that an audit looks at: final batches, changes of status, submissions that wait."""
    made = City(tmp_path_factory.mktemp("city"))
    made.submit(*(licence(n) for n in range(6)))
    made.settle()
    made.submit(change("suspend", 1), change("renew", 2, 2), licence(10), change("revoke", 10))
    made.submit(licence(20))
    made.settle()
    made.submit(change("resume", 1), licence(30))
    made.settle()
    made.submit(licence(40), licence(41))
    yield made
    made.stop()


def audited(city: City, register: Register | None = None) -> AuditReport:
    with city.replica.reading(quarantined=True) as reading:
        return audit(reading, register or city.register, now=city.chain.now)


@contextmanager
def planted(city: City, folder: Path, *statements: str) -> Iterator[Register]:
    """Give a copy of the city's register in which something was changed behind everybody's back."""
    file = folder / "register.db"
    with closing(sqlite3.connect(city.register.engine.url.database or "")) as sound:
        sound.execute("VACUUM INTO ?", (str(file),))
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0, "something was planted"
    register = Register(f"sqlite:///{file}")
    yield register
    register.close()


def test_a_sound_register_gives_no_finding_and_the_report_says_what_was_looked_at(city: City) -> None:
    report = audited(city)
    assert report.findings == ()
    assert [remark.slug for remark in report.remarks] == ["waiting"]
    assert report.checked == {
        "databases": 2,
        "events": report.checked["events"],
        "logs": 1,
        "batches": 3,
        "anchors": 3,
        "transactions": 3,
        "entries": 4,
        "signatures": 5,
        "submissions": 5,
        "promises": 5,
        "records": 15,
        "records replayed": 15,
        "disclosures": 12,
        "lineages": 11,
        "links": 0,
        "status changes": 4,
        "statuses": 10,
    }


def test_a_node_that_issues_nothing_audits_its_replica(city: City) -> None:
    with city.replica.reading() as reading:
        report = audit(reading, now=city.chain.now)
    assert report.clean
    assert report.checked.keys() == {"databases", "events", "logs"}


def test_an_empty_register_is_sound(tmp_path: Path) -> None:
    city = City(tmp_path)
    assert audited(city).clean
    city.stop()


def test_the_audit_tells_how_far_it_is(city: City) -> None:
    told: list[tuple[str, int, int]] = []
    with city.replica.reading() as reading:
        audit(reading, city.register, now=city.chain.now, progress=lambda *args: told.append(args))
    assert ("records", 15, 15) in told
    assert ("batches", 3, 3) in told


def replaced(table: str, column: str, old: str, new: str, where: str) -> str:
    return f"UPDATE {table} SET {column} = CAST(replace(CAST({column} AS TEXT), '{old}', '{new}') AS BLOB) WHERE {where}"


#: What is done to the register, as SQL, and the slugs that this must give at least.
PLANTS: dict[str, tuple[str, set[str]]] = {
    "batch lost": ("DELETE FROM batch WHERE sequence = 2", {"batch-missing"}),
    "newest batch lost": ("DELETE FROM batch WHERE sequence = 3", {"batch-missing"}),
    "payload cut": (
        "UPDATE batch SET payload = substr(payload, 1, 100) WHERE sequence = 2",
        {"batch-altered"},
    ),
    "payloads swapped": (
        "UPDATE batch SET payload = (SELECT payload FROM batch WHERE sequence = 1) WHERE sequence = 2",
        {"batch-altered", "anchor-differs"},
    ),
    "final before anchored": (
        "INSERT INTO batch SELECT 4, payload, frozen, 'final' FROM batch WHERE sequence = 3",
        {"anchor-missing", "batch-altered"},
    ),
    "submission put into another batch": (
        "UPDATE submission SET batch = 3 WHERE first = 10",
        {"position-gap", "batch-size", "batch-root"},
    ),
    "submission put into no batch": ("UPDATE submission SET batch = NULL WHERE first = 10", {"batch-root"}),
    "submission put into a batch that is not there": (
        "UPDATE submission SET batch = 9 WHERE first = 10",
        {"batch-missing", "batch-root"},
    ),
    "waiting submission said to be anchored": (
        "UPDATE submission SET batch = 3 WHERE first = 13",
        {"batch-size", "batch-root"},
    ),
    "submission lost": (
        "DELETE FROM submission WHERE first = 6",
        {"position-gap", "record-stray", "batch-root"},
    ),
    "waiting submission lost": ("DELETE FROM submission WHERE first = 13", {"log-size", "record-stray"}),
    "entry altered": (
        replaced("submission", "entry", 'Z"', '0"', "first = 6"),
        {"entry-altered"},
    ),
    "entry of another second": (
        replaced("submission", "entry", '"accepted":"2026', '"accepted":"2025', "first = 6"),
        {"entry-altered", "batch-root"},
    ),
    "signature of another statement": (
        replaced("submission", "entry", '"signature":"', '"signature":"A', "first = 13"),
        {"entry-altered"},
    ),
    "count altered": (
        "UPDATE submission SET count = 3 WHERE first = 13",
        {"entry-altered", "log-size", "record-missing"},
    ),
    "root altered": (
        "UPDATE submission SET root = zeroblob(32) WHERE first = 6",
        {"entry-altered", "submission-root"},
    ),
    "record lost": (
        "DELETE FROM record WHERE position = 3",
        {"record-missing", "submission-root", "lineage-stray"},
    ),
    "record where none belongs": (
        "INSERT INTO record SELECT 99, zeroblob(32), lineage, body FROM record WHERE position = 3",
        {"record-stray", "record-altered"},
    ),
    "record altered": (
        replaced("record", "body", "2022-03-28", "2022-03-29", "position = 3"),
        {"record-altered"},
    ),
    "record of another issuer": (
        replaced("record", "body", "11429006012345671T", "11429006012345672R", "position = 3"),
        {"record-altered", "issuer-mismatch"},
    ),
    "record that is none": ("UPDATE record SET body = x'7b' WHERE position = 3", {"record-altered"}),
    "leaf altered": (
        "UPDATE record SET leaf = zeroblob(32) WHERE position = 3",
        {"record-order", "record-altered", "submission-root"},
    ),
    "record in another lineage": (
        "UPDATE record SET lineage = (SELECT lineage FROM record WHERE position = 1) WHERE position = 0",
        {"lineage-broken"},
    ),
    "disclosure altered": (
        replaced("disclosure", "content", "营业", "经营", "position = 3"),
        {"disclosure-altered"},
    ),
    "disclosure that is none": (
        "UPDATE disclosure SET content = x'7b' WHERE position = 3",
        {"disclosure-altered"},
    ),
    "disclosure of nothing": (
        "INSERT INTO disclosure SELECT 99, content FROM disclosure WHERE position = 3",
        {"disclosure-stray"},
    ),
    "lineage lost": ("DELETE FROM lineage WHERE first = 3", {"lineage-altered"}),
    "lineage altered": ("UPDATE lineage SET status = 1 WHERE first = 3", {"lineage-altered"}),
    "lineage of nothing": (
        "INSERT INTO lineage SELECT 99, 'x', kind, issuer, identifier, tip, current, position, 0 FROM lineage LIMIT 1",
        {"lineage-stray"},
    ),
    "tip altered": ("UPDATE lineage SET tip = zeroblob(32) WHERE first = 3", {"lineage-altered"}),
    "change lost": (
        "DELETE FROM status_change WHERE record = (SELECT min(record) FROM status_change)",
        {"change-altered", "batch-changes", "batch-status-root"},
    ),
    "change altered": (
        "UPDATE status_change SET status = 7 WHERE record = (SELECT min(record) FROM status_change)",
        {"change-altered", "batch-changes", "batch-status-root"},
    ),
    "change to no status": (
        "UPDATE status_change SET status = 77 WHERE record = (SELECT min(record) FROM status_change)",
        {"change-altered", "batch-changes"},
    ),
    "change by nothing": ("INSERT INTO status_change VALUES (99, 3, 1)", {"change-stray"}),
    "change by an issue": ("INSERT INTO status_change VALUES (14, 3, 1)", {"change-stray"}),
    "log of another size": ("UPDATE log SET size = 14", {"log-size"}),
    "log of another suite": ("UPDATE log SET suite = 2", {"log-altered"}),
    "log of another registry": ("UPDATE log SET registry_name = 'eip155:1:0x00:00'", {"other-registry"}),
    "transaction altered": (
        "UPDATE signed_transaction SET raw = x'00' WHERE sequence = 2",
        {"transaction-altered"},
    ),
    "transaction of another batch": (
        "UPDATE signed_transaction SET sequence = 1 WHERE sequence = 2",
        {"transaction-altered"},
    ),
    "number of changes altered": ("UPDATE submission SET changes = 7 WHERE first = 6", {"changes-altered"}),
    "text where a number belongs": (
        "UPDATE submission SET count = 'x' WHERE first = 6",
        {"value-impossible"},
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_is_found(city: City, plant: str, tmp_path: Path) -> None:
    statement, expected = PLANTS[plant]
    with planted(city, tmp_path, statement) as register:
        report = audited(city, register)
    assert expected <= {finding.slug for finding in report.findings}, report.findings


def without_uniqueness(table: str) -> list[str]:
    return [
        f"CREATE TABLE loose AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE loose RENAME TO {table}",
    ]


def test_what_stands_twice_is_found_even_where_the_database_let_it_pass(city: City, tmp_path: Path) -> None:
    loose = [step for table in ("submission", "record", "lineage") for step in without_uniqueness(table)]
    same = "UPDATE {0} SET {1} = (SELECT {1} FROM {0} WHERE {2} = 14) WHERE {2} = 13"
    copies = [same.format(*of) for of in (("record", "leaf", "position"), ("lineage", "name", "first"))]
    copies.append(
        "UPDATE submission SET root = (SELECT root FROM submission WHERE first = 11) WHERE first = 13"
    )
    with planted(city, tmp_path, *loose, *copies) as register:
        found = {finding.slug for finding in audited(city, register).findings}
    assert {"root-twice", "record-twice", "lineage-twice"} <= found


def test_a_history_that_was_rolled_back_in_all_its_tables_is_found_by_the_chain(
    city: City, tmp_path: Path
) -> None:
    """Licence 1 was suspended and resumed: the register forgets the second, the chain does not."""
    with planted(
        city,
        tmp_path,
        "DELETE FROM record WHERE position = (SELECT max(record) FROM status_change)",
        "UPDATE lineage SET status = 1, tip = (SELECT leaf FROM record WHERE position = (SELECT min(record) FROM "
        "status_change AS c WHERE c.position = lineage.position)) WHERE position = (SELECT position FROM status_change "
        "ORDER BY record DESC LIMIT 1)",
        "DELETE FROM status_change WHERE record = (SELECT max(record) FROM status_change)",
    ) as register:
        found = {finding.slug for finding in audited(city, register).findings}
    assert {"status-differs", "batch-changes", "record-missing"} <= found
    assert "lineage-altered" not in found


def test_a_signature_of_nobody_is_found_before_it_is_anchored(city: City, tmp_path: Path) -> None:
    with planted(city, tmp_path) as register:
        with register.writing() as connection:
            held = page_submissions(connection, after=12)[0]
            forged = replace(held.entry, signature=bytes(63) + b"\1")
            connection.execute(
                update(SUBMISSION).where(SUBMISSION.c.first == 13).values(entry=forged.encode())
            )
        found = {finding.slug for finding in audited(city, register).findings}
    assert found == {"signature-bad"}


def test_what_waits_beyond_its_statement_is_overdue(city: City) -> None:
    with city.replica.reading() as reading:
        report = audit(reading, city.register, now=city.chain.now + 8 * 86_400)
    assert [finding.slug for finding in report.findings] == ["overdue"]


def test_what_waits_for_a_turn_outside_of_its_window_is_found(city: City, tmp_path: Path) -> None:
    with planted(city, tmp_path, "UPDATE batch SET sequence = 500 WHERE sequence = 3") as register:
        found = [finding for finding in audited(city, register).findings if finding.slug == "outside-window"]
    assert "for the sequences 4 to 260, its turn is 501" in found[0].text


def test_a_key_that_was_stolen_later_is_remarked_and_one_retired_before_the_anchor_is_found(
    tmp_path: Path,
) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    city.submit(licence(2))
    key = city.department.key.public.id
    city.act(acts.KeyRetired(key, city.chain.now + 1))
    city.settle()
    report = audited(city)
    assert [finding.slug for finding in report.findings] == ["key-retired"]
    city.act(acts.KeyCompromised(key, NOW))
    report = audited(city)
    assert [remark.slug for remark in report.remarks] == ["key-compromised", "key-compromised"]
    city.stop()


def test_a_grant_that_ended_before_the_anchor_is_found(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.department = Department(city.registry, seed=2)
    key = city.department.key.public
    city.act(acts.KeyRegistered(LOG, 1, key.spki))
    city.act(acts.KeyGranted(LOG, key.id, ISSUER, 15, (), 0, city.chain.now + 100))
    city.submit(licence(1))
    city.chain.mine(200)
    city.follow()
    city.settle()
    report = audited(city)
    assert [(finding.slug, finding.where) for finding in report.findings] == [
        ("not-entitled", "position 0"),
        ("not-granted", "position 0"),
    ]
    city.stop()


@pytest.mark.parametrize("whole", [True, False], ids=["the batch", "one entry of it"])
def test_a_second_occurrence_that_the_chain_alone_has_is_named_as_such(tmp_path: Path, whole: bool) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.submit(licence(2))
    city.settle()
    with city.register.reading() as connection:
        entries = [decode_entry(decode(row[2])) for row in read_batch_entries(connection, 1)]
    root = city.anchors()[0].root if whole else CountedTree.root_of(SM3, [entries[1].leaf()])
    tree = StatusTree(SM3)
    tree.grow(4 if whole else 3)
    size = 4 if whole else 3
    city.act(acts.Anchored(LOG, 2, size, root, tree.root(), b""), "operator")
    told = {finding.slug: finding for finding in audited(city).findings}
    assert "batch-missing" not in told
    repeated = told["entry-repeated"]
    assert repeated.where == "batch 2"
    assert ("the entries of batch 1" if whole else "the entry at position 1 of batch 1") in repeated.text
    city.stop()


def test_anchors_that_somebody_else_made_are_found(tmp_path: Path) -> None:
    """A void anchor, one that contradicts a status, and one that repeats the root of another."""
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    tree = StatusTree(SM3)
    tree.grow(1)
    root = city.anchors()[0].root
    void = acts.Anchored(LOG, 2, 1, bytes(32), b"\1" * 32, b"")
    tree.set(0, 8)
    contradiction = acts.Anchored(LOG, 3, 1, bytes(32), tree.root(), encode_changes([(0, 8)]))
    tree.grow(2)
    repeated = acts.Anchored(LOG, 4, 2, root, tree.root(), b"")
    for act in (void, contradiction, repeated):
        city.act(act, "operator")
    assert {finding.slug for finding in audited(city).findings} >= {"batch-missing", "entry-repeated"}
    with city.register.writing() as connection:
        for act in (void, contradiction, repeated):
            row = {"sequence": act.sequence, "payload": act.encode(), "frozen": NOW, "state": FINAL}
            connection.execute(insert(BATCH), [row])
    found = {finding.slug for finding in audited(city).findings}
    assert {"anchor-void", "status-contradictory", "anchored-twice"} <= found
    city.stop()


def test_a_node_that_goes_on_working_gives_no_finding(tmp_path: Path) -> None:
    """The register is read after the replica, so it may say more than that state of the replica does."""
    city = City(tmp_path)
    city.submit(licence(1))
    city.settle()
    with city.replica.reading() as reading:
        city.submit(licence(2), change("suspend", 1))
        city.settle()
        report = audit(reading, city.register, now=city.chain.now)
    assert report.findings == ()
    assert [remark.slug for remark in report.remarks] == ["not-final"]
    city.stop()


def test_a_damaged_replica_is_found(city: City, tmp_path: Path) -> None:
    copy = tmp_path / "replica.db"
    with closing(sqlite3.connect(city.replica.engine.url.database or "")) as sound:
        sound.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE anchor SET size = size + 1 WHERE sequence = 1")
        connection.execute("UPDATE state SET quarantine = 'a reason'")
    replica = Replica(f"sqlite:///{copy}")
    with replica.reading(quarantined=True) as reading:
        report = audit(reading, city.register, now=city.chain.now)
    found = [(finding.slug, finding.where) for finding in report.findings]
    assert found[:2] == [("quarantined", "state"), ("fact-altered", "log tianmen, sequence 1")]
    assert report.checked["records"] == 15, "damage of the replica does not hide the register"
    replica.close()


def test_findings_are_kept_up_to_a_limit_and_counted_beyond_it() -> None:
    found = Findings()
    for number in range(1_500):
        found.add("slug", f"position {number}", "words")
    report = found.report()
    assert (len(report.findings), report.unlisted) == (1_000, 500)


@given(st.integers(1, 300))
def test_the_running_root_is_the_root_of_the_tree(count: int) -> None:
    leaves = [leaf_hash(SM3, bytes([number % 256, number // 256])) for number in range(count)]
    running = RunningRoot(SM3)
    for leaf in leaves:
        running.add(leaf)
    assert running.root() == MerkleTree(SM3, leaves).root


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[City, EntryCopies]]:
    """A city whose replica also has the copies that another city's monitor fetched: one batch's are withheld."""
    city = City(tmp_path)
    for serial in range(3):
        city.submit(licence(serial))
        city.settle()
    peer = KeptCopies(city.register)
    peer.held.pop(1)
    Monitor(city.replica, {LOG: [peer]}, withheld_after=0, clock=lambda: city.chain.now).step()
    yield city, EntryCopies(city.replica.engine, grace=0)
    city.stop()


def elsewhere(city: City, published: EntryCopies, receipts: Sequence[SignedReceipt] = ()) -> AuditReport:
    """Audit as another city does: without the register."""
    with city.replica.reading() as reading:
        return audit(reading, entry_copies=published, receipts=receipts, now=city.chain.now)


def test_copies_of_entries_are_checked_against_their_anchors(watched: tuple[City, EntryCopies]) -> None:
    city = watched[0]
    report = elsewhere(*watched)
    assert report.findings == ()
    assert report.checked["copied batches"] == 2
    assert [remark.slug for remark in report.remarks] == ["entries-withheld"]
    for statement, slug in (
        (
            "UPDATE published_entry SET entry = (SELECT entry FROM published_entry WHERE first = 2)",
            "not-in-batch",
        ),
        ("UPDATE published_entry SET sequence = 9 WHERE first = 0", "copy-unanchored"),
        ("DELETE FROM published_entry WHERE first = 0", "copies-missing"),
    ):
        with city.replica.engine.begin() as connection:
            connection.exec_driver_sql(statement)
        assert slug in {finding.slug for finding in elsewhere(*watched).findings}


def test_receipts_are_judged_by_the_register_or_by_copies(tmp_path: Path) -> None:
    """The promise of a position that another submission got, as after a restore, and others."""
    city = City(tmp_path)
    story = Story(city)
    story.submit("first", licence(1))
    backup = back_up(city.register)
    story.submit("lost", licence(2))
    story.lose(backup)
    story.submit("second", licence(3))
    city.settle()
    late = city.chain.now + 100
    kept = {name: decode_signed_receipt(story.signed_receipt(name, deadline=late, seed=seed))
            for seed, name in enumerate(("first", "lost", "second"), 11)}  # fmt: skip
    with city.replica.reading() as reading:
        report = audit(reading, city.register, now=city.chain.now, receipts=kept.values())
    assert report.checked["receipts"] == 3
    assert [(finding.slug, finding.where) for finding in report.findings] == [
        ("promise-contradicted", f"receipt {story.acceptances['lost'].id}")
    ]
    report = elsewhere(city, EntryCopies(city.replica.engine), [kept["first"]])
    assert (report.clean, [remark.slug for remark in report.remarks]) == (True, ["receipt-unknown"])
    city.stop()


def test_a_promise_that_the_register_itself_broke_is_found(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.submit(licence(1))
    city.chain.mine(4_000)
    city.follow()
    assert [finding.slug for finding in audited(city).findings] == ["promise-broken"]
    city.settle()
    assert [finding.slug for finding in audited(city).findings] == ["promise-broken"]
    city.stop()
