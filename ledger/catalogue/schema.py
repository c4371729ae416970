"""The JSON schema of the catalogue's files, made of their shapes."""

from typing import Final, cast

from msgspec.json import schema

from ledger.catalogue.files import CatalogueFile
from ledger.encoding.canonical import Json

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: What an entry of a city's folder is known by; all else it may leave as we have it.
_REQUIRED_NAMES: Final = {
    "ClaimField": ["name"],
    "CertificateType": ["id"],
    "Errand": ["id"],
    "CatalogueFile": ["format"],
}


def make_schema(*, is_complete: bool) -> dict[str, Json]:
    """Return the schema of a file: of one whose entries are complete, or of a city's over ours."""
    file_schema = cast(dict[str, Json], schema(CatalogueFile))
    definitions = cast(dict[str, dict[str, Json]], file_schema["$defs"])
    for name, definition in definitions.items():
        if not is_complete and "required" in definition:
            definition["required"] = [*_REQUIRED_NAMES.get(name, cast(list[Json], definition["required"]))]
    return {"$schema": _DIALECT, "title": "Catalogue 证照目录", **file_schema}
