"""Words in two languages: said in the one that is asked for, sent in both."""

import pytest

from ledger.words import Language, Words

YES = Words("是", "yes")


@pytest.mark.parametrize(("language", "text"), [("zh", "是"), ("en", "yes")])
def test_words_are_said_in_the_language_that_is_asked_for(language: Language, text: str) -> None:
    assert YES.in_(language) == text


def test_words_go_out_in_both_languages() -> None:
    assert YES.to_json() == {"zh": "是", "en": "yes"}
