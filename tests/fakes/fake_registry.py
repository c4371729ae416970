"""The registry contract in Python: the same rules, errors and events, without a chain.

`tests/integration/test_registry_model.py` sends the same calls to this model and to the compiled contract and compares.
"""

import copy
import re
from dataclasses import dataclass, field

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode

from anchoring.chain import calls
from anchoring.chain.protocol import ZERO_ADDRESS, RegistryHead
from anchoring.errors import TransactionRejected
from ledger.crypto.keys import keccak256
from ledger.registry import acts
from ledger.registry.acts import Act, Event, compute_head_zero, decode_act, extend_head

MAX_GROWTH = 2**20
MAX_SIZE = 2**40 - 1
MAX_TIME = 10**11
ACCEPT_PROVINCE = calls.make_selector("acceptProvince()")
ACCEPT_ADMIN = calls.make_selector("acceptAdmin(bytes32)")
VIEWS = {
    calls.make_selector(signature): signature
    for signature in (
        "province()",
        "pendingProvince()",
        "successor()",
        "logState(bytes32)",
        "keyState(bytes32)",
        "issuerLog(bytes18)",
        "divisionLog(bytes6)",
    )
}
KINDS = {calls.make_selector(signature): act.KIND for act, signature in calls.FUNCTIONS.items()}


def word(text: str, length: int = 32) -> bytes:
    """Return a name as the chain holds it."""
    return text.encode().ljust(length, b"\0")


def require(condition: bool, error: str, *values: object) -> None:
    if not condition:
        raise TransactionRejected(error, values)


@dataclass
class Log:
    suite: int
    admin: str
    size: int
    pending_admin: str = ZERO_ADDRESS
    operator: str = ZERO_ADDRESS
    sequence: int = 0
    content: bytes = b""


@dataclass
class Key:
    log: str
    purpose: int
    retired_at: int = 0
    compromised_since: int = 0


