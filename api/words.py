"""Words of the pages and the command line, and how moments and dates are written.

The words of verdicts, steps and problems are not here: they come with the report and with the problem.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from ledger.words import Language, Words

_SHANGHAI: Final = timezone(timedelta(hours=8))

# fmt: off
_WORDS: Final[dict[str, Words]] = {
    "title": Words("证照核验", "Check a certificate"),
    "node": Words("核验节点", "Node"),
    "skip": Words("跳到主要内容", "Skip to the content"),
    "other_language": Words("English", "中文"),
    "lead": Words("扫码、输入代码，或放入证照文件，即可核验真伪与现状。核验在本节点完成，不向任何机构发送内容，也不留存所出示的内容。", "Scan a code, type it, or drop the files. The check is made on this node; nothing is sent to anybody, and nothing of it is kept."),
    "drop": Words("将证照文件和凭据一起拖放到这里，或复制后粘贴", "Drop documents and proofs here together, or paste them"),
    "document": Words("证照文件和存证凭据", "Documents and proofs"),
    "document_hint": Words("OFD、PDF、图片等，凭据文件名以 .proof.json 结尾；可一次选多份证照。只有纸质证照时可不选。", "OFD, PDF, images; the name of a proof ends in .proof.json; several certificates at once. None for a paper certificate."),
    "code": Words("扫码或输入代码", "Scan or type a code"),
    "code_hint": Words("扫码枪对准纸面二维码即可，扫后自动核验；也可粘贴以 SZ1: 开头的代码。", "Point the scanner at the printed code: it is checked at once. Or paste the text that begins with SZ1:."),
    "check": Words("核验", "Check"),
    "print": Words("打印核验单", "Print this slip"),
    "advice": Words("怎么办", "What to do"),
    "meaning": Words("含义", "Meaning"),
    "compared": Words("比对内容", "What was compared"),
    "compared_document": Words("所出示的文件，逐字节比对", "The presented document, byte by byte"),
    "compared_claims": Words("信息项，由核验人与纸面逐项核对", "The items, read against the paper one by one by whoever checks"),
    "seals": Words("文件自带的印章与签名（另行检查，不改善上述结论）", "Seals and signatures inside the document (looked at apart; they make the verdict above no better)"),
    "sealed_with": Words("用印", "Sealed with"),
    "known": Words("状态信息截至", "Status known as of"),
    "aged": Words("本节点与链的连接可能已中断：所知状态信息截至{}（{}）。核验照常进行，结论会注明所依据信息的时间。", "This node may be cut off from the chain: it knows what was so at {} ({}). Each verdict says how old it is."),
    "known_never": Words("尚无该证照的状态信息", "Nothing is known of its status"),
    "entries": Words("日志条目", "Entries of the log"),
    "checked": Words("核验时间", "Checked at"),
    "certificate": Words("证照", "Certificate"),
    "type": Words("证照类型", "Type"),
    "identifier": Words("证照标识", "Identifier"),
    "issuer": Words("颁发机构代码", "Issuer's code"),
    "issuer_code": Words("颁发机构 {}", "issuer {}"),
    "type_code": Words("证照类型 {}", "type {}"),
    "holder_withheld": Words("持证主体未披露", "holder withheld"),
    "validity": Words("有效期", "Validity"),
    "from_until": Words("{} 至 {}", "{} to {}"),
    "from_on": Words("{} 起，长期", "from {}, no end date"),
    "until": Words("至 {}", "until {}"),
    "no_end": Words("长期", "no end date"),
    "status": Words("登记状态", "Registered status"),
    "since": Words("自 {} 起", "since {}"),
    "authority": Words("作出机构", "Decided by"),
    "basis": Words("依据条款", "Legal basis"),
    "successor": Words("换发后的证照标识", "Identifier of the newer version"),
    "anchored": Words("上链时间", "Anchored at"),
    "items": Words("登记的信息项", "Registered items"),
    "items_unproven": Words("凭据所称的信息项（未经证实）", "Items as the proof claims them (not proven)"),
    "certificate_unproven": Words("凭据所称的证照（未经证实）", "The certificate as the proof claims it (not proven)"),
    "item": Words("信息项", "Item"),
    "value": Words("登记内容", "Registered value"),
    "withheld": Words("持证人未披露的信息项", "Items that the holder withholds"),
    "confirm_lead": Words("请将下列每一项与纸面核对。全部一致时再点击按钮；有一项不一致，请勿办理。", "Compare every item below with the paper. Press the button only if all agree; if one differs, do not rely on it."),
    "confirm": Words("与纸面逐项一致", "Every item agrees with the paper"),
    "contradiction": Words("信息项写作“{}”，登记记录为“{}”", "the item says “{}”, the record says “{}”"),
    "own_item": Words("自列项“{}”", "item “{}” of its own"),
    "registered_document": Words("登记的文件 {}", "Registered document {}"),
    "issuer_name": Words("颁发机构（本节点名录）", "Issuer (by this node's list)"),
    "self_stated": Words("{}（证照自述）", "{} (as the certificate states it)"),
    "self_stated_other": Words("{}（证照自述，与本节点名录不符）", "{} (as the certificate states it; this node's list says otherwise)"),
    "comma": Words("、", ", "),
    "unnamed": Words("未命名的文件", "a file without a name"),
    "several": Words("{} 份证照，各有结论", "{} certificates, each with a verdict of its own"),
    "unchecked": Words("未核验：没有凭据为下列文件作证，结论与它们无关：", "Not checked: no proof vouches for these files. Nothing below is said of them:"),
    "overview": Words("一览", "Overview"),
    "verdict": Words("结论", "Verdict"),
    "certificate_line": Words("类型、持证主体、颁发机构、有效期", "Type, holder, issuer, last day"),
    "documents_of": Words("所核验的文件", "Files that were checked"),
    "too_long": Words("有信息项过长，未全部显示，无法逐项核对；请出示文件。", "An item is too long to be shown whole, so it cannot be compared here: present the document."),
    "confirm_refused": Words("刚才的“逐项一致”未被采信：它不是从本节点显示这些信息项的页面发出的，或页面已过期。如下方列有信息项，请重新核对后确认。", "The confirmation was not counted: it did not come from a page of this node that showed these items, or the page was too old. Where items are listed below, compare them again and confirm."),
    "why": Words("为什么：证照、依据与核验步骤", "Why: the certificate, what it rests on, the steps"),
    "steps": Words("核验步骤（共 12 步）", "The twelve steps"),
    "pass": Words("通过", "passed"),
    "fail": Words("不通过", "failed"),
    "unknown": Words("无法确认", "unknown"),
    "not_applicable": Words("不适用", "not applicable"),
    "place": Words("登记簿与序号", "Registry and position"),
    "foreign_link": Words("链接指向：", "The link leads to: "),
    "unread_pictures": Words("图片中没有读到证照的二维码：", "No code of a certificate was read in these pictures:"),
    "picture_no_code": Words("没有找到二维码。请让整个二维码完整入镜，平铺、对焦、光线充足，再拍一张；或直接用扫码枪扫描。", "No code was found. Take it anew with the whole code in the picture, flat, sharp and in good light, or scan it."),
    "picture_too_large": Words("图片像素过多，未读取。请缩小后重试。", "The picture has too many pixels and was not read. Make it smaller."),
    "picture_unreadable": Words("图片无法读取。请另存为较小的 JPEG 或 PNG 后重试。", "The picture cannot be read. Save it as a smaller JPEG or PNG."),
    "picture_time": Words("读取图片耗时过长，已中止。请换一张更小、更清晰的。", "Reading the picture took too long and was ended. Give a smaller, sharper one."),
    "nothing_checked": Words("未作核验", "Nothing was checked"),
    "missing_title": Words("缺少存证凭据，尚未核验", "The proof is missing: nothing was checked"),
    "missing_lead": Words("只有文件不能核验：还需要随证照发放的存证凭据。", "A document alone cannot be checked: its proof, which was given out with it, is needed too."),
    "missing_how": Words("凭据从哪里来", "Where to find the proof"),
    "missing_beside": Words("电子证照：凭据与文件一同发放，文件名为“证照文件名.proof.json”。请持证人一并出示。", "Electronic certificate: the proof was given out with the file, as “<document>.proof.json”. Ask for both."),
    "missing_paper": Words("纸质证照：扫描纸面上的二维码，得到以 SZ1: 开头的代码，粘贴到表单中。", "Paper certificate: scan the printed code, which gives text beginning with SZ1:, and paste it into the form."),
    "missing_issuer": Words("两者都没有：请持证人向颁发部门索取。颁发部门可按证照标识从本市节点导出：", "Neither is at hand: the holder can ask the issuing department, whose city's node exports it by the identifier:"),
    "problem": Words("出现问题", "A problem"),
    "problems": Words("问题类型说明", "Problem types"),
    "problems_lead": Words("接口以 RFC 9457 问题文档答复错误；type 的含义如下。", "Errors are answered as RFC 9457 problem documents; the types mean the following."),
    "http_status": Words("HTTP 状态码", "HTTP status"),
    "back": Words("返回核验", "Back to checking"),
    "interface": Words("接口说明", "Interface description"),
    "yes": Words("是", "yes"),
    "no": Words("否", "no"),
    "colon": Words("：", ": "),
    "moved_to": Words("转往", "Went to"),
    "continues": Words("承接自", "Continues"),
    "continues_unknown": Words("另一城市转出的证照（此处未知）", "a certificate that another city transferred (not known here)"),
    "note": Words("附注", "Note"),
    "notes": Words("附注来源", "Notes"),
    "paper_note": Words("顺证存证凭据二维码。窗口用扫码枪扫描，或拍照后放入核验页面；随后将页面所列\n信息项与纸面逐项核对。请按实际大小（100%）打印，二维码边长 {} 毫米，勿折叠、遮盖。", "The code of a proof. A counter scans it, or drops a photo of it on its page, and compares the items shown with the paper.\nPrint it at its actual size (100 %): its side is {} mm."),
    "paper": Words("打印此证照的二维码", "Print the code of this certificate"),
    "slip": Words("核验单", "Slip"),
    "slip_note": Words("本核验单只说明核验当时的结论；之后的变化须重新核验。", "This slip states the conclusion at the time of the check; later changes need another check."),
}
# fmt: on

STATUS_WORDS: Final = {
    "valid": Words("有效", "Valid"),
    "suspended": Words("暂扣中", "Suspended"),
    "superseded": Words("已换发", "Superseded by a newer version"),
    "cancelled": Words("已注销", "Cancelled"),
    "revoked": Words("已撤销", "Revoked"),
    "withdrawn": Words("已吊销", "Withdrawn"),
    "transferred": Words("已转出", "Transferred"),
    "void": Words("已失效", "Void"),
    "reinstated": Words("已恢复效力", "Reinstated"),
}

ACTION_WORDS: Final = {
    "renew": Words("换发", "renew"),
    "amend": Words("变更", "amend"),
    "transfer": Words("转出", "transfer"),
    "suspend": Words("暂扣", "suspend"),
    "resume": Words("解除暂扣", "resume"),
    "cancel": Words("注销", "cancel"),
    "revoke": Words("撤销", "revoke"),
    "withdraw": Words("吊销", "withdraw"),
    "void": Words("宣告失效", "void"),
    "reinstate": Words("恢复效力", "reinstate"),
}
#: What commands do that note certificates, or settle a note.
NOTE_WORDS: Final = {
    "annotate": Words("签注", "annotate"),
    "dispute": Words("异议", "dispute"),
    "settle": Words("异议办结", "settle"),
}

#: What each of these is for, as the command line says it.
NOTE_PURPOSES: Final = {
    "annotate": "register a yearly check 年审, an endorsement 签注 or a check 校验 of a certificate, which stays as it is",
    "dispute": "register that a certificate is disputed, with a deadline; it stays as it is",
    "settle": "end the open dispute of a certificate, or a note by its identifier",
}
#: What each action is for, as the command line says it.
ACTION_PURPOSES: Final = {
    "renew": "register a new version of a certificate, for a new term",
    "amend": "register a new version of a certificate, with other particulars",
    "transfer": "end a certificate that another authority takes over",
    "suspend": "suspend a certificate",
    "resume": "put a suspended certificate into force again",
    "cancel": "end a certificate, at the holder's wish or where it has no subject any more",
    "revoke": "take back a certificate that should not have been granted",
    "withdraw": "withdraw a certificate as a penalty",
    "void": "declare a certificate void, lost ones among them",
    "reinstate": "put an ended certificate into force again, after a review or judgment",
}


def choose_words(language: Language) -> dict[str, str]:
    """Return every word of one language by its key."""
    return {key: words_pair.in_(language) for key, words_pair in _WORDS.items()}


def write_time(moment: int, language: Language) -> str:
    """Write seconds since 1970 as a clock in China shows them."""
    local_time = datetime.fromtimestamp(moment, UTC).astimezone(_SHANGHAI)
    if language == "zh":
        return f"{write_date(local_time.date(), language)} {local_time:%H:%M}"
    return f"{write_date(local_time.date(), language)}, {local_time:%H:%M} (UTC+8)"


def write_moment(time_text: str, language: Language) -> str:
    """Write a moment `YYYY-MM-DDTHH:MM:SSZ` to the second, as a clock in China shows it."""
    local_time = datetime.fromisoformat(time_text).astimezone(_SHANGHAI)
    if language == "zh":
        return f"{write_date(local_time.date(), language)} {local_time:%H:%M:%S}"
    return f"{write_date(local_time.date(), language)}, {local_time:%H:%M:%S} (UTC+8)"


def write_clock(moment: int) -> str:
    """Write seconds since 1970 as a clock in China shows them, for lines in both languages and lists that are sorted."""
    local_time = datetime.fromtimestamp(moment, UTC).astimezone(_SHANGHAI)
    return f"{local_time:%Y-%m-%d %H:%M:%S} (UTC+8)"


def write_date(day: date, language: Language) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B} {day.year}"


def write_age(seconds: int, language: Language) -> str:
    """Write how long ago something was, in the greatest unit of which at least two have passed."""
    for unit_seconds, unit_zh, unit_en in (
        (86_400, "天", "days"),
        (3_600, "小时", "hours"),
        (60, "分钟", "minutes"),
    ):
        if seconds >= 2 * unit_seconds:
            unit_count = seconds // unit_seconds
            return f"约 {unit_count} {unit_zh}前" if language == "zh" else f"about {unit_count} {unit_en} ago"
    return "刚刚" if language == "zh" else "just now"
