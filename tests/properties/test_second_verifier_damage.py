"""Proofs altered by the thousand: both verifiers judge every step alike.

As JSON, as bytes, and before they are signed.

`SHUNZHENG_MUTATIONS` sets how many (default 2,000), `SHUNZHENG_SEED` where the draws begin.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Final

from tests.properties.damage import Edit, draw_bytes, draw_edit, nested, write
from tests.properties.second_verifier import MUTATIONS, SEED, ours, theirs
from tests.properties.subjects import Subject, paper, restate, sm2_subjects, subjects
from tests.scenes import DAY, DOCUMENT

LATER: Final = (0, 0, 0, 0, 0, 0, 3600, 3601, -119, -120, -121, -DAY, 10 * 365 * DAY, -10 * 365 * DAY)
PRESENTED: Final[Sequence[tuple[bytes, ...]]] = (
    (),
    (DOCUMENT,),
    (DOCUMENT, DOCUMENT),
    (b"another",),
    (b"front",),
    (DOCUMENT, b"another"),
)


UNREADABLE: Final = {"over_limit", "newer_format", "proof_unreadable"}


@dataclass
class Tally:
    """Which rows of the table were reached how often, and every presentation that the two verifiers judged differently."""

    rows: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    asked: int = 0
    named_otherwise: int = 0
    different: list[str] = field(default_factory=list)

    def ask(
        self, subject: Subject, text: bytes, presented: dict[str, Any], what: str, faults: int = 1
    ) -> bool:
        """Tell whether both say the same of every step; of a text with several `faults` each may name another."""
        here, there = ours(subject.city, text, **presented), theirs(subject.city, text, **presented)
        self.asked += 1
        self.rows.update((number, *step) for number, step in here[1].items())
        if here == there:
            return True
        if faults > 1 and here[0][2] in UNREADABLE and there[0][2] in UNREADABLE:
            self.named_otherwise += 1
            return True
        steps = [
            f"{number}: {step} / {there[1][number]}"
            for number, step in here[1].items()
            if step != there[1][number]
        ]
        self.different.append(
            f"{subject.name}: {what[:600]}\n   {presented}\n   ours {here[0]}, theirs {there[0]}; steps {steps}"
        )
        return False

    def check(self, rows: int) -> None:
        """Demand that nothing was judged differently, and that at least so many rows of the table were reached."""
        examples = "\n".join(self.different[:5])
        assert not self.different, f"seed {SEED}, {len(self.different)} of {self.asked} differ:\n{examples}"
        assert self.named_otherwise * 50 <= self.asked
        if MUTATIONS >= 2000:
            assert len(self.rows) >= rows, sorted(self.rows)


@cache
def world() -> list[Subject]:
    return subjects()


def draw_presented(random: Random, original: Any, altered: Any) -> dict[str, Any]:
    """Draw what is presented beside a proof, and when."""
    documents = random.choice(PRESENTED) if random.random() < 0.4 else ()
    claims: Any = (
        {} if documents and random.random() < 0.7 else paper(random.choice((original, original, altered)))
    )
    if random.random() < 0.1:
        claims = draw_edit(
            random, claims, [{"ZZMC": 1.5, "X": None, "document/1": "x", "CZZT": "\ud800"}]
        ).apply(claims)
    readable = claims if isinstance(claims, dict) else {}
    return {"claims": readable, "documents": documents, "later": random.choice(LATER)}


def at(subject: Subject, presented: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a verification: `later` counts from the newest event."""
    rest = {name: value for name, value in presented.items() if name != "later"}
    return rest | {"now": max(0, subject.city.registry.now + presented["later"])}


def alter(random: Random, tally: Tally, subject: Subject, others: Sequence[Any], faults: int = 0) -> None:
    """Ask both of an altered proof, which has `faults` already; where they differ, find the fewest edits that do it."""
    edits: list[Edit] = []
    altered = subject.proof
    for _ in range(random.choice((0, 1, 1, 1, 1, 2, 3))):
        edits.append(draw_edit(random, altered, others))
        altered = edits[-1].apply(altered)
    presented = at(subject, draw_presented(random, subject.proof, altered))
    writing = random.random()

    def asked(tally: Tally, chosen: Sequence[Edit]) -> bool:
        value = subject.proof
        try:
            for edit in chosen:
                value = edit.apply(value)
        except (KeyError, IndexError, TypeError):
            return True
        return tally.ask(
            subject,
            write(Random(writing), value),
            presented,
            "; ".join(map(str, chosen)),
            faults + len(edits),
        )

    if asked(tally, edits):
        return
    for edit in list(edits):
        fewer = [one for one in edits if one is not edit]
        edits = edits if asked(Tally(), fewer) else fewer
    tally.different.pop()
    asked(tally, edits)


