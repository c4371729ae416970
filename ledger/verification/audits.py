"""Reports of audits 核查报告: what was found in a node, in which state of the registry.

Whoever audits signs the report with a key of their own, which it holds: the signature says who answers for it, not that
it is true. What it claims about the registry can be compared with a snapshot (docs/formats/audit-report.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.crypto.keys import PublicKey, Signer, decode_public_key
from ledger.encoding import times
from ledger.encoding.canonical import MAX_INTEGER, Json, decode, encode_canonical
from ledger.encoding.fields import Fields, parse_hex, parse_key_id
from ledger.encoding.signed_files import check_size, join_signature, split_signature
from ledger.errors import MalformedInput

TYPE: Final = "shunzheng/audit/1"
#: Bytes of a report: three lists of a thousand places, with the words of each.
MAX_BYTES: Final = 4 * 2**20
#: Findings, remarks, or what was not checked, in one report.
MAX_LISTED: Final = 1_000
_MAX_CHECKPOINTS: Final = 256  # as many as there may be cosigners


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: a stable `slug` for programs, its place, and the words.

    The place is a `database` (register, replica, checkpoints, or what is no database: node, chain), a `table` of it (empty
    where it is of all), and `place` in it: `batch 17`, `position 42`.
    """

    slug: str
    place: str
    text: str
    database: str = ""
    table: str = ""

    def to_json(self) -> dict[str, Json]:
        table_json: dict[str, Json] = {"table": self.table} if self.table else {}
        place_json: dict[str, Json] = {"database": self.database, "where": self.place}
        return {"slug": self.slug, "text": self.text} | place_json | table_json


@dataclass(frozen=True, slots=True)
class Head:
    """The head (32 bytes) of a registry after its event `event_number`."""

    event_number: int
    head: bytes

    def to_json(self) -> dict[str, Json]:
        return {"n": self.event_number, "head": "0x" + self.head.hex()}


@dataclass(frozen=True, slots=True)
class Standing:
    """Of which state a report speaks: the replica's newest final event with its block and block time.

    `sequence` and `size` are those of the audited log at that event, 0 where there is none. `chain_head` is the
    contract's own head, None where the chain was not asked to the end; `checkpoint_heads` are those that were compared,
    by event and head.
    """

    replica_head: Head
    block_number: int
    time: int
    sequence: int = 0
    size: int = 0
    chain_head: Head | None = None
    checkpoint_heads: tuple[Head, ...] = ()

    def to_json(self) -> dict[str, Json]:
        chain_json: dict[str, Json] = {} if self.chain_head is None else {"chain": self.chain_head.to_json()}
        return chain_json | {
            "replica": self.replica_head.to_json(),
            "block": self.block_number,
            "time": times.format_time(self.time),
            "sequence": self.sequence,
            "size": self.size,
            "checkpoints": [checkpoint.to_json() for checkpoint in self.checkpoint_heads],
        }


