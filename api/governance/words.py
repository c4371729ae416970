"""The acts of the registry in words: what each changes, and what to do next."""

from typing import Final

from anchoring.chain.protocol import ZERO_ADDRESS
from anchoring.errors import (
    GAS_LIMIT,
    NO_FUNDS,
    NONCE_TOO_HIGH,
    NONCE_TOO_LOW,
    UNDERPRICED,
    TransactionRejected,
)
from ledger.crypto.keys import keccak256
from ledger.crypto.suites import get_suite_by_number
from ledger.encoding.times import format_time
from ledger.records.records import KINDS
from ledger.registry import acts
from ledger.registry.trust import Grant

_SHOW_ADVICE: Final = "see `shunzheng chain show`"

#: What to do where the contract refuses an act of governance.
ADVICE: Final = {
    "NotProvince": "this act is the province's: send it from the province's account",
    "NotPendingProvince": f"the province was not offered to this account: {_SHOW_ADVICE} for the one it was offered to",
    "NotAdmin": f"this act is the log's admin's: send it from the admin's account ({_SHOW_ADVICE})",
    "NotPendingAdmin": "the log was not offered to this account: its admin runs `shunzheng chain transfer-admin` first",
    "Closed": f"the registry was closed; its successor goes on ({_SHOW_ADVICE})",
    "BlockTimeNotSeconds": "this chain does not count time in seconds: switch it to seconds, or use another chain",
    "InvalidAddress": "name a real account",
    "InvalidLogName": "a log's name is 1 to 32 characters of a-z, 0-9 and the hyphen",
    "LogExists": "a log is admitted once: it is there already",
    "UnknownLog": f"the province admits the log first, or its name is mistyped ({_SHOW_ADVICE})",
    "InvalidSuite": "the suites are sm3 and sha256",
    "InvalidPredecessor": "give all of the predecessor; its status root is zero exactly if its size is",
    "InvalidRegistryName": "give the full name of the registry",
    "InvalidDivision": "a division is six digits",
    "DivisionHeld": "the division has that log already; the province moves one with `shunzheng chain assign-division`",
    "InvalidIssuer": "an issuer is named by its credit code of 18 digits and capital letters",
    "IssuerHeld": "the issuer has that log already; the province moves one with `shunzheng chain assign-issuer`",
    "IssuerOutsideDivisions": "ask the province for `shunzheng chain assign-issuer`, or check characters 3 to 8 of the code",
    "InvalidPurpose": "a key is for a department or for a node",
    "InvalidKeyLength": "a public key has 1 to 4,096 bytes",
    "KeyExists": "a key is registered once, ever: go on with it, or make another with `shunzheng keys generate` "
    f"({_SHOW_ADVICE})",
    "UnknownKey": "register the key first, with `shunzheng chain add-key`",
    "KeyNotGrantable": "grant only department keys, and only in the log that registered them",
    "IssuerNotInLog": "add the issuer first, with `shunzheng chain add-issuer`",
    "InvalidKinds": "name at least one kind",
    "TooManyTypes": "name at most 256 types, or none for all",
    "InvalidPeriod": "the period ends before it begins",
    "InvalidRetirement": "a key retires now or later: name a moment a minute ahead; for the past there is `compromise-key`",
    "RetirementNotEarlier": "a retirement only moves earlier",
    "InvalidCompromise": "a key was stolen in the past: name a moment that is over",
    "CompromiseNotEarlier": "a compromise only moves earlier",
    NO_FUNDS: "this chain takes fees: give the account funds",
    GAS_LIMIT: "ask who runs the chain to let a block hold more gas, or send less at once",
    UNDERPRICED: "wait until what the account sent before is mined, then run this again",
    NONCE_TOO_LOW: "another program sends from this account: run this again",
    NONCE_TOO_HIGH: "what the account sent before is not there: run this again",
}


def add_advice(error: TransactionRejected) -> TransactionRejected:
    """Return the refusal with what to do about it."""
    advice = ADVICE.get(error.name)
    return TransactionRejected(error.name, error.values, f"{error}; {advice}") if advice else error


