"""Two verifiers that share no code agree on verdict, step and reason, whatever is presented."""

import ast
import re
import sys
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Final

import pytest

from tests.properties.second_verifier import BothVerifiers, second
from tests.scenes import City
from tests.unit.ledger.verification import test_attacks_by_repetition as repetition
from tests.unit.ledger.verification import test_verify as scenes
from tests.unit.ledger.verification.steps.cases import SCENES

#: Scenes that only a verifier that opens documents or pockets comes to, and the flag that it is given.
OPENED: Final = {
    "a_pocket_that_lacks_a_fact": "pocket",
    "a_pocket_whose_fact_is_none": "pocket",
    "a_document_whose_own_seal_shows_that_it_was_altered": "broken",
    "a_document_that_was_registered_with_a_seal_that_fails": "broken",
    "a_document_whose_inner_proof_was_put_there_otherwise": "carrier_altered",
    "a_document_that_was_altered_and_its_inner_proof_too": "carrier_altered",
    "a_signed_pdf_with_more_behind_it_that_alters_it": "broken",
    "a_document_of_a_revoked_licence_whose_inner_proof_was_put_there_otherwise": "carrier_altered",
}
#: Attacks on what verification says of an entry, where it was anchored.
ATTACKS: Final = {
    name: attack
    for name, attack in vars(repetition).items()
    if re.match("test_.*(entry|root|version_1)", name) and not signature(attack).parameters
} | {name: partial(repetition.test_a_root_poisoned_by_a_faulty_entry, name) for name in repetition.POISONS}


@pytest.mark.parametrize("name", [name for name in SCENES if name not in OPENED])
def test_every_scene(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both = BothVerifiers()
    monkeypatch.setattr(
        City, "verify", lambda city, proof, **presented: both.verify(city, proof, **presented)
    )
    SCENES[name][2]()
    assert both.asked
    assert not both.unwritten


@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both = BothVerifiers()
    monkeypatch.setattr(
        City, "verify", lambda city, proof, **presented: both.verify(city, proof, **presented)
    )
    ATTACKS[name]()
    assert both.asked


def test_no_scene_is_left_out_but_those_of_opened_documents() -> None:
    assert {build.__module__ for _, _, build in SCENES.values()} == {
        module.__name__ for module in scenes.STEPS
    }
    assert OPENED.keys() <= SCENES.keys()
    assert len(SCENES) - len(OPENED) > 130


def test_the_second_verifier_is_one_file_that_shares_nothing_with_ours() -> None:
    source = Path(second.__file__)
    assert [path.name for path in source.parent.iterdir() if path.suffix == ".py"] == ["verify.py"]
    imported = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").partition(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography", "gmalg"}
    assert not imported & {"importlib", "runpy", "pkgutil", "subprocess", "socket", "urllib", "http"}
