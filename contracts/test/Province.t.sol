// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice The deployment, and the acts of the province but admission.
contract ProvinceTest is RegistryTest {
    bytes32 private constant XIANTAO = "xiantao";
    bytes6 private constant XIANTAO_DIVISION = "429004";

    // ---- Deployment ----

    function test_deployment() public {
        vm.setBlockhash(99, keccak256("block 99"));
        vm.recordLogs();
        registry = _deploy(PROVINCE);
        bytes32 zero =
            keccak256(abi.encode("shunzheng/registry/1", block.chainid, address(registry), keccak256("block 99")));
        _equal(registry.headZero(), zero);
        (uint64 n, bytes32 head, uint64 lastBlock, bool closed) = registry.head();
        require(n == 1 && lastBlock == 100 && !closed, "tip");
        bytes32 digest = keccak256(abi.encode(PROVINCE));
        _equal(head, keccak256(abi.encode(zero, 1, START, 0, IRegistry.Kind.ProvinceTransferred, digest)));
        _equal(vm.getRecordedLogs()[0].data, abi.encode(0, START, abi.encode(PROVINCE)));
        _equal(registry.province(), PROVINCE);
        _equal(registry.pendingProvince(), address(0));
        require(bytes(registry.successor()).length == 0, "no successor");
    }

    function test_deployment_refusesNobodyAsProvince() public {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.InvalidAddress.selector, address(0)));
        _deploy(address(0));
    }

    function test_deployment_refusesTimeNotInSeconds() public {
        _refusedTime(1e9);
        _refusedTime(1e11);
        vm.warp(1e9 + 1);
        _deploy(PROVINCE);
        vm.warp(1e11 - 1);
        _deploy(PROVINCE);
    }

    function testFuzz_deployment_refusesTimeNotInSeconds(uint64 time) public {
        vm.assume(time <= 1e9 || time >= 1e11);
        _refusedTime(time);
    }

    function _refusedTime(uint256 time) private {
        vm.warp(time);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.BlockTimeNotSeconds.selector, time));
        _deploy(PROVINCE);
    }

    // ---- assignDivision ----

    function test_assignDivision() public {
        _divisionAssigned(XIANTAO_DIVISION, TIANMEN); // a free one
        _divisionAssigned(XIANTAO_DIVISION, WUHAN); // moved
        _divisionAssigned(XIANTAO_DIVISION, 0); // taken away
    }

    function testFuzz_assignDivision(uint48 division, uint8 log) public {
        bytes32[3] memory logs = [TIANMEN, WUHAN, bytes32(0)];
        vm.assume(registry.divisionLog(_digits(division)) != logs[log % 3]);
        _divisionAssigned(_digits(division), logs[log % 3]);
    }

    function _divisionAssigned(bytes6 division, bytes32 log) private {
        bytes memory call = abi.encodeCall(IRegistry.assignDivision, (division, log));
        _done(PROVINCE, call, IRegistry.Kind.DivisionAssigned, abi.encode(division, log));
        _equal(registry.divisionLog(division), log);
    }

    function test_assignDivision_leavesIssuersWhereTheyAre() public {
        _addIssuer();
        _divisionAssigned(TIANMEN_DIVISION, WUHAN);
        _equal(registry.issuerLog(TIANMEN_ISSUER), TIANMEN);
    }

    function test_assignDivision_refusesWhatIsSoAlready() public {
        _refusedAssignment(
            TIANMEN_DIVISION,
            TIANMEN,
            abi.encodeWithSelector(IRegistry.DivisionHeld.selector, TIANMEN_DIVISION, TIANMEN)
        );
        _refusedAssignment(
            XIANTAO_DIVISION, 0, abi.encodeWithSelector(IRegistry.DivisionHeld.selector, XIANTAO_DIVISION, 0)
        );
    }

    function test_assignDivision_refusesUnknownLogs() public {
        _refusedAssignment(XIANTAO_DIVISION, XIANTAO, abi.encodeWithSelector(IRegistry.UnknownLog.selector, XIANTAO));
    }

    function test_assignDivision_refusesBadDivisions() public {
        _refusedAssignment("4290", TIANMEN, abi.encodeWithSelector(IRegistry.InvalidDivision.selector, bytes6("4290")));
    }

    function _refusedAssignment(bytes6 division, bytes32 log, bytes memory reason) private {
        _refused(PROVINCE, abi.encodeCall(IRegistry.assignDivision, (division, log)), reason);
    }

    // ---- replaceAdmin ----

    function test_replaceAdmin() public {
        testFuzz_replaceAdmin(HEIR);
    }

    function testFuzz_replaceAdmin(address admin) public {
        vm.assume(admin != address(0));
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, STRANGER);
        bytes memory call = abi.encodeCall(IRegistry.replaceAdmin, (TIANMEN, admin));
        _done(PROVINCE, call, IRegistry.Kind.AdminReplaced, abi.encode(TIANMEN, admin));
        (, address current, address pending, address operator,,) = registry.logState(TIANMEN);
        require(current == admin && pending == address(0) && operator == TIANMEN_OPERATOR, "log");
        _refused(
            STRANGER,
            abi.encodeCall(IRegistry.acceptAdmin, (TIANMEN)),
            abi.encodeWithSelector(IRegistry.NotPendingAdmin.selector, TIANMEN, STRANGER)
        );
    }

    function test_replaceAdmin_refusesNobodyAndUnknownLogs() public {
        _refused(
            PROVINCE,
            abi.encodeCall(IRegistry.replaceAdmin, (TIANMEN, address(0))),
            abi.encodeWithSelector(IRegistry.InvalidAddress.selector, address(0))
        );
        _refused(
            PROVINCE,
            abi.encodeCall(IRegistry.replaceAdmin, (XIANTAO, HEIR)),
            abi.encodeWithSelector(IRegistry.UnknownLog.selector, XIANTAO)
        );
    }

    // ---- assignIssuer ----

    function test_assignIssuer() public {
        _issuerAssigned(MINISTRY, TIANMEN); // outside every division
        _issuerAssigned(MINISTRY, WUHAN); // moved
        _issuerAssigned("340100", WUHAN); // not a complete credit code
    }

    function testFuzz_assignIssuer(uint8 length, uint256 letters, uint8 log) public {
        bytes32[2] memory logs = [TIANMEN, WUHAN];
        _issuerAssigned(_code(_between(length, 1, 18), letters), logs[log % 2]);
    }

    function _issuerAssigned(bytes18 issuer, bytes32 log) private {
        bytes memory call = abi.encodeCall(IRegistry.assignIssuer, (log, issuer));
        _done(PROVINCE, call, IRegistry.Kind.IssuerAssigned, abi.encode(log, issuer));
        _equal(registry.issuerLog(issuer), log);
    }

    function test_assignIssuer_refusesWhatIsSoAlready() public {
        _addIssuer();
        _refused(
            PROVINCE,
            abi.encodeCall(IRegistry.assignIssuer, (TIANMEN, TIANMEN_ISSUER)),
            abi.encodeWithSelector(IRegistry.IssuerHeld.selector, TIANMEN_ISSUER, TIANMEN)
        );
    }

    function test_assignIssuer_refusesUnknownLogs() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.UnknownLog.selector, XIANTAO);
        _refused(PROVINCE, abi.encodeCall(IRegistry.assignIssuer, (XIANTAO, MINISTRY)), reason);
        reason = abi.encodeWithSelector(IRegistry.UnknownLog.selector, bytes32(0));
        _refused(PROVINCE, abi.encodeCall(IRegistry.assignIssuer, (0, MINISTRY)), reason);
    }

    function test_assignIssuer_refusesOtherSpellings() public {
        testFuzz_assignIssuer_refusesOtherSpellings(0, 0);
        bytes memory neighbours = "/:@[ "; // of 0, 9, A and Z
        for (uint256 i = 0; i < neighbours.length; ++i) {
            testFuzz_assignIssuer_refusesOtherSpellings(17, neighbours[i]);
        }
        testFuzz_assignIssuer_refusesOtherSpellings(17, "x"); // no small letters: one issuer, one spelling
        testFuzz_assignIssuer_refusesOtherSpellings(9, 0); // no zero byte inside
    }

    function testFuzz_assignIssuer_refusesOtherSpellings(uint8 place, bytes1 odd) public {
        uint8 c = uint8(odd);
        vm.assume(!(c > 47 && c < 58) && !(c > 64 && c < 91));
        uint256 shift = 8 * uint256(place % 18);
        vm.assume(c != 0 || shift != 8 * 17);
        bytes18 issuer = (TIANMEN_ISSUER & ~(bytes18(bytes1(0xff)) >> shift)) | (bytes18(odd) >> shift);
        _refused(
            PROVINCE,
            abi.encodeCall(IRegistry.assignIssuer, (TIANMEN, issuer)),
            abi.encodeWithSelector(IRegistry.InvalidIssuer.selector, issuer)
        );
    }

    function test_assignIssuer_refusesNone() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidIssuer.selector, bytes18(0));
        _refused(PROVINCE, abi.encodeCall(IRegistry.assignIssuer, (TIANMEN, 0)), reason);
    }

    // ---- transferProvince, acceptProvince ----

    function test_transferProvince() public {
        testFuzz_transferProvince(HEIR);
    }

    function testFuzz_transferProvince(address to) public {
        vm.assume(to != address(0));
        bytes memory call = abi.encodeCall(IRegistry.transferProvince, (to));
        _done(PROVINCE, call, IRegistry.Kind.ProvinceTransferStarted, abi.encode(to));
        _equal(registry.province(), PROVINCE);
        _equal(registry.pendingProvince(), to);
        _done(to, abi.encodeCall(IRegistry.acceptProvince, ()), IRegistry.Kind.ProvinceTransferred, abi.encode(to));
        _equal(registry.province(), to);
        _equal(registry.pendingProvince(), address(0));
    }

    function test_transferProvince_isWithdrawn() public {
        vm.prank(PROVINCE);
        registry.transferProvince(HEIR);
        vm.prank(PROVINCE);
        registry.transferProvince(address(0));
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotPendingProvince.selector, HEIR);
        _refused(HEIR, abi.encodeCall(IRegistry.acceptProvince, ()), reason);
    }

    // ---- close ----

    function test_close() public {
        _closed(_predecessor().registry);
    }

    function testFuzz_close(uint8 length, bytes32 letters) public {
        bytes memory name = new bytes(_between(length, 1, 128));
        for (uint256 i = 0; i < name.length; ++i) {
            name[i] = bytes1(uint8(_between(uint8(letters[i % 32]), 33, 126)));
        }
        _closed(string(name));
    }

    function _closed(string memory successor) private {
        bytes memory call = abi.encodeCall(IRegistry.close, (successor));
        _done(PROVINCE, call, IRegistry.Kind.RegistryClosed, abi.encode(successor));
        (,,, bool closed) = registry.head();
        require(closed, "closed");
        _equal(bytes(registry.successor()), bytes(successor));
    }

    function test_close_refusesBadNames() public {
        testFuzz_close_refusesBadNames(0, 0, 0);
        testFuzz_close_refusesBadNames(129, 0, "a");
        testFuzz_close_refusesBadNames(20, 3, " ");
        testFuzz_close_refusesBadNames(20, 19, 0x7f);
    }

    function testFuzz_close_refusesBadNames(uint16 length, uint16 place, bytes1 odd) public {
        bytes memory name = new bytes(length % 1000);
        for (uint256 i = 0; i < name.length; ++i) {
            name[i] = "a";
        }
        if (name.length != 0) name[place % name.length] = odd;
        vm.assume(name.length == 0 || name.length > 128 || uint8(odd) < 33 || uint8(odd) > 126);
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidRegistryName.selector, name);
        _refused(PROVINCE, abi.encodeCall(IRegistry.close, (string(name))), reason);
    }

    function test_close_endsEveryAct() public {
        _addIssuer();
        _registerKey();
        vm.prank(PROVINCE);
        registry.transferProvince(HEIR);
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, HEIR);
        vm.prank(PROVINCE);
        registry.close("next");

        _ended(PROVINCE, abi.encodeCall(IRegistry.admitLog, (XIANTAO, 1, HEIR, _divisions(XIANTAO_DIVISION), _none())));
        _ended(PROVINCE, abi.encodeCall(IRegistry.assignDivision, (XIANTAO_DIVISION, WUHAN)));
        _ended(PROVINCE, abi.encodeCall(IRegistry.replaceAdmin, (TIANMEN, HEIR)));
        _ended(PROVINCE, abi.encodeCall(IRegistry.assignIssuer, (WUHAN, MINISTRY)));
        _ended(PROVINCE, abi.encodeCall(IRegistry.transferProvince, (HEIR)));
        _ended(PROVINCE, abi.encodeCall(IRegistry.close, ("another")));
        _ended(HEIR, abi.encodeCall(IRegistry.acceptProvince, ()));
        _ended(HEIR, abi.encodeCall(IRegistry.acceptAdmin, (TIANMEN)));
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.transferAdmin, (TIANMEN, HEIR)));
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.setOperator, (TIANMEN, HEIR)));
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (TIANMEN, "11429006098765432X")));
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.registerKey, (TIANMEN, 2, NODE_SPKI)));
        bytes21[] memory all = new bytes21[](0);
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.grant, (TIANMEN, KEY, TIANMEN_ISSUER, 1, all, START, START + 1)));
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.retireKey, (KEY, START)));
        _ended(TIANMEN_ADMIN, abi.encodeCall(IRegistry.compromiseKey, (KEY, START)));
        _ended(TIANMEN_OPERATOR, abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 0, 0, STATUS_ROOT, "")));
    }

    function _ended(address actor, bytes memory call) private {
        (uint64 n,,,) = registry.head();
        _refused(actor, call, abi.encodeWithSelector(IRegistry.Closed.selector, n));
    }

    // ---- Names ----

    function _digits(uint256 seed) private pure returns (bytes6 division) {
        for (uint256 i = 0; i < 6; ++i) {
            division |= bytes6(bytes1(uint8(48 + (seed >> 8 * i) % 10))) >> 8 * i;
        }
    }

    function _code(uint256 length, uint256 letters) private pure returns (bytes18 issuer) {
        bytes memory alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for (uint256 i = 0; i < length; ++i) {
            issuer |= bytes18(alphabet[(letters >> 6 * i) % 36]) >> 8 * i;
        }
    }
}
