"""The checks of a signed document, what each can come to in words, and the verdict that they make together.

One table, as in `ledger.verification.reasons`: no row with outcome `unknown` leads to `valid`, and only what was seen to be
wrong is `invalid`. A seal or certificate that had run out when it was used leaves the document intact and
`unverifiable`: the time is the signer's own word, and nothing was altered.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.verification.reasons import Outcome, Verdict

#: In the order in which they are made (GM/T 0031-2014 7.3, GB/T 38540-2020 7.3): names, Chinese and English.
CHECKS: Final = {
    "structure": ("数据格式", "form of the signature"),
    "references": ("受保护文件未改动", "protected parts unaltered"),
    "coverage": ("保护范围", "parts of the document that are protected"),
    "data_hash": ("签名描述文件未改动", "description of the signature unaltered"),
    "signature": ("签章人签名", "signature of the signer"),
    "seal_file": ("印章文件一致", "seal beside the signature is the one within"),
    "seal_signature": ("制章机构签名", "signature of the seal maker"),
    "signer_listed": ("签章人有权用章", "signer is listed in the seal"),
    "validity": ("签章时印章与证书有效", "seal and certificate in force when used"),
    "chain": ("证书颁发机构可信", "certificates lead to a trusted authority"),
    "timestamp": ("时间戳", "timestamp"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What an outcome of a check leads to, and what it means; Chinese and English."""

    verdict: Verdict
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made, its outcome and reason."""

    name: str
    outcome: Outcome
    reason: str

    @property
    def row(self) -> Row:
        return TABLE[self.name, self.outcome, self.reason]


def passed(name: str, reason: str = "ok") -> Check:
    return Check(name, Outcome.PASS, reason)


def failed(name: str, reason: str) -> Check:
    return Check(name, Outcome.FAIL, reason)


def unknown(name: str, reason: str) -> Check:
    return Check(name, Outcome.UNKNOWN, reason)


def first_bad(checks: Iterable[Check]) -> Check:
    """Return the first check that did not pass, else the last; of one or more."""
    for check in checks:
        if check.outcome is not Outcome.PASS:
            break
    return check


def verdict_of(checks: Iterable[Check]) -> Verdict:
    """Return the worst verdict of the checks' rows; of no checks at all, `unverifiable`."""
    return worst(check.row.verdict for check in checks)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return `invalid` before `unverifiable` before `valid`; of nothing, `unverifiable`."""
    return min(verdicts, key=_ORDER.index, default=Verdict.UNVERIFIABLE)


_ORDER: Final = (Verdict.INVALID, Verdict.UNVERIFIABLE, Verdict.NOT_CURRENT, Verdict.VALID)
_V, _I, _U = Verdict.VALID, Verdict.INVALID, Verdict.UNVERIFIABLE
_PASS, _FAIL, _UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
_ALGORITHM: Final = Row(
    _U, "签名算法或密钥不受本程序支持", "The algorithm or key is not one that this program checks"
)
#: What can become of a chain in whatever role.
_ANY_CHAIN: Final = {
    "usage": Row(_U, "证书的密钥用法不含签名", "The certificate's key usage does not include signatures"),
    "no_trust_list": Row(_U, "未指定可信机构名单", "No list of trusted authorities was given"),
    "period": Row(
        _U, "名单上的机构当时不在有效期内", "The authority on the list was not in force at that time"
    ),
}
_FORM: Final = Row(
    _U, "签名值的写法无法识别", "The signature value is not written in a form that is read here"
)

TABLE: Final[dict[tuple[str, Outcome, str], Row]] = {
    **{(name, _PASS, "ok"): Row(_V, "通过", "Passed") for name in CHECKS},
    ("structure", _UNKNOWN, "malformed"): Row(_U, "签名数据无法读取", "The signature cannot be read"),
    ("structure", _UNKNOWN, "encoding"): Row(
        _U, "签名数据不是规范的 DER 编码", "The signature is not in the one exact form of DER"
    ),
    ("structure", _UNKNOWN, "subfilter"): Row(_U, "签名类型不受支持", "The signature is of a type that is not read here"),
    ("structure", _UNKNOWN, "missing"): Row(_U, "缺少签名数据文件", "A file of the signature is missing"),
    ("references", _FAIL, "altered"): Row(_I, "签名后文件被改动", "Parts were altered after signing"),
    ("references", _PASS, "later_signature"): Row(
        _V, "其后又加盖了签名，本签名保护的内容未改动", "A later signature was added; nothing else was altered"
    ),
    ("references", _PASS, "validation_data"): Row(
        _V, "其后仅附加了验证数据", "Nothing but data to validate the signatures was added later"
    ),
    ("references", _UNKNOWN, "appended"): Row(_U, "签名之后附有其他数据", "Data that no signature covers was appended"),
    ("references", _UNKNOWN, "filled"): Row(_U, "签名后填写了表单", "A form field was filled in after signing"),
    ("references", _UNKNOWN, "forbidden"): Row(
        _U, "签名后的更改为签署人所不许", "What came after the signature is more than its signer allowed"
    ),
    ("references", _UNKNOWN, "nothing"): Row(_U, "签名未保护任何文件", "The signature covers nothing"),
    ("references", _UNKNOWN, "digest"): Row(_U, "摘要算法不受支持", "The digest algorithm is not accepted"),
    ("references", _UNKNOWN, "path"): Row(
        _U, "引用路径不合规，或与文件名写法不一致",
        "A reference points outside the document, or is not spelled as the part that it means",
    ),
    ("references", _UNKNOWN, "encrypted"): Row(
        _U, "文件已加密，无法比对", "Parts are encrypted and cannot be compared"
    ),
    ("coverage", _UNKNOWN, "partial"): Row(_U, "部分文件不在保护范围内", "Some parts are not covered by the signature"),
    ("data_hash", _FAIL, "altered"): Row(
        _I, "签名描述文件被改动", "The description of the signature was altered after signing"
    ),
    ("data_hash", _UNKNOWN, "digest"): Row(_U, "摘要算法不受支持", "The digest algorithm is not accepted"),
    ("data_hash", _UNKNOWN, "no_document"): Row(_U, "没有可比对的文件", "There is no document to compare"),
    ("signature", _FAIL, "wrong"): Row(_I, "签名值与内容不符", "The signature does not match what it signs"),
    ("signature", _UNKNOWN, "algorithm"): _ALGORITHM,
    ("signature", _UNKNOWN, "form"): _FORM,
    ("signature", _UNKNOWN, "digest"): Row(_U, "摘要算法不受支持", "The digest algorithm is not accepted"),
    ("signature", _UNKNOWN, "no_certificate"): Row(
        _U, "未附证书，不知何人签名", "No certificate comes with the signature: who signed is not known"
    ),
    ("signature", _UNKNOWN, "certificate"): Row(_U, "签名证书无法读取", "The signer's certificate cannot be read"),
    ("seal_file", _FAIL, "different"): Row(
        _I, "旁附印章与签名所用印章不同", "The seal beside the signature is not the one that signed"
    ),
    ("seal_file", _UNKNOWN, "missing"): Row(_U, "所指印章文件不存在", "The seal file that is named is missing"),
    ("seal_signature", _FAIL, "wrong"): Row(
        _I, "印章不是所称制章机构签发", "The seal was altered, or was not made by its maker"
    ),
    ("seal_signature", _UNKNOWN, "algorithm"): _ALGORITHM,
    ("seal_signature", _UNKNOWN, "form"): _FORM,
    ("seal_signature", _UNKNOWN, "certificate"): Row(
        _U, "制章机构证书无法读取", "The seal maker's certificate cannot be read"
    ),
    ("signer_listed", _FAIL, "not_listed"): Row(
        _I, "签章人不在印章的证书列表中", "The signer is not among those who may use the seal"
    ),
    ("signer_listed", _UNKNOWN, "digest"): Row(
        _U, "证书列表的摘要算法不受支持", "The list of certificates uses a digest that is not accepted"
    ),
    ("validity", _FAIL, "certificate"): Row(
        _U, "签名时证书不在有效期内", "The signer's certificate was not in force at the signing time"
    ),
    ("validity", _FAIL, "seal"): Row(_U, "签章时印章不在有效期内", "The seal was not in force at the signing time"),
    ("validity", _UNKNOWN, "time"): Row(_U, "签名时间或有效期无法读取", "The time or a period cannot be read"),
    **{("chain", _UNKNOWN, reason): row for reason, row in _ANY_CHAIN.items()},
    ("chain", _UNKNOWN, "signer"): Row(
        _U, "签章人证书的颁发机构不在本市可信名单内", "The issuer of the signer's certificate is not on this city's list"
    ),
    ("chain", _UNKNOWN, "seal_maker"): Row(
        _U, "制章机构不在本市可信名单内", "The seal maker is not on this city's list"
    ),
    ("timestamp", _PASS, "late"): Row(
        _V, "时间戳晚于所称签名时间一天以上，只证明到那时已签名",
        "The timestamp is more than a day younger than the stated time: signed by then is all that it proves",
    ),
    ("timestamp", _FAIL, "other"): Row(_U, "时间戳不是对本签名的", "The timestamp is of something else"),
    ("timestamp", _FAIL, "wrong"): Row(
        _U, "时间戳不是所称机构签发，或已损坏", "The timestamp was spoilt, or was not made by its authority"
    ),
    ("timestamp", _FAIL, "purpose"): Row(
        _U, "签发时间戳的证书并非时间戳专用", "The timestamp's certificate is not for timestamps alone"
    ),
    ("timestamp", _FAIL, "certificate"): Row(
        _U, "时间戳机构的证书当时不在有效期内", "The certificate of the timestamp was not in force at its time"
    ),
    ("timestamp", _FAIL, "before"): Row(
        _U, "时间戳早于所称签名时间，所称时间不实", "The timestamp is older than the stated time, which cannot be true"
    ),
    ("timestamp", _UNKNOWN, "malformed"): Row(_U, "时间戳无法读取", "The timestamp cannot be read"),
    ("timestamp", _UNKNOWN, "time"): Row(
        _U, "时间戳证书的有效期无法读取", "The period of the timestamp's certificate cannot be read"
    ),
    ("timestamp", _UNKNOWN, "digest"): Row(
        _U, "时间戳的摘要算法不受支持", "The timestamp uses a digest that is not accepted"
    ),
    ("timestamp", _UNKNOWN, "algorithm"): _ALGORITHM,
    ("timestamp", _UNKNOWN, "no_certificate"): Row(
        _U, "时间戳未附证书，不知何机构签发", "No certificate comes with the timestamp: who made it is not known"
    ),
    **{("timestamp", _UNKNOWN, reason): row for reason, row in _ANY_CHAIN.items()},
    ("timestamp", _UNKNOWN, "timestamper"): Row(
        _U, "时间戳机构不在本市可信名单内", "The authority of the timestamp is not on this city's list"
    ),
}  # fmt: skip
