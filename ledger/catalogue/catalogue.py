"""The catalogue 证照目录 of one version, and how its entries are looked up.

A city's own folder lies over the one that comes with the program: an entry that is in both is taken member by member from
the city's. Reading files is not done here.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from msgspec.structs import replace

from ledger.catalogue.conventions import Conventions
from ledger.catalogue.errands import Errand
from ledger.catalogue.fields import ClaimField, Mask, Sensitivity
from ledger.catalogue.types import CertificateType
from ledger.records.spellings import fold_spelling


@dataclass(frozen=True)
class Catalogue:
    """Everything of one version, by its key; `version` is what records state of it."""

    version: str
    fields: dict[str, ClaimField]
    types: dict[str, CertificateType]
    errands: dict[str, Errand]
    conventions: Conventions = field(default_factory=Conventions)

    @cached_property
    def certificates(self) -> tuple[CertificateType, ...]:
        return tuple(type_ for type_ in self.types.values() if type_.kind == "certificate")

    @cached_property
    def seals(self) -> tuple[CertificateType, ...]:
        return tuple(type_ for type_ in self.types.values() if type_.kind == "seal")

    @cached_property
    def types_by_code(self) -> Mapping[str, CertificateType]:
        """Every type by its code, and by the codes that it had."""
        types = self.types.values()
        former_types = {code: type_ for type_ in types for code in type_.former_codes}
        return former_types | {type_.code: type_ for type_ in types}

    @cached_property
    def fields_by_name(self) -> Mapping[str, ClaimField]:
        """Every claim by its name, and by the names that it had."""
        former_names = {
            name: claim_field for claim_field in self.fields.values() for name in claim_field.former
        }
        return self.fields | former_names

    @cached_property
    def claim_labels(self) -> Mapping[str, str]:
        """The Chinese label of every claim, by the name that it has and by those that it had before."""
        former_labels = {
            name: claim_field.label.zh for claim_field in self.fields.values() for name in claim_field.former
        }
        return former_labels | {name: claim_field.label.zh for name, claim_field in self.fields.items()}

    @cached_property
    def sensitive_claims(self) -> frozenset[str]:
        """The names of the claims that are sensitive (PIPL article 28) in some type."""
        claim_fields = [
            claim_field
            for claim_fields in self._claims_by_type.values()
            for claim_field in claim_fields.values()
        ]
        return frozenset(
            claim_field.name
            for claim_field in claim_fields
            if claim_field.sensitivity is Sensitivity.SENSITIVE
        )

    def find_type(self, code: str) -> CertificateType | None:
        """Return the type of certificate or seal with this code of 21 characters, or None."""
        return self.types_by_code.get(code)

    def find_field(self, name: str) -> ClaimField | None:
        """Return the claim with this name, or which had it once; None where the catalogue has no such claim."""
        return self.fields_by_name.get(name)

    def search_types(self, text: str) -> tuple[CertificateType, ...]:
        """Return the types that a person means by `text`: identifier, code, name or alias, however it is spelled."""
        return self._types_by_spelling.get(fold_spelling(text), ())

    @cached_property
    def _types_by_spelling(self) -> Mapping[str, tuple[CertificateType, ...]]:
        types_by_spelling: dict[str, list[CertificateType]] = defaultdict(list)
        for type_ in self.types.values():
            names = (type_.id, type_.code, *type_.name, *type_.aliases)
            for spelling in dict.fromkeys(fold_spelling(name) for name in names):
                types_by_spelling[spelling].append(type_)
        return {spelling: tuple(types) for spelling, types in types_by_spelling.items()}

    def list_claims(self, type_: CertificateType) -> tuple[ClaimField, ...]:
        """Return what certificates of a type state: the claims of GB/T 36903, and the type's own in the order of a form."""
        return tuple(self._claims_by_type[type_.id].values())

    def map_claims(self, code: str) -> Mapping[str, ClaimField]:
        """Return the claims of the type with this code, by name; none where the catalogue has no such type."""
        type_ = self.find_type(code)
        return self._claims_by_type[type_.id] if type_ else {}

    def list_missing_claims(self, code: str, stated_names: Container[str]) -> tuple[ClaimField, ...]:
        """Return the claims that must be stated where the type has this code, and are not; of a seal its type's own."""
        return tuple(
            claim_field
            for claim_field in self._required_claims_by_code.get(code, ())
            if claim_field.name not in stated_names
            and not any(name in stated_names for name in claim_field.former)
        )

    @cached_property
    def _required_claims_by_code(self) -> Mapping[str, tuple[ClaimField, ...]]:
        return {
            code: tuple(
                claim_field
                for claim_field in self.list_claims(type_)
                if claim_field.required
                and (type_.kind == "certificate" or claim_field.name in type_.required)
            )
            for code, type_ in self.types_by_code.items()
        }

    def find_mask(self, name: str, code: str = "") -> Mask:
        """Return how a claim is shown on a certificate of the type with this code: as on a person's where that is open.

        A number that may be a person's is masked on every type: some bodies go by the number of the person who owns them.
        What the catalogue does not know is hidden.
        """
        field = self.find_field(name)
        if field is None:
            return Mask.ALL
        strictest_mask = field.grade_for_person().mask
        field_of_type = self.map_claims(code).get(field.name)
        return strictest_mask if strictest_mask is Mask.NUMBER or not field_of_type else field_of_type.mask

    @cached_property
    def _claims_by_type(self) -> Mapping[str, Mapping[str, ClaimField]]:
        return {
            type_.id: {claim_field.name: claim_field for claim_field in self._make_claims(type_)}
            for type_ in self.types.values()
        }

    def _make_claims(self, type_: CertificateType) -> Iterable[ClaimField]:
        for claim_field in self.standard_fields:
            is_joint = type_.joint and claim_field.name.startswith("CZZT")
            graded_claim = claim_field.grade_for_person() if type_.is_personal else claim_field
            yield replace(graded_claim, repeatable=True) if is_joint else graded_claim
        yield from (self.fields[name] for name in type_.required)
        yield from (replace(self.fields[name], required=False) for name in type_.optional)

    @cached_property
    def standard_fields(self) -> tuple[ClaimField, ...]:
        """The claims that every certificate has, those of GB/T 36903."""
        return tuple(
            claim_field for claim_field in self.fields.values() if claim_field.standard == "GB/T 36903"
        )
