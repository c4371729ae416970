"""Say in one sentence what the first mistake in the settings of a node is.

The sentence names the member, what is expected of it, and the value.
"""

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from api.node.sections import Section, find_bounds, is_number, is_table


def explain(error: ValidationError, settings_type: type[BaseModel]) -> str:
    """Return the sentence about the first mistake that was found in `settings_type`."""
    mistake = error.errors()[0]
    member, *inner_members = (str(part) for part in mistake["loc"])
    field = settings_type.model_fields[member]
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section) and inner_members:
        return _explain_in_section(mistake, member, inner_members[0], field.annotation)
    if mistake["type"] == "missing":
        return f"`{member}` is missing: {field.description}"
    subject = _name_subject(member, inner_members)
    if mistake["type"] == "value_error":
        return f"{subject} {mistake['ctx']['error']}"
    expected_text = "a whole number of seconds" if inner_members else _describe_expected(mistake, field)
    return f"{subject} must be {expected_text}, not {mistake['input']!r}"


def describe_unknown(name: str, known_names: Iterable[str], table: str = "") -> str:
    """Return the sentence about a member that there is not."""
    return f"unknown setting `{name}`{table}; known are {', '.join(sorted(known_names))}"


def _explain_in_section(mistake: ErrorDetails, table: str, member: str, section: type[Section]) -> str:
    table_words = f" in [{table}]"
    if mistake["type"] == "extra_forbidden":
        return describe_unknown(member, section.model_fields, table_words)
    lower_bound, upper_bound = find_bounds(section.model_fields[member])
    return f"`{member}`{table_words} must be a whole number from {lower_bound} to {upper_bound}, not {mistake['input']!r}"


def _name_subject(member: str, inner_members: list[str]) -> str:
    if not inner_members or member not in ("policies", "peers"):
        return f"`{member}`"
    return f"the {'policy' if member == 'policies' else 'peer'} `{inner_members[0]}`"


def _describe_expected(mistake: ErrorDetails, field: FieldInfo) -> str:
    lower_bound, upper_bound = find_bounds(field)
    if mistake["type"] in ("greater_than_equal", "less_than_equal"):
        return f"{lower_bound} or more" if upper_bound is None else f"{lower_bound} to {upper_bound}"
    return "a whole number" if is_number(field) else "a table" if is_table(field) else "text"