def describe_act(act: acts.Act) -> str:
    """Say what an act changes."""
    match act:
        case acts.ProvinceTransferStarted():
            return (
                "the offer of the province is withdrawn"
                if act.to == ZERO_ADDRESS
                else f"the province is offered to {act.to}"
            )
        case acts.ProvinceTransferred():
            return f"the province is {act.province}"
        case acts.LogAdmitted():
            divisions_text, predecessor = ", ".join(act.divisions), act.predecessor
            continuation_text = (
                f", going on after {predecessor.size:,} records of {predecessor.log} in "
                f"{predecessor.registry}"
            )
            return (
                f"log {act.log} admitted: suite {get_suite_by_number(act.suite).name}, admin {act.admin}, divisions "
                f"{divisions_text}"
                f"{continuation_text if predecessor.registry else ''}"
            )
        case acts.DivisionAssigned():
            return f"division {act.division} belongs to {f'log {act.log}' if act.log else 'no log'}"
        case acts.AdminTransferStarted():
            offer_text = f"log {act.log} is offered to {act.to}"
            return f"the offer of log {act.log} is withdrawn" if act.to == ZERO_ADDRESS else offer_text
        case acts.AdminTransferred() | acts.AdminReplaced():
            return f"log {act.log} is governed by {act.admin}"
        case acts.OperatorSet():
            no_operator_text = f"log {act.log} is anchored by nobody"
            return (
                no_operator_text
                if act.operator == ZERO_ADDRESS
                else f"log {act.log} is anchored by {act.operator}"
            )
        case acts.IssuerAdded() | acts.IssuerAssigned():
            return f"issuer {act.issuer} belongs to log {act.log}"
        case acts.KeyRegistered():
            return (
                f"{name_purpose(act.purpose)} key 0x{keccak256(act.spki).hex()} registered by log {act.log}"
            )
        case acts.KeyGranted():
            return f"key 0x{act.key.hex()} may speak for {act.issuer}: {describe_scope(act)}"
        case acts.KeyRetired():
            return (
                f"key 0x{act.key.hex()} stops at {format_time(act.at)}; what was anchored before stays good"
            )
        case acts.KeyCompromised():
            return (
                f"key 0x{act.key.hex()} stolen since {format_time(act.since)}: "
                "what was anchored then or later is unverifiable from now on"
            )
        case acts.RegistryClosed():
            return f"the registry is closed for ever; {act.successor} follows"
        case _:
            return type(act).__name__


def name_next_step(act: acts.Act) -> str:
    """Say who must do what next; empty where nothing follows."""
    match act:
        case acts.LogAdmitted():
            return f"its admin names who anchors: shunzheng chain set-operator --log {act.log} …"
        case acts.ProvinceTransferStarted() if act.to != ZERO_ADDRESS:
            return "that account takes it: shunzheng chain accept-province …"
        case acts.AdminTransferStarted() if act.to != ZERO_ADDRESS:
            return f"that account takes it: shunzheng chain accept-admin --log {act.log} …"
        case acts.AdminReplaced():
            return "the operator stays as it was; the new admin names another if that one cannot be relied on"
        case acts.IssuerAssigned():
            return "keys stay with the log that registered them; grants of another log for this issuer no longer count"
        case acts.OperatorSet() if act.operator != ZERO_ADDRESS:
            return (
                "the node's node.toml names this account's keystore; another node of the log must be stopped"
            )
        case acts.KeyRegistered() if act.purpose == 1:
            return f"it speaks for nobody yet: shunzheng chain grant --key 0x{keccak256(act.spki).hex()} …"
        case acts.KeyRetired():
            return "before then, register and grant the next key"
        case acts.KeyCompromised():
            return (
                "register and grant another key. `issue` of what is registered already is refused, under whichever key: a "
                "certificate that the department finds in its own books verifies again as a new version, `shunzheng amend` "
                "with the new key. The others stay unverifiable"
            )
        case acts.RegistryClosed():
            return "the successor admits each log with its predecessor; whoever verifies pins the new name"
        case _:
            return ""


def name_purpose(purpose: int) -> str:
    """Name the purpose of a key by its number."""
    return "node" if purpose == 2 else "department"


def format_moment(seconds: int) -> str:
    """Write a moment; "" for never, and for the ends of all time."""
    return "" if seconds in (0, acts.NO_END) else format_time(seconds)


def describe_scope(grant: acts.KeyGranted | Grant) -> str:
    """Say what a grant covers. What stands in it as types nobody has checked, so nothing unprintable is let through."""
    kinds_text = ", ".join(kind for kind, bit in KINDS.items() if grant.kinds & bit)
    start_text, end_text = format_moment(grant.not_before), format_moment(grant.not_after)
    period_text = f"{f', from {start_text}' if start_text else ''}{f', until {end_text}' if end_text else ''}"
    return f"{kinds_text}; {_make_printable(', '.join(grant.types)) or 'every type'}{period_text}"


def _make_printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
