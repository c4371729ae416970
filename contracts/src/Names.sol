// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./IRegistry.sol";

/// @title Which names the registry takes
/// @notice A name has one spelling: it is left-aligned, has no zero byte inside, and its letters have one case.
library Names {
    uint256 private constant MAX_REGISTRY_BYTES = 128;

    function requireLog(bytes32 log) internal pure {
        require(log != 0, IRegistry.InvalidLogName(log));
        for (bytes32 rest = log; rest != 0; rest <<= 8) {
            bytes1 c = rest[0];
            require(_isDigit(c) || (c >= "a" && c <= "z") || c == "-", IRegistry.InvalidLogName(log));
        }
    }

    function requireIssuer(bytes18 issuer) internal pure {
        require(issuer != 0, IRegistry.InvalidIssuer(issuer));
        for (bytes18 rest = issuer; rest != 0; rest <<= 8) {
            bytes1 c = rest[0];
            require(_isDigit(c) || (c >= "A" && c <= "Z"), IRegistry.InvalidIssuer(issuer));
        }
    }

    function requireDivision(bytes6 division) internal pure {
        for (uint256 i = 0; i < 6; ++i) {
            require(_isDigit(division[i]), IRegistry.InvalidDivision(division));
        }
    }

    function requireRegistry(string calldata name) internal pure {
        bytes calldata text = bytes(name);
        bool fits = text.length != 0 && text.length <= MAX_REGISTRY_BYTES;
        for (uint256 i = 0; fits && i < text.length; ++i) {
            fits = text[i] > " " && text[i] <= "~";
        }
        require(fits, IRegistry.InvalidRegistryName(text));
    }

    function _isDigit(bytes1 c) private pure returns (bool) {
        return c >= "0" && c <= "9";
    }
}
