"""Say in one sentence what the first mistake in the settings of a node is.

The sentence names the member, what is expected of it, and the value.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from api.node.sections import Section, bounds, is_number, is_table


def explain(error: ValidationError, settings: type[BaseModel]) -> str:
    """Return the sentence about the first mistake that was found in `settings`."""
    mistake = error.errors()[0]
    member, *inner = (str(part) for part in mistake["loc"])
    field = settings.model_fields[member]
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section) and inner:
        return _in_section(mistake, member, inner[0], field.annotation)
    if mistake["type"] == "missing":
        return f"`{member}` is missing: {field.description}"
    subject = _subject(member, inner)
    if mistake["type"] == "value_error":
        return f"{subject} {mistake['ctx']['error']}"
    wanted = "a whole number of seconds" if inner else _wanted(mistake, field)
    return f"{subject} must be {wanted}, not {mistake['input']!r}"


def unknown_setting(name: str, known: Iterable[str], table: str = "") -> str:
    """Return the sentence about a member that there is not."""
    return f"unknown setting `{name}`{table}; known are {', '.join(sorted(known))}"


def _in_section(mistake: ErrorDetails, table: str, member: str, section: type[Section]) -> str:
    place = f" in [{table}]"
    if mistake["type"] == "extra_forbidden":
        return unknown_setting(member, section.model_fields, place)
    least, most = bounds(section.model_fields[member])
    return f"`{member}`{place} must be a whole number from {least} to {most}, not {mistake['input']!r}"


def _subject(member: str, inner: list[str]) -> str:
    if not inner or member not in ("policies", "peers"):
        return f"`{member}`"
    return f"the {'policy' if member == 'policies' else 'peer'} `{inner[0]}`"


def _wanted(mistake: ErrorDetails, field: FieldInfo) -> str:
    least, most = bounds(field)
    if mistake["type"] in ("greater_than_equal", "less_than_equal"):
        return f"{least} or more" if most is None else f"{least} to {most}"
    return "a whole number" if is_number(field) else "a table" if is_table(field) else "text"
