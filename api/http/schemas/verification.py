"""The shapes of requests to verify, and of reports.

Both are read and written by hand, so that a proof arrives as it was sent and a report leaves as the core wrote it. The
shapes describe them; a test holds both together.
"""

from typing import Literal

from pydantic import BaseModel, Field

from api.http.schemas.base import Digest, JsonObject, Shape, Time, Words
from api.http.schemas.registry import AnchoredShape


class StepShape(Shape):
    """One of the twelve steps of a verification."""

    step: int = Field(ge=1, le=12)
    name: Words
    outcome: Literal["pass", "fail", "unknown", "not_applicable"]
    reason: str = Field(description="Stable reason code.")
    words: Words
    evidence: JsonObject | None = Field(default=None, description="What the outcome rests on.")


class StatusShape(Shape):
    """The status, whose knowledge it is and how old; by which record, where that is proven."""

    status: str
    source: str = Field(description="`replica`, `snapshot` or `staple`.")
    sequence: int
    known_at: Time
    since: Time | None = None
    action: str | None = None
    authority: str | None = None
    basis: str | None = None
    identifier: str | None = Field(
        default=None, description="Of a certificate that was superseded: its successor's."
    )
    moved_to: str | None = Field(
        default=None, description="Of a certificate that was transferred: the log into which."
    )
    record: Digest | None = Field(
        default=None, description="The leaf hash of the record that set the status."
    )


class NoteShape(Shape):
    """A note 附注 on a certificate: an annotation 签注 or a dispute 异议. It changes no verdict."""

    relation: Literal["annotates", "disputes"]
    state: Literal["standing", "lapsed", "settled", "superseded", "unknown"]
    words: Words
    title: str
    text: str | None = None
    identifier: str = Field(description="Of the note itself, by which it is settled.")
    of: str = Field(description="The version of the certificate that it names.")
    this_version: bool = Field(description="Whether that is the very record that was verified.")
    issuer: str
    anchored: Time
    until: str | None = Field(default=None, description="Its last day; of a dispute, its deadline.")
    basis: str | None = None


class SignatureShape(Shape):
    """One seal or signature in a document, as `shunzheng inspect` reports it."""

    kind: Literal["ses", "ofd-sign", "pades", "pdf-timestamp"]
    version: int
    signer: str | None
    issuer: str | None
    seal_id: str | None
    seal_name: str | None
    seal_maker: str | None
    signed_at: Time | None = Field(description="As the signature says itself.")
    stamped_at: Time | None = Field(description="By when it existed, as a trusted timestamp authority says.")
    checks: dict[str, Literal["pass", "fail", "unknown"]]
    findings: list[JsonObject]
    covers_all: bool
    altered: list[str]
    uncovered: list[str]
    verdict: Literal["valid", "invalid", "unverifiable"]
    words: Words
    reason_words: Words = Field(description="What the verdict comes from.")


class DocumentShape(Shape):
    """What a presented document shows by itself; the verdict of the report does not get better by it."""

    document: int = Field(ge=1, description="Its place among the presented documents.")
    type: str
    signatures: list[SignatureShape]
    scripts: bool | None = Field(
        default=None, description="True where it carries scripts, which may change what is shown."
    )
    problem: str | None
    verdict: Literal["valid", "invalid", "unverifiable"]
    words: Words
    left_out: int | None = Field(
        None,
        ge=1,
        description="Signatures that are not listed: the answer would be too long. Else it is missing.",
    )


