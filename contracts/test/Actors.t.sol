// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice Every act, tried by everybody whose act it is not: the other city's admin and operator above all.
contract ActorsTest is RegistryTest {
    function setUp() public override {
        super.setUp();
        _addIssuer();
        _registerKey();
    }

    // ---- The province's ----

    function test_admitLog_byProvinceOnly() public {
        _byProvinceOnly(_admitLog());
    }

    function testFuzz_admitLog_byProvinceOnly(address actor) public {
        _notBy(actor, PROVINCE, _admitLog(), _notProvince(actor));
    }

    function test_assignDivision_byProvinceOnly() public {
        _byProvinceOnly(_assignDivision());
    }

    function testFuzz_assignDivision_byProvinceOnly(address actor) public {
        _notBy(actor, PROVINCE, _assignDivision(), _notProvince(actor));
    }

    function test_replaceAdmin_byProvinceOnly() public {
        _byProvinceOnly(_replaceAdmin());
    }

    function testFuzz_replaceAdmin_byProvinceOnly(address actor) public {
        _notBy(actor, PROVINCE, _replaceAdmin(), _notProvince(actor));
    }

    function test_assignIssuer_byProvinceOnly() public {
        _byProvinceOnly(_assignIssuer());
    }

    function testFuzz_assignIssuer_byProvinceOnly(address actor) public {
        _notBy(actor, PROVINCE, _assignIssuer(), _notProvince(actor));
    }

    function test_transferProvince_byProvinceOnly() public {
        _byProvinceOnly(_transferProvince());
    }

    function testFuzz_transferProvince_byProvinceOnly(address actor) public {
        _notBy(actor, PROVINCE, _transferProvince(), _notProvince(actor));
    }

    function test_close_byProvinceOnly() public {
        _byProvinceOnly(_close());
    }

    function testFuzz_close_byProvinceOnly(address actor) public {
        _notBy(actor, PROVINCE, _close(), _notProvince(actor));
    }

    function test_acceptProvince_byTheOneItWasOfferedToOnly() public {
        vm.prank(PROVINCE);
        registry.transferProvince(HEIR);
        _only(HEIR, _acceptProvince(), IRegistry.NotPendingProvince.selector, 0);
    }

    function testFuzz_acceptProvince_byTheOneItWasOfferedToOnly(address actor) public {
        vm.prank(PROVINCE);
        registry.transferProvince(HEIR);
        _notBy(actor, HEIR, _acceptProvince(), abi.encodeWithSelector(IRegistry.NotPendingProvince.selector, actor));
    }

    // ---- The admin's ----

    function test_transferAdmin_byAdminOnly() public {
        _byAdminOnly(_transferAdmin());
    }

    function testFuzz_transferAdmin_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _transferAdmin(), _notAdmin(actor));
    }

    function test_setOperator_byAdminOnly() public {
        _byAdminOnly(_setOperator());
    }

    function testFuzz_setOperator_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _setOperator(), _notAdmin(actor));
    }

    function test_addIssuer_byAdminOnly() public {
        _byAdminOnly(_addAnotherIssuer());
    }

    function testFuzz_addIssuer_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _addAnotherIssuer(), _notAdmin(actor));
    }

    function test_registerKey_byAdminOnly() public {
        _byAdminOnly(_registerAnotherKey());
    }

    function testFuzz_registerKey_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _registerAnotherKey(), _notAdmin(actor));
    }

    function test_grant_byAdminOnly() public {
        _byAdminOnly(_grant());
    }

    function testFuzz_grant_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _grant(), _notAdmin(actor));
    }

    function test_retireKey_byAdminOnly() public {
        _byAdminOnly(_retireKey());
    }

    function testFuzz_retireKey_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _retireKey(), _notAdmin(actor));
    }

    function test_compromiseKey_byAdminOnly() public {
        _byAdminOnly(_compromiseKey());
    }

    function testFuzz_compromiseKey_byAdminOnly(address actor) public {
        _notBy(actor, TIANMEN_ADMIN, _compromiseKey(), _notAdmin(actor));
    }

    function test_acceptAdmin_byTheOneItWasOfferedToOnly() public {
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, HEIR);
        _only(HEIR, _acceptAdmin(), IRegistry.NotPendingAdmin.selector, TIANMEN);
    }

    function testFuzz_acceptAdmin_byTheOneItWasOfferedToOnly(address actor) public {
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, HEIR);
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotPendingAdmin.selector, TIANMEN, actor);
        _notBy(actor, HEIR, _acceptAdmin(), reason);
    }

    // ---- The operator's ----

    function test_anchor_byOperatorOnly() public {
        _only(TIANMEN_OPERATOR, _anchorCall(), IRegistry.NotOperator.selector, TIANMEN);
    }

    function testFuzz_anchor_byOperatorOnly(address actor) public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotOperator.selector, TIANMEN, actor);
        _notBy(actor, TIANMEN_OPERATOR, _anchorCall(), reason);
    }

    // ---- Nobody's ----

    function test_anythingElse_byNobody() public {
        _byNobody(0, "");
        _byNobody(0, hex"00112233");
        _byNobody(1, "");
        _byNobody(1, _anchorCall());
    }

    function testFuzz_anythingElse_byNobody(bytes4 selector, bytes calldata rest) public {
        (bool known,) = address(registry).staticcall(abi.encodePacked(selector));
        vm.assume(!known);
        _byNobody(0, abi.encodePacked(bytes4(keccak256(abi.encode(selector))), rest));
    }

    // ---- The acts, each as it would succeed ----

    function _admitLog() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.admitLog, ("xiantao", 1, HEIR, _divisions("429004"), _none()));
    }

    function _assignDivision() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.assignDivision, (TIANMEN_DIVISION, WUHAN));
    }

    function _replaceAdmin() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.replaceAdmin, (TIANMEN, HEIR));
    }

    function _assignIssuer() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.assignIssuer, (WUHAN, TIANMEN_ISSUER));
    }

    function _transferProvince() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.transferProvince, (HEIR));
    }

    function _acceptProvince() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.acceptProvince, ());
    }

    function _close() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.close, (_predecessor().registry));
    }

    function _transferAdmin() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.transferAdmin, (TIANMEN, HEIR));
    }

    function _acceptAdmin() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.acceptAdmin, (TIANMEN));
    }

    function _setOperator() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.setOperator, (TIANMEN, HEIR));
    }

    function _addAnotherIssuer() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.addIssuer, (TIANMEN, "11429006098765432X"));
    }

    function _registerAnotherKey() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.registerKey, (TIANMEN, 2, NODE_SPKI));
    }

    function _grant() private pure returns (bytes memory) {
        return
            abi.encodeCall(IRegistry.grant, (TIANMEN, KEY, TIANMEN_ISSUER, 15, new bytes21[](0), START, START + 1000));
    }

    function _retireKey() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.retireKey, (KEY, START + 1000));
    }

    function _compromiseKey() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.compromiseKey, (KEY, START - 1000));
    }

    function _anchorCall() private pure returns (bytes memory) {
        return abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 10, ROOT, STATUS_ROOT, ""));
    }

    // ---- Expectations ----

    function _byProvinceOnly(bytes memory call) private {
        _only(PROVINCE, call, IRegistry.NotProvince.selector, 0);
    }

    function _byAdminOnly(bytes memory call) private {
        _only(TIANMEN_ADMIN, call, IRegistry.NotAdmin.selector, TIANMEN);
    }

    /// @dev The act is refused to every actor but one, with this error, and then done for that one.
    function _only(address entitled, bytes memory call, bytes4 selector, bytes32 log) private {
        address[7] memory actors =
            [PROVINCE, TIANMEN_ADMIN, TIANMEN_OPERATOR, WUHAN_ADMIN, WUHAN_OPERATOR, STRANGER, HEIR];
        for (uint256 i = 0; i < actors.length; ++i) {
            if (actors[i] == entitled) continue;
            bytes memory reason = log == 0
                ? abi.encodeWithSelector(selector, actors[i])
                : abi.encodeWithSelector(selector, log, actors[i]);
            _refused(actors[i], call, reason);
        }
        vm.prank(entitled);
        (bool done,) = address(registry).call(call);
        require(done, "the act was refused to the one whose it is");
    }

    function _notBy(address actor, address entitled, bytes memory call, bytes memory reason) private {
        vm.assume(actor != entitled && actor != address(0)); // nobody holds the key of address 0
        _refused(actor, call, reason);
    }

    function _byNobody(uint256 value, bytes memory call) private {
        vm.deal(PROVINCE, value);
        vm.prank(PROVINCE);
        (bool done,) = address(registry).call{value: value}(call);
        require(!done, "an unknown call or a payment was taken");
    }

    function _notProvince(address actor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.NotProvince.selector, actor);
    }

    function _notAdmin(address actor) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.NotAdmin.selector, TIANMEN, actor);
    }
}