def test_altered_json() -> None:
    random, tally = Random(SEED), Tally()
    others = [subject.proof for subject in world()]
    for _ in range(MUTATIONS):
        alter(random, tally, random.choice(world()), others)
    tally.check(rows=78)


def test_altered_bytes() -> None:
    random, tally = Random(SEED), Tally()
    for _ in range(MUTATIONS // 2):
        subject = random.choice(world())
        presented = at(subject, draw_presented(random, subject.proof, subject.proof))
        text = draw_bytes(random, write(random, subject.proof))
        tally.ask(subject, text, presented, repr(text), faults=2)
    tally.check(rows=70)


def test_altered_before_they_were_signed_and_anchored() -> None:
    random, tally = Random(SEED), Tally()
    others = subjects()  # not those of the other tests: their cities live on
    bases = [subject for subject in others if subject.city.registry.name == others[0].city.registry.name]
    others = [subject.proof for subject in bases]
    for _ in range(max(1, MUTATIONS // 200)):
        for subject in restate(random, bases, 100):
            if random.random() < 0.2:
                alter(random, tally, subject, others, faults=3)
            else:
                presented = at(subject, draw_presented(random, subject.proof, subject.proof))
                what = f"{subject.proof['record']} {subject.proof['entry']}"
                tally.ask(subject, write(random, subject.proof), presented, what, faults=3)
    tally.check(rows=68)


def beyond() -> Iterator[tuple[str, Edit, Edit]]:
    """Yield what is limited, an edit of the sealed proof up to the limit, and one beyond it."""
    bare = {name: part for name, part in world()[0].proof["linked"][0].items() if name != "linked"}
    link, node = world()[0].proof["record"]["links"][0], "00" * 32

    def chain(depth: int) -> Any:
        return [bare | {"linked": chain(depth - 1)}] if depth > 1 else [bare]

    for name, path, part, most in (
        ("path", ("submission", "path"), node, 40),
        ("path of a batch", ("batch",), ["left", 1, node], 40),
        ("links", ("record", "links"), link, 16),
        ("linked proofs", ("linked",), bare, 16),
    ):
        yield name, Edit(path, [part] * most), Edit(path, [part] * (most + 1))
    rows = [[f"{number:03}", number] for number in range(257)]
    yield "claims", Edit(("disclosure", "claims"), rows[:256]), Edit(("disclosure", "claims"), rows)
    value = ("disclosure", "claims", 0, 1)
    yield "nesting", Edit(value, nested("x", 12)), Edit(value, nested("x", 13))
    yield (
        "linked in all",
        Edit(("linked",), [bare | {"linked": [bare] * 15}]),
        Edit(("linked",), [bare | {"linked": [bare] * 16}]),
    )
    yield "depth", Edit(("linked",), chain(3)), Edit(("linked",), chain(4))


def test_limits() -> None:
    sealed = world()[0]
    for name, fits, exceeds in beyond():
        for edit in (fits, exceeds):
            text = json.dumps(edit.apply(sealed.proof)).encode()
            one, other = (asked(sealed.city, text, claims={}) for asked in (ours, theirs))
            assert one == other, name
            assert (one[0][2] == "over_limit") == (edit is exceeds), name


def test_the_size_of_a_proof() -> None:
    sealed = world()[0]
    text = json.dumps(sealed.proof).encode()
    for size in (256 * 1024, 256 * 1024 + 1):
        one, other = (asked(sealed.city, text.ljust(size), claims={}) for asked in (ours, theirs))
        assert one == other
        assert (one[0][2] == "over_limit") == (size > 256 * 1024)


def test_altered_sm2() -> None:
    random, tally = Random(SEED), Tally()
    subjects = sm2_subjects()
    for _ in range(20):
        alter(random, tally, subjects[0], [subjects[0].proof])
    tally.check(rows=0)
