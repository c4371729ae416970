"""The problems (RFC 9457) that HTTP answers with: stable name, meaning, what to do.

`type` is `/problems/<slug>`, relative to the node, where a page shows the row. Slugs and status codes are stable, words may
be improved. Which error leads to which problem is the business of `api.http.errors`.
"""

from dataclasses import dataclass
from typing import Final

from ledger.words import Words

PROBLEMS_PATH: Final = "/problems/"


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the table: stable name, status code, what it means, and what to do."""

    slug: str
    status: int
    title: Words
    advice: Words

    @property
    def type(self) -> str:
        return PROBLEMS_PATH + self.slug


# fmt: off
_PROBLEM_ROWS: Final = (
    Problem("malformed-request", 400, Words("请求格式有误", "The request is not in the documented form"), Words("请按接口说明修改请求；`detail` 指出问题所在。", "Correct the request as /openapi.json describes it; `detail` says where.")),
    Problem("invalid-parameter", 422, Words("参数有误", "A parameter is not in the documented form"), Words("请修改 `errors` 所列的参数。", "Correct the parameters listed under `errors`.")),
    Problem("unsupported-media-type", 415, Words("不支持的内容类型", "The body is of a type that this route does not take"), Words("请使用接口说明所列的 Content-Type。", "Send one of the content types that /openapi.json lists.")),
    Problem("body-too-large", 413, Words("请求过大", "The body is larger than this node takes"), Words("请拆分后重试；`detail` 写明上限。", "Split the request; `detail` names the limit.")),
    Problem("body-too-slow", 408, Words("请求内容传输过慢", "The body did not come in time"), Words("请检查网络后重试；`detail` 写明时限。", "Check the connection and send the request again; `detail` names the time limit.")),
    Problem("node-busy", 503, Words("本节点繁忙", "This node is busy with other requests"), Words("请按 Retry-After 所示秒数后重试。", "Send the same request again after the seconds in Retry-After.")),
    Problem("proof-missing", 400, Words("缺少存证凭据", "No proof was sent"), Words("请附上与文件同名的 .proof.json，或印在纸上的 SZ1: 代码；可向持证人索取，或由颁发部门从其节点导出。", "Add the .proof.json beside the document or the SZ1: code on paper; the holder has it, the issuer can export it.")),
    Problem("token-required", 401, Words("需要访问令牌", "A bearer token is needed"), Words("请在 Authorization 头中出示本节点管理员签发的令牌。", "Send `Authorization: Bearer <token>` with a token that the administrator of this node gave out.")),
    Problem("scope-missing", 403, Words("令牌权限不足", "The token does not reach that far"), Words("请向本节点管理员申请所需的权限范围。", "Ask the administrator of this node for a token with the scope that `detail` names.")),
    Problem("not-found", 404, Words("未找到", "There is no such thing here"), Words("请核对标识或地址。", "Check the identifier or the address.")),
    Problem("issues-nothing", 404, Words("本节点不签发证照", "This node issues nothing"), Words("请改用颁发城市的节点；本节点只提供核验。", "Ask the issuing city's node; this one only verifies.")),
    Problem("not-held", 404, Words("由其他城市的节点保存", "Another city's node holds this"), Words("请向 `detail` 所指城市的节点查询。", "Ask the node of the city that `detail` names.")),
    Problem("method-not-allowed", 405, Words("不支持的请求方法", "The address does not take this method"), Words("请按接口说明使用请求方法。", "Use a method that /openapi.json lists for the address.")),
    Problem("malformed-input", 422, Words("内容格式有误", "What was sent is not in the documented form"), Words("请按 `detail` 所指修改。", "Correct what `detail` names.")),
    Problem("limit-exceeded", 422, Words("超出限制", "A limit is passed"), Words("请按 `detail` 所写的上限拆分或缩减。", "Split or shorten it to the limit that `detail` names.")),
    Problem("newer-format", 422, Words("格式版本较新", "The format is newer than this node knows"), Words("请更新本节点的程序。", "Update the program of this node.")),
    Problem("transition-refused", 409, Words("当前状态不允许此操作", "The state of the certificate does not allow this"), Words("请先查询该证照的历史与现状。", "Look at the certificate's history and present state first.")),
    Problem("not-ready", 503, Words("本节点尚未就绪", "This node is not ready yet"), Words("请稍后重试；若持续出现，请通知本地节点管理员。", "Try again in a minute; if it stays, tell the administrator of this node.")),
    Problem("quarantined", 503, Words("本地副本已隔离", "The replica contradicts the chain and is quarantined"), Words("请通知本地节点管理员；在查明之前本节点不作任何核验结论。", "Tell the administrator of this node; until it is resolved the node concludes nothing.")),
    Problem("register-behind", 503, Words("登记库落后于链", "The register lacks what the chain holds"), Words("请通知颁发城市的节点管理员运行 shunzheng recover；在此之前不受理登记。", "Tell the administrator of the issuing node to run `shunzheng recover`; until then it accepts nothing.")),
    Problem("entries-missing", 503, Words("登记库恢复中", "The register is being recovered, and does not know yet which submissions it took before"), Words("请保留已签名的登记批，待节点管理员运行 shunzheng recover 后原样重发。", "Keep the signed submission and send it again once the node's administrator has run `shunzheng recover`.")),
    Problem("records-missing", 409, Words("登记库恢复中，缺少在先记录", "The register is being recovered, and misses records that come first"), Words("请先按 `detail` 所示原样重发先前的登记批，再发送本批。", "Send the earlier submissions that `detail` names again, exactly as they were; then this one.")),
    Problem("too-much-waiting", 429, Words("等待上链的登记过多", "Too much is waiting for the chain"), Words("请按 Retry-After 所示秒数后原样重新提交；已签名的登记批不必重做，变更状态的登记优先受理。", "Hand the same submission in again after the seconds in Retry-After; changes of status are taken for longer.")),
    Problem("too-many-looks", 429, Words("该令牌今日查阅证照过多", "The token has looked at too many certificates today"), Words("请按 Retry-After 所示秒数后再查，或减少一次查询的证照数；确有需要时请节点管理员调整 [looks] 的 daily。", "Ask again after the seconds in Retry-After, or for fewer at once; the administrator of the node may raise `daily` in [looks].")),
    Problem("too-many-uploads", 429, Words("同时提交的登记批过多", "Too many submissions are being taken in"), Words("请稍后原样重新提交。", "Hand the same submission in again in a moment.")),
    Problem("too-many-documents", 429, Words("同时核验的文件过多", "Too many documents are being opened"), Words("请按 Retry-After 所示秒数后重试；只出示存证凭据而不附文件的核验不受影响。", "Try again after the seconds in Retry-After; a proof presented without sealed documents is verified at any time.")),
    Problem("no-space", 507, Words("存储空间不足", "There is no room on the node's disk"), Words("未登记任何内容；请通知颁发城市的节点管理员，之后原样重新提交。", "Nothing was registered; tell the administrator of the issuing node, then hand the same in again.")),
    Problem("not-final", 409, Words("尚未最终上链", "It is not final on the chain yet"), Words("请稍后重试；通常在一分钟之内。", "Try again in a minute.")),
    Problem("chain-unavailable", 503, Words("暂时无法连接链", "The chain does not answer"), Words("请稍后重试；已受理的内容不会丢失。", "Try again later; what was accepted is not lost.")),
    Problem("database-damaged", 503, Words("数据库文件已损坏", "The database file of this node is damaged"), Words("请通知节点管理员：从备份恢复登记库，或删除副本后重新同步。", "Tell the administrator of the node to restore the register from its backup, or to delete the replica.")),
    Problem("database-unavailable", 503, Words("数据库暂时不可用", "The database of this node does not answer"), Words("请稍后重试；已受理的内容不会丢失，重复提交只会得到同一回执。", "Try again in some seconds; what was accepted is not lost, and handing it in twice gets the same receipt.")),
    Problem("trust-list-unreadable", 503, Words("可信机构名单暂时无法读取", "This node cannot read its list of trusted authorities"), Words("带印章或签名的文件暂不核验；请通知节点管理员放回名单，之后重试。", "Documents are not looked at meanwhile; tell the administrator of the node to put the list back, then try again.")),
    Problem("internal", 500, Words("内部错误", "Something went wrong inside this node"), Words("请稍后重试；若持续出现，请将时间告知节点管理员。", "Try again; if it stays, tell the administrator of this node the time.")),
)
# fmt: on


_MEND: Final = Words(
    "未受理任何内容；请按 `detail` 与 `rows` 修改后重新提交。",
    "Nothing was accepted; mend what `detail` and `rows` name and send the submission again.",
)


def _make_refusal(slug: str, status: int, zh: str, en: str) -> Problem:
    """A reason for which a submission is refused: its `detail` and `rows` say what to do about each row."""
    return Problem(slug, status, Words(zh, en), _MEND)


#: Refusals of a submission, by the slug that intake gives.
# fmt: off
_REFUSALS: Final = (
    _make_refusal("malformed-statement", 422, "声明行格式有误", "Line 1 is not a statement with its signature"),
    _make_refusal("malformed-row", 422, "登记行格式有误", "A row is not a record in the documented form"),
    _make_refusal("row-too-long", 422, "登记行过长", "A row is longer than this node takes"),
    _make_refusal("rows-refused", 422, "多行有误", "Rows are at fault for several reasons"),
    _make_refusal("wrong-order", 422, "记录顺序有误", "The records are not in ascending order of their leaf hashes"),
    _make_refusal("record-twice", 422, "同一记录重复", "The same record stands twice"),
    _make_refusal("wrong-count", 422, "记录数与声明不符", "The records are not as many as the statement says"),
    _make_refusal("wrong-root", 422, "记录与声明的根不符", "The records are not those that were signed"),
    _make_refusal("wrong-suite", 422, "算法与日志不符", "The hash suite is not that of the log"),
    _make_refusal("issuer-mismatch", 422, "颁发机构不一致", "Record, identifier and statement name different issuers"),
    _make_refusal("invalid-identifier", 422, "标识校验不通过", "An identifier fails its form or its check digit"),
    _make_refusal("disclosure-mismatch", 422, "披露的信息项与登记不符", "The disclosed claims are not those of the record"),
    _make_refusal("claims-contradict-record", 422, "信息项与登记内容矛盾", "A claim says something else than its record"),
    _make_refusal("unusable-claim", 422, "信息项名称或内容含不可用字符", "The name of a claim, or its text, has characters that are not taken"),
    _make_refusal("weak-salt", 422, "盐值不是随机数", "A salt or master was not drawn at random"),
    _make_refusal("salt-reused", 422, "盐值重复", "A salt or master stands twice"),
    _make_refusal("record-postdated", 422, "记录时间晚于当前时间", "A record is dated in the future"),
    _make_refusal("too-many-changes", 422, "状态变更过多", "Too many records change a status"),
    _make_refusal("changed-twice", 422, "同一证照在一批中变更两次", "A certificate changes its status twice in one submission"),
    _make_refusal("malformed-note", 422, "签注或异议格式不符", "A note is not of the form that notes have"),
    _make_refusal("note-refused", 409, "不得对该证照登记签注或异议", "A note is not on the current version of a certificate of its issuer"),
    _make_refusal("continued-already", 409, "该转出证照已经转入", "Another certificate continues this transfer already"),
    _make_refusal("seal-not-in-force", 409, "印章不在有效状态", "A sealing was made with a seal that is not in force"),
    _make_refusal("statement-postdated", 422, "声明时间晚于当前时间", "The statement is dated in the future"),
    _make_refusal("statement-expired", 422, "声明已过期或即将过期", "The statement expires too soon to be anchored"),
    _make_refusal("clocks-differ", 503, "区块链与本节点时钟不一致", "The clocks of the chain and of this node differ"),
    _make_refusal("outside-window", 422, "声明所限的锚定序号不符", "The statement is for other anchors than its turn would be"),
    _make_refusal("older-format", 422, "声明采用了旧版格式", "The statement is in an older format"),
    _make_refusal("other-registry", 422, "声明属于另一个登记簿", "The statement is for another registry"),
    _make_refusal("other-log", 422, "声明属于另一座城市的日志", "The statement is for another log"),
    _make_refusal("unknown-log", 422, "日志尚未被接纳", "The log is not admitted to the registry"),
    _make_refusal("unknown-issuer", 403, "颁发机构不属于本日志", "The issuer does not belong to this log"),
    _make_refusal("unknown-key", 403, "密钥未登记", "The key is not registered as a department's"),
    _make_refusal("bad-signature", 403, "签名无效", "The signature is not that of the key over this statement"),
    _make_refusal("not-granted", 403, "密钥未获授权", "The key may not speak for this issuer, kind or type now"),
    _make_refusal("key-retired", 403, "密钥已停用", "The key was retired"),
    _make_refusal("key-compromised", 403, "密钥已泄露", "The key is reported stolen"),
    _make_refusal("root-registered", 409, "这些记录已登记", "These very records are registered already"),
)
# fmt: on

PROBLEMS: Final[dict[str, Problem]] = {problem.slug: problem for problem in (*_PROBLEM_ROWS, *_REFUSALS)}
