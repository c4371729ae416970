"""The status of a certificate at a moment of the past, and the anchors that bound it.

The answer is step 9 of a verification with the log cut off after the newest anchor at or before the moment
(docs/formats/past-status.md). Where the record comes from is judged by what is known today, so a compromise that was found
since still counts. What nobody had anchored by then is no part of the answer: a decision counts from its anchor on, whatever
day it bears.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ledger.encoding import times
from ledger.encoding.canonical import Json
from ledger.proof.proof import Proof
from ledger.registry.changes import walk_changes
from ledger.registry.trust import Anchor, LogState, Trust
from ledger.verification.origin import Origin, trace_origin
from ledger.verification.reasons import REASON_TABLE, Outcome
from ledger.verification.report import StatusReport, Step, encode_words
from ledger.verification.status_step import judge_status
from ledger.words import Words

TYPE: Final = "shunzheng/past-status/1"


class PastStanding(StrEnum):
    """What can be said of the moment."""

    IN_FORCE = "in_force"
    NOT_IN_FORCE = "not_in_force"
    NOT_REGISTERED = "not_registered"
    INVALID = "invalid"
    UNKNOWN = "unknown"


#: What each answer is called.
STANDING_WORDS: Final = {
    PastStanding.IN_FORCE: Words("当时有效", "In force then"),
    PastStanding.NOT_IN_FORCE: Words("当时未处于有效状态", "Not in force then"),
    PastStanding.NOT_REGISTERED: Words("当时尚未登记", "Not registered then"),
    PastStanding.INVALID: Words("核验不通过", "Does not verify"),
    PastStanding.UNKNOWN: Words("无法确认", "Cannot tell"),
}
_STANDING_OF_OUTCOME: Final = {
    Outcome.PASS: PastStanding.IN_FORCE,
    Outcome.FAIL: PastStanding.NOT_IN_FORCE,
    Outcome.UNKNOWN: PastStanding.UNKNOWN,
}
#: Reasons that only a past moment has.
REASON_WORDS: Final = {
    "not_registered_yet": Words("当时尚未登记上链", "Not anchored yet at that moment"),
    "later_than_known": Words(
        "该时刻晚于本地所知的最新锚定，无法确认",
        "The moment lies after the newest anchor that is known here",
    ),
    "too_many_changes": Words(
        "此后状态变更过多，无法确认",
        "The status changed too often since then to be looked through",
    ),
}


@dataclass(frozen=True, slots=True)
class PastStatus:
    """The status at `moment` (seconds since 1970), and the anchors that show it.

    `since_anchor` set it, `known_anchor` is the newest at or before the moment, `until_anchor` the first later one that
    set another. `newest_anchored_at` is the block time of the newest good anchor that is known here: nothing later can
    be said.
    """

    moment: int
    standing: PastStanding
    reason: str
    status: StatusReport | None = None
    since_anchor: Anchor | None = None
    known_anchor: Anchor | None = None
    until_anchor: Anchor | None = None
    newest_anchored_at: int | None = None
    deciding_step: Step | None = None

    def to_json(self) -> dict[str, Json]:
        reason_words = (
            REASON_TABLE[self.deciding_step.key].words if self.deciding_step else REASON_WORDS[self.reason]
        )
        body: dict[str, Json] = {
            "type": TYPE,
            "at": times.format_time(self.moment),
            "then": self.standing.value,
            "words": encode_words(STANDING_WORDS[self.standing]),
            "reason": self.reason,
            "reason_words": encode_words(reason_words),
        }
        if self.status is not None:
            body["status"] = self.status.to_evidence()
        for name, anchor in (
            ("since", self.since_anchor),
            ("known", self.known_anchor),
            ("until", self.until_anchor),
        ):
            if anchor is not None:
                body[name] = _encode_anchor(anchor)
        if self.newest_anchored_at is not None:
            body["newest"] = times.format_time(self.newest_anchored_at)
        return body


@dataclass(frozen=True, slots=True)
class PastSpan:
    """What was the case from a first to a last second: one `PastStatus` a stretch, as of the moment at which it begins.

    `end_status` is the status at the last second. A stretch lasts until the next begins, the last one to that second.
    """

    stretches: tuple[PastStatus, ...]
    end_status: PastStatus

    @property
    def start_status(self) -> PastStatus:
        """The status at the first second."""
        return self.stretches[0]

    def to_json(self) -> dict[str, Json]:
        return {
            "start": self.start_status.to_json(),
            "end": self.end_status.to_json(),
            "during": [stretch.to_json() for stretch in self.stretches],
        }


#: Stretches of one day that are told; beyond, nobody can say what was the case, and each costs some questions.
MAX_STRETCHES: Final = 64


def judge_past_span(proof: Proof, trust: Trust, day_or_moment: str) -> PastSpan:
    """Return what was the case during a civil date in Asia/Shanghai, or at a moment.

    Raises: MalformedInput when `day_or_moment` is neither `YYYY-MM-DD` nor `YYYY-MM-DDTHH:MM:SSZ`.
    """
    first_second, last_second = (
        (times.parse_time(day_or_moment),) * 2
        if "T" in day_or_moment
        else times.find_day_bounds(times.parse_date(day_or_moment))
    )
    origin = trace_origin(proof, trust, must_present=True)
    beginning_moments = _find_beginnings(origin, trust, first_second, last_second)
    if len(beginning_moments) > MAX_STRETCHES:
        endless_past = PastStatus(first_second, PastStanding.UNKNOWN, "too_many_changes")
        return PastSpan((endless_past,), replace(endless_past, moment=last_second))
    stretches = tuple(_judge_moment(proof, origin, trust, moment) for moment in beginning_moments)
    return PastSpan(stretches, _judge_moment(proof, origin, trust, last_second))


def _find_beginnings(origin: Origin, trust: Trust, first_second: int, last_second: int) -> list[int]:
    """Return the first second, and each at which another stretch may begin: registered, changed, not known any more.

    More than `MAX_STRETCHES` where they are too many, or cannot be found.
    """
    beginning_moments, log, anchor = {first_second}, origin.log, origin.anchor
    if not origin.is_proven or log is None or anchor is None or origin.position is None:
        return [first_second]
    beginning_moments |= {anchor.time, log.anchored_at + 1}
    for change in walk_changes(trust, log.name, origin.position, log.sequence):
        if change is None or len(beginning_moments) > MAX_STRETCHES:
            return list(range(MAX_STRETCHES + 1))
        if change.since <= first_second:
            break
        if change.since <= last_second:
            beginning_moments.add(change.since)
    return sorted(moment for moment in beginning_moments if first_second <= moment <= last_second)


def judge_past(proof: Proof, trust: Trust, moment: int) -> PastStatus:
    """Return what the status of the record was at `moment`.

    1. The record comes from whom it names and was anchored, by today's knowledge.
    2. The moment lies between its anchor and the newest good anchor of its log that is known.
    3. So few changes were anchored since then that the next one can be named.
    4. The status is that of step 9, on what was anchored by then; next to it, the anchors that bound it. Where that
       is in force, the dates decide (step 10).
    """
    return _judge_moment(proof, trace_origin(proof, trust, must_present=True), trust, moment)


def _judge_moment(proof: Proof, origin: Origin, trust: Trust, moment: int) -> PastStatus:
    # 1
    unpassed_steps = [step for step in origin.steps if step.outcome is not Outcome.PASS]
    log, anchor, position = origin.log, origin.anchor, origin.position
    if unpassed_steps or log is None or anchor is None or position is None:
        return _report_unproven(unpassed_steps, moment)
    # 2
    if moment < anchor.time:
        return PastStatus(
            moment,
            PastStanding.NOT_REGISTERED,
            "not_registered_yet",
            until_anchor=anchor,
            newest_anchored_at=log.anchored_at,
        )
    if moment > log.anchored_at:
        return PastStatus(
            moment, PastStanding.UNKNOWN, "later_than_known", newest_anchored_at=log.anchored_at
        )
    # 3
    known_anchor = _find_newest_anchor(trust, log, anchor, moment)
    try:
        until_anchor = _find_next_change(trust, log, position, known_anchor.sequence)
    except _TooManyChanges:
        return PastStatus(
            moment,
            PastStanding.UNKNOWN,
            "too_many_changes",
            known_anchor=known_anchor,
            newest_anchored_at=log.anchored_at,
        )
    # 4
    proof_then = _cut_proof(proof, known_anchor.sequence)
    step, status = judge_status(proof_then, _cut_origin(origin, log, known_anchor), trust)
    deciding_step = _judge_dates(proof, moment) or step if step.outcome is Outcome.PASS else step
    change = trust.find_status(log.name, position, known_anchor.sequence)
    return PastStatus(
        moment,
        _STANDING_OF_OUTCOME[deciding_step.outcome],
        deciding_step.reason,
        status=status,
        since_anchor=trust.find_anchor(log.name, change.sequence) if change else anchor,
        known_anchor=known_anchor,
        until_anchor=until_anchor,
        newest_anchored_at=log.anchored_at,
        deciding_step=deciding_step,
    )


def _report_unproven(unpassed_steps: Sequence[Step], moment: int) -> PastStatus:
    """Whatever is against the record decides before what is not known of it."""
    failed_steps = [step for step in unpassed_steps if step.outcome is Outcome.FAIL]
    step = (failed_steps or list(unpassed_steps))[0]
    return PastStatus(
        moment,
        PastStanding.INVALID if failed_steps else PastStanding.UNKNOWN,
        step.reason,
        deciding_step=step,
    )


def _find_newest_anchor(trust: Trust, log: LogState, first_anchor: Anchor, moment: int) -> Anchor:
    """Return the newest anchor of the log at or before `moment`, from `first_anchor` on; block times never go back."""
    low_sequence, high_sequence, newest_anchor = first_anchor.sequence, log.sequence, first_anchor
    while low_sequence < high_sequence:
        middle_sequence = (low_sequence + high_sequence + 1) // 2
        anchor = trust.find_anchor(log.name, middle_sequence)
        if anchor is None or anchor.time > moment:
            high_sequence = middle_sequence - 1
        else:
            low_sequence, newest_anchor = middle_sequence, anchor
    return newest_anchor


def _cut_proof(proof: Proof, sequence: int) -> Proof:
    """Leave out what the proof carries from after the anchor `sequence`."""
    linked_proofs = tuple(
        linked_proof for linked_proof in proof.linked_proofs if linked_proof.sequence <= sequence
    )
    keeps_status = proof.staple is not None and proof.staple.sequence <= sequence
    return replace(proof, staple=proof.staple if keeps_status else None, linked_proofs=linked_proofs)


def _cut_origin(origin: Origin, log: LogState, known_anchor: Anchor) -> Origin:
    """Cut the log off after the anchor `known_anchor`: step 9 asks for nothing beyond the log's newest."""
    cut_log = replace(
        log, sequence=known_anchor.sequence, size=known_anchor.size, anchored_at=known_anchor.time
    )
    return replace(origin, log=cut_log)


class _TooManyChanges(Exception):
    """More changes than are looked through lie between the moment and the newest anchor."""


def _find_next_change(trust: Trust, log: LogState, position: int, sequence: int) -> Anchor | None:
    """Return the first anchor beyond `sequence` that set the position's status. Raises: _TooManyChanges."""
    next_change = None
    for change in walk_changes(trust, log.name, position, log.sequence):
        if change is None:
            raise _TooManyChanges
        if change.sequence <= sequence:
            break
        next_change = change
    return trust.find_anchor(log.name, next_change.sequence) if next_change else None


def _judge_dates(proof: Proof, moment: int) -> Step | None:
    day, record = times.find_civil_date(moment), proof.record
    if record.valid_from and day < record.valid_from:
        return Step(10, Outcome.FAIL, "not_yet_valid")
    if record.valid_until and record.valid_until < day:
        return Step(10, Outcome.FAIL, "expired")
    return None


def _encode_anchor(anchor: Anchor) -> dict[str, Json]:
    return {
        "sequence": anchor.sequence,
        "n": anchor.event_number,
        "block": anchor.block_number,
        "time": times.format_time(anchor.time),
    }
