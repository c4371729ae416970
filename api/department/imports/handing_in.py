"""What was checked is signed and handed in; the journal says how far it has come.

1. Take the next rows of the journal. They are the same ones after a crash, with the identifiers that were drawn for them.
2. Draft and sign them: the signed submission is a file named after its rows, and is not made twice.
3. Hand it in. A node that has it answers with the same receipt.
4. Note in the journal that its rows are accepted. A crash before begins at 1 with the same submission.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anchoring.database.files import replace_file
from anchoring.errors import SubmissionRefused
from api.client.answers import LineageAnswer, SubmissionAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note
from api.department.changes import plan
from api.department.imports.journal import ISSUE, Journal, JournalRow
from api.department.rows.reading import InputRow
from api.department.rows.versions import Version
from api.department.sending import PreparedRows, ask_target, prepare_rows
from ledger.catalogue.fields import SOURCE_ROW_CLAIM
from ledger.crypto.keys import Signer
from ledger.encoding.canonical import Json, decode
from ledger.encoding.times import find_civil_date
from ledger.limits import MAX_STATUS_RECORDS
from ledger.records.claims import is_document
from ledger.records.lifecycle import STATUS_AFTER
from ledger.records.records import STATUS_ACTIONS

#: Records of one submission: its rows are held in memory, some 30 MB, and a crash repeats no more than that.
SUBMISSION_ROWS: Final = 10_000
#: Members of a row that follow from where a certificate stands, or that a new version states anew.
_OMITTED_MEMBERS: Final = frozenset({"kind", "action", "issuer", "identifier", "empty"})
_PROOF_THREADS: Final = 4
#: Stands for the submission of a row of which the journal did not note the answer.
_TAKEN_BEFORE: Final = "taken before"
_IDENTIFIER_CLAIM: Final = "ZZBS"


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of the journal, what is signed of them, and the identifiers that they get."""

    rows: Sequence[JournalRow]
    prepared_rows: PreparedRows
    identifiers: Sequence[str]


