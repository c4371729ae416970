"""The shapes of logs, keys, anchors, histories and lineages, made from replica and register."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field

from anchoring.monitor.copies import AnchorEntries
from anchoring.monitor.tables import Publication
from anchoring.register.records import StoredRecord
from anchoring.register.search.finding import Hit
from anchoring.replica.reading import ReplicaView
from api import limits
from api.http.schemas.base import Digest, JsonObject, Shape, Time, hide_addresses
from api.http.schemas.search import HitShape
from ledger.crypto.suites import Suite
from ledger.encoding import times
from ledger.encoding.fields import MAX_TEXT_CHARS
from ledger.records.lifecycle import Lineage, list_possible_actions
from ledger.registry.trust import PURPOSES, Anchor, KeyState, LogState

Entries = Annotated[str, Field(json_schema_extra={"enum": [state.value for state in Publication]})]


class AnchoredShape(Shape):
    """Where a record was anchored; `position` once it follows from the counts."""

    sequence: int
    block: int
    time: Time
    position: int | None = None

    @classmethod
    def of(cls, anchor: Anchor, position: int | None) -> Self:
        return cls(
            sequence=anchor.sequence,
            block=anchor.block_number,
            time=times.format_time(anchor.time),
            position=position,
        )


class LogShape(Shape):
    """A city's log as the replica knows it. `held`: this node issues into it and has its entries.

    `entries`, of a log whose entries this node fetches: the worst that became of those of any anchor.
    """

    name: str
    suite: str
    size: int = Field(description="Positions that are anchored.")
    sequence: int = Field(description="The newest final anchor; 0 before the first.")
    anchored_at: Time | None = None
    divisions: list[str] = Field(description="Administrative divisions.")
    held: bool
    entries: Entries | None = None

    @classmethod
    def of(
        cls, log: LogState, divisions: list[str], *, is_held: bool, entries: Publication | None = None
    ) -> Self:
        anchored_at = times.format_time(log.anchored_at) if log.sequence else None
        return cls(
            name=log.name,
            suite=log.suite.name,
            size=log.size,
            sequence=log.sequence,
            anchored_at=anchored_at,
            divisions=divisions,
            held=is_held,
            entries=entries,
        )


class LogsShape(Shape):
    registry: str
    items: list[LogShape]

    @classmethod
    def of(cls, replica_view: ReplicaView, own_log: str | None, entries: Mapping[str, Publication]) -> Self:
        divisions = replica_view.list_divisions()
        items = [
            LogShape.of(
                log,
                [division.division for division in divisions if division.log == log.name],
                is_held=log.name == own_log,
                entries=entries.get(log.name),
            )
            for log in replica_view.list_logs()
        ]
        return cls(registry=replica_view.registry, items=items)


class KeyShape(Shape):
    """A key as the registry holds it; which issuers a department's key speaks for is for the proofs to show."""

    key: str
    spki: str = Field(description="Its SubjectPublicKeyInfo, DER, in hex.")
    purpose: str = Field(json_schema_extra={"enum": list(PURPOSES)})
    log: str
    n: int = Field(description="The number of the registry's event that registered it.")
    retired_at: Time | None = None
    compromised_since: Time | None = None

    @classmethod
    def of(cls, key: KeyState) -> Self:
        retired_at, compromised_since = (
            None if moment is None else times.format_time(moment)
            for moment in (key.retired_at, key.compromised_since)
        )
        return cls(
            key="0x" + key.id.hex(),
            spki=key.spki.hex(),
            purpose=next((name for name, number in PURPOSES.items() if number == key.purpose), "other"),
            log=key.log,
            n=key.event_number,
            retired_at=retired_at,
            compromised_since=compromised_since,
        )


