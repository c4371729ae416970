"""Trees from keys to digests: a naive reading, presence, absence, any change."""

from collections.abc import Collection, Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.key_trees import KeyProof, KeyTree, root_from_key, walk_pages
from ledger.crypto.suites import SHA256, SM3, Suite
from ledger.crypto.trees import EMPTY_ROOT, hash_node
from ledger.errors import LimitExceeded, MalformedInput

SUITES = st.sampled_from([SM3, SHA256])
#: Keys that share no bits, some, or nearly all.
KEYS = st.binary(min_size=32, max_size=32) | st.builds(
    lambda start, end: start + end + bytes(31 - len(start)),
    st.sampled_from([b"", b"\x80", b"\x80\x00", b"\xff" * 30, bytes(31)]),
    st.binary(min_size=1, max_size=1),
)
DIGESTS = st.binary(min_size=32, max_size=32)
MAPS = st.dictionaries(KEYS, DIGESTS, max_size=30)


class Store:
    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}

    def read(self, prefixes: Collection[str]) -> Mapping[str, bytes]:
        return {prefix: self.pages[prefix] for prefix in prefixes if prefix in self.pages}

    def grow(self, suite: Suite, digests: Mapping[bytes, bytes]) -> bytes:
        tree = KeyTree(suite, self.read)
        root = tree.update(digests)
        self.pages |= tree.take_changed_pages()
        return root

    def descending(self) -> Iterator[tuple[str, bytes]]:
        return iter(sorted(self.pages.items(), reverse=True))


def naive_root(suite: Suite, digests: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    if not digests:
        return bytes(32)
    if len(digests) == 1:
        ((key, digest),) = digests.items()
        return suite.hash(b"\x00" + key + digest)
    halves: list[dict[bytes, bytes]] = [{}, {}]
    for key, digest in digests.items():
        halves[key[depth // 8] >> 7 - depth % 8 & 1][key] = digest
    return hash_node(suite, *(naive_root(suite, half, depth + 1) for half in halves))


@given(SUITES, MAPS, MAPS)
def test_the_root_follows_from_what_stands_in_the_tree(
    suite: Suite, first: dict[bytes, bytes], second: dict[bytes, bytes]
) -> None:
    store = Store()
    assert store.grow(suite, first) == naive_root(suite, first)
    assert store.grow(suite, second) == naive_root(suite, first | second)
    one_by_one = Store()
    for key, digest in reversed((first | second).items()):
        one_by_one.grow(suite, {key: digest})
    assert KeyTree(suite, one_by_one.read).root() == naive_root(suite, first | second)


@given(SUITES, MAPS, KEYS)
def test_every_key_is_shown_to_be_there_or_not(
    suite: Suite, digests: dict[bytes, bytes], other: bytes
) -> None:
    store = Store()
    root = store.grow(suite, digests)
    for key in [*digests, other]:
        assert root_from_key(suite, key, KeyTree(suite, store.read).prove(key)) == (root, digests.get(key))


@given(SUITES, MAPS.filter(bool), st.data())
def test_any_change_of_a_proof_is_noticed(
    suite: Suite, digests: dict[bytes, bytes], data: st.DataObject
) -> None:
    store = Store()
    root, key = store.grow(suite, digests), data.draw(st.sampled_from(sorted(digests)) | KEYS)
    proof = KeyTree(suite, store.read).prove(key)
    texts = [*proof.path, *(proof.leaf or ())]
    if not texts:
        return
    place, bit = data.draw(st.integers(0, len(texts) - 1)), data.draw(st.integers(0, 255))
    texts[place] = (int.from_bytes(texts[place], "big") ^ 1 << bit).to_bytes(32, "big")
    path, leaf = texts[: len(proof.path)], texts[len(proof.path) :]
    assert not leads_to(suite, root, key, KeyProof(tuple(path), (leaf[0], leaf[1]) if leaf else None))


@given(SUITES, MAPS.filter(bool), st.data())
def test_attack_a_key_left_out(suite: Suite, digests: dict[bytes, bytes], data: st.DataObject) -> None:
    """Nothing that is taken from the tree shows that a key which is there is absent."""
    store = Store()
    root, key = store.grow(suite, digests), data.draw(st.sampled_from(sorted(digests)))
    tree = KeyTree(suite, store.read)
    path = tree.prove(key).path
    for leaf in [None, *((other, digests[other]) for other in digests if other != key)]:
        for length in range(len(path) + 1):
            proof = KeyProof(path[len(path) - length :], leaf)
            try:
                assert root_from_key(suite, key, proof)[0] != root
            except MalformedInput:
                continue


@given(SUITES, MAPS)
def test_pages_are_walked_through_to_leaves_and_root(suite: Suite, digests: dict[bytes, bytes]) -> None:
    store = Store()
    root = store.grow(suite, digests)
    *leaves, walked_root = walk_pages(suite, store.descending())
    assert (sorted(leaves), walked_root) == (sorted(key + digest for key, digest in digests.items()), root)


@given(SUITES, MAPS.filter(lambda digests: len(digests) > 1), st.data())
def test_a_damaged_page_is_found(suite: Suite, digests: dict[bytes, bytes], data: st.DataObject) -> None:
    store = Store()
    root = store.grow(suite, digests)
    prefix = data.draw(st.sampled_from(sorted(store.pages)))
    content = bytearray(store.pages[prefix])
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    store.pages[prefix] = bytes(content)
    try:
        *leaves, walked_root = walk_pages(suite, store.descending())
    except MalformedInput:
        return
    assert walked_root != root or sorted(leaves) != sorted(key + digests[key] for key in digests)


@given(SUITES, MAPS.filter(lambda digests: len(digests) > 1), st.data())
def test_a_missing_page_is_found(suite: Suite, digests: dict[bytes, bytes], data: st.DataObject) -> None:
    store = Store()
    root = store.grow(suite, digests)
    prefix = data.draw(st.sampled_from(sorted(store.pages)))
    del store.pages[prefix]
    try:
        *_, walked_root = walk_pages(suite, store.descending())
    except MalformedInput:
        walked_root = None
    assert walked_root != root
    if prefix:
        key = next(key for key in digests if key.hex().startswith(prefix))
        with pytest.raises(MalformedInput, match="missing"):
            KeyTree(suite, store.read).prove(key)


def leads_to(suite: Suite, root: bytes, key: bytes, proof: KeyProof) -> bool:
    try:
        return root_from_key(suite, key, proof)[0] == root
    except MalformedInput:
        return False


def test_an_empty_tree_holds_no_key() -> None:
    proof = KeyTree(SM3, Store().read).prove(bytes(32))
    assert (proof, root_from_key(SM3, bytes(32), proof)) == (KeyProof((), None), (EMPTY_ROOT, None))


@pytest.mark.parametrize(
    "proof",
    [
        KeyProof((bytes(31),), None),
        KeyProof((), (bytes(31), bytes(32))),
        KeyProof((), (bytes(32), bytes(33))),
        KeyProof((bytes(32),), (b"\x80" + bytes(31), bytes(32))),
    ],
)
def test_what_is_no_proof_is_refused(proof: KeyProof) -> None:
    with pytest.raises(MalformedInput):
        root_from_key(SM3, bytes(32), proof)


def test_a_path_longer_than_a_key_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        root_from_key(SM3, bytes(32), KeyProof((bytes(32),) * 257, None))
