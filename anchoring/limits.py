"""Every limit and pace of anchoring, each with its unit and the reason for its size."""

from typing import Final

MAX_ROW_BYTES: Final = 192 * 1024  # one line of a submission: with its paths it must fit a proof of 256 kB
MAX_ROW_ERRORS: Final = 100  # rows reported of a refused submission; the first hundred show the pattern
MIN_STATEMENT_SECONDS: Final = (
    600  # what must be left of a statement at intake, so that its anchor can be mined in time
)
SPOOL_MEMORY_BYTES: Final = (
    8 * 2**20
)  # a submission up to this size is spooled in memory, a larger one on disk
CHUNK_ROWS: Final = (
    2_000  # rows written by one statement: some megabytes, and the cost of the statement is spread
)
LOOKUP_ROWS: Final = 500  # values of one IN (…): below every database's limit of parameters

MAX_BATCH_SUBMISSIONS: Final = (
    10_000  # entries of one batch: its tree is built in some hundredths of a second
)
URGENT_SECONDS: Final = (
    1  # a change of status waits this long for company; a batch must close within 5 seconds
)
QUIET_SECONDS: Final = 3  # other submissions wait this long: more records share an anchor's cost
FULL_BATCH_RECORDS: Final = 50_000  # a batch of this size is not held back for more
HEARTBEAT_SECONDS: Final = 600  # other cities then know that nothing new happened

RESEND_SECONDS: Final = 15  # a transaction that nobody mines is handed in again after this long
REPLACE_SECONDS: Final = 60  # … and replaced, with the same payload, by one that pays more after this long
REPLACE_PERCENT: Final = 125  # nodes want a replacement to pay at least 10 to 12.5 percent more
MAX_FAILED_TRANSACTIONS: Final = 3  # of one batch: after so many, sending more costs money and mends nothing
