"""`shunzheng trace`: all that became of a certificate, and the evidence that this is all."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from api import files
from api.client.certificates import HOLDER, NUMBER, Name, ask_suite, find_certificates, read_name
from api.client.options import (
    SnapshotSource,
    SourceOptions,
    add_source,
    add_token_file,
    choose_source,
    read_token,
)
from api.console import add_language, note, say, show_json
from api.parsers import Commands, add_json
from api.rendering.histories import (
    JudgedHistoryJson,
    OutlineJson,
    describe_history,
    describe_judgement,
    describe_outline,
)
from api.rendering.listings import describe_hit
from ledger.encoding.canonical import decode, encode_canonical
from ledger.encoding.times import format_time
from ledger.errors import MalformedInput
from ledger.proof.histories import MAX_BYTES, SignedHistory, decode_signed_history, is_signed_history
from ledger.proof.paper import PREFIX, decode_presented
from ledger.proof.proof import Proof
from ledger.verification.completeness import COMPLETENESS_WORDS, Completeness
from ledger.verification.history import judge_signed_history, outline_history
from ledger.words import Language, Words

if TYPE_CHECKING:
    from api.client.client import NodeClient

_NOTHING_FOUND_CODE: Final = 12
_NOTHING_FOUND: Final = Words(
    "未找到：该城市登记库所披露的信息中没有这一内容。",
    "Nothing was found: nothing that was disclosed to this city's register states it.",
)
_SEVERAL_FOUND: Final = Words(
    "共 {} 份证照：请以其中的证照标识再查。", "{} certificates: trace one of them by its identifier."
)
_EXIT_CODES: Final = {
    Completeness.COMPLETE.value: 0,
    Completeness.OUTDATED.value: 10,
    Completeness.CONTRADICTED.value: 11,
    Completeness.NOT_GENUINE.value: 11,
    Completeness.UNVERIFIABLE.value: 12,
}


class _TraceOptions(SourceOptions, Protocol):
    certificate: str | None
    number: str | None
    holder: str | None
    reason: str | None
    token_file: Path | None
    output: Path | None
    lang: Language
    json: bool


def add(commands: Commands) -> None:
    command = commands.add_parser(
        "trace",
        description="The issuing city's node is asked for all records, with a token of the scope `history`. What it answers "
        "is compared with the chain: each change of status there needs its record, and each record its change. A saved "
        "history is checked by any city's node, or by a snapshot. By a proof, with a snapshot or without a token, it is "
        "told what the chain knows of this version, and how far that reaches. "
        "Exit codes: 0 complete, 10 complete up to its checkpoint and changed since, 11 something was left out, altered or "
        "is not genuine, 12 cannot tell; each finding is a line that begins with `!`.",
    )
    command.add_argument(
        "certificate",
        metavar="CERTIFICATE",
        nargs="?",
        help="the identifier of any version, also of a seal; its proof; the document, with or without that; the SZ1: code "
        "itself; or a saved history",
    )
    command.add_argument("--number", metavar="TEXT", help="instead: the number 编号 of a certificate or seal")
    command.add_argument(
        "--holder", metavar="TEXT", help="instead: whole name or code of the holder 持证主体"
    )
    command.add_argument(
        "--reason",
        help="why it is looked for by number, holder or a document alone, which needs the scope `search`; it is kept in the "
        "log of looks",
    )
    add_source(command, "the node of the issuing city; for a saved history any city's")
    add_token_file(command)
    command.add_argument("-o", "--output", type=Path, help="save the signed history, which others can check")
    add_language(command)
    add_json(command)
    command.set_defaults(run=_trace)


def _trace(options: _TraceOptions) -> int:
    source = choose_source(options)
    if _is_looked_for(options):
        return _find_and_show(source, options)
    certificate = options.certificate
    assert certificate is not None, "nothing else was asked"
    signed_history = _read_history(certificate)
    if signed_history is not None:
        return _check_history(signed_history, source, options)
    proof_text = _read_proof_text(certificate)
    if proof_text is None and isinstance(source, SnapshotSource):
        raise MalformedInput(
            f"a snapshot holds no records: name the issuing city's node with --node, or give a proof or a saved history "
            f"instead of {certificate[: files.SHOWN_CHARS]}"
        )
    if proof_text is None:
        assert isinstance(source, str)
        return _show_history(certificate, source, options)
    with files.naming(certificate, "proof"):
        proof = decode_presented(proof_text.encode())
    if isinstance(source, SnapshotSource) or read_token(options) is None:
        return _show_outline(proof, proof_text, source, options)
    return _show_history(proof.record.identifier, source, options)


def _is_looked_for(options: _TraceOptions) -> bool:
    """Tell whether a certificate is looked for, and not named itself. Raises: MalformedInput, OSError."""
    names = (options.certificate, options.number, options.holder)
    if sum(name is not None for name in names) != 1:
        raise MalformedInput("name one of CERTIFICATE, --number and --holder")
    if options.certificate is None:
        return True
    is_file = options.reason is not None and Path(options.certificate).is_file()
    return is_file and _read_history(options.certificate) is None


def _make_name(options: _TraceOptions, node: "NodeClient") -> Name:
    """Return what a certificate is looked for by. Raises: MalformedInput, OSError, NodeError."""
    if options.number is not None:
        return Name(NUMBER, options.number)
    if options.holder is not None:
        return Name(HOLDER, options.holder)
    return read_name(str(options.certificate), ask_suite(node))


def _find_and_show(source: str | SnapshotSource, options: _TraceOptions) -> int:
    """Find certificates at the issuing city's node: of one the history is shown, several are listed."""
    if isinstance(source, SnapshotSource):
        raise MalformedInput("a snapshot holds no records: name the issuing city's node with --node")
    from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

    with NodeClient(source, read_token(options), ca_file=options.ca_file) as node:
        hits = find_certificates(node, _make_name(options, node), options.reason or "")
    if not hits:
        say(_NOTHING_FOUND.in_(options.lang))
        return _NOTHING_FOUND_CODE
    if len(hits) == 1:
        return _show_history(hits[0]["identifier"], source, options)
    if options.json:
        show_json(hits)
    else:
        for hit in hits:
            say(describe_hit(hit, options.lang))
        note(_SEVERAL_FOUND.in_(options.lang).format(len(hits)))
    return 0


