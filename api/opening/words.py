"""What a report says of a document that could not be read to its end.

Nothing against it, and nothing for it.
"""

from collections.abc import Mapping
from typing import Final

from api.opening.frames import End
from ledger.words import Words

_ADVICE: Final = Words(
    "未能判断文件上的签章；可在本机用 shunzheng inspect 查看",
    "its seals and signatures cannot be told here; `shunzheng inspect` reads it on a machine of your own",
)
_REASONS: Final[Mapping[End, Words]] = {
    End.TIME: Words("读取文件耗时超出本节点上限", "reading the document takes longer than this node allows"),
    End.MEMORY: Words(
        "读取文件所需内存超出本节点上限", "reading the document takes more memory than this node allows"
    ),
    End.DIED: Words("读取文件的进程意外中止", "the process that read the document ended without an answer"),
}


def say_unread(end: End) -> str:
    """Return why a document was not read, and what to do, in both languages: a `problem` is one text."""
    reason = _REASONS[end]
    return f"{reason.zh}，{_ADVICE.zh} ({reason.en}: {_ADVICE.en})"
