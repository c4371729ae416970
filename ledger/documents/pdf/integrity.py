"""Check that the signer of a CMS signature in a PDF signed, and that it was these bytes."""

# mypy: allow-untyped-calls
from typing import Any, Final

from asn1crypto import algos, core
from cryptography.exceptions import InvalidSignature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidator

from ledger.documents.asn1.ber import sort_set, to_der
from ledger.documents.findings import Check, fail_check, leave_unknown, pass_check
from ledger.encoding import der
from ledger.errors import MalformedInput

#: SHA-1 and MD5 prove nothing.
_STRONG_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})
#: Signatures whose algorithm the library knows to check; of every other it says that they are wrong.
_KNOWN_ALGORITHMS: Final = frozenset({"rsassa_pkcs1v15", "rsassa_pss", "ecdsa", "ed25519", "ed448"})
#: The tag of signed attributes in a SignerInfo (RFC 5652, 5.3).
_ATTRIBUTES_TAG: Final = 0xA0
_INDEFINITE_LENGTH: Final = b"\x80"


class _StandingAttributesValidator(SignatureValidator):
    """Checks a signature over its attributes as they stand, and in the order of DER.

    RFC 5652 (5.4) has the set signed in DER, which sorts it, however it is sent. Signers sign it in the order in which
    they wrote it, and the library writes some values anew.
    """

    def __init__(self, attributes_der: bytes | None) -> None:
        self._attributes = attributes_der

    def validate_signature(
        self, signature: bytes, signed_data: bytes, *arguments: Any, **options: Any
    ) -> None:
        library_validator = DefaultSignatureValidator()
        attribute_sets = () if self._attributes is None else (self._attributes, sort_set(self._attributes))
        for attributes_der in attribute_sets:
            try:
                library_validator.validate_signature(signature, attributes_der, *arguments, **options)
            except InvalidSignature:
                continue
            return
        library_validator.validate_signature(signature, signed_data, *arguments, **options)


def check_integrity(signature: EmbeddedPdfSignature) -> tuple[Check, ...]:
    """Return the check `signature`, and before it that of the content where that is not what was signed."""
    algorithm = signature.signer_info["signature_algorithm"]
    if _name_algorithm(algorithm) not in _KNOWN_ALGORITHMS:
        return (leave_unknown("signature", "algorithm"),)
    if not {signature.md_algorithm, _name_digest(algorithm)} <= _STRONG_DIGESTS:
        return (leave_unknown("signature", "digest"),)
    try:
        is_intact, is_valid = validate_sig_integrity(
            signature.signer_info,
            signature.signer_cert,
            "data",
            signature.compute_digest(),
            _StandingAttributesValidator(_read_attributes(signature.pkcs7_content)),
        )
    except (SignatureValidationError, NotImplementedError):
        return (leave_unknown("signature", "algorithm"),)
    signature_check = pass_check("signature") if is_valid else fail_check("signature", "wrong")
    return (signature_check,) if is_intact else (fail_check("references", "altered"), signature_check)


def _name_algorithm(algorithm: algos.SignedDigestAlgorithm) -> str:
    try:
        return str(algorithm.signature_algo)
    except ValueError:
        return ""


def _name_digest(algorithm: algos.SignedDigestAlgorithm) -> str:
    """Return the digest that a signature algorithm names; of one that names none, SHA-256: the attributes are checked."""
    try:
        return str(algorithm.hash_algo)
    except ValueError:
        return "sha256"


def _strip_filling(value: bytes) -> bytes:
    """Return a value without the zeros that fill its place; only BER is read whole, which long lists make slow."""
    stripped_value: bytes = core.load(value).dump()
    return to_der(stripped_value) if stripped_value[1:2] == _INDEFINITE_LENGTH else stripped_value


def _read_attributes(value: bytes) -> bytes | None:
    """Return the set of signed attributes of the one signer in the order in which it stands, where it can be read."""
    try:
        _, (_, content) = der.read_children(_strip_filling(value))
        ((_, signed_data),) = der.read_children(content)
        signer = der.read_children(der.read_children(signed_data)[-1][1])[0][1]
        return next(
            (
                der.encode(der.SET, der.read_content(element))
                for tag, element in der.read_children(signer)
                if tag == _ATTRIBUTES_TAG
            ),
            None,
        )
    except (MalformedInput, ValueError, IndexError):
        return None
