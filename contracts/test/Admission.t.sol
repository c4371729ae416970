// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {vm} from "./Vm.sol";

/// @notice How the province admits a log.
contract AdmissionTest is RegistryTest {
    bytes32 private constant XIANTAO = "xiantao";
    bytes6 private constant XIANTAO_DIVISION = "429004";

    function test_admitLog() public {
        _admitted(XIANTAO, 1, HEIR, XIANTAO_DIVISION, _none());
    }

    function test_admitLog_withPredecessor() public {
        _admitted(XIANTAO, 2, HEIR, XIANTAO_DIVISION, _predecessor());
        vm.prank(HEIR);
        registry.setOperator(XIANTAO, STRANGER);
        vm.prank(STRANGER);
        registry.anchor(XIANTAO, 1, 5001, ROOT, STATUS_ROOT, "");
    }

    function testFuzz_admitLog(uint8 suite, address admin, uint48 division, IRegistry.Predecessor memory before)
        public
    {
        vm.assume(admin != address(0));
        before.registry = _predecessor().registry;
        before.log = TIANMEN;
        before.n = uint64(_between(before.n, 1, type(uint64).max));
        before.head |= bytes32(uint256(1));
        before.size %= 2 ** 40;
        before.statusRoot = before.size == 0 ? bytes32(0) : before.statusRoot | bytes32(uint256(1));
        _admitted(XIANTAO, uint8(_between(suite, 1, 2)), admin, _digits(division), before);
    }

    function _admitted(
        bytes32 log,
        uint8 suite,
        address admin,
        bytes6 division,
        IRegistry.Predecessor memory predecessor
    ) private {
        vm.assume(registry.divisionLog(division) == 0);
        bytes6[] memory list = _divisions(division);
        _done(
            PROVINCE,
            abi.encodeCall(IRegistry.admitLog, (log, suite, admin, list, predecessor)),
            IRegistry.Kind.LogAdmitted,
            abi.encode(log, suite, admin, list, predecessor)
        );
        (uint8 s, address a, address pending, address operator, uint64 sequence, uint64 size) = registry.logState(log);
        require(s == suite && a == admin && pending == address(0) && operator == address(0), "log");
        require(sequence == 0 && size == predecessor.size, "progress");
        _equal(registry.divisionLog(division), log);
    }

    function test_admitLog_refusesBadNames() public {
        _badName(0);
        _badName("Tianmen");
        _badName("tian men");
        _badName("tianmen."); // beside the hyphen, as "," is
        _badName("tianmen,");
        _badName("tianmen/"); // beside 0, 9, a and z
        _badName("tianmen:");
        _badName("tianmen`");
        _badName("tianmen{");
        _badName("tian\x00men");
        _badName("\x00tianmen");
        _badName(unicode"天门");
    }

    function testFuzz_admitLog_takesExactlyGoodNames(bytes32 log) public {
        vm.assume(log != TIANMEN && log != WUHAN);
        _goodOrBadName(log);
    }

    function testFuzz_admitLog_takesExactlyGoodNames(uint8 length, uint256 letters, uint8 place, bytes1 odd) public {
        bytes memory name = new bytes(32);
        for (uint256 i = 0; i < _between(length, 1, 32); ++i) {
            name[i] = bytes("abcdefghijklmnopqrstuvwxyz0123456789-")[(letters >> i * 6) % 37];
        }
        if (place < 32) name[place] = odd;
        _goodOrBadName(bytes32(name));
    }

    function _goodOrBadName(bytes32 log) private {
        bool ended;
        bool good = log[0] != 0;
        for (uint256 i = 0; i < 32; ++i) {
            uint8 c = uint8(log[i]);
            ended = ended || c == 0;
            bool fits = c == 45 || (c > 47 && c < 58) || (c > 96 && c < 123);
            good = good && (ended ? c == 0 : fits);
        }
        if (good) _admit(log, 1, HEIR, XIANTAO_DIVISION);
        else _badName(log);
    }

    function _badName(bytes32 log) private {
        _refusedAdmission(log, 1, HEIR, "", abi.encodeWithSelector(IRegistry.InvalidLogName.selector, log));
    }

    function test_admitLog_refusesASecondTime() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.LogExists.selector, TIANMEN);
        _refusedAdmission(TIANMEN, 1, HEIR, "", reason);
    }

    function test_admitLog_refusesOtherSuites() public {
        testFuzz_admitLog_refusesOtherSuites(0);
        testFuzz_admitLog_refusesOtherSuites(3);
    }

    function testFuzz_admitLog_refusesOtherSuites(uint8 suite) public {
        vm.assume(suite == 0 || suite > 2);
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidSuite.selector, suite);
        _refusedAdmission(XIANTAO, suite, HEIR, "", reason);
    }

    function test_admitLog_refusesNobodyAsAdmin() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidAddress.selector, address(0));
        _refusedAdmission(XIANTAO, 1, address(0), "", reason);
    }

    function test_admitLog_refusesAnothersDivision() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.DivisionHeld.selector, TIANMEN_DIVISION, TIANMEN);
        _refusedAdmission(XIANTAO, 1, HEIR, abi.encodePacked(XIANTAO_DIVISION, TIANMEN_DIVISION), reason);
    }

    function test_admitLog_refusesADivisionNamedTwice() public {
        bytes memory reason = abi.encodeWithSelector(IRegistry.DivisionHeld.selector, XIANTAO_DIVISION, XIANTAO);
        _refusedAdmission(XIANTAO, 1, HEIR, abi.encodePacked(XIANTAO_DIVISION, XIANTAO_DIVISION), reason);
    }

    function test_admitLog_refusesBadDivisions() public {
        testFuzz_admitLog_refusesBadDivisions("42900");
        testFuzz_admitLog_refusesBadDivisions("42900/");
        testFuzz_admitLog_refusesBadDivisions("42900:");
        testFuzz_admitLog_refusesBadDivisions(0);
    }

    function testFuzz_admitLog_refusesBadDivisions(bytes6 division) public {
        vm.assume(!_isDigits(division));
        bytes memory reason = abi.encodeWithSelector(IRegistry.InvalidDivision.selector, division);
        _refusedAdmission(XIANTAO, 1, HEIR, abi.encodePacked(division), reason);
    }

    function test_admitLog_refusesIncompletePredecessors() public {
        for (uint256 field = 0; field < 5; ++field) {
            IRegistry.Predecessor memory stray = _none();
            IRegistry.Predecessor memory gap = _predecessor();
            if (field == 0) (stray.log, gap.n) = (TIANMEN, 0);
            if (field == 1) (stray.n, gap.head) = (1, 0);
            if (field == 2) (stray.head, gap.statusRoot) = (ROOT, 0);
            if (field == 3) (stray.size, gap.size) = (1, 0);
            if (field == 4) (stray.statusRoot, gap.size) = (ROOT, 2 ** 40);
            _badPredecessor(stray, abi.encodeWithSelector(IRegistry.InvalidPredecessor.selector, stray));
            _badPredecessor(gap, abi.encodeWithSelector(IRegistry.InvalidPredecessor.selector, gap));
        }
        IRegistry.Predecessor memory nameless = _predecessor();
        nameless.log = "Tianmen";
        _badPredecessor(nameless, abi.encodeWithSelector(IRegistry.InvalidLogName.selector, nameless.log));
        nameless.registry = "a b";
        _badPredecessor(nameless, abi.encodeWithSelector(IRegistry.InvalidRegistryName.selector, nameless.registry));
    }

    function _badPredecessor(IRegistry.Predecessor memory predecessor, bytes memory reason) private {
        _refused(PROVINCE, abi.encodeCall(IRegistry.admitLog, (XIANTAO, 1, HEIR, new bytes6[](0), predecessor)), reason);
    }

    /// @dev `divisions`: their bytes, one after the other.
    function _refusedAdmission(bytes32 log, uint8 suite, address admin, bytes memory divisions, bytes memory reason)
        private
    {
        bytes6[] memory list = new bytes6[](divisions.length / 6);
        for (uint256 i = 0; i < divisions.length; ++i) {
            list[i / 6] |= bytes6(divisions[i]) >> 8 * (i % 6);
        }
        _refused(PROVINCE, abi.encodeCall(IRegistry.admitLog, (log, suite, admin, list, _none())), reason);
    }

    function _digits(uint256 seed) private pure returns (bytes6 division) {
        for (uint256 i = 0; i < 6; ++i) {
            division |= bytes6(bytes1(uint8(48 + (seed >> 8 * i) % 10))) >> 8 * i;
        }
    }

    function _isDigits(bytes6 division) private pure returns (bool) {
        for (uint256 i = 0; i < 6; ++i) {
            if (uint8(division[i]) < 48 || uint8(division[i]) > 57) return false;
        }
        return true;
    }
}
