"""What all shapes of the catalogue share: texts within bounds, no unknown members."""

from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

#: A line of a form or of a list: the longest official name of a type has 26 characters.
Line: TypeAlias = Annotated[str, Meta(min_length=1, max_length=120)]
#: A remark of some sentences.
Remark: TypeAlias = Annotated[str, Meta(max_length=600)]
#: The identifier of a type, seal or errand inside the catalogue.
Id: TypeAlias = Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,40}$")]
#: The version of a folder, which records state: joined by + where a city's lies over ours.
Version: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$")]
# Of one list inside an entry: the longest form has some forty claims, and names of an entry are fewer.
MAX_ITEMS: Final = 200
#: A list inside an entry.
Lines: TypeAlias = Annotated[tuple[Line, ...], Meta(max_length=MAX_ITEMS)]
#: The name of a claim, as in records.
ClaimName: TypeAlias = Annotated[str, Meta(pattern="^[A-Z][A-Z0-9_]{0,63}$")]
ClaimNames: TypeAlias = Annotated[tuple[ClaimName, ...], Meta(max_length=MAX_ITEMS)]
Ids: TypeAlias = Annotated[tuple[Id, ...], Meta(max_length=MAX_ITEMS)]


class Shape(Struct, frozen=True, forbid_unknown_fields=True):
    """A shape of the catalogue's files and of the catalogue in memory, which are the same."""
