"""The limits and paces that several folders share, each with its unit and its reason."""

from typing import Final

MAX_ROW_BYTES: Final = 192 * 1024  # one line of a submission: with its paths it must fit a proof of 256 kB
# from acceptance to the anchor, as receipts promise it: an outage is told the same day
PROMISE_SECONDS: Final = 3600

# from an anchor until entries that nobody gives count as withheld: as long as a promise
WITHHELD_SECONDS: Final = 3600
# a submission up to this size is spooled in memory, a larger one on disk
SPOOL_MEMORY_BYTES: Final = 8 * 2**20
# rows written by one statement: some megabytes, and the cost of the statement is spread
CHUNK_ROWS: Final = 2_000
CHUNK_BYTES: Final = 8 * 2**20  # … or fewer, when they are large: the longest 2,000 would have 400 MB
LOOKUP_ROWS: Final = 500  # values of one IN (…): below every database's limit of parameters

# entries of one batch: its tree is built in some hundredths of a second
MAX_BATCH_SUBMISSIONS: Final = 10_000
# a change of status waits this long for company; a batch must close within 5 seconds
URGENT_SECONDS: Final = 1
QUIET_SECONDS: Final = 3  # other submissions wait this long: more records share an anchor's cost
FULL_BATCH_RECORDS: Final = 50_000  # a batch of this size is not held back for more
# of entries: some 5,000 submissions, which other cities fetch and check in seconds
FULL_BATCH_BYTES: Final = 4 * 2**20
# of block time, from one event at which all nodes sign to the next; a checkpoint then is as fresh as the strictest usual
# policy needs
CHECKPOINT_SECONDS: Final = 300
HEARTBEAT_SECONDS: Final = 600  # other cities then know that nothing new happened

MAX_WAITING_RECORDS: Final = 4 * 2**20  # four of the largest anchors: a minute at the block times in use
MAX_WAITING_BYTES: Final = 64 * 2**20  # of entries: ten full batches of small submissions

# Connections to a PostgreSQL server, of one process to one database: many threads answer HTTP, from three databases, and a
# server lets in 100 unless it is told otherwise
SERVER_CONNECTIONS: Final = 20
# … of a process that does one thing at a time, reports meanwhile and has one thread beside it; so many are kept open
WORKER_CONNECTIONS: Final = 5
