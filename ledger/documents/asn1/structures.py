"""The ASN.1 of seals, signatures and certificates, as their standards write it.

GM/T 0031-2014 (version 1) and GB/T 38540-2020 (versions 4 and 5) for seals, RFC 5280 for certificates (only what
is needed, names left as bytes), GB/T 35275-2017 for SignedData. Text of every kind maps byte for byte, whatever
its writer put into it: what it says is decided where it is shown (`texts`), and encoding gives the same bytes.
"""

from typing import ClassVar, Final, TypeAlias

from asn1crypto import core

#: Name, type and options of each member.
Members: TypeAlias = list[tuple[object, ...]]
OPTIONAL: Final = {"optional": True}
TAGGED: Final = {"explicit": 0}


class IA5Text(core.IA5String):
    _encoding = "latin-1"


class UTF8Text(core.UTF8String):
    _encoding = "latin-1"


class PrintableText(core.PrintableString):
    _encoding = "latin-1"


class UTCTimeText(core.VisibleString):
    tag = 23
    _encoding = "latin-1"


class GeneralizedTimeText(core.VisibleString):
    tag = 24
    _encoding = "latin-1"


class Time(core.Choice):
    _alternatives: ClassVar[Members] = [("utc", UTCTimeText), ("generalized", GeneralizedTimeText)]


class Bits(core.Choice):
    """Octets in a BIT STRING, as the standards have it, or in an OCTET STRING, as some writers do."""

    _alternatives: ClassVar[Members] = [("bits", core.OctetBitString), ("octets", core.OctetString)]


class TimeInfo(core.Choice):
    """When a seal was used: a time in version 4, octets around one (or around a timestamp) in version 1."""

    _alternatives: ClassVar[Members] = [*Time._alternatives, *Bits._alternatives]


class Timestamp(core.Choice):
    """In a tag, as the standards have it, or without, as some writers do."""

    _alternatives: ClassVar[Members] = [
        ("tagged", core.OctetBitString, TAGGED),
        ("bare", core.OctetBitString),
    ]


class Header(core.Sequence):
    _fields: ClassVar[Members] = [("id", IA5Text), ("version", core.Integer), ("maker", IA5Text)]


class Extension(core.Sequence):
    """The flag may be written even where it is the default: real seals do."""

    _fields: ClassVar[Members] = [
        ("extension", core.ObjectIdentifier),
        ("critical", core.Boolean, OPTIONAL),
        ("value", core.OctetString),
    ]


class Extensions(core.SequenceOf):
    _child_spec = Extension


class OwnData(core.Choice):
    """Data of the maker's own: the standards, and writers, differ in whether there is a tag around them."""

    _alternatives: ClassVar[Members] = [("tagged", Extensions, TAGGED), ("bare", Extensions)]


class Octets(core.SequenceOf):
    _child_spec = core.OctetString


class ListedUsers(core.SequenceOf):
    """Those who may use a seal: certificates in octets, as the standards have it, or whatever a writer put there."""

    _child_spec = core.Any


class CertificateDigest(core.Sequence):
    _fields: ClassVar[Members] = [("type", PrintableText), ("value", core.OctetString)]


class CertificateDigests(core.SequenceOf):
    _child_spec = CertificateDigest


class Property1(core.Sequence):
    _fields: ClassVar[Members] = [
        ("type", core.Integer),
        ("name", UTF8Text),
        ("certificates", ListedUsers),
        ("created", Time),
        ("valid_from", Time),
        ("valid_until", Time),
    ]


class Property4(core.Sequence):
    """The list is of certificates where its type is 1, of their digests where it is 2."""

    _fields: ClassVar[Members] = [
        *Property1._fields[:2],
        ("list_type", core.Integer),
        ("certificates", core.Any),
        *Property1._fields[3:],
    ]


class Picture(core.Sequence):
    _fields: ClassVar[Members] = [
        ("type", IA5Text),
        ("data", core.OctetString),
        ("width", core.Integer),
        ("height", core.Integer),
    ]


class SealInfo1(core.Sequence):
    _fields: ClassVar[Members] = [
        ("header", Header),
        ("identifier", IA5Text),
        ("property", Property1),
        ("picture", Picture),
        ("extensions", OwnData, OPTIONAL),
    ]


class SealInfo4(core.Sequence):
    _fields: ClassVar[Members] = [*SealInfo1._fields[:2], ("property", Property4), *SealInfo1._fields[3:]]


class SealSignInfo(core.Sequence):
    _fields: ClassVar[Members] = [
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
    ]


class Seal1(core.Sequence):
    _fields: ClassVar[Members] = [("info", SealInfo1), ("signed", SealSignInfo)]


