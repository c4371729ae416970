"""The checks of a signed document, what each can come to, and the verdict of all together.

One table, as in `ledger.verification.reasons`: no row with outcome `unknown` leads to `valid`, and only what was seen to be
wrong is `invalid`. A seal or certificate that had run out when it was used leaves the document intact and
`unverifiable`: the time is the signer's own word, and nothing was altered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from ledger.verification.reasons import Outcome, Verdict
from ledger.words import Words

#: In the order in which they are made (GM/T 0031-2014 7.3, GB/T 38540-2020 7.3).
CHECKS: Final = {
    "structure": Words("数据格式", "form of the signature"),
    "references": Words("受保护文件未改动", "protected parts unaltered"),
    "coverage": Words("保护范围", "parts of the document that are protected"),
    "data_hash": Words("签名描述文件未改动", "description of the signature unaltered"),
    "signature": Words("签章人签名", "signature of the signer"),
    "seal_file": Words("印章文件一致", "seal beside the signature is the one within"),
    "seal_signature": Words("制章机构签名", "signature of the seal maker"),
    "signer_listed": Words("签章人有权用章", "signer is listed in the seal"),
    "validity": Words("签章时印章与证书有效", "seal and certificate in force when used"),
    "chain": Words("证书颁发机构可信", "certificates lead to a trusted authority"),
    "timestamp": Words("时间戳", "timestamp"),
}
_VERDICTS_WORST_FIRST: Final = (Verdict.INVALID, Verdict.UNVERIFIABLE, Verdict.NOT_CURRENT, Verdict.VALID)


@dataclass(frozen=True, slots=True)
class CheckRow:
    """What an outcome of a check leads to, and what it means."""

    verdict: Verdict
    words: Words


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made, its outcome and reason."""

    name: str
    outcome: Outcome
    reason: str

    @property
    def row(self) -> CheckRow:
        return FINDING_TABLE[self.name, self.outcome, self.reason]


def pass_check(name: str, reason: str = "ok") -> Check:
    return Check(name, Outcome.PASS, reason)


def fail_check(name: str, reason: str) -> Check:
    return Check(name, Outcome.FAIL, reason)


def leave_unknown(name: str, reason: str) -> Check:
    return Check(name, Outcome.UNKNOWN, reason)


def pick_first_bad(checks: Iterable[Check]) -> Check:
    """Return the first check that did not pass, else the last; of one or more."""
    for check in checks:
        if check.outcome is not Outcome.PASS:
            break
    return check


def decide(checks: Iterable[Check]) -> Verdict:
    """Return the worst verdict of the checks' rows; of no checks at all, `unverifiable`."""
    return pick_worst(check.row.verdict for check in checks)


