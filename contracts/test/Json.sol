// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @notice Just enough JSON for the vectors: members to be joined and put into braces. Bytes are 0x and lower case.
library Json {
    function object(string memory members) internal pure returns (string memory) {
        return string.concat("{", members, "}");
    }

    function list(string memory members) internal pure returns (string memory) {
        return string.concat("[", members, "]");
    }

    function join(string memory a, string memory b) internal pure returns (string memory) {
        if (bytes(a).length == 0 || bytes(b).length == 0) return string.concat(a, b);
        return string.concat(a, ", ", b);
    }

    function member(string memory name, string memory value) internal pure returns (string memory) {
        return string.concat(quoted(name), ": ", value);
    }

    function text(string memory name, string memory value) internal pure returns (string memory) {
        return member(name, quoted(value));
    }

    /// @dev A name of the registry, without the zero bytes behind it.
    function text(string memory name, bytes32 value) internal pure returns (string memory) {
        return member(name, quoted(unpadded(value)));
    }

    function number(string memory name, uint256 value) internal pure returns (string memory) {
        return member(name, vm.toString(value));
    }

    function hash(string memory name, bytes32 value) internal pure returns (string memory) {
        return member(name, quoted(vm.toString(value)));
    }

    function account(string memory name, address value) internal pure returns (string memory) {
        return member(name, quoted(vm.toLowercase(vm.toString(value))));
    }

    function data(string memory name, bytes memory value) internal pure returns (string memory) {
        return member(name, quoted(vm.toString(value)));
    }

    function quoted(string memory value) internal pure returns (string memory) {
        return string.concat('"', value, '"');
    }

    function unpadded(bytes32 value) internal pure returns (string memory) {
        uint256 length;
        while (length < 32 && value[length] != 0) ++length;
        bytes memory kept = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            kept[i] = value[i];
        }
        return string(kept);
    }
}
