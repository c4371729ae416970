// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice Keys: registration, grants, retirement, compromise.
contract KeysTest is RegistryTest {
    bytes32 private constant UNKNOWN = keccak256("unknown");

    function setUp() public override {
        super.setUp();
        _addIssuer();
        _registerKey();
        vm.prank(TIANMEN_ADMIN);
        registry.registerKey(TIANMEN, 2, NODE_SPKI);
    }

    // ---- registerKey ----

    function test_registerKey() public {
        _registered(1, "a department key");
        _registered(2, "a node key");
        _registered(1, new bytes(4096));
    }

    function testFuzz_registerKey(uint8 purpose, bytes memory spki) public {
        vm.assume(spki.length != 0 && spki.length <= 4096);
        vm.assume(keccak256(spki) != KEY && keccak256(spki) != NODE_KEY); // forge knows them too
        _registered(uint8(_between(purpose, 1, 2)), spki);
    }

    function _registered(uint8 purpose, bytes memory spki) private {
        bytes memory call = abi.encodeCall(IRegistry.registerKey, (TIANMEN, purpose, spki));
        _done(TIANMEN_ADMIN, call, IRegistry.Kind.KeyRegistered, abi.encode(TIANMEN, purpose, spki));
        (bytes32 log, uint8 p, uint64 retired, uint64 compromised) = registry.keyState(keccak256(spki));
        require(log == TIANMEN && p == purpose && retired == 0 && compromised == 0, "key");
    }

    function test_registerKey_refusesAnyKeyASecondTime() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.KeyExists.selector, KEY, TIANMEN);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (TIANMEN, 1, SPKI)), reason);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (TIANMEN, 2, SPKI)), reason);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.registerKey, (WUHAN, 1, SPKI)), reason);
    }

    function test_registerKey_refusesOtherPurposes() public {
        testFuzz_registerKey_refusesOtherPurposes(0);
        testFuzz_registerKey_refusesOtherPurposes(3);
    }

    function testFuzz_registerKey_refusesOtherPurposes(uint8 purpose) public {
        vm.assume(purpose != 1 && purpose != 2);
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidPurpose.selector, purpose);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (TIANMEN, purpose, "spki")), reason);
    }

    function test_registerKey_refusesOtherLengths() public {
        _refusedLength(0);
        _refusedLength(4097);
    }

    function _refusedLength(uint256 length) private {
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidKeyLength.selector, length);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (TIANMEN, 1, new bytes(length))), reason);
    }

    // ---- grant ----

    function test_grant() public {
        bytes21[] memory types = new bytes21[](2);
        (types[0], types[1]) = ("11100000000013338W001", "11100000000013338W011");
        _granted(1, types, START, START + 1000);
        _granted(15, new bytes21[](0), START, 1e11 - 1);
        _granted(15, new bytes21[](256), 0, 0);
    }

    function testFuzz_grant(uint8 kinds, uint8 types, uint64 from, uint64 until) public {
        from %= 1e11;
        _granted(
            uint8(_between(kinds, 1, 15)), new bytes21[](types), from, uint64(_between(until, from, uint64(1e11 - 1)))
        );
    }

    function _granted(uint8 kinds, bytes21[] memory types, uint64 from, uint64 until) private {
        _done(
            TIANMEN_ADMIN,
            abi.encodeCall(IRegistry.grant, (TIANMEN, KEY, TIANMEN_ISSUER, kinds, types, from, until)),
            IRegistry.Kind.KeyGranted,
            abi.encode(TIANMEN, KEY, TIANMEN_ISSUER, kinds, types, from, until)
        );
    }

    function test_grant_refusesKeysThatAreNotTheLogsDepartments() public {
        _refusedGrant(
            UNKNOWN, TIANMEN_ISSUER, 1, 0, 0, 1, abi.encodeWithSelector(IRegistry.UnknownKey.selector, UNKNOWN)
        );
        bytes memory reason = abi.encodeWithSelector(IRegistry.KeyNotGrantable.selector, NODE_KEY, TIANMEN, 2);
        _refusedGrant(NODE_KEY, TIANMEN_ISSUER, 1, 0, 0, 1, reason);
        vm.prank(WUHAN_ADMIN);
        registry.registerKey(WUHAN, 1, "a key of Wuhan");
        bytes32 wuhan = keccak256("a key of Wuhan");
        reason = abi.encodeWithSelector(IRegistry.KeyNotGrantable.selector, wuhan, WUHAN, 1);
        _refusedGrant(wuhan, TIANMEN_ISSUER, 1, 0, 0, 1, reason);
    }

    function test_grant_refusesIssuersThatAreNotTheLogs() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.IssuerNotInLog.selector, MINISTRY, TIANMEN);
        _refusedGrant(KEY, MINISTRY, 1, 0, 0, 1, reason);
        vm.prank(PROVINCE);
        registry.assignIssuer(WUHAN, MINISTRY);
        _refusedGrant(KEY, MINISTRY, 1, 0, 0, 1, reason);
    }

    function test_grant_refusesOtherKinds() public {
        testFuzz_grant_refusesOtherKinds(0);
        testFuzz_grant_refusesOtherKinds(16);
    }

    function testFuzz_grant_refusesOtherKinds(uint8 kinds) public {
        vm.assume(kinds == 0 || kinds > 15);
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidKinds.selector, kinds);
        _refusedGrant(KEY, TIANMEN_ISSUER, kinds, 0, 0, 1, reason);
    }

    function test_grant_refusesTooManyTypes() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.TooManyTypes.selector, 257);
        _refusedGrant(KEY, TIANMEN_ISSUER, 1, 257, 0, 1, reason);
    }

    function test_grant_refusesOtherPeriods() public {
        testFuzz_grant_refusesOtherPeriods(START + 1, START);
        testFuzz_grant_refusesOtherPeriods(START, 1e11);
        testFuzz_grant_refusesOtherPeriods(START * 1000, START * 1000 + 1); // milliseconds
    }

    function testFuzz_grant_refusesOtherPeriods(uint64 from, uint64 until) public {
        vm.assume(from > until || until >= 1e11);
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidPeriod.selector, from, until);
        _refusedGrant(KEY, TIANMEN_ISSUER, 1, 0, from, until, reason);
    }

    function _refusedGrant(
        bytes32 key,
        bytes18 issuer,
        uint8 kinds,
        uint256 types,
        uint64 from,
        uint64 until,
        bytes memory reason
    ) private {
        bytes memory call = abi.encodeCall(
            IRegistry.grant, (TIANMEN, key, issuer, kinds, new bytes21[](types), from, until)
        );
        _refused(TIANMEN_ADMIN, call, reason);
    }

    // ---- retireKey ----

    function test_retireKey() public {
        _retired(KEY, START + 1000);
        _retired(KEY, START + 999);
        _retired(KEY, START);
        _retired(NODE_KEY, START);
    }

    function testFuzz_retireKey(uint64 later, uint64 earlier) public {
        later = uint64(_between(later, START + 1, uint64(1e11 - 1)));
        _retired(KEY, later);
        _retired(KEY, uint64(_between(earlier, START, later - 1)));
    }

    function _retired(bytes32 key, uint64 retiredAt) private {
        bytes memory call = abi.encodeCall(IRegistry.retireKey, (key, retiredAt));
        _done(TIANMEN_ADMIN, call, IRegistry.Kind.KeyRetired, abi.encode(key, retiredAt));
        (,, uint64 retired, uint64 compromised) = registry.keyState(key);
        require(retired == retiredAt && compromised == 0, "key");
    }

    function test_retireKey_refusesThePastAndOtherUnits() public {
        testFuzz_retireKey_refusesThePastAndOtherUnits(START - 1);
        testFuzz_retireKey_refusesThePastAndOtherUnits(0);
        testFuzz_retireKey_refusesThePastAndOtherUnits(START * 1000);
    }

    function testFuzz_retireKey_refusesThePastAndOtherUnits(uint64 retiredAt) public {
        vm.assume(retiredAt < START || retiredAt >= 1e11);
        _refusedRetirement(
            KEY, retiredAt, abi.encodeWithSelector(IRegistry.InvalidRetirement.selector, retiredAt, START)
        );
    }

    function test_retireKey_refusesToMoveLater() public {
        _retired(KEY, START + 1000);
        _notEarlier(START + 1000, START + 1000);
        _notEarlier(START + 1001, START + 1000);
        vm.warp(START + 2000); // retired by now: the past cannot be changed
        _notEarlier(START + 2000, START + 1000);
    }

    function testFuzz_retireKey_refusesToMoveLater(uint64 first, uint64 second) public {
        first = uint64(_between(first, START, uint64(1e11 - 1)));
        _retired(KEY, first);
        _notEarlier(uint64(_between(second, first, uint64(1e11 - 1))), first);
    }

    function _notEarlier(uint64 retiredAt, uint64 current) private {
        bytes memory reason = abi.encodeWithSelector(IRegistry.RetirementNotEarlier.selector, KEY, retiredAt, current);
        _refusedRetirement(KEY, retiredAt, reason);
    }

    function test_retireKey_refusesUnknownKeys() public {
        _refusedRetirement(UNKNOWN, START, abi.encodeWithSelector(IRegistry.UnknownKey.selector, UNKNOWN));
    }

    function _refusedRetirement(bytes32 key, uint64 retiredAt, bytes memory reason) private {
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.retireKey, (key, retiredAt)), reason);
    }

    // ---- compromiseKey ----

    function test_compromiseKey() public {
        _compromised(KEY, START);
        _compromised(KEY, START - 1);
        _compromised(KEY, 1);
        _compromised(NODE_KEY, START);
    }

    function testFuzz_compromiseKey(uint64 later, uint64 earlier) public {
        later = uint64(_between(later, 2, START));
        _compromised(KEY, later);
        _compromised(KEY, uint64(_between(earlier, 1, later - 1)));
    }

    function test_compromiseKey_ofARetiredKey() public {
        _retired(KEY, START);
        vm.prank(TIANMEN_ADMIN);
        registry.compromiseKey(KEY, START - 1);
        (,, uint64 retired, uint64 compromised) = registry.keyState(KEY);
        require(retired == START && compromised == START - 1, "key");
    }

    function _compromised(bytes32 key, uint64 since) private {
        bytes memory call = abi.encodeCall(IRegistry.compromiseKey, (key, since));
        _done(TIANMEN_ADMIN, call, IRegistry.Kind.KeyCompromised, abi.encode(key, since));
        (,, uint64 retired, uint64 compromised) = registry.keyState(key);
        require(retired == 0 && compromised == since, "key");
    }

    function test_compromiseKey_refusesTheFutureAndNever() public {
        testFuzz_compromiseKey_refusesTheFutureAndNever(START + 1);
        testFuzz_compromiseKey_refusesTheFutureAndNever(0);
    }

    function testFuzz_compromiseKey_refusesTheFutureAndNever(uint64 since) public {
        vm.assume(since == 0 || since > START);
        _refusedCompromise(KEY, since, abi.encodeWithSelector(IRegistry.InvalidCompromise.selector, since, START));
    }

    function test_compromiseKey_refusesToMoveLater() public {
        _compromised(KEY, START - 1000);
        _notFurtherBack(START - 1000, START - 1000);
        _notFurtherBack(START - 999, START - 1000);
    }

    function testFuzz_compromiseKey_refusesToMoveLater(uint64 first, uint64 second) public {
        first = uint64(_between(first, 1, START));
        _compromised(KEY, first);
        _notFurtherBack(uint64(_between(second, first, START)), first);
    }

    function _notFurtherBack(uint64 since, uint64 current) private {
        bytes memory reason = abi.encodeWithSelector(IRegistry.CompromiseNotEarlier.selector, KEY, since, current);
        _refusedCompromise(KEY, since, reason);
    }

    function test_compromiseKey_refusesUnknownKeys() public {
        _refusedCompromise(UNKNOWN, START, abi.encodeWithSelector(IRegistry.UnknownKey.selector, UNKNOWN));
    }

    function _refusedCompromise(bytes32 key, uint64 since, bytes memory reason) private {
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.compromiseKey, (key, since)), reason);
    }
}