@dataclass(frozen=True, slots=True)
class AuditStatement:
    """What an auditor states of a node: of `registry` and `log` (empty: it issues nothing), at `time` in seconds since 1970.

    `standing` is None where no replica could be read. `checked_counts` counts what was looked at, by sort;
    `unlisted_count` the findings beyond those listed. `spki` is the public key of whoever answers for it.
    """

    registry: str
    log: str
    time: int
    standing: Standing | None
    checked_counts: Mapping[str, int]
    findings: Sequence[Finding]
    remarks: Sequence[Finding]
    unchecked_findings: Sequence[Finding]
    unlisted_count: int
    spki: bytes

    def to_json(self) -> dict[str, Json]:
        standing_json: dict[str, Json] = {} if self.standing is None else {"as_of": self.standing.to_json()}
        log_json: dict[str, Json] = {"log": self.log} if self.log else {}
        return (
            standing_json
            | log_json
            | {
                "type": TYPE,
                "registry": self.registry,
                "time": times.format_time(self.time),
                "checked": dict(self.checked_counts),
                "findings": [finding.to_json() for finding in self.findings],
                "remarks": [finding.to_json() for finding in self.remarks],
                "unchecked": [finding.to_json() for finding in self.unchecked_findings],
                "unlisted": self.unlisted_count,
                "public_key": self.spki.hex(),
            }
        )

    def encode(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return encode_canonical(self.to_json())


@dataclass(frozen=True, slots=True)
class SignedAudit:
    """A report and the signature (64 bytes r‖s) by the key that it holds."""

    statement: AuditStatement
    signature: bytes

    @property
    def key(self) -> PublicKey:
        """The key of whoever answers for the report. Raises: MalformedInput."""
        return decode_public_key(self.statement.spki)

    @property
    def is_genuine(self) -> bool:
        """Whether the signature is that of the key. Raises: MalformedInput where it holds no key."""
        return self.key.verify(self.statement.encode(), self.signature)

    def to_json(self) -> dict[str, Json]:
        return join_signature("report", self.statement.to_json(), self.signature)


def sign_audit(key: Signer, statement: AuditStatement) -> SignedAudit:
    """Sign a report that holds this key. Raises: MalformedInput where it holds another."""
    if statement.spki != key.public.spki:
        raise MalformedInput("the report holds another key than the one that is to sign it")
    return SignedAudit(statement, key.sign(statement.encode()))


def decode_signed_audit(data: bytes) -> SignedAudit:
    """Read the file of a report. Raises: MalformedInput, NewerFormat, LimitExceeded."""
    check_size(data, "a report of an audit", MAX_BYTES)
    return SignedAudit(*split_signature(decode(data), "audit report", "report", _decode_statement))


def _decode_statement(value: Json) -> AuditStatement:
    fields = Fields(value, "report")
    fields.take_type(TYPE)
    statement = AuditStatement(
        registry=fields.take_text("registry"),
        log=fields.take_text("log") if fields.has("log") else "",
        time=fields.take_time("time"),
        standing=_decode_standing(fields.take("as_of")) if fields.has("as_of") else None,
        checked_counts=_decode_counts(fields.take("checked")),
        findings=_decode_findings(fields.take_array("findings", MAX_LISTED)),
        remarks=_decode_findings(fields.take_array("remarks", MAX_LISTED)),
        unchecked_findings=_decode_findings(fields.take_array("unchecked", MAX_LISTED)),
        unlisted_count=fields.take_integer("unlisted", 0, MAX_INTEGER),
        spki=fields.take_parsed("public_key", parse_hex),
    )
    fields.close()
    return statement


def _decode_standing(value: Json) -> Standing:
    fields = Fields(value, "as_of")
    standing = Standing(
        replica_head=_decode_head(fields.take("replica")),
        block_number=fields.take_integer("block", 0, MAX_INTEGER),
        time=fields.take_time("time"),
        sequence=fields.take_integer("sequence", 0, MAX_INTEGER),
        size=fields.take_integer("size", 0, MAX_INTEGER),
        chain_head=_decode_head(fields.take("chain")) if fields.has("chain") else None,
        checkpoint_heads=tuple(
            _decode_head(checkpoint) for checkpoint in fields.take_array("checkpoints", _MAX_CHECKPOINTS)
        ),
    )
    fields.close()
    return standing


def _decode_head(value: Json) -> Head:
    fields = Fields(value, "head")
    head = Head(fields.take_integer("n", 0, MAX_INTEGER), fields.take_parsed("head", parse_key_id))
    fields.close()
    return head


def _decode_counts(value: Json) -> dict[str, int]:
    if not isinstance(value, dict):
        raise MalformedInput("`checked` must be an object of counts")
    fields = Fields(value, "checked")
    return {name: fields.take_integer(name, 0, MAX_INTEGER) for name in value}


def _decode_findings(values: Sequence[Json]) -> tuple[Finding, ...]:
    findings = []
    for value in values:
        fields = Fields(value, "finding")
        findings.append(
            Finding(
                slug=fields.take_text("slug"),
                place=fields.take_text("where"),
                text=fields.take_text("text"),
                database=fields.take_text("database"),
                table=fields.take_text("table") if fields.has("table") else "",
            )
        )
        fields.close()
    return tuple(findings)
