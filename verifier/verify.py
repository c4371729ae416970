"""A second verifier of Shunzheng 顺证 proofs, written from the pages of docs/formats/ alone.

    python verifier/verify.py PROOF --snapshot F --trust T [--document D]… [--claims C.json]
                              [--entries LOG E.json]… [--now TIME] [--max-age SECONDS]
    python verifier/verify.py HISTORY --history --snapshot F --trust T [--entries LOG E.json]…

It needs Python, `cryptography` and `gmalg` (SM2), no node and no network, and shares no code with the
product: where the two disagree, one of them or a page is wrong. It prints verdict, step and reason; of
a certificate also the notes that the proof carries; of a history, whether it is complete, and why not.
`# n` names the rule of the page.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import unicodedata
import zlib
from collections import namedtuple
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from types import SimpleNamespace

import gmalg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

LAST_TIME = 10**11  # seconds: no block is of that time or later
MAX_INTEGER = 2**53 - 1  # the largest integer of JSON
MAX_CHANGES = 1024  # of one position, looked through from the newest back
MAX_OCCURRENCES = 16  # entries of one root, looked through
VERSION_1_ENDS = 1_798_761_600  # 2027-01-01T00:00:00Z
MAX_BYTES = 256 * 1024  # of a proof, a trust file, the first line of a snapshot
MAX_AUDIT_BYTES, MAX_FINDINGS = 4 * 2**20, 1000
MAX_HISTORY_BYTES, MAX_HISTORY_RECORDS = 2 * 2**20, 256


class Unreadable(ValueError):
    """What was read is not of the form that the pages fix; the message is the reason."""


def require(condition, reason="proof_unreadable"):
    if not condition:
        raise Unreadable(reason)


# -- README.md: canonical JSON, hashes, keys, trees --


def read_json(data):
    """Read JSON within the profile."""

    def read_integer(digits):
        require(digits.isdigit() and len(digits) <= 16 and int(digits) <= MAX_INTEGER)
        return int(digits)

    def read_members(pairs):
        names = [name for name, _ in pairs]
        require(len(set(names)) == len(names) and all(map(str.isascii, names)))
        return dict(pairs)

    text, depth = data.decode("utf-8"), 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{}]|null|-|[0-9][.eE]|NaN|Infinity', text, re.DOTALL):
        require(token[0][0] in '"[]{}')  # no null, sign, fraction or exponent
        depth += (token[0] in "[{") - (token[0] in "]}")
        require(depth <= 16, "over_limit")
    value = json.loads(text, object_pairs_hook=read_members, parse_int=read_integer)
    encode_canonical(value)  # lone surrogates
    return value


def encode_canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def hash_sm3(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


HASH_FUNCTIONS = {"sm3": hash_sm3, "sha256": lambda data: hashlib.sha256(data).digest()}
ROUND_CONSTANTS = (  # FIPS 202 section 3.2.5
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
)  # fmt: skip
ROTATIONS = (  # section 3.2.2, by x + 5y
    0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14,
)  # fmt: skip


def keccak256(data):
    """Keccak-f[1600] with rate 136 and the padding of the first submission (FIPS 202 pads otherwise)."""
    state = [0] * 25  # the word of column x and row y at x + 5y
    padded_data = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % 136))
    padded_data[-1] |= 0x80
    for start in range(0, len(padded_data), 136):
        for index, word in enumerate(struct.unpack_from("<17Q", padded_data, start)):
            state[index] ^= word
        for constant in ROUND_CONSTANTS:
            state = apply_keccak_round(state, constant)
    return struct.pack("<4Q", *state[:4])


def apply_keccak_round(a, constant):
    """One round, in the letters of FIPS 202 section 3.2."""
    c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
    d = [c[x - 1] ^ rotate_left(c[(x + 1) % 5], 1) for x in range(5)]
    b = [0] * 25
    for index, rotation in enumerate(ROTATIONS):
        y, x = divmod(index, 5)
        b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate_left(a[index] ^ d[x], rotation)
    a = [b[i] ^ (~b[i - i % 5 + (i + 1) % 5] & b[i - i % 5 + (i + 2) % 5]) for i in range(25)]
    a[0] ^= constant
    return a


def rotate_left(word, bits):
    return (word << bits | word >> (64 - bits)) & (2**64 - 1)


SM2_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
P256_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def load_p256_key(spki):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + spki[27:])


@cache
def is_key(spki):
    """Tell whether a SubjectPublicKeyInfo has the one form of its algorithm, and a point of its curve."""
    if len(spki) != 91 or spki[:27] not in (SM2_KEY, P256_KEY):
        return False
    try:
        return (
            gmalg.SM2().verify_pk(b"\x04" + spki[27:]) if spki[:27] == SM2_KEY else bool(load_p256_key(spki))
        )
    except ValueError:
        return False


@cache
def is_signed_by(spki, message, signature):
    """Tell whether 64 bytes r‖s are the key's signature of the message."""
    if not is_key(spki) or len(signature) != 64:
        return False
    r, s = signature[:32], signature[32:]
    if spki[:27] == SM2_KEY:
        return gmalg.SM2(uid=b"1234567812345678", pk=b"\x04" + spki[27:]).verify(message, r, s)
    r, s = int.from_bytes(r, "big"), int.from_bytes(s, "big")
    try:
        load_p256_key(spki).verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        return s <= P256_ORDER // 2
    except InvalidSignature:
        return False


def hash_leaf(hash_function, data):
    return hash_function(b"\x00" + data)


def fold_path(hash_function, leaf, index, size, path):
    """RFC 9162 section 2.1.3.2; None where index, size and path do not fit."""
    if not 0 <= index < size:
        return None
    hash_, fn, sn = leaf, index, size - 1
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            hash_ = hash_function(b"\x01" + sibling + hash_)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = hash_function(b"\x01" + hash_ + sibling)
        fn, sn = fn >> 1, sn >> 1
    return hash_ if sn == 0 else None


# -- Forms of members: a reader takes a JSON value and returns what it says --


def read(value, kind=None, optional=(), /, **readers):
    """Read an object of these members; `optional` ones may be missing (None). Of a `kind`, check the type."""
    require(isinstance(value, dict))
    members = dict(value)
    if kind:
        stated_type = read_text(members.pop("type", None))
        is_other_version = stated_type != kind and stated_type.rpartition("/")[0] == kind.rpartition("/")[0]
        require(stated_type == kind, "newer_format" if is_other_version else "proof_unreadable")
    require(readers.keys() - set(optional) <= members.keys() <= readers.keys())
    values = {name: reader(members[name]) if name in members else None for name, reader in readers.items()}
    return SimpleNamespace(body=value, **values)


def check_value(value, condition):
    require(condition)
    return value


def read_text(value):
    return check_value(value, isinstance(value, str) and 0 < len(value) <= 4096)


def make_pattern_reader(form):
    return lambda value: check_value(value, re.fullmatch(form, read_text(value)))


def make_number_reader(lowest, highest):
    return lambda value: check_value(value, type(value) is int and lowest <= value <= highest)


def make_row_reader(*readers):
    def reader(value):
        require(isinstance(value, list) and len(value) == len(readers))
        return tuple(read(item) for read, item in zip(readers, value, strict=True))

    return reader


def make_array_reader(reader, max_items):
    def readers(value):
        require(isinstance(value, list))
        require(len(value) <= max_items, "over_limit")
        return [reader(item) for item in value]

    return readers


def make_hex_reader(byte_count):
    return lambda value: bytes.fromhex(make_pattern_reader(f"[0-9a-f]{{{2 * byte_count}}}")(value))


def read_key_id(value):
    return bytes.fromhex(make_pattern_reader("0x[0-9a-f]{64}")(value)[2:])


def read_digest(value):
    """Return suite and hash."""
    suite, _, hex_digest = read_text(value).partition(":")
    require(suite in HASH_FUNCTIONS)
    return suite, make_hex_reader(32)(hex_digest)


def read_signature(value):
    signature_bytes = base64.urlsafe_b64decode(make_pattern_reader("[A-Za-z0-9_-]{86}")(value) + "==")
    require(base64.urlsafe_b64encode(signature_bytes).decode().rstrip("=") == value)
    return signature_bytes


