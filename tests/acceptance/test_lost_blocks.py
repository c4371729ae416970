"""A node names final blocks that its chain lost, and answers nothing until they are back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.demo.stage import City, Stage, open_stage
from tests.acceptance.cities import close, eventually

PAST_FINALITY = 30  # blocks that are made at once


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.delenv("CHAIN_URL", raising=False)
    stage = open_stage(tmp_path / "stage", block_seconds=1)
    yield stage
    close(stage)


@pytest.fixture
def wuhan(stage: Stage) -> Iterator[City]:
    stage.deploy()
    city = stage.found_city("wuhan", "武汉市", issues=False)
    city.launch()
    city.wait_ready()
    yield city
    city.stop()


def set_back(stage: Stage, state: Path) -> None:
    """Restart the chain from a saved state."""
    assert stage.devnet
    stage.devnet._kill()
    shutil.copy(state, stage.directory / "chain" / "state.json")
    stage.devnet.start()


def ready(city: City) -> tuple[int, str]:
    answer = httpx.get(f"{city.url}/readyz", trust_env=False)
    return answer.status_code, answer.json().get("quarantine") or ""


def final_block(city: City) -> int:
    block: int = httpx.get(f"{city.url}/readyz", trust_env=False).json()["block"]
    return block


def test_a_chain_set_back_is_named_and_believed_again_once_it_is_whole(
    stage: Stage, wuhan: City, tmp_path: Path
) -> None:
    devnet = stage.devnet
    assert devnet
    devnet.save()
    shutil.copy(stage.directory / "chain" / "state.json", tmp_path / "yesterday.json")
    lost = devnet.chain.fetch_latest_block().number + PAST_FINALITY
    devnet.mine(PAST_FINALITY + 3)
    eventually(lambda: final_block(wuhan) >= lost)
    devnet.save()
    shutil.copy(stage.directory / "chain" / "state.json", tmp_path / "today.json")

    # The operators of the chain restore it from yesterday, and it goes on from there.
    set_back(stage, tmp_path / "yesterday.json")
    devnet.request("evm_increaseTime", 7)  # empty blocks of the same times would be the same blocks
    devnet.mine(2 * PAST_FINALITY)
    eventually(lambda: ready(wuhan)[0] == 503)
    said = ready(wuhan)[1]
    known = int(said.split()[1])
    assert lost <= known
    assert said.startswith(f"block {known} was final as 0x")
    assert "the chain ends at block" in said
    verified = httpx.post(f"{wuhan.url}/v1/verify", json={"proof": "{}"}, trust_env=False)
    assert verified.status_code == 503
    assert verified.json()["type"].endswith("/quarantined")

    # They find the newer backup.
    set_back(stage, tmp_path / "today.json")
    eventually(lambda: ready(wuhan) == (200, ""))