def pick_worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return `invalid` before `unverifiable` before `valid`; of nothing, `unverifiable`."""
    return min(verdicts, key=_VERDICTS_WORST_FIRST.index, default=Verdict.UNVERIFIABLE)


CheckKey: TypeAlias = tuple[str, Outcome, str]
_OutcomeAndVerdict: TypeAlias = tuple[Outcome, Verdict]
_WrittenRow: TypeAlias = tuple[_OutcomeAndVerdict, str, str, str]

_PASSING: Final = (Outcome.PASS, Verdict.VALID)
#: The document, or what signs it, was altered.
_FAILING: Final = (Outcome.FAIL, Verdict.INVALID)
#: It is not as it should be, and nothing was altered.
_AMISS: Final = (Outcome.FAIL, Verdict.UNVERIFIABLE)
#: It cannot be told.
_OPEN: Final = (Outcome.UNKNOWN, Verdict.UNVERIFIABLE)

# fmt: off
_DIGEST_ROW: Final = (_OPEN, "digest", "摘要算法不受支持", "The digest algorithm is not accepted")
_ALGORITHM_ROW: Final = (_OPEN, "algorithm", "签名算法或密钥不受本程序支持",
                      "The algorithm or key is not one that this program checks")
_IDENTITY_ROW: Final = (_OPEN, "identity", "签名时 SM2 用户标识为空，不是规定的默认标识，不能确认",
                    "It was signed by SM2 with an empty identity, not with the one that is prescribed: it is not confirmed")
_FORM_ROW: Final = (_OPEN, "form", "签名值的写法无法识别", "The signature value is not written in a form that is read here")
#: What can become of a chain in whatever role.
_CHAIN_ROWS: Final = (
    (_OPEN, "usage", "证书的密钥用法不含签名", "The certificate's key usage does not include signatures"),
    (_OPEN, "no_trust_list", "未指定可信机构名单，证书由谁签发未作核对",
     "No list of trusted authorities was given: who vouches for the certificates was not looked at"),
    (_OPEN, "period", "名单上的机构当时不在有效期内", "The authority on the list was not in force at that time"),
)
# fmt: on


def _make_rows(check_name: str, *rows: _WrittenRow) -> dict[CheckKey, CheckRow]:
    """Return the rows of one check, each written as sort, reason, Chinese and English."""
    return {
        (check_name, outcome, reason): CheckRow(verdict, Words(zh, en))
        for (outcome, verdict), reason, zh, en in rows
    }


# fmt: off
FINDING_TABLE: Final[dict[CheckKey, CheckRow]] = {
    **{(check, Outcome.PASS, "ok"): CheckRow(Verdict.VALID, Words("通过", "Passed")) for check in CHECKS},
    **_make_rows(
        "structure",
        (_OPEN, "malformed", "签名数据无法读取", "The signature cannot be read"),
        (_OPEN, "encoding", "签名数据不是规范的 DER 编码", "The signature is not in the one exact form of DER"),
        (_OPEN, "subfilter", "签名类型不受支持", "The signature is of a type that is not read here"),
        (_OPEN, "missing", "缺少签名数据文件", "A file of the signature is missing"),
    ),
    **_make_rows(
        "references",
        (_FAILING, "altered", "签名后文件被改动", "Parts were altered after signing"),
        (_PASSING, "later_signature", "其后又加盖了签名，本签名保护的内容未改动",
         "A later signature was added; nothing else was altered"),
        (_PASSING, "validation_data", "其后仅附加了验证数据", "Nothing but data to validate the signatures was added later"),
        (_OPEN, "appended", "签名之后附有其他数据", "Data that no signature covers was appended"),
        (_OPEN, "filled", "签名后填写了表单", "A form field was filled in after signing"),
        (_OPEN, "forbidden", "签名后的更改为签署人所不许", "What came after the signature is more than its signer allowed"),
        (_OPEN, "look_added", "签名之后新增了可见内容，本签名不为其负责，仅由其后的签名负责",
         "Something became visible after this signature: its signer does not vouch for that, a later one may"),
        (_OPEN, "unexplained", "签名之后有无法判断的更改", "What was changed after signing cannot be judged here"),
        (_OPEN, "unlisted", "签名目录已改动，本签名保护的另一签名不在其中，不会显示",
         "The list of signatures was changed, and a signature that this one covers is not in it: its seal is not shown"),
        (_OPEN, "nothing", "签名未保护任何文件", "The signature covers nothing"),
        _DIGEST_ROW,
        (_OPEN, "path", "引用路径不合规，或与文件名写法不一致",
         "A reference points outside the document, or is not spelled as the part that it means"),
        (_OPEN, "encrypted", "文件已加密，无法比对", "Parts are encrypted and cannot be compared"),
    ),
    **_make_rows(
        "coverage",
        (_OPEN, "partial", "部分文件不在保护范围内", "Some parts are not covered by the signature"),
    ),
    **_make_rows(
        "data_hash",
        (_FAILING, "altered", "签名描述文件被改动", "The description of the signature was altered after signing"),
        _DIGEST_ROW,
        (_OPEN, "no_document", "没有可比对的文件", "There is no document to compare"),
    ),
    **_make_rows(
        "signature",
        (_FAILING, "wrong", "签名值与内容不符", "The signature does not match what it signs"),
        _ALGORITHM_ROW,
        _IDENTITY_ROW,
        _FORM_ROW,
        _DIGEST_ROW,
        (_OPEN, "no_certificate", "未附证书，不知何人签名",
         "No certificate comes with the signature: who signed is not known"),
        (_OPEN, "certificate", "签名证书无法读取", "The signer's certificate cannot be read"),
    ),
    **_make_rows(
        "seal_file",
        (_FAILING, "different", "旁附印章与签名所用印章不同", "The seal beside the signature is not the one that signed"),
        (_OPEN, "missing", "所指印章文件不存在", "The seal file that is named is missing"),
    ),
    **_make_rows(
        "seal_signature",
        (_FAILING, "wrong", "印章不是所称制章机构签发", "The seal was altered, or was not made by its maker"),
        _ALGORITHM_ROW,
        _IDENTITY_ROW,
        _FORM_ROW,
        (_OPEN, "certificate", "制章机构证书无法读取", "The seal maker's certificate cannot be read"),
    ),
    **_make_rows(
        "signer_listed",
        (_FAILING, "not_listed", "签章人不在印章的证书列表中", "The signer is not among those who may use the seal"),
        (_OPEN, "digest", "证书列表的摘要算法不受支持", "The list of certificates uses a digest that is not accepted"),
        (_OPEN, "unread", "证书列表中有无法识别为证书的内容，不知何人可用此章",
         "The seal's list holds something that is no certificate: who may use the seal is not known"),
    ),
    **_make_rows(
        "validity",
        (_AMISS, "certificate", "签名时证书不在有效期内", "The signer's certificate was not in force at the signing time"),
        (_AMISS, "seal", "签章时印章不在有效期内", "The seal was not in force at the signing time"),
        (_OPEN, "time", "签名时间或有效期无法读取", "The time or a period cannot be read"),
    ),
    **_make_rows(
        "chain",
        *_CHAIN_ROWS,
        (_OPEN, "signer", "签章人证书的颁发机构不在本市可信名单内",
         "The issuer of the signer's certificate is not on this city's list"),
        (_OPEN, "seal_maker", "制章机构不在本市可信名单内", "The seal maker is not on this city's list"),
    ),
    **_make_rows(
        "timestamp",
        (_PASSING, "late", "时间戳晚于所称签名时间一天以上，只证明到那时已签名",
         "The timestamp is more than a day younger than the stated time: signed by then is all that it proves"),
        (_AMISS, "other", "时间戳不是对本签名的", "The timestamp is of something else"),
        (_AMISS, "wrong", "时间戳不是所称机构签发，或已损坏", "The timestamp was spoilt, or was not made by its authority"),
        (_AMISS, "purpose", "签发时间戳的证书并非时间戳专用", "The timestamp's certificate is not for timestamps alone"),
        (_AMISS, "certificate", "时间戳机构的证书当时不在有效期内",
         "The certificate of the timestamp was not in force at its time"),
        (_AMISS, "before", "时间戳早于所称签名时间，所称时间不实",
         "The timestamp is older than the stated time, which cannot be true"),
        (_OPEN, "malformed", "时间戳无法读取", "The timestamp cannot be read"),
        (_OPEN, "time", "时间戳证书的有效期无法读取", "The period of the timestamp's certificate cannot be read"),
        (_OPEN, "digest", "时间戳的摘要算法不受支持", "The timestamp uses a digest that is not accepted"),
        _ALGORITHM_ROW,
        _IDENTITY_ROW,
        (_OPEN, "no_certificate", "时间戳未附证书，不知何机构签发",
         "No certificate comes with the timestamp: who made it is not known"),
        *_CHAIN_ROWS,
        (_OPEN, "timestamper", "时间戳机构不在本市可信名单内", "The authority of the timestamp is not on this city's list"),
    ),
}
# fmt: on
