"""A second verifier of Shunzheng 顺证 proofs, in one file, written from the format pages alone (docs/formats/).

    python verifier/verify.py PROOF --snapshot F --trust T [--document D]… [--claims C.json] [--now TIME] [--max-age SECONDS]

It needs Python, `cryptography` and `gmalg` (SM2), no node and no network, and shares no code with the product: where the
two disagree, one of them or a page is wrong. It prints verdict, step and reason. `# n` names the rule of the page.
"""

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import gmalg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

PASS, FAIL, UNKNOWN, SKIP = "pass", "fail", "unknown", "not_applicable"
LAST_TIME = 10**11  # seconds: no block is of that time or later
MOST = 2**53 - 1  # the largest integer of JSON


class Unreadable(Exception):
    """What was read is not of the form that the pages fix; the reason is the message."""


def require(condition, reason="proof_unreadable"):
    if not condition:
        raise Unreadable(reason)


# -- README.md: canonical JSON, hashes, keys, trees --


def read_json(data, nesting=16):
    """Read JSON within the profile."""

    def integer(text):
        require(text.isdigit() and len(text) <= 16 and int(text) < 2**53)
        return int(text)

    def members(pairs):
        names = [name for name, _ in pairs]
        require(len(set(names)) == len(names) and all(name.isascii() for name in names))
        return dict(pairs)

    def refuse(_):
        raise Unreadable("proof_unreadable")

    try:
        text = data.decode("utf-8")
        depth = deepest = 0
        for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]|null', text, re.DOTALL):
            require(found[0] != "null")
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
            deepest = max(deepest, depth)
        require(deepest <= nesting, "over_limit")
        value = json.loads(
            text, parse_int=integer, parse_float=refuse, parse_constant=refuse, object_pairs_hook=members
        )
        canonical(value)  # lone surrogates
    except (ValueError, RecursionError) as error:
        raise Unreadable("proof_unreadable") from error
    return value


def within_profile(value):
    """Tell whether a value that was not read from JSON can be written in canonical form."""
    try:
        return read_json(json.dumps(value).encode()) == value
    except (Unreadable, TypeError):
        return False


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def sm3(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


SUITES = {"sm3": sm3, "sha256": lambda data: hashlib.sha256(data).digest()}
SUITE_NUMBERS = {1: "sm3", 2: "sha256"}


def keccak256(data):
    """Keccak-f[1600] with rate 136 and the padding of the first submission (FIPS 202 pads otherwise)."""
    state = [0] * 25
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % 136))
    padded[-1] |= 0x80
    for start in range(0, len(padded), 136):
        for word in range(17):
            state[word] ^= int.from_bytes(padded[start + 8 * word : start + 8 * word + 8], "little")
        for constant in ROUND_CONSTANTS:
            state = keccak_round(state, constant)
    return b"".join(word.to_bytes(8, "little") for word in state[:4])


