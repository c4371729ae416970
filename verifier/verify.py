"""A second verifier of Shunzheng 顺证 proofs, in one file, written from the format pages alone (docs/formats/).

    python verifier/verify.py PROOF --snapshot F --trust T [--document D…] [--claims C.json] [--now TIME] [--max-age SECONDS]

It needs Python, `cryptography` and `gmalg` (SM2), no node and no network, and shares no code with the product: where the two
disagree, one of them or a page is wrong. It prints verdict, step and reason. Left out: printed codes, deltas and the memory
of what was seen before (it takes whole snapshots only), and opened documents. `# n` names the rule of the page.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import zlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import gmalg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

PASS, FAIL, UNKNOWN, SKIP = "pass", "fail", "unknown", "not_applicable"


class Unreadable(Exception):
    """What was read is not of the form that the pages fix; the reason is the message."""


def require(condition, reason="proof_unreadable"):
    if not condition:
        raise Unreadable(reason)


# -- README.md: canonical JSON, hashes, trees, keys --

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
        for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, re.DOTALL):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
            deepest = max(deepest, depth)
        require(deepest <= nesting, "over_limit")
        value = json.loads(text, parse_int=integer, parse_float=refuse, parse_constant=refuse, object_pairs_hook=members)
        canonical(value)  # lone surrogates
    except (ValueError, RecursionError) as error:
        raise Unreadable("proof_unreadable") from error
    require(not contains_none(value))
    return value


def contains_none(value):
    if isinstance(value, dict):
        return any(map(contains_none, value.values()))
    return value is None or (isinstance(value, list) and any(map(contains_none, value)))


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
    state = [[0] * 5 for _ in range(5)]
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % 136))
    padded[-1] |= 0x80
    for start in range(0, len(padded), 136):
        for word in range(17):
            state[word % 5][word // 5] ^= int.from_bytes(padded[start + 8 * word : start + 8 * word + 8], "little")
        _permute(state)
    return b"".join(state[word % 5][word // 5].to_bytes(8, "little") for word in range(4))


def _permute(a):
    mask, lfsr = 2**64 - 1, 1

    def rotate(value, by):
        return ((value << by % 64) | (value >> (64 - by % 64))) & mask if by % 64 else value

    for _ in range(24):
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        for x in range(5):
            d = c[(x - 1) % 5] ^ rotate(c[(x + 1) % 5], 1)
            for y in range(5):
                a[x][y] ^= d
        x, y, current = 1, 0, a[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], rotate(current, (t + 1) * (t + 2) // 2)
        for y in range(5):
            row = [a[x][y] for x in range(5)]
            for x in range(5):
                a[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for j in range(7):
            if lfsr & 1:
                a[0][0] ^= 1 << ((1 << j) - 1)
            lfsr = lfsr << 1 ^ (0x171 if lfsr & 0x80 else 0)


SM2_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
P256_KEY = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
SM2_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CHECKED = {}


def signed_by(spki, message, signature):
    """Tell whether 64 bytes r‖s are the key's signature of the message."""
    question = (spki, message, signature)
    if question not in _CHECKED:
        _CHECKED[question] = _verify(*question)
    return _CHECKED[question]


