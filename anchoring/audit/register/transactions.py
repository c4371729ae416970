"""Audit of signed transactions: each says what its row, its batch and its chain say."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import RowMapping, select

from anchoring.audit.findings import Findings
from anchoring.audit.places import REGISTER
from anchoring.audit.register.books import Books, walk_rows
from anchoring.chain.accounts import AnchorCall, read_anchor_call
from anchoring.chain.protocol import RegistryName
from anchoring.register.submissions import SUBMITTED
from anchoring.register.tables import BATCH, TRANSACTION
from ledger.crypto.keys import keccak256
from ledger.errors import MalformedInput
from ledger.limits import MAX_CLOCK_LEAD_SECONDS

_TRANSACTIONS: Final = (
    select(TRANSACTION, BATCH.c.payload, BATCH.c.frozen)
    .select_from(TRANSACTION.outerjoin(BATCH, TRANSACTION.c.sequence == BATCH.c.sequence))
    .order_by(TRANSACTION.c.sequence, TRANSACTION.c.nonce)
)
_BATCHES: Final = select(BATCH.c.sequence, BATCH.c.state, BATCH.c.frozen).order_by(BATCH.c.sequence)
_SELECTOR_BYTES: Final = 4


def audit_transactions(books: Books, findings: Findings) -> None:
    """Check every stored transaction, and that the one which the chain executed is among those of its batch."""
    signed_by_sequence: dict[int, dict[bytes, int]] = {}
    for row in walk_rows(books, _TRANSACTIONS):
        findings.look("transactions")
        signed_by_sequence.setdefault(row["sequence"], {})[row["hash"]] = row["signed"]
        with findings.guard(REGISTER, TRANSACTION.name, f"transaction 0x{row['hash'].hex()}"):
            _check_transaction(books, row, findings)
    for sequence, state, frozen_at in books.connection.execute(_BATCHES).all():
        signing_times = signed_by_sequence.get(sequence, {})
        if state == SUBMITTED and not signing_times:
            text = "it is said to be sent, and no transaction of it is stored: a node stores each before it sends it"
            findings.add("transaction-missing", f"batch {sequence}", text)
        else:
            _check_executed(books, sequence, frozen_at, signing_times, findings)


def _check_transaction(books: Books, row: RowMapping, findings: Findings) -> None:
    """Check one; which nonce it has is not compared with others, since what was never mined leaves its own to others."""
    place = f"batch {row['sequence']}, transaction 0x{row['hash'].hex()}"
    for fault in _find_faults(books, row):
        findings.add("transaction-altered", place, fault)
    if row["frozen"] is not None and row["signed"] < row["frozen"] - MAX_CLOCK_LEAD_SECONDS:
        findings.add("transaction-altered", place, "it was signed before its batch was frozen")
    if row["sent"] is not None and row["sent"] < row["signed"]:
        findings.add("transaction-altered", place, "it was sent before it was signed")


def _find_faults(books: Books, row: RowMapping) -> list[str]:
    try:
        call = read_anchor_call(row["raw"])
    except MalformedInput:
        return ["its bytes are no signed transaction"]
    faults = []
    if keccak256(row["raw"]) != row["hash"]:
        faults.append("its bytes are not those of its hash")
    if row["payload"] is None:
        faults.append(f"its batch {row['sequence']} is not in the register")
    elif call.data[_SELECTOR_BYTES:] != row["payload"]:
        faults.append("it carries another anchor than its batch")
    return faults + _find_term_faults(books, row, call)


def _find_term_faults(books: Books, row: RowMapping, call: AnchorCall) -> list[str]:
    """Compare signer, chain, contract, nonce and price."""
    registry_name, faults = RegistryName.parse(books.log.registry_name), []
    if (call.chain_id, call.contract) != (registry_name.chain_id, registry_name.contract):
        faults.append(f"it is for {call.contract} on chain {call.chain_id}, not for this registry")
    if (call.nonce, call.price.max_wei) != (row["nonce"], row["gas_price"]):
        faults.append(
            f"it has nonce {call.nonce} and price {call.price.max_wei}, its row {row['nonce']} and {row['gas_price']}"
        )
    if books.operators and call.sender not in books.operators:
        faults.append(f"{call.sender} signed it, who never was the operator of {books.log.name}")
    return faults


def _check_executed(
    books: Books, sequence: int, frozen_at: int, signing_times: Mapping[bytes, int], findings: Findings
) -> None:
    """Check that the transaction which anchored a batch is stored, unless the batch came back from the chain."""
    sighting = books.view.find_sighting(books.log.name, sequence)
    if sighting is None:
        return
    signed_at = signing_times.get(sighting.transaction_hash)
    if signed_at is not None:
        if signed_at > sighting.time + MAX_CLOCK_LEAD_SECONDS:
            place = f"batch {sequence}, transaction 0x{sighting.transaction_hash.hex()}"
            findings.add("transaction-altered", place, "it was signed after the chain had executed it")
        return
    if not signing_times and frozen_at == sighting.time:
        return  # taken back after a restore: `anchoring.recovery` writes the anchor's time
    text = f"the chain holds its anchor by transaction 0x{sighting.transaction_hash.hex()}, which is not stored here"
    findings.add("transaction-missing", f"batch {sequence}", text)
