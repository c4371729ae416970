"""A writer that breaks a rule which the audit shares with it is noticed by the audit.

The audit has a code path of its own, and some rules stand once: `RULES` lists them, with where a writer uses each. Such a
rule is broken for the writer alone, and what it then wrote is audited by the sound one. What is broken for both is noticed
by the second implementation (`verifier/verify.py`), by the contract, or by another city's node, which have the rule again.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from anchoring.anchorer import batcher
from anchoring.audit.audit import Expected
from anchoring.audit.node import DatabaseUrls, audit_node
from anchoring.errors import AnchorContradicted, SubmissionRefused
from anchoring.follower import follower
from anchoring.intake import admission, intake, rows, spool, writing
from anchoring.register.access import tallies
from anchoring.register.access.tokens import create_token
from anchoring.register.search.facets import make_facets
from ledger.crypto.keys import generate_key
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.records import lifecycle
from ledger.records.lifecycle import Lineage, StatusChange
from ledger.records.records import Record
from ledger.registry import acts, fold
from ledger.registry.event_trees import EventNodes, EventTrees
from ledger.registry.fold import Trees, View
from ledger.registry.status import Status
from ledger.registry.trust import NODE, Fact, PositionStatus
from tests.fakes.department import ISSUER, LOG, SETTINGS, Department, change, licence
from tests.fakes.issuing import City

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Rule:
    """A rule that stands once: how a writer is made to break it, what is submitted then, and what the audit says."""

    name: str
    break_it: Callable[[Patch], None]
    slug: str
    work: Callable[[City], object]


def permit_anything(patch: Patch) -> None:
    def follow(
        lineage: Lineage | None, record: Record, leaf: bytes, *, is_anchored: bool = False
    ) -> tuple[Lineage, StatusChange | None]:
        open_lineage = replace(lineage, status=Status.VALID) if lineage else None
        return lifecycle.follow(open_lineage, record, leaf, is_anchored=is_anchored)

    patch.setattr(writing, "follow", follow)


def mistake_a_status(patch: Patch) -> None:
    patch.setitem(lifecycle.STATUS_AFTER, "suspend", Status.REVOKED)


def hash_otherwise(patch: Patch) -> None:
    patch.setattr(rows, "hash_leaf", lambda suite, body: suite.hash(b"\x07" + body))
    patch.setattr(intake, "_check_root", lambda statement, leaves: None)


def believe_signatures(patch: Patch) -> None:
    patch.setattr(admission, "_check_signature", lambda statement, signature, trust: None)


def grant_everything(patch: Patch) -> None:
    patch.setattr(rows, "is_granted", lambda grants, moment, scope: True)


def make_another_root(patch: Patch) -> None:
    patch.setattr(batcher._BatchContent, "compute_root", lambda self, suite: suite.hash(b"another"))


def leave_changes_out(patch: Patch) -> None:
    patch.setattr(batcher, "encode_changes", lambda changes: b"")


def store_no_links(patch: Patch) -> None:
    patch.setattr(writing, "_make_link_rows", lambda position, links: ())


def find_by_nothing(patch: Patch) -> None:
    patch.setattr(rows, "list_terms", lambda values: ())


def list_by_another_type(patch: Patch) -> None:
    for module in (writing, spool):
        patch.setattr(module, "make_facets", lambda record: make_facets(record)._replace(type="another"))


def vouch_for_another_count(patch: Patch) -> None:
    patch.setattr(tallies.Tally, "encode", lambda tally: b"another count")


def grow_other_trees(patch: Patch) -> None:
    complete = EventTrees.complete

    def complete_otherwise(event_trees: EventTrees, event: acts.Event) -> EventNodes:
        return complete(event_trees, replace(event, time=event.time + 1))

    patch.setattr(EventTrees, "complete", complete_otherwise)


def derive_other_facts(patch: Patch) -> None:
    def derive_otherwise(view: View, trees: Trees, event: acts.Event) -> list[Fact]:
        facts = fold.derive(view, trees, event)
        return [
            replace(fact, since=fact.since + 1) if isinstance(fact, PositionStatus) else fact
            for fact in facts
        ]

    patch.setattr(follower, "derive", derive_otherwise)


def count_no_positions(patch: Patch) -> None:
    patch.setattr(intake, "set_log_size", lambda connection, size: None)


def renew_what_was_revoked(city: City) -> None:
    city.submit(change("revoke", 1))
    city.settle()
    city.submit(change("renew", 1, 2))


def submit_with_another_signature(city: City) -> None:
    with city.replica.reading() as trust:
        statement_line, *record_lines = city.department.lines(
            [licence(7)], city.net.now, find_newest_leaf=city.newest
        )
        signature = b'"signature":"'
        start = statement_line.index(signature) + len(signature)
        altered = statement_line[:start] + b"AAAA" + statement_line[start + 4 :]
        intake.accept(city.register, trust, [altered, *record_lines], city.net.now, SETTINGS)


def submit_without_a_grant(city: City) -> None:
    """Let a key that may register seals alone register a licence."""
    other = Department(city.registry, seed=9)
    city.act(acts.KeyRegistered(LOG, 1, other.key.public.spki))
    city.act(acts.KeyGranted(LOG, other.key.public.id, ISSUER, 2, (), 0, 2 * city.net.now))
    with city.replica.reading() as trust:
        log_state = trust.find_log(LOG)
        assert log_state
        other.target = replace(other.target, sequence=log_state.sequence)
        intake.accept(city.register, trust, other.lines([licence(8)], city.net.now), city.net.now, SETTINGS)


def make_token(city: City) -> None:
    key = generate_key("p256", Random(5).randbytes)
    city.act(acts.KeyRegistered(LOG, NODE, key.public.spki))
    with city.register.writing() as connection:
        create_token(
            connection,
            Random(7).randbytes,
            label="office",
            scopes=["history"],
            now=city.net.now,
            ends_at=None,
            key=key,
        )


def submit_links(city: City) -> None:
    links: list[Json] = [{"rel": "based-on", "record": SM3.format(bytes(32))}]
    city.submit(licence(9, links=links))


RULES: Final = (
    Rule("which record may follow which", permit_anything, "transition-refused", renew_what_was_revoked),
    Rule(
        "which status an action makes",
        mistake_a_status,
        "change-altered",
        lambda city: city.submit(change("suspend", 1)),
    ),
    Rule("how a record is hashed", hash_otherwise, "record-altered", lambda city: city.submit(licence(6))),
    Rule("what a signature covers", believe_signatures, "signature-bad", submit_with_another_signature),
    Rule("whom a grant entitles", grant_everything, "not-granted", submit_without_a_grant),
    Rule("how entries make a root", make_another_root, "batch-root", lambda city: city.submit(licence(6))),
    Rule(
        "how changes are written",
        leave_changes_out,
        "batch-changes",
        lambda city: city.submit(change("suspend", 1)),
    ),
    Rule("what a record links to", store_no_links, "link-missing", submit_links),
    Rule(
        "by what a certificate is found",
        find_by_nothing,
        "term-missing",
        lambda city: city.submit(licence(6, claims={"ZZBH": "JY-6"})),
    ),
    Rule(
        "by what a record is listed",
        list_by_another_type,
        "facet-altered",
        lambda city: city.submit(licence(6), change("suspend", 1)),
    ),
    Rule("what vouches for a count", vouch_for_another_count, "tally-altered", make_token),
    Rule(
        "how the trees over the events grow",
        grow_other_trees,
        "fact-altered",
        lambda city: city.submit(licence(6)),
    ),
    Rule(
        "which facts an event makes",
        derive_other_facts,
        "fact-altered",
        lambda city: city.submit(change("suspend", 1)),
    ),
    Rule("how positions are counted", count_no_positions, "log-size", lambda city: city.submit(licence(6))),
)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    registered_city = City(tmp_path)
    registered_city.submit(*(licence(number) for number in range(3)))
    registered_city.settle()
    yield registered_city
    registered_city.stop()


def audit(city: City, folder: Path) -> Mapping[str, list[str]]:
    places = DatabaseUrls(city.urls[1], f"sqlite:///{folder / 'checkpoints.db'}", city.urls[0])
    report = audit_node(places, Expected(city.registry, LOG), now=city.net.now)
    return {finding.slug: [finding.text] for finding in report.findings}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_writer_whose_rule_is_broken_is_noticed(rule: Rule, city: City, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rule.break_it(patch)
        rule.work(city)
        with suppress(AnchorContradicted):  # a node that finds its anchor void stops there
            city.settle()
    assert rule.slug in audit(city, tmp_path)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_writer_whose_rule_is_sound_writes_or_refuses(rule: Rule, city: City, tmp_path: Path) -> None:
    """Without the broken rule the same work is refused, or leaves nothing to find."""
    with suppress(SubmissionRefused):
        rule.work(city)
    city.settle()
    assert audit(city, tmp_path) == {}
