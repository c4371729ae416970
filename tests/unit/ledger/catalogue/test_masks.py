"""Values as others see them."""

import pytest

from anchoring.catalogue.chosen import get_catalogue
from ledger.catalogue.masks import show_claim
from ledger.encoding.canonical import Json


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"CZZT": "天门市示例局", "CZZTDM": "11429006012345671T"}, "天门市示例局"),
        ({"CZZT": "天门市示例局", "CZZTDM": "11429006012345671A"}, "天*****"),
        ({"CZZT": "张三丰", "CZZTDM": "42900619900101123X"}, "张**"),
        ({"CZZT": "张三丰"}, "张**"),
        ({"CZZT": ["张三丰", "李四"]}, "张**、李*"),
        ({"CZZT": ["某局", "李四"], "CZZTDM": ["11429006012345671T", "x"]}, "某*、李*"),
        ({"CZZT": ["某局", "李四"], "CZZTDM": []}, "某*、李*"),
        ({}, None),
    ],
)
def test_a_holder_is_a_person_unless_a_credit_code_says_otherwise(
    values: dict[str, Json], shown: str | None
) -> None:
    assert show_claim(get_catalogue(), values, "CZZT") == shown
