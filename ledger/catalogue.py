"""The types of certificates that a node knows, with the claims that each states: enough to drive a form.

A type code is the credit code of the ministry that defines the type, and three digits. Codes that could be read in public
source code are verified. The other types are real, but their codes are not known here; they stand under `LOCAL_PREFIX`, which
no body holds and which shows that it is made up: authority Y, Tianmen's division, "EXAMPLE", and check digits that pass. No
ministry's code is invented. A city replaces the local codes by the official ones when it obtains them.
"""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.vocabulary import EXTENSIONS, ClaimField, standard_fields

LOCAL_PREFIX: Final = "Y1429006EXAMPLE03H"


@dataclass(frozen=True, slots=True)
class CertificateType:
    """A type of certificate, or of seal.

    `code` is 21 characters; `authority` the field of administration; `personal`: its holder is a natural person.
    """

    code: str
    name: str
    name_en: str
    authority: str
    code_verified: bool
    personal: bool
    claims: tuple[ClaimField, ...]
    kind: Literal["licence", "seal"] = "licence"

    def claim(self, name: str) -> ClaimField | None:
        """Return the field of a claim that this type states, or None."""
        return next((field for field in self.claims if field.name == name), None)


def _type(
    code: str, name: str, name_en: str, authority: str, extensions: str, *, personal: bool = False, joint: bool = False
) -> CertificateType:
    claims = standard_fields(personal=personal, joint=joint)
    claims += tuple(EXTENSIONS[extension] for extension in extensions.split())
    return CertificateType(code, name, name_en, authority, True, personal, claims)
