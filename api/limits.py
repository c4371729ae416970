"""Limits of the HTTP interface, each with its unit and the reason for its size."""

from typing import Final

MAX_VERIFY_BYTES: Final = 32 * 2**20  # one request to verify, documents included; it is held in memory
MAX_BATCH_BYTES: Final = 32 * 2**20  # one request to verify many; as above
MAX_BATCH_ITEMS: Final = 1_000  # about a second of work: a request must not hold a thread for long
# Texts, brackets and commas of one request as JSON: a thousand proofs have a million. What each makes is up to 60 bytes, so
# that a body of nothing else could take twenty times its size.
MAX_JSON_TOKENS: Final = 2_000_000
# Any other body: a thousand identifiers, a receipt, a proof as text. `api/http/bounds/body_bounds.py` says what takes more.
MAX_SMALL_BYTES: Final = 2**20
# Bodies in memory, all requests of a process together: two of the largest. Reading one takes up to five times its size.
MAX_BYTES_UNDER_WAY: Final = 64 * 2**20
# Of each body, not counted there: a bare proof finds room whatever else goes on. The cap on connections bounds their sum.
FREE_BODY_BYTES: Final = 64 * 2**10
BODY_SECONDS: Final = 120.0  # for a body that is held in memory to be whole: the largest comes at 2 Mbit/s
LEAST_BODY_RATE: Final = 8 * 2**10  # bytes a second that any body must bring: less than any mobile connection
BODY_WINDOW_SECONDS: Final = 10.0  # over which that rate is taken; also for the first bytes of a body
# Connections of one process: what 64 kB for each make is 64 MB. Beyond, the one that has brought nothing for longest goes.
MAX_CONNECTIONS: Final = 1_000
# Connections accepted in one turn: few beside all, so that each is heard before it is dropped for newer ones.
ACCEPTED_AT_ONCE: Final = 100
# Connections that wait in the kernel meanwhile; it holds no more than its own limit, 4,096 as it comes.
WAITING_CONNECTIONS: Final = 2_048
DROPPED_AT_ONCE: Final = 50  # connections that go then: looking for them takes a millisecond
MAX_HEAD_BYTES: Final = 16 * 2**10  # request line and headers: 256 names of claims to show are 8 kB
# Of them: browsers and proxies send some thirty. Each costs as much as a short request when there are a thousand.
MAX_HEAD_LINES: Final = 128
# Of a Content-Type: a boundary has 70 (RFC 2046). What reads its parameters takes 40 ms for 14 kB of semicolons.
MAX_MEDIA_TYPE_CHARS: Final = 256
FREE_CHUNKS: Final = 1_000  # of a body, of whatever size: ten milliseconds of work
LEAST_CHUNK_BYTES: Final = (
    64  # on average, beyond those, with what frames them: a row of a submission has ten times as many
)
HEAD_SECONDS: Final = 10.0  # for the headers to be whole, from the connection or their first byte on
KEEP_ALIVE_SECONDS: Final = 20  # between two requests of a connection; a proxy must let go of it before
REST_SECONDS: Final = (
    5.0  # for what a client still sends when it is answered already: so it can read the answer
)
REST_BYTES: Final = 2**20  # of that
READING_SECONDS: Final = 30.0  # for a client to read a piece of its answer, 256 kB at most
LINES_A_MINUTE: Final = 600  # that requests write into the log; beyond, they are counted: 80 MB a day at most
# Descriptors of one process, where the machine allows it: connections, files that are put aside, databases.
OPEN_FILES: Final = 8_192
# Those of them that are no connections: where the machine allows few files, there are so many connections less.
FILES_BESIDE_CONNECTIONS: Final = 256
# Snapshots that one process keeps for those who ask next: whole ones for different numbers of signatures; as many deltas.
KEPT_SNAPSHOTS: Final = 3
KEPT_SNAPSHOT_BYTES: Final = 2**29  # of the whole ones, and of the deltas: a million events
MAX_SNAPSHOT_FILES: Final = 12  # of each, with those that slow readers still fetch: an hour of checkpoints
MAX_WAITING_FOR_SNAPSHOT: Final = 16  # requests; one is made at a time, in a second or less for 50,000 events
MAX_DOCUMENTS: Final = 16  # documents presented with one proof
# Files dropped on the page at once: thirty licences of a tender with their proofs; each is compared with each.
MAX_COUNTER_FILES: Final = 64
# Documents of all items of one request together: one for each, or sixteen for some.
MAX_BATCH_DOCUMENTS: Final = 1_000
# Of processor time to open one document: three times what 25 signatures, one after another, take on a slow machine.
DOCUMENT_SECONDS: Final = 15
# Of memory for a process that opens a document: three copies of the largest that can be sent, and 90 for the program.
DOCUMENT_MEGABYTES: Final = 384
# Of one document, as the process that reads it hands it over: 64 signatures with every member at its longest take half.
MAX_INSPECTION_BYTES: Final = 2**20
# Of what documents show by themselves in one answer, as JSON; a page shows a line for each signature.
MAX_DOCUMENTS_SHOWN_BYTES: Final = 256 * 2**10
# Requests that wait for a process that opens documents, for each such process; the next is asked to come again.
MAX_WAITING_FOR_OPENING: Final = 4
# Seconds that one waits: longer, and the client has gone.
WAIT_FOR_OPENING_SECONDS: Final = 10
# Of documents that wait or are being opened in one process: two of the largest requests.
MAX_OPENING_BYTES: Final = 64 * 2**20
# For a process that opens documents to load its libraries, which takes one on an idle machine.
LOAD_SECONDS: Final = 60
MAX_FORM_FIELDS: Final = 16  # fields of one form, files apart
MAX_FIELD_BYTES: Final = 2**20  # one form field: a proof as text, with room for its encoding
# 2^20 records of 2 kB with their disclosures; kept on disk, not in memory.
MAX_SUBMISSION_BYTES: Final = 2 * 2**30
# Submissions that one process takes in at once; each holds a thread of the 40 there are.
MAX_UPLOADS: Final = 16
# … and beyond them, small ones of which every record changes a status; one issuer gets one of the two.
URGENT_UPLOADS: Final = 2
URGENT_UPLOAD_BYTES: Final = 8 * 2**20  # 4,096 changes of a status of 2 kB
URGENT_UPLOAD_SECONDS: Final = 60.0  # 8 MiB at 1.1 Mbit/s; then the place is free for the next revocation
# … and those of these that are whole before they ask for a place: they hold it for as long as the register takes.
WHOLE_UPLOADS: Final = 4
# Of a submission, in memory, before it asks for a place: some 40 changes of a status.
READ_AHEAD_BYTES: Final = 2**16
# … and those of which a restored register misses the records: anybody may begin one.
RETURNING_UPLOADS: Final = 4
MAX_SPOOL_BYTES: Final = (
    8 * 2**30
)  # of all submissions under way in one process: two of the largest of one issuer
MAX_FIRST_LINE_BYTES: Final = 2**16  # a statement has 1 kB; one with the longest texts has 30
FIRST_LINE_SECONDS: Final = 10.0  # until it is here: it comes in the first packets
UPLOAD_SECONDS: Final = 3600.0  # for a whole submission: 2 GiB at 5 Mbit/s
# Bytes a second, on average, that an admitted submission must bring: half of the slowest line that an office has.
LEAST_UPLOAD_RATE: Final = 2**15
UPLOAD_GRACE_SECONDS: Final = (
    10.0  # by which it may be late in that: a line that stalls, a client that computes
)
SPOOL_BYTES: Final = 2**20  # of a submission in memory before it goes to a file
CHUNK_BYTES: Final = 2**18  # of a spooled submission read at a time
MAX_AGE_SECONDS: Final = 100 * 366 * 86_400  # a century: beyond, the policy would say nothing
MAX_PAGE_ITEMS: Final = 1_000  # items of one page of a list
# Certificates of one answer that shows their claims: the longest rows make 4 MB, which is read in a second.
MAX_CONTENT_ITEMS: Final = 20
PAGE_ITEMS: Final = 100  # items of a page where nothing is asked for
# A replica further behind the clock is not ready: one heartbeat (600 s) and a half.
READY_LAG_SECONDS: Final = 900
# Of a process that answers HTTP, whose loop shows ten times a second that it goes on: then it is killed and started again.
API_SILENCE_SECONDS: Final = 60.0
# Of the other parts, before they count as unheard of: one that waits for slow endpoints or peers speaks within two minutes.
REPORTS_SILENCE_SECONDS: Final = 180

# A look at a certificate is kept: three years, as records of the handling of personal data (PIPL 个人信息保护法 Art. 56).
LOOK_DAYS: Final = 1_096
# Looks of one token in 24 hours: a department's largest day; in the 90 days that a token lives they take 1 GB.
MAX_DAILY_LOOKS: Final = 50_000
# A reason for a search: a sentence with the number of a case. The log of looks keeps 256 characters of it.
MAX_REASON_CHARS: Final = 256
