// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";
import {Names} from "./Names.sol";

/// @title The registry of Shunzheng
/// @notice See IRegistry for what each act means. Nobody can upgrade, pause or pay this contract.
contract Registry is IRegistry {
    /// @dev Together these say how far the registry is; one slot.
    struct Tip {
        uint64 n;
        uint64 lastBlock;
        bool closed;
    }

    /// @dev A log exists if and only if its suite is not 0.
    struct Log {
        uint8 suite;
        address admin;
        address pendingAdmin;
        address operator;
    }

    /// @dev How far a log is; one slot. It is filed under the log's operator, or under address 0 while there is none: one
    /// read tells whether the caller may anchor and what comes next. `content` is the front of the payload's hash.
    struct Progress {
        bool held;
        uint64 sequence;
        uint64 size;
        bytes15 content;
    }

    /// @dev A key exists if and only if its purpose is not 0. Times of 0 mean never.
    struct Key {
        bytes32 log;
        uint8 purpose;
        uint64 retiredAt;
        uint64 compromisedSince;
    }

    uint8 private constant SUITES = 2;
    uint8 private constant DEPARTMENT = 1;
    uint8 private constant NODE = 2;
    uint8 private constant ALL_KINDS = 15;

    /// @dev Bounds what one anchor can cost every replica in memory and time.
    uint64 private constant MAX_GROWTH = 2 ** 20;
    /// @dev A status word spells a position in 5 bytes.
    uint64 private constant MAX_SIZE = 2 ** 40 - 1;
    uint256 private constant STATUS_WORD = 6;
    uint256 private constant MAX_STATUS_BYTES = 10_000 * STATUS_WORD;
    /// @dev Today's keys have 91 bytes; post-quantum ones up to about 2,700.
    uint256 private constant MAX_KEY_BYTES = 4_096;
    uint256 private constant MAX_TYPES = 256;
    /// @dev Seconds lie between these from 2001 to 5138; milliseconds and microseconds of our age do not.
    uint64 private constant MIN_TIME = 1e9;
    uint64 private constant MAX_TIME = 1e11;

    bytes32 private immutable HEAD_ZERO;

    bytes32 private _head;
    Tip private _tip;
    address private _province;
    address private _pendingProvince;
    string private _successor;
    mapping(bytes32 log => Log) private _logs;
    mapping(bytes32 log => mapping(address operator => Progress)) private _progress;
    mapping(bytes32 key => Key) private _keys;
    mapping(bytes18 issuer => bytes32 log) private _issuers;
    mapping(bytes6 division => bytes32 log) private _divisions;

    constructor(address province_) {
        require(block.timestamp > MIN_TIME && block.timestamp < MAX_TIME, BlockTimeNotSeconds(block.timestamp));
        HEAD_ZERO =
            keccak256(abi.encode("shunzheng/registry/1", block.chainid, address(this), blockhash(block.number - 1)));
        _head = HEAD_ZERO;
        _requireAccount(province_);
        _province = province_;
        _extend(Kind.ProvinceTransferred, abi.encode(province_));
    }

    modifier onlyProvince() {
        require(msg.sender == _province, NotProvince(msg.sender));
        _;
    }

    modifier onlyAdmin(bytes32 log) {
        require(msg.sender == _existing(log).admin, NotAdmin(log, msg.sender));
        _;
    }

    // ---- The province ----

    function admitLog(
        bytes32 log,
        uint8 suite,
        address admin,
        bytes6[] calldata divisions,
        Predecessor calldata predecessor
    ) external onlyProvince {
        Names.requireLog(log);
        require(_logs[log].suite == 0, LogExists(log));
        require(suite != 0 && suite <= SUITES, InvalidSuite(suite));
        _requireAccount(admin);
        _requirePredecessor(predecessor);
        Log storage admitted = _logs[log];
        admitted.suite = suite;
        admitted.admin = admin;
        _progress[log][address(0)] = Progress({held: true, sequence: 0, size: predecessor.size, content: 0});
        for (uint256 i = 0; i < divisions.length; ++i) {
            Names.requireDivision(divisions[i]);
            bytes32 holder = _divisions[divisions[i]];
            require(holder == 0, DivisionHeld(divisions[i], holder));
            _divisions[divisions[i]] = log;
        }
        _extend(Kind.LogAdmitted, abi.encode(log, suite, admin, divisions, predecessor));
    }

    function assignDivision(bytes6 division, bytes32 log) external onlyProvince {
        Names.requireDivision(division);
        if (log != 0) _existing(log);
        require(_divisions[division] != log, DivisionHeld(division, log));
        _divisions[division] = log;
        _extend(Kind.DivisionAssigned, abi.encode(division, log));
    }

    function replaceAdmin(bytes32 log, address admin) external onlyProvince {
        _requireAccount(admin);
        _setAdmin(log, admin);
        _extend(Kind.AdminReplaced, abi.encode(log, admin));
    }

    function assignIssuer(bytes32 log, bytes18 issuer) external onlyProvince {
        _existing(log);
        Names.requireIssuer(issuer);
        require(_issuers[issuer] != log, IssuerHeld(issuer, log));
        _issuers[issuer] = log;
        _extend(Kind.IssuerAssigned, abi.encode(log, issuer));
    }

    function transferProvince(address to) external onlyProvince {
        _pendingProvince = to;
        _extend(Kind.ProvinceTransferStarted, abi.encode(to));
    }

    function acceptProvince() external {
        require(msg.sender == _pendingProvince, NotPendingProvince(msg.sender));
        _province = msg.sender;
        _pendingProvince = address(0);
        _extend(Kind.ProvinceTransferred, abi.encode(msg.sender));
    }

    function close(string calldata next) external onlyProvince {
        Names.requireRegistry(next);
        _successor = next;
        _extend(Kind.RegistryClosed, abi.encode(next));
        _tip.closed = true;
    }

    // ---- The admin of a log ----

    function transferAdmin(bytes32 log, address to) external onlyAdmin(log) {
        _logs[log].pendingAdmin = to;
        _extend(Kind.AdminTransferStarted, abi.encode(log, to));
    }

    function acceptAdmin(bytes32 log) external {
        require(msg.sender == _existing(log).pendingAdmin, NotPendingAdmin(log, msg.sender));
        _setAdmin(log, msg.sender);
        _extend(Kind.AdminTransferred, abi.encode(log, msg.sender));
    }

    function setOperator(bytes32 log, address operator) external onlyAdmin(log) {
        address previous = _logs[log].operator;
        Progress memory progress = _progress[log][previous];
        delete _progress[log][previous];
        _progress[log][operator] = progress;
        _logs[log].operator = operator;
        _extend(Kind.OperatorSet, abi.encode(log, operator));
    }

    function addIssuer(bytes32 log, bytes18 issuer) external onlyAdmin(log) {
        Names.requireIssuer(issuer);
        require(issuer[17] != 0, InvalidIssuer(issuer));
        bytes32 holder = _issuers[issuer];
        require(holder == 0, IssuerHeld(issuer, holder));
        bytes6 division = bytes6(issuer << 16); // characters 3 to 8 of a credit code
        require(_divisions[division] == log, IssuerOutsideDivisions(issuer, division, log));
        _issuers[issuer] = log;
        _extend(Kind.IssuerAdded, abi.encode(log, issuer));
    }

    function registerKey(bytes32 log, uint8 purpose, bytes calldata spki) external onlyAdmin(log) {
        require(purpose == DEPARTMENT || purpose == NODE, InvalidPurpose(purpose));
        require(spki.length != 0 && spki.length <= MAX_KEY_BYTES, InvalidKeyLength(spki.length));
        bytes32 key = keccak256(spki);
        require(_keys[key].purpose == 0, KeyExists(key, _keys[key].log));
        _keys[key] = Key({log: log, purpose: purpose, retiredAt: 0, compromisedSince: 0});
        _extend(Kind.KeyRegistered, abi.encode(log, purpose, spki));
    }

    function grant(
        bytes32 log,
        bytes32 key,
        bytes18 issuer,
        uint8 kinds,
        bytes21[] calldata types,
        uint64 notBefore,
        uint64 notAfter
    ) external onlyAdmin(log) {
        Key storage granted = _existingKey(key);
        require(granted.log == log && granted.purpose == DEPARTMENT, KeyNotGrantable(key, granted.log, granted.purpose));
        require(_issuers[issuer] == log, IssuerNotInLog(issuer, log));
        require(kinds != 0 && kinds <= ALL_KINDS, InvalidKinds(kinds));
        require(types.length <= MAX_TYPES, TooManyTypes(types.length));
        require(notBefore <= notAfter && notAfter < MAX_TIME, InvalidPeriod(notBefore, notAfter));
        _extend(Kind.KeyGranted, abi.encode(log, key, issuer, kinds, types, notBefore, notAfter));
    }

    function retireKey(bytes32 key, uint64 retiredAt) external onlyAdmin(_existingKey(key).log) {
        uint64 current = _keys[key].retiredAt;
        require(retiredAt >= block.timestamp && retiredAt < MAX_TIME, InvalidRetirement(retiredAt, _now()));
        require(current == 0 || retiredAt < current, RetirementNotEarlier(key, retiredAt, current));
        _keys[key].retiredAt = retiredAt;
        _extend(Kind.KeyRetired, abi.encode(key, retiredAt));
    }

    function compromiseKey(bytes32 key, uint64 since) external onlyAdmin(_existingKey(key).log) {
        uint64 current = _keys[key].compromisedSince;
        require(since != 0 && since <= block.timestamp, InvalidCompromise(since, _now()));
        require(current == 0 || since < current, CompromiseNotEarlier(key, since, current));
        _keys[key].compromisedSince = since;
        _extend(Kind.KeyCompromised, abi.encode(key, since));
    }

    // ---- The operator of a log ----

    function anchor(
        bytes32 log,
        uint64 sequence,
        uint64 size,
        bytes32 root,
        bytes32 statusRoot,
        bytes calldata statusChanges
    ) external {
        Progress memory last = _progress[log][msg.sender];
        if (!last.held) {
            _existing(log);
            revert NotOperator(log, msg.sender);
        }
        // The calldata is the payload already. Emitted as it is, an anchor of many words costs 6 % less than encoded anew.
        bytes calldata payload = msg.data[4:];
        bytes32 digest = keccak256(payload);
        bytes32 canonical = keccak256(abi.encode(log, sequence, size, root, statusRoot, statusChanges));
        require(digest == canonical, NotCanonical(digest, canonical));

        if (sequence != last.sequence + 1) {
            require(sequence == last.sequence && sequence != 0, WrongSequence(sequence, last.sequence + 1));
            require(bytes15(digest) == last.content, AnchorConflict(log, sequence));
            revert AlreadyAnchored(log, sequence);
        }
        uint64 most = last.size + MAX_GROWTH < MAX_SIZE ? last.size + MAX_GROWTH : MAX_SIZE;
        require(size >= last.size && size <= most, SizeOutOfRange(size, last.size, most));
        require((root == 0) == (size == last.size), RootUnfit(root, size));
        require(
            statusChanges.length % STATUS_WORD == 0 && statusChanges.length <= MAX_STATUS_BYTES,
            InvalidStatusLength(statusChanges.length)
        );
        _progress[log][msg.sender] = Progress({held: true, sequence: sequence, size: size, content: bytes15(digest)});
        (uint64 n, uint64 previousBlock) = _advance(Kind.Anchored, digest);
        emit HeadExtended(n, Kind.Anchored, previousBlock, _now(), payload);
    }

    // ---- Views ----

    function head() external view returns (uint64 n, bytes32 value, uint64 lastBlock, bool closed) {
        return (_tip.n, _head, _tip.lastBlock, _tip.closed);
    }

    function headZero() external view returns (bytes32) {
        return HEAD_ZERO;
    }

    function province() external view returns (address) {
        return _province;
    }

    function pendingProvince() external view returns (address) {
        return _pendingProvince;
    }

    function successor() external view returns (string memory) {
        return _successor;
    }

    function logState(bytes32 log)
        external
        view
        returns (uint8 suite, address admin, address pendingAdmin, address operator, uint64 sequence, uint64 size)
    {
        Log storage found = _logs[log];
        Progress storage progress = _progress[log][found.operator];
        return (found.suite, found.admin, found.pendingAdmin, found.operator, progress.sequence, progress.size);
    }

    function issuerLog(bytes18 issuer) external view returns (bytes32) {
        return _issuers[issuer];
    }

    function divisionLog(bytes6 division) external view returns (bytes32) {
        return _divisions[division];
    }

    function keyState(bytes32 key)
        external
        view
        returns (bytes32 log, uint8 purpose, uint64 retiredAt, uint64 compromisedSince)
    {
        Key storage found = _keys[key];
        return (found.log, found.purpose, found.retiredAt, found.compromisedSince);
    }

    // ---- The head ----

    function _extend(Kind kind, bytes memory payload) private {
        (uint64 n, uint64 previousBlock) = _advance(kind, keccak256(payload));
        emit HeadExtended(n, kind, previousBlock, _now(), payload);
    }

    /// @dev Every act passes here, so a closed registry refuses every act here.
    function _advance(Kind kind, bytes32 digest) private returns (uint64 n, uint64 previousBlock) {
        Tip memory tip = _tip;
        require(!tip.closed, Closed(tip.n));
        (n, previousBlock) = (tip.n + 1, tip.lastBlock);
        _head = keccak256(abi.encode(_head, n, _now(), previousBlock, kind, digest));
        _tip = Tip({n: n, lastBlock: uint64(block.number), closed: false});
    }

    function _now() private view returns (uint64) {
        return uint64(block.timestamp);
    }

    // ---- What acts require ----

    function _existing(bytes32 log) private view returns (Log storage existing) {
        existing = _logs[log];
        require(existing.suite != 0, UnknownLog(log));
    }

    function _existingKey(bytes32 key) private view returns (Key storage existing) {
        existing = _keys[key];
        require(existing.purpose != 0, UnknownKey(key));
    }

    function _setAdmin(bytes32 log, address admin) private {
        Log storage existing = _existing(log);
        existing.admin = admin;
        existing.pendingAdmin = address(0);
    }

    function _requireAccount(address account) private pure {
        require(account != address(0), InvalidAddress(account));
    }

    function _requirePredecessor(Predecessor calldata p) private pure {
        if (bytes(p.registry).length == 0) {
            bool empty = p.log == 0 && p.n == 0 && p.head == 0 && p.size == 0 && p.statusRoot == 0;
            require(empty, InvalidPredecessor(p));
            return;
        }
        Names.requireRegistry(p.registry);
        Names.requireLog(p.log);
        bool complete = p.n != 0 && p.head != 0 && p.size <= MAX_SIZE && (p.size == 0) == (p.statusRoot == 0);
        require(complete, InvalidPredecessor(p));
    }
}
