"""Every limit and pace of anchoring, each with its unit and the reason for its size."""

from typing import Final

MAX_ROW_BYTES: Final = 192 * 1024  # one line of a submission: with its paths it must fit a proof of 256 kB
MAX_ROW_ERRORS: Final = 100  # rows reported of a refused submission; the first hundred show the pattern
# what must be left of a statement at intake, so that its anchor can be mined in time
MIN_STATEMENT_SECONDS: Final = 600
# anchors that must be left of a statement's window at intake: at one a block, while its records arrive and wait
WINDOW_MARGIN: Final = 64
# from acceptance to the anchor, as receipts promise it: an outage is told the same day
PROMISE_SECONDS: Final = 3600

# from an anchor until entries that nobody gives count as withheld: as long as a promise
WITHHELD_SECONDS: Final = 3600
MAX_PEER_PAGE_BYTES: Final = 4 * 2**20  # entries have 1 kB; one with the longest texts has 30
MAX_PEER_SECONDS: Final = 20.0  # for one page, however slowly it drips
# a submission up to this size is spooled in memory, a larger one on disk
SPOOL_MEMORY_BYTES: Final = 8 * 2**20
# rows written by one statement: some megabytes, and the cost of the statement is spread
CHUNK_ROWS: Final = 2_000
CHUNK_BYTES: Final = 8 * 2**20  # … or fewer, when they are large: the longest 2,000 would have 400 MB
# of the records of a submission that do not begin a lineage: they are put in order in memory
MAX_CHANGES_BYTES: Final = 32 * 2**20
LOOKUP_ROWS: Final = 500  # values of one IN (…): below every database's limit of parameters

# entries of one batch: its tree is built in some hundredths of a second
MAX_BATCH_SUBMISSIONS: Final = 10_000
# a change of status waits this long for company; a batch must close within 5 seconds
URGENT_SECONDS: Final = 1
QUIET_SECONDS: Final = 3  # other submissions wait this long: more records share an anchor's cost
FULL_BATCH_RECORDS: Final = 50_000  # a batch of this size is not held back for more
# of entries: some 5,000 submissions, which other cities fetch and check in seconds
FULL_BATCH_BYTES: Final = 4 * 2**20
HEARTBEAT_SECONDS: Final = 600  # other cities then know that nothing new happened

MAX_WAITING_RECORDS: Final = 4 * 2**20  # four of the largest anchors: a minute at the block times in use
MAX_WAITING_BYTES: Final = 64 * 2**20  # of entries: ten full batches of small submissions
# then the chain is stuck, and what is promised must still be kept
MAX_WAITING_SECONDS: Final = PROMISE_SECONDS // 2
# times as much room for what changes statuses: a revocation helps as soon as the chain is back
URGENT_ROOM: Final = 2

RESEND_SECONDS: Final = 15  # a transaction that nobody mines is handed in again after this long
REPLACE_SECONDS: Final = 60  # … and replaced, with the same payload, by one that pays more after this long
REPLACE_PERCENT: Final = 125  # nodes want a replacement to pay at least 10 to 12.5 percent more
MAX_FAILED_TRANSACTIONS: Final = 3  # of one batch: after so many, sending more costs money and mends nothing

# without a renewal, before another anchorer takes over: so long the log rests after a crash
LEASE_SECONDS: Final = 5
RENEWAL_SECONDS: Final = 1  # between two renewals: several can fail before the lease is lost

# a look at a certificate is kept: three years, as records of the handling of personal data (PIPL 个人信息保护法 Art. 56)
LOOK_DAYS: Final = 1_096
# looks of one token in 24 hours: a department's largest day; in the 90 days that a token lives they take 1 GB
MAX_DAILY_LOOKS: Final = 50_000
REMOVED_LOOKS: Final = 2_000  # old looks that go with a new one: as many as can come at once, and more
LOOKED_AT_CHARS: Final = 256  # of an identifier in the log: twice the longest that there is

# a token that says nothing else ends after this long: a quarter, in which people change places
TOKEN_DAYS: Final = 90
TOKEN_WARNING_DAYS: Final = 7  # before a token ends, its node says so: a week to make and bring the next
