"""docs/settings.md says of each member what the code says."""

from pathlib import Path

from api.node.sections import Batching, Intake
from api.node.settings import Settings
from tests.unit.api.node.make_settings_page import EXAMPLE, PAGE, page


def test_the_page_is_made_from_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_member_has_a_meaning() -> None:
    fields = [field for shape in (Settings, Batching, Intake) for field in shape.model_fields.items()]
    assert [name for name, field in fields if not field.description] == []


def test_the_example_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(EXAMPLE, encoding="utf-8")
    settings = Settings.load(tmp_path, {})
    assert settings.policies["strict"] == {"default": 900, "seal": 300}
    assert settings.peers == {"wuhan": ("http://wuhan.example:8080",)}