def _read_history(source: str) -> SignedHistory | None:
    """Return the history of a file; None where what is named is something else. Raises: MalformedInput, OSError."""
    path = Path(source)
    if source.startswith(PREFIX) or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    content = files.read(path)
    try:
        is_history = is_signed_history(decode(content))
    except MalformedInput:
        return None
    with files.naming(path, "history"):
        return decode_signed_history(content) if is_history else None


def _read_proof_text(certificate: str) -> str | None:
    """Return the text of the proof that is named; None for an identifier. Raises: MalformedInput, OSError."""
    if not certificate.startswith(PREFIX) and not Path(certificate).is_file():
        return None
    return files.read_proof_text(certificate)


def _show_outline(proof: Proof, proof_text: str, source: str | SnapshotSource, options: _TraceOptions) -> int:
    """Tell what a proof and the chain show, where no node with the records is asked."""
    if isinstance(source, str):
        from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

        with NodeClient(source) as node:
            outline = node.outline(proof_text)
    else:
        from api.client.offline import open_snapshot  # loads the libraries of databases

        with open_snapshot(source.snapshot_path, source.trust_path) as trust:
            outline = cast(OutlineJson, outline_history(proof, trust).to_json())
    if options.output is not None:
        raise MalformedInput(
            "only the issuing city's node signs a history: name it with --node, and give its token"
        )
    if options.json:
        show_json(outline)
    else:
        say(describe_outline(outline, options.lang))
    return _EXIT_CODES.get(outline["completeness"], 12)


def _show_history(identifier: str, node_url: str, options: _TraceOptions) -> int:
    from api.client.client import NodeClient  # loads an HTTP library, which a snapshot does without

    with NodeClient(node_url, read_token(options), ca_file=options.ca_file) as node:
        history = node.fetch_history(identifier)
    if options.output is not None:
        if history.get("signed") is None:
            raise MalformedInput("the node has no key and signs no history: nothing was saved")
        files.write(options.output, encode_canonical(history["signed"]))
        note(f"{options.output}: it names the certificate. `shunzheng trace {options.output}` checks it.")
    if options.json:
        show_json(history)
    else:
        say(describe_history(history, options.lang))
    return _EXIT_CODES.get(history["completeness"], 12)


def _check_history(
    signed_history: SignedHistory, source: str | SnapshotSource, options: _TraceOptions
) -> int:
    if isinstance(source, str):
        from api.client.client import NodeClient  # as above

        with NodeClient(source, ca_file=options.ca_file) as node:
            judgement = node.check_history(signed_history.encode())
    else:
        judgement = _judge_by_snapshot(signed_history, source)
    if options.json:
        show_json(judgement)
    else:
        say(describe_judgement(judgement, signed_history.history, options.lang))
    return _EXIT_CODES.get(judgement["completeness"], 12)


def _judge_by_snapshot(signed_history: SignedHistory, source: SnapshotSource) -> JudgedHistoryJson:
    """Judge here, from a snapshot alone."""
    from api.client.offline import open_snapshot  # loads the libraries of databases

    with open_snapshot(source.snapshot_path, source.trust_path) as trust:
        judged_history, known_at = judge_signed_history(signed_history, trust), trust.time
    judgement = {
        "completeness": judged_history.completeness.value,
        "words": COMPLETENESS_WORDS[judged_history.completeness].to_json(),
        "known_at": format_time(known_at),
        "findings": [finding.to_json() for finding in judged_history.findings],
    }
    return cast(JudgedHistoryJson, judgement)
