"""A registry and cities in memory, built act by act: the world of the core's tests.

    registry = Registry()                                      the province and an empty registry
    city = City(registry, "tianmen")                           its log, an issuer, a key and the key's grant
    licence = city.licence()                                   a record, and the claims that it commits to
    city.register(licence)                                     signed, submitted, anchored
    report = city.verify(city.proof(licence))                  in any city that knows the registry
    city.register(city.follow("revoke", licence))              …until the status changes

`register` does what honest cities do. Attacks use its parts, `submit` and `anchor`, and alter what they like.
Everything but signatures is drawn from a seed, and time is `registry.now`, which only acts and `wait` move.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any, Final

from ledger.crypto.keys import Algorithm, PrivateKey, generate_key
from ledger.crypto.suites import SM3, Suite
from ledger.crypto.trees import CountedTree, MerkleTree
from ledger.encoding.canonical import Json
from ledger.encoding.times import parse_time
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof, Staple, decode_proof
from ledger.records.claims import Disclosure, FullDisclosure, is_document, make_document_claim
from ledger.records.identifiers import (
    CertificateIdentifier,
    compute_credit_check,
    compute_organisation_check,
)
from ledger.records.lifecycle import Lineage, follow
from ledger.records.records import PRESENTABLE_ACTIONS, Link, Record
from ledger.records.submissions import Entry, Statement, Window, order_by_leaf
from ledger.registry import acts
from ledger.registry.acts import Act, Event, build_registry_name, compute_head_zero
from ledger.registry.knowledge import Knowledge
from ledger.registry.status import StatusTree, encode_changes
from ledger.verification.entries import check_fold, list_occurrences
from ledger.verification.report import Report
from ledger.verification.verify import Policy, PresentedContent, verify

START: Final = parse_time("2026-03-02T01:00:00Z")  # 09:00 in Tianmen
DAY: Final = 86_400
TYPE: Final = "11100000MB0143028R001"  # 营业执照
CONTRACT: Final = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
ADDRESS: Final = "0x" + "11" * 20
DIVISIONS: Final = {"tianmen": "429006", "wuhan": "420100"}
DOCUMENT: Final = "天门市示例商贸有限公司 营业执照\n".encode()
CLAIMS: Final[Mapping[str, Json]] = {
    "CZZT": "天门市示例商贸有限公司",
    "KZ_JYFW": "日用百货销售",
    "ZZBFRQ": "2026-03-02",
    "ZZMC": "营业执照",
}


def credit_code(division: str, number: int = 1) -> str:
    """Return a credit code of a fictional body in `division`, with both check characters."""
    organisation = f"{number:08d}"
    body = f"11{division}{organisation}{compute_organisation_check(organisation)}"
    return body + compute_credit_check(body)


class Registry:
    """A registry whose events go straight into `knowledge`, one block each."""

    def __init__(self, *, chain_id: int = 31337, before: bytes = bytes(32), seed: int = 1) -> None:
        head = compute_head_zero(chain_id, CONTRACT, before)
        self.head_zero = head
        self.name = build_registry_name(chain_id, CONTRACT, head)
        self.knowledge = Knowledge(self.name, head)
        self.events: list[Event] = []
        self.published: list[tuple[str, list[Json]]] = []
        self.now = START
        self.random = Random(seed).randbytes
        self.act(acts.ProvinceTransferred(ADDRESS))

    def event(self, act: Act, **altered: Any) -> Event:
        """Return the event that `act` would be now."""
        chain = self.knowledge.fold
        block = chain.block_number + 1
        return replace(
            Event(chain.event_number + 1, act.KIND, chain.block_number, self.now, act.encode(), block),
            **altered,
        )

    def act(self, act: Act) -> Event:
        """Let `act` happen, a second after whatever happened before."""
        self.now += 1
        event = self.event(act)
        self.knowledge.apply(event)
        self.events.append(event)
        return event

    def wait(self, seconds: int) -> None:
        """Let time pass, and blocks with it."""
        self.now += seconds
        self.knowledge.note_time(self.now)


@dataclass(frozen=True)
class Item:
    """A record with what its holder knows besides: the claims behind it."""

    record: Record
    disclosure: FullDisclosure | None = None

    @property
    def leaf(self) -> bytes:
        return self.record.hash_leaf()


@dataclass(frozen=True)
class Submission:
    """Items in the order of their leaves, the tree over them, and the entry that the log made of them."""

    items: tuple[Item, ...]
    tree: MerkleTree
    entry: Entry


@dataclass
class Place:
    """Where an item came to stand: its submission, the batch over that and its anchor."""

    submission: Submission
    index: int
    batch: CountedTree
    entry_index: int
    sequence: int
    position: int


@dataclass
class City:
    """A log of the registry with one issuer, whose one key has a grant for everything.

    `now` is the moment at which a log's newest block was made; all cities of a registry share one.
    """

    registry: Registry
    name: str = "tianmen"
    suite: Suite = SM3
    algorithm: Algorithm = "p256"
    predecessor: acts.Predecessor = field(default_factory=acts.Predecessor)
    grant: bool = True
    sequence: int = 0
    serial: int = 0
    batches: dict[int, Sequence[Submission]] = field(default_factory=dict)
    places: dict[bytes, Place] = field(default_factory=dict)
    lineages: dict[str, Lineage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.division = DIVISIONS[self.name]
        self.issuer = credit_code(self.division)
        self.key = self.new_key()
        self.statuses = StatusTree(self.suite)
        self.statuses.grow(self.predecessor.size)
        admitted = acts.LogAdmitted(self.name, self.suite.number, ADDRESS, (self.division,), self.predecessor)
        self.registry.act(admitted)
        self.registry.act(acts.OperatorSet(self.name, ADDRESS))
        self.registry.act(acts.IssuerAdded(self.name, self.issuer))
        self.registry.act(acts.KeyRegistered(self.name, 1, self.key.public.spki))
        if self.grant:
            self.give(self.key, self.issuer)

    # -- keys --

    def new_key(self, algorithm: Algorithm | None = None) -> PrivateKey:
        return generate_key(algorithm or self.algorithm, self.registry.random)

    def give(self, key: PrivateKey, issuer: str, **altered: Any) -> None:
        """Grant `key` everything for `issuer`, or what is `altered` of that."""
        grant = acts.KeyGranted(self.name, key.public.id, issuer, 15, (), START, START + 3650 * DAY)
        self.registry.act(replace(grant, **altered))

    # -- records --

    def licence(
        self,
        serial: int | None = None,
        claims: Mapping[str, Json] = CLAIMS,
        documents: Sequence[bytes] = (DOCUMENT,),
        **members: Any,
    ) -> Item:
        """Return the first record of the next certificate, or of another `serial`, or with other `members`."""
        if serial is None:
            self.serial = serial = self.serial + 1
        values = dict(claims)
        for number, content in enumerate(documents, start=1):
            values[f"document/{number}"] = make_document_claim(self.suite, content, "text/plain").to_json()
        disclosure = FullDisclosure(self.registry.random(16), tuple(sorted(values.items())))
        stated: dict[str, Any] = {
            "suite": self.suite,
            "kind": "licence",
            "action": "issue",
            "identifier": self.identifier(serial),
            "issuer": self.issuer,
            "time": self.registry.now,
            "salt": self.registry.random(16),
            "valid_from": date(2026, 3, 2),
            "valid_until": date(2031, 3, 1),
            "claims": disclosure.digest(self.suite),
        }
        return Item(Record(**stated | members), disclosure)

    def identifier(self, serial: int, version: int = 1) -> str:
        return CertificateIdentifier.build(TYPE, self.issuer, f"TM{serial:018d}", version).text

    def follow(self, action: str, item: Item, **members: Any) -> Item:
        """Return the record that follows the newest of the lineage of `item`."""
        before = item.record
        lineage = self.lineages.get(before.lineage)
        members.setdefault("previous", lineage.newest_leaf if lineage else item.leaf)
        if action in PRESENTABLE_ACTIONS:
            identifier = CertificateIdentifier.parse(before.identifier)
            members.setdefault("identifier", identifier.with_version(identifier.version + 1).text)
            return self.licence(action=action, **members)
        stated: dict[str, Any] = {
            "suite": self.suite,
            "kind": before.kind,
            "action": action,
            "identifier": before.identifier,
            "issuer": before.issuer,
            "time": self.registry.now,
            "salt": self.registry.random(16),
            "basis": "示例条例 第七条",
        }
        return Item(Record(**stated | members))

    def note(self, item: Item, relation: str = "annotates", **altered: Any) -> Item:
        """Return a note on a certificate, or what is `altered` of its claims (`claims`) or of its record."""
        self.serial += 1
        record = item.record
        claims = altered.pop("claims", {"KZ_ZZBS": record.identifier, "ZZMC": "年审", "KZ_NR": "合格"})
        members: dict[str, Any] = {
            "kind": "material",
            "identifier": CertificateIdentifier.build(
                record.certificate.type, record.issuer, f"NOTE{self.serial:016d}", 1
            ).text,
            "issuer": record.issuer,
            "links": (Link(relation, item.leaf),),
            "valid_from": None,
            "valid_until": date(2027, 3, 1) if relation == "disputes" else None,
        }
        return self.licence(0, claims, (), **members | altered)

    # -- what honest cities do, and its parts --

    def register(self, *items: Item) -> None:
        """Submit and anchor the items, with the changes of status that the state machine makes of them."""
        changed: dict[bytes, int] = {}
        for item in items:
            lineage, change = follow(self.lineages.get(item.record.lineage), item.record, item.leaf)
            self.lineages[item.record.lineage] = lineage
            if change:
                changed[change.leaf] = change.status
        submission = self.submit(*items)
        first = self.statuses.size
        fresh = {item.leaf: first + index for index, item in enumerate(submission.items)}
        placed = {leaf: place.position for leaf, place in self.places.items()} | fresh
        self.anchor(submission, changes=sorted((placed[leaf], status) for leaf, status in changed.items()))

    def submit(self, *items: Item, signer: PrivateKey | None = None, **altered: Any) -> Submission:
        """Sign a statement over the items, or over what is `altered` of it."""
        signer = signer or self.key
        ordered = order_by_leaf(item.record for item in items)
        tree = MerkleTree(self.suite, [leaf for leaf, _ in ordered])
        statement = Statement(
            registry=self.registry.name,
            log=self.name,
            issuer=items[0].record.issuer,
            key_id=signer.public.id,
            record_count=len(items),
            suite=self.suite,
            root=tree.root,
            time=self.registry.now,
            expires_at=self.registry.now + DAY,
            window=Window.after(self.sequence),
        )
        statement = replace(statement, **altered)
        entry = Entry(statement, signer.sign(statement.encode()), self.registry.now)
        by_leaf = {item.leaf: item for item in items}
        return Submission(tuple(by_leaf[leaf] for leaf, _ in ordered), tree, entry)

    def anchor(
        self, *submissions: Submission, changes: Iterable[tuple[int, int]] = (), **altered: Any
    ) -> acts.Anchored:
        """Anchor a batch of submissions, or a heartbeat of none, or what is `altered` of it."""
        batch = (
            CountedTree(self.suite, [found.entry.hash_leaf() for found in submissions])
            if submissions
            else None
        )
        self.sequence += 1
        self.batches[self.sequence] = submissions
        self._place(submissions, batch)
        self.statuses.grow(self.statuses.size + (batch.record_count if batch else 0))
        words = list(changes)
        for position, status in words:
            self.statuses.set(position, status)
        act = acts.Anchored(
            log=self.name,
            sequence=self.sequence,
            size=self.statuses.size,
            root=batch.root if batch else bytes(32),
            status_root=self.statuses.compute_root(),
            status_changes=encode_changes(words),
        )
        act = replace(act, **altered)
        self.registry.act(act)
        return act

    def publish(self, *sequences: int) -> None:
        """Let the entries of these anchors be known, or those of all; where they are not what was anchored, nothing is."""
        knowledge = self.registry.knowledge
        for sequence in sequences or self.batches:
            anchor = knowledge.find_anchor(self.name, sequence)
            entries = [submission.entry for submission in self.batches[sequence]]
            if anchor is None or check_fold(anchor, entries, self.suite):
                continue
            placed = [*list_occurrences(anchor, entries)]
            knowledge.keep_entries(anchor, placed)
            page: list[Json] = [
                {"first": one.position, "sequence": sequence, "entry": entry.to_json()}
                for entry, (_, one) in zip(entries, placed, strict=True)
            ]
            self.registry.published.append((self.name, page))

    def _place(self, submissions: Sequence[Submission], batch: CountedTree | None) -> None:
        first = self.statuses.size
        for entry_index, submission in enumerate(submissions):
            assert batch
            for index, item in enumerate(submission.items):
                place = Place(submission, index, batch, entry_index, self.sequence, first + index)
                self.places[item.leaf] = place
            first += len(submission.items)

    # -- evidence --

    def position(self, item: Item) -> int:
        return self.places[item.leaf].position

    def staple(self, item: Item) -> Staple:
        """Return what the status of `item` is at the newest anchor."""
        position = self.position(item)
        path = tuple(self.statuses.find_path(position))
        return Staple(self.sequence, self.statuses.get_chunk(position), path)

    def proof(self, item: Item, *linked: Item, shown: Iterable[str] | None = None, **altered: Any) -> Proof:
        """Return the proof of `item` with bare proofs of `linked`; `shown`: only these claims."""
        place = self.places[item.leaf]
        disclosure: Disclosure | None = item.disclosure
        if shown is not None and item.disclosure:
            disclosure = item.disclosure.select(self.suite, set(shown))
        proof = Proof(
            record=item.record,
            disclosure=disclosure,
            index=place.index,
            path=tuple(place.submission.tree.find_path(place.index)),
            entry=place.submission.entry,
            batch_path=tuple(place.batch.find_path(place.entry_index)),
            sequence=place.sequence,
            staple=self.staple(item),
            linked_proofs=tuple(self.proof(other, disclosure=None, staple=None) for other in linked),
        )
        return replace(proof, **altered)

    def verify(
        self,
        proof: Proof | bytes,
        *,
        claims: Mapping[str, Json] | None = None,
        documents: Sequence[bytes] = (),
        now: int | None = None,
        policy: Policy | None = None,
    ) -> Report:
        """Verify with what the registry's events tell; unless something else is presented, with the right values."""
        if claims is None:
            claims = {} if documents else readable(proof)
        now = self.registry.now if now is None else now
        return verify(PresentedContent(tuple(documents), claims), proof, self.registry.knowledge, now, policy)


def readable(proof: Proof | bytes) -> dict[str, Json]:
    """Return what a person reads from a paper that says the same as the proof; nothing where that cannot be read."""
    if isinstance(proof, bytes):
        try:
            proof = decode_proof(proof)
        except MalformedInput:
            return {}
    values = proof.disclosure.values if proof.disclosure else {}
    return {name: value for name, value in values.items() if not is_document(name)}


def scene(count: int = 3, **members: Any) -> tuple[City, list[Item]]:
    """Return a city that has registered `count` licences in one batch."""
    city = City(Registry(), **members)
    items = [city.licence() for _ in range(count)]
    city.register(*items)
    return city, items
