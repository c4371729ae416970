"""Every errand of the catalogue: its licences are imported, and verified in another city."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from anchoring.catalogue.chosen import get_catalogue
from api.commands import imports, seal, submit
from api.department import actions
from api.http.app import create_app
from ledger.records.records import KINDS
from ledger.registry import acts
from tests.fakes.department import ISSUER, LOG
from tests.unit.api.city import City
from tests.unit.api.department.errands.world import NODE, Case, World, ask
from tests.unit.api.department.importing import ImportDesk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette would have its tests import another HTTP client
    from fastapi.testclient import TestClient

ERRANDS = get_catalogue().errands


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a city in which everything that the errands need is registered."""
    folder = tmp_path_factory.mktemp("errands")
    city = City(folder)
    city.act(
        acts.KeyGranted(LOG, city.key.public.id, ISSUER, KINDS["seal"] | KINDS["signature"], (), 0, 2**40)
    )
    with pytest.MonkeyPatch.context() as patch, TestClient(create_app(city.settings, city.clock)) as node:
        desk = ImportDesk(city, node, folder, patch)
        (folder / "token").write_text(city.token("history", "claims", "proofs"))
        for module in (imports, seal, actions, submit):
            patch.setattr(module, "NodeClient", desk.client)
        world = World(desk, folder)
        world.register()
        yield world
    city.close()


@pytest.fixture(scope="module")
def wuhan(world: World) -> Iterator[TestClient]:
    """Return another city's node, which accepts the authorities of the trial."""
    (world.folder / "accepted.pem").write_bytes(world.trust)
    settings = world.desk.city.verifier.model_copy(update={"trust_list": world.folder / "accepted.pem"})
    with TestClient(create_app(settings, world.desk.city.clock)) as client:
        yield client


@pytest.mark.parametrize("key", ERRANDS)
def test_an_errand(world: World, wuhan: TestClient, key: str) -> None:
    """What the errand needs is verified, then what it produces, with every seal and signature that it names."""
    case = world.cases[key]
    for name, proof in case.proofs.items():
        assert proof.disclosure
        report = ask(wuhan, proof, **proof.disclosure.values)
        assert (report["verdict"], report["reason"]) == ("valid", "status_valid"), name
        assert proof.disclosure.values["CZZTDM"] in (
            case.cells[name]["CZZTDM"],
            case.cells[name]["CZZTDM"].split("、"),
        )
    for kind in world.list_seals(case):
        assert ask(wuhan, world.prove_seal(kind), world.read_seal(kind))["verdict"] == "valid", kind
    reports = [
        ask(wuhan, world.desk.city.proof(identifier), *documents) for identifier, documents in case.results
    ]
    assert {report["verdict"] for report in reports} == {"valid"}
    evidence = [item for report in reports for item in find_seals(report)]
    assert sorted(item["name"] for item in evidence) == sorted(world.name_seal(kind) for kind in case.seals)
    signatures = reports[-1]["documents"][-1]["signatures"]
    assert {signature["verdict"] for signature in signatures} == {"valid"}
    assert [signature["signer"] for signature in signatures][: len(case.errand.signatures)] == [
        *case.errand.signatures
    ]
    assert len(signatures) == len(case.errand.signatures) + len(case.seals)
    if case.application:
        (signature,) = reports[-1]["documents"][0]["signatures"]
        assert (signature["verdict"], signature["signer"]) == ("valid", "申请人")


def find_seals(report: Any) -> list[Any]:
    evidence = next(step for step in report["steps"] if step["step"] == 11).get("evidence") or {}
    seals: list[Any] = evidence.get("seals", [])
    return seals


@pytest.fixture
def case(world: World) -> Case:
    """Return an errand with several licences, seals and signatures."""
    return world.cases["open-restaurant"]


def test_a_licence_that_was_revoked_stops_an_errand(world: World, wuhan: TestClient) -> None:
    case = world.cases["policy"]
    proof = case.proofs["food-trade"]
    revoke = ("--basis", "食品安全法 第一百二十四条", "--key", "key.pem", "--token-file", "token", "--yes")
    assert world.desk.run("revoke", proof.record.identifier, *revoke, *NODE) == 0
    world.desk.city.anchor()
    report = ask(
        wuhan, proof, ZZBH=case.cells["food-trade"]["ZZBH"]
    )  # the proof is older than what became of it
    assert (report["verdict"], report["reason"]) == ("not_current", "revoked")
    renewed = world.desk.city.proof(case.proofs["business"].record.identifier)
    assert renewed.disclosure
    other = ask(wuhan, renewed, **renewed.disclosure.values)
    assert (other["verdict"], other["reason"]) == ("valid", "status_valid"), (
        "the other licences of the errand stay"
    )


def test_the_licence_of_another_holder_is_found_out(world: World, wuhan: TestClient, case: Case) -> None:
    proof, other = case.proofs["business"], world.cases["open-hotel"]
    for claims in ({"CZZTDM": other.body.code}, {"CZZT": other.body.name}):
        report = ask(wuhan, proof, **claims)
        assert (report["verdict"], report["reason"]) == ("invalid", "claim_mismatch")


def test_a_document_with_one_seal_less_is_another_document(
    world: World, wuhan: TestClient, case: Case
) -> None:
    proof = world.desk.city.proof(case.result)
    unsealed = (world.folder / "document.ofd").read_bytes()
    report = ask(wuhan, proof, unsealed)
    assert (report["verdict"], report["reason"]) == ("invalid", "document_mismatch")


def test_a_seal_whose_proof_is_missing_leaves_it_open(world: World, wuhan: TestClient, case: Case) -> None:
    proof = world.desk.city.proof(case.result)
    documents = case.results[-1][1]
    report = ask(wuhan, replace(proof, linked_proofs=proof.linked_proofs[1:]), *documents)
    assert (report["verdict"], report["reason"]) == ("unverifiable", "link_missing")


def test_the_companys_seals_do_not_stand_for_the_departments(world: World, wuhan: TestClient) -> None:
    """A licence on which only others sealed: the department's own seal is missing."""
    case = replace(world.cases["hr-agency"], stages=[])
    world.submit(world.sign_and_seal(case, ["seal-legal", "seal-contract"]))
    identifier, documents = case.results[-1]
    report = ask(wuhan, world.desk.city.proof(identifier), *documents)
    assert (report["verdict"], report["reason"]) == ("invalid", "seal_of_another")


def test_a_seal_that_ended_before_seals_nothing_more(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    destroy = ("--basis", "印章管理办法", "--key", "key.pem", "--token-file", "token", "--yes")
    assert world.desk.run("seal", "destroy", world.seals["seal-invoice"].identifier, *destroy, *NODE) == 0
    world.desk.city.anchor()
    case = replace(world.cases["hr-agency"], stages=[])
    with pytest.raises(AssertionError):
        world.submit(world.sign_and_seal(case, ["seal-invoice", "seal-approval"]))
    assert "is cancelled" in capsys.readouterr().err
