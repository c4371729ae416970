"""The reasons for which a history 证照履历 is complete or not, in the words that people read.

The page docs/formats/history.md gives the rules that lead to them. Reason codes are stable, words may be improved.
"""

# ruff: noqa: E501 -- a table, one row a line

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ledger.encoding.canonical import Json
from ledger.verification.report import encode_words
from ledger.words import Words


class Completeness(StrEnum):
    """What a history comes to, the worst last."""

    COMPLETE = "complete"
    OUTDATED = "outdated"
    UNVERIFIABLE = "unverifiable"
    CONTRADICTED = "contradicted"
    NOT_GENUINE = "not_genuine"


#: What each is called.
COMPLETENESS_WORDS: Final = {
    Completeness.COMPLETE: Words("履历完整", "The history is complete"),
    Completeness.OUTDATED: Words(
        "履历在其检查点之前完整，此后又有变更", "Complete up to its checkpoint, changed since"
    ),
    Completeness.UNVERIFIABLE: Words("无法确认", "Cannot tell"),
    Completeness.CONTRADICTED: Words("履历与链上记载矛盾", "The history contradicts the chain"),
    Completeness.NOT_GENUINE: Words("不是该日志节点签署的履历", "No history that a node of this log signed"),
}


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """What a reason leads to, and what it means."""

    completeness: Completeness
    words: Words


#: The reasons, in the order of the rules of docs/formats/history.md.
REASONS: Final = {
    "other_registry": ReasonRow(Completeness.UNVERIFIABLE, Words("属于另一登记簿", "It is of another registry: ask with the trust of that one")),
    "log_unknown": ReasonRow(Completeness.UNVERIFIABLE, Words("此处不知该日志", "The log is not known here: take a newer snapshot")),
    "key_unknown": ReasonRow(Completeness.UNVERIFIABLE, Words("此处不知签署密钥", "The key that signed is not known here: take a newer snapshot")),
    "key_compromised": ReasonRow(Completeness.UNVERIFIABLE, Words("签署密钥已失窃", "The key was stolen: ask the node for a history by its new key")),
    "key_of_another": ReasonRow(Completeness.NOT_GENUINE, Words("不是该日志节点的密钥", "The key is not that of a node of this log")),
    "signature_bad": ReasonRow(Completeness.NOT_GENUINE, Words("签名无效", "The signature is not that of the key")),
    "key_retired": ReasonRow(Completeness.NOT_GENUINE, Words("签署时密钥已停用", "The key was retired before it is said to have signed")),
    "checkpoint_unknown": ReasonRow(Completeness.UNVERIFIABLE, Words("此处尚不知其检查点", "Its checkpoint lies beyond what is known here: take a newer snapshot")),
    "checkpoint_differs": ReasonRow(Completeness.CONTRADICTED, Words("其检查点与此处所知不同", "Another history of the registry is known here: compare checkpoints")),
    "record_of_another": ReasonRow(Completeness.CONTRADICTED, Words("记录属于另一证照、机构或日志", "A record is of another certificate, issuer or log")),
    "record_refuted": ReasonRow(Completeness.CONTRADICTED, Words("记录的凭据不成立", "The proof of a record fails")),
    "record_unproven": ReasonRow(Completeness.UNVERIFIABLE, Words("记录的凭据无法确认", "The proof of a record cannot be confirmed here")),
    "record_later": ReasonRow(Completeness.CONTRADICTED, Words("记录上链晚于其检查点", "A record was anchored after the checkpoint")),
    "nothing_anchored": ReasonRow(Completeness.UNVERIFIABLE, Words("尚无已上链的记录", "No record is anchored yet: ask again later")),
    "record_missing": ReasonRow(Completeness.CONTRADICTED, Words("缺少一条记录：前后不衔接", "A record is missing: one does not follow from the one before")),
    "records_unordered": ReasonRow(Completeness.CONTRADICTED, Words("记录的序号与先后不符", "The positions of the records are not in their order")),
    "transition_refused": ReasonRow(Completeness.CONTRADICTED, Words("状态不允许此操作", "A record was not possible where it stands")),
    "word_unexplained": ReasonRow(Completeness.CONTRADICTED, Words("链上有状态变更而无相应记录", "The chain has a change of status that no record explains: one was left out")),
    "word_differs": ReasonRow(Completeness.CONTRADICTED, Words("链上状态与记录不符", "The chain has another status than the record makes")),
    "word_missing": ReasonRow(Completeness.CONTRADICTED, Words("链上没有记录所作的状态变更", "The chain lacks the change of status that a record makes")),
    "status_contradictory": ReasonRow(Completeness.UNVERIFIABLE, Words("链上状态自相矛盾", "Its statuses on the chain contradict each other")),
    "too_many_changes": ReasonRow(Completeness.UNVERIFIABLE, Words("状态变更过多，无法逐一查对", "Its status changed too often to be looked through")),
    "records_unseen": ReasonRow(Completeness.UNVERIFIABLE, Words("此处只见本凭据与链上记载；其余记录请向登记城市查询", "Only this proof and the chain are seen here: ask the issuing city for the other records")),
    "changed_since": ReasonRow(Completeness.OUTDATED, Words("检查点之后状态又有变更", "Its status changed after the checkpoint: ask for a newer history")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompletenessFinding:
    """A reason of `REASONS`, and where: which record, position or anchor."""

    reason: str
    place: str

    @property
    def words(self) -> Words:
        return REASONS[self.reason].words

    def to_json(self) -> dict[str, Json]:
        return {"reason": self.reason, "words": encode_words(self.words), "place": self.place}

    @property
    def completeness(self) -> Completeness:
        return REASONS[self.reason].completeness
