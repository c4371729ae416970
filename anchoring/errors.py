"""What can go wrong between the ledger, the databases and the chain.

    AnchoringError
    ├── ChainUnavailable        the chain gave no usable answer: try again
    │   ├── ChainMisbehaved     it answered with something that the protocol does not allow
    │   │   └── EndpointsDisagree   two endpoints hold different final blocks at one height
    │   ├── NotAChain           what answers is no chain's JSON-RPC endpoint, such as a web server
    │   ├── ChainBehind         it does not reach the final block that is known already
    │   └── ReorgDetected       what was read belongs to a branch that the chain left: read again
    ├── TransactionRejected     the contract or the endpoint refuses the transaction: decide
    ├── WrongRegistry           the chain, the contract or head 0 are not those of the registry's name
    │   └── RegistryAbsent      there is no contract, or not yet: an endpoint may still be synchronising
    ├── Quarantined             the replica contradicts the chain or itself: it answers nothing until that is resolved
    ├── CursorMoved             another process wrote the replica in between: start over from what it wrote
    ├── SubmissionRefused       a submission is not accepted, and why, row by row
    ├── RegisterBehind          the chain holds anchors that the register does not know: restored from a backup
    ├── RegisterTooNew          a newer release has changed the register's tables
    ├── DatabaseDamaged         SQLite cannot read its own file: restore it, or delete it where it is the replica
    │   └── RowDamaged          one row holds what no node wrote: the audit names it
    ├── DatabaseTaken           register and replica were given one database, or another program's
    ├── DatabaseUnavailable     a database does not answer, is locked or full: try again
    │   └── DatabaseRefused     it refuses this name or password: only a person can mend that
    ├── LeaseHeld               another process anchors for the log, and this work is not done beside it
    ├── LeaseLost               another process anchors for the log now: this one has written nothing since
    ├── TooMuchWaiting          more is waiting for the chain than a node takes on: hand it in later
    ├── TooManyLooks            a token has looked at as many certificates as it may in a day
    ├── AnchorContradicted      the chain holds another anchor than the register under one sequence, or a void one
    ├── NotFinal                a record is registered, but its anchor is not final: nothing can be proven yet
    ├── NotFound                no such record, submission, log, account or replica
    ├── PeerFailed              another city's node gave no usable answer: ask later, or another one
    │   ├── PeerNewer           it answered in a format of a later release
    │   └── PeerRefused         it answered, and not with what it was asked for
    ├── CheckpointRefused       a checkpoint is not signed: below or beside one that was, or not what the replica holds
    ├── KeystoreError           an account's key cannot be read
    └── DevnetError             the development chain cannot be started or stopped

A message says what the person can do. Status codes and exit codes are the business of `api`.
"""

from dataclasses import dataclass


class AnchoringError(Exception):
    """Root of every error that `anchoring` raises."""


class ChainUnavailable(AnchoringError):
    """No usable answer came from the chain; nothing is known about what became of the request."""


class ChainMisbehaved(ChainUnavailable):
    """The endpoint's answer breaks the protocol: a wrong type, length, order, or a contradiction to its own words."""


class EndpointsDisagree(ChainMisbehaved):
    """Two endpoints hold different blocks at a final height: nothing is taken from either until they agree again."""

    def __init__(self, height: int, first_claim: tuple[str, bytes], second_claim: tuple[str, bytes]) -> None:
        claims_text = " and ".join(f"0x{hash.hex()} by {name}" for name, hash in (first_claim, second_claim))
        super().__init__(
            f"final block {height} is {claims_text}: one of them lies or is on another chain. "
            "Ask who runs them, and take the wrong one out of `chain_url`"
        )
        self.height, self.first_claim, self.second_claim = height, first_claim, second_claim


class NotAChain(ChainUnavailable):
    """What answers at the endpoint's address is no chain's JSON-RPC: a page, or a service of another kind.

    A node that starts ends with that; one that runs waits, since a gateway may show a page while it is worked on.
    """


class ChainBehind(ChainUnavailable):
    """The endpoint does not reach a final block that is known already: it lags, or it lost blocks."""


class ReorgDetected(ChainUnavailable):
    """The chain changed its branch while it was read."""


class TransactionRejected(AnchoringError):
    """The transaction will not be executed as it stands.

    `name` is the contract's error (`WrongSequence`) with its `values`, or one of `ENDPOINT_REFUSALS`.
    """

    def __init__(self, name: str, values: tuple[object, ...] = (), message: str = "") -> None:
        super().__init__(message or name)
        self.name = name
        self.values = values


