// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/IRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";
import {Vm, vm} from "./Vm.sol";

/// @notice Writes gas.md. Runs isolated: forge makes a transaction of every call, with its own cold storage and price.
contract GasTest is RegistryTest {
    string private _table;

    function test_gas() public {
        _table = string.concat(
            "# Gas of each act\n\n",
            "Gas of the whole transaction under London: 21,000, calldata, execution, after refunds. ",
            "`make -C contracts artefact` writes this\npage, `make -C contracts check` fails where it no longer holds.\n\n",
            "| act | gas |\n|---|---|\n"
        );
        registry = _deploy(PROVINCE);
        _governance();
        _keys();
        _anchors();
        _succession();
        vm.writeFile("out/gas.md", _table);
    }

    function _governance() private {
        bytes32 log = "xiantao";
        bytes6 division = "429004";
        vm.prank(PROVINCE);
        registry.admitLog(TIANMEN, 1, TIANMEN_ADMIN, _divisions(TIANMEN_DIVISION), _none());
        _row("admitLog, one division");
        vm.prank(PROVINCE);
        registry.admitLog(log, 1, WUHAN_ADMIN, new bytes6[](0), _predecessor());
        _row("admitLog, a predecessor and no division");
        vm.prank(PROVINCE);
        registry.assignDivision(division, log);
        _row("assignDivision");
        vm.prank(PROVINCE);
        registry.assignIssuer(log, MINISTRY);
        _row("assignIssuer");
        vm.prank(PROVINCE);
        registry.replaceAdmin(log, STRANGER);
        _row("replaceAdmin");
        vm.prank(TIANMEN_ADMIN);
        registry.transferAdmin(TIANMEN, HEIR);
        _row("transferAdmin");
        vm.prank(HEIR);
        registry.acceptAdmin(TIANMEN);
        _row("acceptAdmin");
        vm.prank(HEIR);
        registry.setOperator(TIANMEN, TIANMEN_OPERATOR);
        _row("setOperator");
        vm.prank(HEIR);
        registry.addIssuer(TIANMEN, TIANMEN_ISSUER);
        _row("addIssuer");
    }

    function _keys() private {
        bytes memory spki = abi.encodePacked(ROOT, STATUS_ROOT, bytes27(ROOT)); // 91 bytes, as every key has today
        bytes32 key = keccak256(spki);
        bytes21[] memory types = new bytes21[](3);
        (types[0], types[1], types[2]) = ("11100000000013338W001", "11100000000013338W011", "11100000000013338W032");
        vm.prank(HEIR);
        registry.registerKey(TIANMEN, 1, spki);
        _row("registerKey");
        vm.prank(HEIR);
        registry.grant(TIANMEN, key, TIANMEN_ISSUER, 15, new bytes21[](0), START, START + 3e8);
        _row("grant, every type");
        vm.prank(HEIR);
        registry.grant(TIANMEN, key, TIANMEN_ISSUER, 1, types, START, START + 3e8);
        _row("grant, three types");
        vm.prank(HEIR);
        registry.retireKey(key, START + 1e6);
        _row("retireKey");
        vm.prank(HEIR);
        registry.compromiseKey(key, START - 1e6);
        _row("compromiseKey");
    }

    function _anchors() private {
        _anchor(1, 500_000);
        _row("anchor, the first of a log");
        for (uint64 sequence = 2; sequence <= 1000; ++sequence) {
            _anchor(sequence, 500_000);
        }
        _anchor(1001, 500_000);
        _row("anchor, heartbeat");
        _anchor(1002, 504_000);
        _row("anchor, ordinary: new records, no status change");
        _anchor(1003, 504_001, ROOT, _changes(1));
        _row("anchor, 1 status change");
        _anchor(1004, 504_002, ROOT, _changes(1_000));
        _row("anchor, 1,000 status changes");
        _anchor(1005, 504_003, ROOT, _changes(10_000));
        _row("anchor, 10,000 status changes");
    }

    function _succession() private {
        vm.prank(PROVINCE);
        registry.transferProvince(STRANGER);
        _row("transferProvince");
        vm.prank(STRANGER);
        registry.acceptProvince();
        _row("acceptProvince");
        vm.prank(STRANGER);
        registry.close(_predecessor().registry);
        _row("close");
    }

    /// @dev Words at positions spread evenly over a log of 500,000.
    function _changes(uint256 count) private pure returns (bytes memory words) {
        words = new bytes(count * 6);
        for (uint256 i = 0; i < count; ++i) {
            bytes6 word = bytes6(uint48(((i * 500_000 + 123_456) / count) << 8 | 4));
            for (uint256 j = 0; j < 6; ++j) {
                words[i * 6 + j] = word[j];
            }
        }
    }

    /// @dev Adds the last transaction to the table.
    function _row(string memory act) private {
        Vm.Gas memory gas = vm.lastCallGas();
        _table = string.concat(_table, "| ", act, " | ", _thousands(gas.gasTotalUsed), " |\n");
    }

    function _thousands(uint256 value) private pure returns (string memory) {
        if (value < 1000) return vm.toString(value);
        string memory rest = vm.toString(1000 + value % 1000);
        bytes(rest)[0] = ",";
        return string.concat(_thousands(value / 1000), rest);
    }
}
