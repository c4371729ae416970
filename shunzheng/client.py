"""The department's own client: draft, sign, hand in, follow, fetch proofs (docs/client.md).

Errors: `SubmissionRefused` (rows at fault, none handed in), `NodeError` (the node refused, or is out of reach),
`SignerFailed` (nothing was signed), `LedgerError` (what was given is in no known form).
"""

from anchoring.errors import SubmissionRefused
from api.client.answers import ReceiptAnswer, SubmissionAnswer
from api.client.node_error import NodeError
from api.department.client import Department, DraftedRows
from api.department.proofs import FetchedProof, list_identifiers
from api.department.rows.oddities import RowWarning
from api.key_files import open_key
from api.signing.errors import SignerFailed
from api.signing.signers import open_settings as open_signer
from ledger.crypto.keys import Signer
from ledger.errors import LedgerError
from ledger.proof.proof import Proof

__all__ = [
    "Department",
    "DraftedRows",
    "FetchedProof",
    "LedgerError",
    "NodeError",
    "Proof",
    "ReceiptAnswer",
    "RowWarning",
    "Signer",
    "SignerFailed",
    "SubmissionAnswer",
    "SubmissionRefused",
    "list_identifiers",
    "open_key",
    "open_signer",
]
