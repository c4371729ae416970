// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {Vm} from "./Vm.sol";

/// @notice What the registry must be, derived from its events alone and from who sent each: an independent second
/// implementation. It reverts at the first event that ought not to be.
contract Model {
    struct Log {
        uint8 suite;
        address admin;
        address pendingAdmin;
        address operator;
        uint64 sequence;
        uint64 size;
        uint64 start;
    }

    struct Key {
        bytes32 log;
        uint8 purpose;
        uint64 retiredAt;
        uint64 compromisedSince;
    }

    uint64 public n;
    bytes32 public head;
    uint64 public lastBlock;
    bool public closed;
    address public province;
    address public pendingProvince;
    mapping(bytes32 => Log) public logs;
    mapping(bytes32 => Key) public keys;
    mapping(bytes18 issuer => mapping(bytes32 log => bool)) public holds;
    mapping(bytes6 => bytes32) public divisionLog;
    mapping(uint8 kind => uint256) public acts;

    bytes32[] private _names;

    constructor(bytes32 headZero) {
        head = headZero;
    }

    /// @notice Takes the event that `actor` caused.
    function fold(Vm.Log calldata entry, address actor) external {
        uint8 kind = uint8(uint256(entry.topics[2]));
        (uint64 previousBlock, uint64 time, bytes memory payload) = abi.decode(entry.data, (uint64, uint64, bytes));
        require(uint256(entry.topics[1]) == n + 1, "events are numbered without gaps");
        require(previousBlock == lastBlock && time == block.timestamp, "events name their time and the block before");
        require(!closed, "a closed registry extends nothing");
        head = keccak256(abi.encode(head, ++n, time, previousBlock, kind, keccak256(payload)));
        lastBlock = uint64(block.number);
        ++acts[kind];
        _apply(IRegistry.Kind(kind), payload, actor);
    }

    function _apply(IRegistry.Kind kind, bytes memory p, address actor) private {
        if (kind == IRegistry.Kind.ProvinceTransferStarted) _provinceTransferStarted(p, actor);
        else if (kind == IRegistry.Kind.ProvinceTransferred) _provinceTransferred(p, actor);
        else if (kind == IRegistry.Kind.LogAdmitted) _logAdmitted(p, actor);
        else if (kind == IRegistry.Kind.DivisionAssigned) _divisionAssigned(p, actor);
        else if (kind == IRegistry.Kind.AdminTransferStarted) _adminTransferStarted(p, actor);
        else if (kind == IRegistry.Kind.AdminTransferred) _adminTransferred(p, actor);
        else if (kind == IRegistry.Kind.AdminReplaced) _adminReplaced(p, actor);
        else if (kind == IRegistry.Kind.OperatorSet) _operatorSet(p, actor);
        else if (kind == IRegistry.Kind.IssuerAdded) _issuerAdded(p, actor);
        else if (kind == IRegistry.Kind.IssuerAssigned) _issuerAssigned(p, actor);
        else if (kind == IRegistry.Kind.KeyRegistered) _keyRegistered(p, actor);
        else if (kind == IRegistry.Kind.KeyGranted) _keyGranted(p, actor);
        else if (kind == IRegistry.Kind.KeyRetired) _keyRetired(p, actor);
        else if (kind == IRegistry.Kind.KeyCompromised) _keyCompromised(p, actor);
        else if (kind == IRegistry.Kind.Anchored) _anchored(p, actor);
        else if (kind == IRegistry.Kind.RegistryClosed) _registryClosed(actor);
        else revert("an event of no kind");
    }

    function _provinceTransferStarted(bytes memory p, address actor) private {
        _byProvince(actor);
        pendingProvince = abi.decode(p, (address));
    }

    function _provinceTransferred(bytes memory p, address actor) private {
        require(n == 1 || actor == pendingProvince, "the province was taken by another");
        province = abi.decode(p, (address));
        require(n == 1 || province == actor, "the province went to another");
        pendingProvince = address(0);
    }

    function _logAdmitted(bytes memory p, address actor) private {
        _byProvince(actor);
        (bytes32 log, uint8 suite, address admin, bytes6[] memory divisions, IRegistry.Predecessor memory before) =
            abi.decode(p, (bytes32, uint8, address, bytes6[], IRegistry.Predecessor));
        require(logs[log].suite == 0, "a log was admitted twice");
        logs[log] = Log(suite, admin, address(0), address(0), 0, before.size, before.size);
        _names.push(log);
        for (uint256 i = 0; i < divisions.length; ++i) {
            require(divisionLog[divisions[i]] == 0, "an admission took a division away");
            divisionLog[divisions[i]] = log;
        }
    }

    function _divisionAssigned(bytes memory p, address actor) private {
        _byProvince(actor);
        (bytes6 division, bytes32 log) = abi.decode(p, (bytes6, bytes32));
        divisionLog[division] = log;
    }

    function _adminTransferStarted(bytes memory p, address actor) private {
        (bytes32 log, address to) = abi.decode(p, (bytes32, address));
        _byAdmin(log, actor);
        logs[log].pendingAdmin = to;
    }

    function _adminTransferred(bytes memory p, address actor) private {
        (bytes32 log, address admin) = abi.decode(p, (bytes32, address));
        require(actor == logs[log].pendingAdmin && admin == actor, "a log was taken by another");
        (logs[log].admin, logs[log].pendingAdmin) = (admin, address(0));
    }

    function _adminReplaced(bytes memory p, address actor) private {
        _byProvince(actor);
        (bytes32 log, address admin) = abi.decode(p, (bytes32, address));
        (logs[log].admin, logs[log].pendingAdmin) = (admin, address(0));
    }

    function _operatorSet(bytes memory p, address actor) private {
        (bytes32 log, address operator) = abi.decode(p, (bytes32, address));
        _byAdmin(log, actor);
        logs[log].operator = operator;
    }

    function _issuerAdded(bytes memory p, address actor) private {
        (bytes32 log, bytes18 issuer) = abi.decode(p, (bytes32, bytes18));
        _byAdmin(log, actor);
        require(holders(issuer) == 0, "a city took an issuer that a log holds");
        require(divisionLog[bytes6(issuer << 16)] == log, "a city took an issuer outside its divisions");
        holds[issuer][log] = true;
    }

    function _issuerAssigned(bytes memory p, address actor) private {
        _byProvince(actor);
        (bytes32 log, bytes18 issuer) = abi.decode(p, (bytes32, bytes18));
        for (uint256 i = 0; i < _names.length; ++i) {
            holds[issuer][_names[i]] = _names[i] == log;
        }
    }

    function _keyRegistered(bytes memory p, address actor) private {
        (bytes32 log, uint8 purpose, bytes memory spki) = abi.decode(p, (bytes32, uint8, bytes));
        _byAdmin(log, actor);
        require(keys[keccak256(spki)].purpose == 0, "a key was registered twice");
        keys[keccak256(spki)] = Key(log, purpose, 0, 0);
    }

    function _keyGranted(bytes memory p, address actor) private view {
        (bytes32 log, bytes32 key, bytes18 issuer,,,,) =
            abi.decode(p, (bytes32, bytes32, bytes18, uint8, bytes21[], uint64, uint64));
        _byAdmin(log, actor);
        require(keys[key].log == log && keys[key].purpose == 1, "a grant for a key of another log or of a node");
        require(holds[issuer][log], "a grant for the issuer of another log");
    }

    function _keyRetired(bytes memory p, address actor) private {
        (bytes32 id, uint64 retiredAt) = abi.decode(p, (bytes32, uint64));
        Key storage key = keys[id];
        _byAdmin(key.log, actor);
        require(retiredAt >= block.timestamp, "a key retired in the past");
        require(key.retiredAt == 0 || retiredAt < key.retiredAt, "a retirement moved later");
        key.retiredAt = retiredAt;
    }

    function _keyCompromised(bytes memory p, address actor) private {
        (bytes32 id, uint64 since) = abi.decode(p, (bytes32, uint64));
        Key storage key = keys[id];
        _byAdmin(key.log, actor);
        require(since <= block.timestamp, "a compromise in the future");
        require(key.compromisedSince == 0 || since < key.compromisedSince, "a compromise moved later");
        key.compromisedSince = since;
    }

    function _anchored(bytes memory p, address actor) private {
        (bytes32 name, uint64 sequence, uint64 size, bytes32 root,, bytes memory changes) =
            abi.decode(p, (bytes32, uint64, uint64, bytes32, bytes32, bytes));
        Log storage log = logs[name];
        require(log.suite != 0 && actor == log.operator, "a log was anchored by another");
        require(sequence == log.sequence + 1, "a sequence has a gap");
        require(size >= log.size && size - log.size <= 2 ** 20 && size < 2 ** 40, "growth is out of bounds");
        require((root == 0) == (size == log.size), "a root does not fit");
        require(changes.length % 6 == 0 && changes.length <= 60_000, "status words do not fit");
        (log.sequence, log.size) = (sequence, size);
    }

    function _registryClosed(address actor) private {
        _byProvince(actor);
        closed = true;
    }

    function _byProvince(address actor) private view {
        require(actor == province, "an act of the province by another");
    }

    function _byAdmin(bytes32 log, address actor) private view {
        require(logs[log].suite != 0 && actor == logs[log].admin, "an act of an admin by another");
    }

    /// @notice How many logs hold the issuer.
    function holders(bytes18 issuer) public view returns (uint256 count) {
        for (uint256 i = 0; i < _names.length; ++i) {
            if (holds[issuer][_names[i]]) ++count;
        }
    }

    function names() external view returns (bytes32[] memory) {
        return _names;
    }
}