def _verify(spki, message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(spki) != 91 or len(signature) != 64:
        return False
    try:
        if spki[:27] == SM2_KEY and 0 < r < SM2_ORDER and 0 < s < SM2_ORDER:
            return gmalg.SM2(uid=b"1234567812345678", pk=b"\x04" + spki[27:]).verify(message, signature[:32], signature[32:])
        if spki[:27] == P256_KEY and 0 < r < P256_ORDER and 0 < s <= P256_ORDER // 2:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + spki[27:])
            key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
            return True
    except (InvalidSignature, ValueError, gmalg.errors.GMError):
        pass
    return False


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


# -- Forms of members --

class Members:
    """Takes the members of an object one by one; none may be left."""

    def __init__(self, value):
        require(isinstance(value, dict))
        self.left = dict(value)

    def take(self, name):
        require(name in self.left)
        return self.left.pop(name)

    def text(self, name):
        value = self.take(name)
        require(isinstance(value, str) and 0 < len(value) <= 4096)
        return value

    def optional(self, name, read):
        return read(self.text(name)) if name in self.left else None

    def number(self, name, low, high):
        value = self.take(name)
        require(type(value) is int and low <= value <= high)
        return value

    def list(self, name, most, reason="proof_unreadable"):
        value = self.take(name)
        require(isinstance(value, list))
        require(len(value) <= most, reason)
        return value

    def type(self, expected):
        given = self.take("type")
        if isinstance(given, str) and given != expected and given.rpartition("/")[0] == expected.rpartition("/")[0]:
            raise Unreadable("newer_format")
        require(given == expected)

    def hashes(self, name):
        return [hexadecimal(item, 32) for item in self.list(name, 40, "over_limit")]

    def close(self):
        require(not self.left)


def hexadecimal(text, length):
    require(isinstance(text, str) and len(text) == 2 * length and re.fullmatch("[0-9a-f]*", text))
    return bytes.fromhex(text)


def key_id(text):
    require(text.startswith("0x"))
    return hexadecimal(text[2:], 32)


def digest(text):
    name, _, rest = text.partition(":")
    require(name in SUITES)
    return name, hexadecimal(rest, 32)


def signature(text):
    require(re.fullmatch("[A-Za-z0-9_-]{86}", text))
    value = base64.urlsafe_b64decode(text + "==")
    require(base64.urlsafe_b64encode(value).decode().rstrip("=") == text)
    return value


def moment(text):
    require(re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z", text))
    try:
        value = int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp())
    except ValueError as error:
        raise Unreadable("proof_unreadable") from error
    require(value >= 0 and not text.endswith(":60Z"))
    return value


def day(text):
    require(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("proof_unreadable") from error


# -- record.md, seals-and-signatures.md --

KINDS = {"licence": 1, "seal": 2, "signature": 4, "material": 8}
PRESENTABLE = {"issue", "renew", "amend"}
RESULTS = {"suspend": 1, "resume": 0, "cancel": 3, "revoke": 4, "withdraw": 5, "transfer": 6, "void": 7, "reinstate": 8}
STATUSES = ("valid", "suspended", "superseded", "cancelled", "revoked", "withdrawn", "transferred", "void", "reinstated")
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
    organisation = sum(LETTERS.index(a) * b for a, b in zip(text[8:16], (3, 7, 9, 10, 5, 8, 4, 2)))
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    total = sum(letters.index(a) * b for a, b in zip(text, weights))
    return text[16] == "0123456789X"[(11 - organisation % 11) % 11] and text[17] == letters[-total % 31]


@dataclass
class Record:
    body: dict
    suite: str
    kind: str
    action: str
    identifier: str
    issuer: str
    claims: bytes
    valid_from: date
    valid_until: date
    links: list
    parsed: re.Match

    @property
    def leaf(self):
        return leaf_hash(SUITES[self.suite], canonical(self.body))

    @property
    def names_issuer(self):
        named = self.parsed["issuer"]
        if self.kind in ("licence", "material") and re.fullmatch("[1-9][0-9]{5}", named):
            return self.issuer[2:8].startswith(re.sub("(00){1,2}$", "", named))
        return named == self.issuer


def read_record(value):
    members = Members(value)
    members.type("shunzheng/record/1")
    digests = {name: digest(members.text(name)) for name in ("claims", "previous") if name in members.left}
    links = []
    if "links" in members.left:
        for item in members.list("links", 16):
            link = Members(item)
            rel = link.text("rel")
            require(re.fullmatch("[a-z][a-z-]{0,31}", rel))
            links.append((rel, digest(link.text("record"))))
            link.close()
        require(links)
    suites = {suite for suite, _ in [*digests.values(), *(target for _, target in links)]}
    require(len(suites) == 1)
    kind, action, identifier, issuer = (members.text(name) for name in ("kind", "action", "identifier", "issuer"))
    moment(members.text("time"))
    hexadecimal(members.take("salt"), 16)
    days = {name: members.optional(name, day) for name in ("issued", "valid_from", "valid_until")}
    basis = members.optional("basis", str)
    members.close()
    require(kind in KINDS and (action in PRESENTABLE or action in RESULTS))
    require(("previous" in digests) == (action != "issue"))
    if action in PRESENTABLE:
        require("claims" in digests)
    else:
        require(basis is not None and "claims" not in digests and not any(days.values()))
    first, last = days["valid_from"], days["valid_until"]
    require(not (first and last and last < first))
    if kind in ("licence", "material"):
        parsed = CERTIFICATE.fullmatch(identifier)
        require(parsed)
    else:
        parsed = SEALING.fullmatch(identifier)
        require(parsed and parsed["kind"] == kind and credit_code(parsed["issuer"]))
        require(parsed["check"] == mod_37_36(parsed["issuer"] + parsed["serial"] + parsed["version"]))
    own = digests.get("claims", ("", b""))[1]
    targets = [(rel, target) for rel, (_, target) in links]
    return Record(value, suites.pop(), kind, action, identifier, issuer, own, first, last, targets, parsed)


# -- submission.md --

@dataclass
class Statement:
    body: dict
    registry: str
    log: str
    issuer: str
    key: bytes
    count: int
    suite: str
    root: bytes
    time: int
    expires: int


@dataclass
class Entry:
    body: dict
    statement: Statement
    signature: bytes


def read_entry(value):
    members = Members(value)
    members.type("shunzheng/entry/1")
    body = members.take("statement")
    own = signature(members.text("signature"))
    moment(members.text("accepted"))
    members.close()
    members = Members(body)
    members.type("shunzheng/submission/1")
    suite, root = digest(members.text("root"))
    statement = Statement(
        body, *(members.text(name) for name in ("registry", "log", "issuer")), key_id(members.text("key")),
        members.number("count", 1, 2**20), suite, root, moment(members.text("time")), moment(members.text("expires")),
    )  # fmt: skip
    members.close()
    require(0 < statement.expires - statement.time <= 7 * 86_400)
    return Entry(value, statement, own)


# -- claims.md --

@dataclass
class Disclosure:
    shown: list  # (name, salt or None, value)
    withheld: list  # (name, commitment)
    master: bytes = None

    @property
    def values(self):
        return {name: value for name, _, value in self.shown}

    def digest(self, suite):
        h, committed = SUITES[suite], dict(self.withheld)
        for place, (name, salt, value) in enumerate(self.shown):
            salt = salt or h(b"\x03" + self.master + place.to_bytes(4, "big"))[:16]
            committed[name] = h(b"\x02" + salt + canonical(value))
        return h(b"\x04" + canonical([[name, committed[name].hex()] for name in sorted(committed)]))


def read_disclosure(value):
    members = Members(value)
    full = "master" in members.left
    master = hexadecimal(members.take("master"), 16) if full else None
    shown = [row(item, 2 if full else 3) for item in members.list("claims" if full else "shown", 256)]
    withheld = [] if full else [row(item, 2) for item in members.list("withheld", 256)]
    members.close()
    names, hidden = [item[0] for item in shown], [item[0] for item in withheld]
    for ordered in (names, hidden, sorted(names + hidden)):
        require(len(ordered) <= 256 and all(a < b for a, b in zip(ordered, ordered[1:])))
    shown = [(item[0], None if full else hexadecimal(item[1], 16), item[-1]) for item in shown]
    return Disclosure(shown, [(name, hexadecimal(text, 32)) for name, text in withheld], master)


def row(item, length):
    require(isinstance(item, list) and len(item) == length)
    require(isinstance(item[0], str) and 0 < len(item[0]) <= 4096)
    return item


def is_document(name):
    return re.fullmatch("document/[1-9][0-9]{0,2}", name) is not None


def read_document(value):
    """Return (size, suite, digest) of a document claim."""
    members = Members(value)
    members.text("media_type")
    found = (members.number("size", 0, 2**40), *digest(members.text("digest")))
    members.close()
    return found


# -- proof.md --

@dataclass
class Proof:
    record: Record
    disclosure: Disclosure
    index: int
    path: list
    entry: Entry
    batch: list
    sequence: int
    staple: tuple  # sequence, chunk, path
    linked: list


def read_proof(data):
    require(len(data) <= 256 * 1024, "over_limit")
    return decode_proof(read_json(data), 0, [16])


def decode_proof(value, depth, budget):
    members = Members(value)
    members.type("shunzheng/proof/1")
    place = Members(members.take("submission"))
    index, path = place.number("index", 0, 2**20 - 1), place.hashes("path")
    place.close()
    record = read_record(members.take("record"))
    disclosure = read_disclosure(members.take("disclosure")) if "disclosure" in members.left else None
    entry = read_entry(members.take("entry"))
    batch = [element(item) for item in members.list("batch", 40, "over_limit")]
    sequence = members.number("sequence", 1, 2**53 - 1)
    staple = None
    if "status" in members.left:
        held = Members(members.take("status"))
        staple = held.number("sequence", 1, 2**53 - 1), hexadecimal(held.take("chunk"), 32), held.hashes("path")
        held.close()
    linked = []
    if "linked" in members.left:
        require(depth < 3, "over_limit")
        items = members.list("linked", 16, "over_limit")
        require(items)
        budget[0] -= len(items)
        require(budget[0] >= 0, "over_limit")
        linked = [decode_proof(item, depth + 1, budget) for item in items]
    members.close()
    return Proof(record, disclosure, index, path, entry, batch, sequence, staple, linked)


def element(item):
    require(isinstance(item, list) and len(item) == 3 and item[0] in ("left", "right") and type(item[1]) is int)
    return item[0], item[1], hexadecimal(item[2], 32)


# -- registry-events.md, batch-and-anchor.md: replaying --

@dataclass
class Anchor:
    n: int
    block: int
    time: int
    before: int
    size: int
    root: bytes
    status_root: bytes
    void: bool


@dataclass
class Log:
    suite: str
    size: int
    known: bool  # every status from the beginning
    anchors: list = field(default_factory=list)  # by sequence, from 1
    anchored_at: int = 0
    statuses: dict = field(default_factory=dict)  # position: [(sequence, status, contradictory)]
    chunks: dict = field(default_factory=dict)

    def status(self, position, sequence):
        for change in reversed(self.statuses.get(position, ())):
            if change[0] <= sequence:
                return change
        return None


class Trust:
    """What the events say."""

    def __init__(self, registry):
        self.registry, self.time = registry, 0
        self.logs, self.keys, self.grants, self.issuers, self.compromised, self.retired = {}, {}, [], [], {}, {}
        self.province = False

    def log_of(self, issuer, n):
        return next((log for known, since, log in reversed(self.issuers) if known == issuer and since <= n), None)

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
            self.logs[log] = Log(SUITE_NUMBERS[suite], size, size == 0)
        elif kind in (5, 6, 7, 8):
            require(fields[0] in self.logs, stop)
        elif kind in (9, 10):
            self.issuers.append((fields[1], n, fields[0]))
        elif kind == 11:
            log, purpose, spki = fields
            require(keccak256(spki) not in self.keys, stop)
            self.keys[keccak256(spki)] = (spki, purpose, log, n)
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
        log = self.logs.get(name)
        require(log is not None, "not_understood")
        require(sequence == len(log.anchors) + 1, "not_understood")  # 1
        require(log.size <= size <= log.size + 2**20 and size < 2**40, "not_understood")
        before, log.size = log.size, size  # 2
        changes, void = [], len(words) % 6 != 0 or len(words) > 60_000  # 3
        for start in range(0, 0 if void else len(words), 6):
            position, status = int.from_bytes(words[start : start + 5], "big"), words[start + 5]
            void = void or position >= size or status > 8 or (changes != [] and position <= changes[-1][0])
            changes.append((position, status))
        if not void and log.known:  # 4
            chunks = dict(log.chunks)
            for position, status in changes:
                chunk = bytearray(chunks.get(position // 64, bytes(32)))
                byte, high = position % 64 // 2, position % 2 == 0
                chunk[byte] = chunk[byte] & (0x0F if high else 0xF0) | status << (4 if high else 0)
                chunks[position // 64] = bytes(chunk)
            void = status_tree(SUITES[log.suite], chunks, size) != status_root
            log.chunks = log.chunks if void else chunks
        log.anchors.append(Anchor(n, block, time, before, size, root, status_root, void))  # 5
        if void:
            return
        log.anchored_at = time  # 6
        for position, status in changes:  # 7
            known = log.status(position, sequence)
            was = known[1] if known else 0
            wrong = not (known is None and not log.known) and ((known and known[2]) or not allowed(was, status))
            log.statuses.setdefault(position, []).append((sequence, status, bool(wrong), time))


def allowed(was, status):
    if was in (0, 8):
        return 1 <= status <= 7
    return status in (0, 2, 3, 4, 5, 6, 7) if was == 1 else status == 8


def status_leaf(h, chunk, content):
    return leaf_hash(h, b"shunzheng/status/1" + chunk.to_bytes(5, "big") + content)


def status_tree(h, chunks, size):
    count = (size + 63) // 64
    level = [status_leaf(h, chunk, chunks.get(chunk, bytes(32))) for chunk in range(count)]
    while len(level) > 1:
        paired = [h(b"\x01" + left + right) for left, right in zip(level[::2], level[1::2])]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    return level[0] if level else bytes(32)


ABI = {
    1: ["20"], 2: ["20"], 3: ["n32", "u8", "20", "[n6", ("s", "n32", "u64", "b32", "u64", "b32")], 4: ["n6", "n32"],
    5: ["n32", "20"], 6: ["n32", "20"], 7: ["n32", "20"], 8: ["n32", "20"], 9: ["n32", "n18"], 10: ["n32", "n18"],
    11: ["n32", "u8", "x"], 12: ["n32", "b32", "n18", "u8", "[n21", "u64", "u64"], 13: ["b32", "u64"], 14: ["b32", "u64"],
    15: ["n32", "u64", "u64", "b32", "b32", "x"], 16: ["s"],
}  # fmt: skip


def decode_abi(types, data, start=0):
    """Decode a tuple: `n` names and `b` bytes of a length, `u` numbers of bits, `20` an address, `s` and `x` texts and bytes, `[` lists."""
    found = []
    for place, kind in enumerate(types):
        word = slice_of(data, start + 32 * place, 32)
        if isinstance(kind, tuple):
            found.append(decode_abi(kind, data, start + int.from_bytes(word, "big")))
        elif kind in ("s", "x") or kind[0] == "[":
            at = start + int.from_bytes(word, "big")
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

def take_snapshot(data, trust_file, head_bytes=256 * 1024):
    """Return the `Trust` of a whole snapshot. Raises: Unreadable with the reason of snapshot.md."""
    registry, cosigners, threshold = read_trust_file(trust_file)
    end = data.find(b"\n", 0, head_bytes + 1)  # 1
    require(end >= 0, "malformed")
    try:
        header = read_json(data[:end])
        require(canonical(header) == data[:end])
        members = Members(header)
        members.type("shunzheng/snapshot/1")
        point = members.take("checkpoint")
        checkpoint = read_checkpoint(point)
        cosignatures = read_cosignatures(members.list("cosignatures", 256))
        after = Members(members.take("after"))
        since = after.number("n", 0, 2**53 - 1), key_id(after.text("head")), after.number("block", 0, 2**53 - 1)
        after.close()
        members.close()
        require(since[0] <= checkpoint["n"] and since[2] <= checkpoint["block"])
        require(since[0] > 0 or (since[2] == 0 and since[1].hex()[:16] == checkpoint["registry"].rpartition(":")[2]))
    except Unreadable as error:
        raise Unreadable("newer_format" if str(error) == "newer_format" else "malformed") from error
    require(checkpoint["registry"] == registry, "other_registry")  # 2
    good = 0
    for key, own in cosignatures:
        if key in cosigners:
            require(signed_by(cosigners[key], canonical(point), own), "cosignature_bad")
            good += 1
    require(good >= threshold, "below_threshold")
    require(since[0] == 0, "not_held")  # 4: nothing is held here
    return replay(data[end + 1 :], checkpoint, since[1])


def replay(stream, checkpoint, head):
    trust, n, block, time = Trust(checkpoint["registry"]), 0, 0, 0
    inflated = inflate(stream)
    events = []
    while n < checkpoint["n"]:  # 5
        start = inflated(25)
        number, at, when, kind, length = (
            int.from_bytes(start[a:b], "big") for a, b in ((0, 8), (8, 16), (16, 24), (24, 25), (0, 0))
        )
        length = int.from_bytes(inflated(4, True), "big")
        require(number <= n + 1, "event_missing")
        require(number == n + 1, "event_order")
        require(length <= 4 * 2**20, "damaged")
        payload = inflated(length, True)
        require(at >= block and when >= time and when < 10**11, "event_order")
        words = b"".join(value.to_bytes(32, "big") for value in (number, when, block, kind))
        head = keccak256(head + words + keccak256(payload))
        n, block, time = number, at, when
        events.append((number, kind, when, at, payload))
    require(inflated(None), "surplus")  # 6
    reached = n, "0x" + head.hex(), block, time
    stated = checkpoint["n"], checkpoint["head"], checkpoint["block"], moment(checkpoint["time"])
    require(reached == stated, "head_mismatch")  # 7
    for event in events:  # 9
        trust.apply(*event)
    trust.time = time
    return trust


def inflate(stream):
    """Return a reader of the inflated bytes; asked for None it tells whether nothing is left."""
    inflater = zlib.decompressobj()
    held = bytearray()
    rest = stream

    def read(size, inside=False):
        nonlocal rest
        while size is None or len(held) < size:
            if inflater.eof:
                if size is None:
                    return not held and not inflater.unused_data
                raise Unreadable("damaged" if inside or held else "event_missing")
            require(rest or size is None, "truncated")
            try:
                piece = inflater.decompress(rest, 65_536)
            except zlib.error as error:
                raise Unreadable("damaged") from error
            if not piece and not inflater.unconsumed_tail and not inflater.eof:
                raise Unreadable("truncated")
            held.extend(piece)
            rest = inflater.unconsumed_tail
            if size is None and held:
                return False
        content = bytes(held[:size])
        del held[:size]
        return content

    return read


def read_trust_file(data):
    """Return registry, cosigners' keys by identifier, and the threshold."""
    try:
        members = Members(read_json(data))
        members.type("shunzheng/trust/1")
        registry = members.text("registry")
        names, keys = [], {}
        for item in members.list("cosigners", 256):
            one = Members(item)
            names.append(one.text("name"))
            spki = hexadecimal(one.take("key"), 91)
            require(spki[:27] in (SM2_KEY, P256_KEY))
            keys[keccak256(spki)] = spki
            one.close()
        require(2 <= len(names) == len(set(names)) == len(keys))
        threshold = len(names) // 2 + 1
        if "threshold" in members.left:
            threshold = members.number("threshold", 2, len(names))
        members.close()
    except Unreadable as error:
        raise Unreadable("trust_file") from error
    return registry, keys, threshold


def read_checkpoint(value):
    members = Members(value)
    members.type("shunzheng/checkpoint/1")
    members.text("registry")
    members.number("n", 1, 2**53 - 1)
    members.number("block", 0, 2**53 - 1)
    key_id(members.text("head"))
    key_id(members.text("block_hash"))
    moment(members.text("time"))
    members.close()
    return value


def read_cosignatures(items):
    found = []
    for item in items:
        one = Members(item)
        found.append((key_id(one.text("key")), signature(one.text("signature"))))
        one.close()
    require(all(a[0] < b[0] for a, b in zip(found, found[1:])))
    return found


# -- verification.md --

@dataclass
class Origin:
    steps: dict
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
    root = root_of_path(h, record.leaf, proof.index, statement.count, proof.path)
    inside = (record.suite, root) == (statement.suite, statement.root)
    steps[4] = (PASS, "in_submission") if inside else (FAIL, "not_in_submission")
    key = trust.keys.get(statement.key)
    if key is None:
        steps[5] = UNKNOWN, "key_unknown"
    else:
        good = signed_by(key[0], canonical(statement.body), proof.entry.signature)
        steps[5] = (PASS, "signature_good") if good else (FAIL, "signature_bad")
    steps[6], position = batch(proof, anchor)
    steps[7] = anchoring(statement, anchor)
    steps[8] = entitlement(proof, trust, anchor, key)
    return Origin(steps, log, anchor, position)


def form(proof, trust, log, present):
    record, statement = proof.record, proof.entry.statement
    if present and record.action not in PRESENTABLE:
        return FAIL, "not_presentable"
    if record.issuer != statement.issuer or not record.names_issuer:
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
    return (PASS, "in_batch"), anchor.before + first + proof.index


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
    if key is None or key[3] > anchor.n:
        return FAIL, "key_not_registered"

    def covers(grant):
        _, of, issuer, kinds, types, since, until, n = grant
        if (of, issuer) != (statement.key, record.issuer) or n > anchor.n or not since <= anchor.time <= until:
            return False
        typed = record.parsed["type"] if record.kind in ("licence", "material") else None
        return bool(kinds & KINDS[record.kind]) and (not types or typed in types)

    if key[1] != 1 or key[2] != statement.log or not any(map(covers, trust.grants)):
        return FAIL, "not_entitled"
    if anchor.time >= trust.compromised.get(statement.key, anchor.time + 1):
        return UNKNOWN, "key_compromised"
    if anchor.time >= trust.retired.get(statement.key, anchor.time + 1):
        return FAIL, "key_retired"
    return PASS, "entitled"


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
        elif name not in disclosure.values or canonical(value) != canonical(disclosure.values[name]):
            found.append((FAIL, "claim_mismatch"))
    for outcome in (FAIL, UNKNOWN):
        for one in found:
            if one[0] == outcome:
                return one
    if documents:
        return PASS, "document_matches"
    if {name for name in disclosure.values if not is_document(name)} - values.keys():
        return UNKNOWN, "claims_incomplete"
    return PASS, "claims_match"


def claims(proof):
    if proof.disclosure is None:
        return UNKNOWN, "nothing_disclosed"
    good = proof.disclosure.digest(proof.record.suite) == proof.record.claims
    return (PASS, "claims_committed") if good else (FAIL, "claims_altered")


def standing(proof, found, trust):
    """Step 9."""
    log, position = found.log, found.position
    if position is None:
        return UNKNOWN, "position_unknown"
    newest = log.status(position, len(log.anchors))
    if newest and newest[2]:
        return UNKNOWN, "status_contradictory"
    status = newest[1] if newest else 0
    if status not in (0, 8):
        return FAIL, STATUSES[status]
    doubt = staple_doubt(proof.staple, log, position)
    targets = {target for _, target in proof.record.links}
    attached = [one for one in proof.linked if one.record.leaf not in targets]
    good = {one.sequence for one in attached if explains(one, proof, log, position, trust)}
    if doubt is None and not all(explains(one, proof, log, position, trust) for one in attached):
        doubt = "attached_unproven"
    if doubt is None:
        for place, change in enumerate(reversed(log.statuses.get(position, ()))):
            if place >= 1024 or (change[1] == 8 and change[0] not in good):
                doubt = "reinstatement_unproven"
            if change[1] == 8 or doubt:
                break
    return (UNKNOWN, doubt) if doubt else (PASS, f"status_{STATUSES[status]}")


def staple_doubt(staple, log, position):
    missing = None if log.known else "predecessor_unknown"
    if staple is None:
        return missing
    sequence, chunk, path = staple
    byte = chunk[position % 64 // 2]
    stated = byte >> 4 if position % 2 == 0 else byte & 15
    if sequence > len(log.anchors):
        return "staple_newer" if stated not in (0, 8) else missing
    anchor = log.anchors[sequence - 1]
    if anchor.void or position >= anchor.size:
        return "staple_altered"
    h = SUITES[log.suite]
    root = root_of_path(h, status_leaf(h, position // 64, chunk), position // 64, (anchor.size + 63) // 64, path)
    if root != anchor.status_root:
        return "staple_altered"
    if missing:
        then = log.status(position, sequence)
        return None if stated == (then[1] if then else 0) else "status_contradictory"
    return None


def explains(one, proof, log, position, trust):
    if one.disclosure or one.staple or one.linked:
        return False
    change = log.status(position, one.sequence)
    if change is None or change[0] != one.sequence:
        return False
    mine, theirs = proof.record, one.record
    same = (mine.kind, mine.parsed["line"], mine.issuer, proof.entry.statement.log)
    if same != (theirs.kind, theirs.parsed["line"], theirs.issuer, one.entry.statement.log):
        return False
    if theirs.action in ("renew", "amend"):
        made = change[1] == 2
    else:
        made = theirs.identifier == mine.identifier and RESULTS.get(theirs.action) == change[1]
    return made and origin(one, trust, present=False).good


def today_of(now, trust):
    shanghai = timezone(timedelta(hours=8))
    return datetime.fromtimestamp(max(now, min(trust.time, 10**11)), shanghai).date()


def dates(record, trust, now, behind):
    today = today_of(now, trust)
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
    for outcome in (FAIL, UNKNOWN):
        for one in judged:
            if one[0] == outcome:
                return one
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
        if not found.log.known or (own and (own[2] or own[1] == 8)):
            raise Judged(UNKNOWN, "linked_status_unknown")
        if own and own[1]:
            raise Judged(FAIL, "signature_ended")
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
    then = [change for change in changes if found.log.anchors[change[0] - 1].n <= anchor.n][-1:]
    if not found.log.known or (then and (then[0][2] or then[0][1] == 8)):
        raise Judged(UNKNOWN, "linked_status_unknown")
    if then and then[0][1]:
        raise Judged(FAIL, "seal_not_in_force")
    shanghai, record = timezone(timedelta(hours=8)), one.record
    used = datetime.fromtimestamp(anchor.time, shanghai).date()  # 8
    if (record.valid_from and used < record.valid_from) or (record.valid_until and used > record.valid_until):
        raise Judged(FAIL, "seal_out_of_dates")
    return holder


ENDED = {"expired", "not_yet_valid", "signature_ended", *STATUSES[1:8]}
GENUINE = {1, 2, 3, 4, 5, 6, 7, 8, 11}


def verify(data, trust, now, documents=(), values=None, max_age=3600):
    """Return (verdict, step, reason) on the JSON text of a proof."""
    try:
        proof = read_proof(data)
    except Unreadable as error:
        return "unverifiable", 1, str(error)
    found = origin(proof, trust)
    behind = now + 120 < trust.time
    if behind:
        age = UNKNOWN, "clock_behind"
    elif found.position is None:
        age = UNKNOWN, "not_reached"
    else:
        age = (PASS, "knowledge_fresh") if now - found.log.anchored_at <= max_age else (UNKNOWN, "knowledge_stale")
    steps = found.steps | {
        2: comparison(documents, values or {}, proof.disclosure),
        3: claims(proof),
        9: standing(proof, found, trust),
        10: dates(proof.record, trust, now, behind),
        11: seals(proof, trust),
        12: age,
    }

    def rank(step):
        number, (outcome, reason) = step
        if outcome == FAIL:
            return (2 if reason in ENDED else 0), number
        if outcome == UNKNOWN:
            return (1 if number in GENUINE else 3), number
        return 4, number != 9, number

    number, (_, reason) = min(steps.items(), key=rank)
    return ("invalid", "unverifiable", "not_current", "unverifiable", "valid")[rank((number, steps[number]))[0]], number, reason


def main():
    parser = argparse.ArgumentParser(description="Verify a proof against a snapshot and a trust file.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--trust", type=Path, required=True)
    parser.add_argument("--document", type=Path, action="append", default=[])
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--now", type=moment, default=int(datetime.now(timezone.utc).timestamp()))
    parser.add_argument("--max-age", type=int, default=3600)
    args = parser.parse_args()
    try:
        trust = take_snapshot(args.snapshot.read_bytes(), args.trust.read_bytes())
        values = read_json(args.claims.read_bytes()) if args.claims else {}
    except Unreadable as error:
        sys.exit(f"nothing was verified: {error}")
    documents = [path.read_bytes() for path in args.document]
    verdict, step, reason = verify(args.proof.read_bytes(), trust, args.now, documents, values, args.max_age)
    print(json.dumps({"verdict": verdict, "step": step, "reason": reason, "known_as_of": trust.time}))
    return {"valid": 0, "not_current": 10, "invalid": 11, "unverifiable": 12}[verdict]


if __name__ == "__main__":
    sys.exit(main())