def keccak_round(a, constant):
    """One round on 25 words, that of column x and row y at x + 5y."""
    c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
    d = [c[x - 1] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
    b = [0] * 25
    for place, (target, by) in enumerate(MOVES):
        b[target] = rotate(a[place] ^ d[place % 5], by)
    a = [b[i] ^ (~b[i - i % 5 + (i + 1) % 5] & b[i - i % 5 + (i + 2) % 5]) for i in range(25)]
    a[0] ^= constant
    return a


def rotate(word, by):
    return (word << by | word >> (64 - by)) & (2**64 - 1)


def keccak_tables():
    """Return the constants of the 24 rounds, and where each word moves with how many bits of rotation."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << ((1 << j) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    moves, x, y = [(0, 0)] * 25, 1, 0
    for t in range(24):
        moves[x + 5 * y] = y + 5 * ((2 * x + 3 * y) % 5), (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return constants, moves


ROUND_CONSTANTS, MOVES = keccak_tables()
SM2_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
P256_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
SM2_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CURVES = {  # prime and b of y² = x³ - 3x + b
    SM2_KEY: (
        2**256 - 2**224 - 2**96 + 2**64 - 1,
        0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    ),
    P256_KEY: (
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
}
_CHECKED = {}


def signed_by(spki, message, signature):
    """Tell whether 64 bytes r‖s are the key's signature of the message."""
    question = (spki, message, signature)
    if question not in _CHECKED:
        _CHECKED[question] = _verify(*question)
    return _CHECKED[question]


def _verify(spki, message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not is_key(spki) or len(signature) != 64:
        return False
    try:
        if spki[:27] == SM2_KEY and 0 < r < SM2_ORDER and 0 < s < SM2_ORDER:
            return gmalg.SM2(uid=b"1234567812345678", pk=b"\x04" + spki[27:]).verify(
                message, signature[:32], signature[32:]
            )
        if spki[:27] == P256_KEY and 0 < r < P256_ORDER and 0 < s <= P256_ORDER // 2:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + spki[27:])
            key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
            return True
    except (InvalidSignature, ValueError, gmalg.errors.GMError):
        pass
    return False


def is_key(spki):
    """Tell whether 91 bytes are a SubjectPublicKeyInfo in the one form of its algorithm, of a point of its curve."""
    if len(spki) != 91 or spki[:27] not in CURVES:
        return False
    prime, b = CURVES[spki[:27]]
    x, y = int.from_bytes(spki[27:59], "big"), int.from_bytes(spki[59:], "big")
    return x < prime and y < prime and (y * y - x * x * x + 3 * x - b) % prime == 0


def leaf_hash(h, data):
    return h(b"\x00" + data)


def root_of_path(h, leaf, index, size, path):
    """RFC 9162 section 2.1.3.2; None where index, size and path do not fit."""
    if not 0 <= index < size:
        return None
    hash_, f, s = leaf, index, size - 1
    for sibling in path:
        if s == 0:
            return None
        if f & 1 or f == s:
            hash_ = h(b"\x01" + sibling + hash_)
            while not f & 1 and f:
                f, s = f >> 1, s >> 1
        else:
            hash_ = h(b"\x01" + hash_ + sibling)
        f, s = f >> 1, s >> 1
    return hash_ if s == 0 else None


# -- Forms of members: a reader takes a JSON value and returns what it says --


def read(value, kind=None, optional=(), /, **readers):
    """Read an object that has exactly these members and, of a `kind`, its type; an `optional` one may be left out (None)."""
    require(isinstance(value, dict))
    members = dict(value)
    if kind:
        given = text(members.pop("type", None))
        version = given != kind and given.rpartition("/")[0] == kind.rpartition("/")[0]
        require(given == kind, "newer_format" if version else "proof_unreadable")
    require(readers.keys() - set(optional) <= members.keys() <= readers.keys())
    found = {name: reader(members[name]) if name in members else None for name, reader in readers.items()}
    return SimpleNamespace(body=value, **found)


def text(value):
    require(isinstance(value, str) and 0 < len(value) <= 4096)
    return value


def pattern(form):
    def reader(value):
        require(re.fullmatch(form, text(value)))
        return value

    return reader


def number(low, high):
    def reader(value):
        require(type(value) is int and low <= value <= high)
        return value

    return reader


def many(reader, most):
    def readers(value):
        require(isinstance(value, list))
        require(len(value) <= most, "over_limit")
        return [reader(item) for item in value]

    return readers


def binary(length):
    return lambda value: bytes.fromhex(pattern(f"[0-9a-f]{{{2 * length}}}")(value))


def key_id(value):
    return bytes.fromhex(pattern("0x[0-9a-f]{64}")(value)[2:])


def digest(value):
    """Return suite and hash."""
    suite, _, rest = text(value).partition(":")
    require(suite in SUITES)
    return suite, binary(32)(rest)


def signature(value):
    found = base64.urlsafe_b64decode(pattern("[A-Za-z0-9_-]{86}")(value) + "==")
    require(base64.urlsafe_b64encode(found).decode().rstrip("=") == value)
    return found


def moment(value):
    try:
        found = datetime.strptime(
            pattern("[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z")(value), "%Y-%m-%dT%H:%M:%S%z"
        )
    except ValueError as error:
        raise Unreadable("proof_unreadable") from error
    seconds = int(found.timestamp())
    require(seconds >= 0)
    return seconds


def day(value):
    try:
        return date.fromisoformat(pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}")(value))
    except ValueError as error:
        raise Unreadable("proof_unreadable") from error


# -- record.md, seals-and-signatures.md --

KINDS = {"licence": 1, "seal": 2, "signature": 4, "material": 8}
PRESENTABLE = {"issue", "renew", "amend"}
RESULTS = {
    "suspend": 1,
    "resume": 0,
    "cancel": 3,
    "revoke": 4,
    "withdraw": 5,
    "transfer": 6,
    "void": 7,
    "reinstate": 8,
}
STATUSES = (
    "valid",
    "suspended",
    "superseded",
    "cancelled",
    "revoked",
    "withdrawn",
    "transferred",
    "void",
    "reinstated",
)
CERTIFICATE = re.compile(
    r"(?P<line>1\.2\.156\.(?:3005|3003)\.2\.(?P<type>[0-9A-Z]{18}[0-9]{3})\.(?P<issuer>[0-9A-Z_]{1,18})\.[0-9A-Z_]{9,32})"
    r"\.(?!000)[0-9]{3}\.[0-9A-Z]"
)
SEALING = re.compile(
    r"(?P<line>(?P<kind>seal|signature)\.(?P<issuer>[0-9A-Z]{18})\.(?P<serial>[0-9A-Z]{9,32}))"
    r"\.(?P<version>(?!000)[0-9]{3})\.(?P<check>[0-9A-Z])"
)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod_37_36(body):
    """The check character of GB/T 36904 (ISO 7064 MOD 37,36)."""
    product = 36
    for letter in body:
        product = 2 * ((product + LETTERS.index(letter)) % 36 or 36) % 37
    return LETTERS[(37 - product) % 36]


def credit_code(text):
    """GB 32100-2015, with the organisation code of GB 11714 inside."""
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    if not re.fullmatch("[0-9A-HJ-NPQRTUWXY]{18}", text):
        return False
    organisation = sum(
        LETTERS.index(a) * b for a, b in zip(text[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    total = sum(letters.index(a) * b for a, b in zip(text[:17], weights, strict=True))
    return text[16] == "0123456789X"[(11 - organisation % 11) % 11] and text[17] == letters[-total % 31]


def read_record(value):
    record = read(
        value, "shunzheng/record/1", ("issued", "valid_from", "valid_until", "claims", "previous", "links", "basis"),
        kind=pattern("|".join(KINDS)), action=pattern("|".join([*PRESENTABLE, *RESULTS])), identifier=text, issuer=text,
        time=moment, salt=binary(16), issued=day, valid_from=day, valid_until=day, claims=digest, previous=digest,
        links=many(lambda link: read(link, rel=pattern("[a-z][a-z-]{0,31}"), record=digest), 16), basis=text,
    )  # fmt: skip
    require(record.links != [])
    digests = [record.claims, record.previous, *(link.record for link in record.links or ())]
    suites = {suite for suite, _ in filter(None, digests)}
    require(len(suites) == 1)
    require((record.previous is None) == (record.action == "issue"))
    if record.action in PRESENTABLE:
        require(record.claims)
    else:
        require(
            record.basis and not (record.claims or record.issued or record.valid_from or record.valid_until)
        )
    require(not (record.valid_from and record.valid_until and record.valid_until < record.valid_from))
    parsed = (CERTIFICATE if record.kind in ("licence", "material") else SEALING).fullmatch(record.identifier)
    require(parsed)
    if parsed.re is SEALING:
        require(parsed["kind"] == record.kind and credit_code(parsed["issuer"]))
        require(parsed["check"] == mod_37_36(parsed["issuer"] + parsed["serial"] + parsed["version"]))
    record.suite, record.parsed = suites.pop(), parsed
    record.leaf = leaf_hash(SUITES[record.suite], canonical(value))
    record.links = [(link.rel, link.record[1]) for link in record.links or ()]
    return record


def names_issuer(record):
    named = record.parsed["issuer"]
    if record.parsed.re is CERTIFICATE and re.fullmatch("[1-9][0-9]{5}", named):
        return record.issuer[2:8].startswith(re.sub("(00){1,2}$", "", named))
    return named == record.issuer


# -- submission.md, claims.md, proof.md --


def read_entry(value):
    return read(value, "shunzheng/entry/1", statement=read_statement, signature=signature, accepted=moment)


def read_statement(value):
    statement = read(
        value, "shunzheng/submission/1", registry=text, log=text, issuer=text, key=key_id, count=number(1, 2**20),
        root=digest, time=moment, expires=moment,
    )  # fmt: skip
    require(0 < statement.expires - statement.time <= 7 * 86_400)
    statement.suite, statement.root = statement.root
    return statement


def read_disclosure(value):
    """Return what is shown (name, salt, value), what is withheld (name, commitment), and the master salt if all is shown."""
    if isinstance(value, dict) and "master" in value:
        found = read(value, master=binary(16), claims=many(row(text, json_value), 256))
        shown, withheld = [(name, None, value) for name, value in found.claims], []
    else:
        found = read(
            value,
            shown=many(row(text, binary(16), json_value), 256),
            withheld=many(row(text, binary(32)), 256),
        )
        shown, withheld, found.master = found.shown, found.withheld, None
    names, hidden = [name for name, *_ in shown], [name for name, _ in withheld]
    require(len(names + hidden) <= 256, "over_limit")
    require(all(a < b for ordered in (names, hidden, sorted(names + hidden)) for a, b in pairwise(ordered)))
    return SimpleNamespace(
        shown=shown, withheld=withheld, master=found.master, values={name: value for name, _, value in shown}
    )


def row(*readers):
    def reader(value):
        require(isinstance(value, list) and len(value) == len(readers))
        return tuple(read(item) for read, item in zip(readers, value, strict=True))

    return reader


def json_value(value):
    return value


def claims_digest(disclosure, suite):
    h, committed = SUITES[suite], dict(disclosure.withheld)
    for place, (name, salt, value) in enumerate(disclosure.shown):
        salt = salt or h(b"\x03" + disclosure.master + place.to_bytes(4, "big"))[:16]
        committed[name] = h(b"\x02" + salt + canonical(value))
    return h(b"\x04" + canonical([[name, committed[name].hex()] for name in sorted(committed)]))


def is_document(name):
    return re.fullmatch("document/[1-9][0-9]{0,2}", name) is not None


def read_document(value):
    """Return (size, suite, digest) of a document claim."""
    document = read(value, media_type=text, size=number(0, 2**40), digest=digest)
    return document.size, *document.digest


def read_proof(data):
    require(len(data) <= 256 * 1024, "over_limit")
    return decode_proof(read_json(data), 0)


def decode_proof(value, depth):
    def linked(items):
        require(depth < 3, "over_limit")
        return many(lambda item: decode_proof(item, depth + 1), 16)(items)

    path = many(binary(32), 40)
    proof = read(
        value, "shunzheng/proof/1", ("disclosure", "status", "linked"),
        submission=lambda place: read(place, index=number(0, 2**20 - 1), path=path), record=read_record,
        disclosure=read_disclosure, entry=read_entry, sequence=number(1, MOST),
        batch=many(row(pattern("left|right"), number(-MOST, MOST), binary(32)), 40),
        status=lambda staple: read(staple, sequence=number(1, MOST), chunk=binary(32), path=path), linked=linked,
    )  # fmt: skip
    require(proof.linked != [])
    proof.linked = proof.linked or []
    proof.attached = len(proof.linked) + sum(one.attached for one in proof.linked)
    require(proof.attached <= 16, "over_limit")
    return proof


# -- registry-events.md, batch-and-anchor.md: replaying --


class Anchor(NamedTuple):
    n: int
    block: int
    time: int
    before: int  # the size of the log, and after it
    size: int
    root: bytes
    status_root: bytes
    void: bool


class Key(NamedTuple):
    spki: bytes
    purpose: int
    log: str
    n: int


class Change(NamedTuple):
    """What an anchor made of the status of a position."""

    sequence: int
    status: int
    contradictory: bool
    since: int


class Log:
    """What is known of a log: anchors by sequence from 1, and of each position its changes and its place in the tree."""

    def __init__(self, suite, size):
        self.suite, self.size = suite, size
        self.known = size == 0  # every status from the beginning
        self.anchors, self.anchored_at = [], 0
        self.statuses = {}  # the changes of a position, in order
        self.chunks, self.nodes = {}, {}  # by number, and by first and last chunk

    def status(self, position, sequence):
        changes = reversed(self.statuses.get(position, ()))
        return next((change for change in changes if change.sequence <= sequence), None)

    def set(self, position, status):
        number, place = divmod(position, 64)
        chunk = bytearray(self.chunks.get(number, bytes(32)))
        kept, shift = ((0x0F, 4), (0xF0, 0))[place % 2]
        chunk[place // 2] = chunk[place // 2] & kept | status << shift
        self.put(number, bytes(chunk))

    def put(self, number, chunk):
        """Put a chunk into the tree, and forget the nodes above it."""
        self.chunks[number] = chunk
        low, high = 0, (self.size + 63) // 64
        self.nodes.pop((low, high), None)
        while high - low > 1:
            middle = split(low, high)
            low, high = (low, middle) if number < middle else (middle, high)
            self.nodes.pop((low, high), None)

    def status_root(self):
        return self.node(0, (self.size + 63) // 64) if self.size else bytes(32)

    def node(self, low, high):
        if (low, high) not in self.nodes:
            h = SUITES[self.suite]
            if high - low == 1:
                found = status_leaf(h, low, self.chunks.get(low, bytes(32)))
            else:
                middle = split(low, high)
                found = h(b"\x01" + self.node(low, middle) + self.node(middle, high))
            self.nodes[low, high] = found
        return self.nodes[low, high]


def split(low, high):
    """Return where a tree over leaves from `low` to `high` divides: at the largest power of two below its size."""
    return low + (1 << (high - low - 1).bit_length() - 1)


def status_leaf(h, number, chunk):
    return leaf_hash(h, b"shunzheng/status/1" + number.to_bytes(5, "big") + chunk)


class Trust:
    """What the events say."""

    def __init__(self, registry):
        self.registry, self.time, self.province = registry, 0, False
        self.logs, self.keys, self.compromised, self.retired = {}, {}, {}, {}
        self.grants, self.issuers = [], []

    def log_of(self, issuer, n):
        held = (log for known, since, log in reversed(self.issuers) if known == issuer and since <= n)
        return next(held, None)

    def apply(self, n, kind, time, block, payload):
        if kind not in ABI:
            raise Unreadable("newer_format")
        try:
            fields = decode_abi(ABI[kind], payload)
        except (ValueError, IndexError, OverflowError) as error:
            raise Unreadable("not_understood") from error
        stop = "not_understood"
        if kind == 2:
            self.province = True
        elif kind in (1, 16):
            require(self.province, stop)
        elif kind == 3:
            log, suite, _, _, (_, _, _, _, size, _) = fields
            require(log not in self.logs and suite in SUITE_NUMBERS, stop)
            self.logs[log] = Log(SUITE_NUMBERS[suite], size)
        elif kind in (5, 6, 7, 8):
            require(fields[0] in self.logs, stop)
        elif kind in (9, 10):
            self.issuers.append((fields[1], n, fields[0]))
        elif kind == 11:
            log, purpose, spki = fields
            require(keccak256(spki) not in self.keys, stop)
            self.keys[keccak256(spki)] = Key(spki, purpose, log, n)
        elif kind == 12:
            self.grants.append((*fields, n))
        elif kind in (13, 14):
            key, at = fields
            require(key in self.keys, stop)
            require(kind == 13 or at <= self.compromised.get(key, at), stop)
            (self.retired if kind == 13 else self.compromised)[key] = at
        elif kind == 15:
            self.anchored(n, time, block, *fields)

    def anchored(self, n, time, block, name, sequence, size, root, status_root, words):
        log, stop = self.logs.get(name), "not_understood"
        require(log is not None, stop)
        require(
            sequence == len(log.anchors) + 1 and 0 <= size - log.size <= 2**20 and size < 2**40, stop
        )  # 1
        before, log.size = log.size, size  # 2
        changes, void = [], len(words) % 6 != 0 or len(words) > 60_000  # 3
        for start in range(0, 0 if void else len(words), 6):
            position, status = int.from_bytes(words[start : start + 5], "big"), words[start + 5]
            void = void or position >= size or status > 8 or (changes != [] and position <= changes[-1][0])
            changes.append((position, status))
        if not void and log.known:  # 4
            chunks = {position // 64: log.chunks.get(position // 64, bytes(32)) for position, _ in changes}
            for change in changes:
                log.set(*change)
            void = log.status_root() != status_root
            for number, chunk in chunks.items() if void else ():
                log.put(number, chunk)
        log.anchors.append(Anchor(n, block, time, before, size, root, status_root, void))  # 5
        if void:
            return
        log.anchored_at = time  # 6
        for position, status in changes:  # 7
            known = log.status(position, sequence)
            if known is None:
                contradictory = log.known and not allowed(0, status)
            else:
                contradictory = known.contradictory or not allowed(known.status, status)
            log.statuses.setdefault(position, []).append(Change(sequence, status, contradictory, time))


def allowed(was, status):
    if was in (0, 8):
        return 1 <= status <= 7
    return status in (0, 2, 3, 4, 5, 6, 7) if was == 1 else status == 8


ABI = {
    1: ["20"], 2: ["20"], 3: ["n32", "u8", "20", "[n6", ("s", "n32", "u64", "b32", "u64", "b32")], 4: ["n6", "n32"],
    5: ["n32", "20"], 6: ["n32", "20"], 7: ["n32", "20"], 8: ["n32", "20"], 9: ["n32", "n18"], 10: ["n32", "n18"],
    11: ["n32", "u8", "x"], 12: ["n32", "b32", "n18", "u8", "[n21", "u64", "u64"], 13: ["b32", "u64"], 14: ["b32", "u64"],
    15: ["n32", "u64", "u64", "b32", "b32", "x"], 16: ["s"],
}  # fmt: skip


def decode_abi(types, data, start=0):
    """Decode a tuple of names (n) and bytes (b) of a length, numbers (u) of bits, addresses, strings (s, x), lists ([)."""
    found = []
    for place, kind in enumerate(types):
        word = slice_of(data, start + 32 * place, 32)
        at = start + int.from_bytes(word, "big")
        dynamic = isinstance(kind, tuple) or kind in ("s", "x") or kind[0] == "["
        if dynamic and at < start + 32 * len(types):
            raise ValueError
        if isinstance(kind, tuple):
            found.append(decode_abi(kind, data, at))
        elif dynamic:
            length = int.from_bytes(slice_of(data, at, 32), "big")
            if kind[0] == "[":
                if length > len(data):
                    raise ValueError
                found.append(decode_abi([kind[1:]] * length, data, at + 32))
            else:
                content = slice_of(data, at + 32, length)
                if any(slice_of(data, at + 32 + length, -length % 32)):
                    raise ValueError
                found.append(content)
        elif kind[0] == "u" or kind == "20":
            number = int.from_bytes(word, "big")
            if number >= 2 ** (160 if kind == "20" else int(kind[1:])):
                raise ValueError
            found.append(number)
        else:
            length = int(kind[1:])
            if any(word[length:]):
                raise ValueError
            found.append(word[:length] if kind[0] == "b" else name_of(word[:length]))
    return found


def slice_of(data, start, length):
    if start + length > len(data):
        raise ValueError
    return data[start : start + length]


def name_of(padded):
    return padded.rstrip(b"\0").decode("ascii", "backslashreplace").replace("\0", "\\x00")


# -- checkpoint.md, trust-file.md, snapshot.md --


def take_snapshot(data, trust_file):
    """Return the `Trust` of a whole snapshot. Raises: Unreadable with the reason of snapshot.md."""
    registry, cosigners, threshold = read_trust_file(trust_file)
    line, feed, stream = data.partition(b"\n")
    require(feed and len(line) <= 256 * 1024, "malformed")  # 1
    try:
        value = read_json(line)
        require(canonical(value) == line)
        header = read(
            value, "shunzheng/snapshot/1", checkpoint=read_checkpoint,
            cosignatures=many(lambda value: read(value, key=key_id, signature=signature), 256),
            after=lambda value: read(value, n=number(0, MOST), head=key_id, block=number(0, MOST)),
        )  # fmt: skip
        point, after = header.checkpoint, header.after
        require(all(a.key < b.key for a, b in pairwise(header.cosignatures)))
        require(after.n <= point.n and after.block <= point.block)
        first = after.block == 0 and after.head.hex()[:16] == point.registry.rpartition(":")[2]
        require(after.n > 0 or first)
    except Unreadable as error:
        raise Unreadable("newer_format" if str(error) == "newer_format" else "malformed") from error
    require(point.registry == registry, "other_registry")  # 2
    counted = [one for one in header.cosignatures if one.key in cosigners]
    for one in counted:
        require(signed_by(cosigners[one.key], canonical(point.body), one.signature), "cosignature_bad")
    require(len(counted) >= threshold, "below_threshold")
    require(after.n == 0, "not_held")  # 4: nothing is held here
    return replay(Inflated(stream), point, after.head)


def replay(stream, point, head):
    events, n, block, time = [], 0, 0, 0
    while n < point.n:  # 5
        found, at, when, kind, length = struct.unpack(">QQQBI", stream.take(29, "event_missing"))
        require(found <= n + 1, "event_missing")
        require(found == n + 1, "event_order")
        require(length <= 4 * 2**20, "damaged")
        payload = stream.take(length, "damaged")
        require(at >= block and when >= time and when < LAST_TIME, "event_order")
        words = b"".join(value.to_bytes(32, "big") for value in (found, when, block, kind))
        head = keccak256(head + words + keccak256(payload))
        n, block, time = found, at, when
        events.append((n, kind, when, at, payload))
    require(stream.ended(), "surplus")  # 6
    require((n, head, block, time) == (point.n, point.head, point.block, point.time), "head_mismatch")  # 7
    trust = Trust(point.registry)
    for event in events:  # 9
        trust.apply(*event)
    trust.time = time
    return trust


class Inflated:
    """The events of a snapshot, inflated piece by piece."""

    def __init__(self, stream):
        self.rest, self.held, self.inflater = memoryview(stream), bytearray(), zlib.decompressobj()

    def fill(self, size):
        """Inflate until so many bytes are held, or the stream ends."""
        while len(self.held) < size and not self.inflater.eof:
            require(self.rest, "truncated")
            piece, self.rest = self.rest[:4096], self.rest[4096:]
            try:
                self.held += self.inflater.decompress(piece)
            except zlib.error as error:
                raise Unreadable("damaged") from error

    def take(self, size, at_end):
        self.fill(size)
        require(len(self.held) >= size, "damaged" if self.held else at_end)
        content = bytes(self.held[:size])
        del self.held[:size]
        return content

    def ended(self):
        self.fill(1)
        return not (self.held or self.inflater.unused_data or self.rest)


def read_checkpoint(value):
    return read(
        value, "shunzheng/checkpoint/1", registry=text, n=number(1, MOST), head=key_id, block=number(0, MOST),
        block_hash=key_id, time=moment,
    )  # fmt: skip


def read_trust_file(data):
    """Return registry, cosigners' keys by identifier, and the threshold."""
    try:
        require(len(data) <= 256 * 1024)
        found = read(
            read_json(data), "shunzheng/trust/1", ("threshold",), registry=text, threshold=number(2, 256),
            cosigners=many(lambda value: read(value, name=text, key=binary(91)), 256),
        )  # fmt: skip
        names, keys = (
            {one.name for one in found.cosigners},
            {keccak256(one.key): one.key for one in found.cosigners},
        )
        require(all(map(is_key, keys.values())))
        require(2 <= len(names) == len(keys) == len(found.cosigners))
        threshold = found.threshold or len(names) // 2 + 1
        require(threshold <= len(names))
    except Unreadable as error:
        raise Unreadable("trust_file") from error
    return found.registry, keys, threshold


# -- verification.md --


class Origin(NamedTuple):
    steps: dict  # outcome and reason by number
    log: Log
    anchor: Anchor
    position: int

    @property
    def good(self):
        return all(outcome == PASS for outcome, _ in self.steps.values())


def origin(proof, trust, present=True):
    """Steps 1 and 4 to 8."""
    statement, record = proof.entry.statement, proof.record
    log = trust.logs.get(statement.log) if statement.registry == trust.registry else None
    anchor = log.anchors[proof.sequence - 1] if log and proof.sequence <= len(log.anchors) else None
    steps = {1: form(proof, trust, log, present)}
    h = SUITES[record.suite]
    root = root_of_path(h, record.leaf, proof.submission.index, statement.count, proof.submission.path)
    inside = (record.suite, root) == (statement.suite, statement.root)
    steps[4] = (PASS, "in_submission") if inside else (FAIL, "not_in_submission")
    key = trust.keys.get(statement.key)
    if key is None:
        steps[5] = UNKNOWN, "key_unknown"
    else:
        good = signed_by(key.spki, canonical(statement.body), proof.entry.signature)
        steps[5] = (PASS, "signature_good") if good else (FAIL, "signature_bad")
    steps[6], position = batch(proof, anchor)
    steps[7] = anchoring(statement, anchor)
    steps[8] = entitlement(proof, trust, anchor, key)
    return Origin(steps, log, anchor, position)


def form(proof, trust, log, present):
    record, statement = proof.record, proof.entry.statement
    if present and record.action not in PRESENTABLE:
        return FAIL, "not_presentable"
    if record.issuer != statement.issuer or not names_issuer(record):
        return FAIL, "issuer_mismatch"
    if statement.registry != trust.registry:
        return UNKNOWN, "other_registry"
    if log is None:
        return UNKNOWN, "log_unknown"
    if not record.suite == statement.suite == log.suite:
        return FAIL, "suite_mismatch"
    return PASS, "well_formed"


def batch(proof, anchor):
    if anchor is None:
        return (UNKNOWN, "anchor_unknown"), None
    statement = proof.entry.statement
    h, count, first = SUITES[statement.suite], statement.count, 0
    hash_ = leaf_hash(h, count.to_bytes(8, "big") + canonical(proof.entry.body))
    for side, other, sibling in proof.batch:
        if not 0 < other < 2**40 or count + other >= 2**40:
            return (FAIL, "not_in_batch"), None
        own, theirs = count.to_bytes(8, "big") + hash_, other.to_bytes(8, "big") + sibling
        hash_ = h(b"\x01" + (theirs + own if side == "left" else own + theirs))
        count, first = count + other, first + (other if side == "left" else 0)
    if hash_ != anchor.root:
        return (FAIL, "not_in_batch"), None
    if count != anchor.size - anchor.before:
        return (FAIL, "count_mismatch"), None
    return (PASS, "in_batch"), anchor.before + first + proof.submission.index


def anchoring(statement, anchor):
    if anchor is None:
        return UNKNOWN, "anchor_unknown"
    if anchor.void:
        return UNKNOWN, "anchor_void"
    if anchor.time > statement.expires:
        return FAIL, "statement_expired"
    if anchor.time + 600 < statement.time:
        return FAIL, "statement_postdated"
    return PASS, "anchored"


def entitlement(proof, trust, anchor, key):
    if anchor is None:
        return UNKNOWN, "anchor_unknown"
    record, statement = proof.record, proof.entry.statement
    if trust.log_of(record.issuer, anchor.n) != statement.log:
        return FAIL, "issuer_not_in_log"
    if key is None or key.n > anchor.n:
        return FAIL, "key_not_registered"

    def covers(grant):
        _, of, issuer, kinds, types, since, until, n = grant
        if (of, issuer) != (statement.key, record.issuer) or n > anchor.n:
            return False
        typed = record.parsed["type"] if record.kind in ("licence", "material") else None
        return since <= anchor.time <= until and kinds & KINDS[record.kind] and (not types or typed in types)

    if key.purpose != 1 or key.log != statement.log or not any(map(covers, trust.grants)):
        return FAIL, "not_entitled"
    if anchor.time >= trust.compromised.get(statement.key, anchor.time + 1):
        return UNKNOWN, "key_compromised"
    if anchor.time >= trust.retired.get(statement.key, anchor.time + 1):
        return FAIL, "key_retired"
    return PASS, "entitled"


def worst(found):
    """Return the first that fails, else the first."""
    return next((one for one in found if one[0] == FAIL), found[0])


def comparison(documents, values, disclosure):
    """Step 2."""
    values = {name: value for name, value in values.items() if not is_document(name)}
    if not documents and not values:
        return UNKNOWN, "nothing_presented"
    if disclosure is None:
        return UNKNOWN, "nothing_disclosed"
    hidden = {name for name, _ in disclosure.withheld}
    registered, unreadable, found = [], False, []
    for name, value in disclosure.values.items():
        if is_document(name):
            try:
                registered.append(read_document(value))
            except Unreadable:
                unreadable = True
    for content in documents:
        if any(size == len(content) and SUITES[suite](content) == own for size, suite, own in registered):
            continue
        if any(map(is_document, hidden)):
            found.append((UNKNOWN, "document_withheld"))
        elif unreadable or not registered:
            found.append((UNKNOWN, "document_not_registered"))
        else:
            found.append((FAIL, "document_mismatch"))
    for name, value in values.items():
        if name in hidden:
            found.append((UNKNOWN, "claim_withheld"))
        elif name not in disclosure.values:
            found.append((FAIL, "claim_mismatch"))
        elif not within_profile(value):
            found.append((UNKNOWN, "claims_unreadable"))
        elif canonical(value) != canonical(disclosure.values[name]):
            found.append((FAIL, "claim_mismatch"))
    if found:
        return worst(found)
    if documents:
        return PASS, "document_matches"
    if {name for name in disclosure.values if not is_document(name)} - values.keys():
        return UNKNOWN, "claims_incomplete"
    return PASS, "claims_match"


def claims(proof):
    if proof.disclosure is None:
        return UNKNOWN, "nothing_disclosed"
    good = (proof.record.suite, claims_digest(proof.disclosure, proof.record.suite)) == proof.record.claims
    return (PASS, "claims_committed") if good else (FAIL, "claims_altered")


def standing(proof, found, trust):
    """Step 9."""
    log, position = found.log, found.position
    if position is None:
        return UNKNOWN, "position_unknown"
    newest = log.status(position, len(log.anchors))
    if newest and newest.contradictory:
        return UNKNOWN, "status_contradictory"
    status = newest.status if newest else 0
    if status not in (0, 8):
        return FAIL, STATUSES[status]
    doubt = staple_doubt(proof.status, log, position)
    targets = {target for _, target in proof.record.links}
    attached = [one for one in proof.linked if one.record.leaf not in targets]
    good = {one.sequence for one in attached if explains(one, proof, log, position, trust)}
    if doubt is None and not all(explains(one, proof, log, position, trust) for one in attached):
        doubt = "attached_unproven"
    changes = log.statuses.get(position, ())[-1024:]
    revived = next((change.sequence for change in reversed(changes) if change.status == 8), None)
    if doubt is None and (revived not in good if revived else len(changes) == 1024):
        doubt = "reinstatement_unproven"
    return (UNKNOWN, doubt) if doubt else (PASS, f"status_{STATUSES[status]}")


def staple_doubt(staple, log, position):
    missing = None if log.known else "predecessor_unknown"
    if staple is None:
        return missing
    byte = staple.chunk[position % 64 // 2]
    stated = byte >> 4 if position % 2 == 0 else byte & 15
    if staple.sequence > len(log.anchors):
        return "staple_newer" if stated not in (0, 8) else missing
    anchor = log.anchors[staple.sequence - 1]
    if anchor.void or position >= anchor.size:
        return "staple_altered"
    h = SUITES[log.suite]
    leaf = status_leaf(h, position // 64, staple.chunk)
    root = root_of_path(h, leaf, position // 64, (anchor.size + 63) // 64, staple.path)
    if root != anchor.status_root:
        return "staple_altered"
    if missing:
        then = log.status(position, staple.sequence)
        return None if stated == (then.status if then else 0) else "status_contradictory"
    return None


def explains(one, proof, log, position, trust):
    if one.disclosure or one.status or one.linked:
        return False
    change = log.status(position, one.sequence)
    if change is None or change.sequence != one.sequence:
        return False
    mine, theirs = proof.record, one.record
    same = (mine.kind, mine.parsed["line"], mine.issuer, proof.entry.statement.log)
    if same != (theirs.kind, theirs.parsed["line"], theirs.issuer, one.entry.statement.log):
        return False
    if theirs.action in ("renew", "amend"):
        made = change.status == 2
    else:
        made = theirs.identifier == mine.identifier and RESULTS.get(theirs.action) == change.status
    return made and origin(one, trust, present=False).good


def civil_date(time):
    return datetime.fromtimestamp(time, timezone(timedelta(hours=8))).date()


def dates(record, trust, now, behind):
    today = civil_date(max(now, min(trust.time, LAST_TIME)))
    if record.valid_from and today < record.valid_from:
        return (UNKNOWN, "clock_behind") if behind else (FAIL, "not_yet_valid")
    if record.valid_until is None:
        return PASS, "no_end_date"
    return (FAIL, "expired") if today > record.valid_until else (PASS, "within_dates")


class Judged(Exception):
    """What ends the look at one link."""


def seals(proof, trust):
    """Step 11."""
    if not proof.record.links:
        return SKIP, "no_links"
    holders, judged = [], []
    for rel, target in proof.record.links:
        try:
            holders.append(link(proof, rel, target, trust))
        except Judged as found:
            judged.append(found.args)
    if judged:
        return worst(judged)
    if proof.record.kind in ("licence", "material") and proof.record.issuer not in holders:
        return FAIL, "seal_of_another"
    return PASS, "seals_good"


def link(proof, rel, target, trust):
    """Return whose seal it is. Raises: Judged."""
    kind = proof.record.kind
    if kind in ("licence", "material") and rel == "sealed-by":
        sealing, found = linked(proof, target, "signature", trust)
        registered, sealed = documents_of(proof), documents_of(sealing)
        if registered is None or sealed is None:
            raise Judged(UNKNOWN, "sealed_document_withheld")  # 3
        if not sealed <= registered:
            raise Judged(FAIL, "sealed_other_document")
        own = found.log.status(found.position, len(found.log.anchors))  # 4
        in_force(found.log, own, "signature_ended")
        if [one for one, _ in sealing.record.links] != ["made-with"]:
            raise Judged(UNKNOWN, "link_unknown")
        return seal(sealing, sealing.record.links[0][1], found.anchor, trust)
    if kind == "signature" and rel == "made-with":
        return seal(proof, target, origin(proof, trust).anchor, trust)
    raise Judged(UNKNOWN, "link_unknown")


def linked(proof, target, kind, trust):
    """Rules 1 and 2."""
    one = next((one for one in proof.linked if one.record.leaf == target), None)
    if one is None:
        raise Judged(UNKNOWN, "link_missing")
    if one.record.kind != kind:
        raise Judged(FAIL, "link_of_another_kind")
    found = origin(one, trust)
    if not found.good:
        number, (outcome, _) = next((n, step) for n, step in found.steps.items() if step[0] != PASS)
        entitled = (number, outcome) != (8, FAIL)
        raise Judged(*((UNKNOWN, "linked_unproven") if entitled else (FAIL, "linked_not_entitled")))
    if not {inner.record.leaf for inner in one.linked} <= {inner for _, inner in one.record.links}:
        raise Judged(UNKNOWN, "linked_unproven")
    if claims(one)[0] != PASS:
        raise Judged(UNKNOWN, "linked_undisclosed")
    return one, found


def documents_of(proof):
    shown = proof.disclosure
    if shown is None or any(is_document(name) for name, _ in shown.withheld):
        return None
    try:
        return {read_document(value) for name, value in shown.values.items() if is_document(name)} or None
    except Unreadable:
        return None


def seal(sealing, target, anchor, trust):
    one, found = linked(sealing, target, "seal", trust)
    if anchor is None or sealing.disclosure is None:
        raise Judged(UNKNOWN, "linked_unproven")
    if found.anchor.n > anchor.n:
        raise Judged(FAIL, "seal_registered_later")  # 5
    holder, signer = one.disclosure.values.get("CZZTDM"), sealing.disclosure.values.get("KZ_QZRDM")
    if not isinstance(holder, str) or not isinstance(signer, str):
        raise Judged(UNKNOWN, "seal_holder_withheld")  # 6
    if holder != signer:
        raise Judged(FAIL, "seal_of_another")
    changes = found.log.statuses.get(found.position, ())  # 7
    before = (change for change in reversed(changes) if found.log.anchors[change.sequence - 1].n <= anchor.n)
    in_force(found.log, next(before, None), "seal_not_in_force")
    record, used = one.record, civil_date(anchor.time)  # 8
    if (record.valid_from and used < record.valid_from) or (record.valid_until and used > record.valid_until):
        raise Judged(FAIL, "seal_out_of_dates")
    return holder


def in_force(log, change, reason):
    """Rules 4 and 7."""
    if not log.known or (change and (change.contradictory or change.status == 8)):
        raise Judged(UNKNOWN, "linked_status_unknown")
    if change and change.status:
        raise Judged(FAIL, reason)


ENDED = {"expired", "not_yet_valid", "signature_ended", *STATUSES[1:8]}
GENUINE = {1, 2, 3, 4, 5, 6, 7, 8, 11}


def judge(data, trust, now, documents=(), values=None, max_age=3600):
    """Return outcome and reason of each step on the JSON text of a proof, by number."""
    try:
        proof = read_proof(data)
    except Unreadable as error:
        return {1: (UNKNOWN, str(error))} | dict.fromkeys(range(2, 13), (UNKNOWN, "not_reached"))
    found = origin(proof, trust)
    behind = now + 120 < min(trust.time, LAST_TIME)
    if behind:
        age = UNKNOWN, "clock_behind"
    elif found.position is None:
        age = UNKNOWN, "not_reached"
    elif now - found.log.anchored_at > max_age:
        age = UNKNOWN, "knowledge_stale"
    else:
        age = PASS, "knowledge_fresh"
    return found.steps | {
        2: comparison(documents, values or {}, proof.disclosure),
        3: claims(proof),
        9: standing(proof, found, trust),
        10: dates(proof.record, trust, now, behind),
        11: seals(proof, trust),
        12: age,
    }


def decide(steps):
    """Return verdict, step and reason."""

    def rank(step):
        number, (outcome, reason) = step
        if outcome == FAIL:
            return (2 if reason in ENDED else 0), number
        if outcome == UNKNOWN:
            return (1 if number in GENUINE else 3), number
        return 4, number != 9, number

    deciding = min(steps.items(), key=rank)
    verdict = ("invalid", "unverifiable", "not_current", "unverifiable", "valid")[rank(deciding)[0]]
    return verdict, deciding[0], deciding[1][1]


def main():
    parser = argparse.ArgumentParser(description="Verify a proof against a snapshot and a trust file.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--trust", type=Path, required=True)
    parser.add_argument("--document", type=Path, action="append", default=[])
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--now")
    parser.add_argument("--max-age", type=int, default=3600)
    args = parser.parse_args()
    try:
        proof, documents = args.proof.read_bytes(), [path.read_bytes() for path in args.document]
        trust = take_snapshot(args.snapshot.read_bytes(), args.trust.read_bytes())
        now = moment(args.now) if args.now else int(datetime.now(UTC).timestamp())
        values = read_json(args.claims.read_bytes()) if args.claims else {}
        require(isinstance(values, dict), "the claims are no object")
    except (Unreadable, OSError) as error:
        sys.exit(f"nothing was verified: {error}")
    verdict, step, reason = decide(judge(proof, trust, now, documents, values, args.max_age))
    print(json.dumps({"verdict": verdict, "step": step, "reason": reason, "known_as_of": trust.time}))
    return {"valid": 0, "not_current": 10, "invalid": 11, "unverifiable": 12}[verdict]


if __name__ == "__main__":
    sys.exit(main())
