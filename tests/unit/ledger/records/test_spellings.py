"""What is the same text, what is the same spelled otherwise, and what is another text."""

import time
import unicodedata

import pytest

from ledger.encoding.canonical import Json
from ledger.records.spellings import MAX_SPELLED_CHARS, is_equal, is_spelled_otherwise

NAME = "阿卜杜拉·示例"
NUMBER = "42900619850204999X"
ADDRESS = "湖北省天门市café路１号"


@pytest.mark.parametrize(
    ("value", "registered"),
    [
        (NAME, NAME),
        (unicodedata.normalize("NFD", ADDRESS), ADDRESS),
        (ADDRESS, unicodedata.normalize("NFD", ADDRESS)),
        ("阿卜杜拉\u0387示例", NAME),  # Greek ano teleia is canonically the middle dot
        ("Å", "\u212b"),
        ("豈", "\uf900"),
        ("각", "\u1100\u1161\u11a8"),
        ("a\u0323\u0307", "a\u0307\u0323"),
        (["cafe\u0301"], ["café"]),
        ({"a": ["cafe\u0301"]}, {"a": ["café"]}),
        (1495, 1495),
        ("\U0002f868", "\u36fc"),  # Corrigendum 4
    ],
)
def test_canonically_equal_is_equal(value: Json, registered: Json) -> None:
    assert is_equal(value, registered)
    assert is_equal(registered, value)


@pytest.mark.parametrize(
    ("value", "registered"),
    [
        # widths
        ("湖北省天门市café路1号", ADDRESS),
        ("".join(chr(ord(letter) + 0xFEE0) for letter in NUMBER), NUMBER),
        ("天门市示例公司(有限合伙)", "天门市示例公司（有限合伙）"),
        ("ﾊﾞｽ", "バス"),
        ("⼈民路", "人民路"),  # Kangxi radicals, as some PDFs give out
        ("100㎡", "100m²"),
        ("100m2", "100㎡"),
        ("5㎏", "5kg"),
        ("第Ⅳ类", "第IV类"),
        ("№5", "No5"),
        # dots
        *((f"阿卜杜拉{dot}示例", NAME) for dot in "•・･‧∙⋅.．"),
        (f"阿卜杜拉 {chr(0xB7)} 示例", NAME),
        # capitals
        ("42900619850204999x", NUMBER),
        ("91429006ma49example", "91429006MA49EXAMPLE"),
        # blanks, and what shows nothing
        (f" {NAME}\u3000\r\n", NAME),
        ("张\u3000三", "张三"),
        ("张\u00a0三", "张三"),
        ("天门市\ufeff示例\u200b公司\u200e", "天门市示例公司"),
        ("葛\U000e0100", "葛"),
        ("429006 19850204 999X", NUMBER),
        # dashes, quotes, brackets
        ("鄂J–123", "鄂J-123"),
        ("“示例”公司", '"示例"公司'),
        ("津[2019]第1号", "津〔2019〕第1号"),
        # days
        ("2022年3月28日", "2022-03-28"),
        ("二〇二二年三月二十八日", "2022-03-28"),
        ("20220328", "2022-03-28"),
        ("2022.03.28", "2022-03-28"),
        # what a reader of text makes of other values
        ("1495", 1495),
        ("张三", ["张三"]),
        (["张 三", "李四"], ["张三", "李四"]),
        ({"size": "47"}, {"size": 47}),
    ],
)
def test_spelled_otherwise(value: Json, registered: Json) -> None:
    assert not is_equal(value, registered)
    assert is_spelled_otherwise(value, registered)
    assert is_spelled_otherwise(registered, value)


@pytest.mark.parametrize(
    ("value", "registered"),
    [
        ("42900619850204998X", NUMBER),
        ("42900619850204999", NUMBER),
        ("42900619850204999Х", NUMBER),
        ("cаfé", "café"),
        ("示例公司0", "示例公司O"),
        ("示例公司l", "示例公司I"),
        ("未来", "末来"),
        ("自己", "自已"),
        ("土地", "士地"),
        ("一号", "—号"),
        ("一号", "-号"),
        ("國", "国"),
        ("戶", "户"),
        ("吕示例", "吕示列"),
        ("ー", "一"),
        ("口", "囗"),
        ("十", "＋"),
        ("〇", "0"),
        ("10²", "102"),
        ("m10²", "m102"),
        ("①", "1"),
        ("1½", "11⁄2"),
        ("H₂O", "H2O"),
        ("CO₂", "CO2"),
        ("1.5", "15"),
        (NAME, "阿卜杜拉示例"),
        ("café", "cafe"),
        ("阿卜杜拉。示例", NAME),
        ("阿卜杜拉-示例", NAME),
        ("\u202e321", "321"),
        ("\u2066321\u2069", "321"),
        ("示例\u0000公司", "示例公司"),
        ("示例\u3164公司", "示例公司"),
        ("示例\ue863公司", "示例䶮公司"),
        ("日用百货、食品", "日用百货，食品"),
        ("长期", "永久"),
        ("2022-03-28", "2022-03-29"),
        ("2022-03-28T08:00:00Z", "2022-03-28T09:00:00Z"),
        ("2022-03-28T08:00:00Z", "2022-03-28"),
        ("2022-02-30", "2022年2月30日"),
        ("", NAME),
        ("", "."),
        (True, 1),
        (True, "true"),
        (1, "01"),
        (["张三", "李四"], ["李四", "张三"]),
        ([], ""),
        (["张三"], ["张三", "张三"]),
        ({"a": 1}, {"b": 1}),
        ("\U0002f868", "\U0002136a"),  # what Unicode 3.2.0 had by mistake (Corrigendum 4)
    ],
)
def test_another_text_stays_another(value: Json, registered: Json) -> None:
    assert not is_equal(value, registered)
    assert not is_spelled_otherwise(value, registered)
    assert not is_spelled_otherwise(registered, value)


def test_long_text_stands_as_it_is() -> None:
    text = "字" * (MAX_SPELLED_CHARS - 1)
    assert is_spelled_otherwise(f"{text} ", text)
    assert not is_spelled_otherwise(f"{text}  ", text)
    assert is_equal(f"{text}字字", f"{text}字字")


def test_text_of_marks_costs_no_time() -> None:
    text = "a" + "\u0301\u0316" * 100_000
    began = time.perf_counter()
    assert not is_equal(text, f"{text}\u0301")
    assert not is_spelled_otherwise(text, f"{text}\u0301")
    assert is_equal(text, text)
    assert time.perf_counter() - began < 5
