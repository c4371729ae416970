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
from api.client.answers import SubmissionAnswer
from api.client.client import NodeClient
from api.client.node_error import NodeError
from api.console import note
from api.department.changes import plan
from api.department.imports.journal import ISSUE, Journal, JournalRow
from api.department.rows.reading import InputRow
from api.department.rows.versions import Version
from api.department.sending import PreparedRows, ask_target, prepare_rows
from ledger.crypto.keys import Signer
from ledger.encoding.canonical import Json, decode
from ledger.encoding.times import find_civil_date
from ledger.limits import MAX_STATUS_RECORDS
from ledger.records.claims import is_document

#: Records of one submission: its rows are held in memory, some 30 MB, and a crash repeats no more than that.
SUBMISSION_ROWS: Final = 10_000
#: Members of a row that follow from where a certificate stands, or that a new version states anew.
_OMITTED_MEMBERS: Final = frozenset({"kind", "action", "issuer", "identifier", "empty"})
_PROOF_THREADS: Final = 4
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
        with ExitStack() as draft_stack, ThreadPoolExecutor(1) as sending_pool:
            part_and_sending: tuple[_Part, Future[SubmissionAnswer]] | None = None
            for part in self._prepare_parts(file_digest, file_name):
                draft_stack.enter_context(part.prepared_rows.unsigned_draft)
                if part_and_sending:
                    answers.append(self._settle(file_digest, *part_and_sending))
                part_and_sending = (
                    part,
                    sending_pool.submit(part.prepared_rows.send, self._node, self._signer, 0),
                )
            if part_and_sending:
                answers.append(self._settle(file_digest, *part_and_sending))
        self._journal.end_file(file_digest)
        return answers

    def _settle(self, file_digest: str, part: _Part, sending: Future[SubmissionAnswer]) -> SubmissionAnswer:
        answer = sending.result()
        part.prepared_rows.unsigned_draft.close()  # its spool takes memory and disk until then
        self._journal.accept(part.rows, answer["id"], part.identifiers)
        self._show_accepted(file_digest, len(part.rows))
        return answer

    def _prepare_parts(self, file_digest: str, file_name: str) -> Iterator[_Part]:
        for action, issuer in self._journal.list_groups(file_digest):
            last_id = 0
            max_rows = SUBMISSION_ROWS if action == ISSUE else MAX_STATUS_RECORDS
            while rows := self._journal.read_ready(file_digest, action, issuer, last_id, max_rows):
                last_id = rows[-1].id
                if part := self._prepare(action, file_name, rows):
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
        lineages = self._node.fetch_lineages(identifiers, with_content=True)
        change_rows = []
        for row, members, identifier, lineage in zip(
            rows, members_of_rows, identifiers, lineages, strict=True
        ):
            version = Version.of_lineage(lineage) if lineage else None
            change_rows.append(InputRow(row.line_number, _make_change(members, identifier, version)))
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
