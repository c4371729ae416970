"""One text in Chinese and in English."""

from typing import Literal, NamedTuple, TypeAlias

Language: TypeAlias = Literal["zh", "en"]


class Words(NamedTuple):
    """The same said in both languages."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def to_json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}
