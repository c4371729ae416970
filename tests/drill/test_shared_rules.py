"""A writer that breaks a rule which the audit shares with it is noticed by the audit.

The audit has a code path of its own, and some rules stand once: `RULES` lists them, with where a writer uses each. Such a
rule is broken for the writer alone, and what it then wrote is audited by the sound one. What is broken for both is noticed
by the second implementation (`verifier/verify.py`), by the contract, or by another city's node, which have the rule again.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from anchoring.anchorer import batcher
from anchoring.audit.audit import Expected
from anchoring.audit.node import DatabaseUrls, audit_node
from anchoring.errors import AnchorContradicted, SubmissionRefused
from anchoring.intake import admission, intake, rows, writing
from ledger.crypto.suites import SM3
from ledger.encoding.canonical import Json
from ledger.records import lifecycle
from ledger.records.lifecycle import Lineage, StatusChange
from ledger.records.records import Record
from ledger.registry import acts
from ledger.registry.status import Status
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
