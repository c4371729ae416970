"""Histories of certificates in the world of `tests.scenes`, signed by the city's node."""

from dataclasses import replace
from typing import Any, Final

from ledger.crypto.keys import PrivateKey, generate_key
from ledger.proof.histories import History, SignedHistory
from ledger.registry import acts
from ledger.registry.trust import NODE
from tests.scenes import City, Item, scene

LIFE: Final = ("suspend", "resume", "renew", "suspend", "resume")


def lived(*life: str) -> tuple[City, list[Item], PrivateKey]:
    """A city whose node has a key, and a licence with everything that became of it, by default `LIFE`."""
    city, (licence, *_) = scene()
    key = generate_key("p256", city.registry.random)
    city.registry.act(acts.KeyRegistered(city.name, NODE, key.public.spki))
    items, current = [licence], licence
    for action in life or LIFE:
        items.append(city.follow(action, current))
        city.register(items[-1])
        current = items[-1] if action in ("renew", "amend") else current
    return city, items, key


def tell(city: City, items: list[Item], signer: PrivateKey, *waiting: Item, **altered: Any) -> SignedHistory:
    """Return the signed history of these records as of now, or of what is `altered` of it."""
    fold = city.registry.knowledge.fold
    proofs = tuple(city.proof(item, disclosure=None, staple=None) for item in items)
    history = History(
        registry=city.registry.name,
        log=city.name,
        event_number=fold.event_number,
        head=fold.head,
        proofs=proofs,
        waiting_records=tuple(item.record for item in waiting),
        time=city.registry.now,
        key_id=signer.public.id,
    )
    history = replace(history, **altered)
    return SignedHistory(history, signer.sign(history.encode()))
