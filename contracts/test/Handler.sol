// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {Model} from "./Model.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice Turns forge's random numbers into acts of random people, mostly by those who may and mostly sensible, and
/// shows the model every event.
contract Handler {
    IRegistry public immutable registry;
    Model public immutable model;

    address private constant OUTSIDER = address(0xbad); // holds no role, ever

    bytes private _lastCall;

    constructor(IRegistry registry_, Model model_) {
        registry = registry_;
        model = model_;
    }

    // ---- Names to choose from ----

    function logName(uint256 seed) public pure returns (bytes32) {
        return [bytes32("tianmen"), "wuhan", "xiantao"][seed % 3];
    }

    function issuerName(uint256 seed) public pure returns (bytes18) {
        return [
            bytes18("11429006012345671T"),
            "11429006098765432X",
            "11420102012345672X",
            "11429004012345673X",
            "11100000MB0143028R",
            "340100"
        ][seed % 6];
    }

    function divisionName(uint256 seed) public pure returns (bytes6) {
        return [bytes6("429006"), "420102", "429004", "100000"][seed % 4];
    }

    function keyBytes(uint256 seed) public pure returns (bytes memory) {
        return abi.encodePacked("key ", uint8(seed % 6));
    }

    function _person(uint256 seed) private pure returns (address) {
        return address(uint160(0xa0 + seed % 8));
    }

    // ---- Acts ----

    function admitLog(uint256 who, uint256 seed, uint256 suite, uint256 size) external {
        IRegistry.Predecessor memory before;
        if (seed % 2 == 0) {
            before = IRegistry.Predecessor(
                "old", "tianmen", 1, keccak256("head"), uint64(size % (2 ** 40 + 1)), keccak256("s")
            );
        }
        bytes6[] memory divisions = new bytes6[](seed % 3);
        for (uint256 i = 0; i < divisions.length; ++i) {
            divisions[i] = divisionName(seed / 3 + i);
        }
        _act(
            who,
            model.province(),
            abi.encodeCall(
                IRegistry.admitLog, (logName(seed / 8), uint8(1 + suite % 3), _person(seed / 16), divisions, before)
            )
        );
    }

    function assignDivision(uint256 who, uint256 division, uint256 log) external {
        bytes32 to = log % 5 == 0 ? bytes32(0) : logName(log);
        _act(who, model.province(), abi.encodeCall(IRegistry.assignDivision, (divisionName(division), to)));
    }

    function replaceAdmin(uint256 who, uint256 log, uint256 admin) external {
        _act(who, model.province(), abi.encodeCall(IRegistry.replaceAdmin, (logName(log), _person(admin))));
    }

    function assignIssuer(uint256 who, uint256 log, uint256 issuer) external {
        _act(who, model.province(), abi.encodeCall(IRegistry.assignIssuer, (logName(log), issuerName(issuer))));
    }

    function transferProvince(uint256 who, uint256 to) external {
        _act(who, model.province(), abi.encodeCall(IRegistry.transferProvince, (_person(to))));
    }

    function acceptProvince(uint256 who) external {
        _act(who, model.pendingProvince(), abi.encodeCall(IRegistry.acceptProvince, ()));
    }

    /// @dev Seldom, for nothing happens afterwards.
    function close(uint256 who, uint256 seed) external {
        if (seed % 64 == 0) _act(who, model.province(), abi.encodeCall(IRegistry.close, ("next")));
    }

    function transferAdmin(uint256 who, uint256 log, uint256 to) external {
        _act(who, _admin(logName(log)), abi.encodeCall(IRegistry.transferAdmin, (logName(log), _person(to))));
    }

    function acceptAdmin(uint256 who, uint256 log) external {
        (,, address pending,,,,) = model.logs(logName(log));
        _act(who, pending, abi.encodeCall(IRegistry.acceptAdmin, (logName(log))));
    }

    function setOperator(uint256 who, uint256 log, uint256 operator) external {
        address to = operator % 9 == 0 ? address(0) : _person(operator);
        _act(who, _admin(logName(log)), abi.encodeCall(IRegistry.setOperator, (logName(log), to)));
    }

    function addIssuer(uint256 who, uint256 log, uint256 issuer) external {
        bytes32 name = log % 2 == 0 ? model.divisionLog(bytes6(issuerName(issuer) << 16)) : logName(log);
        _act(who, _admin(name), abi.encodeCall(IRegistry.addIssuer, (name, issuerName(issuer))));
    }

    function registerKey(uint256 who, uint256 log, uint256 purpose, uint256 key) external {
        bytes memory call = abi.encodeCall(IRegistry.registerKey, (logName(log), uint8(purpose % 4), keyBytes(key)));
        _act(who, _admin(logName(log)), call);
    }

    function grant(uint256 who, uint256 key, uint256 issuer, uint256 kinds, uint256 types, uint256 from, uint256 until)
        external
    {
        bytes32 id = keccak256(keyBytes(key));
        (bytes32 log,,,) = model.keys(id);
        uint64 notBefore = uint64(from % 1e11);
        uint64 notAfter = uint64(until % 8 == 0 ? until : notBefore + until % 1e9);
        bytes memory call = abi.encodeCall(
            IRegistry.grant,
            (log, id, issuerName(issuer), uint8(kinds % 18), new bytes21[](types % 4), notBefore, notAfter)
        );
        _act(who, _admin(log), call);
    }

    function retireKey(uint256 who, uint256 key, uint256 retiredAt) external {
        bytes32 id = keccak256(keyBytes(key));
        (bytes32 log,,,) = model.keys(id);
        uint64 moment = uint64(block.timestamp - 1000 + retiredAt % 10_000);
        _act(who, _admin(log), abi.encodeCall(IRegistry.retireKey, (id, moment)));
    }

    function compromiseKey(uint256 who, uint256 key, uint256 since) external {
        bytes32 id = keccak256(keyBytes(key));
        (bytes32 log,,,) = model.keys(id);
        uint64 moment = uint64(block.timestamp + 1000 - since % 10_000);
        _act(who, _admin(log), abi.encodeCall(IRegistry.compromiseKey, (id, moment)));
    }

    function anchor(uint256 who, uint256 log, uint256 growth, bytes32 root, uint256 words, uint256 wrong) external {
        (,,, address operator, uint64 sequence, uint64 size,) = model.logs(logName(log));
        sequence += wrong % 16 == 0 ? 0 : wrong % 16 == 1 ? 2 : 1;
        uint64 grown = growth % 4 == 0 ? 0 : uint64(growth % (2 ** 20 + 2 ** 10));
        if (wrong % 16 == 2 || grown == 0) root = 0;
        bytes memory changes = new bytes(6 * (words % 16) + (wrong % 16 == 3 ? 1 : 0));
        bytes memory call =
            abi.encodeCall(IRegistry.anchor, (logName(log), sequence, size + grown, root, "status", changes));
        _act(who, operator, call);
    }

    // ---- The world besides ----

    function pass(uint256 time, uint256 blocks) external {
        vm.warp(block.timestamp + time % 100_000);
        vm.roll(block.number + blocks % 100);
    }

    /// @notice Somebody without any role repeats the last act that was tried, or says anything at all.
    function intrude(bytes4 selector, bytes calldata rest) external {
        (uint64 n,,,) = registry.head();
        vm.prank(OUTSIDER);
        (bool repeated,) = address(registry).call(_lastCall);
        vm.prank(OUTSIDER);
        (bool said,) = address(registry).call(abi.encodePacked(selector, rest));
        (uint64 m,,,) = registry.head();
        require((!repeated || _lastCall.length == 0) && (!said || m == n), "an outsider acted");
    }

    /// @dev One time in four somebody tries it whose act it may not be.
    function _act(uint256 who, address entitled, bytes memory call) private {
        address actor = who % 4 == 0 || entitled == address(0) ? _person(who / 4) : entitled;
        _lastCall = call;
        vm.recordLogs();
        vm.prank(actor);
        (bool done,) = address(registry).call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        require(logs.length == (done ? 1 : 0), "an act is one event");
        if (done) model.fold(logs[0], actor);
    }

    function _admin(bytes32 log) private view returns (address admin) {
        (, admin,,,,,) = model.logs(log);
    }
}
