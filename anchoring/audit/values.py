"""What stored values that no node wrote can make of a check, and the words for it.

Loaded by the processes that replay lineages, so it loads no library of databases.
"""

from typing import Final

from ledger.errors import LedgerError

VALUE_ERRORS: Final = (
    LedgerError,
    ArithmeticError,
    AssertionError,
    LookupError,
    TypeError,
    ValueError,
)


def describe_value_error(error: Exception) -> str:
    """Say what stopped a check, without values, which may be personal data."""
    if isinstance(error, LedgerError):
        return str(error)
    return f"what stands there is no value that a node writes ({type(error).__name__})"
