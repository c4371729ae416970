// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice What the admin of a log does with the log itself: hand-over, operator, issuers.
contract AdminTest is RegistryTest {
    // ---- transferAdmin, acceptAdmin ----

    function test_transferAdmin() public {
        testFuzz_transferAdmin(HEIR);
    }

    function testFuzz_transferAdmin(address to) public {
        vm.assume(to != address(0));
        bytes memory call = abi.encodeCall(IRegistry.transferAdmin, (TIANMEN, to));
        _done(TIANMEN_ADMIN, call, IRegistry.Kind.AdminTransferStarted, abi.encode(TIANMEN, to));
        (, address admin, address pending,,,) = registry.logState(TIANMEN);
        require(admin == TIANMEN_ADMIN && pending == to, "offered");
        call = abi.encodeCall(IRegistry.acceptAdmin, (TIANMEN));
        _done(to, call, IRegistry.Kind.AdminTransferred, abi.encode(TIANMEN, to));
        (, admin, pending,,,) = registry.logState(TIANMEN);
        require(admin == to && pending == address(0), "taken");
    }

    function test_transferAdmin_isWithdrawn() public {
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, HEIR);
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, address(0));
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotPendingAdmin.selector, TIANMEN, HEIR);
        _refused(HEIR, abi.encodeCall(IRegistry.acceptAdmin, (TIANMEN)), reason);
    }

    function test_everyActOfALog_refusesUnknownLogs() public {
        bytes32 log = "xiantao";
        bytes memory reason = abi.encodeWithSelector(IRegistry.UnknownLog.selector, log);
        bytes21[] memory all = new bytes21[](0);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.transferAdmin, (log, HEIR)), reason);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.acceptAdmin, (log)), reason);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.setOperator, (log, HEIR)), reason);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (log, TIANMEN_ISSUER)), reason);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (log, 1, SPKI)), reason);
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.grant, (log, KEY, MINISTRY, 1, all, 0, 0)), reason);
        _refused(TIANMEN_OPERATOR, abi.encodeCall(IRegistry.anchor, (log, 1, 1, ROOT, ROOT, "")), reason);
    }

    // ---- setOperator ----

    function test_setOperator() public {
        testFuzz_setOperator(HEIR);
    }

    function testFuzz_setOperator(address operator) public {
        _anchor(1, 10);
        bytes memory call = abi.encodeCall(IRegistry.setOperator, (TIANMEN, operator));
        _done(TIANMEN_ADMIN, call, IRegistry.Kind.OperatorSet, abi.encode(TIANMEN, operator));
        (,,, address current, uint64 sequence, uint64 size) = registry.logState(TIANMEN);
        require(current == operator && sequence == 1 && size == 10, "the log goes on where it was");
    }

    function test_setOperator_handsOverWhereTheLogStands() public {
        _anchor(1, 10);
        _setOperator(HEIR);
        bytes memory next = abi.encodeCall(IRegistry.anchor, (TIANMEN, 2, 11, ROOT, STATUS_ROOT, ""));
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotOperator.selector, TIANMEN, TIANMEN_OPERATOR);
        _refused(TIANMEN_OPERATOR, next, reason);
        bytes memory last = abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 10, ROOT, STATUS_ROOT, ""));
        _refused(HEIR, last, abi.encodeWithSelector(IRegistry.AlreadyAnchored.selector, TIANMEN, 1));
        vm.prank(HEIR);
        registry.anchor(TIANMEN, 2, 11, ROOT, STATUS_ROOT, "");
    }

    function test_setOperator_toNobodyAndBack() public {
        _anchor(1, 10);
        _setOperator(address(0));
        bytes memory next = abi.encodeCall(IRegistry.anchor, (TIANMEN, 2, 11, ROOT, STATUS_ROOT, ""));
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotOperator.selector, TIANMEN, TIANMEN_OPERATOR);
        _refused(TIANMEN_OPERATOR, next, reason);
        _setOperator(TIANMEN_OPERATOR);
        _setOperator(TIANMEN_OPERATOR); // again: nothing lost
        _anchor(2, 11);
    }

    function test_setOperator_ofTwoLogs() public {
        vm.prank(WUHAN_ADMIN);
        registry.setOperator(WUHAN, TIANMEN_OPERATOR);
        _anchor(1, 10);
        (,,,, uint64 sequence, uint64 size) = registry.logState(WUHAN);
        require(sequence == 0 && size == 0, "logs of one operator are apart");
    }

    function _setOperator(address operator) private {
        vm.prank(TIANMEN_ADMIN);
        registry.setOperator(TIANMEN, operator);
    }

    // ---- addIssuer ----

    function test_addIssuer() public {
        _issuerAdded(TIANMEN_ISSUER);
    }

    function testFuzz_addIssuer(uint8 front, uint256 rest) public {
        bytes memory alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        bytes memory code = abi.encodePacked("11", TIANMEN_DIVISION, new bytes(10));
        code[1] = alphabet[front % 31];
        for (uint256 i = 8; i < 18; ++i) {
            code[i] = alphabet[(rest >> 5 * i) % 31];
        }
        _issuerAdded(bytes18(code));
    }

    function _issuerAdded(bytes18 issuer) private {
        bytes memory call = abi.encodeCall(IRegistry.addIssuer, (TIANMEN, issuer));
        _done(TIANMEN_ADMIN, call, IRegistry.Kind.IssuerAdded, abi.encode(TIANMEN, issuer));
        _equal(registry.issuerLog(issuer), TIANMEN);
    }

    function test_addIssuer_refusesWhatALogHolds() public {
        _addIssuer();
        _refusedIssuer(TIANMEN_ISSUER, abi.encodeWithSelector(IRegistry.IssuerHeld.selector, TIANMEN_ISSUER, TIANMEN));
        bytes18 moved = "11429006098765432X";
        vm.prank(PROVINCE);
        registry.assignIssuer(WUHAN, moved);
        _refusedIssuer(moved, abi.encodeWithSelector(IRegistry.IssuerHeld.selector, moved, WUHAN));
    }

    function test_addIssuer_refusesOtherDivisions() public {
        _outside(WUHAN_ISSUER, WUHAN_DIVISION);
        _outside(MINISTRY, "100000");
        _outside("ABCDEFGHIJKLMNOPQR", "CDEFGH");
    }

    function testFuzz_addIssuer_refusesOtherDivisions(uint48 digits) public {
        bytes memory code = abi.encodePacked(TIANMEN_ISSUER);
        for (uint256 i = 0; i < 6; ++i) {
            code[2 + i] = bytes1(uint8(48 + (digits >> 8 * i) % 10));
        }
        bytes6 division = bytes6(bytes18(code) << 16);
        vm.assume(division != TIANMEN_DIVISION);
        _outside(bytes18(code), division);
    }

    function _outside(bytes18 issuer, bytes6 division) private {
        bytes memory reason =
            abi.encodeWithSelector(IRegistry.IssuerOutsideDivisions.selector, issuer, division, TIANMEN);
        _refusedIssuer(issuer, reason);
    }

    function test_addIssuer_refusesIncompleteCodes() public {
        _refusedIssuer("11429006", abi.encodeWithSelector(IRegistry.InvalidIssuer.selector, bytes18("11429006")));
        bytes18 short = "11429006012345671";
        _refusedIssuer(short, abi.encodeWithSelector(IRegistry.InvalidIssuer.selector, short));
        bytes18 small = "11429006012345671t";
        _refusedIssuer(small, abi.encodeWithSelector(IRegistry.InvalidIssuer.selector, small));
    }

    function _refusedIssuer(bytes18 issuer, bytes memory reason) private {
        _refused(TIANMEN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (TIANMEN, issuer)), reason);
    }
}