@dataclass
class FakeRegistry:
    """One deployed registry. `execute` records one act or raises `TransactionRejected` and changes nothing."""

    chain_id: int
    address: str
    parent_hash: bytes
    head_zero: bytes = b""
    head: bytes = b""
    n: int = 0
    last_block: int = 0
    closed: bool = False
    province: str = ZERO_ADDRESS
    pending_province: str = ZERO_ADDRESS
    logs: dict[str, Log] = field(default_factory=dict)
    keys: dict[bytes, Key] = field(default_factory=dict)
    issuers: dict[str, str] = field(default_factory=dict)
    divisions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.head_zero:
            contract = bytes.fromhex(self.address[2:])
            self.head = self.head_zero = compute_head_zero(self.chain_id, contract, self.parent_hash)

    def deploy(self, province: str, *, time: int, block: int) -> Event:
        require(10**9 < time < MAX_TIME, "BlockTimeNotSeconds", time)
        require(province != ZERO_ADDRESS, "InvalidAddress", province)
        self.province = province
        return self.record(acts.ProvinceTransferred(province), time=time, block=block)

    def execute(self, sender: str, data: bytes, *, time: int, block: int) -> Event:
        """Record the act that `data` calls for."""
        trial = copy.deepcopy(self)
        act = trial.check(sender, data, time)
        require(not trial.closed, "Closed", trial.n)
        event = trial.record(act, time=time, block=block)
        trial.closed = isinstance(act, acts.RegistryClosed)
        self.__dict__.update(trial.__dict__)
        return event

    def record(self, act: Act, *, time: int, block: int) -> Event:
        """Extend the head by an act without asking whether it may be."""
        event = Event(self.n + 1, act.KIND, self.last_block, time, act.encode(), block)
        self.head, self.n, self.last_block = extend_head(self.head, event), event.event_number, block
        return event

    def stated(self) -> RegistryHead:
        return RegistryHead(self.n, self.head, self.last_block, self.closed)

    def answer(self, data: bytes) -> bytes | None:
        """Answer a view; None where `data` asks for none."""
        name = VIEWS.get(data[:4])
        return None if name is None else getattr(self, "view_" + name.partition("(")[0])(data[4:])

    def view_province(self, _: bytes) -> bytes:
        return abi_encode(("address",), (self.province,))

    def view_pendingProvince(self, _: bytes) -> bytes:
        return abi_encode(("address",), (self.pending_province,))

    def view_successor(self, _: bytes) -> bytes:
        return abi_encode(("bytes",), (b"",))

    def view_logState(self, argument: bytes) -> bytes:
        log = self.logs.get(argument.rstrip(b"\0").decode())
        types = ("uint8", "address", "address", "address", "uint64", "uint64")
        if log is None:
            return abi_encode(types, (0, ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, 0, 0))
        return abi_encode(
            types, (log.suite, log.admin, log.pending_admin, log.operator, log.sequence, log.size)
        )

    def view_keyState(self, argument: bytes) -> bytes:
        key = self.keys[argument]
        times = (key.retired_at, key.compromised_since)
        return abi_encode(("bytes32", "uint8", "uint64", "uint64"), (word(key.log), key.purpose, *times))

    def view_issuerLog(self, argument: bytes) -> bytes:
        return word(self.issuers.get(argument.rstrip(b"\0").decode(), ""))

    def view_divisionLog(self, argument: bytes) -> bytes:
        return word(self.divisions.get(argument.rstrip(b"\0").decode(), ""))

    def check(self, sender: str, data: bytes, time: int) -> Act:
        """Return the act of a call that passes the rules; the state is changed but for the head."""
        if data[:4] == ACCEPT_PROVINCE:
            require(sender == self.pending_province, "NotPendingProvince", sender)
            self.province, self.pending_province = sender, ZERO_ADDRESS
            return acts.ProvinceTransferred(sender)
        if data[:4] == ACCEPT_ADMIN:
            name = abi_decode(("bytes32",), data[4:])[0].rstrip(b"\0").decode()
            require(sender == self.existing(name).pending_admin, "NotPendingAdmin", word(name), sender)
            self.logs[name].admin, self.logs[name].pending_admin = sender, ZERO_ADDRESS
            return acts.AdminTransferred(name, sender)
        act = decode_act(KINDS[data[:4]], data[4:])
        self.check_role(sender, act)
        getattr(self, "on_" + calls.FUNCTIONS[type(act)].partition("(")[0])(act, time)
        return act

    def check_role(self, sender: str, act: Act) -> None:
        match act:
            case acts.Anchored():
                require(sender == self.existing(act.log).operator, "NotOperator", word(act.log), sender)
            case acts.KeyRetired() | acts.KeyCompromised():
                require(act.key in self.keys, "UnknownKey", act.key)
                self.require_admin(sender, self.keys[act.key].log)
            case (
                acts.AdminTransferStarted()
                | acts.OperatorSet()
                | acts.IssuerAdded()
                | acts.KeyRegistered()
                | acts.KeyGranted()
            ):
                self.require_admin(sender, act.log)
            case _:
                require(sender == self.province, "NotProvince", sender)

    def require_admin(self, sender: str, log: str) -> None:
        require(sender == self.existing(log).admin, "NotAdmin", word(log), sender)

    def existing(self, log: str) -> Log:
        require(log in self.logs, "UnknownLog", word(log))
        return self.logs[log]

    # -- The province --

    def on_admitLog(self, act: acts.LogAdmitted, time: int) -> None:
        self.require_log_name(act.log)
        require(act.log not in self.logs, "LogExists", word(act.log))
        require(act.suite in (1, 2), "InvalidSuite", act.suite)
        require(act.admin != ZERO_ADDRESS, "InvalidAddress", act.admin)
        self.require_predecessor(act.predecessor)
        self.logs[act.log] = Log(act.suite, act.admin, act.predecessor.size)
        for division in act.divisions:
            holder = self.divisions.get(division)
            require(not holder, "DivisionHeld", word(division, 6), word(holder or ""))
            self.require_division(division)
            self.divisions[division] = act.log

    def on_assignDivision(self, act: acts.DivisionAssigned, time: int) -> None:
        self.require_division(act.division)
        if act.log:
            self.existing(act.log)
        log = self.divisions.get(act.division, "")
        require(log != act.log, "DivisionHeld", word(act.division, 6), word(act.log))
        self.divisions[act.division] = act.log

    def on_replaceAdmin(self, act: acts.AdminReplaced, time: int) -> None:
        require(act.admin != ZERO_ADDRESS, "InvalidAddress", act.admin)
        self.existing(act.log).admin = act.admin
        self.logs[act.log].pending_admin = ZERO_ADDRESS

    def on_assignIssuer(self, act: acts.IssuerAssigned, time: int) -> None:
        self.existing(act.log)
        self.require_issuer(act.issuer)
        require(self.issuers.get(act.issuer) != act.log, "IssuerHeld", word(act.issuer, 18), word(act.log))
        self.issuers[act.issuer] = act.log

    def on_transferProvince(self, act: acts.ProvinceTransferStarted, time: int) -> None:
        self.pending_province = act.to

    def on_close(self, act: acts.RegistryClosed, time: int) -> None:
        self.require_registry_name(act.successor)

    # -- The admin of a log --

    def on_transferAdmin(self, act: acts.AdminTransferStarted, time: int) -> None:
        self.logs[act.log].pending_admin = act.to

    def on_setOperator(self, act: acts.OperatorSet, time: int) -> None:
        self.logs[act.log].operator = act.operator

    def on_addIssuer(self, act: acts.IssuerAdded, time: int) -> None:
        self.require_issuer(act.issuer)
        require(len(act.issuer) == 18, "InvalidIssuer", word(act.issuer, 18))
        holder = self.issuers.get(act.issuer)
        require(holder is None, "IssuerHeld", word(act.issuer, 18), word(holder or ""))
        division = act.issuer[2:8]
        inside = self.divisions.get(division) == act.log
        require(inside, "IssuerOutsideDivisions", word(act.issuer, 18), word(division, 6), word(act.log))
        self.issuers[act.issuer] = act.log

    def on_registerKey(self, act: acts.KeyRegistered, time: int) -> None:
        require(act.purpose in (1, 2), "InvalidPurpose", act.purpose)
        require(1 <= len(act.spki) <= 4096, "InvalidKeyLength", len(act.spki))
        key = keccak256(act.spki)
        require(key not in self.keys, "KeyExists", key, word(self.keys[key].log if key in self.keys else ""))
        self.keys[key] = Key(act.log, act.purpose)

    def on_grant(self, act: acts.KeyGranted, time: int) -> None:
        require(act.key in self.keys, "UnknownKey", act.key)
        key = self.keys[act.key]
        grantable = key.log == act.log and key.purpose == 1
        require(grantable, "KeyNotGrantable", act.key, word(key.log), key.purpose)
        require(
            self.issuers.get(act.issuer) == act.log, "IssuerNotInLog", word(act.issuer, 18), word(act.log)
        )
        require(0 < act.kinds <= 15, "InvalidKinds", act.kinds)
        require(len(act.types) <= 256, "TooManyTypes", len(act.types))
        fits = act.not_before <= act.not_after < MAX_TIME
        require(fits, "InvalidPeriod", act.not_before, act.not_after)

    def on_retireKey(self, act: acts.KeyRetired, time: int) -> None:
        key = self.keys[act.key]
        require(time <= act.at < MAX_TIME, "InvalidRetirement", act.at, time)
        earlier = not key.retired_at or act.at < key.retired_at
        require(earlier, "RetirementNotEarlier", act.key, act.at, key.retired_at)
        key.retired_at = act.at

    def on_compromiseKey(self, act: acts.KeyCompromised, time: int) -> None:
        key = self.keys[act.key]
        require(0 < act.since <= time, "InvalidCompromise", act.since, time)
        earlier = not key.compromised_since or act.since < key.compromised_since
        require(earlier, "CompromiseNotEarlier", act.key, act.since, key.compromised_since)
        key.compromised_since = act.since

    # -- The operator of a log --

    def on_anchor(self, act: acts.Anchored, time: int) -> None:
        log, content = self.logs[act.log], keccak256(act.encode())[:16]
        if act.sequence != log.sequence + 1:
            again = act.sequence == log.sequence and act.sequence != 0
            require(again, "WrongSequence", act.sequence, log.sequence + 1)
            require(content == log.content, "AnchorConflict", word(act.log), act.sequence)
            require(False, "AlreadyAnchored", word(act.log), act.sequence)
        most = min(log.size + MAX_GROWTH, MAX_SIZE)
        require(log.size <= act.size <= most, "SizeOutOfRange", act.size, log.size, most)
        require((act.root == bytes(32)) == (act.size == log.size), "RootUnfit", act.root, act.size)
        fits = len(act.status_changes) % 6 == 0 and len(act.status_changes) <= 60_000
        require(fits, "InvalidStatusLength", len(act.status_changes))
        log.sequence, log.size, log.content = act.sequence, act.size, content

    def require_predecessor(self, predecessor: acts.Predecessor) -> None:
        empty = bytes(32)
        written = (
            predecessor.registry,
            word(predecessor.log),
            predecessor.n,
            predecessor.head,
            predecessor.size,
            predecessor.status_root,
        )
        if not predecessor.registry:
            require(written[1:] == (empty, 0, empty, 0, empty), "InvalidPredecessor", written)
            return
        self.require_registry_name(predecessor.registry)
        self.require_log_name(predecessor.log)
        complete = predecessor.n and predecessor.head != empty and predecessor.size <= MAX_SIZE
        fits = complete and (predecessor.size == 0) == (predecessor.status_root == empty)
        require(bool(fits), "InvalidPredecessor", written)

    def require_registry_name(self, name: str) -> None:
        require(bool(re.fullmatch(r"[!-~]{1,128}", name)), "InvalidRegistryName", name.encode())

    def require_log_name(self, log: str) -> None:
        require(bool(re.fullmatch(r"[a-z0-9-]{1,32}", log)), "InvalidLogName", word(log))

    def require_division(self, division: str) -> None:
        require(bool(re.fullmatch(r"[0-9]{6}", division)), "InvalidDivision", word(division, 6))

    def require_issuer(self, issuer: str) -> None:
        require(bool(re.fullmatch(r"[0-9A-Z]{1,18}", issuer)), "InvalidIssuer", word(issuer, 18))
