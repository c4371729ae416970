"""The forms that the catalogue gives claims, and the text of a cell put into them."""

import re
from collections.abc import Mapping
from typing import Final

from anchoring.catalogue.chosen import get_catalogue
from ledger.catalogue.fields import ClaimField, Form
from ledger.encoding.canonical import Json
from ledger.errors import InvalidIdentifier, MalformedInput
from ledger.records.identifiers import CertificateIdentifier

_INTEGER: Final = re.compile("0|[1-9][0-9]{0,14}")  # that a spreadsheet and JSON both keep whole


def find_fields(identifier: str) -> Mapping[str, ClaimField]:
    """Return the claims of the type that an identifier names, by name; none where the catalogue does not know it."""
    try:
        return get_catalogue().map_claims(CertificateIdentifier.parse(identifier, strict=False).type)
    except InvalidIdentifier:  # that of a seal or sealing, or refused elsewhere
        return {}


def put_in_form(value: Json, value_before: "Json | None", field: ClaimField | None) -> Json:
    """Return text as an array where the claim has a value for each holder, as an integer where it counts, else as it is.

    `value_before` is what the claim said, if it said anything. Raises: MalformedInput for one text in place of several.
    """
    if not isinstance(value, str):
        return value
    if isinstance(value_before, list) and len(value_before) > 1:
        raise MalformedInput(
            f"the claim had {len(value_before)} values: state all as an array, in NDJSON or with --claims"
        )
    if isinstance(value_before, list) or (field is not None and field.repeatable):
        return [value]
    is_count = type(value_before) is int or (field is not None and field.form is Form.INTEGER)
    return int(value) if is_count and _INTEGER.fullmatch(value) else value