class ReportShape(Shape):
    """What a verification concludes 核验结论. The same from every interface; see docs/formats."""

    type: Literal["shunzheng/report/1"]
    verdict: Literal["valid", "not_current", "invalid", "unverifiable"]
    words: Words
    step: int = Field(description="The step that decides.")
    reason: str = Field(description="Its stable reason code.")
    reason_words: Words
    advice: Words
    banner: Words = Field(
        description="Verdict, type, holder, issuer and last day in one line; the issuer's name is from this node's list."
    )
    compared: Literal["document", "claims", "record"] = Field(
        description="`record`: nothing was compared, never valid."
    )
    registry: str
    checked_at: Time
    steps: list[StepShape]
    record: JsonObject | None = None
    log: str | None = None
    claims: JsonObject | None = Field(default=None, description="The disclosed claims by name.")
    withheld: list[str] | None = Field(
        default=None, description="Names of the claims that are not disclosed."
    )
    anchor: AnchoredShape | None = None
    entries: Literal["checked", "partly_checked", "not_checked"] | None = Field(
        default=None,
        description="Whether this node looked in the log's entries for an earlier anchoring of the submission.",
    )
    entries_words: Words | None = None
    status: StatusShape | None = None
    notes: list[NoteShape] | None = Field(
        default=None, description="Annotations and disputes of the certificate, as far as they are known."
    )
    notes_known: Literal["register", "attached"] | None = Field(
        default=None,
        description="`register`: as this node's register has them; `attached`: those that the proof carries, and others are "
        "not known here.",
    )
    notes_words: Words | None = None
    documents: list[DocumentShape] | None = Field(
        default=None, description="What seals and signatures in presented OFD, PDF and seal files show."
    )


class ReportsShape(Shape):
    reports: list[ReportShape] = Field(description="In the order of the items.")


class BoundShape(Shape):
    """An anchor that shows a past status."""

    sequence: int
    n: int
    block: int
    time: Time


class PastShape(Shape):
    """What a status was at a moment of the past, and the anchors that show it; see docs/formats/past-status.md."""

    type: Literal["shunzheng/past-status/1"]
    at: Time
    then: Literal["in_force", "not_in_force", "not_registered", "invalid", "unknown"]
    words: Words
    reason: str = Field(description="Stable reason code.")
    reason_words: Words
    status: StatusShape | None = None
    since: BoundShape | None = Field(default=None, description="It set that status.")
    known: BoundShape | None = Field(default=None, description="The newest at or before the moment.")
    until: BoundShape | None = Field(default=None, description="The first later one that set another status.")
    newest: Time | None = Field(default=None, description="Of later moments nothing is known.")


class PastDayShape(Shape):
    """The status during a day in Asia/Shanghai, at its first and its last second; of a moment, always the same."""

    start: PastShape
    end: PastShape
    during: list[PastShape] = Field(
        description="A stretch each, as of the moment at which it begins; it lasts until the next."
    )


class PastRequestShape(Shape):
    proof: JsonObject | str = Field(description="As for verification.")
    at: str = Field(description="`YYYY-MM-DD` in Asia/Shanghai, or a moment `YYYY-MM-DDTHH:MM:SSZ`.")


class ProofShape(BaseModel):
    """The self-contained evidence 存证凭据 that travels with a document; docs/formats/proof.md specifies it."""

    type: Literal["shunzheng/proof/1"]
    record: JsonObject
    disclosure: JsonObject | None = None
    submission: JsonObject
    entry: JsonObject
    batch: list[tuple[Literal["left", "right"], int, str]]
    sequence: int
    status: JsonObject | None = None
    linked: list[JsonObject] | None = None
    erasure: JsonObject | None = None


class VerifyShape(Shape):
    """A proof, and what was presented beside it. `policy` or `max_age`, not both."""

    proof: JsonObject | str = Field(
        description="The proof as an object, as the text of a proof file, or as an `SZ1:` code from paper."
    )
    documents: list[str] = Field(default=[], description="Presented documents, base64.", max_length=16)
    claims: JsonObject = Field(
        default={}, description="Values read from the paper, by the name of their claim."
    )
    policy: str | None = Field(default=None, description="`default` or a policy of this node by name.")
    max_age: int | None = Field(
        default=None, ge=0, description="How old the knowledge of the log may be, in seconds."
    )


class VerifyFormShape(Shape):
    """The same as a form; `document` may be given several times."""

    proof: bytes = Field(description="The proof file, or its text, or an `SZ1:` code, as a field.")
    document: list[bytes] = Field(default=[], description="The presented documents.")
    claims: str = Field(
        default="{}", description="Values read from the paper by the name of their claim, as JSON."
    )
    policy: str | None = None
    max_age: int | None = None


class VerifyBatchShape(Shape):
    """Many at once, judged against one state of the replica. An item may have a policy of its own."""

    items: list[VerifyShape] = Field(max_length=1000)
    policy: str | None = None
    max_age: int | None = Field(default=None, ge=0)