#: Refusals that the endpoint and not the contract gives, as `TransactionRejected.name`.
NONCE_TOO_LOW = "NonceTooLow"  # a transaction of that number was mined already
NONCE_TOO_HIGH = "NonceTooHigh"  # the account has not come to that number: one before it is missing
UNDERPRICED = "Underpriced"  # the fee is too low, or too low to replace the one that waits
NO_FUNDS = "InsufficientFunds"  # the account cannot pay
GAS_LIMIT = "GasLimit"  # it may use more gas than a block of this chain holds
PRICE_LIMIT = "PriceLimit"  # the chain asks more than this node may pay; nothing was sent
REFUSED = "Refused"  # anything else
ENDPOINT_REFUSALS = frozenset(
    {NONCE_TOO_LOW, NONCE_TOO_HIGH, UNDERPRICED, NO_FUNDS, GAS_LIMIT, PRICE_LIMIT, REFUSED}
)


class WrongRegistry(AnchoringError):
    """The chain, the contract or its head 0 are not those that the registry's name says."""


class RegistryAbsent(WrongRegistry):
    """There is no contract at the registry's address: another chain, or an endpoint that has not come that far."""


class Quarantined(AnchoringError):
    """The replica contradicts the chain or itself; the message names both sides."""


class CursorMoved(AnchoringError):
    """The replica is no longer where it was read: another follower runs on the same database."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row of a submission; rows count from 1, the statement being row 1."""

    row_number: int
    message: str


class SubmissionRefused(AnchoringError):
    """The submission is not accepted; nothing of it was kept.

    `problem` is a stable slug for programs (`unknown-key`), `row_errors` the first rows at fault.
    """

    def __init__(self, problem: str, message: str, row_errors: tuple[RowError, ...] = ()) -> None:
        super().__init__(message)
        self.problem = problem
        self.row_errors = row_errors


class RegisterBehind(AnchoringError):
    """The register lacks batches that the chain holds: it takes nothing and anchors nothing until it has them back."""


class RegisterTooNew(AnchoringError):
    """The register's tables are of a revision that this program does not know: a newer release has used it."""


#: How a damaged database comes back.
_MENDING = {
    "register": "restore the register from its backup, then run `shunzheng recover`",
    "replica": "delete the replica, which is followed anew",
    "checkpoints": "restore the checkpoints from their backup",
}


class DatabaseDamaged(AnchoringError):
    """SQLite found its own file damaged. What can be read of it is not to be relied on."""


class RowDamaged(DatabaseDamaged):
    """A row of this node's own holds what no node wrote; the message names its place, and nothing that stands there."""

    def __init__(self, database: str, table: str, row: str) -> None:
        super().__init__(
            f"what the database of the {database} holds in the table {table}, {row}, cannot be read: it was damaged or "
            f"altered. Run `shunzheng audit`, which finds more of the kind, and {_MENDING[database]}"
        )
        self.database, self.table, self.row = database, table, row


class DatabaseTaken(AnchoringError):
    """The database holds something else already: register and replica need one each, or a schema each."""


class DatabaseUnavailable(AnchoringError):
    """A database did not do what it was asked: unreachable, locked, full. Whether a commit was kept is not known."""


class DatabaseRefused(DatabaseUnavailable):
    """The server takes neither this user nor this database: settings are to be mended."""


class LeaseHeld(AnchoringError):
    """Another process holds the lease of the log, and is alive; nothing was begun."""


class LeaseLost(AnchoringError):
    """Another process took over the anchoring of the log; the transaction that found out wrote nothing."""


class TooMuchWaiting(AnchoringError):
    """So much is accepted and not on the chain that no more is taken; worth another attempt after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TooManyLooks(AnchoringError):
    """A token has looked at as many certificates as it may in a day; worth another attempt after `retry_after_seconds`."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class AnchorContradicted(AnchoringError):
    """What the chain holds under a sequence is not what this register froze; nothing more may be anchored on top."""


class NotFinal(AnchoringError):
    """The record waits for its anchor to become final; `state` says how far it is."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the record is {state}, not final yet: ask again in a minute")
        self.state = state


class NotFound(AnchoringError):
    """What was asked for is not here."""


class PeerFailed(AnchoringError):
    """Another city's node cannot be reached, is too slow, or gives no usable answer."""


class PeerNewer(PeerFailed):
    """Another city's node answers in a format of a later release: this program is to be brought up to date."""


class PeerRefused(PeerFailed):
    """Another city's node was reached and answered, with an error or with what the protocol does not allow."""


class CheckpointRefused(AnchoringError):
    """This node does not sign that checkpoint; the message says what it holds or signed instead."""


class KeystoreError(AnchoringError):
    """An account's keystore cannot be read: missing, damaged, or another password."""


class DevnetError(AnchoringError):
    """The development chain cannot be started, saved or stopped."""
