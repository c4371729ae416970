"""The table from step, outcome and reason to the verdict, with the words that people read.

No row with outcome `unknown` leads to `valid`; a test walks the table. Reason codes are stable, words may be improved. The
page docs/formats/verification.md shows the table without the words.
"""

# A Chinese character takes two columns; no line of the table has more than 125 characters.
# ruff: noqa: E501

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ledger.words import Words


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Verdict(StrEnum):
    VALID = "valid"
    NOT_CURRENT = "not_current"
    INVALID = "invalid"
    UNVERIFIABLE = "unverifiable"


VERDICT_WORDS: Final = {
    Verdict.VALID: Words("真实有效", "Genuine and in force"),
    Verdict.NOT_CURRENT: Words("真实，但现不有效", "Genuine, but not in force now"),
    Verdict.INVALID: Words("核验不通过", "Verification failed"),
    Verdict.UNVERIFIABLE: Words("无法确认", "Cannot be confirmed"),
}

STEP_WORDS: Final = {
    1: Words("凭据格式与主体一致", "form of the proof, and who speaks"),
    2: Words("出示内容与登记一致", "what was presented is what was registered"),
    3: Words("证照信息项", "disclosed claims"),
    4: Words("登记批", "record in its submission"),
    5: Words("部门签名", "signature of the department"),
    6: Words("上链批次", "submission in its batch"),
    7: Words("锚定", "anchor on the chain"),
    8: Words("签发权限", "entitlement of the key"),
    9: Words("证照状态", "status"),
    10: Words("有效期", "dates"),
    11: Words("关联的印章与签名", "linked seals and signatures"),
    12: Words("所知信息的时效", "age of what is known"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the verdict that it leads to, what it means, and what to do next (empty where nothing is to be done)."""

    verdict: Verdict
    words: Words
    advice: Words


_NO_ADVICE: Final = Words("", "")
_ASK_HOLDER: Final = Words(
    "请向持证人索取原始凭据文件后重试。", "Ask the holder for the original proof file and try again."
)
_ASK_ISSUER: Final = Words("请联系颁发机构核实。", "Contact the issuing department.")
_KEEP_MATERIAL: Final = Words(
    "请勿凭此办理；必要时留存材料并联系颁发机构。",
    "Do not rely on it; keep the material and contact the issuing department if need be.",
)
_WAIT_FOR_SYNC: Final = Words(
    "若是刚刚签发的，请过几分钟再查；若持续出现，请通知本地节点管理员检查同步情况。",
    "If it was issued minutes ago, ask again soon; if it stays, let the node's administrator check that it follows the chain.",
)
_SET_CLOCK: Final = Words("请校准本机时钟后重试。", "Set this machine's clock and try again.")
_COMPARE_PAPER: Final = Words(
    "请出示文件，或将下列信息项与纸面逐项核对后确认。",
    "Present the document, or compare the items below with the paper one by one and confirm.",
)
_COMPARE_SPELLING: Final = Words(
    "请将下列信息项与纸面逐项核对后确认；或按登记的写法重新出示。",
    "Compare the items below with the paper one by one and confirm, or present them as they were registered.",
)
_UPDATE_PROGRAM: Final = Words("请更新核验程序后重试。", "Update the verifying program and try again.")
_ASK_NODE: Final = Words(
    "请改用节点或离线核验包核验。", "Verify with a node or a snapshot instead (`--node`, `--snapshot`)."
)
_CHECK_REGISTRY: Final = Words(
    "请确认本节点所用的登记簿；或联系颁发城市。",
    "Check which registry this node follows, or contact the issuing city.",
)
_ASK_ERASED: Final = Words(
    "请持证人出示其自存的、载有信息项的凭据；没有的，请其向颁发机构重新申领。",
    "Ask the holder for a proof of their own that still shows the items; without one, for a certificate issued anew.",
)
_LOOK_AT_ORIGINAL: Final = Words(
    "附加的内容（水印、批注、后加的签名等）未经登记，请勿采信；请出示未经附加的原件，或取出其中登记的原件查看（shunzheng verify --original）。",
    "Do not rely on what was added (a watermark, a note, a later signature); present the file as it was handed out, or take "
    "the registered one out of it and look at that (`shunzheng verify --original`).",
)
_ASK_ORIGINAL: Final = Words("请出示未经转存的原始文件。", "Present the original file, as it was handed out.")
_PRESENT_CERTIFICATE: Final = Words(
    "请出示所注的证照及其存证凭据。", "Present the certificate that it is a note on, with its proof."
)
_NOT_REACHED_WORDS: Final = Words("因前述问题未能检查", "Could not be checked for a reason named above")

#: Step, outcome and reason code.
RowKey = tuple[int, Outcome, str]
#: Reason code, and what it means in Chinese and in English.
_Reason = tuple[str, str, str]


def _passes(step: int, *reasons: _Reason) -> dict[RowKey, Row]:
    return _make_rows(step, Outcome.PASS, Verdict.VALID, _NO_ADVICE, reasons)


def _fails(step: int, verdict: Verdict, advice: Words, *reasons: _Reason) -> dict[RowKey, Row]:
    return _make_rows(step, Outcome.FAIL, verdict, advice, reasons)


def _unknowns(step: int, advice: Words, *reasons: _Reason) -> dict[RowKey, Row]:
    return _make_rows(step, Outcome.UNKNOWN, Verdict.UNVERIFIABLE, advice, reasons)


def _skips(step: int, *reasons: _Reason) -> dict[RowKey, Row]:
    return _make_rows(step, Outcome.NOT_APPLICABLE, Verdict.VALID, _NO_ADVICE, reasons)


def _make_rows(
    step: int, outcome: Outcome, verdict: Verdict, advice: Words, reasons: Iterable[_Reason]
) -> dict[RowKey, Row]:
    return {(step, outcome, code): Row(verdict, Words(zh, en), advice) for code, zh, en in reasons}


# fmt: off
REASON_TABLE: Final[dict[RowKey, Row]] = _passes(1,
    ("well_formed", "凭据完整，各处主体一致", "The proof is complete and names one issuer throughout"),
) | _fails(1, Verdict.INVALID, _KEEP_MATERIAL,
    ("not_presentable", "这是一条状态变更记录，不是证照", "This is a record of a status change, not a certificate"),
    ("issuer_mismatch", "记录、标识与签名声明的颁发机构不一致", "Record, identifier and statement name different issuers"),
    ("suite_mismatch", "凭据所用算法与该城市日志不符", "The proof uses another hash suite than the city's log"),
) | _unknowns(1, _ASK_HOLDER,
    ("proof_unreadable", "凭据无法读取", "The proof cannot be read"),
    ("over_limit", "凭据超出允许的大小或层数", "The proof exceeds a limit of size or depth"),
    ("pocket_incomplete", "随身凭据缺少核验所需的登记事实", "The pocket lacks a fact that the verification needs"),
) | _unknowns(1, _ASK_NODE,
    ("fact_unreadable", "随身凭据中的登记事实无法读取", "A fact of the pocket cannot be read"),
) | _unknowns(1, _UPDATE_PROGRAM,
    ("newer_format", "凭据采用了更新的格式", "The proof is in a newer format than this program knows"),
) | _unknowns(1, _CHECK_REGISTRY,
    ("other_registry", "凭据属于另一个登记簿", "The proof belongs to another registry"),
    ("log_unknown", "本节点不知道该城市的日志", "This node does not know the log of that city"),
) | _passes(2,
    ("document_matches", "文件与登记文件一致", "The document is the registered one"),
    ("claims_match", "所核对的信息项与登记一致", "The compared items are as registered"),
) | _fails(2, Verdict.INVALID, _KEEP_MATERIAL,
    ("document_mismatch", "此文件与登记文件不一致", "This document is not the registered one"),
    ("document_altered", "文件内容被改动，其自身的签章也核验不通过", "The document was altered: its own seal or signature fails"),
    ("registered_broken", "登记的就是此文件，但其自身的签章核验不通过", "This is the registered document, but its own seal or signature fails"),
    ("claim_mismatch", "信息项与登记不一致", "An item differs from what was registered"),
) | _unknowns(2, _ASK_ORIGINAL,
    ("carrier_altered", "文件内附的存证凭据被改动过", "The proof inside the document is not as it was attached"),
) | _unknowns(2, _COMPARE_PAPER,
    ("nothing_presented", "未出示可供比对的文件或信息项", "Nothing was presented that could be compared"),
    ("claims_incomplete", "仅核对了部分信息项", "Only some of the disclosed items were compared"),
    ("document_not_registered", "登记时未登记任何文件，无法比对此文件", "No document was registered, so this file cannot be compared"),
) | _unknowns(2, _COMPARE_SPELLING,
    ("spelled_otherwise", "信息项与登记仅写法不同（全半角、间隔号、空格、大小写等）", "An item is spelled otherwise than registered (width, dots, blanks, capitals)"),
) | _unknowns(2, _ASK_HOLDER,
    ("document_withheld", "凭据未披露文件指纹，无法比对", "The proof withholds the document's fingerprint"),
    ("claim_withheld", "凭据未披露该信息项，无法比对", "The proof withholds an item that was presented"),
    ("nothing_disclosed", "凭据未披露任何信息项，无法比对", "The proof discloses nothing to compare with"),
    ("claims_unreadable", "出示的信息项格式有误", "The presented items are not in a form that can be compared"),
) | _unknowns(2, _LOOK_AT_ORIGINAL,
    ("document_extended", "登记的原件完整在此文件之内，其后又附加了未登记的内容", "The registered document stands whole inside, and what was added behind it is not registered"),
) | _unknowns(2, _ASK_ERASED,
    ("content_erased", "登记内容已按决定删除，无法比对", "What was registered was erased on order: there is nothing to compare with"),
) | _passes(3,
    ("claims_committed", "披露的信息项与登记一致", "The disclosed items are those of the record"),
) | _fails(3, Verdict.INVALID, _KEEP_MATERIAL,
    ("claims_altered", "披露的信息项被改动", "The disclosed items were altered"),
) | _unknowns(3, _ASK_ISSUER,
    ("claims_contradict_record", "颁发机构登记的信息项与其登记的记录相矛盾，无法判断以何为准", "The issuer registered items that contradict its record: which is meant cannot be told"),
) | _unknowns(3, _ASK_HOLDER,
    ("nothing_disclosed", "凭据未披露任何信息项", "The proof discloses no items"),
) | _unknowns(3, _ASK_ERASED,
    ("content_erased", "曾经颁发；登记内容已按决定删除", "It was issued, and its content was erased on order"),
) | _passes(4,
    ("in_submission", "记录在部门签名的登记批之内", "The record is in the signed submission"),
) | _fails(4, Verdict.INVALID, _KEEP_MATERIAL,
    ("not_in_submission", "记录不在部门签名的登记批之内", "The record is not in the signed submission"),
) | _passes(5,
    ("signature_good", "部门签名有效", "The department's signature is good"),
) | _fails(5, Verdict.INVALID, _KEEP_MATERIAL,
    ("signature_bad", "部门签名无效", "The department's signature is wrong"),
) | _unknowns(5, _WAIT_FOR_SYNC,
    ("key_unknown", "本节点不知道签名所用的密钥", "This node does not know the key that signed"),
) | _passes(6,
    ("in_batch", "登记批在上链批次之内，序号相符", "The submission is in the batch and its position follows"),
) | _fails(6, Verdict.INVALID, _KEEP_MATERIAL,
    ("not_in_batch", "登记批不在该次上链批次之内", "The submission is not in that batch"),
    ("count_mismatch", "批次计数与链上增长不符", "The counts of the batch differ from the growth on the chain"),
) | _unknowns(6, _WAIT_FOR_SYNC,
    ("anchor_unknown", "该次锚定尚未到达本节点", "The anchor has not reached this node or is not final yet"),
) | _passes(7,
    ("anchored", "锚定已最终确认", "The anchor is final"),
) | _fails(7, Verdict.INVALID, _KEEP_MATERIAL,
    ("statement_expired", "上链时部门签名的声明已过期", "The signed statement had expired when it was anchored"),
) | _unknowns(7, _WAIT_FOR_SYNC,
    ("anchor_unknown", "该次锚定尚未到达本节点", "The anchor has not reached this node or is not final yet"),
) | _unknowns(7, _ASK_ISSUER,
    ("anchor_void", "该次锚定无效，须由颁发城市重新登记", "The anchor is void; the issuing city must register again"),
    ("statement_postdated", "声明晚于上链时间，部门与区块链的时钟不一致，须由颁发机构重新登记", "The statement is dated after its anchor: clocks differ; to be registered again"),
    ("older_format", "声明采用旧版格式，此时已不再有效；须由颁发机构重新登记", "The statement is of version 1, which no longer counts; to be registered again"),
    ("outside_window", "不在声明所限的锚定序号内上链，须由颁发机构重新登记", "It was anchored outside of the window of its statement; to be registered again"),
    ("entry_repeated", "该登记批此前已上链，以先上链的为准", "The submission was anchored before, and what was anchored first counts"),
) | _passes(8,
    ("entitled", "上链时颁发机构与密钥有权签发", "Issuer and key were entitled when it was anchored"),
) | _fails(8, Verdict.INVALID, _KEEP_MATERIAL,
    ("issuer_not_in_log", "颁发机构不属于该城市", "The issuer does not belong to that city"),
    ("key_not_registered", "签名密钥上链时尚未登记", "The key was not registered when it was anchored"),
    ("not_entitled", "该密钥无权为此机构签发此类证照", "The key was not entitled to speak for this issuer and type"),
    ("key_retired", "签名密钥上链时已停用", "The key had been retired when it was anchored"),
) | _unknowns(8, _ASK_ISSUER,
    ("key_compromised", "签名密钥上链时可能已泄露", "The key may have been in other hands when it was anchored"),
) | _unknowns(8, _WAIT_FOR_SYNC,
    ("anchor_unknown", "该次锚定尚未到达本节点", "The anchor has not reached this node or is not final yet"),
) | _passes(9,
    ("status_valid", "状态有效", "The status is valid"),
    ("status_reinstated", "已恢复效力", "The status is reinstated"),
) | _fails(9, Verdict.NOT_CURRENT, _ASK_ISSUER,
    ("suspended", "暂扣中", "Suspended"),
    ("superseded", "已换发", "Superseded by a newer version"),
    ("cancelled", "已注销", "Cancelled"),
    ("revoked", "已撤销", "Revoked"),
    ("withdrawn", "已吊销", "Withdrawn"),
    ("transferred", "已转出", "Transferred"),
    ("void", "已失效", "Void"),
) | _unknowns(9, _ASK_ISSUER,
    ("status_contradictory", "链上状态自相矛盾", "The anchored statuses contradict each other"),
    ("reinstatement_unproven", "恢复效力未附部门签名的记录", "The reinstatement lacks its department-signed record"),
    ("predecessor_unknown", "本节点不知道前一登记簿的状态", "The status in the preceding registry is not known here"),
    ("staple_altered", "凭据所附状态与链上不符", "The attached status does not fit its anchor"),
) | _unknowns(9, _WAIT_FOR_SYNC,
    ("position_unknown", "序号未知，无法查询状态", "The position is not known, so neither is the status"),
    ("staple_newer", "凭据所附状态比本节点所知更新，且并非有效", "The attached status is newer than what is known here"),
    ("attached_unproven", "凭据所附的变更、签注或异议记录无法证实", "An attached record of a change or a note cannot be confirmed"),
) | _passes(10,
    ("within_dates", "在有效期内", "Within its dates"),
    ("no_end_date", "长期有效", "No end date"),
) | _fails(10, Verdict.NOT_CURRENT, _ASK_ISSUER,
    ("expired", "已过有效期", "Past its last day"),
    ("not_yet_valid", "尚未到生效日期", "Before its first day"),
) | _unknowns(10, _SET_CLOCK,
    ("clock_behind", "本机时钟有误，无法判断是否已生效", "The clock is wrong: it may be in force"),
) | _skips(11,
    ("no_links", "无关联的印章或签名", "No linked seals or signatures"),
) | _passes(11,
    ("seals_good", "用印时印章有效，且属签章人", "Each seal was in force when it was used, by whose it is"),
) | _fails(11, Verdict.INVALID, _KEEP_MATERIAL,
    ("linked_not_entitled", "登记印章或签章的单位当时无权登记", "Whoever registered the seal or its use was not entitled to"),
    ("link_of_another_kind", "所关联的记录不是所称的印章、签章或转出记录", "A link names a record of another kind than the link says"),
    ("sealed_other_document", "该印章盖在另一份文件上", "What was sealed is another document"),
    ("seal_of_another", "该印章不属于签章人或颁发机构", "The seal is not that of the signer or of the issuer"),
    ("seal_registered_later", "用印时印章尚未登记", "The seal was used before it was registered"),
    ("seal_not_in_force", "用印时印章已停用或注销", "The seal was not in force when it was used"),
    ("seal_out_of_dates", "用印时不在印章有效期内", "The seal was used outside its dates"),
) | _fails(11, Verdict.NOT_CURRENT, _ASK_ISSUER,
    ("signature_ended", "该签章其后已被宣告失效", "The sealing was declared void since"),
) | _unknowns(11, _ASK_HOLDER,
    ("link_missing", "凭据未附所关联的印章或签章", "The proof lacks a linked seal or signature"),
    ("linked_unproven", "所附印章、签章或转出的凭据不成立", "The attached proof of a seal, a signature or a transfer does not hold"),
    ("linked_undisclosed", "所附印章或签章未披露信息项", "The attached seal or signature does not show its claims"),
    ("sealed_document_withheld", "未披露用印的文件，无法核对", "Which document was sealed is withheld"),
    ("seal_holder_withheld", "未披露印章持有者或签章人", "Whose seal it is, or who sealed, is withheld"),
) | _unknowns(11, _PRESENT_CERTIFICATE,
    ("note_alone", "这是对一份证照的签注或异议，本身不是证照", "This is a note on a certificate, and no certificate itself"),
) | _unknowns(11, _ASK_ISSUER,
    ("linked_status_unknown", "印章或签章的状态无法确认", "The status of the seal or of the sealing cannot be told"),
    ("moved_elsewhere", "所承接的证照转往另一座城市", "The certificate that this one continues went to another city"),
) | _unknowns(11, _UPDATE_PROGRAM,
    ("link_unknown", "本程序不认识此种关联", "This program does not know a link of this kind"),
) | _passes(12,
    ("knowledge_fresh", "所知信息在允许时效内", "What is known is fresh enough"),
) | _unknowns(12, _WAIT_FOR_SYNC,
    ("knowledge_stale", "现已无法判断：所知信息已超过允许时效", "Cannot tell any more: what is known is too old"),
) | _unknowns(12, _SET_CLOCK,
    ("clock_behind", "本机时钟早于链上时间", "This machine's clock is behind the chain"),
) | {
    (step, Outcome.UNKNOWN, "not_reached"): Row(Verdict.UNVERIFIABLE, _NOT_REACHED_WORDS, _ASK_HOLDER) for step in range(2, 13)
}
# fmt: on

#: Steps that say whether the certificate is genuine; the others say whether it is in force.
_GENUINENESS_STEPS: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 11})
_STATUS_STEP: Final = 9
#: The paper was not compared, not in full, not as it is spelled, or no more, and what is said of it then. Nothing speaks against the
#: code, so what ended the certificate is said first.
UNCOMPARED_REASONS: Final = {
    "nothing_presented": Words("未核对纸面内容", "was not compared"),
    "claims_incomplete": Words("纸面内容未全部核对", "was compared in part only"),
    "spelled_otherwise": Words("纸面写法与登记不同", "is spelled otherwise than registered"),
    "content_erased": Words(
        "登记内容已按决定删除，无法核对纸面", "cannot be compared: what was registered was erased on order"
    ),
}

#: What ended a certificate or keeps it from being in force, as it stands inside a sentence.
_END_WORDS: Final = {
    "suspended": Words("正被暂扣", "suspended at present"),
    "superseded": Words("已换发", "superseded by a newer version"),
    "cancelled": Words("已注销", "cancelled"),
    "revoked": Words("已撤销", "revoked"),
    "withdrawn": Words("已吊销", "withdrawn"),
    "transferred": Words("已转出", "transferred"),
    "void": Words("已宣告失效", "void"),
    "expired": Words("已过有效期", "expired"),
    "not_yet_valid": Words("尚未生效", "not yet in force"),
    "signature_ended": Words("的签章已宣告失效", "no longer sealed: its sealing was declared void"),
}


def choose_verdict_words(verdict: Verdict, reason: str, comparison: str) -> Words:
    """Return the sentence of a verdict: what ended a certificate has its own, and no paper is genuine that was not compared.

    `reason` is that of the deciding step, `comparison` that of step 2.
    """
    end_words = _END_WORDS.get(reason)
    if verdict is not Verdict.NOT_CURRENT or end_words is None:
        return VERDICT_WORDS[verdict]
    if comparison not in UNCOMPARED_REASONS:
        return Words(f"真实，但{end_words.zh.removeprefix('的')}", f"Genuine, but {end_words.en}")
    paper_words = UNCOMPARED_REASONS[comparison]
    return Words(
        f"此码所指的证照{end_words.zh}；{paper_words.zh}",
        f"The certificate that this code names is {end_words.en}; the paper {paper_words.en}",
    )


def _rank(key: RowKey) -> tuple[int, int]:
    """Return the place of a row in the order of decision: by what it says, then by its step."""
    step, row = key[0], REASON_TABLE[key]
    match row.verdict:
        case Verdict.INVALID:
            return 0, step
        case Verdict.UNVERIFIABLE if step in _GENUINENESS_STEPS and key[2] not in UNCOMPARED_REASONS:
            return 1, step
        case Verdict.NOT_CURRENT:
            return 2, step
        case Verdict.UNVERIFIABLE:
            return 3, step
        case _:
            return 4, 0 if step == _STATUS_STEP else step


_RANKS: Final = {key: _rank(key) for key in REASON_TABLE}


def decide(keys: Iterable[RowKey]) -> tuple[Verdict, RowKey]:
    """Return the verdict of all steps together and the step that decides it.

    Evidence against it comes first, then gaps in what makes it genuine, then what ended it, then a paper that was not
    compared (nothing presented, or a part only) and gaps in what is known of its present state. Only when every step passes or does not apply is it valid; the deciding
    step is then the status.
    """
    key = min(keys, key=_RANKS.__getitem__)
    return REASON_TABLE[key].verdict, key
