"""Trees from keys to digests, in which a short path shows that a key is there or is not.

    leaf   H(00 ‖ key ‖ digest)        node  H(01 ‖ left ‖ right)        empty  32 zero bytes

A key has 32 bytes, which are hashes of names: their bits, the highest first, lead from the root to the left (0) or to
the right (1). A subtree without keys is empty, one with a single key is its leaf, wherever it stands, and any other is
a node over its two halves. So the root follows from keys and digests alone, in whatever order they came, and a path is
about as long as the logarithm of their number. Format: docs/formats/facts.md.

The tree is kept in pages of four bits, so that a change reads and writes a few of them, wherever they are stored.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from ledger.crypto.suites import DIGEST_BYTES, Suite
from ledger.crypto.trees import EMPTY_ROOT, hash_node
from ledger.errors import LimitExceeded, MalformedInput

# A page has a slot for each hexadecimal digit.
_SLOTS: Final = 16
_SLOT_BITS: Final = 4
# Elements of a path: a bit of the key each. Whoever searches for keys that are alike makes paths longer, at most so far.
MAX_KEY_PATH: Final = 8 * DIGEST_BYTES

#: What stands in a slot: nothing, the 32-byte root of the page below, or a lone key with its digest (64 bytes).
Page: TypeAlias = list[bytes]
#: Gives the content of stored pages by their prefixes, which are hexadecimal digits; those that are not there are left out.
ReadPages = Callable[[Collection[str]], Mapping[str, bytes]]
#: A subtree as its hash, and the lone leaf that it is, if it is one; None for an empty one.
_Subtree: TypeAlias = tuple[bytes, bytes] | None

_NO_BYTES: Final = b""
_ENTRY_SIZES: Final = (0, DIGEST_BYTES, 2 * DIGEST_BYTES)


@dataclass(frozen=True, slots=True)
class KeyProof:
    """Where the search for a key ends: the siblings on the way up, and key and digest of the leaf there, if any."""

    path: tuple[bytes, ...]
    leaf: tuple[bytes, bytes] | None


class KeyTree:
    """A tree whose pages are stored elsewhere; what is read or changed is held until `take_changed_pages`."""

    __slots__ = ("_changed_prefixes", "_levels", "_pages", "_read_pages", "suite")

    def __init__(self, suite: Suite, read_pages: ReadPages) -> None:
        self.suite, self._read_pages = suite, read_pages
        self._pages: dict[str, Page] = {}
        self._levels: dict[str, list[list[_Subtree]]] = {}
        self._changed_prefixes: set[str] = set()

    def load(self, keys: Collection[bytes]) -> None:
        """Read the pages that lead to `keys` all at once. Raises: MalformedInput where one is missing or damaged."""
        waiting_keys, depth = {key.hex() for key in keys}, 0
        while waiting_keys:
            prefixes = {key[:depth] for key in waiting_keys}
            self._load_pages(prefixes - self._pages.keys())
            waiting_keys = {key for key in waiting_keys if self._leads_on(key, depth)}
            depth += 1

    def update(self, digests: Mapping[bytes, bytes]) -> bytes:
        """Set the digests (32 bytes) of keys and return the 32-byte root. Raises: MalformedInput for a damaged page."""
        self.load(digests.keys())
        touched_places: set[str] = set()
        for key, digest in digests.items():
            touched_places.update(self._set(key, digest))
        for place in sorted(touched_places, key=len, reverse=True):
            self._hash_slot(place)
        return self.root()

    def root(self) -> bytes:
        """Return the 32-byte root, 32 zero bytes of an empty tree. Raises: MalformedInput for a damaged page."""
        self._load_pages({""} - self._pages.keys())
        subtree = self._fold("")[-1][0]
        return subtree[0] if subtree else EMPTY_ROOT

    def prove(self, key: bytes) -> KeyProof:
        """Return where the search for a key of 32 bytes ends. Raises: MalformedInput for a damaged page."""
        self.load([key])
        key_digits, path = key.hex(), list[bytes]()
        for depth, digit in enumerate(key_digits):
            levels = self._fold(key_digits[:depth])
            slot = int(digit, 16)
            for level in reversed(range(_SLOT_BITS)):
                subtree = levels[level + 1][slot >> level + 1]
                if subtree is None or subtree[1]:
                    return _end_search(path, subtree)
                sibling = levels[level][slot >> level ^ 1]
                path.append(sibling[0] if sibling else EMPTY_ROOT)
            subtree = levels[0][slot]
            if subtree is None or subtree[1]:
                return _end_search(path, subtree)
        raise MalformedInput("the pages of the tree lead beyond the last bit of a key")

    def take_changed_pages(self) -> dict[str, bytes]:
        """Return prefix and content of the pages that changed since this was last asked."""
        changed_pages = {
            prefix: b"".join(_encode_page(self._pages[prefix])) for prefix in self._changed_prefixes
        }
        self._changed_prefixes = set()
        return changed_pages

    def _load_pages(self, prefixes: Collection[str]) -> None:
        contents = self._read_pages(prefixes) if prefixes else {}
        for prefix in prefixes:
            if prefix and prefix not in contents:
                raise MalformedInput(f"the page {prefix} of the tree is missing")
            self._pages[prefix] = (
                decode_page(contents[prefix]) if prefix in contents else [_NO_BYTES] * _SLOTS
            )

    def _leads_on(self, key_digits: str, depth: int) -> bool:
        """Tell whether a page below the one at `depth` is on the way to a key."""
        return len(self._pages[key_digits[:depth]][int(key_digits[depth], 16)]) == DIGEST_BYTES

    def _set(self, key: bytes, digest: bytes) -> list[str]:
        """Put a key with its digest into its page and return the places of all slots on the way, as digits."""
        key_digits, touched_places = key.hex(), list[str]()
        for depth, digit in enumerate(key_digits):
            prefix = key_digits[:depth]
            touched_places.append(prefix + digit)
            page, slot = self._pages[prefix], int(digit, 16)
            entry = page[slot]
            if not entry or (entry[:DIGEST_BYTES] == key and len(entry) > DIGEST_BYTES):
                page[slot] = key + digest
                break
            if len(entry) > DIGEST_BYTES:  # two keys from now on: both go a page down
                self._pages[prefix + digit] = new_page = [_NO_BYTES] * _SLOTS
                new_page[int(entry.hex()[depth + 1], 16)] = entry
                page[slot] = EMPTY_ROOT  # until the pages below are hashed
        return touched_places

    def _hash_slot(self, place: str) -> None:
        """Hash the way from a slot up to the top of its page, once the page below is hashed."""
        prefix, slot = place[:-1], int(place[-1], 16)
        page = self._pages[prefix]
        if len(page[slot]) == DIGEST_BYTES:
            subtree = self._fold(place)[-1][0]
            page[slot] = subtree[0] if subtree else EMPTY_ROOT
        levels = self._fold(prefix)
        node = levels[0][slot] = _read_subtree(self.suite.hash, page[slot])
        for height in range(_SLOT_BITS):
            sibling = levels[height][slot >> height ^ 1]
            halves = (sibling, node) if slot >> height & 1 else (node, sibling)
            node = levels[height + 1][slot >> height + 1] = _join_halves(self.suite.hash, *halves)
        self._changed_prefixes.add(prefix)

    def _fold(self, prefix: str) -> list[list[_Subtree]]:
        """Return the subtrees of a page, hashed once."""
        if prefix not in self._levels:
            self._levels[prefix] = _fold_page(self.suite, self._pages[prefix])
        return self._levels[prefix]


def root_from_key(suite: Suite, key: bytes, proof: KeyProof) -> tuple[bytes, bytes | None]:
    """Return the root to which a proof leads, and the digest that stands under `key` there; None where that key is absent.

    The caller compares the root with one that it trusts.

    Raises: MalformedInput for hashes of another length, or a leaf that does not stand where `key` is looked for;
    LimitExceeded for more than `MAX_KEY_PATH` elements.
    """
    if len(proof.path) > MAX_KEY_PATH:
        raise LimitExceeded(f"the path to a key has at most {MAX_KEY_PATH} elements, not {len(proof.path)}")
    if any(len(hash_) != DIGEST_BYTES for hash_ in (key, *proof.path, *(proof.leaf or ()))):
        raise MalformedInput(f"keys and hashes have {DIGEST_BYTES} bytes")
    key_bits = int.from_bytes(key, "big")
    node, digest = EMPTY_ROOT, None
    if proof.leaf:
        leaf_key, leaf_digest = proof.leaf
        node = suite.hash(b"\x00" + leaf_key + leaf_digest)
        digest = leaf_digest if leaf_key == key else None
        if (int.from_bytes(leaf_key, "big") ^ key_bits) >> MAX_KEY_PATH - len(proof.path):
            raise MalformedInput("the leaf does not stand where the key is looked for")
    for height, sibling in enumerate(proof.path, MAX_KEY_PATH - len(proof.path)):
        is_right = key_bits >> height & 1
        node = hash_node(suite, sibling, node) if is_right else hash_node(suite, node, sibling)
    return node, digest


def decode_page(content: bytes) -> Page:
    """Return what stands in the slots of a stored page. Raises: MalformedInput."""
    page, start = list[bytes](), 0
    while start < len(content):
        entry_size = content[start]
        page.append(content[start + 1 : start + 1 + entry_size])
        if entry_size not in _ENTRY_SIZES or len(page[-1]) != entry_size:
            raise MalformedInput("a page of the tree is damaged")
        start += 1 + entry_size
    if len(page) != _SLOTS:
        raise MalformedInput("a page of the tree is damaged")
    return page


def walk_pages(suite: Suite, pages: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    """Check stored pages, which come in descending order of their prefixes, and yield the 64 bytes of every leaf.

    What is yielded last is the 32-byte root. Raises: MalformedInput for a page that does not follow from those below it.
    """
    roots_below: dict[str, bytes] = {}
    root = EMPTY_ROOT
    for prefix, content in pages:
        page = decode_page(content)
        for slot, entry in enumerate(page):
            place = f"{prefix}{slot:x}"
            if len(entry) == DIGEST_BYTES and roots_below.pop(place, None) != entry:
                raise MalformedInput(f"the page {place} of the tree is missing or altered")
            if len(entry) > DIGEST_BYTES:
                if not entry.hex().startswith(place):
                    raise MalformedInput(
                        f"a leaf stands in the page {prefix} of the tree, where it does not belong"
                    )
                yield entry
        subtree = _fold_page(suite, page)[-1][0]
        if prefix and (subtree is None or subtree[1]):
            raise MalformedInput(f"the page {prefix} of the tree has no two leaves")
        root = subtree[0] if subtree else EMPTY_ROOT
        if prefix:
            roots_below[prefix] = root
    if roots_below:
        raise MalformedInput(f"the page {min(roots_below)} of the tree hangs on none")
    yield root


def _encode_page(page: Page) -> Iterator[bytes]:
    for entry in page:
        yield bytes((len(entry),))
        yield entry


def _fold_page(suite: Suite, page: Page) -> list[list[_Subtree]]:
    """Return the subtrees of a page, level by level: its slots first, itself last."""
    compute_hash = suite.hash
    level: list[_Subtree] = [_read_subtree(compute_hash, entry) if entry else None for entry in page]
    levels = [level]
    while len(level) > 1:
        halves = iter(level)
        level = [_join_halves(compute_hash, left, right) for left, right in zip(halves, halves, strict=True)]
        levels.append(level)
    return levels


def _read_subtree(compute_hash: Callable[[bytes], bytes], entry: bytes) -> _Subtree:
    return (entry, _NO_BYTES) if len(entry) == DIGEST_BYTES else (compute_hash(b"\x00" + entry), entry)


def _join_halves(compute_hash: Callable[[bytes], bytes], left: _Subtree, right: _Subtree) -> _Subtree:
    """Return the subtree over two halves; a lone leaf moves up."""
    if right is None and (left is None or left[1]):
        return left
    if left is None and right is not None and right[1]:
        return right
    left_hash, right_hash = left[0] if left else EMPTY_ROOT, right[0] if right else EMPTY_ROOT
    return compute_hash(b"\x01" + left_hash + right_hash), _NO_BYTES


def _end_search(path: list[bytes], subtree: _Subtree) -> KeyProof:
    leaf = (subtree[1][:DIGEST_BYTES], subtree[1][DIGEST_BYTES:]) if subtree else None
    return KeyProof(tuple(reversed(path)), leaf)
