"""A trust file says whose cosignatures count.

Two cities at least, nobody twice, and no key that vouches for itself.
"""

from dataclasses import replace
from typing import Any

import pytest

from ledger.encoding.canonical import encode_canonical
from ledger.errors import LimitExceeded, MalformedInput, NewerFormat, SnapshotRefused
from ledger.registry.checkpoints import Cosignature, CosignedCheckpoint
from ledger.registry.trust_files import TrustFile, count_majority, read_trust_file
from tests.cosigning import NAMES, checkpoint_of, cosigned, node_key, trust_file
from tests.scenes import Registry, scene


@pytest.fixture(scope="module")
def registry() -> Registry:
    return scene(1)[0].registry


@pytest.fixture(scope="module")
def trust(registry: Registry) -> TrustFile:
    return trust_file(registry)


def refusal(trust: TrustFile, cosigned: CosignedCheckpoint) -> str:
    with pytest.raises(SnapshotRefused) as caught:
        trust.check(cosigned)
    return caught.value.reason


def test_a_trust_file_decodes_to_itself(trust: TrustFile) -> None:
    assert read_trust_file(encode_canonical(trust.to_json())) == trust


@pytest.mark.parametrize(("count", "most"), [(2, 2), (3, 2), (4, 3), (5, 3)])
def test_the_default_is_a_majority(registry: Registry, count: int, most: int) -> None:
    body = trust_file(registry, [f"city {number}" for number in range(count)]).to_json()
    del body["threshold"]
    assert read_trust_file(encode_canonical(body)).threshold == count_majority(count) == most


def test_enough_cosigners_are_named(registry: Registry, trust: TrustFile) -> None:
    assert set(trust.check(cosigned(checkpoint_of(registry), NAMES[:2]))) == set(NAMES[:2])


def test_a_checkpoint_of_version_1_vouches_for_nothing(registry: Registry, trust: TrustFile) -> None:
    older = replace(checkpoint_of(registry), roots=None)
    assert refusal(trust, cosigned(older)) == "older_format"


def test_one_city_alone_is_never_enough(registry: Registry, trust: TrustFile) -> None:
    assert refusal(trust, cosigned(checkpoint_of(registry), NAMES[:1])) == "below_threshold"
    body: Any = trust.to_json()
    for altered in ({"threshold": 1}, {"threshold": 4}, {"threshold": 0}, {"cosigners": [], "threshold": 2}):
        with pytest.raises(MalformedInput):
            read_trust_file(encode_canonical(body | altered))
    only = dict(trust_file(registry, NAMES[:1]).to_json())
    del only["threshold"]
    with pytest.raises(MalformedInput, match="no city is believed alone"):
        read_trust_file(encode_canonical(only))


def test_keys_do_not_vouch_for_themselves(registry: Registry, trust: TrustFile) -> None:
    strangers = cosigned(checkpoint_of(registry), ["mallory", "trudy", "oscar", NAMES[0]])
    assert refusal(trust, strangers) == "below_threshold"


def test_a_signature_of_something_else_is_refused(registry: Registry, trust: TrustFile) -> None:
    checkpoint = checkpoint_of(registry)
    wrong = Cosignature.make(node_key(NAMES[2]), replace(checkpoint, event_number=1))
    good = cosigned(checkpoint, NAMES[:2])
    assert refusal(trust, CosignedCheckpoint.of(checkpoint, [*good.cosignatures, wrong])) == "cosignature_bad"


def test_another_registry_is_refused(registry: Registry, trust: TrustFile) -> None:
    elsewhere = cosigned(checkpoint_of(Registry(before=b"\x05" * 32)))
    assert refusal(trust, elsewhere) == "other_registry"


def test_no_key_counts_twice(trust: TrustFile) -> None:
    body: Any = trust.to_json()
    body["cosigners"][1]["key"] = body["cosigners"][0]["key"]
    with pytest.raises(MalformedInput, match="nobody counts twice"):
        read_trust_file(encode_canonical(body))


def test_two_keys_of_one_city_are_one_vote(registry: Registry, trust: TrustFile) -> None:
    """Attack: a city gives out two keys of its node, and signs with both."""
    body: Any = trust.to_json()
    body["cosigners"][1]["name"] = NAMES[0]
    pinned = read_trust_file(encode_canonical(body))
    assert (len(pinned.cosigners), len(pinned.city_names)) == (3, 2)
    assert refusal(pinned, cosigned(checkpoint_of(registry), NAMES[:2])) == "below_threshold"
    assert set(pinned.check(cosigned(checkpoint_of(registry), NAMES))) == {NAMES[0], NAMES[2]}
    assert pinned.check(cosigned(checkpoint_of(registry), NAMES)).count(NAMES[0]) == 1


def test_threshold_and_majority_are_of_cities(trust: TrustFile) -> None:
    body: Any = trust.to_json()
    body["cosigners"][1]["name"] = NAMES[0]
    with pytest.raises(MalformedInput):
        read_trust_file(encode_canonical(body | {"threshold": 3}))
    del body["threshold"]
    assert read_trust_file(encode_canonical(body)).threshold == 2
    body["cosigners"][2]["name"] = NAMES[0]
    with pytest.raises(MalformedInput, match="two cities at least"):
        read_trust_file(encode_canonical(body))


def test_another_version_is_newer(trust: TrustFile) -> None:
    with pytest.raises(NewerFormat):
        read_trust_file(encode_canonical(trust.to_json() | {"type": "shunzheng/trust/2"}))


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        read_trust_file(b" " * (256 * 1024 + 1))
