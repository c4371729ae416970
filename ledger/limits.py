"""Every limit of the core, each with its unit and the reason for its size (design: encodings, limits)."""

MAX_PROOF_BYTES = 256 * 1024  # JSON text; 40 path elements and 256 claims fit many times over
MAX_PAPER_BYTES = 64 * 1024  # a printed code after inflation; stops decompression bombs
MAX_NESTING = 16  # levels of arrays and objects in any canonical JSON
MAX_PATH = 40  # elements of a tree path: 2^40 positions is the largest log
MAX_CLAIMS = 256  # claims of one record
MAX_LINKED = 16  # linked proofs in all, counted through every level
MAX_LINK_DEPTH = 3  # licence -> signature -> seal
MAX_SUBMISSION_RECORDS = 2**20  # one anchor's growth: a submission is never split over anchors
MAX_STATUS_RECORDS = (
    4096  # of one submission; every action but issue changes a status. An anchor carries 10,000 words
)
MAX_ANCHOR_CHANGES = 10_000  # status words of one anchor
MAX_ANCHOR_GROWTH = 2**20  # records of one anchor
MAX_LOG_SIZE = 2**40  # positions of one log: five bytes in a status word
MAX_STATEMENT_DAYS = 7  # from `time` to `expires`: an old statement cannot be anchored years later
MAX_CLOCK_LEAD_SECONDS = 600  # how far a statement's time may lie ahead of the block that anchors it
MAX_RANGE_BYTES = (
    256 * 1024
)  # a range of statuses: 128 kB in base64, if they do not deflate at all, and its path
MAX_BLOCK_TIME = (
    10**11
)  # seconds, the year 5138: milliseconds of our age lie beyond; the contract says the same
MAX_TEXT_CHARS = 4096  # any one text member of a record or statement
MAX_COSIGNERS = (
    256  # cosigners of a trust file, and cosignatures of a checkpoint; a province has some tens of cities
)
MAX_TRUST_BYTES = 256 * 1024  # a trust file, or a checkpoint with its cosignatures: 256 of them take 100 kB
MAX_EVENT_BYTES = 4 * 2**20  # payload of one event: more than a block holds; an anchor has 60 kB at most
MAX_SNAPSHOT_BYTES = (
    16 * 2**30
)  # events of a snapshot, inflated: some decades of a province; read as a stream
