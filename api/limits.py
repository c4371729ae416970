"""Limits of the HTTP interface, each with its unit and the reason for its size."""

from typing import Final

MAX_VERIFY_BYTES: Final = 32 * 2**20  # one request to verify, documents included; it is held in memory
MAX_BATCH_BYTES: Final = 32 * 2**20  # one request to verify many; as above
MAX_BATCH_ITEMS: Final = 1_000  # about a second of work: a request must not hold a thread for long
MAX_DOCUMENTS: Final = 16  # documents presented with one proof
MAX_FORM_FIELDS: Final = 16  # fields of one form, files apart
MAX_FIELD_BYTES: Final = 2**20  # one form field: a proof as text, with room for its encoding
# 2^20 records of 2 kB with their disclosures; kept on disk, not in memory.
MAX_SUBMISSION_BYTES: Final = 2 * 2**30
# Submissions that one process takes in at once; each holds a thread of the 40 there are.
MAX_UPLOADS: Final = 16
SPOOL_BYTES: Final = 2**20  # of a submission in memory before it goes to a file
CHUNK_BYTES: Final = 2**18  # of a spooled submission read at a time
MAX_AGE_SECONDS: Final = 100 * 366 * 86_400  # a century: beyond, the policy would say nothing
MAX_PAGE_ITEMS: Final = 1_000  # items of one page of a list
PAGE_ITEMS: Final = 100  # items of a page where nothing is asked for
# A replica further behind the clock is not ready: one heartbeat (600 s) and a half.
READY_LAG_SECONDS: Final = 900