def read_moment(value):
    """Return a time in seconds since 1970."""
    make_pattern_reader("[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z")(value)
    seconds = int(datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").timestamp())
    return check_value(seconds, seconds >= 0)


def read_day(value):
    return date.fromisoformat(make_pattern_reader("[0-9]{4}-[0-9]{2}-[0-9]{2}")(value))


# -- record.md, seals-and-signatures.md --

KIND_BITS = {"licence": 1, "seal": 2, "signature": 4, "material": 8}
CERTIFICATE_KINDS = ("licence", "material")
PRESENTABLE_ACTIONS = {"issue", "renew", "amend"}
NOTE_RELATIONS = ("annotates", "disputes")
STATUS_NAMES = "valid suspended superseded cancelled revoked withdrawn transferred void reinstated".split()
STATUS_AFTER_ACTION = {  # the status that an action makes
    "resume": 0, "suspend": 1, "cancel": 3, "revoke": 4, "withdraw": 5, "transfer": 6, "void": 7,
    "reinstate": 8,
}  # fmt: skip
CERTIFICATE_IDENTIFIER = re.compile(
    r"(?P<line>1\.2\.156\.(?:3005|3003)\.2\.(?P<type>[0-9A-Z]{18}[0-9]{3})\.(?P<issuer>[0-9A-Z_]{1,18})"
    r"\.[0-9A-Z_]{9,32})\.(?!000)[0-9]{3}\.[0-9A-Z]"
)
SEALING_IDENTIFIER = re.compile(
    r"(?P<line>(?P<kind>seal|signature)\.(?P<issuer>[0-9A-Z]{18})\.(?P<serial>[0-9A-Z]{9,32}))"
    r"\.(?P<version>(?!000)[0-9]{3})\.(?P<check>[0-9A-Z])"
)
CHECK_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CREDIT_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # of credit codes: no I, O, S, V, Z
CREDIT_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def compute_check_character(body):
    """The check character of GB/T 36904 (ISO 7064 MOD 37,36)."""
    product = 36
    for letter in body:
        product = 2 * ((product + CHECK_LETTERS.index(letter)) % 36 or 36) % 37
    return CHECK_LETTERS[(37 - product) % 36]


def sum_weighed(letters, body, weights):
    return sum(letters.index(letter) * weight for letter, weight in zip(body, weights, strict=True))


def is_credit_code(code):
    """GB 32100-2015, with the organisation code of GB 11714 inside."""
    if len(code) != 18 or not set(code) <= set(CREDIT_CODE_LETTERS):
        return False
    organisation = sum_weighed(CHECK_LETTERS, code[8:16], (3, 7, 9, 10, 5, 8, 4, 2))
    total = sum_weighed(CREDIT_CODE_LETTERS, code[:17], CREDIT_CODE_WEIGHTS)
    return code[16] == "0123456789X"[-organisation % 11] and code[17] == CREDIT_CODE_LETTERS[-total % 31]


def read_record(value):
    actions = "|".join([*PRESENTABLE_ACTIONS, *STATUS_AFTER_ACTION])
    record = read(
        value,
        "shunzheng/record/1",
        ("issued", "valid_from", "valid_until", "claims", "previous", "links", "basis"),
        kind=make_pattern_reader("|".join(KIND_BITS)),
        action=make_pattern_reader(actions),
        identifier=read_text,
        issuer=read_text,
        time=read_moment,
        salt=make_hex_reader(16),
        issued=read_day,
        valid_from=read_day,
        valid_until=read_day,
        claims=read_digest,
        links=make_array_reader(
            lambda link: read(link, rel=make_pattern_reader("[a-z][a-z-]{0,31}"), record=read_digest), 16
        ),
        previous=read_digest,
        basis=read_text,
    )
    require(record.links != [])
    links = record.links or ()
    digests = [record.claims, record.previous, *(link.record for link in links)]
    suites = {suite for suite, _ in filter(None, digests)}
    require(len(suites) == 1)
    require((record.previous is None) == (record.action == "issue"))
    certificate_members = (record.claims, record.issued, record.valid_from, record.valid_until)
    require(
        record.claims
        if record.action in PRESENTABLE_ACTIONS
        else record.basis and not any(certificate_members)
    )
    require(not (record.valid_from and record.valid_until and record.valid_until < record.valid_from))
    identifier_match = (
        CERTIFICATE_IDENTIFIER if record.kind in CERTIFICATE_KINDS else SEALING_IDENTIFIER
    ).fullmatch(record.identifier)
    require(identifier_match)
    if identifier_match.re is SEALING_IDENTIFIER:
        issuer, serial, version, check = identifier_match.group("issuer", "serial", "version", "check")
        require(identifier_match["kind"] == record.kind and is_credit_code(issuer))
        require(check == compute_check_character(issuer + serial + version))
    record.suite, record.identifier_match = suites.pop(), identifier_match
    record.leaf = hash_leaf(HASH_FUNCTIONS[record.suite], encode_canonical(value))
    record.links = [(link.rel, link.record[1]) for link in links]
    return record


def names_issuer(record):
    named_issuer = record.identifier_match["issuer"]
    if record.identifier_match.re is CERTIFICATE_IDENTIFIER and re.fullmatch("[1-9][0-9]{5}", named_issuer):
        return record.issuer[2:8].startswith(re.sub("(00){1,2}$", "", named_issuer))
    return named_issuer == record.issuer


# -- submission.md, claims.md, proof.md --


def read_statement(value):
    is_version_1 = isinstance(value, dict) and value.get("type") == "shunzheng/submission/1"
    window_names = () if is_version_1 else ("first_sequence", "last_sequence")
    window_readers = dict.fromkeys(window_names, make_number_reader(1, MAX_INTEGER))
    statement = read(
        value,
        "shunzheng/submission/1" if is_version_1 else "shunzheng/submission/2",
        registry=read_text,
        log=read_text,
        issuer=read_text,
        key=read_key_id,
        count=make_number_reader(1, 2**20),
        root=read_digest,
        time=read_moment,
        expires=read_moment,
        **window_readers,
    )
    require(0 < statement.expires - statement.time <= (7 if is_version_1 else 3) * 86_400)
    statement.window = None if is_version_1 else (statement.first_sequence, statement.last_sequence)
    require(is_version_1 or 0 <= statement.last_sequence - statement.first_sequence <= 256)
    statement.suite, statement.root = statement.root
    return statement


def read_entry(value):
    return read(
        value, "shunzheng/entry/1", statement=read_statement, signature=read_signature, accepted=read_moment
    )


def read_disclosure(value):
    """Return what is shown (name, salt, value), what is withheld (name: commitment), and any master salt."""
    if isinstance(value, dict) and "master" in value:
        disclosure = read(
            value,
            master=make_hex_reader(16),
            claims=make_array_reader(make_row_reader(read_text, lambda value: value), 256),
        )
        disclosure.shown, disclosure.withheld = [(name, None, value) for name, value in disclosure.claims], []
    else:
        shown_reader = make_array_reader(
            make_row_reader(read_text, make_hex_reader(16), lambda value: value), 256
        )
        disclosure = read(
            value,
            shown=shown_reader,
            withheld=make_array_reader(make_row_reader(read_text, make_hex_reader(32)), 256),
        )
        disclosure.master = None
    shown_names = [name for name, *_ in disclosure.shown]
    withheld_names = [name for name, _ in disclosure.withheld]
    all_names = sorted(shown_names + withheld_names)
    require(len(all_names) <= 256, "over_limit")
    for names in (shown_names, withheld_names, all_names):
        require(all(name < next_name for name, next_name in pairwise(names)))
    disclosure.withheld = dict(disclosure.withheld)
    disclosure.values = {name: value for name, _, value in disclosure.shown}
    return disclosure


def digest_claims(disclosure, suite):
    hash_function, commitments = HASH_FUNCTIONS[suite], dict(disclosure.withheld)
    for place, (name, salt, value) in enumerate(disclosure.shown):
        salt = salt or hash_function(b"\x03" + disclosure.master + place.to_bytes(4, "big"))[:16]
        commitments[name] = hash_function(b"\x02" + salt + encode_canonical(value))
    return hash_function(
        b"\x04" + encode_canonical([[name, commitments[name].hex()] for name in sorted(commitments)])
    )


def is_document(name):
    return re.fullmatch("document/[1-9][0-9]{0,2}", name) is not None


def read_document(value):
    """Return (size, suite, digest) of a document claim."""
    document = read(value, media_type=read_text, size=make_number_reader(0, 2**40), digest=read_digest)
    return document.size, *document.digest


def read_erasure(value):
    return read(
        value,
        "shunzheng/erasure/1",
        registry=read_text,
        log=read_text,
        record=read_digest,
        order=read_text,
        basis=read_text,
        time=read_moment,
        key=read_key_id,
    )


def read_proof(value, depth=0):
    def read_linked(items):
        require(depth < 3, "over_limit")
        return make_array_reader(lambda item: read_proof(item, depth + 1), 16)(items)

    read_path = make_array_reader(make_hex_reader(32), 40)
    proof = read(
        value,
        "shunzheng/proof/1",
        ("disclosure", "status", "linked", "erasure", "pocket"),
        record=read_record,
        disclosure=read_disclosure,
        sequence=make_number_reader(1, MAX_INTEGER),
        linked=read_linked,
        pocket=lambda pocket: check_value(pocket, isinstance(pocket, dict) and depth == 0),
        submission=lambda place: read(place, index=make_number_reader(0, 2**20 - 1), path=read_path),
        entry=read_entry,
        batch=make_array_reader(
            make_row_reader(
                make_pattern_reader("left|right"),
                make_number_reader(-MAX_INTEGER, MAX_INTEGER),
                make_hex_reader(32),
            ),
            40,
        ),
        status=lambda staple: read(
            staple, sequence=make_number_reader(1, MAX_INTEGER), chunk=make_hex_reader(32), path=read_path
        ),
        erasure=lambda value: read(value, erasure=read_erasure, signature=read_signature),
    )
    require(proof.linked != [])
    proof.linked = proof.linked or []
    proof.attached_count = len(proof.linked) + sum(
        linked_proof.attached_count for linked_proof in proof.linked
    )
    require(proof.attached_count <= 16, "over_limit")
    return proof


# -- registry-events.md, batch-and-anchor.md: replaying --

Anchor = namedtuple("Anchor", "event_number block time size_before size root status_root is_void")
Key = namedtuple("Key", "spki purpose log event_number")
Change = namedtuple("Change", "sequence status is_contradictory since")  # by an anchor, of a position
STATUSES_AFTER = {
    0: range(1, 8),
    1: (0, 2, 3, 4, 5, 6, 7),
    8: range(1, 8),
}  # statuses by the one before; else 8


class Log:
    """What is known of a log: its anchors, the changes of each position, and its status tree."""

    def __init__(self, suite, size, event_number):
        self.suite, self.size = suite, size
        self.event_number, self.first_size = event_number, size  # as it was admitted
        self.is_status_known = size == 0  # every status from the beginning
        self.anchors, self.anchored_at = [], 0
        self.changes_by_position = {}  # the changes of a position, in order
        self.node_by_chunks = {}  # of the tree, by first and last chunk

    def find_status(self, position, sequence=MAX_INTEGER):
        changes = reversed(self.changes_by_position.get(position, ()))
        return next((change for change in changes if change.sequence <= sequence), None)

    def make_status_root(self, changes):
        """Return the root once `changes` (status by position) are made."""
        return self.make_node(0, (self.size + 63) // 64, changes) if self.size else bytes(32)

    def make_node(self, first_chunk, end_chunk, changes):
        """Return the node over chunks from `first_chunk` to `end_chunk`; where nothing changes it is kept."""
        if not changes and (first_chunk, end_chunk) in self.node_by_chunks:
            return self.node_by_chunks[first_chunk, end_chunk]
        self.node_by_chunks.pop((first_chunk, end_chunk), None)
        hash_function = HASH_FUNCTIONS[self.suite]
        if end_chunk - first_chunk == 1:
            node = hash_chunk(hash_function, first_chunk, self.make_chunk(first_chunk, changes))
        else:
            middle_chunk = first_chunk + (
                1 << (end_chunk - first_chunk - 1).bit_length() - 1
            )  # the largest power of two below the size
            left_changes = {
                position: status for position, status in changes.items() if position < 64 * middle_chunk
            }
            right_changes = {
                position: status for position, status in changes.items() if position >= 64 * middle_chunk
            }
            node = hash_function(
                b"\x01"
                + self.make_node(first_chunk, middle_chunk, left_changes)
                + self.make_node(middle_chunk, end_chunk, right_changes)
            )
        if not changes:
            self.node_by_chunks[first_chunk, end_chunk] = node
        return node

    def make_chunk(self, chunk_number, changes):
        """Return the 32 bytes of 64 positions, the first of two in the high bits."""

        def find_new_status(position):
            change = self.find_status(position)
            return changes.get(position, change.status if change else 0)

        pair_starts = range(64 * chunk_number, 64 * chunk_number + 64, 2)
        return bytes(
            find_new_status(position) << 4 | find_new_status(position + 1) for position in pair_starts
        )


def hash_chunk(hash_function, chunk_number, chunk):
    return hash_leaf(hash_function, b"shunzheng/status/1" + chunk_number.to_bytes(5, "big") + chunk)


def require_understood(condition):
    require(condition, "not_understood")


class Trust:
    """What the events say."""

    def __init__(self, registry):
        self.registry, self.time, self.has_province = registry, 0, False
        self.heads_by_number = []  # by number of the event; the first is head 0
        self.event_places = []  # block and time of each event, from the first on
        self.logs, self.keys, self.compromised_since, self.retired_at = {}, {}, {}, {}
        self.grants, self.issuers = [], []
        self.entries = {}  # by log and root
        self.published_sequences = {}  # by log, those whose entries are whole

    def find_log(self, issuer, event_number):
        logs = (
            log
            for name, assigned_at, log in reversed(self.issuers)
            if name == issuer and assigned_at <= event_number
        )
        return next(logs, None)

    def apply(self, event_number, kind, time, block, payload):
        require(kind in ABI_TYPES_BY_KIND, "newer_format")
        fields = decode_abi(ABI_TYPES_BY_KIND[kind], payload)
        if kind == 2:
            self.has_province = True
        elif kind in (1, 16):
            require_understood(self.has_province)
        elif kind == 3:
            log, suite, _, _, (_, _, _, _, size, _) = fields
            require_understood(log not in self.logs and suite in (1, 2))
            self.logs[log] = Log(("sm3", "sha256")[suite - 1], size, event_number)
        elif kind in (5, 6, 7, 8):
            require_understood(fields[0] in self.logs)
        elif kind in (9, 10):
            self.issuers.append((fields[1], event_number, fields[0]))
        elif kind == 11:
            log, purpose, spki = fields
            require_understood(keccak256(spki) not in self.keys)
            self.keys[keccak256(spki)] = Key(spki, purpose, log, event_number)
        elif kind == 12:
            self.grants.append((*fields, event_number))
        elif kind in (13, 14):
            key_id, act_time = fields
            require_understood(key_id in self.keys)
            require_understood(kind == 13 or act_time <= self.compromised_since.get(key_id, act_time))
            (self.retired_at if kind == 13 else self.compromised_since)[key_id] = act_time
        elif kind == 15:
            self.add_anchor(event_number, time, block, *fields)

    def add_anchor(self, event_number, time, block, log_name, sequence, size, root, status_root, words):
        log = self.logs.get(log_name)
        require_understood(log and sequence == len(log.anchors) + 1)  # 1
        require_understood(0 <= size - log.size <= 2**20 and size < 2**40)
        size_before, log.size = log.size, size  # 2
        starts = range(0, len(words) - 5, 6)  # 3
        changes = [(int.from_bytes(words[start : start + 5], "big"), words[start + 5]) for start in starts]
        is_void = len(words) % 6 != 0 or len(words) > 60_000
        is_void = is_void or any(position >= size or status > 8 for position, status in changes)
        is_void = is_void or any(
            position >= next_position for (position, _), (next_position, _) in pairwise(changes)
        )
        is_void = is_void or (log.is_status_known and log.make_status_root(dict(changes)) != status_root)  # 4
        log.anchors.append(
            Anchor(event_number, block, time, size_before, size, root, status_root, is_void)
        )  # 5
        if is_void:
            return
        log.anchored_at = time  # 6
        first_change = Change(0, 0, False, 0) if log.is_status_known else None
        for position, status in changes:  # 7
            last_change = log.find_status(position) or first_change
            is_contradictory = last_change is not None and (
                last_change.is_contradictory or status not in STATUSES_AFTER.get(last_change.status, (8,))
            )
            log.changes_by_position.setdefault(position, []).append(
                Change(sequence, status, is_contradictory, time)
            )


ABI_TYPES_BY_KIND = {  # by kind of event: names (n), bytes (b), numbers (u) with their size, text (x), lists ([), tuples
    1: ["u160"],
    2: ["u160"],
    4: ["n6", "n32"],
    13: ["b32", "u64"],
    14: ["b32", "u64"],
    16: ["x"],
    3: ["n32", "u8", "u160", "[n6", ("x", "n32", "u64", "b32", "u64", "b32")],
    11: ["n32", "u8", "x"],
    **{kind: ["n32", "u160"] for kind in (5, 6, 7, 8)},
    9: ["n32", "n18"],
    10: ["n32", "n18"],
    12: ["n32", "b32", "n18", "u8", "[n21", "u64", "u64"],
    15: ["n32", "u64", "u64", "b32", "b32", "x"],
}


def decode_abi(types, data, start=0):
    """Decode a tuple of types; what is dynamic stands behind it, at the place that its word names."""
    values = []
    for index, abi_type in enumerate(types):
        word = take_slice(data, start + 32 * index, 32)
        value = int.from_bytes(word, "big")
        if abi_type[0] in "x[" or isinstance(abi_type, tuple):
            require_understood(value >= 32 * len(types))
            values.append(decode_dynamic(abi_type, data, start + value))
        elif abi_type[0] == "u":
            require_understood(value < 2 ** int(abi_type[1:]))
            values.append(value)
        else:
            content, padding = word[: int(abi_type[1:])], word[int(abi_type[1:]) :]
            require_understood(not any(padding))
            name = content.rstrip(b"\0").decode("ascii", "backslashreplace").replace("\0", "\\x00")
            values.append(content if abi_type[0] == "b" else name)
    return values


def decode_dynamic(abi_type, data, start):
    if isinstance(abi_type, tuple):
        return decode_abi(abi_type, data, start)
    length = int.from_bytes(take_slice(data, start, 32), "big")
    if abi_type != "x":
        require_understood(length <= len(data))
        return decode_abi([abi_type[1:]] * length, data, start + 32)
    require_understood(not any(take_slice(data, start + 32 + length, -length % 32)))
    return take_slice(data, start + 32, length)


def take_slice(data, start, byte_count):
    require_understood(start + byte_count <= len(data))
    return data[start : start + byte_count]


# -- checkpoint.md, trust-file.md, snapshot.md --


def take_snapshot(data, trust_file):
    """Return the `Trust` of a whole snapshot. Raises: Unreadable with the reason of snapshot.md."""
    registry, key_by_id, city_by_key_id, threshold = read_trust_file(trust_file)
    header_line, newline, deflated_events = data.partition(b"\n")
    require(newline and len(header_line) <= MAX_BYTES, "malformed")  # 1
    try:
        value = read_json(header_line)
        require(encode_canonical(value) == header_line)
        header = read(
            value,
            "shunzheng/snapshot/1",
            checkpoint=read_checkpoint,
            cosignatures=make_array_reader(
                lambda value: read(value, key=read_key_id, signature=read_signature), 256
            ),
            after=lambda value: read(
                value,
                n=make_number_reader(0, MAX_INTEGER),
                head=read_key_id,
                block=make_number_reader(0, MAX_INTEGER),
            ),
        )
        checkpoint, start_point = header.checkpoint, header.after
        require(all(earlier.key < later.key for earlier, later in pairwise(header.cosignatures)))
        require(start_point.n <= checkpoint.n and start_point.block <= checkpoint.block)
        is_from_start = (
            start_point.block == 0 and start_point.head.hex()[:16] == checkpoint.registry.rpartition(":")[2]
        )
        require(start_point.n > 0 or is_from_start)
    except ValueError as error:
        raise Unreadable("newer_format" if str(error) == "newer_format" else "malformed") from error
    require(checkpoint.body["type"] == "shunzheng/checkpoint/2", "older_format")
    require(checkpoint.registry == registry, "other_registry")  # 2
    counted_cosignatures = [
        cosignature for cosignature in header.cosignatures if cosignature.key in key_by_id
    ]
    for cosignature in counted_cosignatures:
        is_good = is_signed_by(
            key_by_id[cosignature.key], encode_canonical(checkpoint.body), cosignature.signature
        )
        require(is_good, "cosignature_bad")
    require(
        len({city_by_key_id[cosignature.key] for cosignature in counted_cosignatures}) >= threshold,
        "below_threshold",
    )
    require(start_point.n == 0, "not_held")  # 4: nothing is held here
    return replay(InflatedStream(deflated_events), checkpoint, start_point.head)


def read_checkpoint(value):
    """Read a checkpoint; one of version 1 too, which names no roots and is refused by name."""
    kind, root_readers = (
        "shunzheng/checkpoint/2",
        {
            "events_sm3": make_hex_reader(32),
            "events_sha256": make_hex_reader(32),
            "facts": make_hex_reader(32),
            "rules": make_number_reader(1, MAX_INTEGER),
        },
    )
    if isinstance(value, dict) and value.get("type") == "shunzheng/checkpoint/1":
        kind, root_readers = "shunzheng/checkpoint/1", {}
    return read(
        value,
        kind,
        registry=read_text,
        n=make_number_reader(1, MAX_INTEGER),
        head=read_key_id,
        block=make_number_reader(0, MAX_INTEGER),
        block_hash=read_key_id,
        time=read_moment,
        **root_readers,
    )


def replay(stream, checkpoint, head):
    events, heads, newest_number, newest_block, newest_time = [], [head], 0, 0, 0
    while newest_number < checkpoint.n:  # 5
        event_number, event_block, event_time, kind, length = struct.unpack(
            ">QQQBI", stream.take(29, "event_missing")
        )
        require(event_number <= newest_number + 1, "event_missing")
        require(event_number == newest_number + 1, "event_order")
        require(length <= 4 * 2**20, "damaged")
        payload = stream.take(length, "damaged")
        require(
            event_block >= newest_block and event_time >= newest_time and event_time < LAST_TIME,
            "event_order",
        )
        head = extend_head(head, event_number, event_time, newest_block, kind, payload)
        heads.append(head)
        newest_number, newest_block, newest_time = event_number, event_block, event_time
        events.append((newest_number, kind, event_time, event_block, payload))
    require(stream.has_ended(), "surplus")  # 6
    require(
        (newest_number, head, newest_block, newest_time)
        == (checkpoint.n, checkpoint.head, checkpoint.block, checkpoint.time),
        "head_mismatch",
    )  # 7
    trust = Trust(checkpoint.registry)
    for event in events:  # 9
        trust.apply(*event)
    trust.time, trust.heads_by_number = newest_time, heads
    trust.event_places = [(newest_block, newest_time) for _, _, newest_time, newest_block, _ in events]
    return trust


def extend_head(head, event_number, time, previous_block, kind, payload):
    """Return the head after event n (registry-events.md)."""
    event_words = b"".join(value.to_bytes(32, "big") for value in (event_number, time, previous_block, kind))
    return keccak256(head + event_words + keccak256(payload))


class InflatedStream:
    """The events of a snapshot, inflated piece by piece."""

    def __init__(self, stream):
        self.deflated, self.buffer, self.inflater = memoryview(stream), bytearray(), zlib.decompressobj()

    def fill(self, byte_count):
        """Inflate until so many bytes are held, or the stream ends."""
        while len(self.buffer) < byte_count and not self.inflater.eof:
            require(self.deflated, "truncated")
            try:
                self.buffer += self.inflater.decompress(self.deflated[:4096])
            except zlib.error as error:
                raise Unreadable("damaged") from error
            self.deflated = self.deflated[4096:]

    def take(self, byte_count, end_reason):
        self.fill(byte_count)
        require(len(self.buffer) >= byte_count, "damaged" if self.buffer else end_reason)
        content = bytes(self.buffer[:byte_count])
        del self.buffer[:byte_count]
        return content

    def has_ended(self):
        self.fill(1)
        return not (self.buffer or self.inflater.unused_data or self.deflated)


def read_trust_file(data):
    """Return registry, cosigners' keys and cities by identifier of the key, and the threshold."""
    try:
        require(len(data) <= MAX_BYTES)
        trust = read(
            read_json(data),
            "shunzheng/trust/1",
            ("threshold",),
            registry=read_text,
            threshold=make_number_reader(2, 256),
            cosigners=make_array_reader(
                lambda value: read(value, name=read_text, key=make_hex_reader(91)), 256
            ),
        )
        city_by_key_id = {keccak256(cosigner.key): cosigner.name for cosigner in trust.cosigners}
        city_count = len(set(city_by_key_id.values()))  # keys of one name are of one city, which has one vote
        key_by_id = {keccak256(cosigner.key): cosigner.key for cosigner in trust.cosigners}
        require(all(map(is_key, key_by_id.values())))
        require(city_count >= 2 and len(key_by_id) == len(trust.cosigners))
        threshold = trust.threshold or city_count // 2 + 1
        require(threshold <= city_count)
    except ValueError as error:
        raise Unreadable("trust_file") from error
    return trust.registry, key_by_id, city_by_key_id, threshold


# -- batch-and-anchor.md: the entries of a log, which a snapshot does not hold --


def take_entries(trust, log, *pages):
    """Let `trust` know pages of a log's entries, but for those of anchors whose entries are not all among them."""
    require(log in trust.logs, "the log is not known")
    items = [item for page in pages for item in read_json(page)["items"] if item.get("sequence")]
    entry_by_place = {(item["sequence"], item["first"]): read_entry(item["entry"]) for item in items}
    log_state, hash_function = trust.logs[log], HASH_FUNCTIONS[trust.logs[log].suite]
    for sequence in {sequence for sequence, _ in entry_by_place} & set(range(1, len(log_state.anchors) + 1)):
        anchor = log_state.anchors[sequence - 1]
        anchored_entries = sorted(
            (first_position, entry)
            for (number, first_position), entry in entry_by_place.items()
            if number == sequence
        )
        end_positions = [first_position + entry.statement.count for first_position, entry in anchored_entries]
        if [first_position for first_position, _ in anchored_entries] + [anchor.size] != [
            anchor.size_before,
            *end_positions,
        ]:
            continue
        if any(entry.statement.suite != log_state.suite for _, entry in anchored_entries):
            continue
        if (
            make_counted_root(hash_function, [hash_entry(entry) for _, entry in anchored_entries])
            == anchor.root
        ):
            trust.published_sequences.setdefault(log, set()).add(sequence)
            for first_position, entry in anchored_entries:
                trust.entries.setdefault((log, entry.statement.root), {})[first_position] = (sequence, entry)


def hash_entry(entry):
    record_count = entry.statement.count
    hash_function = HASH_FUNCTIONS[entry.statement.suite]
    return record_count, hash_leaf(
        hash_function, record_count.to_bytes(8, "big") + encode_canonical(entry.body)
    )


def make_counted_root(hash_function, leaves):
    """Return the root of a counted batch tree, of RFC 9162's shape."""
    if len(leaves) == 1:
        return leaves[0][1]
    middle = 1 << (len(leaves) - 1).bit_length() - 1
    halves = (leaves[:middle], leaves[middle:])
    half_nodes = (
        sum(count for count, _ in half).to_bytes(8, "big") + make_counted_root(hash_function, half)
        for half in halves
    )
    return hash_function(b"\x01" + b"".join(half_nodes))


# -- verification.md --

PASS, FAIL, UNKNOWN, SKIP = "pass", "fail", "unknown", "not_applicable"


class Judged(Exception):
    """What ends a step, or the look at one link: outcome and reason."""


def fail(condition, reason):
    if condition:
        raise Judged(FAIL, reason)


def doubt(condition, reason):
    if condition:
        raise Judged(UNKNOWN, reason)


def take_step(judge, *arguments):
    """Return outcome and reason of a step; it passes for the reason that `judge` returns."""
    try:
        return PASS, judge(*arguments)
    except Judged as judged_error:
        return judged_error.args


def raise_worst(results):
    """Let the first outcome that is `fail` decide, else the first that is `unknown`."""
    for outcome in (FAIL, UNKNOWN):
        for result in results:
            if result[0] == outcome:
                raise Judged(*result)


def judge_times(statement, sequence, anchor):
    """Return outcome and reason why an entry may not stand at an anchor by what its statement says; else None twice."""
    if anchor.time > statement.expires:
        return FAIL, "statement_expired"
    if anchor.time + 600 < statement.time:
        return UNKNOWN, "statement_postdated"
    if statement.window is None and anchor.time >= VERSION_1_ENDS:
        return UNKNOWN, "older_format"
    if statement.window and not statement.window[0] <= sequence <= statement.window[1]:
        return UNKNOWN, "outside_window"
    return None, None


class Origin:
    """Steps 1 and 4 to 8 of a proof, with log, key, anchor and position as far as they are known."""

    def __init__(self, proof, trust, must_present=True):
        self.proof, self.trust, self.must_present = proof, trust, must_present
        self.record, self.statement = proof.record, proof.entry.statement
        is_known = self.statement.registry == trust.registry
        self.log = trust.logs.get(self.statement.log) if is_known else None
        anchors = self.log.anchors if self.log else ()
        self.anchor = anchors[proof.sequence - 1] if proof.sequence <= len(anchors) else None
        self.key = trust.keys.get(self.statement.key)
        self.position, self.entries = None, "not_checked"
        judges = {
            1: self.judge_form,
            4: self.judge_submission,
            5: self.judge_signature,
            6: self.judge_batch,
            7: self.judge_anchor,
            8: self.judge_entitlement,
        }
        self.steps = {number: take_step(judge_step) for number, judge_step in judges.items()}
        self.is_good = all(outcome == PASS for outcome, _ in self.steps.values())

    def judge_form(self):
        record, statement = self.record, self.statement
        fail(self.must_present and record.action not in PRESENTABLE_ACTIONS, "not_presentable")
        fail(record.issuer != statement.issuer or not names_issuer(record), "issuer_mismatch")
        doubt(statement.registry != self.trust.registry, "other_registry")
        doubt(self.log is None, "log_unknown")
        fail(not record.suite == statement.suite == self.log.suite, "suite_mismatch")
        return "well_formed"

    def judge_submission(self):
        record, statement, place = self.record, self.statement, self.proof.submission
        root = fold_path(HASH_FUNCTIONS[record.suite], record.leaf, place.index, statement.count, place.path)
        fail((record.suite, root) != (statement.suite, statement.root), "not_in_submission")
        return "in_submission"

    def judge_signature(self):
        doubt(self.key is None, "key_unknown")
        is_good = is_signed_by(
            self.key.spki, encode_canonical(self.statement.body), self.proof.entry.signature
        )
        fail(not is_good, "signature_bad")
        return "signature_good"

    def judge_batch(self):
        doubt(self.anchor is None, "anchor_unknown")
        hash_function, records_left = HASH_FUNCTIONS[self.statement.suite], 0
        record_count, hash_ = hash_entry(self.proof.entry)
        for side, sibling_record_count, sibling_hash in self.proof.batch:
            fail(
                not 0 < sibling_record_count < 2**40 or record_count + sibling_record_count >= 2**40,
                "not_in_batch",
            )
            own_node = record_count.to_bytes(8, "big") + hash_
            sibling_node = sibling_record_count.to_bytes(8, "big") + sibling_hash
            hash_ = hash_function(
                b"\x01" + (sibling_node + own_node if side == "left" else own_node + sibling_node)
            )
            record_count, records_left = (
                record_count + sibling_record_count,
                records_left + (sibling_record_count if side == "left" else 0),
            )
        fail(hash_ != self.anchor.root, "not_in_batch")
        fail(record_count != self.anchor.size - self.anchor.size_before, "count_mismatch")
        self.position = self.anchor.size_before + records_left + self.proof.submission.index
        return "in_batch"

    def judge_anchor(self):
        doubt(self.anchor is None, "anchor_unknown")
        doubt(self.anchor.is_void, "anchor_void")
        outcome, reason = judge_times(self.statement, self.proof.sequence, self.anchor)
        if reason:
            raise Judged(outcome, reason)
        if self.position is not None:
            doubt(self.has_earlier_entry(), "entry_repeated")
        return "anchored"

    def has_earlier_entry(self):
        """Tell whether a good entry of the same issuer and root stands before this one, as far as entries are known."""
        log, published_sequences = self.statement.log, self.trust.published_sequences.get(self.statement.log)
        if published_sequences is None:
            return False
        grown_sequences = {
            sequence
            for sequence, anchor in enumerate(self.log.anchors[: self.proof.sequence], 1)
            if anchor.size > anchor.size_before and not anchor.is_void
        }
        own_position = self.position - self.proof.submission.index
        entries_of_root = self.trust.entries.get((log, self.statement.root), {})
        is_complete = grown_sequences <= published_sequences and (
            own_position in entries_of_root or len(entries_of_root) > MAX_OCCURRENCES
        )
        self.entries = "checked" if is_complete else "partly_checked"
        earlier_entries = [
            entries_of_root[position] for position in sorted(entries_of_root) if position < own_position
        ]
        if any(self.is_good_entry(*occurrence) for occurrence in earlier_entries[:MAX_OCCURRENCES]):
            return True
        return len(earlier_entries) > MAX_OCCURRENCES

    def is_good_entry(self, sequence, entry):
        """Tell whether an entry of the issuer is good at its anchor: steps 5, 7 and 8, for whatever kind and type."""
        trust, statement, anchor = self.trust, entry.statement, self.log.anchors[sequence - 1]
        key, time = trust.keys.get(statement.key), anchor.time
        entry_terms = (statement.registry, statement.log, statement.issuer, statement.suite)
        own_terms = (trust.registry, self.statement.log, self.statement.issuer, self.statement.suite)
        if (
            entry_terms != own_terms
            or anchor.is_void
            or judge_times(statement, sequence, anchor)[1]
            or key is None
        ):
            return False
        if (
            trust.find_log(statement.issuer, anchor.event_number) != statement.log
            or key.event_number > anchor.event_number
        ):
            return False
        is_granted = any(
            (holder, issuer) == (statement.key, statement.issuer)
            and granted_at_event <= anchor.event_number
            and not_before <= time <= not_after
            for _, holder, issuer, _, _, not_before, not_after, granted_at_event in trust.grants
        )
        key_end = min(
            trust.compromised_since.get(statement.key, time + 1),
            trust.retired_at.get(statement.key, time + 1),
        )
        if not (key.purpose == 1 and key.log == statement.log and is_granted) or time >= key_end:
            return False
        return is_signed_by(key.spki, encode_canonical(statement.body), entry.signature)

    def judge_entitlement(self):
        doubt(self.anchor is None, "anchor_unknown")
        record, key, event_number, time = self.record, self.key, self.anchor.event_number, self.anchor.time
        fail(self.trust.find_log(record.issuer, event_number) != self.statement.log, "issuer_not_in_log")
        fail(key is None or key.event_number > event_number, "key_not_registered")
        is_department_key = key.purpose == 1 and key.log == self.statement.log
        fail(not (is_department_key and any(map(self.is_covered, self.trust.grants))), "not_entitled")
        doubt(time >= self.trust.compromised_since.get(self.statement.key, time + 1), "key_compromised")
        fail(time >= self.trust.retired_at.get(self.statement.key, time + 1), "key_retired")
        return "entitled"

    def is_covered(self, grant):
        _, key_id, issuer, kinds, types, not_before, not_after, granted_at_event = grant
        if (key_id, issuer) != (
            self.statement.key,
            self.record.issuer,
        ) or granted_at_event > self.anchor.event_number:
            return False
        certificate_type = (
            self.record.identifier_match["type"] if self.record.kind in CERTIFICATE_KINDS else None
        )
        is_in_time = not_before <= self.anchor.time <= not_after
        return is_in_time and kinds & KIND_BITS[self.record.kind] and (not types or certificate_type in types)


def is_erased(proof, trust):
    """Tell whether a node of the log signed that it erased what the record disclosed."""
    if proof.disclosure is not None or proof.erasure is None:
        return False
    erasure, record = proof.erasure.erasure, proof.record
    key, log = trust.keys.get(erasure.key), proof.entry.statement.log
    return (
        (erasure.registry, erasure.log, erasure.record) == (trust.registry, log, (record.suite, record.leaf))
        and key is not None
        and (key.purpose, key.log) == (2, log)
        and is_signed_by(key.spki, encode_canonical(erasure.body), proof.erasure.signature)
        and erasure.time < trust.retired_at.get(erasure.key, erasure.time + 1)
        and erasure.key not in trust.compromised_since
    )


def compare_content(documents, values, proof, trust):
    """Step 2."""
    doubt(is_erased(proof, trust), "content_erased")
    return compare_presented(documents, values, proof.disclosure)


def compare_presented(documents, values, disclosure):
    readable_names = {name for name in values if not is_document(name)}
    doubt(not documents and not readable_names, "nothing_presented")
    doubt(disclosure is None, "nothing_disclosed")
    document_results = [take_step(compare_document, content, disclosure) for content in documents]
    raise_worst(
        document_results
        + [take_step(compare_value, name, value, disclosure) for name, value in values.items()]
    )
    if documents:
        return "document_matches"
    doubt({name for name in disclosure.values if not is_document(name)} - readable_names, "claims_incomplete")
    return "claims_match"


def compare_document(content, disclosure):
    registered_documents, is_complete = list_documents(disclosure)
    if not any(
        size == len(content) and HASH_FUNCTIONS[suite](content) == hash_
        for size, suite, hash_ in registered_documents
    ):
        doubt(has_original(content, registered_documents), "document_extended")
        doubt(any(map(is_document, disclosure.withheld)), "document_withheld")
        doubt(not is_complete or not registered_documents, "document_not_registered")
        fail(True, "document_mismatch")


def has_original(content, registered_documents):
    """Tell whether a PDF begins with a registered one that a signature of its own covers whole."""
    form = rb"(?a)/ByteRange\s*\[\s*0\s+([0-9]{1,10})\s+([0-9]{1,10})\s+([0-9]{1,10})\s*\]"
    for found in islice(re.finditer(form, content), 16 if content.startswith(b"%PDF-") else 0):
        value_start, value_end, length = map(int, found.groups())
        size = value_end + length
        if (
            found.end() <= size < len(content)
            and size in {size for size, *_ in registered_documents}
            and re.fullmatch(b"<[0-9A-Fa-f]*>", content[value_start:value_end])
            and any(
                size == registered_size and HASH_FUNCTIONS[suite](content[:size]) == hash_
                for registered_size, suite, hash_ in registered_documents
            )
        ):
            return True
    return False


def list_documents(disclosure):
    """Return the documents that a disclosure shows, and whether those are all."""
    if disclosure is None:
        return set(), False
    documents, is_complete = set(), not any(map(is_document, disclosure.withheld))
    for value in (value for name, value in disclosure.values.items() if is_document(name)):
        try:
            documents.add(read_document(value))
        except ValueError:
            is_complete = False
    return documents, is_complete


def compare_value(name, value, disclosure):
    doubt(name in disclosure.withheld, "claim_withheld")
    fail(name not in disclosure.values, "claim_mismatch")
    registered_value = disclosure.values[name]
    try:
        presented_value = read_json(json.dumps(value).encode())
    except (ValueError, TypeError) as error:
        raise Judged(UNKNOWN, "claims_unreadable") from error
    if encode_canonical(compose_texts(presented_value)) != encode_canonical(compose_texts(registered_value)):
        doubt(
            encode_canonical(fold_value(presented_value)) == encode_canonical(fold_value(registered_value)),
            "spelled_otherwise",
        )
        fail(True, "claim_mismatch")


# verification.md: canonically equal, and spelled otherwise
CORRIGENDUM_4 = str.maketrans(
    "\U0002f868\U0002f874\U0002f91f\U0002f95f\U0002f9bf", "\u36fc\u5f53\U000243ab\u7aee\u45d7"
)
EXCHANGED_LETTERS = str.maketrans(
    "·•‧∙⋅・‐‒–—―−“”‘’[〔【]〕】ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "......------\"\"''((()))abcdefghijklmnopqrstuvwxyz",
)
UNPLACED_RANGES = (  # ranges of what takes no place
    (0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xAD, 0xAD), (0x1680, 0x1680), (0x180B, 0x180D), (0x200B, 0x200F),
    (0x2028, 0x2029), (0x2060, 0x2060), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0100, 0xE01EF),
)  # fmt: skip


def normalize(form, text):
    """Put text into a normal form of Unicode 3.2.0 with Corrigendum 4."""
    return unicodedata.ucd_3_2_0.normalize(form, text.translate(CORRIGENDUM_4))


def is_mark(letter):
    return unicodedata.ucd_3_2_0.combining(letter) > 0


def is_unbounded(text):
    """Tell whether a text is too long, or more than 30 combining marks follow one another in it."""
    mark_count = 0
    for letter in text:
        mark_count = mark_count + 1 if is_mark(letter) else 0
        if mark_count > 30:
            return True
    return len(text) > 4096


def compose_texts(value):
    if isinstance(value, list):
        return [compose_texts(item) for item in value]
    if isinstance(value, dict):
        return {name: compose_texts(item) for name, item in value.items()}
    return normalize("NFC", value) if isinstance(value, str) and not is_unbounded(value) else value


def fold_value(value):
    if isinstance(value, list):
        items = [fold_value(item) for item in value]
        return items if len(items) != 1 else items[0]
    if isinstance(value, dict):
        return {name: fold_value(item) for name, item in value.items()}
    return value if isinstance(value, bool) else fold_spelling(str(value))


def fold_spelling(text):
    if is_unbounded(text):
        return text
    day = read_written_day(normalize("NFKC", text).strip()) if len(text) <= 200 else None
    if day:
        return day.isoformat()
    plain_letters = normalize("NFC", "".join(map(make_plain, normalize("NFC", text)))).translate(
        EXCHANGED_LETTERS
    )
    placed_letters = (
        letter
        for letter in plain_letters
        if not any(first_code <= ord(letter) <= last_code for first_code, last_code in UNPLACED_RANGES)
    )
    return re.sub("m([²³])", lambda power: "m" + normalize("NFKC", power[1]), "".join(placed_letters))


def make_plain(letter):
    kind = unicodedata.ucd_3_2_0.decomposition(letter).split(" ")[0]
    return letter if kind in ("<super>", "<sub>", "<circle>", "<fraction>") else normalize("NFKC", letter)


def check_commitment(proof):
    doubt(proof.disclosure is None, "nothing_disclosed")
    suite = proof.record.suite
    fail((suite, digest_claims(proof.disclosure, suite)) != proof.record.claims, "claims_altered")


def judge_claims(proof, trust):
    """Step 3."""
    doubt(is_erased(proof, trust), "content_erased")
    check_commitment(proof)
    record, values = proof.record, proof.disclosure.values
    doubt(
        any(
            not agrees(record, claim, item)
            for claim in REPEATED_CLAIMS
            for item in list_items(values.get(claim))
        ),
        "claims_contradict_record",
    )
    return "claims_committed"


# claims.md: what no claim may contradict
REPEATED_CLAIMS = {"ZZLXDM", "ZZBS", "ZZBFJGDM", "ZZBFRQ", "ZZYXQQSRQ", "ZZYXQJZRQ"}
ENDLESS_SPELLINGS = {
    "长期",
    "长期有效",
    "永久",
    "永久有效",
    "无期限",
    "无固定期限",
    "99991231",
    "long-term",
    "permanent",
    "withoutend",
}
DIGIT_BY_NUMERAL = {
    ord(numeral): digit for numeral, digit in zip("〇零○一二三四五六七八九元", "0001234567891", strict=True)
}


def list_items(value):
    """Return the texts of a claim that say something; None is what can be compared with nothing."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    texts = [str(item) if type(item) in (str, int) else None for item in items]
    return [text for text in texts if text is None or text.strip()]


def agrees(record, claim, item):
    is_certificate = record.kind in CERTIFICATE_KINDS
    if claim == "ZZLXDM" and not is_certificate:
        return True
    if item is None or len(item.strip()) > 200:
        return False
    if claim == "ZZYXQJZRQ":
        is_endless, last_day = fold_text(item) in ENDLESS_SPELLINGS, read_calendar_day(item)
        if record.valid_until is None:
            return is_endless or last_day == date.max
        return not is_endless and last_day == record.valid_until
    if claim in ("ZZBFRQ", "ZZYXQQSRQ"):
        recorded_day, claimed_day = (
            record.issued if claim == "ZZBFRQ" else record.valid_from,
            read_calendar_day(item),
        )
        if recorded_day:
            return claimed_day == recorded_day
        return claimed_day is not None and claimed_day <= find_civil_date(record.time)
    spellings = {
        "ZZLXDM": [record.identifier_match["type"] if is_certificate else ""],
        "ZZBS": [record.identifier],
    }
    issuers = [
        record.issuer,
        record.issuer[8:17],
        *([record.identifier_match["issuer"]] if is_certificate else []),
    ]
    return fold_code(item) in map(fold_code, spellings.get(claim, issuers))


def fold_text(text):
    return "".join(normalize("NFKC", text).lower().split())


def fold_code(text):
    code = re.sub("[-\u2010-\u2015]", "", fold_text(text)).upper()
    return code.removeprefix("1.2.156.3005.2.").removeprefix("1.2.156.3003.2.")


def read_calendar_day(item):
    """Return the day in Asia/Shanghai that a text names, or None."""
    text = normalize("NFKC", item).strip()
    time_form = "([0-9]{4}(?:-[0-9]{2}){2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
    try:
        if time_match := re.fullmatch(time_form, text):
            claimed_time = datetime.fromisoformat(text)
            return (
                claimed_time.astimezone(timezone(timedelta(hours=8))).date()
                if time_match[4]
                else claimed_time.date()
            )
    except (ValueError, OverflowError):
        return None
    return read_written_day(text)


def read_written_day(text):
    """Return the day that a text names by year, month and day alone, or None."""
    decimal_text = re.sub(
        "([一二三])?十([一二三四五六七八九])?",
        lambda ten: (ten[1] or "一") + (ten[2] or "〇"),
        text.replace(" ", ""),
    )
    digit_text = decimal_text.translate(DIGIT_BY_NUMERAL)
    date_match = re.fullmatch("([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", digit_text)
    date_match = date_match or re.fullmatch("([0-9]{4})([0-9]{2})([0-9]{2})", digit_text)
    try:
        return date(*map(int, date_match.groups())) if date_match else None
    except ValueError:
        return None


def judge_status(origin):
    """Step 9."""
    proof, log, position = origin.proof, origin.log, origin.position
    doubt(position is None, "position_unknown")
    status_change = log.find_status(position)
    reinstatement, has_reached_limit = find_newest_change(log, position, lambda change: change.status == 8)
    is_revived = proof.record.kind == "seal" and reinstatement  # which no seal can be
    doubt(is_revived or (status_change and status_change.is_contradictory), "status_contradictory")
    status = status_change.status if status_change else 0
    fail(status not in (0, 8), STATUS_NAMES[status])
    check_staple(proof.status, log, position)
    targets = {target for _, target in proof.record.links}
    attached_proofs = [
        linked_proof for linked_proof in proof.linked if linked_proof.record.leaf not in targets
    ]
    explaining_proofs = [linked_proof for linked_proof in attached_proofs if explains(linked_proof, origin)]
    explaining_sequences = [linked_proof.sequence for linked_proof in explaining_proofs]
    doubt(
        not all(
            attached_proof in explaining_proofs or find_note(attached_proof, origin)
            for attached_proof in attached_proofs
        ),
        "attached_unproven",
    )
    doubt(
        has_reached_limit or (reinstatement and reinstatement.sequence not in explaining_sequences),
        "reinstatement_unproven",
    )
    return f"status_{STATUS_NAMES[status]}"


def find_newest_change(log, position, is_wanted):
    """Return the newest change that is wanted, and whether the limit was reached without one."""
    changes = log.changes_by_position.get(position, ())[-MAX_CHANGES:]
    change = next(filter(is_wanted, reversed(changes)), None)
    return change, change is None and len(changes) == MAX_CHANGES


def check_staple(staple, log, position):
    """Let a staple raise doubts that nothing newer has settled."""
    doubt(staple is None and not log.is_status_known, "predecessor_unknown")
    if staple is None:
        return
    byte = staple.chunk[position % 64 // 2]
    stapled_status = byte >> 4 if position % 2 == 0 else byte & 15
    if staple.sequence > len(log.anchors):
        doubt(stapled_status not in (0, 8), "staple_newer")
        doubt(not log.is_status_known, "predecessor_unknown")
        return
    anchor = log.anchors[staple.sequence - 1]
    doubt(anchor.is_void or position >= anchor.size, "staple_altered")
    chunk_number, hash_function = position // 64, HASH_FUNCTIONS[log.suite]
    leaf = hash_chunk(hash_function, chunk_number, staple.chunk)
    root = fold_path(hash_function, leaf, chunk_number, (anchor.size + 63) // 64, staple.path)
    doubt(root != anchor.status_root, "staple_altered")
    change_then = log.find_status(position, staple.sequence)
    doubt(
        not log.is_status_known and stapled_status != (change_then.status if change_then else 0),
        "status_contradictory",
    )


def explains(attached_proof, origin):
    """Tell whether an attached proof is that of the record which made the change at its anchor."""
    change = origin.log.find_status(origin.position, attached_proof.sequence)
    if attached_proof.disclosure or attached_proof.status or attached_proof.linked:
        return False
    if change is None or change.sequence != attached_proof.sequence:
        return False
    record, cause = origin.record, attached_proof.record
    identity = (record.kind, record.identifier_match["line"], record.issuer, origin.statement.log)
    if identity != (
        cause.kind,
        cause.identifier_match["line"],
        cause.issuer,
        attached_proof.entry.statement.log,
    ):
        return False
    if cause.action in ("renew", "amend"):
        is_cause = change.status == 2
    else:
        is_cause = (
            cause.identifier == record.identifier and STATUS_AFTER_ACTION.get(cause.action) == change.status
        )
    return is_cause and Origin(attached_proof, origin.trust, must_present=False).is_good


def find_note(attached_proof, origin):
    """Return the origin of a good note on the certificate, None of anything else."""
    record, note, disclosure = origin.record, attached_proof.record, attached_proof.disclosure
    if note.kind != "material" or note.action not in PRESENTABLE_ACTIONS or attached_proof.status:
        return None
    if len(note.links) != 1 or note.links[0][0] not in NOTE_RELATIONS or attached_proof.linked:
        return None
    if note.links[0][0] == "disputes" and not note.valid_until:
        return None
    if disclosure is None or disclosure.withheld or digest_claims(disclosure, note.suite) != note.claims[1]:
        return None
    values = disclosure.values
    if not {"KZ_ZZBS", "ZZMC"} <= set(values) <= {"KZ_ZZBS", "ZZMC", "KZ_NR"}:
        return None
    if not all(isinstance(value, str) for value in values.values()):
        return None
    if max(len(values["ZZMC"]), len(values.get("KZ_NR", ""))) > 1000:
        return None
    identifier_match = CERTIFICATE_IDENTIFIER.fullmatch(values["KZ_ZZBS"])
    is_on_certificate = (
        identifier_match is not None
        and record.kind in CERTIFICATE_KINDS
        and not any(rel in NOTE_RELATIONS for rel, _ in record.links)
        and identifier_match["line"] == record.identifier_match["line"]
        and identifier_match["type"] == note.identifier_match["type"]
        and note.issuer == record.issuer
        and attached_proof.entry.statement.log == origin.statement.log
    )
    note_origin = Origin(attached_proof, origin.trust) if is_on_certificate else None
    return note_origin if note_origin and note_origin.is_good else None


def list_notes(data, trust, now):
    """Return relation, state and identifier of each good note that a proof carries, in the order of their anchors."""
    try:
        origin = Origin(read_proof(read_json(data)), trust)
    except ValueError:
        return []
    found_origins = filter(None, (find_note(linked_proof, origin) for linked_proof in origin.proof.linked))
    note_origins = {note.record.leaf: note for note in found_origins}
    today = find_civil_date(min(max(now, trust.time), LAST_TIME))
    return [
        (note.record.links[0][0], judge_note(note, today), note.record.identifier)
        for note in sorted(note_origins.values(), key=lambda note: note.anchor.time)
    ]


def judge_note(origin, today):
    """Return whether a note stands, by its own position and its last day."""
    change, last_day = origin.log.find_status(origin.position), origin.record.valid_until
    if not origin.log.is_status_known or (change and change.is_contradictory):
        return "unknown"
    if change and change.status not in (0, 1, 8):
        return "superseded" if change.status == 2 else "settled"
    return "lapsed" if last_day and today > last_day else "standing"


def find_civil_date(time):
    return datetime.fromtimestamp(time, timezone(timedelta(hours=8))).date()


def judge_dates(record, trust, now, is_clock_behind):
    """Step 10."""
    today = find_civil_date(min(max(now, trust.time), LAST_TIME))
    is_early = record.valid_from and today < record.valid_from
    doubt(is_early and is_clock_behind, "clock_behind")
    fail(is_early, "not_yet_valid")
    fail(record.valid_until and today > record.valid_until, "expired")
    return "within_dates" if record.valid_until else "no_end_date"


def judge_seals(origin):
    """Step 11."""
    kind, links = origin.record.kind, origin.record.links
    if not links:
        raise Judged(SKIP, "no_links")
    link_results = [take_step(judge_link, origin, rel, target) for rel, target in links]
    raise_worst(link_results)
    holders = [holder for _, holder in link_results if holder is not None]
    if not holders:
        raise Judged(SKIP, "no_links")
    fail(kind in CERTIFICATE_KINDS and origin.record.issuer not in holders, "seal_of_another")
    return "seals_good"


def judge_link(origin, rel, target):
    """Return whose seal it is; None where the link is to what the certificate continues."""
    kind = origin.record.kind
    if kind == "signature" and rel == "made-with":
        return judge_seal(origin, target)
    if kind in CERTIFICATE_KINDS and rel == "continues":
        judge_predecessor(origin, target)
        return None
    doubt(kind == "material" and rel in NOTE_RELATIONS, "note_alone")
    doubt(kind not in CERTIFICATE_KINDS or rel != "sealed-by", "link_unknown")
    sealing = follow_link(origin, target, "signature")
    registered_documents, is_complete = list_documents(origin.proof.disclosure)  # 3
    sealed_documents, is_sealed_complete = list_documents(sealing.proof.disclosure)
    doubt(not (is_complete and registered_documents), "sealed_document_withheld")
    doubt(not (is_sealed_complete and sealed_documents), "sealed_document_withheld")
    fail(not sealed_documents <= registered_documents, "sealed_other_document")
    check_in_force(sealing, MAX_INTEGER, "signature_ended")  # 4
    doubt([rel for rel, _ in sealing.record.links] != ["made-with"], "link_unknown")
    return judge_seal(sealing, sealing.record.links[0][1])


def judge_predecessor(origin, target):
    """The transfer that a certificate continues, where its proof is attached."""
    attached_proof = next(
        (linked_proof for linked_proof in origin.proof.linked if linked_proof.record.leaf == target), None
    )
    if attached_proof is None:
        return
    record, transfer = origin.record, attached_proof.record
    is_transfer = (
        transfer.action == "transfer"
        and transfer.kind == record.kind
        and transfer.identifier_match["type"] == record.identifier_match["type"]
    )
    fail(not is_transfer, "link_of_another_kind")
    is_bare = not (attached_proof.disclosure or attached_proof.status or attached_proof.linked)
    is_proven = is_bare and Origin(attached_proof, origin.trust, must_present=False).is_good
    doubt(not is_proven, "linked_unproven")
    destination = re.search(r"；转往 (\S{1,32})\Z", transfer.basis)
    doubt(destination and destination[1] != origin.statement.log, "moved_elsewhere")


def follow_link(origin, target, kind):
    """Rules 1 and 2: return the origin of the attached proof that a link names."""
    attached_proof = next(
        (linked_proof for linked_proof in origin.proof.linked if linked_proof.record.leaf == target), None
    )
    doubt(attached_proof is None, "link_missing")
    fail(attached_proof.record.kind != kind, "link_of_another_kind")
    linked_origin = Origin(attached_proof, origin.trust)
    first_failed_step = next(
        (number for number, (outcome, _) in linked_origin.steps.items() if outcome != PASS), None
    )
    fail(first_failed_step == 8 and linked_origin.steps[8][0] == FAIL, "linked_not_entitled")
    linked_targets = {leaf for _, leaf in attached_proof.record.links}
    doubt(
        not linked_origin.is_good
        or not {linked_proof.record.leaf for linked_proof in attached_proof.linked} <= linked_targets,
        "linked_unproven",
    )
    doubt(take_step(check_commitment, attached_proof)[0] != PASS, "linked_undisclosed")
    return linked_origin


def judge_seal(sealing, target):
    """Rules 5 to 8: return whose seal it is."""
    origin, anchor, disclosure = (
        follow_link(sealing, target, "seal"),
        sealing.anchor,
        sealing.proof.disclosure,
    )
    doubt(anchor is None or disclosure is None, "linked_unproven")
    fail(origin.anchor.event_number > anchor.event_number, "seal_registered_later")  # 5
    holder_code, signer_code = origin.proof.disclosure.values.get("CZZTDM"), disclosure.values.get("KZ_QZRDM")
    doubt(not isinstance(holder_code, str) or not isinstance(signer_code, str), "seal_holder_withheld")  # 6
    fail(holder_code != signer_code, "seal_of_another")
    check_in_force(origin, anchor.event_number, "seal_not_in_force")  # 7
    first_day, last_day, sealed_on = (
        origin.record.valid_from,
        origin.record.valid_until,
        find_civil_date(anchor.time),
    )  # 8
    fail((first_day and sealed_on < first_day) or (last_day and sealed_on > last_day), "seal_out_of_dates")
    return holder_code


def check_in_force(origin, event_number, reason):
    """Rules 4 and 7: what was linked to was valid when event `event_number` had happened."""
    log, is_seal = origin.log, origin.record.kind == "seal"
    changes = log.changes_by_position.get(origin.position, ())[-MAX_CHANGES:]
    earlier_changes = [
        change for change in changes if log.anchors[change.sequence - 1].event_number <= event_number
    ]
    last_change = earlier_changes[-1] if earlier_changes else None
    has_reached_limit = len(changes) == MAX_CHANGES and (is_seal or last_change is None)
    is_revived = any(change.status == 8 for change in (earlier_changes if is_seal else earlier_changes[-1:]))
    doubt(
        not log.is_status_known
        or has_reached_limit
        or is_revived
        or (last_change and last_change.is_contradictory),
        "linked_status_unknown",
    )
    fail(last_change and last_change.status, reason)


def judge_age(origin, now, is_clock_behind, max_age):
    """Step 12."""
    doubt(is_clock_behind, "clock_behind")
    doubt(origin.position is None, "not_reached")
    doubt(now - origin.log.anchored_at > max_age, "knowledge_stale")
    return "knowledge_fresh"


def judge(data, trust, now, documents=(), values=None, max_age=3600):
    """Return outcome and reason of each step on the JSON text of a proof, by number."""
    try:
        require(len(data) <= MAX_BYTES, "over_limit")
        proof = read_proof(read_json(data))
    except ValueError as error:  # of the readers' own, or of what they use
        reason = str(error) if isinstance(error, Unreadable) else "proof_unreadable"
        return {1: (UNKNOWN, reason)} | dict.fromkeys(range(2, 13), (UNKNOWN, "not_reached"))
    origin = Origin(proof, trust)
    is_clock_behind = now + 120 < min(trust.time, LAST_TIME)
    return origin.steps | {
        2: take_step(compare_content, documents, values or {}, proof, trust),
        3: take_step(judge_claims, proof, trust),
        9: take_step(judge_status, origin),
        10: take_step(judge_dates, proof.record, trust, now, is_clock_behind),
        11: take_step(judge_seals, origin),
        12: take_step(judge_age, origin, now, is_clock_behind, max_age),
    }


def judge_entries(data, trust):
    """Return whether the entries before the anchor were looked through for an earlier one."""
    try:
        return Origin(read_proof(read_json(data)), trust).entries
    except ValueError:
        return "not_checked"


ENDED_REASONS = {"expired", "not_yet_valid", "signature_ended", *STATUS_NAMES[1:8]}
GENUINENESS_STEPS = {1, 2, 3, 4, 5, 6, 7, 8, 11}
UNCOMPARED_REASONS = {"nothing_presented", "claims_incomplete", "spelled_otherwise", "content_erased"}


def decide(steps):
    """Return verdict, step and reason."""

    def rank(result):
        number, (outcome, reason) = result
        if outcome == FAIL:
            return (2 if reason in ENDED_REASONS else 0), number
        if outcome == UNKNOWN:
            return (1 if number in GENUINENESS_STEPS and reason not in UNCOMPARED_REASONS else 3), number
        return 4, number != 9, number

    number, (_, reason) = deciding_step = min(steps.items(), key=rank)
    verdict = ("invalid", "unverifiable", "not_current", "unverifiable", "valid")[rank(deciding_step)[0]]
    return verdict, number, reason


# -- history.md --

COMPLETENESS_WORST_LAST = ("complete", "outdated", "unverifiable", "contradicted", "not_genuine")
HISTORY_REASONS = {
    "not_genuine": {"key_of_another", "signature_bad", "key_retired"},
    "outdated": {"changed_since"},
    "unverifiable": {
        "malformed", "newer_format", "other_registry", "log_unknown", "key_unknown", "key_compromised",
        "checkpoint_unknown", "record_unproven", "nothing_anchored", "status_contradictory", "too_many_changes",
    },
}  # fmt: skip
SOURCE_STATUSES = {  # from which status of the current version an action is possible
    **dict.fromkeys(("renew", "amend", "suspend"), (0, 8)), "resume": (1,), "reinstate": (3, 4, 5, 6, 7),
    **dict.fromkeys(("cancel", "revoke", "withdraw", "transfer", "void"), (0, 1, 8)),
}  # fmt: skip


class Faulty(Exception):
    """What ends the look at a history: its reason."""


def refuse(condition, reason):
    if condition:
        raise Faulty(reason)


def read_history(data):
    require(len(data) <= MAX_HISTORY_BYTES, "malformed")
    signed_history = read(
        read_json(data),
        history=lambda value: read(
            value,
            "shunzheng/history/1",
            registry=read_text,
            log=read_text,
            n=make_number_reader(1, MAX_INTEGER),
            head=read_key_id,
            proofs=make_array_reader(read_proof, MAX_HISTORY_RECORDS),
            waiting=make_array_reader(read_record, MAX_HISTORY_RECORDS),
            time=read_moment,
            key=read_key_id,
        ),
        signature=read_signature,
    )
    proofs = signed_history.history.proofs
    require(0 < len(proofs) + len(signed_history.history.waiting) <= MAX_HISTORY_RECORDS)
    require(not any(proof.disclosure or proof.status or proof.linked for proof in proofs))
    return signed_history


def judge_history(data, trust):
    """Return what a signed history comes to, and the reason ("" where it is complete)."""
    try:
        signed_history = read_history(data)
    except ValueError as error:
        return "unverifiable", "newer_format" if str(error) == "newer_format" else "malformed"
    try:
        reasons = list(find_history_faults(signed_history, trust))
    except Faulty as faulty_error:
        reasons = [str(faulty_error)]
    ranked_reasons = [
        (COMPLETENESS_WORST_LAST.index(find_completeness(reason)), reason) for reason in reasons
    ]
    worst_rank, reason = max(ranked_reasons, key=lambda ranked: ranked[0], default=(0, ""))
    return COMPLETENESS_WORST_LAST[worst_rank], reason


def find_completeness(reason):
    return next((name for name, reasons in HISTORY_REASONS.items() if reason in reasons), "contradicted")


def find_history_faults(signed_history, trust):
    history = signed_history.history
    refuse(history.registry != trust.registry, "other_registry")  # 1
    refuse(history.log not in trust.logs, "log_unknown")
    refuse_signature(signed_history, trust)  # 2
    refuse(history.n >= len(trust.heads_by_number), "checkpoint_unknown")  # 3
    refuse(trust.heads_by_number[history.n] != history.head, "checkpoint_differs")
    origins = [Origin(proof, trust, must_present=False) for proof in history.proofs]  # 4
    reasons = list(filter(None, (judge_member(origin, history) for origin in origins)))
    if reasons or not origins:
        return reasons or ["nothing_anchored"]
    members = [(origin.record, origin.position, origin.proof.sequence) for origin in origins]
    members += [(record, None, None) for record in history.waiting]
    members = order_members(members)
    words = follow_members(members)  # 5
    positions = [position for _, position, _ in members if position is not None]
    return compare_words(trust.logs[history.log], positions, words, history.n)


def refuse_signature(signed_history, trust):
    history, key = signed_history.history, trust.keys.get(signed_history.history.key)
    refuse(key is None, "key_unknown")
    refuse(key.purpose != 2 or key.log != history.log, "key_of_another")
    refuse(
        not is_signed_by(key.spki, encode_canonical(history.body), signed_history.signature), "signature_bad"
    )
    refuse(history.time >= trust.retired_at.get(history.key, history.time + 1), "key_retired")
    refuse(history.key in trust.compromised_since, "key_compromised")


def judge_member(origin, history):
    """Rule 4: return why a proof is none for this history."""
    if origin.statement.log != history.log:
        return "record_of_another"
    if any(outcome == FAIL for outcome, _ in origin.steps.values()):
        return "record_refuted"
    if not origin.is_good:
        return "record_unproven"
    return "record_later" if origin.anchor.event_number > history.n else None


def order_members(members):
    """Put records behind their previous ones, from the first on; the others come last."""
    later_members = {}
    for member in members:
        later_members.setdefault(member[0].previous and member[0].previous[1], member)
    ordered_members, member = [], later_members.pop(None, None)
    while member:
        ordered_members.append(member)
        member = later_members.pop(member[0].leaf, None)
    leaves = {record.leaf for record, _, _ in ordered_members}
    return ordered_members + [member for member in members if member[0].leaf not in leaves]


def follow_members(members):
    """Rule 5: return the words that the records make, by position and sequence."""
    words_by_place, current_member, status, newest_member = {}, None, 0, None
    for record, position, sequence in members:
        if newest_member:
            refuse(read_lineage(record) != read_lineage(newest_member[0]), "record_of_another")
        previous_leaf = record.previous[1] if record.previous else None
        refuse(previous_leaf != (newest_member[0].leaf if newest_member else None), "record_missing")
        if newest_member and position is not None:
            refuse(newest_member[1] is None or position <= newest_member[1], "records_unordered")
        if newest_member:
            is_possible = status in SOURCE_STATUSES[record.action] and (record.kind, record.action) != (
                "seal",
                "reinstate",
            )
            refuse(not is_possible, "transition_refused")
            if record.action in PRESENTABLE_ACTIONS:
                refuse(read_version(record) <= read_version(current_member[0]), "transition_refused")
                status = 2
            else:
                refuse(record.identifier != current_member[0].identifier, "transition_refused")
                status = STATUS_AFTER_ACTION[record.action]
            if position is not None:
                words_by_place[current_member[1], sequence] = status
        newest_member = (record, position)
        if record.action in PRESENTABLE_ACTIONS:
            current_member, status = newest_member, 0
    return words_by_place


def read_lineage(record):
    return record.kind, record.identifier_match["line"], record.issuer


def read_version(record):
    if record.identifier_match.re is SEALING_IDENTIFIER:
        return int(record.identifier_match["version"])
    return int(record.identifier[-5:-2])


def compare_words(log, positions, words, event_number):
    """Rules 6 and 7."""
    unseen_words = dict(words)
    for position in positions:
        changes = log.changes_by_position.get(position, ())
        for change in reversed(changes[-MAX_CHANGES:]):
            if log.anchors[change.sequence - 1].event_number > event_number:
                yield "changed_since"
                continue
            status = unseen_words.pop((position, change.sequence), None)
            if change.is_contradictory:
                yield "status_contradictory"
            elif status is None:
                yield "word_unexplained"
            elif status != change.status:
                yield "word_differs"
        if len(changes) >= MAX_CHANGES:
            yield "too_many_changes"
            return
    yield from ("word_missing" for _ in unseen_words)


def read_audit(data):
    require(len(data) <= MAX_AUDIT_BYTES, "malformed")
    count = make_number_reader(0, MAX_INTEGER)

    def read_head(value):
        return read(value, n=count, head=read_key_id)

    def read_finding(value):
        return read(
            value,
            None,
            ("table",),
            slug=read_text,
            text=read_text,
            where=read_text,
            database=read_text,
            table=read_text,
        )

    def read_state(value):
        return read(
            value,
            None,
            ("chain",),
            replica=read_head,
            chain=read_head,
            checkpoints=make_array_reader(read_head, 256),
            block=count,
            time=read_moment,
            sequence=count,
            size=count,
        )

    def read_counts(value):
        require(isinstance(value, dict))
        return {name: count(number) for name, number in value.items()}

    findings = make_array_reader(read_finding, MAX_FINDINGS)
    return read(
        read_json(data),
        report=lambda value: read(
            value,
            "shunzheng/audit/1",
            ("log", "as_of"),
            registry=read_text,
            log=read_text,
            time=read_moment,
            as_of=read_state,
            checked=read_counts,
            findings=findings,
            remarks=findings,
            unchecked=findings,
            unlisted=count,
            public_key=read_text,
        ),
        signature=read_signature,
    )


def judge_audit(data, trust):
    """Return what the report of an audit comes to, and the reason ("" where it agrees with the snapshot)."""
    try:
        signed_report = read_audit(data)
        spki = bytes.fromhex(signed_report.report.public_key)
        require(spki.hex() == signed_report.report.public_key and is_key(spki), "malformed")
    except ValueError as error:
        return "unverifiable", "newer_format" if str(error) == "newer_format" else "malformed"
    report = signed_report.report
    if not is_signed_by(spki, encode_canonical(report.body), signed_report.signature):  # 1
        return "contradicted", "signature_bad"
    if report.registry != trust.registry:  # 2
        return "unverifiable", "other_registry"
    if report.as_of is None:
        return "unverifiable", "no_state"
    return compare_state(report.as_of, report.log, trust)


def compare_state(state, log, trust):
    heads = list(filter(None, (state.replica, state.chain, *state.checkpoints)))
    if any(
        head.n < len(trust.heads_by_number) and trust.heads_by_number[head.n] != head.head for head in heads
    ):  # 3
        return "contradicted", "head_differs"
    if state.replica.n < len(trust.heads_by_number):
        if state.replica.n and trust.event_places[state.replica.n - 1] != (state.block, state.time):
            return "contradicted", "event_differs"
        if find_extent(trust.logs.get(log), state.replica.n) != (state.sequence, state.size):  # 5
            return "contradicted", "log_differs"
    is_reached = all(head.n < len(trust.heads_by_number) for head in heads)  # 6
    return ("agrees", "") if is_reached else ("unverifiable", "head_unknown")


def find_extent(log, event_number):
    """Return how many anchors and positions a log has after an event; 0 of a log that was not admitted by then."""
    if log is None or log.event_number > event_number:
        return 0, 0
    anchors = [anchor for anchor in log.anchors if anchor.event_number <= event_number]
    return len(anchors), anchors[-1].size if anchors else log.first_size


def main():
    parser = argparse.ArgumentParser(description="Verify a proof against a snapshot and a trust file.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--history", action="store_true", help="the file is a signed history")
    parser.add_argument("--audit", action="store_true", help="the file is the report of an audit")
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--trust", type=Path, required=True)
    parser.add_argument("--document", type=Path, action="append", default=[])
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--entries", nargs=2, action="append", default=[], metavar=("LOG", "FILE"))
    parser.add_argument("--now")
    parser.add_argument("--max-age", type=int, default=3600)
    options = parser.parse_args()
    try:
        proof, documents = options.proof.read_bytes(), [path.read_bytes() for path in options.document]
        trust = take_snapshot(options.snapshot.read_bytes(), options.trust.read_bytes())
        for log in {log for log, _ in options.entries}:
            take_entries(
                trust, log, *(Path(path).read_bytes() for name, path in options.entries if name == log)
            )
        now = read_moment(options.now) if options.now else int(datetime.now(UTC).timestamp())
        values = read_json(options.claims.read_bytes()) if options.claims else {}
        require(isinstance(values, dict), "the claims are no object")
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        sys.exit(f"nothing was verified: {error}")
    if options.history:
        completeness, reason = judge_history(proof, trust)
        print(json.dumps({"completeness": completeness, "reason": reason, "known_as_of": trust.time}))
        return {"complete": 0, "outdated": 10, "unverifiable": 12}.get(completeness, 11)
    if options.audit:
        judgement, reason = judge_audit(proof, trust)
        print(json.dumps({"judgement": judgement, "reason": reason, "known_as_of": trust.time}))
        return {"agrees": 0, "unverifiable": 12}.get(judgement, 11)
    steps = judge(proof, trust, now, documents, values, options.max_age)
    verdict, number, reason = decide(steps)
    conclusion = {"verdict": verdict, "step": number, "reason": reason, "known_as_of": trust.time}
    notes = list_notes(proof, trust, now)
    print(json.dumps(conclusion | {"entries": judge_entries(proof, trust), "notes": notes}))
    return {"valid": 0, "not_current": 10, "invalid": 11, "unverifiable": 12}[verdict]


if __name__ == "__main__":
    sys.exit(main())
