"""The department's own client, as a library: draft, sign, hand in, follow, fetch proofs.

The commands do the same with the same functions; here nothing is printed. Examples: docs/client.md.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from api.client.answers import ReceiptAnswer, SubmissionAnswer
from api.client.client import NodeClient
from api.console import tell_instead
from api.department.proofs import DEFAULT_PARALLEL, FetchedProof, fetch_proofs
from api.department.rows.acceptance import require_accepted
from api.department.rows.oddities import RowWarning
from api.department.sending import PreparedRows, ask_target, check_key, prepare_rows
from api.department.waiting import wait_final
from ledger.crypto.keys import Signer
from ledger.encoding.canonical import Json
from ledger.encoding.times import find_civil_date
from ledger.errors import MalformedInput
from ledger.proof.proof import Proof, decode_proof


@dataclass(frozen=True, slots=True)
class DraftedRows:
    """Rows that were judged and not signed yet, and what is odd about them."""

    prepared_rows: PreparedRows
    warnings: tuple[RowWarning, ...]


class Department:
    """A department at the node of its city; `tell` gets the lines that a command would say on standard error.

    `signer` is needed to hand in, `token` for proofs and for what the node shows; both stay with this object.
    """

    def __init__(
        self,
        node: str,
        signer: Signer | None = None,
        *,
        token: str | None = None,
        ca_file: Path | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._node = NodeClient(node, token, ca_file=ca_file)
        self._signer, self._tell = signer, tell

    def __enter__(self) -> Self:
        self._node.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._node.__exit__(kind, error, trace)

    def draft(self, rows: Iterable[Mapping[str, Json]], folder: Path, name: str = "records") -> DraftedRows:
        """Judge input rows (examples/README.md), whose documents are found from `folder`; rows are counted from 1.

        What is signed of them is kept in `folder`, under a name that begins with `name`. Raises: SubmissionRefused,
        NodeError.
        """
        numbered_rows = [(row_number, dict(row)) for row_number, row in enumerate(rows, 1)]
        today = find_civil_date(int(time.time()))
        prepared_rows = prepare_rows(numbered_rows, ask_target(self._node), folder, name, today=today)
        return DraftedRows(prepared_rows, prepared_rows.unsigned_draft.warnings)

    def submit(
        self, drafted_rows: DraftedRows, *, accept: Collection[str] = (), wait: int = 0
    ) -> SubmissionAnswer:
        """Sign rows, keep them, hand them in, keep the receipt, and wait up to `wait` seconds until they are final.

        The same rows after a failure make the same submission, not a second. `accept` names the warnings that are accepted.
        Raises: SubmissionRefused for the others, NodeError, SignerFailed, OSError.
        """
        if self._signer is None:
            raise MalformedInput("nothing signs: give Department a signer")
        with tell_instead(self._tell), drafted_rows.prepared_rows.unsigned_draft:
            require_accepted(drafted_rows.warnings, accept)
            check_key(self._node, self._signer)
            return drafted_rows.prepared_rows.send(self._node, self._signer, wait)

    def follow(self, receipt: ReceiptAnswer, seconds: int) -> SubmissionAnswer:
        """Return how far a submission is, at best final, after waiting up to `seconds`. Raises: NodeError."""
        with tell_instead(self._tell):
            return wait_final(self._node, receipt, seconds)

    def fetch_proof(self, identifier: str) -> Proof:
        """Return the proof of a certificate as it stands now. Raises: NodeError, MalformedInput."""
        return decode_proof(self._node.fetch_certificate_proof(identifier))

    def fetch_proofs(
        self,
        identifiers: Iterable[str],
        folder: Path,
        *,
        documents: Path | None = None,
        anew: bool = False,
        parallel: int = DEFAULT_PARALLEL,
    ) -> Iterator[FetchedProof]:
        """Yield what became of each certificate, as the commands do (docs/client.md). Raises: NodeError, OSError."""
        return fetch_proofs(
            self._node,
            identifiers,
            folder,
            documents=documents,
            anew=anew,
            parallel=parallel,
            tell=self._tell,
        )
