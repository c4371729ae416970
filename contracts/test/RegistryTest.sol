// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice A registry with two cities: Tianmen 天门 and Wuhan 武汉, each with an admin and an operator.
abstract contract RegistryTest {
    uint64 internal constant START = 1_700_000_000;
    bytes32 internal constant TIANMEN = "tianmen";
    bytes32 internal constant WUHAN = "wuhan";
    bytes6 internal constant TIANMEN_DIVISION = "429006";
    bytes6 internal constant WUHAN_DIVISION = "420102";
    bytes18 internal constant TIANMEN_ISSUER = "11429006012345671T";
    bytes18 internal constant WUHAN_ISSUER = "11420102012345672X";
    bytes18 internal constant MINISTRY = "11100000MB0143028R";
    bytes internal constant SPKI = "a department key of Tianmen";
    bytes internal constant NODE_SPKI = "the node key of Tianmen";
    bytes32 internal constant KEY = keccak256(SPKI);
    bytes32 internal constant NODE_KEY = keccak256(NODE_SPKI);
    bytes32 internal constant ROOT = keccak256("root");
    bytes32 internal constant STATUS_ROOT = keccak256("status root");

    address internal constant PROVINCE = address(0xA0);
    address internal constant TIANMEN_ADMIN = address(0xB1);
    address internal constant TIANMEN_OPERATOR = address(0xC1);
    address internal constant WUHAN_ADMIN = address(0xB2);
    address internal constant WUHAN_OPERATOR = address(0xC2);
    address internal constant STRANGER = address(0xE0);
    address internal constant HEIR = address(0xF0);

    IRegistry internal registry;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(100);
        registry = _deploy(PROVINCE);
        _admit(TIANMEN, 1, TIANMEN_ADMIN, TIANMEN_DIVISION);
        _admit(WUHAN, 1, WUHAN_ADMIN, WUHAN_DIVISION);
        vm.prank(TIANMEN_ADMIN);
        registry.setOperator(TIANMEN, TIANMEN_OPERATOR);
        vm.prank(WUHAN_ADMIN);
        registry.setOperator(WUHAN, WUHAN_OPERATOR);
    }

    /// @dev Deploys the committed artefact: what these tests prove is proven of those bytes.
    function _deploy(address province) internal returns (IRegistry) {
        return IRegistry(vm.deployCode("artefact/Registry.json", abi.encode(province)));
    }

    // ---- Acts, by those who may ----

    function _admit(bytes32 log, uint8 suite, address admin, bytes6 division) internal {
        vm.prank(PROVINCE);
        registry.admitLog(log, suite, admin, _divisions(division), _none());
    }

    function _addIssuer() internal {
        vm.prank(TIANMEN_ADMIN);
        registry.addIssuer(TIANMEN, TIANMEN_ISSUER);
    }

    function _registerKey() internal {
        vm.prank(TIANMEN_ADMIN);
        registry.registerKey(TIANMEN, 1, SPKI);
    }

    function _anchor(uint64 sequence, uint64 size) internal {
        (,,,,, uint64 before) = registry.logState(TIANMEN);
        _anchor(sequence, size, size == before ? bytes32(0) : ROOT, "");
    }

    function _anchor(uint64 sequence, uint64 size, bytes32 root, bytes memory changes) internal {
        vm.prank(TIANMEN_OPERATOR);
        registry.anchor(TIANMEN, sequence, size, root, STATUS_ROOT, changes);
    }

    // ---- Values ----

    function _divisions(bytes6 division) internal pure returns (bytes6[] memory list) {
        list = new bytes6[](1);
        list[0] = division;
    }

    function _none() internal pure returns (IRegistry.Predecessor memory) {
        return IRegistry.Predecessor({registry: "", log: 0, n: 0, head: 0, size: 0, statusRoot: 0});
    }

    function _predecessor() internal pure returns (IRegistry.Predecessor memory) {
        return IRegistry.Predecessor({
            registry: "eip155:31337:0x5fbdb2315678afecb367f032d93f642f64180aa3:0123456789abcdef",
            log: TIANMEN,
            n: 812,
            head: keccak256("old head"),
            size: 5000,
            statusRoot: keccak256("old status root")
        });
    }

    // ---- Expectations ----

    /// @dev Makes `sender` call the registry and expects exactly this error.
    function _refused(address sender, bytes memory call, bytes memory reason) internal {
        (uint64 n, bytes32 head,,) = registry.head();
        vm.prank(sender);
        (bool done, bytes memory answer) = address(registry).call(call);
        require(!done, "the act was not refused");
        _equal(answer, reason);
        (uint64 m, bytes32 same,,) = registry.head();
        require(m == n && head == same, "a refused act moved the head");
    }

    /// @dev Makes `sender` call the registry, and expects one event with the next n and the head that follows from it.
    function _done(address sender, bytes memory call, IRegistry.Kind kind, bytes memory payload) internal {
        (uint64 n, bytes32 head, uint64 lastBlock,) = registry.head();
        vm.prank(sender);
        vm.recordLogs();
        (bool done, bytes memory answer) = address(registry).call(call);
        require(done, string.concat("the act was refused: ", vm.toString(answer)));
        _emitted(n + 1, kind, abi.encode(lastBlock, uint64(block.timestamp), payload));
        (uint64 m, bytes32 next, uint64 newLast,) = registry.head();
        require(m == n + 1 && newLast == block.number, "tip");
        _equal(next, keccak256(abi.encode(head, m, block.timestamp, lastBlock, kind, keccak256(payload))));
    }

    function _emitted(uint64 n, IRegistry.Kind kind, bytes memory data) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        require(logs.length == 1 && logs[0].emitter == address(registry), "an act is one event");
        require(logs[0].topics.length == 3 && logs[0].topics[0] == IRegistry.HeadExtended.selector, "topics");
        require(uint256(logs[0].topics[1]) == n && uint256(logs[0].topics[2]) == uint8(kind), "n and kind");
        _equal(logs[0].data, data);
    }

    function _equal(bytes memory a, bytes memory b) internal pure {
        require(keccak256(a) == keccak256(b), string.concat(vm.toString(a), " is not ", vm.toString(b)));
    }

    function _equal(bytes32 a, bytes32 b) internal pure {
        require(a == b, string.concat(vm.toString(a), " is not ", vm.toString(b)));
    }

    function _equal(address a, address b) internal pure {
        require(a == b, string.concat(vm.toString(a), " is not ", vm.toString(b)));
    }

    function _equal(uint256 a, uint256 b) internal pure {
        require(a == b, string.concat(vm.toString(a), " is not ", vm.toString(b)));
    }

    /// @dev Folds x into [low, high], evenly enough for a test.
    function _between(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }
}