class HandingIn:
    """Hands in what the journal has of a file; `show_accepted` is told how many rows are accepted."""

    def __init__(
        self,
        journal: Journal,
        node: NodeClient,
        signer: Signer,
        submissions_folder: Path,
        show_accepted: Callable[[str, int], None],
    ) -> None:
        self._journal, self._node, self._signer, self._submissions_folder, self._show_accepted = (
            journal,
            node,
            signer,
            submissions_folder,
            show_accepted,
        )
        self.refusal_lines: list[str] = []

    def hand_in(self, file_digest: str, file_name: str) -> list[SubmissionAnswer]:
        """Return the node's answers for everything that a file still has to sign. Raises: NodeError, SubmissionRefused."""
        self._submissions_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        answers: list[SubmissionAnswer] = []
        for issuer in self._journal.list_issuers(file_digest):
            answers += self._hand_in_issues(file_digest, file_name, issuer)
        for issuer in self._journal.list_issuers(file_digest):
            answers += self._hand_in_changes(file_digest, file_name, issuer)
        self._journal.end_file(file_digest)
        return answers

    def _hand_in_issues(self, file_digest: str, file_name: str, issuer: str) -> list[SubmissionAnswer]:
        """Hand in the certificates that begin, the next ones drafted while some are sent."""
        answers: list[SubmissionAnswer] = []
        with ExitStack() as draft_stack, ThreadPoolExecutor(1) as sending_pool:
            part_and_sending: tuple[_Part, Future[SubmissionAnswer]] | None = None
            for part in self._prepare_issues(file_digest, file_name, issuer):
                draft_stack.enter_context(part.prepared_rows.unsigned_draft)
                if part_and_sending:
                    answers.append(self._settle(file_digest, *part_and_sending))
                part_and_sending = (
                    part,
                    sending_pool.submit(part.prepared_rows.send, self._node, self._signer, 0),
                )
            if part_and_sending:
                answers.append(self._settle(file_digest, *part_and_sending))
        return answers

    def _hand_in_changes(self, file_digest: str, file_name: str, issuer: str) -> list[SubmissionAnswer]:
        """Hand in new versions and acts, in their order: what one follows is accepted before it is drafted."""
        answers: list[SubmissionAnswer] = []
        last_id = 0
        while rows := self._read_changes(file_digest, issuer, last_id):
            open_rows = rows if last_id else self._leave_out_done(rows)
            last_id = rows[-1].id
            if part := self._prepare(rows[0].action, file_name, open_rows):
                with part.prepared_rows.unsigned_draft:
                    answer = part.prepared_rows.send(self._node, self._signer, 0)
                answers.append(self._accept(file_digest, part, answer))
        return answers

    def _leave_out_done(self, rows: Sequence[JournalRow]) -> Sequence[JournalRow]:
        """Return the rows without those that the node has taken already: a crash came before the journal noted them.

        That can be true of the first rows alone: the others were not handed in before these were noted.
        """
        known_certificates = self._journal.find_certificates([row.key for row in rows])
        lineages = self._node.fetch_lineages(
            [known_certificates[row.key].identifier for row in rows],
            with_content=rows[0].action not in STATUS_ACTIONS,
        )
        done_rows = [
            (row, lineage["identifier"])
            for row, lineage in zip(rows, lineages, strict=True)
            if lineage and _is_done(row, lineage)
        ]
        self._journal.accept(
            [row for row, _ in done_rows], _TAKEN_BEFORE, [identifier for _, identifier in done_rows]
        )
        done_ids = {row.id for row, _ in done_rows}
        return [row for row in rows if row.id not in done_ids]

    def _read_changes(self, file_digest: str, issuer: str, last_id: int) -> Sequence[JournalRow]:
        """Return the next rows of one action of which no two are of one certificate."""
        rows = self._journal.read_ready(file_digest, issuer, last_id, MAX_STATUS_RECORDS, is_issue=False)
        keys: set[bytes] = set()
        for index, row in enumerate(rows):
            if row.action != rows[0].action or row.key in keys:
                return rows[:index]
            keys.add(row.key)
        return rows

    def _settle(self, file_digest: str, part: _Part, sending: Future[SubmissionAnswer]) -> SubmissionAnswer:
        return self._accept(file_digest, part, sending.result())

    def _accept(self, file_digest: str, part: _Part, answer: SubmissionAnswer) -> SubmissionAnswer:
        part.prepared_rows.unsigned_draft.close()  # its spool takes memory and disk until then
        self._journal.accept(part.rows, answer["id"], part.identifiers)
        self._show_accepted(file_digest, len(part.rows))
        return answer

    def _prepare_issues(self, file_digest: str, file_name: str, issuer: str) -> Iterator[_Part]:
        last_id = 0
        while rows := self._journal.read_ready(file_digest, issuer, last_id, SUBMISSION_ROWS, is_issue=True):
            last_id = rows[-1].id
            if part := self._prepare(ISSUE, file_name, rows):
                yield part

    def _prepare(self, action: str, file_name: str, rows: Sequence[JournalRow]) -> _Part | None:
        """Draft rows; those that cannot be stated as they are do not hold up the others. Raises: SubmissionRefused."""
        while rows:
            try:
                input_records = self._make_inputs(action, rows)
                prepared_rows = prepare_rows(
                    input_records, ask_target(self._node), self._submissions_folder, f"{file_name}.{action}"
                )
            except SubmissionRefused as error:
                refused_lines = {row.row_number for row in error.row_errors}
                refused_rows = [row for row in rows if row.line_number in refused_lines]
                if not refused_rows:
                    raise
                self.refusal_lines += [
                    f"row {row_error.row_number}: {row_error.message}" for row_error in error.row_errors
                ]
                self._journal.refuse(refused_rows)
                rows = [row for row in rows if row.line_number not in refused_lines]
                continue
            return _Part(rows, prepared_rows, [str(members["identifier"]) for _, members in input_records])
        return None

    def _make_inputs(self, action: str, rows: Sequence[JournalRow]) -> list[tuple[int, dict[str, Json]]]:
        """Return the input records of rows, each with its line in the file."""
        members_of_rows = [_decode_members(row) for row in rows]
        if action == ISSUE:
            return [
                (row.line_number, {name: value for name, value in members.items() if name != "empty"})
                for row, members in zip(rows, members_of_rows, strict=True)
            ]
        known_certificates = self._journal.find_certificates([row.key for row in rows])
        identifiers = [known_certificates[row.key].identifier for row in rows]
        is_act = action in STATUS_ACTIONS
        lineages = self._node.fetch_lineages(identifiers, with_content=not is_act)
        change_rows = []
        for row, members, identifier, lineage in zip(
            rows, members_of_rows, identifiers, lineages, strict=True
        ):
            version = Version.of_lineage(lineage) if lineage and not is_act else None
            change_members = (
                members | {"identifier": identifier} if is_act else _make_change(members, identifier, version)
            )
            change_rows.append(InputRow(row.line_number, change_members))
        changes = plan(action, change_rows, lineages, None, {}, find_civil_date(int(time.time())))
        return [(change.row_number, change.row) for change in changes]

    def fetch_proofs(self, file_digest: str, folder: Path) -> int:
        """Fetch the proofs of a file that are not in the folder yet, and return how many. Raises: NodeError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        missing_proofs = [
            (identifier, path)
            for identifier in self._journal.list_accepted(file_digest)
            if not (path := folder / f"{identifier}.proof.json").exists()
        ]
        with ThreadPoolExecutor(_PROOF_THREADS) as pool:
            return sum(pool.map(self._fetch_proof, missing_proofs))

    def _fetch_proof(self, identifier_and_path: tuple[str, Path]) -> bool:
        identifier, path = identifier_and_path
        try:
            replace_file(path, [self._node.fetch_certificate_proof(identifier)])
        except NodeError as error:
            if error.problem != "not-final":
                raise
            note(f"{identifier} is not final yet: run the same command again for its proof")
            return False
        return True


def _decode_members(row: JournalRow) -> dict[str, Json]:
    members = decode(row.members)
    assert isinstance(members, dict)
    return members


def _is_done(row: JournalRow, lineage: LineageAnswer) -> bool:
    """Tell whether a certificate stands where the record of a row leads: in its state, or made of the very same row."""
    status = STATUS_AFTER.get(row.action)
    if status is not None:
        return lineage["status"] == status.name.lower()
    claims = _decode_members(row)["claims"]
    return (
        isinstance(claims, dict)
        and Version.of_lineage(lineage).claims.get(SOURCE_ROW_CLAIM) == claims[SOURCE_ROW_CLAIM]
    )


def _make_change(members: dict[str, Json], identifier: str, version: Version | None) -> dict[str, Json]:
    """Return what a row states of the next version: its claims, and which claims its table has no value for any more."""
    claims = members["claims"]
    assert isinstance(claims, dict)
    change_members = {name: value for name, value in members.items() if name not in _OMITTED_MEMBERS}
    change_members |= {
        "identifier": identifier,
        "claims": {name: value for name, value in claims.items() if name != _IDENTIFIER_CLAIM},
    }
    empty_value = members.get("empty")
    empty_names = empty_value if isinstance(empty_value, list) else []
    claims_before = version.claims if version else {}
    removed_names = [
        name
        for name in empty_names
        if isinstance(name, str) and name in claims_before and name not in claims and not is_document(name)
    ]
    return change_members | ({"without": [*removed_names]} if removed_names else {})