class Seal4(core.Sequence):
    """SESeal of versions 4 and 5; only 5 has the timestamp."""

    _fields: ClassVar[Members] = [
        ("info", SealInfo4),
        *SealSignInfo._fields,
        ("timestamp", Timestamp, OPTIONAL),
    ]


class ToSign1(core.Sequence):
    _fields: ClassVar[Members] = [
        ("version", core.Integer),
        ("seal", Seal1),
        ("time", TimeInfo),
        ("data_hash", Bits),
        ("property_info", IA5Text),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
    ]


class Signature1(core.Sequence):
    _fields: ClassVar[Members] = [("to_sign", ToSign1), ("signature", core.OctetBitString)]


class ToSign4(core.Sequence):
    _fields: ClassVar[Members] = [
        ToSign1._fields[0],
        ("seal", Seal4),
        *ToSign1._fields[2:5],
        ("extensions", OwnData, OPTIONAL),
    ]


class Signature4(core.Sequence):
    """SES_Signature of versions 4 and 5."""

    _fields: ClassVar[Members] = [
        ("to_sign", ToSign4),
        *SealSignInfo._fields,
        ("timestamp", Timestamp, OPTIONAL),
    ]


class Algorithm(core.Sequence):
    _fields: ClassVar[Members] = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, OPTIONAL)]


class Algorithms(core.SetOf):
    _child_spec = Algorithm


class Attribute(core.Sequence):
    _fields: ClassVar[Members] = [("type", core.ObjectIdentifier), ("value", core.Any)]


class RelativeName(core.SetOf):
    _child_spec = Attribute


class Name(core.SequenceOf):
    _child_spec = RelativeName


class Validity(core.Sequence):
    _fields: ClassVar[Members] = [("not_before", Time), ("not_after", Time)]


class ToBeSignedCertificate(core.Sequence):
    _fields: ClassVar[Members] = [
        ("version", core.Integer, {"explicit": 0, "optional": True}),
        ("serial_number", core.Integer),
        ("algorithm", Algorithm),
        ("issuer", Name),
        ("validity", Validity),
        ("subject", Name),
        ("public_key", core.Any),
        ("issuer_id", core.OctetBitString, {"implicit": 1, "optional": True}),
        ("subject_id", core.OctetBitString, {"implicit": 2, "optional": True}),
        ("extensions", Extensions, {"explicit": 3, "optional": True}),
    ]


class X509Certificate(core.Sequence):
    _fields: ClassVar[Members] = [
        ("to_be_signed", ToBeSignedCertificate),
        ("algorithm", Algorithm),
        ("signature", core.OctetBitString),
    ]


class BasicConstraints(core.Sequence):
    _fields: ClassVar[Members] = [("ca", core.Boolean, OPTIONAL), ("path_length", core.Integer, OPTIONAL)]


class AnySet(core.SetOf):
    _child_spec = core.Any


class AttributeSet(core.Sequence):
    _fields: ClassVar[Members] = [("type", core.ObjectIdentifier), ("values", AnySet)]


class AttributeSets(core.SetOf):
    _child_spec = AttributeSet


class IssuerAndSerial(core.Sequence):
    _fields: ClassVar[Members] = [("issuer", core.Any), ("serial_number", core.Integer)]


class SignerInfo(core.Sequence):
    _fields: ClassVar[Members] = [
        ("version", core.Integer),
        ("issuer_and_serial", IssuerAndSerial),
        ("digest_algorithm", Algorithm),
        ("signed_attributes", AttributeSets, {"implicit": 0, "optional": True}),
        ("signature_algorithm", Algorithm),
        ("signature", core.OctetString),
        ("unsigned_attributes", AttributeSets, {"implicit": 1, "optional": True}),
    ]


class SignerInfos(core.SetOf):
    _child_spec = SignerInfo


class Content(core.Sequence):
    _fields: ClassVar[Members] = [
        ("type", core.ObjectIdentifier),
        ("content", core.OctetString, {"explicit": 0, "optional": True}),
    ]


class SignedData(core.Sequence):
    _fields: ClassVar[Members] = [
        ("version", core.Integer),
        ("digest_algorithms", Algorithms),
        ("content", Content),
        ("certificates", AnySet, {"implicit": 0, "optional": True}),
        ("revocations", AnySet, {"implicit": 1, "optional": True}),
        ("signers", SignerInfos),
    ]


class SignedDataInfo(core.Sequence):
    _fields: ClassVar[Members] = [("type", core.ObjectIdentifier), ("content", SignedData, {"explicit": 0})]
