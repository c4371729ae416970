// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice The attacks of the threat model that meet the contract, each by its name there.
contract AttacksTest is RegistryTest {
    function test_anotherCityRegistersMyDepartment() public {
        // Nobody has added it yet, and still Wuhan cannot.
        bytes memory reason =
            abi.encodeWithSelector(IRegistry.IssuerOutsideDivisions.selector, TIANMEN_ISSUER, TIANMEN_DIVISION, WUHAN);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (WUHAN, TIANMEN_ISSUER)), reason);
        // Nor in Tianmen's name, nor in another spelling, nor by taking the division, nor by calling itself the province.
        reason = abi.encodeWithSelector(IRegistry.NotAdmin.selector, TIANMEN, WUHAN_ADMIN);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (TIANMEN, TIANMEN_ISSUER)), reason);
        bytes18 spelt = "11429006012345671t";
        reason = abi.encodeWithSelector(IRegistry.InvalidIssuer.selector, spelt);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (WUHAN, spelt)), reason);
        reason = abi.encodeWithSelector(IRegistry.NotProvince.selector, WUHAN_ADMIN);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.assignDivision, (TIANMEN_DIVISION, WUHAN)), reason);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.assignIssuer, (WUHAN, TIANMEN_ISSUER)), reason);
        // Once Tianmen holds it, that stays so.
        _addIssuer();
        reason = abi.encodeWithSelector(IRegistry.IssuerHeld.selector, TIANMEN_ISSUER, TIANMEN);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.addIssuer, (WUHAN, TIANMEN_ISSUER)), reason);
    }

    function test_anotherCitySpeaksForMyDepartment() public {
        _addIssuer();
        _registerKey();
        vm.prank(WUHAN_ADMIN);
        registry.registerKey(WUHAN, 1, "a key of Wuhan");
        bytes21[] memory all = new bytes21[](0);
        bytes32 wuhan = keccak256("a key of Wuhan");
        _refused(
            WUHAN_ADMIN,
            abi.encodeCall(IRegistry.grant, (WUHAN, wuhan, TIANMEN_ISSUER, 15, all, START, START + 1)),
            abi.encodeWithSelector(IRegistry.IssuerNotInLog.selector, TIANMEN_ISSUER, WUHAN)
        );
        _refused(
            WUHAN_ADMIN,
            abi.encodeCall(IRegistry.grant, (TIANMEN, wuhan, TIANMEN_ISSUER, 15, all, START, START + 1)),
            abi.encodeWithSelector(IRegistry.NotAdmin.selector, TIANMEN, WUHAN_ADMIN)
        );
        _refused(
            WUHAN_ADMIN,
            abi.encodeCall(IRegistry.grant, (WUHAN, KEY, TIANMEN_ISSUER, 15, all, START, START + 1)),
            abi.encodeWithSelector(IRegistry.KeyNotGrantable.selector, KEY, TIANMEN, 1)
        );
    }

    function test_aBatchThatReusesPositions() public {
        _anchor(1, 1000);
        bytes memory reason = abi.encodeWithSelector(IRegistry.SizeOutOfRange.selector, 999, 1000, 1000 + 2 ** 20);
        _refused(TIANMEN_OPERATOR, abi.encodeCall(IRegistry.anchor, (TIANMEN, 2, 999, ROOT, STATUS_ROOT, "")), reason);
        reason = abi.encodeWithSelector(IRegistry.RootUnfit.selector, ROOT, 1000);
        _refused(TIANMEN_OPERATOR, abi.encodeCall(IRegistry.anchor, (TIANMEN, 2, 1000, ROOT, STATUS_ROOT, "")), reason);
    }

    function test_theSameBatchAnchoredTwice() public {
        _anchor(1, 1000);
        bytes memory again = abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 1000, ROOT, STATUS_ROOT, ""));
        _refused(TIANMEN_OPERATOR, again, abi.encodeWithSelector(IRegistry.AlreadyAnchored.selector, TIANMEN, 1));
        _anchor(2, 2000);
        _refused(TIANMEN_OPERATOR, again, abi.encodeWithSelector(IRegistry.WrongSequence.selector, 1, 3));
    }

    function test_aFrozenBatchRebuiltWhileTheOldTransactionWaits() public {
        _anchor(1, 1000); // the old transaction arrives first
        bytes memory rebuilt = abi.encodeCall(IRegistry.anchor, (TIANMEN, 1, 1001, ROOT, STATUS_ROOT, ""));
        _refused(TIANMEN_OPERATOR, rebuilt, abi.encodeWithSelector(IRegistry.AnchorConflict.selector, TIANMEN, 1));
    }

    function test_aBadAnchorThatBricksALog() public {
        _anchor(1, 10, ROOT, hex"ffffffffff00ffffffffff00"); // positions that do not exist, twice the same
        _anchor(2, 10, 0, hex"0000000000ff"); // a status that does not exist
        _anchor(3, 11);
    }

    function test_growthThatExhaustsReplicas() public {
        uint64 most = 2 ** 20;
        _anchor(1, most);
        uint64[3] memory sizes = [2 * most + 1, 2 ** 40, type(uint64).max];
        for (uint256 i = 0; i < sizes.length; ++i) {
            bytes memory call = abi.encodeCall(IRegistry.anchor, (TIANMEN, 2, sizes[i], ROOT, STATUS_ROOT, ""));
            bytes memory reason = abi.encodeWithSelector(IRegistry.SizeOutOfRange.selector, sizes[i], most, 2 * most);
            _refused(TIANMEN_OPERATOR, call, reason);
        }
    }

    function test_anUncompromisedKey() public {
        _addIssuer();
        _registerKey();
        vm.prank(TIANMEN_ADMIN);
        registry.compromiseKey(KEY, START - 1000);
        // Not by a later compromise, nor by registering it anew here or elsewhere, nor by retiring it or granting it again.
        _refused(
            TIANMEN_ADMIN,
            abi.encodeCall(IRegistry.compromiseKey, (KEY, START)),
            abi.encodeWithSelector(IRegistry.CompromiseNotEarlier.selector, KEY, START, START - 1000)
        );
        _refused(
            TIANMEN_ADMIN,
            abi.encodeCall(IRegistry.registerKey, (TIANMEN, 1, SPKI)),
            abi.encodeWithSelector(IRegistry.KeyExists.selector, KEY, TIANMEN)
        );
        _refused(
            WUHAN_ADMIN,
            abi.encodeCall(IRegistry.registerKey, (WUHAN, 1, SPKI)),
            abi.encodeWithSelector(IRegistry.KeyExists.selector, KEY, TIANMEN)
        );
        vm.prank(TIANMEN_ADMIN);
        registry.retireKey(KEY, START + 1000);
        vm.prank(TIANMEN_ADMIN);
        registry.grant(TIANMEN, KEY, TIANMEN_ISSUER, 15, new bytes21[](0), START, START + 1000);
        (,,, uint64 compromised) = registry.keyState(KEY);
        _equal(compromised, START - 1000);
    }

    function test_anotherCityCompromisesMyKey() public {
        _registerKey();
        bytes memory reason = abi.encodeWithSelector(IRegistry.NotAdmin.selector, TIANMEN, WUHAN_ADMIN);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.compromiseKey, (KEY, START)), reason);
        _refused(WUHAN_ADMIN, abi.encodeCall(IRegistry.retireKey, (KEY, START)), reason);
    }

    /// @dev The head binds every act, so an event that is left out or moved leads elsewhere.
    function test_anOmittedCompromise() public {
        _registerKey();
        (uint64 n, bytes32 before,,) = registry.head();
        vm.prank(TIANMEN_ADMIN);
        registry.compromiseKey(KEY, START - 1000);
        vm.prank(TIANMEN_ADMIN);
        registry.setOperator(TIANMEN, HEIR);
        (, bytes32 head,,) = registry.head();

        bytes32 compromise = keccak256(abi.encode(KEY, START - 1000));
        bytes32 operator = keccak256(abi.encode(TIANMEN, HEIR));
        (uint8 c, uint8 o) = (uint8(IRegistry.Kind.KeyCompromised), uint8(IRegistry.Kind.OperatorSet));
        _equal(_extended(_extended(before, n + 1, c, compromise), n + 2, o, operator), head);
        require(_extended(before, n + 1, o, operator) != head, "left out");
        require(_extended(_extended(before, n + 1, o, operator), n + 2, c, compromise) != head, "moved");
    }

    function _extended(bytes32 head, uint64 n, uint8 kind, bytes32 digest) private view returns (bytes32) {
        return keccak256(abi.encode(head, n, START, block.number, kind, digest));
    }

    function test_millisecondsForSeconds() public {
        vm.warp(uint256(START) * 1000);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.BlockTimeNotSeconds.selector, uint256(START) * 1000));
        _deploy(PROVINCE);
    }

    function test_twoTrialChainsWithTheSameAddress() public {
        uint256 clean = vm.snapshotState();
        (address first, bytes32 firstZero) = _trial(31337, keccak256("genesis of Tianmen's trial"));
        vm.revertToState(clean);
        (address second, bytes32 secondZero) = _trial(31337, keccak256("genesis of Wuhan's trial"));
        vm.revertToState(clean);
        (address third, bytes32 thirdZero) = _trial(31338, keccak256("genesis of Tianmen's trial"));
        require(first == second && second == third, "the trial needs the same address");
        require(firstZero != secondZero && firstZero != thirdZero && secondZero != thirdZero, "head 0 is the same");
    }

    function _trial(uint256 chain, bytes32 genesis) private returns (address, bytes32) {
        vm.chainId(chain);
        vm.roll(1);
        vm.setBlockhash(0, genesis);
        IRegistry trial = _deploy(PROVINCE);
        return (address(trial), trial.headZero());
    }
}
