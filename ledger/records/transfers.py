"""Transfers 转出 from one log into another: what both records say of each other.

The old certificate ends with a `transfer` whose basis ends with the log that it goes to. The new one, in that log, links
(`continues`) to the record of that transfer. Format: docs/formats/record.md.
"""

import re
from typing import Final

from ledger.records.records import Record

#: Relation of the link of a certificate to the transfer of the one that it continues, in another log.
CONTINUES: Final = "continues"
#: The action that ends the old one.
TRANSFER: Final = "transfer"
_DESTINATION_MARK: Final = "；转往 "
_DESTINATION: Final = re.compile(rf"{_DESTINATION_MARK}(\S{{1,32}})\Z")  # 32: what the chain has for a name


def add_destination(basis: str, log: str) -> str:
    """Return the basis of a transfer into the log of this name."""
    return f"{basis}{_DESTINATION_MARK}{log}"


def find_destination(record: Record) -> str | None:
    """Return the log into which the record of a transfer says that the certificate goes; None where it says none."""
    if record.action != TRANSFER or record.basis is None:
        return None
    destination_match = _DESTINATION.search(record.basis)
    return destination_match[1] if destination_match else None


def may_continue(record: Record, transfer_record: Record) -> bool:
    """Tell whether a certificate may continue the one of a transfer: of the same kind and type."""
    return (
        transfer_record.action == TRANSFER
        and transfer_record.kind == record.kind
        and transfer_record.certificate.type == record.certificate.type
    )