class AnchorShape(Shape):
    """A final anchor. A void one counts for its size alone; `void` says why.

    `entries`, of another city's anchor by which the log grew: what became of them, where this node fetches them.
    """

    log: str
    sequence: int
    n: int = Field(description="Its number among the registry's events.")
    block: int
    time: Time
    size_before: int
    size: int
    root: str = Field(description="32 bytes in hex; zero where the log did not grow.")
    status_root: str
    void: str | None = None
    entries: Entries | None = None
    entries_asked: Time | None = Field(
        default=None, description="When a node of its city was last asked for them in vain."
    )
    entries_late: int | None = Field(
        default=None, description="Seconds from the anchor until entries came that had been withheld."
    )
    findings: list[str] | None = Field(default=None, description="What was found about the entries.")

    @classmethod
    def of(cls, anchor: Anchor, entries: AnchorEntries | None = None) -> Self:
        return cls(
            log=anchor.log,
            sequence=anchor.sequence,
            n=anchor.event_number,
            block=anchor.block_number,
            time=times.format_time(anchor.time),
            size_before=anchor.size_before,
            size=anchor.size,
            root=anchor.root.hex(),
            status_root=anchor.status_root.hex(),
            void=anchor.void_reason or None,
            entries=entries.state if entries else None,
            entries_asked=times.format_time(entries.asked_at) if entries and entries.asked_at else None,
            entries_late=entries.late_seconds or None if entries else None,
            findings=[hide_addresses(text) for text in entries.findings] or None if entries else None,
        )


class AnchorsShape(Shape):
    items: list[AnchorShape] = Field(description="The newest first.")
    next: str | None = Field(default=None, description="Address of the next page; absent on the last.")


class StatusRangeShape(Shape):
    """Statuses of neighbouring positions at one anchor; docs/formats/status-range.md specifies it."""

    type: Literal["shunzheng/status-range/1"]
    log: str
    suite: str
    sequence: int = Field(description="The anchor.")
    time: Time = Field(description="Its block time.")
    size: int = Field(description="Positions of the log at that anchor.")
    position: int = Field(description="Where the range begins.")
    chunks: str = Field(description="Four bits a position, deflated (RFC 1950), base64url without padding.")
    path: list[str] = Field(
        description="From the root of the range to the status root, 32 bytes in hex each."
    )


class IdentifiersShape(Shape):
    """Certificates by the identifier of any version."""

    identifiers: list[Annotated[str, Field(max_length=MAX_TEXT_CHARS)]] = Field(
        min_length=1, max_length=limits.MAX_PAGE_ITEMS
    )
    content: bool = Field(
        default=False,
        description=f"Show the current versions too: of at most {limits.MAX_CONTENT_ITEMS} certificates, and only with the "
        "scope `claims`.",
    )
    described: bool = Field(
        default=False, description="Tell type, number and holder of each, as others see them 脱敏."
    )


class LineageShape(Shape):
    """Where a certificate stands: what the next record of it has to name, and which actions are possible."""

    identifier: str = Field(description="Of the current version.")
    kind: str
    issuer: str
    status: str
    newest: Digest = Field(description="The leaf hash of the newest record: `previous` of the next one.")
    current: Digest = Field(description="The leaf hash of the record that can be presented.")
    possible: list[str] = Field(description="Actions that may come next.")
    record: JsonObject | None = Field(
        default=None, description="The record `current`, where it was asked for."
    )
    disclosure: JsonObject | None = Field(
        default=None, description="Its claims, as far as this node holds them."
    )
    certificate: HitShape | None = Field(
        default=None, description="Which one it is, where that was asked for."
    )

    @classmethod
    def of(
        cls,
        lineage: Lineage,
        suite: Suite,
        version: StoredRecord | None = None,
        certificate: Hit | None = None,
    ) -> Self:
        disclosure = version.disclosure if version else None
        return cls(
            identifier=lineage.identifier,
            kind=lineage.kind,
            issuer=lineage.issuer,
            status=lineage.status.name.lower(),
            newest=suite.format(lineage.newest_leaf),
            current=suite.format(lineage.current_leaf),
            possible=list(list_possible_actions(lineage.kind, lineage.status)),
            record=version.record.to_json() if version else None,
            disclosure=disclosure.to_json() if disclosure else None,
            certificate=HitShape.of(certificate) if certificate else None,
        )


class LineagesShape(Shape):
    items: list[LineageShape | None] = Field(
        description="In the order of the identifiers; null for one that is not registered here."
    )
